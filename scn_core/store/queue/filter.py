"""A filter of the queue as SQL over `queue_item q`, and checked for what is allowed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlite_utils import Database

from scn_core.errors import WorkspaceError, error_text
from scn_core.records import (
    ANSWERS,
    DOUBTS,
    QUEUE_DOUBTS,
    QUEUE_OPINIONS,
    QUEUE_ORDERS,
    QUEUE_PICTURES,
    QUEUE_STATES,
    QueueFilter,
)
from scn_core.store.decisions.visibility import HIDDEN, open_audit, unread
from scn_core.store.queue.area import AREA_WORDS, faces_in_area, is_area
from scn_core.store.queue.cells import CELL_WORDS, faces_in_cell, is_cell, read_cell
from scn_core.store.schema.expressions import BINS, STANDS, TAKEN_OUT

SMALL = 4_000
"""Items that are read and sorted in about 5 ms; below it, a walk past many others is the worse choice."""
MOST_FACES = 100
FACES_WORDS = f"1 to {MOST_FACES} sample ids, such as 12_15_19"
_FACES = re.compile(rf"[0-9]{{1,15}}(_[0-9]{{1,15}}){{0,{MOST_FACES - 1}}}", re.ASCII)
FLAGGED = f"""EXISTS (SELECT 1 FROM decision d WHERE d.action = 'flag' AND d.round_id = q.round_id
  AND d.sample_id = q.sample_id AND {STANDS})"""
NOTED = f"""EXISTS (SELECT 1 FROM decision d WHERE d.action = 'note' AND d.round_id = q.round_id
  AND d.sample_id = q.sample_id AND {STANDS} AND NOT {HIDDEN})"""
_BAD_PICTURE = """EXISTS (SELECT 1 FROM picture_issue i WHERE i.sample_id = {row}.sample_id
  AND (:issue IS NULL OR i.issue = :issue) AND {more})"""
BAD_PICTURE = _BAD_PICTURE.format(row="q", more="(i.issue <> 'far' OR q.kind <> 'audit')")
"""SQL. What is far is so to a network, so no audit face is, answered or not: so it is with its proposal."""
BAD_PICTURES = """(SELECT DISTINCT sample_id AS bad FROM picture_issue WHERE :issue IS NULL OR issue = :issue)
  CROSS JOIN queue_item q INDEXED BY queue_reading ON q.sample_id = bad"""
"""FROM items whose picture has such a thing wrong with it: these are few, so they lead to the items, as marks do."""
_AMONG_FACES = "{}.sample_id IN (SELECT value FROM json_each(:faces))"
AMONG_FACES = f"+{_AMONG_FACES.format('q')}"
"""SQL. Without the plus SQLite 3.40 would have the list in BAD_PICTURES too, and read it anew for each of its rows."""
ITEMS_OF_FACES = """(SELECT value AS inside FROM json_each(:faces))
  CROSS JOIN queue_item q INDEXED BY queue_reading ON q.sample_id = inside"""
"""FROM items of the faces of an area, a cell or a list, where these are few."""
SKIPPED = f"""EXISTS (SELECT 1 FROM decision d WHERE d.action = 'skip' AND d.round_id = q.round_id
  AND d.person_id = :viewer AND d.sample_id = q.sample_id AND {STANDS})"""

ELSEWHERE = """EXISTS (SELECT 1 FROM queue_item o WHERE o.round_id = q.round_id AND o.sample_id = q.sample_id
  AND o.slot <> q.slot AND (o.answered_by = :viewer OR o.lease_person = :viewer))"""

_MINE = "o.round_id = :round AND o.answered_by = :viewer AND o.action IS NOT NULL AND o.listed = 1"
FOR_VIEWER = f"""(q.action IS NOT NULL OR NOT EXISTS (
  SELECT 1 FROM queue_item o INDEXED BY queue_reading WHERE {_MINE} AND o.sample_id = q.sample_id))"""
"""SQL: with several readings, an item that is open is so for the viewer: they have not answered the face."""
FOR_VIEWER_OF_ALL = f"""(q.action IS NOT NULL OR q.sample_id NOT IN (
  SELECT o.sample_id FROM queue_item o INDEXED BY queue_done_person WHERE {_MINE}))"""
"""The same, for a look at all items of a round."""
_OPINIONS = "SELECT {} FROM opinion o WHERE o.sample_id = q.sample_id"
OPINIONS = {
    "disagree": f"EXISTS ({_OPINIONS.format('1')} AND o.label <> q.given_label)",
    "agree": "coalesce(("
    + _OPINIONS.format("count(o.label) > 1 AND min(o.label) = max(o.label) AND min(o.label) <> q.given_label")
    + "), 0)",
}
"""SQL: what other models say of the face of item `q`, as `QueueFilter.opinions` names it."""
SEEN = f"(q.action IS NULL OR q.answered_by = :viewer OR NOT {unread('q.round_id', 'q.sample_id')})"
"""SQL: whether the viewer may know of the answer to item `q`."""
VISIBLE = f"""(q.sample_id NOT IN {TAKEN_OUT} AND (q.answered_by IS :viewer OR q.kind = 'audit' AND q.action IS NULL
  OR NOT EXISTS (SELECT 1 FROM round WHERE state = 'review' AND id <> :round)
  OR NOT {open_audit("q.sample_id", other_than=":round")}))"""
"""SQL: whether item `q` of round :round is there for the viewer. Not of a face that was taken out; nor of one that
waits for an answer as an audit face of another round in review: that it is asked about here, where in the order and
under which filter, says what the network thinks of it. The viewer's own answers stay, and open audit items, of which
nothing says anything."""


def check_filter(where: QueueFilter) -> None:
    """Raises WorkspaceError for a state, an order, a doubt or a range of alpha that does not exist."""
    low, high = where.alpha_from, where.alpha_to
    steps = [(share * BINS, round(share * BINS)) for share in (low, high)] if 0 <= low < high <= 1 else [(0.0, 1)]
    for what, found, good, allowed in (
        ("state", where.state, where.state in QUEUE_STATES, ", ".join(QUEUE_STATES)),
        ("order", where.order, where.order in QUEUE_ORDERS, ", ".join(QUEUE_ORDERS)),
        ("doubt", where.doubt, where.doubt in QUEUE_DOUBTS, ", ".join(QUEUE_DOUBTS)),
        ("picture", where.picture, where.picture in QUEUE_PICTURES, ", ".join(QUEUE_PICTURES)),
        ("opinions", where.opinions, where.opinions in QUEUE_OPINIONS, ", ".join(QUEUE_OPINIONS)),
        ("area", where.area, where.area is None or is_area(where.area), AREA_WORDS),
        ("cell", where.cell, where.cell is None or is_cell(where.cell), CELL_WORDS),
        ("faces", where.faces, where.faces is None or is_faces(where.faces), FACES_WORDS),
        ("alpha", f"{low} to {high}", all(abs(x - n) < 1e-6 for x, n in steps), "rising multiples of 0.05 in 0 to 1"),
    ):
        if not good:
            raise WorkspaceError(error_text("filter", f"{what} {found}", allowed))


def marked(where: QueueFilter) -> str | None:
    """FROM items whose face ever had the mark that the filter asks for: marks are few, so they lead to the items. None:
    it asks for none."""
    marks = {
        "action = 'skip' AND person_id = :viewer": where.state == "skipped",
        "action = 'flag'": where.flagged,
        "action = 'note'": where.noted,
    }
    mark = next((sql for sql, wanted in marks.items() if wanted), None)
    if mark is None:
        return None
    faces = f"SELECT DISTINCT sample_id AS marked FROM decision WHERE round_id = :round AND {mark}"
    return f"({faces}) CROSS JOIN queue_item q INDEXED BY queue_reading ON q.sample_id = marked"


def few_bad_pictures(db: Database, where: QueueFilter) -> bool:
    """Whether at most SMALL pictures have wrong with them what the filter asks for."""
    issue = None if where.picture in ("all", "any") else where.picture
    return are_few(db, "picture_issue WHERE :issue IS NULL OR issue = :issue", {"issue": issue})


def are_few(db: Database, rows: str, values: Mapping[str, float | str | None]) -> bool:
    """Whether FROM `rows`, SQL with these values, gives at most SMALL."""
    sql = f"SELECT count(*) FROM (SELECT 1 FROM {rows} LIMIT {SMALL + 1})"
    return int(db.execute(sql, dict(values)).fetchone()[0]) <= SMALL


def alpha_bins(where: QueueFilter) -> tuple[int, int]:
    """First bin, and the one after the last."""
    return round(where.alpha_from * BINS), round(where.alpha_to * BINS)


def doubt_code(where: QueueFilter) -> int | None:
    """Place in DOUBTS of the doubt asked for; None: any."""
    return None if where.doubt == "all" else DOUBTS.index(where.doubt)


def actions(where: QueueFilter) -> tuple[str, ...]:
    """The answers whose items the state asks for."""
    if where.state in ("all", "answered"):
        return ANSWERS
    return (where.state,) if where.state in ANSWERS else ()


def asks_open(where: QueueFilter) -> bool:
    """Whether open items are among those of the state."""
    return where.state in ("open", "skipped", "all") and where.reviewer is None


def names_faces(where: QueueFilter) -> bool:
    """Whether it asks for faces that the parameter :faces lists."""
    return where.area is not None or where.cell is not None or where.faces is not None


def is_faces(text: str) -> bool:
    """Whether a text is a list of sample ids."""
    return len(text) <= MOST_FACES * 16 and _FACES.fullmatch(text) is not None


def conditions(where: QueueFilter, *, several: bool) -> str:
    """What an item must fulfil beside its state, with the parameters of `parameters`.

    What is not VISIBLE matches nothing, answered or not. Faces the viewer skipped are not open. With `several` readings
    of each face the answers that are hidden from the viewer are left out, and a state of answers asks for the viewer's
    own unless the filter names somebody.
    """
    low, high = alpha_bins(where)
    doubt = doubt_code(where)
    parts = {
        **dict.fromkeys(_of_labels(where, "q"), True),
        "q.kind <> 'audit'": where.unproposed,
        f"q.doubt = {doubt} AND q.doubt <> 0": doubt is not None,  # the second half is what partial indexes ask for
        f"q.kind <> 'audit' AND {OPINIONS.get(where.opinions, '')}": where.opinions != "all",
        f"q.alpha >= {low / BINS}": low > 0,
        f"q.alpha < {high / BINS}": high < BINS,
        "q.answered_by = :reviewer": where.reviewer is not None,
        FLAGGED: where.flagged,
        NOTED: where.noted,
        BAD_PICTURE: where.picture != "all",
        AMONG_FACES: names_faces(where),
        SKIPPED: where.state == "skipped",
        f"NOT {SKIPPED}": where.state == "open",
        "q.answered_by = :viewer": several and where.reviewer is None and where.state in ("answered", *ANSWERS),
        SEEN: several,
    }
    # SQLite asks in this order: first what rules most items out.
    narrow = (sql for sql, wanted in parts.items() if wanted)
    return " AND ".join(["q.round_id = :round", "q.listed = 1", *narrow, VISIBLE])


def may_match(where: QueueFilter, row: str) -> str:
    """SQL: what is soon said of an item by any row that has its `given_label`, `proposed_label` and `sample_id`.

    Items of which it is false do not fulfil `conditions`.
    """
    others = {
        _BAD_PICTURE.format(row=row, more="1"): where.picture != "all",
        _AMONG_FACES.format(row): names_faces(where),
    }
    return " AND ".join([*_of_labels(where, row), *(sql for sql, wanted in others.items() if wanted)]) or "1"


def _of_labels(where: QueueFilter, row: str) -> list[str]:
    parts = {
        f"{row}.given_label = :given": where.given is not None,
        f"{row}.proposed_label = :proposed": where.proposed is not None,
        f"{row}.proposed_label IS NULL": where.unproposed,
        f"({row}.given_label = :label OR {row}.proposed_label = :label)": where.label is not None,
    }
    return [sql for sql, wanted in parts.items() if wanted]


def parameters(db: Database, round_id: int, viewer_id: int, where: QueueFilter) -> dict[str, int | str | None]:
    """The values of a filter's SQL."""
    row = db.execute("SELECT id FROM person WHERE name = ?", (where.reviewer,)).fetchone() if where.reviewer else None
    labels = {"given": where.given, "proposed": where.proposed, "label": where.label}
    issue = None if where.picture in ("all", "any") else where.picture
    faces = json.dumps(_faces(db, round_id, viewer_id, where)) if names_faces(where) else None
    people = {"viewer": viewer_id, "reviewer": row[0] if row else -1}
    return {**labels, **people, "faces": faces, "issue": issue, "round": round_id}


