import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from scn_core.training.resident import ResidentFaces, normalise, steps_per_epoch

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
