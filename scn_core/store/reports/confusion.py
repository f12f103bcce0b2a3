"""Two labels of the same faces held against each other: how many faces have which two, and which faces these are.

Faces that were taken out are left out, and so is what the viewer may not know yet: see `store.decisions.visibility`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from sqlite_utils import Database

from scn_core.records import Split
from scn_core.store.decisions.visibility import WITHHELD, open_audit, unread
from scn_core.store.schema.expressions import PRESENT

ComparisonKind = Literal["proposed", "decided", "opinion", "readers"]
COMPARISONS: tuple[ComparisonKind, ...] = ("proposed", "decided", "opinion", "readers")
"""Label the round began with against the proposed one, and against what people decided; given label against the
likeliest class of an opinion; what one reviewer answered against what another did."""

UNSURE, EXCLUDED, NO_PROPOSAL = -1, -2, -3
"""What stands where a label could, but is none."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is compared with what, in a round."""

    kind: ComparisonKind
    round: int
    first: str = ""
    """Name of the source of opinions, or of the first reviewer; empty of the other kinds."""
    second: str = ""
    """Name of the second reviewer."""


@dataclass(frozen=True, slots=True)
class Cell:
    """The faces of a comparison that have these two labels."""

    of: Comparison
    row: int
    """Number of a class, or UNSURE or EXCLUDED."""
    column: int
    """Likewise, or NO_PROPOSAL."""


@dataclass(frozen=True, slots=True)
class ComparedFace:
    """A face of a cell."""

    sample_id: int
    key: str
    split: Split


def _says(table: str) -> str:
    return f"coalesce({table}.label, iif({table}.action = 'exclude', {EXCLUDED}, {UNSURE}))"


def _reader(name: str) -> str:
    """The newest answer that stands to each face, of the person of that parameter."""
    return (
        f"(SELECT d.sample_id, {_says('d')} AS says, max(d.seq) FROM live_decision d WHERE d.round_id = :round "
        f"AND d.adjudicates = 0 AND d.person_id = (SELECT id FROM person WHERE name = :{name}) GROUP BY d.sample_id)"
    )


# Each yields (sample_id, row, col), a face once.
_PAIRED: Mapping[ComparisonKind, str] = {
    "proposed": f"SELECT DISTINCT sample_id, given_label AS row, coalesce(proposed_label, {NO_PROPOSAL}) AS col "
    "FROM queue_item WHERE round_id = :round AND listed = 1 AND kind NOT IN ('audit', 'repeat')",
    "decided": f"SELECT o.sample_id, c.start_label AS row, {_says('o')} AS col FROM outcome o "
    "JOIN score c ON c.round_id = o.round_id AND c.sample_id = o.sample_id "
    "WHERE o.round_id = :round AND o.state = 'decided'",
    "opinion": "SELECT o.sample_id, s.given_label AS row, o.label AS col FROM opinion o "
    "JOIN sample s ON s.id = o.sample_id WHERE o.label IS NOT NULL "
    "AND o.source_id = (SELECT id FROM opinion_source WHERE name = :first)",
    "readers": f"SELECT a.sample_id, a.says AS row, b.says AS col FROM {_reader('first')} a "
    f"JOIN {_reader('second')} b ON b.sample_id = a.sample_id WHERE NOT {unread(':round', 'a.sample_id')}",
}


def comparisons(db: Database, round_id: int) -> list[Comparison]:
    """What can be compared in a round: proposals, decisions, each source of opinions, and every two reviewers of the
    same faces.
    """
    sources = db.execute(
        "SELECT name FROM opinion_source s WHERE EXISTS "
        "(SELECT 1 FROM opinion WHERE source_id = s.id AND label IS NOT NULL) ORDER BY id"
    ).fetchall()
    pairs = db.execute(
        """
        WITH reading AS (
          SELECT DISTINCT sample_id, person_id FROM live_decision WHERE round_id = ? AND adjudicates = 0)
        SELECT DISTINCT p.name, q.name FROM reading a JOIN reading b ON b.sample_id = a.sample_id
        JOIN person p ON p.id = a.person_id JOIN person q ON q.id = b.person_id WHERE p.name < q.name ORDER BY 1, 2
        """,
        (round_id,),
    ).fetchall()
    return [
        Comparison("proposed", round_id),
        Comparison("decided", round_id),
        *(Comparison("opinion", round_id, name) for (name,) in sources),
        *(Comparison("readers", round_id, one, other) for one, other in pairs),
    ]


def compare(db: Database, of: Comparison, viewer_id: int) -> dict[tuple[int, int], int]:
    """Faces by (row, column), as far as the viewer may know of them; cells without a face are left out."""
    rows = db.execute(f"SELECT f.row, f.col, count(*) {_faces(of)} GROUP BY 1, 2", _values(of, viewer_id))
    return {(row, column): count for row, column, count in rows}


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Faces that a comparison could hold but does not."""

    withheld: int
    """Audit faces of any round in review that wait for an answer, and those that the viewer is asked about again."""
    audit: int
    """Of proposals: other audit faces of the round, for which no proposal is in the queue."""


def left_out(db: Database, of: Comparison, viewer_id: int) -> LeftOut:
    """How many faces `compare` leaves out because the viewer may not know of them yet, and as audit faces."""
    values = _values(of, viewer_id)
    present = f"JOIN sample s ON s.id = f.sample_id WHERE {PRESENT}"
    count = f"SELECT count(*) FROM ({_PAIRED[of.kind]}) f {present} AND {_hidden(of)}"
    withheld, audit = int(db.execute(count, values).fetchone()[0]), 0
    if of.kind == "proposed":
        faces = "SELECT DISTINCT sample_id FROM queue_item WHERE round_id = :round AND kind = 'audit'"
        waiting, audit = db.execute(
            f"SELECT coalesce(sum({_hidden(of)}), 0), coalesce(sum(NOT {_hidden(of)}), 0) FROM ({faces}) f {present}",
            values,
        ).fetchone()
        withheld += waiting
    return LeftOut(withheld, audit)


def cell_faces(
    db: Database, cell: Cell, viewer_id: int, *, after: int = 0, limit: int = 60
) -> tuple[list[ComparedFace], bool]:
    """The faces of a cell by rising sample id, those after `after`, and whether there are more than these."""
    rows = db.execute(
        f"SELECT s.id, s.key, s.split {_faces(cell.of)} AND f.row = :row AND f.col = :column AND s.id > :after "
        "ORDER BY s.id LIMIT :limit",
        _values(cell.of, viewer_id) | {"row": cell.row, "column": cell.column, "after": after, "limit": limit + 1},
    ).fetchall()
    return [ComparedFace(*row) for row in rows[:limit]], len(rows) > limit


def _faces(of: Comparison) -> str:
    return f"FROM ({_PAIRED[of.kind]}) f JOIN sample s ON s.id = f.sample_id WHERE {PRESENT} AND NOT {_hidden(of)}"


def _hidden(of: Comparison) -> str:
    return open_audit("f.sample_id") if of.kind == "proposed" else WITHHELD


def _values(of: Comparison, viewer_id: int) -> dict[str, int | str]:
    return {"round": of.round, "first": of.first, "second": of.second, "viewer": viewer_id}