def _faces(db: Database, round_id: int, viewer_id: int, where: QueueFilter) -> tuple[int, ...]:
    """Those in all that it names of a list, an area and a cell, rising."""
    found = []
    if where.faces is not None:
        found.append({int(each) for each in where.faces.split("_")})
    if where.area is not None:
        found.append({*faces_in_area(db, round_id, where.area)})
    if where.cell is not None:
        cell = read_cell(where.cell, round_id)
        found.append({*faces_in_cell(db, cell, viewer_id)} if cell else set())
    return tuple(sorted(set.intersection(*found)))


@dataclass(frozen=True, slots=True)
class Pair:
    """A given -> proposed pair of a round under a filter."""

    given: int
    proposed: int | None
    total: int
    """Items of the round, whatever the filter."""
    open: int
    """Open items under the filter, as far as queue_count knows: labels, doubt and alpha."""
    answered: int
    """Answered ones likewise."""

    @property
    def key(self) -> tuple[int, int | None]:
        """What tells it from others."""
        return self.given, self.proposed

    @property
    def sql(self) -> str:
        """The items `q` of this pair."""
        return self.of("q")

    def of(self, row: str) -> str:
        """The rows of this pair that are named so in SQL, and have an item's labels."""
        proposed = "NULL" if self.proposed is None else f"{self.proposed:d}"
        return f"{row}.given_label = {self.given:d} AND {row}.proposed_label IS {proposed}"


