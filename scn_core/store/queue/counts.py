"""How many faces of a round there are of what, out of table queue_count wherever it can say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, NamedTuple

from sqlite_utils import Database

from scn_core.records import (
    ANSWERS,
    DOUBTS,
    QUEUE_DOUBTS,
    QUEUE_PICTURES,
    QUEUE_STATES,
    QueueDoubt,
    QueueFilter,
    QueuePicture,
    QueueState,
)
from scn_core.store.decisions.visibility import has_several_readings
from scn_core.store.queue import filter as filters
from scn_core.store.schema.expressions import ALPHA_BIN, BINS, TAKEN_OUT

_ACTIONS = ("", *ANSWERS)


@dataclass(frozen=True, slots=True)
class PairCount:
    """Faces of one given -> proposed pair; proposed None: without a proposal, and audit faces."""

    given: int
    proposed: int | None
    open: int
    total: int


@dataclass(frozen=True)
class QueueCounts:
    """How many faces match, and how many there would be with one filter set otherwise. Zeros are left out of dicts.

    A face is to review for whoever has neither answered nor skipped it while a reading is open; in a round that is not
    in review none is. With several readings the states of answers hold the viewer's own alone, unless the filter names
    somebody: each face is in one of them.
    """

    matching: int
    """Under the whole filter."""
    states: dict[QueueState, int]
    """By state under the other filters; all states named."""
    pairs: list[PairCount]
    """Under the filters but those of labels and state: with a proposal before without, most in total first."""
    classes: dict[int, int]
    """Faces whose given or proposed label is the class, under the filters but those of labels."""
    doubts: dict[QueueDoubt, int]
    """By doubt under the other filters; all named."""
    alpha: list[int]
    """20 bins of 0.05, under the filters but that of alpha."""
    reviewers: dict[str, int]
    """Answers, not faces, that stand in the round, by who gave them; the viewer alone while readings are blind."""
    flagged: int
    noted: int
    """Faces with a live flag, and with a note that the viewer may read, under the other filters."""
    pictures: dict[QueuePicture, int] | None
    """Faces by what is wrong with their picture, under the other filters; all named. None: bad ones are too many."""


class _Count(NamedTuple):
    """Faces that are alike."""

    audit: bool
    given: int
    proposed: int
    """-1: none."""
    doubt: int
    """Place in DOUBTS."""
    bin: int
    actions: frozenset[str]
    """Of its readings; empty text: to review; skipped: the viewer did. With several readings, those of the viewer alone
    unless the filter names somebody."""
    n: int
    issues: tuple[str, ...] = ()
    """What is wrong with their pictures, where the filter is of any such picture."""


def queue_counts(db: Database, round_id: int, viewer_id: int, where: QueueFilter) -> QueueCounts:
    """The counts beside a page of this filter. Raises WorkspaceError for a filter that cannot be."""
    filters.check_filter(where)
    rows = list(_rows(db, round_id, viewer_id, where))
    in_state = [row for row in rows if _in_state(row, where.state)]
    found = _Within(where)
    states = _states(row for row in rows if found.all(row))
    return QueueCounts(
        matching=states[where.state],
        states=states,
        pairs=_pairs(row for row in rows if found.doubt(row) and found.alpha(row)),
        classes=_classes(row for row in in_state if found.doubt(row) and found.alpha(row)),
        doubts=_doubts(row for row in in_state if found.labels(row) and found.alpha(row)),
        alpha=_alpha(row for row in in_state if found.labels(row) and found.doubt(row)),
        reviewers=_reviewers(db, round_id, viewer_id),
        flagged=faces_in_state(db, round_id, viewer_id, replace(where, flagged=True)),
        noted=faces_in_state(db, round_id, viewer_id, replace(where, noted=True)),
        pictures=_pictures(db, round_id, viewer_id, where) if filters.few_bad_pictures(db, QueueFilter()) else None,
    )


def matching_pairs(db: Database, round_id: int, viewer_id: int, where: QueueFilter) -> list[PairCount]:
    """`QueueCounts.pairs` alone: of many faces in an area all counts take longer than a person waits for."""
    filters.check_filter(where)
    found = _Within(where)
    return _pairs(r for r in _rows(db, round_id, viewer_id, where) if found.doubt(r) and found.alpha(r))


def _pictures(db: Database, round_id: int, viewer_id: int, where: QueueFilter) -> dict[QueuePicture, int]:
    found, counts = _Within(where), Counter[str]()
    for group in (replace(where, picture="all"), replace(where, picture="any")):
        for row in _rows(db, round_id, viewer_id, group):
            if found.all(row) and _in_state(row, where.state):
                for picture in (group.picture, *row.issues):
                    counts[picture] += row.n
    return {picture: counts[picture] for picture in QUEUE_PICTURES}


def open_left(db: Database, round_id: int, viewer_id: int, where: QueueFilter) -> int:
    """How many faces to review match, whatever state the filter names: without those the viewer skipped, and none of a
    round that is not in review. Raises WorkspaceError for a filter that cannot be."""
    filters.check_filter(where)
    return 0 if where.reviewer is not None else _open_and_all(db, round_id, viewer_id, where)[0]


def is_soon_counted(db: Database, round_id: int, where: QueueFilter) -> bool:
    """Whether `open_left` takes milliseconds, however many faces there are."""
    if _counted(db, round_id, where) or where.reviewer is not None:
        return True
    few = where.flagged or where.noted or filters.names_faces(where) or filters.few_bad_pictures(db, where)
    return few and where.opinions == "all" and not has_several_readings(db, round_id)


def faces_in_state(db: Database, round_id: int, viewer_id: int, where: QueueFilter) -> int:
    """How many faces the filter lets through, in its state. Raises WorkspaceError for one that cannot be."""
    filters.check_filter(where)
    found = _Within(where)
    return _sum(r for r in _rows(db, round_id, viewer_id, where) if _in_state(r, where.state) and found.all(r))


def open_and_answered(db: Database, round_id: int, viewer_id: int, where: QueueFilter) -> int:
    """How many faces match, whatever state the filter names. Raises WorkspaceError for a filter that cannot be."""
    filters.check_filter(where)
    return _open_and_all(db, round_id, viewer_id, where)[1]


def answered_readings(db: Database, round_id: int) -> tuple[int, int]:
    """How many readings of the faces in a round's queue have an answer, and how many there are."""
    sql = "SELECT coalesce(sum(n * (action <> '')), 0), coalesce(sum(n), 0) FROM queue_count WHERE round_id = ?"
    row: tuple[int, int] = db.execute(sql, (round_id,)).fetchone()
    return row


