"""Which faces a round trains on and measures with, fixed when it begins."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sqlite_utils import Database

from scn_core.records import BoolArray, IntArray
from scn_core.store.decisions import effective_labels


@dataclass(frozen=True)
class RoundFaces:
    """The faces of a round. `rows` are places in the pixel cache, which holds all samples by id."""

    sample_id: IntArray
    """(N,) of the training faces."""
    rows: IntArray
    """(N,)"""
    labels: IntArray
    """(N,) effective labels."""
    settled: BoolArray
    """(N,) somebody has answered for it: trained on, not proposed again."""
    val_rows: IntArray
    val_labels: IntArray
    test_rows: IntArray
    test_labels: IntArray


def fixed_faces(folder: Path, db: Database) -> RoundFaces:
    """The faces the round of this folder began with: those in faces.npz, or else the database's as of now.

    So a resumed round trains on what it began with, whatever people decided meanwhile. Excluded faces are left out.
    """
    file = folder / "faces.npz"
    if file.exists():
        with np.load(file) as stored:
            return RoundFaces(**stored)
    faces = _effective_faces(db)
    unfinished = file.with_name("faces.tmp.npz")
    np.savez(unfinished, **vars(faces))
    unfinished.replace(file)  # a kill in the middle leaves nothing that a resumed round would trip over
    return faces


def _effective_faces(db: Database) -> RoundFaces:
    now = effective_labels(db)
    train, val, test = (np.flatnonzero((now.split == split) & ~now.excluded) for split in ("train", "val", "test"))
    return RoundFaces(
        sample_id=now.sample_id[train],
        rows=train,
        labels=now.label[train],
        settled=now.settled[train],
        val_rows=val,
        val_labels=now.given_label[val],
        test_rows=test,
        test_labels=now.given_label[test],
    )
