"""Which faces a round trains on and measures with, fixed when it begins."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sqlite_utils import Database

from scn_core.config import AmbiguousRule, SoftLabels, UnsureRule
from scn_core.errors import DAMAGED_ARRAYS, DataError, WorkspaceError
from scn_core.files import replaced
from scn_core.records import BoolArray, EffectiveLabels, FloatArray, IntArray
from scn_core.store.current_labels import revision
from scn_core.store.decisions.outcomes import turned_down
from scn_core.store.decisions.record import effective_labels
from scn_core.store.rounds.faces import ambiguous_faces
from scn_core.store.samples import classes, data_hash
from scn_core.store.votes import class_votes

SOFTNESS = 0.5
"""Of a face that nobody, or no network, can tell: half of its label's weight goes to the other classes."""

FACES = "faces.npz"
TARGETS = "targets"
"""Column of it that is there only where a face has targets."""


@dataclass(frozen=True)
class RoundFaces:
    """The faces of a round. `rows` are places in the pixel cache, which holds all samples by id."""

    sample_id: IntArray
    """(N,) of the training faces."""
    rows: IntArray
    """(N,)"""
    labels: IntArray
    """(N,) effective labels."""
    softness: FloatArray
    """(N,) share of the label's weight that training spreads over the other classes; above 0 for unsure and ambiguous
    faces alone."""
    settled: BoolArray
    """(N,) people decided on its label: not asked about again, unless this round proposes another."""
    turned_down: BoolArray
    """(N, classes) people have answered this proposal with another label: not made again."""
    val_rows: IntArray
    val_labels: IntArray
    test_rows: IntArray
    test_labels: IntArray
    targets: FloatArray
    """(N, classes) shares of the classes to train on in place of the label, 0 for faces without; (N, 0): for all."""

    def wanted(self, samples: int) -> BoolArray:
        """(samples,) whether the round looks at each face: those to train on and to measure with."""
        mask = np.zeros(samples, np.bool_)
        for rows in (self.rows, self.val_rows, self.test_rows):
            mask[rows] = True
        return mask

    def without(self, unusable: BoolArray) -> RoundFaces:
        """The faces but for those whose row in the cache is `unusable`, (samples,)."""
        train, val, test = (~unusable[rows] for rows in (self.rows, self.val_rows, self.test_rows))
        return RoundFaces(
            sample_id=self.sample_id[train],
            rows=self.rows[train],
            labels=self.labels[train],
            softness=self.softness[train],
            settled=self.settled[train],
            turned_down=self.turned_down[train],
            val_rows=self.val_rows[val],
            val_labels=self.val_labels[val],
            test_rows=self.test_rows[test],
            test_labels=self.test_labels[test],
            targets=self.targets[train],
        )


def stored_faces(folder: Path, db: Database) -> RoundFaces | None:
    """The faces in faces.npz of a round's folder; None: it has none yet.

    A resumed round trains on these, whatever people decided meanwhile. Raises WorkspaceError for a damaged file.
    """
    path = folder / FACES
    if not path.exists():
        return None
    try:
        # Opened here: numpy leaves a file that is cut off open.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            return _as_of_its_start(dict(stored), db)
    except DAMAGED_ARRAYS as error:
        raise WorkspaceError(
            f"{path}: found a damaged file; allowed: the faces that the round began with; train without --resume"
        ) from error


def wanted_faces(folder: Path, samples: int) -> BoolArray:
    """(samples,) which faces the round of a folder looks at. Raises DataError where its file was not written by us."""
    file = folder / FACES
    try:
        with file.open("rb") as opened, np.load(opened, allow_pickle=False) as stored:  # as above
            rows = np.concatenate([stored[name] for name in ("rows", "val_rows", "test_rows")])
        mask = np.zeros(samples, np.bool_)
        mask[rows] = True
    except DAMAGED_ARRAYS as error:
        raise DataError(f"{file}: found no faces of a round ({error}); pack the job anew") from error
    return mask


def fix_faces(folder: Path, faces: RoundFaces) -> None:
    """Writes faces.npz, where there is none. A kill in the middle leaves nothing that a resumed round trips over."""
    file = folder / FACES
    if file.exists():
        return
    with replaced(file) as unfinished:
        np.savez(unfinished, **{name: column for name, column in vars(faces).items() if name != TARGETS or column.size})


def _as_of_its_start(stored: dict[str, Any], db: Database) -> RoundFaces:
    """A round begun by a version that knew no rule for unsure faces trained them under the given label."""
    sample_id = stored["sample_id"]
    none = {"softness": np.zeros(len(sample_id), np.float32), TARGETS: _no_targets(len(sample_id))}
    return RoundFaces(**none | {"turned_down": _turned_down(db, sample_id)} | stored)


def data_of(db: Database) -> dict[str, str]:
    """On what a round that begins now is trained, for its record: the revision of the labels, as exports name it, and
    the hash of the data set, which other workspaces of the same data set have too."""
    return {"labels": str(revision(db)), "data_sha256": data_hash(db)}


def faces_now(
    db: Database,
    unsure: UnsureRule = "given",
    ambiguous: AmbiguousRule = "given",
    soft_labels: SoftLabels = "off",
) -> RoundFaces:
    """The faces a round would begin with now, by the effective labels of the database.

    Faces that people excluded, that were taken out or that the data set has no more are left out; `unsure` says what
    becomes of those that people could not tell, `ambiguous` of those nobody has decided and the newest ended round
    could not tell. With `soft_labels` votes, faces that nobody has decided and that came with two votes or more for
    classes have targets.
    """
    now = effective_labels(db)
    usable = ~now.excluded & ~(now.unsure & (unsure == "leave_out"))
    soft = now.unsure & (unsure == "soften")
    if ambiguous == "soften":
        soft |= ~now.settled & ~now.unsure & np.isin(now.sample_id, ambiguous_faces(db))
    train, val, test = (np.flatnonzero((now.split == split) & usable) for split in ("train", "val", "test"))
    return RoundFaces(
        sample_id=now.sample_id[train],
        rows=train,
        labels=now.label[train],
        softness=np.where(soft[train], SOFTNESS, 0).astype(np.float32),
        settled=now.settled[train],
        turned_down=_turned_down(db, now.sample_id[train]),
        val_rows=val,
        val_labels=now.given_label[val],
        test_rows=test,
        test_labels=now.given_label[test],
        targets=_vote_targets(db, now, train) if soft_labels == "votes" else _no_targets(len(train)),
    )


def _vote_targets(db: Database, now: EffectiveLabels, train: IntArray) -> FloatArray:
    votes = class_votes(db, now.sample_id[train], len(classes(db)))
    total = votes.sum(axis=1, keepdims=True)
    votes[(total[:, 0] < 2) | now.settled[train]] = 0
    targets: FloatArray = votes / np.maximum(total, np.float32(1))
    return targets


def _no_targets(faces: int) -> FloatArray:
    return np.empty((faces, 0), np.float32)


def _turned_down(db: Database, among: IntArray) -> BoolArray:
    """(N, classes) of N rising sample ids."""
    mask = np.zeros((len(among), len(classes(db))), np.bool_)
    sample_id, label = turned_down(db)
    known = np.isin(sample_id, among)
    mask[np.searchsorted(among, sample_id[known]), label[known]] = True
    return mask