def open_of_pair(db: Database, round_id: int, viewer_id: int, where: QueueFilter, item: int) -> PairCount | None:
    """The pair of given and proposed label that an item of the queue is of, with its faces to review and in all as
    `open_left` counts them, whatever labels the filter names; None: there is no such item."""
    for given, proposed in filters.pair_keys(db, [item]):
        code = -1 if proposed is None else proposed  # as in queue_count
        of_pair = replace(where, given=given, proposed=code, unproposed=False, label=None)
        return PairCount(given, proposed, *_open_and_all(db, round_id, viewer_id, of_pair))
    return None


def skipped_faces(db: Database, round_id: int, viewer_id: int, where: QueueFilter) -> int:
    """How many faces that the viewer skipped match, whatever state the filter names; nobody has answered them."""
    found = _Within(where)
    return _sum(r for r in _among_items(db, round_id, viewer_id, replace(where, state="skipped")) if found.all(r))


def _open_and_all(db: Database, round_id: int, viewer_id: int, where: QueueFilter) -> tuple[int, int]:
    """Faces to review that match, whatever the state, and in all: with every page and answer, so in SQL if it can."""
    if not _counted(db, round_id, where) or not _in_review(db, round_id):
        rows, still, total = _rows(db, round_id, viewer_id, where), 0, 0
    else:
        still, total = _listed(db, round_id, where)
        rows = chain(_not_there(db, round_id, viewer_id), _skipped(db, round_id, viewer_id, where))
    found = _Within(where)
    for row in rows:
        if found.all(row):
            still += row.n if "" in row.actions else 0
            total += row.n
    return still, total


def _rows(db: Database, round_id: int, viewer_id: int, where: QueueFilter) -> Iterator[_Count]:
    """Under the marks, the reviewer, the opinions and the faces of a filter alone. What the viewer skipped is
    not to review for them, and nothing of a round that is not in review is."""
    if not _in_review(db, round_id):
        for row in _every_row(db, round_id, viewer_id, where):
            yield row._replace(actions=row.actions - {""})
        return
    yield from _every_row(db, round_id, viewer_id, where)
    yield from _skipped(db, round_id, viewer_id, where)


