"""The tables on finding wrong labels in benchmarks/README.md, against the raw file that they are made from."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from statistics import mean
from typing import Any

import pytest

from benchmarks.cleaning.tables import spread

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
Cell = dict[str, Any]
Figure = Callable[[Cell], float]


def _score(name: str, column: str) -> Figure:
    return lambda cell: cell["rows"][name][column]


def _answered(name: str) -> Figure:
    return lambda cell: cell["answered"][name]


def _proposals(column: str) -> Figure:
    return lambda cell: cell["proposals"]["**cured, probable**"][column]


def _review(order: str, reader: str, figure: Callable[[Any], float]) -> Figure:
    def find(cell: Cell) -> float:
        (review,) = (each for each in cell["reviews"] if (each["order"], each["reader"]) == (order, reader))
        return figure(review)

    return find


def _after_30(review: Any) -> float:
    after: list[float] = review["accuracy"]
    return after[3]


LEARNED, SECOND = "**learned order**", "**learned order** with the second opinion"
SUSPICION, WITH_SECOND = "**suspicion**", "**suspicion** with the second opinion"
TABLES: dict[str, dict[int, Figure]] = {
    "| labels | n | wrong | AP: suspicion | its earlier formula |": {
        2: lambda cell: cell["wrong"], 3: _score(SUSPICION, "average_precision"),
        6: _score(SUSPICION, "precision_at_k"),
    },
    "| labels | after 30 %: learned order | earlier |": {
        1: _review(LEARNED, "perfect", _after_30), 3: _review(LEARNED, "perfect", lambda each: each["area"]),
        5: _review(LEARNED, "perfect", lambda each: each["hits"]),
    },
    "| labels | suspicion, no answers | earlier |": {
        1: _answered("error after 0"), 3: _answered("error after 20"), 4: _answered("error after 100"),
        5: _answered("error after 300"), 6: _answered("AP after 0"), 7: _answered("AP after 20"),
        8: _answered("AP after 100"), 9: _answered("AP after 300"),
    },
    "| labels | proposals | given wrong |": {
        1: _proposals("count"), 2: _proposals("precision"), 3: _proposals("label_right"),
    },
    "| labels | AP: suspicion | with the second opinion |": {
        1: _score(SUSPICION, "average_precision"), 2: _score(WITH_SECOND, "average_precision"),
        3: _score(SUSPICION, "precision_at_k"), 4: _score(WITH_SECOND, "precision_at_k"),
    },
}  # fmt: skip
"""Beginning of the head of a table, and what its columns are; of the others the raw file has nothing."""


def _rows(head: str) -> dict[str, list[str]]:
    """The rows of the table of README whose head begins so, by their first cell."""
    lines = iter((BENCHMARKS / "README.md").read_text(encoding="utf-8").splitlines())
    assert any(line.startswith(head) for line in lines), head
    next(lines)
    rows = {}
    for line in lines:
        if not line.startswith("|"):
            break
        name, *cells = (cell.strip() for cell in line.strip("|").split("|"))
        rows[name] = [name, *cells]
    return rows


def _cells() -> dict[str, list[Cell]]:
    found: dict[str, list[Cell]] = {}
    for cell in json.loads((BENCHMARKS / "results" / "label_cleaning.json").read_text(encoding="utf-8"))["cells"]:
        longer = f", {cell['epochs']} epochs" if "epochs" in cell else ""
        found.setdefault(cell["noise"] + longer, []).append(cell)
    return found


@pytest.mark.parametrize("head", TABLES)
def test_tables_are_those_of_the_raw_file(head: str) -> None:
    raw, wrong = _cells(), []
    rows = _rows(head)
    assert len(rows) >= 5
    for name, cells in rows.items():
        for column, figure in TABLES[head].items():
            values = [figure(cell) for cell in raw[name]]
            due = f"{mean(values):,.0f}" if max(values) > 1 else spread(values)
            if column == 2 and "| n |" in head:
                due = f"{mean(values):.3f}"
            if (shown := cells[column].replace("**", "")) != due:
                wrong.append(f"{name}, column {column}: {shown}, raw {due}")
    assert not wrong


def test_learned_orders_with_a_second_opinion_are_those_of_the_raw_file() -> None:
    lines = (BENCHMARKS / "README.md").read_text(encoding="utf-8").splitlines()
    start = next(
        i for i, line in enumerate(lines) if line.startswith("| labels | reader | after 30 %: learned order |")
    )
    raw, seen = _cells(), 0
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        name, reader, *shown = (cell.strip() for cell in line.strip("|").split("|"))
        due = [
            spread([_review(order, reader, figure)(cell) for cell in raw[name]])
            for figure in (_after_30, lambda each: each["hits"])
            for order in (LEARNED, SECOND)
        ]
        assert shown == due, (name, reader)
        seen += 1
    assert seen == 10
