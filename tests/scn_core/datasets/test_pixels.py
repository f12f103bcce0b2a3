from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from scn_core.datasets.images import open_face
from scn_core.datasets.pixels import pixel_cache
from scn_core.errors import DataError, WorkspaceError
from scn_core.records import Box, Sample

Draw = Callable[..., Path]


@pytest.fixture
def samples(draw: Draw) -> list[Sample]:
    for number in range(70):
        draw(f"faces/{number}.jpg", number, (30, 40))
    boxes = [Box(5, 5, 25, 25) if number % 3 == 0 else None for number in range(70)]
    return [Sample(f"{n}", f"faces/{n}.jpg", 0, "train", box) for n, box in enumerate(boxes)]


def _files(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}


def test_faces_are_those_of_open_face_in_order(tmp_path: Path, samples: list[Sample]) -> None:
    done: list[int] = []
    cache = pixel_cache(tmp_path / "pixels", samples, tmp_path, 16, progress=done.append)
    assert isinstance(cache, np.memmap)
    assert cache.shape == (70, 16, 16, 3)
    assert cache.dtype == np.uint8
    with pytest.raises(ValueError, match="read-only"):
        cache[0] = 7
    for face, sample in zip(cache, samples, strict=True):
        assert (face == open_face(tmp_path / sample.path, sample.box, 16)).all()
    assert sum(done) == 70


def test_the_second_call_reads_the_file_of_the_first(tmp_path: Path, samples: list[Sample]) -> None:
    first = pixel_cache(tmp_path / "pixels", samples, tmp_path, 16)
    before = _files(tmp_path / "pixels")
    done: list[int] = []
    second = pixel_cache(tmp_path / "pixels", samples, tmp_path, 16, progress=done.append)
    assert _files(tmp_path / "pixels") == before
    assert len(before) == 1
    assert not done
    assert (first == second).all()


def test_whatever_changes_the_faces_makes_another_file(tmp_path: Path, samples: list[Sample], draw: Draw) -> None:
    def names() -> int:
        return len(_files(tmp_path / "pixels"))

    pixel_cache(tmp_path / "pixels", samples, tmp_path, 16)
    pixel_cache(tmp_path / "pixels", samples, tmp_path, 20)
    assert names() == 2
    pixel_cache(tmp_path / "pixels", samples[1:], tmp_path, 16)
    assert names() == 3
    pixel_cache(tmp_path / "pixels", [replace(samples[0], box=None), *samples[1:]], tmp_path, 16)
    assert names() == 4
    pixel_cache(tmp_path / "pixels", [replace(samples[0], given_label=5), *samples[1:]], tmp_path, 16)
    assert names() == 4, "labels are not pixels"
    os.utime(tmp_path / "faces/3.jpg", ns=(1, 1))
    pixel_cache(tmp_path / "pixels", samples, tmp_path, 16)
    assert names() == 5
    draw("faces/3.jpg", 99, (30, 40))
    cache = pixel_cache(tmp_path / "pixels", samples, tmp_path, 16)
    assert (cache[3] == open_face(tmp_path / "faces/3.jpg", samples[3].box, 16)).all()


def test_a_run_that_stops_half_way_leaves_no_cache(tmp_path: Path, samples: list[Sample]) -> None:
    def stop(faces: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pixel_cache(tmp_path / "pixels", samples, tmp_path, 16, progress=stop)
    assert _files(tmp_path / "pixels") == {}


def test_a_killed_run_is_cleaned_up_after(tmp_path: Path, samples: list[Sample]) -> None:
    folder = tmp_path / "pixels"
    folder.mkdir()
    for name, age in (("pixels-a-16-1.part", 7200), ("pixels-b-16-2.part", 60)):
        (folder / name).write_bytes(b"half")
        os.utime(folder / name, (time.time() - age, time.time() - age))
    pixel_cache(folder, samples, tmp_path, 16)
    assert not (folder / "pixels-a-16-1.part").exists()
    assert (folder / "pixels-b-16-2.part").exists(), "another run may be writing it"


def test_a_file_of_the_wrong_shape_is_made_again(tmp_path: Path, samples: list[Sample]) -> None:
    good = np.array(pixel_cache(tmp_path / "pixels", samples, tmp_path, 16))
    (file,) = (tmp_path / "pixels").iterdir()
    whole = file.read_bytes()
    for content in (whole[:-1], b"", b"not an array"):
        file.write_bytes(content)
        assert (pixel_cache(tmp_path / "pixels", samples, tmp_path, 16) == good).all()
    np.save(file, good[:, :8])
    assert (pixel_cache(tmp_path / "pixels", samples, tmp_path, 16) == good).all()


def test_pictures_that_vanished_or_broke_are_named(tmp_path: Path, samples: list[Sample]) -> None:
    (tmp_path / "faces/4.jpg").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"faces/4\.jpg: found a damaged picture .*import the data again"):
        pixel_cache(tmp_path / "pixels", samples, tmp_path, 16)
    (tmp_path / "faces/4.jpg").unlink()
    with pytest.raises(DataError, match=r"faces/4\.jpg: found no such picture; put it back"):
        pixel_cache(tmp_path / "pixels", samples, tmp_path, 16)
    assert not list((tmp_path / "pixels").iterdir())


def test_no_samples(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="at least one sample"):
        pixel_cache(tmp_path / "pixels", [], tmp_path, 16)


def test_a_full_disk_is_told_before_anything_is_decoded(tmp_path: Path, samples: list[Sample]) -> None:
    side = 1 + int((shutil.disk_usage(tmp_path).free / 70 / 3) ** 0.5)
    with pytest.raises(WorkspaceError, match=r"GB free on .*; allowed: .* GB for 70 faces .*--image-size"):
        pixel_cache(tmp_path / "pixels", samples, tmp_path, side)
