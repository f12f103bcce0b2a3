"""How many items of a round there are of what, out of table queue_count wherever it can say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from sqlite_utils import Database

from scn_core.records import DOUBTS, QUEUE_DOUBTS, QUEUE_STATES, QueueDoubt, QueueFilter, QueueState
from scn_core.store.decisions.visibility import blind_round
from scn_core.store.queue import filter as filters
from scn_core.store.schema.expressions import ALPHA_BIN, BINS


@dataclass(frozen=True, slots=True)
class PairCount:
    """One given -> proposed pair; proposed None: faces without a proposal, and audit items."""

    given: int
    proposed: int | None
    open: int
    total: int


@dataclass(frozen=True)
class QueueCounts:
    """How many items match, and how many there would be with one filter set otherwise. Zeros are left out of dicts.

    Answers that the viewer may not see are in none of them but `pairs` and `reviewers`, which tell no answer.
    """

    matching: int
    """Under the whole filter."""
    states: dict[QueueState, int]
    """By state under the other filters; all states named."""
    pairs: list[PairCount]
    """Under the filters but given, proposed, unproposed, class and state, most in total first."""
    classes: dict[int, int]
    """Items whose given or proposed label is the class, under the filters but those of labels."""
    doubts: dict[QueueDoubt, int]
    """By doubt under the other filters; all named."""
    alpha: list[int]
    """20 bins of 0.05, under the filters but that of alpha."""
    reviewers: dict[str, int]
    """Answers that stand in the round, by who gave them."""
    flagged: int
    """Items with a live flag, under the other filters."""


class _Count(NamedTuple):
    """Items that are alike."""

    audit: bool
    given: int
    proposed: int
    """-1: none."""
    doubt: int
    """Place in DOUBTS."""
    bin: int
    action: str
    """Empty: open."""
    n: int


def queue_counts(db: Database, round_id: int, viewer_id: int, where: QueueFilter) -> QueueCounts:
    """The counts beside a page of this filter. Raises WorkspaceError for a filter that cannot be."""
    filters.check_filter(where)
    every = replace(where, state="all")
    by_mark = where.flagged or where.reviewer is not None
    asked = list(_among_items(db, round_id, viewer_id, every) if by_mark else _from_counts(db, round_id))
    rows = asked if by_mark else [*asked, *_unseen(db, round_id, viewer_id)]
    skipped = list(_among_items(db, round_id, viewer_id, replace(where, state="skipped")))
    in_state = skipped if where.state == "skipped" else [row for row in rows if _in_state(row, where.state)]
    state: QueueState = "skipped" if where.state == "skipped" else "all"
    marked = _among_items(db, round_id, viewer_id, replace(where, state=state, flagged=True))
    flagged = [row for row in marked if state == "skipped" or _in_state(row, where.state)]
    found = _Within(where)
    states = _states(row for row in rows if found.labels(row) and found.doubt(row) and found.alpha(row))
    states["skipped"] = _sum(row for row in skipped if found.labels(row) and found.doubt(row) and found.alpha(row))
    return QueueCounts(
        matching=states[where.state],
        states=states,
        pairs=_pairs(row for row in asked if found.doubt(row) and found.alpha(row)),
        classes=_classes(row for row in in_state if found.doubt(row) and found.alpha(row)),
        doubts=_doubts(row for row in in_state if found.labels(row) and found.alpha(row)),
        alpha=_alpha(row for row in in_state if found.labels(row) and found.doubt(row)),
        reviewers=_reviewers(db, round_id),
        flagged=_sum(row for row in flagged if found.labels(row) and found.doubt(row) and found.alpha(row)),
    )


def open_left(db: Database, round_id: int, viewer_id: int, where: QueueFilter) -> int:
    """How many open items match, whatever state the filter names. Raises WorkspaceError for one that cannot be."""
    filters.check_filter(where)
    where = replace(where, state="open")
    if where.reviewer is not None:
        return 0
    every = replace(where, state="all")
    rows = _among_items(db, round_id, viewer_id, every) if where.flagged else _from_counts(db, round_id)
    found = _Within(where)
    return _sum(row for row in rows if not row.action and found.labels(row) and found.doubt(row) and found.alpha(row))


def unreviewed(db: Database, round_id: int) -> int:
    """Faces of the round's queue that still wait for an answer."""
    sql = "SELECT count(DISTINCT sample_id) FROM queue_item WHERE round_id = ? AND listed = 1 AND action IS NULL"
    return int(db.execute(sql, (round_id,)).fetchone()[0])


def _from_counts(db: Database, round_id: int) -> Iterator[_Count]:
    sql = """
        SELECT kind = 'audit', given_label, proposed_label, doubt, alpha_bin, action, sum(n) FROM queue_count
        WHERE round_id = ? AND n > 0 GROUP BY 1, 2, 3, 4, 5, 6
        """
    return map(_Count._make, db.execute(sql, (round_id,)))


