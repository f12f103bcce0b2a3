"""The decode-once cache: faces at one side, as one memory-mapped file with a row for every sample.

    FOLDER/pixels-SIDE.npy          uint8 (N, SIDE, SIDE, 3), RGB, in the order of the samples
    FOLDER/pixels-SIDE-marks.npy    uint64 (N,), what each row was decoded from; 0: the row holds no face

A mark is a hash of a sample's key, path and box and of its picture's size and time of change. A row is decoded when it
is wanted and its mark is not that of now: new samples, changed pictures and faces that nobody wanted before are
decoded, and no others. Marks are written after the rows they speak of. 28,000 faces at 112 pixels are 1.05 GB.
"""

from __future__ import annotations

import io
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from scn_core.datasets.images import face_or_reason
from scn_core.datasets.parallel import in_order
from scn_core.disk import naming_full_disk
from scn_core.errors import DataError, WorkspaceError
from scn_core.files import replaced, sync
from scn_core.records import BoolArray, PixelArray, Sample

_FILE = re.compile(r"pixels-(\d+)(-marks)?\.npy")
_OLD_FILE = re.compile(r"pixels-[0-9a-f]{24}-\d+(?:\.npy|-\d+\.part)")
"""Of versions that wrote a new file for every change of a picture."""
NAMED = 3
"""Pictures named where some are missing."""


