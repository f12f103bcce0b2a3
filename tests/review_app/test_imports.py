"""The review app's floors: imports go down only, pages hold no SQL, and nothing here waits for torch."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "review_app"
SOURCES = sorted(PACKAGE.rglob("*.py"))

GROUND = frozenset({"settings", "refused", "grid_files", "theme"})
MAY_IMPORT: dict[str, frozenset[str]] = {
    **dict.fromkeys(GROUND, frozenset()),
    "database": GROUND,
    "doors": GROUND | {"database", "doors"},
    "api": GROUND | {"database", "doors", "api"},
    "routes": GROUND | {"database", "doors", "api"},
    "components": GROUND,
    "charts": GROUND | {"charts"},
    "state": GROUND,
    "queries": GROUND | {"database", "queries", "trainer"},
    "commands": GROUND | {"database", "doors", "queries", "commands", "trainer"},
    "trainer": GROUND | {"database"},
    "order_keeper": GROUND | {"database", "trainer"},
    "views": GROUND | {"views", "doors", "components", "charts", "state", "queries", "commands"},
    "app": GROUND | {"views", "queries"},
    "server": GROUND | {"database", "doors", "routes", "order_keeper"},
    "cli": GROUND | {"doors", "server"},
    "__main__": frozenset({"cli"}),
    "review_app": frozenset(),
}
"""Part -> the parts it may import: a file or folder directly under review_app; 'review_app' is the package itself."""

STREAMLIT = {"app", "views", "components", "queries", "commands", "server", "routes"}
"""The parts that know Streamlit. The doors and the routes of the grid do not."""


def part_of(source: Path) -> str:
    first = source.relative_to(PACKAGE).parts[0].removesuffix(".py")
    return "review_app" if first == "__init__" else first


def modules(source: Path) -> Iterator[str]:
    """Every module a file imports, inside functions too; a name imported from the package counts as its part."""
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{source}: relative import"
            assert node.module
            if node.module == "review_app":
                yield from (f"review_app.{alias.name}" for alias in node.names)
            else:
                yield node.module


every_source = pytest.mark.parametrize("source", SOURCES, ids=lambda source: str(source.relative_to(PACKAGE)))


@every_source
def test_imports_go_down_only(source: Path) -> None:
    part = part_of(source)
    assert part in MAY_IMPORT, f"a new part: say here what {part} may import"
    for module in modules(source):
        top, _, rest = module.partition(".")
        if top == "review_app":
            assert rest.split(".")[0] in MAY_IMPORT[part], f"{source} imports {module}"
        assert top != "streamlit" or part in STREAMLIT, f"{source} imports {module}"
        assert not module.startswith(("scn_core.training", "scn_core.scn", "scn_core.rounds", "torch")), module


@every_source
def test_only_the_store_speaks_sql(source: Path) -> None:
    text = source.read_text(encoding="utf-8")
    assert not re.search(r"\b(SELECT|INSERT INTO|UPDATE \w+ SET|DELETE FROM)\b", text)
    assert "sqlite3.connect" not in text


@every_source
def test_sources_are_short_and_know_no_place_outside(source: Path) -> None:
    text = source.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 250
    assert not re.search(r"\.\./shared|/home/|/root/|/work/|/Users/|C:\\", text)


def test_the_app_never_imports_torch() -> None:
    names = [".".join(source.relative_to(PACKAGE.parent).with_suffix("").parts) for source in SOURCES]
    wanted = [name.removesuffix(".__init__") for name in names if not name.endswith(("__main__", ".app"))]
    assert {"review_app.api.pages", "review_app.views.review", "review_app.server"} <= set(wanted)
    code = (
        f"import importlib, sys\nfor name in {wanted!r}:\n    importlib.import_module(name)\n"
        "print(*sorted({'torch', 'torchvision', 'sklearn'} & set(sys.modules)))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=PACKAGE.parent, capture_output=True, text=True, check=True, timeout=300
    )
    assert ran.stdout.strip() == ""
