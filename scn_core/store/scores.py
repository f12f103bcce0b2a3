"""Scores of a round as columns, and the relabel proposals among them, page by page."""

from __future__ import annotations

import math
import sqlite3
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
from sqlite_utils import Database

from scn_core.errors import WorkspaceError, error_text
from scn_core.records import DOUBTS, NO_ALPHA, BoolArray, Doubt, FloatArray, IntArray, RoundScores
from scn_core.store.columns import read_columns, rows_of
from scn_core.store.schema.expressions import TAKEN_OUT

_COLUMNS = tuple(field.name for field in fields(RoundScores))
_LABELS = {
    "start_label": 0,
    "predicted_label": 0,
    "proposed_label": -1,
    "second_label": -1,
    "trained_label": 0,
}  # column: lowest number allowed
_ABSENT = {"proposed_label": -1, "second_label": -1}
"""What stands for NULL."""
_SHARES = ("alpha", "p_given", "p_max", "margin", "suspicion", "probabilities")
_THERE = f"sample_id NOT IN {TAKEN_OUT}"
"""SQL: of faces that nobody took out. The rows of the others stay, so that a seal tells damage from a withdrawal."""
_PROPOSAL = (
    "round_id, sample_id, key, path, given_label, proposed_label, nullif(alpha, -1), p_given, p_max, margin, "
    "suspicion, original_label, doubt, second_label"
)


@dataclass(frozen=True)
class ProposalRow:
    """One open or answered relabel proposal, as lists show it."""

    round: int
    sample_id: int
    key: str
    path: str
    given_label: int
    """The label the round began with: the data set's, or what people decided in an earlier round."""
    proposed_label: int
    alpha: float | None
    p_given: float
    p_max: float
    margin: float
    suspicion: float
    original_label: int
    """The data set's."""
    doubt: Doubt | None
    """None: the round is from before they were told apart."""
    second_label: int | None
    """The second choice after the proposal."""


@dataclass(frozen=True, slots=True)
class ProposalCursor:
    """The last proposal of a page: the next page begins after it."""

    suspicion: float
    sample_id: int


_START = ProposalCursor(math.inf, 0)


def insert_scores(db: Database, round_id: int, scores: RoundScores) -> None:
    """Write the scores of a round, and with them its proposals. To be called within a transaction.

    Raises WorkspaceError for scores that `check_scores` refuses, and samples unknown or named twice.
    """
    check_scores(db, scores)
    sql = (
        f"INSERT INTO score (round_id, {', '.join(_COLUMNS)}) "
        f"VALUES ({round_id:d}, {', '.join('nullif(?, -1)' if c in _ABSENT else '?' for c in _COLUMNS)})"
    )
    try:
        plain = (getattr(scores, name) for name in _COLUMNS[:-1])
        db.conn.executemany(sql, rows_of(*plain, _blobs(scores.probabilities)))
    except sqlite3.IntegrityError as error:
        raise WorkspaceError(
            error_text(
                f"scores of round {round_id}",
                f"a sample that is unknown or named twice ({error})",
                "each sample of the workspace once",
            )
        ) from error


def scores(db: Database, round_id: int) -> RoundScores:
    """The scores of a round by sample id, without faces that were taken out since; empty columns where it has none."""
    classes = db.execute("SELECT count(*) FROM class").fetchone()[0]
    absent = _ABSENT | {"doubt": 0}  # in rounds from before there were any
    select = ", ".join(f"coalesce({c}, {absent[c]})" if c in absent else c for c in _COLUMNS)
    cursor = db.execute(f"SELECT {select} FROM score WHERE round_id = ? AND {_THERE} ORDER BY sample_id", (round_id,))
    *plain, blobs = read_columns(cursor, *map(_dtype, _COLUMNS[:-1]), f"V{4 * classes}")
    probabilities = blobs.view("<f4").astype(np.float32).reshape(-1, classes)
    return RoundScores(**dict(zip(_COLUMNS, [*plain, probabilities], strict=True)))


def count_proposals(db: Database, round_id: int) -> int:
    """Number of proposals of a round, answered ones included, without faces that were taken out since."""
    sql = f"SELECT count(*) FROM score WHERE round_id = ? AND proposed_label IS NOT NULL AND {_THERE}"
    return int(db.execute(sql, (round_id,)).fetchone()[0])


def count_open_proposals(db: Database, round_id: int) -> int:
    """Number of proposals of a round that people have not decided about; 0 unless it is in review."""
    return int(db.execute("SELECT count(*) FROM open_proposals WHERE round_id = ?", (round_id,)).fetchone()[0])


