from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scn_core.datasets.images import open_face
from scn_core.datasets.pixels import Decoded, erase_faces, look_for_pictures, pixel_cache
from scn_core.errors import DataError
from scn_core.records import Box, PixelArray, Sample

Draw = Callable[..., Path]


@pytest.fixture
def samples(draw: Draw) -> list[Sample]:
    for number in range(70):
        draw(f"faces/{number}.jpg", number, (30, 40))
    boxes = [Box(5, 5, 25, 25) if number % 3 == 0 else None for number in range(70)]
    return [Sample(f"{n}", f"faces/{n}.jpg", 0, "train", box) for n, box in enumerate(boxes)]


def _cache(folder: Path, samples: list[Sample], root: Path, side: int = 16, **options: Any) -> Decoded:
    return pixel_cache(folder / "pixels", samples, root, side, **options)


def _drawn(root: Path, sample: Sample) -> PixelArray:
    return open_face(root / sample.path, sample.box, 16)


def test_faces_are_those_of_open_face_in_order(tmp_path: Path, samples: list[Sample]) -> None:
    done: list[int] = []
    cache, broken = _cache(tmp_path, samples, tmp_path, progress=done.append)
    assert isinstance(cache, np.memmap)
    assert cache.shape == (70, 16, 16, 3)
    assert cache.dtype == np.uint8
    assert broken == ()
    with pytest.raises(ValueError, match="read-only"):
        cache[0] = 7
    for face, sample in zip(cache, samples, strict=True):
        assert (face == _drawn(tmp_path, sample)).all()
    assert sum(done) == 70


def test_only_what_is_new_or_changed_is_decoded(tmp_path: Path, samples: list[Sample], draw: Draw) -> None:
    def decoded(some: list[Sample], **options: Any) -> int:
        done: list[int] = []
        cache, _ = _cache(tmp_path, some, tmp_path, progress=done.append, **options)
        assert all((face == _drawn(tmp_path, sample)).all() for face, sample in zip(cache, some, strict=True))
        return sum(done)

    assert decoded(samples[:60]) == 60
    assert decoded(samples[:60]) == 0
    assert decoded(samples) == 10, "samples of a later update"
    assert decoded([replace(samples[0], given_label=5), *samples[1:]]) == 0, "labels are not pixels"
    assert decoded([replace(samples[0], box=None), *samples[1:]]) == 1
    os.utime(tmp_path / "faces/3.jpg", ns=(1, 1))
    assert decoded([replace(samples[0], box=None), *samples[1:]]) == 1
    draw("faces/4.jpg", 99, (30, 40))
    assert decoded(samples) == 2
    assert decoded(samples[:60]) == 0, "as after a backup was put back"
    assert sorted(path.name for path in (tmp_path / "pixels").iterdir()) == ["pixels-16-marks.npy", "pixels-16.npy"]


def test_faces_that_nobody_wants_are_not_opened(tmp_path: Path, samples: list[Sample]) -> None:
    wanted = np.arange(70) % 2 == 0
    (tmp_path / "faces/1.jpg").unlink()
    (tmp_path / "faces/3.jpg").write_bytes(b"no picture")
    done: list[int] = []
    cache, broken = _cache(tmp_path, samples, tmp_path, wanted=wanted, progress=done.append)
    assert (sum(done), broken) == (35, ())
    assert not cache[~wanted].any()
    assert (cache[2] == _drawn(tmp_path, samples[2])).all()
    done.clear()
    cache, broken = _cache(tmp_path, samples, tmp_path, progress=done.append)
    assert sum(done) == 34, "those that were not wanted before, but for the one that is missing"
    assert [place for place, _ in broken] == [3]
    assert broken[0][1].startswith("faces/3.jpg (not a picture in one of the formats")
    assert (cache[5] == _drawn(tmp_path, samples[5])).all()


def test_missing_pictures_are_counted_and_a_few_named(tmp_path: Path, samples: list[Sample]) -> None:
    for number in range(10, 15):
        (tmp_path / f"faces/{number}.jpg").unlink()
    seen = look_for_pictures(samples, tmp_path)
    assert (seen.missing, seen.missing_count) == (("faces/10.jpg", "faces/11.jpg", "faces/12.jpg"), 5)
    assert (np.flatnonzero(seen.marks == 0) == np.arange(10, 15)).all()
    assert look_for_pictures(samples, tmp_path, np.arange(70) < 12).missing_count == 2


def test_a_run_that_stops_half_way_keeps_what_it_decoded(tmp_path: Path, samples: list[Sample]) -> None:
    seen = 0

    def stop(faces: int) -> None:
        nonlocal seen
        seen += faces
        if seen == 40:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _cache(tmp_path, samples, tmp_path, progress=stop)
    done: list[int] = []
    cache, _ = _cache(tmp_path, samples, tmp_path, progress=done.append)
    assert sum(done) == 30
    assert all((face == _drawn(tmp_path, sample)).all() for face, sample in zip(cache, samples, strict=True))


def test_a_damaged_file_is_made_again(tmp_path: Path, samples: list[Sample]) -> None:
    good = np.array(_cache(tmp_path, samples, tmp_path).pixels)
    cache, marks = tmp_path / "pixels/pixels-16.npy", tmp_path / "pixels/pixels-16-marks.npy"
    for file in (cache, marks):
        whole = file.read_bytes()
        for content in (whole[:-1], b"", b"not an array"):
            file.write_bytes(content)
            assert (_cache(tmp_path, samples, tmp_path).pixels == good).all()
    np.save(cache, good[:, :8])
    assert (_cache(tmp_path, samples, tmp_path).pixels == good).all()
    cache.unlink()
    assert (_cache(tmp_path, samples, tmp_path).pixels == good).all(), "marks alone say nothing"


def test_erased_faces_are_black_in_every_size_and_decoded_again_if_wanted(
    tmp_path: Path, samples: list[Sample]
) -> None:
    good = np.array(_cache(tmp_path, samples, tmp_path).pixels)
    _cache(tmp_path, samples, tmp_path, 20)
    old = tmp_path / "pixels/pixels-0123456789abcdef01234567-16.npy"
    old.write_bytes(b"of an earlier version")
    erase_faces(tmp_path / "pixels", [3, 69, 200])
    for side in (16, 20):
        black = ~np.load(tmp_path / f"pixels/pixels-{side}.npy").any(axis=(1, 2, 3))
        assert np.flatnonzero(black).tolist() == [3, 69]
    assert not old.exists()
    assert (_cache(tmp_path, samples, tmp_path).pixels == good).all()


def test_no_samples(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="at least one sample"):
        _cache(tmp_path, [], tmp_path)
