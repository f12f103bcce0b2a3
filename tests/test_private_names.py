"""No module reads what another one keeps for itself: names that begin with an underscore."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted(path for folder in ("scn_core", "review_app", "benchmarks") for path in (ROOT / folder).rglob("*.py"))

PUBLIC = {"_asdict", "_fields", "_make", "_replace", "_exit"}
"""Of named tuples and of module os, whatever they look like; the standard library documents them."""

NO_PUBLIC_NAME = {
    "_BatchNorm", "_foreach_add_", "_foreach_mul_", "_foreach_sub", "_overloadpacket", "_sample_dirichlet",
    "_config_options_template",
}  # fmt: skip
"""Of torch and, the last, of Streamlit: there is no other way to what they say or do."""


def private_names(source: str) -> Iterator[str]:
    """Every private name of another module or object that a source reads, with its line."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            yield from (f"{node.lineno}: import {alias.name}" for alias in node.names if is_private(alias.name))
        elif isinstance(node, ast.Attribute) and is_private(node.attr):
            own = isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
            if not own and node.attr not in PUBLIC | NO_PUBLIC_NAME:
                yield f"{node.lineno}: {ast.unparse(node)}"


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_reads_private_names_of_another(source: Path) -> None:
    assert list(private_names(source.read_text(encoding="utf-8"))) == []


def test_a_private_name_would_be_noticed() -> None:
    source = "from a import _b\nimport c\nc._d\nself._e\nc.__file__\nrow._replace(x=1)\nself.h._i\n"
    assert list(private_names(source)) == ["1: import _b", "3: c._d", "7: self.h._i"]