def _unseen(db: Database, round_id: int, viewer_id: int) -> Iterator[_Count]:
    """What to take off `_from_counts`: items whose answer the viewer may not know of, as `filters.SEEN` has it."""
    if not blind_round(db, round_id):
        return iter(())
    sql = f"""
        SELECT q.kind = 'audit', q.given_label, coalesce(q.proposed_label, -1), q.doubt, {ALPHA_BIN}, q.action,
          -count(*)
        FROM outcome w CROSS JOIN queue_item q ON q.round_id = w.round_id AND q.sample_id = w.sample_id
        WHERE w.round_id = :round AND w.state = 'waiting' AND q.listed = 1 AND q.action IS NOT NULL
          AND q.answered_by <> :viewer GROUP BY 1, 2, 3, 4, 5, 6
        """
    return map(_Count._make, db.execute(sql, {"round": round_id, "viewer": viewer_id}))


def _among_items(db: Database, round_id: int, viewer_id: int, where: QueueFilter) -> Iterator[_Count]:
    """Items with a mark or of a reviewer, which queue_count does not tell apart; other conditions are left out."""
    narrow = QueueFilter(state=where.state, flagged=where.flagged, reviewer=where.reviewer)
    if where.state == "skipped":
        source, more = filters.marked("action = 'skip' AND person_id = :viewer"), "q.action IS NULL"
    elif where.flagged:
        source, more = filters.marked("action = 'flag'"), "1"
    else:
        source, more = "queue_item q INDEXED BY queue_done_person", "q.action IS NOT NULL"
    sql = f"""
        SELECT q.kind = 'audit', q.given_label, coalesce(q.proposed_label, -1), q.doubt, {ALPHA_BIN},
          coalesce(q.action, ''), count(*)
        FROM {source} WHERE {filters.conditions(narrow, blind=blind_round(db, round_id))} AND {more}
        GROUP BY 1, 2, 3, 4, 5, 6
        """
    return map(_Count._make, db.execute(sql, filters.parameters(db, round_id, viewer_id, narrow)))


def _states(rows: Iterable[_Count]) -> dict[QueueState, int]:
    found: Counter[str] = Counter()
    for row in rows:
        found[row.action or "open"] += row.n
    total = sum(found.values())
    return {state: found[state] for state in QUEUE_STATES} | {"all": total, "answered": total - found["open"]}


def _in_state(row: _Count, state: QueueState) -> bool:
    return (
        state == "all" or row.action == ("" if state == "open" else state) or (state == "answered" and bool(row.action))
    )


class _Within:
    """Whether rows fulfil a filter, one condition at a time."""

    def __init__(self, where: QueueFilter) -> None:
        self._where, self._code, self._bins = where, filters.doubt_code(where), filters.alpha_bins(where)

    def labels(self, row: _Count) -> bool:
        where = self._where
        return (
            where.given in (None, row.given)
            and where.proposed in (None, row.proposed)
            and not (where.unproposed and (row.proposed >= 0 or row.audit))
            and where.label in (None, row.given, row.proposed)
        )

    def doubt(self, row: _Count) -> bool:
        return self._code in (None, row.doubt)

    def alpha(self, row: _Count) -> bool:
        return self._bins[0] <= row.bin < self._bins[1]


def _sum(rows: Iterable[_Count]) -> int:
    return sum(row.n for row in rows)


def _pairs(rows: Iterable[_Count]) -> list[PairCount]:
    total: Counter[tuple[int, int]] = Counter()
    still: Counter[tuple[int, int]] = Counter()
    for row in rows:
        total[row.given, row.proposed] += row.n
        still[row.given, row.proposed] += 0 if row.action else row.n
    by_size = sorted(total.items(), key=lambda item: (-item[1], item[0]))
    return [PairCount(g, None if p < 0 else p, still[g, p], n) for (g, p), n in by_size]


def _classes(rows: Iterable[_Count]) -> dict[int, int]:
    found: Counter[int] = Counter()
    for row in rows:
        for label in {row.given, row.proposed} - {-1}:
            found[label] += row.n
    return {label: n for label, n in sorted(found.items()) if n}


def _doubts(rows: Iterable[_Count]) -> dict[QueueDoubt, int]:
    found: Counter[str] = Counter()
    for row in rows:
        found["all"] += row.n
        found[DOUBTS[row.doubt]] += row.n
    return {doubt: found[doubt] for doubt in QUEUE_DOUBTS}


def _alpha(rows: Iterable[_Count]) -> list[int]:
    bins = [0] * BINS
    for row in rows:
        bins[row.bin] += row.n
    return bins


def _reviewers(db: Database, round_id: int) -> dict[str, int]:
    sql = """
        SELECT p.name, sum(c.n) FROM answer_count c JOIN person p ON p.id = c.person_id
        WHERE c.round_id = ? GROUP BY p.id HAVING sum(c.n) > 0 ORDER BY p.name
        """
    return dict(db.execute(sql, (round_id,)).fetchall())
