"""Two labels of the same faces held against each other: how many faces have which two, and which faces these are.

Faces that were taken out are left out, and so is what the viewer may not know yet: see `store.decisions.visibility`.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlite_utils import Database

from scn_core.records import Split
from scn_core.store.queue.cells import PAIRED, Cell, Comparison, compared, compared_values, hidden
from scn_core.store.schema.expressions import PRESENT


@dataclass(frozen=True, slots=True)
class ComparedFace:
    """A face of a cell."""

    sample_id: int
    key: str
    split: Split


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


_QUEUED = "SELECT sample_id FROM queue_item WHERE round_id = :round AND listed = 1"


def compare(db: Database, of: Comparison, viewer_id: int, *, queued: bool = False) -> dict[tuple[int, int], int]:
    """Faces by (row, column), as far as the viewer may know of them; cells without a face are left out.

    `queued`: only faces in the round's queue, which the grid can show.
    """
    among = f"AND f.sample_id IN ({_QUEUED})" if queued else ""
    rows = db.execute(
        f"SELECT f.row, f.col, count(*) {compared(of)} {among} GROUP BY 1, 2", compared_values(of, viewer_id)
    )
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
    values = compared_values(of, viewer_id)
    present = f"JOIN sample s ON s.id = f.sample_id WHERE {PRESENT}"
    count = f"SELECT count(*) FROM ({PAIRED[of.kind]}) f {present} AND {hidden(of)}"
    withheld, audit = int(db.execute(count, values).fetchone()[0]), 0
    if of.kind == "proposed":
        faces = "SELECT DISTINCT sample_id FROM queue_item WHERE round_id = :round AND kind = 'audit'"
        waiting, audit = db.execute(
            f"SELECT coalesce(sum({hidden(of)}), 0), coalesce(sum(NOT {hidden(of)}), 0) FROM ({faces}) f {present}",
            values,
        ).fetchone()
        withheld += waiting
    return LeftOut(withheld, audit)


def count_cell(db: Database, cell: Cell, viewer_id: int) -> tuple[int, int]:
    """How many faces a cell has, as far as the viewer may know of them, and how many of these the round asks about."""
    sql = f"SELECT count(*), count(*) FILTER (WHERE f.sample_id IN ({_QUEUED})) {compared(cell.of)}"
    values = compared_values(cell.of, viewer_id) | {"row": cell.row, "column": cell.column}
    faces, queued = db.execute(f"{sql} AND f.row = :row AND f.col = :column", values).fetchone()
    return faces, queued


def cell_faces(
    db: Database, cell: Cell, viewer_id: int, *, after: int = 0, limit: int = 60
) -> tuple[list[ComparedFace], bool]:
    """The faces of a cell by rising sample id, those after `after`, and whether there are more than these."""
    rows = db.execute(
        f"SELECT s.id, s.key, s.split {compared(cell.of)} AND f.row = :row AND f.col = :column AND s.id > :after "
        "ORDER BY s.id LIMIT :limit",
        compared_values(cell.of, viewer_id)
        | {"row": cell.row, "column": cell.column, "after": after, "limit": limit + 1},
    ).fetchall()
    return [ComparedFace(*row) for row in rows[:limit]], len(rows) > limit
