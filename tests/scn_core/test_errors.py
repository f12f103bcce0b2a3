"""How a message is worded is said in one place."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from scn_core.errors import error_text

PACKAGE = Path(__file__).parents[2] / "scn_core"
WORDED = [
    PACKAGE / "config.py",
    PACKAGE / "import_balance.py",
    *sorted((PACKAGE / "cli").rglob("*.py")),
    *sorted((PACKAGE / "workspace").rglob("*.py")),
    *(PACKAGE / "datasets" / f"{name}.py" for name in ("source", "registry", "csv_table", "noise")),
    PACKAGE / "review" / "simulate" / "reviewer.py",
]
"""What checks options, commands and workspace.toml."""


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (("--epochs", "0", "1 or more"), "--epochs: found 0; allowed: 1 or more"),
        (("", "no round", "one", "train first"), "found no round; allowed: one; train first"),
    ],
)
def test_the_words_are_these(said: tuple[str, ...], message: str) -> None:
    assert error_text(*said) == message


def by_hand(source: str) -> list[str]:
    return [
        node.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "allowed: " in node.value
    ]


@pytest.mark.parametrize("source", WORDED, ids=lambda source: str(source.relative_to(PACKAGE)))
def test_no_check_of_what_people_say_words_it_by_hand(source: Path) -> None:
    assert by_hand(source.read_text(encoding="utf-8")) == []


def test_the_walk_sees_words() -> None:
    assert by_hand("""raise ValueError(f"{flag}: found {x}; allowed: {y}")""") == ["; allowed: "]