def _skipped(db: Database, round_id: int, viewer_id: int, where: QueueFilter) -> Iterator[_Count]:
    """What takes faces that the viewer skipped out of those to review, and counts them as skipped."""
    for row in _among_items(db, round_id, viewer_id, replace(where, state="skipped")):
        yield row._replace(n=-row.n)
        yield row._replace(actions=row.actions - {""} | {"skipped"})


def _every_row(db: Database, round_id: int, viewer_id: int, where: QueueFilter) -> Iterator[_Count]:
    """Under the marks, the reviewer, the opinions and the faces of a filter alone, skipped or not."""
    if _counted(db, round_id, where):
        return chain(_from_counts(db, round_id), _not_there(db, round_id, viewer_id))
    return _among_items(db, round_id, viewer_id, replace(where, state="all"))


def _counted(db: Database, round_id: int, where: QueueFilter) -> bool:
    """Whether table queue_count tells how many faces match."""
    narrow = (where.flagged, where.noted, where.reviewer is not None, where.picture != "all", where.opinions != "all")
    return not (any(narrow) or filters.names_faces(where) or has_several_readings(db, round_id))


def _from_counts(db: Database, round_id: int) -> Iterator[_Count]:
    sql = """
        SELECT kind = 'audit', given_label, proposed_label, doubt, alpha_bin, action, sum(n) FROM queue_count
        WHERE round_id = ? AND n > 0 GROUP BY 1, 2, 3, 4, 5, 6
        """
    return _counts_of(db.execute(sql, (round_id,)))


def _not_there(db: Database, round_id: int, viewer_id: int) -> Iterator[_Count]:
    """What queue_count holds of faces that are in no page of this viewer, to be subtracted."""
    # Audit items have no proposal in the queue, which the index knows of.
    sql = f"""
        SELECT q.kind = 'audit', q.given_label, coalesce(q.proposed_label, -1), q.doubt, {ALPHA_BIN},
          coalesce(q.action, ''), -1
        FROM (SELECT id FROM {TAKEN_OUT} UNION
          SELECT a.sample_id FROM round r CROSS JOIN class c CROSS JOIN queue_item a INDEXED BY queue_open_pair
          ON a.round_id = r.id AND a.given_label = c.number AND a.proposed_label IS NULL
          WHERE r.state = 'review' AND r.id <> :round AND a.action IS NULL AND a.listed = 1 AND a.kind = 'audit') g
        CROSS JOIN queue_item q INDEXED BY queue_reading ON q.sample_id = g.id
        WHERE q.round_id = :round AND q.listed = 1 AND NOT {filters.VISIBLE}
        """
    return _counts_of(db.execute(sql, {"round": round_id, "viewer": viewer_id}))


def _counts_of(rows: Iterable[tuple[Any, ...]]) -> Iterator[_Count]:
    for audit, given, proposed, doubt, alpha_bin, action, n in rows:
        yield _Count(audit, given, proposed, doubt, alpha_bin, frozenset((action,)), n)


def _listed(db: Database, round_id: int, where: QueueFilter) -> tuple[int, int]:
    """Open faces and all of queue_count under the labels, the doubt and the alpha of a filter, as `_Within` says it."""
    low, high = filters.alpha_bins(where)
    values = {"round": round_id, "low": low, "high": high, "code": filters.doubt_code(where), "given": where.given,
              "proposed": where.proposed, "label": where.label, "unproposed": where.unproposed}  # fmt: skip
    sql = """
        SELECT coalesce(sum(n) FILTER (WHERE action = ''), 0), coalesce(sum(n), 0) FROM queue_count
        WHERE round_id = :round AND alpha_bin >= :low AND alpha_bin < :high AND doubt = coalesce(:code, doubt)
          AND given_label = coalesce(:given, given_label) AND proposed_label = coalesce(:proposed, proposed_label)
          AND (:label IS NULL OR :label IN (given_label, proposed_label))
          AND NOT (:unproposed AND (proposed_label >= 0 OR kind = 'audit'))
        """
    row: tuple[int, int] = db.execute(sql, values).fetchone()
    return row


