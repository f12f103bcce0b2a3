"""What a round's folder says of one face: how the network saw it over the epochs, and which faces are like it.

A round that was trained before a file existed, or whose file is damaged, says nothing: None, never an exception.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scn_core.errors import DAMAGED_ARRAYS
from scn_core.files import replaced
from scn_core.records import IntArray, Predictions
from scn_core.rounds.draw_map import forget_on_map
from scn_core.rounds.features import FEATURES_FILE, HELD_OUT_FEATURES_FILE, forget_features
from scn_core.workspace.folder import Workspace

NEIGHBOURS_FILE = "neighbours.npy"
HELD_OUT_FILE = "held_out.npy"
KEPT_FILES = (
    "config.json", "meta.json", "weights.safetensors", "faces.npz", "dynamics.npy", NEIGHBOURS_FILE, HELD_OUT_FILE,
    FEATURES_FILE, HELD_OUT_FEATURES_FILE,
)  # fmt: skip
"""All but the log, and what a round needs only until it has ended."""
CHANGED_BY_ERASE = (NEIGHBOURS_FILE, FEATURES_FILE, HELD_OUT_FEATURES_FILE)
NEIGHBOUR_COUNT = 6
NEIGHBOURS = np.dtype(
    [
        ("sample_id", "<i8"),
        ("other_label", "<i2"),
        ("given", "<i8", (NEIGHBOUR_COUNT,)),
        ("other", "<i8", (NEIGHBOUR_COUNT,)),
    ]
)
"""A row of neighbours.npy; rows by rising sample id, -1 where there are fewer neighbours."""
HELD_OUT = np.dtype([("sample_id", "<i8"), ("label", "<i2"), ("predicted", "<i2")])
"""A row of held_out.npy; rows by rising sample id."""


@dataclass(frozen=True)
class FaceDynamics:
    """One face over the epochs of a round, one value an epoch."""

    alpha: list[float]
    """Importance weight in the clean pass."""
    margin: list[float]
    """Probability of the likeliest class less that of the given label."""


@dataclass(frozen=True)
class Neighbours:
    """Confident faces that are like one face, as sample ids, nearest first, up to 6 each."""

    given: list[int]
    """Of its given class."""
    other: list[int]
    """Of the other class."""
    other_label: int
    """The proposed class, or where none is proposed the likeliest one beside the given."""

    def among(self, shown: Callable[[list[int]], list[int]]) -> Neighbours:
        """Those of them that may be shown: `shown` says which of some sample ids these are."""
        return replace(self, given=shown(self.given), other=shown(self.other))


def face_dynamics(workspace: Workspace, round_id: int, sample_id: int) -> FaceDynamics | None:
    """What the epochs of a round said of a face, or None where the round did not train on it or left no such file.

    Of a round that is still at work, the epochs behind it.
    """
    folder = workspace.round_folder(round_id)
    try:
        # Opened here: numpy leaves a file that is cut off open.
        with (folder / "faces.npz").open("rb") as file, np.load(file, allow_pickle=False) as faces:
            trained_on = faces["sample_id"]
        place = _place(trained_on, sample_id)
        dynamics = np.load(folder / "dynamics.npy", mmap_mode="r", allow_pickle=False)
        if place is None or dynamics.shape[1:] != trained_on.shape:
            return None
        return _face_dynamics(np.array(dynamics[:, place]))
    except DAMAGED_ARRAYS:
        return None


def _face_dynamics(seen: npt.NDArray[np.void]) -> FaceDynamics | None:
    alpha, given, other = (seen[name].astype(np.float64) for name in ("alpha", "p_given", "p_other"))
    seen_epochs = np.flatnonzero((given != 0) | (other != 0))  # probabilities: both zero only where nothing is written
    epochs = 0 if not len(seen_epochs) else int(seen_epochs[-1]) + 1
    margin = np.maximum(given, other) - given
    if not epochs or not (np.isfinite(alpha).all() and np.isfinite(margin).all()):
        return None
    return FaceDynamics(alpha[:epochs].tolist(), margin[:epochs].tolist())


def face_neighbours(workspace: Workspace, round_id: int, sample_id: int) -> Neighbours | None:
    """The confident faces that are like a face, or None where the round looked for none."""
    try:
        rows = np.load(workspace.round_folder(round_id) / NEIGHBOURS_FILE, mmap_mode="r", allow_pickle=False)
        if rows.dtype != NEIGHBOURS or rows.ndim != 1:
            return None
        place = _place(rows["sample_id"], sample_id)
        return None if place is None else _neighbours(rows[place])
    except DAMAGED_ARRAYS:
        return None


def _neighbours(row: Any) -> Neighbours:
    given, other = (row[name][row[name] >= 0].tolist() for name in ("given", "other"))
    return Neighbours(given, other, int(row["other_label"]))


def write_neighbours(folder: Path, rows: npt.NDArray[np.void]) -> None:
    """neighbours.npy of a round's folder, whole or not at all; `rows` are of type NEIGHBOURS, in any order."""
    with replaced(folder / NEIGHBOURS_FILE) as file:
        np.save(file, rows[np.argsort(rows["sample_id"])], allow_pickle=False)


