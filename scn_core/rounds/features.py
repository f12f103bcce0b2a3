"""Features that a round's network has of the faces it trained on: kept in its folder, and the faces most alike by them.

features.npy: (N, D) half precision in the row order of faces.npz; rows of length 1, or of zeros for a face without
features. A round that kept none, or whose file is damaged, has no features: None, never an exception.

held_out_features.npy: the same of the faces of val and test, a row of sample_id and features each, for the map alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import simsimd

from scn_core.errors import DAMAGED_ARRAYS
from scn_core.files import replaced
from scn_core.records import FloatArray, IntArray
from scn_core.workspace.folder import Workspace

FEATURES_FILE = "features.npy"
HELD_OUT_FEATURES_FILE = "held_out_features.npy"
BYTES_A_FEATURE = 2
HalfArray: TypeAlias = npt.NDArray[np.float16]
BLOCK_ROWS = 4096
"""Faces read, compared or written at a time: 4 MB at 512 features."""


@dataclass(frozen=True)
class Features:
    """The features of a round's N training faces, from its folder."""

    sample_id: IntArray
    """(N,) rising."""
    values: HalfArray
    """(N, D) memory map, only for reading. Rows have length 1, or are zeros where a face has no features."""

    def row(self, sample_id: int) -> int | None:
        """The row of a face that has features, or None."""
        row = int(np.searchsorted(self.sample_id, sample_id))
        there = row < len(self.sample_id) and self.sample_id[row] == sample_id
        return row if there and self.values[row].any() else None


def open_features(workspace: Workspace, round_id: int) -> Features | None:
    """The features that a round kept, or None."""
    return _in_folder(workspace.round_folder(round_id))


def alike(features: Features, row: int, count: int) -> tuple[IntArray, FloatArray]:
    """The faces most alike to one, by cosine, as rows of the features.

    The face itself is not among them, nor are faces without features. All are compared, exactly, by simsimd, as numpy
    takes ten times as long for half precision.

    Args:
        features: from `open_features`.
        row: of the face, from `Features.row`.
        count: how many at most.

    Returns:
        (K,) rows, most alike first, of equals the lower row; (K,) their cosines, from -1 to 1.
    """
    query = np.array(features.values[row : row + 1])
    cosines = np.asarray(simsimd.cdist(query, features.values, metric="dot")).ravel().astype(np.float32)
    (nothing,) = np.nonzero(cosines == 0)
    cosines[nothing[~features.values[nothing].any(axis=1)]] = -np.inf
    cosines[row] = -np.inf
    count = min(count, int(np.isfinite(cosines).sum()))
    if not count:
        return np.empty(0, np.int64), np.empty(0, np.float32)
    least = np.partition(cosines, len(cosines) - count)[len(cosines) - count]
    near = np.flatnonzero(cosines >= least)
    nearest = near[np.argsort(-cosines[near], kind="stable")][:count]
    return nearest, cosines[nearest]


def blocks_of(values: npt.NDArray[np.generic]) -> Iterable[slice]:
    """Rows of an (N, D) array in blocks that are worked on at a time."""
    return (slice(start, min(start + BLOCK_ROWS, len(values))) for start in range(0, len(values), BLOCK_ROWS))


def write_features(folder: Path, shape: tuple[int, ...], blocks: Iterable[HalfArray]) -> None:
    """features.npy of a round's folder, whole or not at all.

    Args:
        folder: of the round.
        shape: (N, D).
        blocks: the N rows from first to last, (any number, D) each.
    """
    with replaced(folder / FEATURES_FILE, needed=math.prod(shape) * BYTES_A_FEATURE) as file:
        header = {"descr": "<f2", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, header)
        for block in blocks:
            file.write(np.ascontiguousarray(block, "<f2").data)


def write_held_out_features(folder: Path, sample_id: IntArray, values: HalfArray) -> None:
    """held_out_features.npy of a round's folder, whole or not at all, of (N,) sample ids and (N, D) values."""
    rows = np.empty(len(sample_id), [("sample_id", "<i8"), ("features", "<f2", values.shape[1:])])
    rows["sample_id"], rows["features"] = sample_id, values
    with replaced(folder / HELD_OUT_FEATURES_FILE, needed=rows.nbytes) as file:
        np.save(file, rows[np.argsort(sample_id)], allow_pickle=False)


def held_out_features(folder: Path) -> Features | None:
    """Of the faces of val and test, from a round's folder; None where it has no such file, or a damaged one."""
    try:
        rows = np.load(folder / HELD_OUT_FEATURES_FILE, mmap_mode="r", allow_pickle=False)
        sample_id, values = np.array(rows["sample_id"]), rows["features"]
    except (*DAMAGED_ARRAYS, IndexError):
        return None
    there = sample_id.dtype == np.int64 and values.dtype == np.float16 and values.ndim == 2
    return Features(sample_id, values) if there else None


def wrong_features(file: Path, faces: int, width: int) -> str | None:
    """Why a file is not the features of so many faces, or None where it is."""
    values = np.load(file, mmap_mode="r", allow_pickle=False)
    if values.dtype != np.float16 or values.shape != (faces, width):
        return f"{values.dtype} of the shape {values.shape}"
    if any(not (np.abs(values[part]) <= 1.001).all() for part in blocks_of(values)):
        return "values outside -1 to 1"
    return None


def forget_features(folder: Path, sample_ids: Iterable[int]) -> None:
    """Put zeros in the place of what features.npy of a round's folder says of some faces; those of val and test are
    taken out of held_out_features.npy."""
    ids = np.fromiter(sample_ids, np.int64)
    held_out = held_out_features(folder)
    if held_out is not None and (gone := np.isin(held_out.sample_id, ids)).any():
        write_held_out_features(folder, held_out.sample_id[~gone], np.array(held_out.values[~gone]))
    features = _in_folder(folder)
    if features is None:
        return
    values, gone = features.values, np.isin(features.sample_id, ids)
    if not gone.any():
        return

    def kept() -> Iterable[HalfArray]:
        for part in blocks_of(values):
            yield np.where(gone[part, None], np.float16(0), values[part])

    write_features(folder, values.shape, kept())


def _in_folder(folder: Path) -> Features | None:
    values, sample_id = _open(folder / FEATURES_FILE), _trained_on(folder)
    if values is None or sample_id is None or len(values) != len(sample_id):
        return None
    return Features(sample_id, values)


def _open(file: Path) -> HalfArray | None:
    try:
        values = np.load(file, mmap_mode="r", allow_pickle=False)
    except DAMAGED_ARRAYS:
        return None
    return values if values.dtype == np.float16 and values.ndim == 2 else None


def _trained_on(folder: Path) -> IntArray | None:
    try:
        # Opened here: numpy leaves a file that is cut off open.
        with (folder / "faces.npz").open("rb") as file, np.load(file, allow_pickle=False) as faces:
            sample_id: IntArray = faces["sample_id"]
    except DAMAGED_ARRAYS:
        return None
    return sample_id
