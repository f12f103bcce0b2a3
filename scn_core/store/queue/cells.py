"""Faces that have two labels, each said by somebody else: which cell of which comparison they are in.

As SQL, and as text for the address of a filter: "decided,3,5", "opinion,3,5,NAME", "readers,3,5,NAME,NAME". What the
viewer may not know yet is left out: see `store.decisions.visibility`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from sqlite_utils import Database

from scn_core.store.decisions.visibility import WITHHELD, open_audit, unread
from scn_core.store.schema.expressions import PRESENT

ComparisonKind = Literal["proposed", "decided", "opinion", "readers"]
COMPARISONS: tuple[ComparisonKind, ...] = ("proposed", "decided", "opinion", "readers")
"""Label the round began with against the proposed one, and against what people decided; given label against the
likeliest class of an opinion; what one reviewer answered against what another did."""

UNSURE, EXCLUDED, NO_PROPOSAL = -1, -2, -3
"""What stands where a label could, but is none."""

_NAMES: Mapping[ComparisonKind, int] = {"decided": 0, "opinion": 1, "readers": 2}
"""How many names a cell of this kind has. Given against proposed is a filter of its own: a pair."""
_CELL = re.compile(r"(decided|opinion|readers),(-[12]|\d{1,4}),(-[12]|\d{1,4})((?:,[^,]{1,600}){0,2})", re.ASCII)
LONGEST_CELL = 1_300
CELL_WORDS = (
    "decided,LABEL,LABEL, opinion,LABEL,LABEL,NAME or readers,LABEL,LABEL,NAME,NAME with the numbers of classes, "
    f"{UNSURE} for unsure and {EXCLUDED} for excluded; in a name %2C stands for a comma and %25 for a percent sign"
)


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


def cell_text(cell: Cell) -> str | None:
    """A cell as the address of a filter; None: its faces are a pair of given and proposed label."""
    if cell.of.kind == "proposed":
        return None
    names = (cell.of.first, cell.of.second)[: _NAMES[cell.of.kind]]
    quoted = (name.replace("%", "%25").replace(",", "%2C") for name in names)
    return ",".join((cell.of.kind, str(cell.row), str(cell.column), *quoted))


def read_cell(text: str, round_id: int) -> Cell | None:
    """What `cell_text` wrote, in that round; None: it is no such text."""
    found = _CELL.fullmatch(text) if len(text) <= LONGEST_CELL else None
    if found is None:
        return None
    kind = next(each for each in COMPARISONS if each == found[1])
    names = [name.replace("%2C", ",").replace("%25", "%") for name in found[4].split(",")[1:]]
    if len(names) != _NAMES[kind]:
        return None
    return Cell(Comparison(kind, round_id, *names), int(found[2]), int(found[3]))


def is_cell(text: str) -> bool:
    """Whether a text names a cell."""
    return read_cell(text, 1) is not None


def faces_in_cell(db: Database, cell: Cell, viewer_id: int) -> tuple[int, ...]:
    """Sample ids of the faces of a cell, rising, as far as the viewer may know of them."""
    sql = f"SELECT f.sample_id {compared(cell.of)} AND f.row = :row AND f.col = :column ORDER BY 1"
    rows = db.execute(sql, compared_values(cell.of, viewer_id) | {"row": cell.row, "column": cell.column})
    return tuple(sample_id for (sample_id,) in rows)


def compared(of: Comparison) -> str:
    """SQL: FROM and WHERE of the faces f, with row and col, and of their samples s; parameters: `compared_values`."""
    return f"FROM ({PAIRED[of.kind]}) f JOIN sample s ON s.id = f.sample_id WHERE {PRESENT} AND NOT {hidden(of)}"


def hidden(of: Comparison) -> str:
    """SQL of a face f and the person :viewer: whether the comparison may not show it yet."""
    return open_audit("f.sample_id") if of.kind == "proposed" else WITHHELD


def compared_values(of: Comparison, viewer_id: int) -> dict[str, int | str]:
    """The parameters of `compared`."""
    return {"round": of.round, "first": of.first, "second": of.second, "viewer": viewer_id}


def _says(table: str) -> str:
    return f"coalesce({table}.label, iif({table}.action = 'exclude', {EXCLUDED}, {UNSURE}))"


def _reader(name: str) -> str:
    """The newest answer that stands to each face, of the person of that parameter."""
    return (
        f"(SELECT d.sample_id, {_says('d')} AS says, max(d.seq) FROM live_decision d WHERE d.round_id = :round "
        f"AND d.adjudicates = 0 AND d.person_id = (SELECT id FROM person WHERE name = :{name}) GROUP BY d.sample_id)"
    )


PAIRED: Mapping[ComparisonKind, str] = {
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
"""SQL that yields (sample_id, row, col), a face once."""