def write_predictions(folder: Path, sample_id: IntArray, label: IntArray, predicted: IntArray) -> None:
    """held_out.npy of a round's folder: what the network says of the faces of val and test."""
    rows = np.empty(len(sample_id), HELD_OUT)
    rows["sample_id"], rows["label"], rows["predicted"] = sample_id, label, predicted
    with replaced(folder / HELD_OUT_FILE) as file:
        np.save(file, rows[np.argsort(sample_id)], allow_pickle=False)


def wrong_predictions(folder: Path, faces: int, classes: int) -> str | None:
    """Why held_out.npy of a folder, where there is one, is not of faces 1 to `faces` and these classes, or None."""
    if not (folder / HELD_OUT_FILE).exists():
        return None
    rows = np.load(folder / HELD_OUT_FILE, allow_pickle=False)
    if rows.dtype != HELD_OUT or rows.ndim != 1:
        return f"other columns: {rows.dtype}"
    ids, labels = rows["sample_id"], np.concatenate([rows["label"], rows["predicted"]])
    if (np.diff(ids) <= 0).any() or ids.min(initial=1) < 1 or ids.max(initial=1) > faces:
        return "faces that are not in the data set, or not by rising number"
    return None if ((labels >= 0) & (labels < classes)).all() else "classes that there are not"


def predictions(workspace: Workspace, round_id: int) -> Predictions | None:
    """What a round says of the faces of val and test, or None where it left no such file."""
    return predictions_in(workspace.round_folder(round_id))


def predictions_in(folder: Path) -> Predictions | None:
    """The same of the round whose files are in this folder."""
    try:
        rows = np.load(folder / HELD_OUT_FILE, allow_pickle=False)
        if rows.dtype != HELD_OUT or rows.ndim != 1:
            return None
        return Predictions(*(rows[name].astype(np.int64) for name in ("sample_id", "label", "predicted")))
    except DAMAGED_ARRAYS:
        return None


def round_file_hashes(folder: Path, names: Iterable[str] = KEPT_FILES) -> dict[str, str]:
    """SHA-256, in hexadecimal, of files in a round's folder that are there.

    `names`: by default those that nothing but `erase` changes once the round has ended.
    """
    hashes = {}
    for name in names:
        with suppress(FileNotFoundError), (folder / name).open("rb") as file:
            hashes[name] = hashlib.file_digest(file, "sha256").hexdigest()
    return hashes


def forget_faces(folder: Path, sample_ids: Iterable[int]) -> None:
    """Take faces out of the files of a round's folder that `CHANGED_BY_ERASE` names, and off its map."""
    gone = sorted(sample_ids)
    _forget_neighbours(folder, gone)
    forget_features(folder, gone)
    forget_on_map(folder, gone)


def _forget_neighbours(folder: Path, sample_ids: list[int]) -> None:
    """Take faces out of neighbours.npy: their own rows, and wherever they are like another face."""
    try:
        rows = np.load(folder / NEIGHBOURS_FILE, allow_pickle=False)
    except DAMAGED_ARRAYS:
        return
    if rows.dtype != NEIGHBOURS or rows.ndim != 1:
        return
    gone = np.array(sample_ids, np.int64)
    kept = rows[~np.isin(rows["sample_id"], gone)]
    for name in ("given", "other"):
        left = np.where(np.isin(kept[name], gone), -1, kept[name])
        kept[name] = np.take_along_axis(left, np.argsort(left < 0, axis=1, kind="stable"), axis=1)
    write_neighbours(folder, kept)


def _place(rising: npt.NDArray[np.int64], sample_id: int) -> int | None:
    # bisect, as np.searchsorted would first copy a column of a memory map as a whole.
    place = bisect_left(rising, sample_id)
    return place if place < len(rising) and rising[place] == sample_id else None
