import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from scn_core.training.resident import ResidentFaces, ahead, normalise, steps_per_epoch

CPU = torch.device("cpu")


def faces(n: int) -> ResidentFaces:
    pixels = np.arange(n, dtype=np.uint8)[:, None, None, None].repeat(4, 1).repeat(4, 2).repeat(3, 3)
    return ResidentFaces(pixels, np.arange(n), np.arange(n), CPU)


@given(st.integers(2, 200), st.integers(2, 250), st.integers(0, 1000))
def test_every_face_is_seen_and_no_batch_is_short(n: int, batch_size: int, seed: int) -> None:
    """A last batch of one face gives NaN in the published code."""
    batches = list(faces(n).shuffled(batch_size, torch.Generator().manual_seed(seed)))
    assert {len(batch) for batch in batches} == {min(batch_size, n)}
    assert len(batches) == steps_per_epoch(n, batch_size)
    seen = torch.cat(batches)
    assert set(seen.tolist()) == set(range(n))
    assert len(seen) < n + min(batch_size, n)


def test_order_depends_on_the_generator_alone() -> None:
    def order(seed: int) -> list[int]:
        return torch.cat(list(faces(50).shuffled(8, torch.Generator().manual_seed(seed)))).tolist()

    assert order(1) == order(1)
    assert order(1) != order(2)


def test_pictures_are_normalised_and_channels_last() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3), dtype=np.uint8)
    got = normalise(torch.from_numpy(pixels))
    assert got.shape == (2, 3, 8, 8)
    assert got.is_contiguous(memory_format=torch.channels_last)
    expected = (pixels[1, 3, 5, 2] / 255 - 0.406) / 0.225
    assert got[1, 2, 3, 5].item() == pytest.approx(expected, abs=1e-4)


def test_rows_choose_and_order_the_pictures() -> None:
    pixels = np.arange(5, dtype=np.uint8)[:, None, None, None].repeat(3, 3) * 50
    chosen = ResidentFaces(pixels, np.array([4, 0]), np.array([1, 0]), CPU)
    assert torch.equal(chosen.pictures(torch.tensor([0, 1])), normalise(torch.from_numpy(pixels[[4, 0]])))


def test_mirrored_pictures_have_left_and_right_swapped() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3), dtype=np.uint8)
    there = ResidentFaces(pixels, np.arange(2), np.arange(2), CPU)
    mirrored = there.pictures(torch.arange(2), mirrored=True)
    assert torch.equal(mirrored, normalise(torch.from_numpy(pixels[:, :, ::-1].copy())))
    assert mirrored.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(there.pictures(torch.arange(2)), normalise(torch.from_numpy(pixels)))


def test_counts_must_agree() -> None:
    with pytest.raises(ValueError, match="got 2 pictures and 3 labels"):
        ResidentFaces(np.zeros((2, 4, 4, 3), np.uint8), np.arange(2), np.arange(3), CPU)


TIERS = ("device", "pinned", "file")


def on_each(device: torch.device, folder: Path) -> Iterator[ResidentFaces]:
    """37 of 50 faces out of a memory map, in each of the three places."""
    rng = np.random.default_rng(0)
    np.save(folder / "pixels.npy", rng.integers(0, 256, (50, 8, 8, 3), dtype=np.uint8))
    pixels = np.load(folder / "pixels.npy", mmap_mode="r")
    rows = rng.permutation(50)[:37]
    for tier in TIERS:
        yield ResidentFaces(pixels, rows, rows % 7, device, resident=tier)  # type: ignore[arg-type]


def check_same_batches(device: torch.device, folder: Path) -> None:
    seen = []
    for faces in on_each(device, folder):
        generator = torch.Generator(device).manual_seed(3)
        batches = list(faces.batches(faces.shuffled(8, generator), mirrored=True))
        assert {rows.device.type for rows, _ in batches} == {device.type}
        seen.append((torch.cat([rows for rows, _ in batches]), torch.cat([pixels for _, pixels in batches])))
        rows, pixels = next(faces.batches(faces.in_order(5)))
        assert torch.equal(normalise(pixels), faces.pictures(rows))
    for rows, pixels in seen[1:]:
        assert torch.equal(rows, seen[0][0])
        assert torch.equal(pixels, seen[0][1])


def test_batches_are_the_same_from_every_place(tmp_path: Path) -> None:
    check_same_batches(CPU, tmp_path)
    assert [faces.tier for faces in on_each(CPU, tmp_path)] == list(TIERS)


@pytest.mark.gpu
def test_batches_are_the_same_from_every_place_on_a_gpu(tmp_path: Path) -> None:
    check_same_batches(torch.device("cuda"), tmp_path)


def test_faces_in_memory_no_longer_need_the_map(tmp_path: Path) -> None:
    pixels = np.zeros((4, 4, 4, 3), np.uint8)
    kept, mapped = (
        ResidentFaces(pixels, np.array([3, 1]), np.arange(2), CPU, resident=tier) for tier in ("device", "file")
    )
    before = kept.pictures(torch.arange(2))
    pixels[:] = 255
    assert torch.equal(kept.pictures(torch.arange(2)), before)
    assert not torch.equal(mapped.pictures(torch.arange(2)), before)


def test_what_is_printed_names_size_and_place() -> None:
    pixels = np.zeros((1000, 100, 100, 3), np.uint8)
    there = ResidentFaces(pixels, np.arange(1000), np.arange(1000), CPU)
    assert there.describe() == "0.03 GB of pictures in the memory-mapped file"


def test_the_next_item_is_drawn_while_one_is_used() -> None:
    drawn = [threading.Event() for _ in range(3)]

    def items() -> Iterator[int]:
        for number, event in enumerate(drawn):
            event.set()
            yield number

    for number in ahead(items()):
        assert all(event.wait(60) for event in drawn[: number + 2])


def test_an_error_while_drawing_ahead_is_raised_at_its_place() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise OSError("disk gone")

    coming = ahead(items())
    assert next(coming) == 1
    with pytest.raises(OSError, match="disk gone"):
        next(coming)
