"""The decode-once cache: every face at one side, as one memory-mapped file.

    FOLDER/pixels-HASH-SIDE.npy     uint8 (N, SIDE, SIDE, 3), RGB, in the order of the samples

HASH covers keys, paths, boxes and the pictures' sizes and times of change, so a changed picture or list gets a new
file. A file under that name is complete: it is written as .part and renamed. 28,000 faces at 112 pixels are 1.05 GB.
"""

from __future__ import annotations

import os
import re
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np

from scn_core.datasets.images import open_face
from scn_core.datasets.parallel import in_order
from scn_core.disk import check_room, naming_full_disk
from scn_core.errors import DataError, WorkspaceError
from scn_core.files import put_in_place
from scn_core.records import PixelArray, Sample

_SPARE_BYTES = 64 * 2**20  # left free on the disk, for the database beside the cache
_ABANDONED_AFTER = 3600  # seconds without a write after which a .part file belongs to a run that died
_FILE = re.compile(r"pixels-([0-9a-f]{24})-(\d+)(?:\.npy|-\d+\.part)")
"""A cache, or what a trainer is writing."""


class Samples(Protocol):
    """So many samples, walked more than once: a list, or what reads them anew each time."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Sample]: ...


def pixel_cache(
    folder: Path,
    samples: Samples,
    root: Path,
    side: int,
    *,
    progress: Callable[[int], None] | None = None,
) -> np.memmap[tuple[int, ...], np.dtype[np.uint8]]:
    """The faces as a memory map, decoded on all cores unless an earlier call left them in `folder`.

    The map is for reading: a private one that may be written to counts against the system's memory, all of it.

    `progress` is called with the number of faces done since it was last called.
    Raises DataError, naming the picture, where one has vanished or broken since the import or there are no
    samples, and WorkspaceError where the disk has no room.
    """
    if not len(samples):
        raise DataError("no faces to decode; allowed: at least one sample")
    path = folder / f"pixels-{cache_fingerprint(samples, root)}-{side}.npy"
    shape = (len(samples), side, side, 3)
    ready = _opened(path, shape)
    if ready is not None:
        return ready
    folder.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(folder)
    room = int(np.prod(shape, dtype=np.int64)) + _SPARE_BYTES
    check_room(folder, room, f"{shape[0]:,} faces of {side} pixels", "lower --image-size")
    half = path.with_name(f"{path.stem}-{os.getpid()}.part")
    try:
        with naming_full_disk(half, room, "lower --image-size"), half.open("wb") as file:
            _write(file, shape, samples, root, progress or (lambda faces: None))
        put_in_place(half, path)
    except OSError as error:
        raise WorkspaceError(f"{half}: cannot write the pixel cache ({error.strerror or error})") from error
    finally:
        half.unlink(missing_ok=True)
    written = _opened(path, shape)
    if written is None:
        raise WorkspaceError(f"{path}: written, but not readable as {shape}; remove it and start again")
    return written


def cache_fingerprint(samples: Iterable[Sample], root: Path) -> str:
    """24 hexadecimal digits that change with any sample, and with the size or time of change of any picture.

    Raises DataError, naming the picture, where one is missing.
    """
    digest = blake2b(digest_size=12)
    for sample in samples:
        try:
            state = (root / sample.path).stat()
        except OSError as error:
            raise DataError(
                f"{root / sample.path}: found no such picture; put it back, or import the data again"
            ) from error
        digest.update(repr((sample.key, sample.path, sample.box, state.st_size, state.st_mtime_ns)).encode())
    return digest.hexdigest()


@dataclass(frozen=True)
class CacheFile:
    """A file of the pixel cache."""

    path: Path
    fingerprint: str
    side: int
    unfinished: bool
    """It is being written, or was by a process that has ended."""
    bytes: int


def cache_files(folder: Path) -> list[CacheFile]:
    """The files that `pixel_cache` has written into a folder, by name; anything else there is passed over."""
    found = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        named, state = _FILE.fullmatch(path.name), path.lstat()
        if named and stat.S_ISREG(state.st_mode):
            found.append(CacheFile(path, named[1], int(named[2]), path.suffix == ".part", state.st_size))
    return found


def _write(
    file: BinaryIO, shape: tuple[int, ...], samples: Iterable[Sample], root: Path, progress: Callable[[int], None]
) -> None:
    # Written, not mapped: on a full disk a write is an error one can tell, a map is a SIGBUS.
    header = {"descr": "|u1", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
    for face in in_order(partial(_decode, root, shape[1]), samples):
        file.write(face.data)
        progress(1)


def _decode(root: Path, side: int, sample: Sample) -> PixelArray:
    try:
        return np.ascontiguousarray(open_face(root / sample.path, sample.box, side))
    except Exception as error:  # as in images: decoders raise whatever they stumble over
        raise DataError(f"{root / sample.path}: found {_told(error)}; put it back, or import the data again") from error


def _told(error: Exception) -> str:
    return "no such picture" if isinstance(error, FileNotFoundError) else f"a damaged picture ({error})"


def _opened(path: Path, shape: tuple[int, ...]) -> np.memmap[tuple[int, ...], np.dtype[np.uint8]] | None:
    """The cache file, or None where there is none or it is not what it should be."""
    try:
        cache = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return cache if isinstance(cache, np.memmap) and cache.shape == shape and cache.dtype == np.uint8 else None


def _remove_abandoned(folder: Path) -> None:
    for half in folder.glob("pixels-*.part"):
        if time.time() - half.stat().st_mtime > _ABANDONED_AFTER:
            half.unlink(missing_ok=True)
