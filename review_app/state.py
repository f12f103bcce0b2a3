"""What the Review page shows, as the address bar says it: a round and a filter, both ways. Likewise a cell of a
confusion matrix, whose faces the page Samples lists.

The address is the only state. Controls write it and are set from it, so that a link, the back button and a reload show
the same faces. Classes are written as names; a name that would read as something else is written as its number.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from scn_core.records import QUEUE_DOUBTS, QUEUE_OPINIONS, QUEUE_ORDERS, QUEUE_PICTURES, QUEUE_STATES, QueueFilter
from scn_core.store.queue.area import AREA_WORDS, is_area
from scn_core.store.queue.cells import (
    CELL_WORDS,
    COMPARISONS,
    EXCLUDED,
    NO_PROPOSAL,
    UNSURE,
    Cell,
    Comparison,
    is_cell,
)
from scn_core.store.queue.filter import FACES_WORDS, is_faces

NONE = "none"
"""Stands for 'no proposal' where a class could stand."""
NOT_LABELS = {UNSURE: "unsure", EXCLUDED: "excluded", NO_PROPOSAL: NONE}
"""What else a cell of a confusion matrix may say."""
ALPHA_STEP = 0.05
LONGEST_NAME = 200

_Word = TypeVar("_Word", bound=str)
_NAMES = (
    "round", "state", "given", "proposed", "class", "doubt", "opinions", "alpha", "flag", "note", "reviewer", "picture",
    "area", "cell", "faces", "order", "group",
)  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """What an address asks for."""

    round: int | None = None
    """None: the round that is in review now."""
    where: QueueFilter = field(default_factory=QueueFilter)
    problems: tuple[str, ...] = ()
    """What could not be understood, and what is shown in its place. Plain text from the address: escape it."""


def read(params: Mapping[str, str], classes: Sequence[str]) -> Asked:
    """What an address asks for; a value that cannot be is left out and named among `problems`."""
    reader = _Reader(params, classes)
    low, high = reader.alpha()
    given, proposed, label = reader.label("given"), reader.proposed(), reader.label("class")
    where = QueueFilter(
        state=reader.word("state", QUEUE_STATES, QUEUE_STATES[0]),
        given=given,
        proposed=proposed,
        unproposed=proposed is None and params.get("proposed") == NONE,
        label=label,
        doubt=reader.word("doubt", QUEUE_DOUBTS, QUEUE_DOUBTS[0]),
        opinions=reader.word("opinions", QUEUE_OPINIONS, QUEUE_OPINIONS[0]),
        alpha_from=low,
        alpha_to=high,
        flagged=reader.switch("flag", "1"),
        noted=reader.switch("note", "1"),
        reviewer=reader.text("reviewer"),
        picture=reader.word("picture", QUEUE_PICTURES, QUEUE_PICTURES[0]),
        area=reader.checked("area", is_area, AREA_WORDS),
        cell=reader.checked("cell", is_cell, CELL_WORDS),
        faces=reader.checked("faces", is_faces, FACES_WORDS),
        order=reader.word("order", QUEUE_ORDERS, QUEUE_ORDERS[0]),
        grouped=reader.switch("group", "pair"),
    )
    return Asked(reader.number("round"), where, tuple(reader.problems))


def write(asked: Asked, classes: Sequence[str]) -> dict[str, str]:
    """The address that asks for it: what differs from the default only, so that addresses stay short."""
    where, default = asked.where, QueueFilter()
    parameters = {
        "round": None if asked.round is None else str(asked.round),
        "state": None if where.state == default.state else where.state,
        "given": _class_word(where.given, classes),
        "proposed": NONE if where.unproposed else _class_word(where.proposed, classes),
        "class": _class_word(where.label, classes),
        "doubt": None if where.doubt == default.doubt else where.doubt,
        "opinions": None if where.opinions == default.opinions else where.opinions,
        "alpha": f"{where.alpha_from:.2f}-{where.alpha_to:.2f}" if narrowed(where) else None,
        "flag": "1" if where.flagged else None,
        "note": "1" if where.noted else None,
        "reviewer": where.reviewer,
        "picture": None if where.picture == default.picture else where.picture,
        "area": where.area,
        "cell": where.cell,
        "faces": where.faces,
        "order": None if where.order == default.order else where.order,
        "group": "pair" if where.grouped else None,
    }
    return {name: value for name, value in parameters.items() if value is not None}


def read_comparison(params: Mapping[str, str], round_id: int) -> Comparison | None:
    """What an address compares in that round; None: it asks for none, or one there cannot be."""
    kind = next((each for each in COMPARISONS if each == params.get("compare")), None)
    return None if kind is None else Comparison(kind, round_id, params.get("first", ""), params.get("second", ""))


def write_comparison(of: Comparison) -> dict[str, str]:
    """The address that asks for it."""
    parameters = {"round": str(of.round), "compare": of.kind, "first": of.first, "second": of.second}
    return {name: value for name, value in parameters.items() if value}


def read_cell(params: Mapping[str, str], round_id: int, classes: Sequence[str]) -> Cell | None:
    """The cell of a confusion matrix that an address asks for; None likewise."""
    of = read_comparison(params, round_id)
    words = {_cell_word(label, classes): label for label in (*range(len(classes)), *NOT_LABELS)}
    row, column = (words.get(params.get(name, "")) for name in ("row", "column"))
    return None if of is None or row is None or column is None else Cell(of, row, column)


def write_cell(cell: Cell, classes: Sequence[str]) -> dict[str, str]:
    """The address that asks for it."""
    ends = {"row": _cell_word(cell.row, classes), "column": _cell_word(cell.column, classes)}
    return write_comparison(cell.of) | ends


def narrowed(where: QueueFilter) -> bool:
    """Whether alpha is limited."""
    return (where.alpha_from, where.alpha_to) != (0.0, 1.0)


CONDITIONS: dict[str, tuple[str, ...]] = {
    "pair": ("given", "proposed", "unproposed"), "class": ("label",), "doubt": ("doubt",), "picture": ("picture",),
    "opinions": ("opinions",), "reviewer": ("reviewer",), "alpha": ("alpha_from", "alpha_to"), "flag": ("flagged",),
    "note": ("noted",), "area": ("area",), "cell": ("cell",), "faces": ("faces",), "group": ("grouped",),
}  # fmt: skip
"""The folded controls: conditions that leave faces out, and grouping, with the fields of a filter that each sets."""


def active(where: QueueFilter) -> list[str]:
    """Which of `CONDITIONS` are set."""
    return [name for name in CONDITIONS if without(where, name) != where]


def without(where: QueueFilter, condition: str) -> QueueFilter:
    """The filter without one of `CONDITIONS`."""
    default = QueueFilter()
    return replace(where, **{field: getattr(default, field) for field in CONDITIONS[condition]})


def _class_word(label: int | None, classes: Sequence[str]) -> str | None:
    if label is None:
        return None
    name = classes[label]
    return str(label) if name == NONE or name.isdigit() else name


def _cell_word(label: int, classes: Sequence[str]) -> str:
    if label in NOT_LABELS:
        return NOT_LABELS[label]
    name = classes[label]
    return str(label) if name in NOT_LABELS.values() or name.isdigit() else name


class _Reader:
    """Reads one parameter after the other and remembers what was wrong with them."""

    def __init__(self, params: Mapping[str, str], classes: Sequence[str]) -> None:
        self._params, self._classes = params, classes
        self.problems = [
            f"the address asks for {name!r}, which is unknown; allowed: {', '.join(_NAMES)}"
            for name in params
            if name not in _NAMES
        ]

    def word(self, name: str, allowed: Sequence[_Word], default: _Word) -> _Word:
        found = self._params.get(name, default)
        for each in allowed:
            if each == found:
                return each
        return self._wrong(name, ", ".join(allowed), default)

    def switch(self, name: str, on: str) -> bool:
        found = self._params.get(name)
        return found == on if found in (None, on) else self._wrong(name, f"{on}, or nothing", False)

    def number(self, name: str) -> int | None:
        found = self._params.get(name)
        if found is None or (found.isascii() and found.isdigit() and len(found) < 10 and int(found) > 0):
            return None if found is None else int(found)
        return self._wrong(name, "a number from 1", None)

    def text(self, name: str) -> str | None:
        found = self._params.get(name)
        if found is None or 0 < len(found) <= LONGEST_NAME:
            return found
        return self._wrong(name, f"a name of 1 to {LONGEST_NAME} characters", None)

    def checked(self, name: str, good: Callable[[str], bool], allowed: str) -> str | None:
        found = self._params.get(name)
        return found if found is None or good(found) else self._wrong(name, allowed, None)

    def label(self, name: str) -> int | None:
        found = self._params.get(name)
        if found is None:
            return None
        for number in range(len(self._classes)):
            if found in (str(number), _class_word(number, self._classes)):
                return number
        return self._wrong(name, ", ".join(self._classes), None)

    def proposed(self) -> int | None:
        return None if self._params.get("proposed") == NONE else self.label("proposed")

    def alpha(self) -> tuple[float, float]:
        found = self._params.get("alpha")
        if found is None:
            return 0.0, 1.0
        steps = round(1 / ALPHA_STEP)
        try:
            low, high = (round(float(side) * steps) for side in found.split("-"))
        except (ValueError, OverflowError):  # OverflowError: 'inf'
            low, high = 0, -1
        if 0 <= low < high <= steps:
            return low / steps, high / steps
        return self._wrong("alpha", "two numbers of 0.00 to 1.00, such as 0.20-0.50", (0.0, 1.0))

    def _wrong(self, name: str, allowed: str, instead: _T) -> _T:
        self.problems.append(f"the address says {name}={self._params[name]}; allowed: {allowed}; left out")
        return instead


_T = TypeVar("_T")