def pairs_of(db: Database, round_id: int, where: QueueFilter) -> list[Pair]:
    """The pairs that match the labels of a filter: with a proposal before without, the largest in the round first."""
    low, high = alpha_bins(where)
    code = doubt_code(where)
    inside = f"alpha_bin BETWEEN {low} AND {high - 1}" + ("" if code is None else f" AND doubt = {code}")
    rows = db.execute(
        f"""
        SELECT given_label, nullif(proposed_label, -1), sum(n),
          sum(iif(action = '' AND {inside}, n, 0)), sum(iif(action <> '' AND {inside}, n, 0))
        FROM queue_count WHERE round_id = ? GROUP BY 1, 2 ORDER BY proposed_label < 0, 3 DESC, 1, 2
        """,
        (round_id,),
    )
    return [pair for pair in (Pair(*row) for row in rows) if _wanted(pair, where)]


def pair_keys(db: Database, items: Sequence[int]) -> set[tuple[int, int | None]]:
    """`Pair.key` of each of these items of the queue."""
    sql = "SELECT given_label, proposed_label FROM json_each(?) asked CROSS JOIN queue_item q ON q.id = asked.value"
    return set(db.execute(sql, (json.dumps(list(items)),)))


def _wanted(pair: Pair, where: QueueFilter) -> bool:
    return (
        where.given in (None, pair.given)
        and (where.proposed is None or where.proposed == pair.proposed)
        and not (where.unproposed and pair.proposed is not None)
        and (where.label is None or where.label in (pair.given, pair.proposed))
    )
