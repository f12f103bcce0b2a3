"""Numbers with a noun behind them are worded by `counted`, so that no page and no command says "1 faces"."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from scn_core.errors import counted

ROOT = Path(__file__).parents[1]
FOLDERS = ("review_app", "scn_core/cli", "scn_core/review")
NOUNS = "faces|rows|labels|answers|decisions|proposals|readings|people|pictures|rounds|votes|tokens|tasks|leases"
FOLLOWS = re.compile(rf" ({NOUNS})\b(?!/)")
ESTIMATES = ROOT / "scn_core" / "review" / "quality" / "advice.py"
"""Between its number and the noun stands an interval."""


def plurals_by_hand(path: Path) -> Iterator[str]:
    """f-strings of a module in which such a noun follows a value: the value as it is written, and what follows."""
    source = path.read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.JoinedStr):
            continue
        for value, after in zip(node.values, node.values[1:], strict=False):
            if isinstance(value, ast.FormattedValue) and isinstance(after, ast.Constant):
                format_spec = ast.unparse(value.format_spec) if value.format_spec else ""
                is_number = "," in format_spec or "len(" in ast.unparse(value.value) or not format_spec
                if is_number and FOLLOWS.match(str(after.value)):
                    yield f"{path.relative_to(ROOT)}: {{{ast.unparse(value.value)}}}{str(after.value)[:30]}"


def test_a_number_and_its_noun_agree() -> None:
    assert [counted(n, "face") for n in (0, 1, 2648)] == ["0 faces", "1 face", "2,648 faces"]
    assert [counted(n, "person", "people") for n in (1, 2)] == ["1 person", "2 people"]


def test_no_plural_is_made_by_hand() -> None:
    modules = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py")) if path != ESTIMATES]
    assert len(modules) > 100
    by_hand = [found for path in modules for found in plurals_by_hand(path)]
    assert not by_hand, "\n".join(by_hand)