class Samples(Protocol):
    """So many samples, walked more than once: a list, or what reads them anew each time."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Sample]: ...


MarkArray = npt.NDArray[np.uint64]
Cache = np.memmap[tuple[int, ...], np.dtype[np.uint8]]


class Decoded(NamedTuple):
    """Faces in the cache."""

    pixels: Cache
    """(N, side, side, 3)"""
    broken: tuple[tuple[int, str], ...]
    """Place and a few words on each wanted picture that cannot be decoded; its row holds no face."""


class Pictures(NamedTuple):
    """The picture files of samples as they are now."""

    marks: MarkArray
    """(N,); 0 where there is no such picture, or it was not wanted."""
    missing: tuple[str, ...]
    """Paths of the first few wanted pictures that are not there."""
    missing_count: int


def look_for_pictures(samples: Samples, root: Path, wanted: BoolArray | None = None) -> Pictures:
    """Which pictures are there, and in which state; no file is opened. `wanted`: (N,), None: all."""
    marks = np.zeros(len(samples), np.uint64)
    missing: list[str] = []
    count = 0
    for place, sample in _wanted(samples, wanted):
        try:
            state = (root / sample.path).stat()
        except (OSError, ValueError):
            count += 1
            if len(missing) < NAMED:
                missing.append(sample.path)
            continue
        state_of_file = repr((sample.key, sample.path, sample.box, state.st_size, state.st_mtime_ns)).encode()
        marks[place] = int.from_bytes(blake2b(state_of_file, digest_size=8).digest(), "little") or 1
    return Pictures(marks, tuple(missing), count)


def pixel_cache(
    folder: Path,
    samples: Samples,
    root: Path,
    side: int,
    *,
    wanted: BoolArray | None = None,
    pictures: Pictures | None = None,
    progress: Callable[[int], None] | None = None,
) -> Decoded:
    """The faces as a memory map, decoded on all cores unless an earlier call left them in `folder`.

    The map is for reading: a private one that may be written to counts against the system's memory, all of it. Not to
    be called by two processes at once.

    Args:
        folder: made where it is not there.
        samples: N of them, in a stable order; later calls may have more.
        root: what their paths are relative to.
        side: of the square pictures, in pixels.
        wanted: (N,), which faces are needed, None: all. Rows of others may hold their face or be black.
        pictures: what `look_for_pictures` said of the same samples, or None to look now. Those that are missing are
            passed over.
        progress: is called with the number of faces decoded since it was last called.

    Raises DataError where there are no samples, and WorkspaceError where the disk has no room.
    """
    if not len(samples):
        raise DataError("no faces to decode; allowed: at least one sample")
    now = (pictures or look_for_pictures(samples, root, wanted)).marks
    path, shape = folder / f"pixels-{side}.npy", (len(samples), side, side, 3)
    marks = _marks(folder, side, shape)
    todo = _to_decode(now, marks, wanted)
    broken: list[tuple[int, str]] = []
    if todo.any() or _opened(path, shape) is None:
        folder.mkdir(parents=True, exist_ok=True)
        room = int(todo.sum()) * int(np.prod(shape[1:], dtype=np.int64))
        try:
            marks[todo] = 0
            _write_marks(folder, side, marks)  # before the rows: a kill in the middle leaves none that lies
            with naming_full_disk(path, room, "lower --image-size"), _grown(path, shape) as file:
                try:
                    _decode_rows(file, shape, samples, root, todo, now, marks, broken, progress or (lambda faces: None))
                finally:  # what is decoded so far need not be decoded again
                    sync(file)
                    _write_marks(folder, side, marks)
        except OSError as error:
            raise WorkspaceError(f"{path}: cannot write the pixel cache ({error.strerror or error})") from error
    written = _opened(path, shape)
    if written is None:
        raise WorkspaceError(f"{path}: written, but not readable as {shape}; remove it and start again")
    return Decoded(written, tuple(broken))


def faces_to_decode(folder: Path, side: int, pictures: Pictures, wanted: BoolArray | None = None) -> int:
    """How many faces `pixel_cache` would decode, whose rows then take side * side * 3 bytes each of the disk."""
    marks = _marks(folder, side, (len(pictures.marks), side, side, 3))
    return int(_to_decode(pictures.marks, marks, wanted).sum())


def erase_faces(folder: Path, places: Iterable[int]) -> None:
    """Blacken the rows of some samples in all caches of a folder; not while a trainer is at work.

    Caches of earlier versions, whose rows cannot be told apart, are removed.
    """
    rows = list(places)
    for each in cache_files(folder):
        if each.side is None:
            each.path.unlink(missing_ok=True)
            continue
        cache = _opened_any(each.path)
        if each.marks or cache is None:
            continue
        marks = _marks(folder, each.side, cache.shape)
        inside = [row for row in rows if row < len(marks)]
        marks[inside] = 0
        _write_marks(folder, each.side, marks)
        size = int(np.prod(cache.shape[1:]))
        with each.path.open("r+b") as file:
            for row in inside:
                file.seek(cache.offset + row * size)
                file.write(bytes(size))
            sync(file)


@dataclass(frozen=True)
class CacheFile:
    """A file of the pixel cache."""

    path: Path
    side: int | None
    """In pixels; None: a file that only earlier versions used."""
    marks: bool
    """It says what the rows of the cache were decoded from."""
    bytes: int
    """That it takes of the disk: rows that hold no face take none."""


def cache_files(folder: Path) -> list[CacheFile]:
    """The files that `pixel_cache` has written into a folder, by name; anything else there is passed over."""
    found = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        state = path.lstat()
        if not stat.S_ISREG(state.st_mode):
            continue
        if named := _FILE.fullmatch(path.name):
            found.append(CacheFile(path, int(named[1]), named[2] is not None, state.st_blocks * 512))
        elif _OLD_FILE.fullmatch(path.name):
            found.append(CacheFile(path, None, False, state.st_blocks * 512))
    return found


def _to_decode(now: MarkArray, marks: MarkArray, wanted: BoolArray | None) -> BoolArray:
    todo: BoolArray = (now != 0) & (now != marks)
    return todo if wanted is None else todo & wanted


def _wanted(samples: Iterable[Sample], wanted: BoolArray | None) -> Iterator[tuple[int, Sample]]:
    return ((place, sample) for place, sample in enumerate(samples) if wanted is None or wanted[place])


def _decode_rows(
    file: BinaryIO,
    shape: tuple[int, ...],
    samples: Iterable[Sample],
    root: Path,
    todo: BoolArray,
    now: MarkArray,
    marks: MarkArray,
    broken: list[tuple[int, str]],
    progress: Callable[[int], None],
) -> None:
    # Written, not mapped: on a full disk a write is an error one can tell, a map is a SIGBUS.
    offset, size = os.fstat(file.fileno()).st_size - int(np.prod(shape)), int(np.prod(shape[1:]))
    for place, face in in_order(partial(_decode, root, shape[1]), _wanted(samples, todo), processes=True):
        if isinstance(face, str):
            broken.append((place, face))
        else:
            file.seek(offset + place * size)
            file.write(face.data)
            marks[place] = now[place]
        progress(1)


def _decode(root: Path, side: int, wanted: tuple[int, Sample]) -> tuple[int, PixelArray | str]:
    place, sample = wanted
    face = face_or_reason(root / sample.path, sample.box, side)
    return place, f"{sample.path} ({face})" if isinstance(face, str) else face


def _opened(path: Path, shape: tuple[int, ...]) -> Cache | None:
    """The cache file, or None where there is none or it is not what it should be."""
    cache = _opened_any(path)
    return cache if cache is not None and cache.shape == shape else None


def _opened_any(path: Path) -> Cache | None:
    try:
        cache = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    if not isinstance(cache, np.memmap) or cache.ndim != 4 or cache.dtype != np.uint8:
        return None
    whole = path.stat().st_size == cache.offset + cache.nbytes and cache.offset == len(_header(cache.shape))
    return cache if whole else None


def _header(shape: tuple[int, ...]) -> bytes:
    """As long for any number of rows: numpy leaves room for it to grow."""
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "|u1", "fortran_order": False, "shape": shape})
    return head.getvalue()


def _marks(folder: Path, side: int, shape: tuple[int, ...]) -> MarkArray:
    """(N,) the marks of the rows as they are in the file; 0 where there is no such row yet."""
    marks = np.zeros(shape[0], np.uint64)
    cache = _opened_any(folder / f"pixels-{side}.npy")
    if cache is None or cache.shape[1:] != shape[1:]:
        return marks
    try:
        stored = np.load(folder / f"pixels-{side}-marks.npy", allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return marks
    if stored.dtype == np.uint64 and stored.ndim == 1:
        known = min(len(stored), len(cache), len(marks))
        marks[:known] = stored[:known]
    return marks


def _write_marks(folder: Path, side: int, marks: MarkArray) -> None:
    with replaced(folder / f"pixels-{side}-marks.npy") as file:
        np.save(file, marks, allow_pickle=False)


@contextmanager
def _grown(path: Path, shape: tuple[int, ...]) -> Iterator[BinaryIO]:
    """The cache file to write into, with as many rows as `shape` says; new ones are black and take no room."""
    cache = _opened_any(path)
    if cache is None or cache.shape[1:] != shape[1:]:
        path.unlink(missing_ok=True)
    del cache
    head = _header(shape)
    with path.open("r+b" if path.exists() else "x+b") as file:
        file.truncate(len(head) + int(np.prod(shape, dtype=np.int64)))
        file.write(head)
        yield file