def _among_items(db: Database, round_id: int, viewer_id: int, where: QueueFilter) -> Iterator[_Count]:
    """What queue_count does not tell: of a mark, a reviewer, a picture, opinions or certain faces, and faces
    instead of their several readings. The other conditions of the filter are left out."""
    narrow = QueueFilter(
        state=where.state, flagged=where.flagged, noted=where.noted, reviewer=where.reviewer, picture=where.picture,
        opinions=where.opinions, area=where.area, cell=where.cell, faces=where.faces,
    )  # fmt: skip
    more = "q.action IS NULL" if where.state == "skipped" else "1"
    if (marked := filters.marked(where)) is not None:
        source = marked
    elif where.reviewer is not None:
        source, more = "queue_item q INDEXED BY queue_done_person", "q.action IS NOT NULL"
    elif where.picture != "all":
        source = filters.BAD_PICTURES
    elif filters.names_faces(where):
        source = filters.ITEMS_OF_FACES
    else:
        source = "queue_item q INDEXED BY queue_reading"
    several = has_several_readings(db, round_id)
    where_sql = filters.conditions(narrow, several=several) + f" AND {filters.FOR_VIEWER_OF_ALL}" * several
    issues = "(SELECT group_concat(issue) FROM picture_issue i WHERE i.sample_id = q.sample_id)"
    sql = f"""
        SELECT audit, given, proposed, doubt, bin, actions, issues, count(*) FROM (
          SELECT q.kind = 'audit' AS audit, q.given_label AS given, coalesce(q.proposed_label, -1) AS proposed,
            q.doubt AS doubt, {ALPHA_BIN} AS bin, {_bits(own=several and where.reviewer is None)} AS actions,
            {issues if where.picture == "any" else "NULL"} AS issues
          FROM {source} WHERE {where_sql} AND {more} GROUP BY q.sample_id)
        GROUP BY 1, 2, 3, 4, 5, 6, 7
        """
    for audit, given, proposed, doubt, alpha_bin, bits, wrong, n in db.execute(
        sql, filters.parameters(db, round_id, viewer_id, narrow)
    ):
        actions = frozenset(action for bit, action in enumerate(_ACTIONS) if bits >> bit & 1)
        yield _Count(audit, given, proposed, doubt, alpha_bin, actions, n, tuple(wrong.split(",")) if wrong else ())


def _bits(*, own: bool) -> str:
    """SQL: which actions the items of a group have, empty for an open one, a bit each; `own`: but those of others."""
    who = " AND (q.action IS NULL OR q.answered_by = :viewer)" if own else ""
    return " + ".join(
        f"{1 << bit} * max(coalesce(q.action, '') = '{action}'{who})" for bit, action in enumerate(_ACTIONS)
    )


def _in_review(db: Database, round_id: int) -> bool:
    return bool(db.execute("SELECT count(*) FROM round WHERE id = ? AND state = 'review'", (round_id,)).fetchone()[0])


def _states(rows: Iterable[_Count]) -> dict[QueueState, int]:
    found: Counter[QueueState] = Counter()
    for row in rows:
        for state in QUEUE_STATES:
            found[state] += row.n if _in_state(row, state) else 0
    return {state: found[state] for state in QUEUE_STATES}


def _in_state(row: _Count, state: QueueState) -> bool:
    if state == "answered":
        return any(action in ANSWERS for action in row.actions)
    return state == "all" or ("" if state == "open" else state) in row.actions


class _Within:
    """Whether rows fulfil a filter, or one of its conditions."""

    def __init__(self, where: QueueFilter) -> None:
        self._where, self._code, self._bins = where, filters.doubt_code(where), filters.alpha_bins(where)

    def all(self, row: _Count) -> bool:
        return self.labels(row) and self.doubt(row) and self.alpha(row)

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
        still[row.given, row.proposed] += row.n if "" in row.actions else 0
    by_size = sorted(total.items(), key=lambda item: (item[0][1] < 0, -item[1], item[0]))
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


def _reviewers(db: Database, round_id: int, viewer_id: int) -> dict[str, int]:
    blind = has_several_readings(db, round_id) and _in_review(db, round_id)
    sql = f"""
        SELECT p.name, sum(c.n) FROM answer_count c JOIN person p ON p.id = c.person_id
        WHERE c.round_id = :round AND {"c.person_id = :viewer" if blind else "1"}
        GROUP BY p.id HAVING sum(c.n) > 0 ORDER BY p.name
        """
    return dict(db.execute(sql, {"round": round_id, "viewer": viewer_id} if blind else {"round": round_id}).fetchall())