def page_proposals(
    db: Database, round_id: int, *, after: ProposalCursor | None = None, limit: int = 60
) -> tuple[list[ProposalRow], ProposalCursor | None]:
    """The next `limit` proposals by falling suspicion, then by sample id, and where to go on; None: that was all.

    A page costs the same wherever it lies, ties included.
    """
    return _page(db, "proposal", round_id, after or _START, limit)


def page_open_proposals(
    db: Database, round_id: int, *, after: ProposalCursor | None = None, limit: int = 60
) -> tuple[list[ProposalRow], ProposalCursor | None]:
    """Like `page_proposals`, of those that wait for a decision; decided ones on the way are read and passed over."""
    return _page(db, "open_proposals", round_id, after or _START, limit)


def _page(
    db: Database, view: str, round_id: int, after: ProposalCursor, limit: int
) -> tuple[list[ProposalRow], ProposalCursor | None]:
    rows: list[ProposalRow] = []
    # Those tied with the last one first, then the rest: each an exact range of the index, which the planner takes for
    # the first only where it is told that ties are few.
    for condition, values in (
        ("likelihood(suspicion = ?, 0.0001) AND sample_id > ?", (after.suspicion, after.sample_id)),
        ("suspicion < ?", (after.suspicion,)),
    ):
        sql = f"SELECT {_PROPOSAL} FROM {view} WHERE round_id = ? AND {condition} ORDER BY suspicion DESC, sample_id"
        rows += [ProposalRow(*row) for row in db.execute(f"{sql} LIMIT ?", (round_id, *values, limit - len(rows)))]
    return rows, ProposalCursor(rows[-1].suspicion, rows[-1].sample_id) if len(rows) == limit else None


def _blobs(probabilities: FloatArray) -> npt.NDArray[np.void]:
    """(N,) rows of (N, C) probabilities as they are stored: little-endian floats."""
    plain = np.ascontiguousarray(probabilities, "<f4")
    return plain.view(f"V{4 * plain.shape[1]}").reshape(-1)


def _dtype(name: str) -> type[np.generic]:
    if name in ("low_importance", "suspicious"):
        return np.bool_
    return np.float32 if name in _SHARES else np.int64


def check_scores(db: Database, scores: RoundScores) -> None:
    """Raises WorkspaceError for columns of unequal length, and for values out of range or NaN."""
    count, classes = len(scores.sample_id), int(db.execute("SELECT count(*) FROM class").fetchone()[0])
    for name in _COLUMNS:
        shape = getattr(scores, name).shape
        wanted = (count, classes) if name == "probabilities" else (count,)
        if shape != wanted:
            raise WorkspaceError(error_text(f"scores, column {name}", f"shape {shape}", str(wanted)))
    if count == 0:
        return
    ranges = {**dict.fromkeys(_SHARES, (0, 1)), **{name: (low, classes - 1) for name, low in _LABELS.items()}}
    ranges["doubt"] = (0, len(DOUBTS) - 1)
    if (scores.alpha == NO_ALPHA).all():
        del ranges["alpha"]
    for name, (low, high) in ranges.items():
        least, most = getattr(scores, name).min(), getattr(scores, name).max()
        if not (low <= least and most <= high):  # so that NaN fails too
            raise WorkspaceError(
                error_text(f"scores, column {name}", f"values from {least} to {most}", f"{low} to {high}")
            )


@dataclass(frozen=True)
class ScoreColumns:
    """The scores of a round that are small enough to hold for a million faces, twice: see `RoundScores`.

    Columns of equal length, by rising sample id.
    """

    sample_id: IntArray
    start_label: IntArray
    predicted_label: IntArray
    proposed_label: IntArray
    """-1: none."""
    alpha: FloatArray
    suspicion: FloatArray
    low_importance: BoolArray


def score_columns(db: Database, round_id: int) -> ScoreColumns:
    """The scores of a round, without faces that were taken out since; empty columns where it has none."""
    cursor = db.execute(
        "SELECT sample_id, start_label, predicted_label, coalesce(proposed_label, -1), alpha, suspicion, "
        f"low_importance FROM score WHERE round_id = ? AND {_THERE} ORDER BY sample_id",
        (round_id,),
    )
    types = (np.int64, np.int64, np.int64, np.int64, np.float32, np.float32, np.bool_)
    return ScoreColumns(*read_columns(cursor, *types))
