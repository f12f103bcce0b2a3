"""The review app's floors: imports go down only, pages hold no SQL, and nothing here waits for torch."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "review_app"
SOURCES = sorted(PACKAGE.rglob("*.py"))

GROUND = frozenset({"settings", "grid_files", "theme"})
MAY_IMPORT: dict[str, frozenset[str]] = {
    **dict.fromkeys(GROUND, frozenset()),
    "http": GROUND,
    "wal_watch": GROUND | {"http"},
    "database": GROUND | {"http", "wal_watch"},
    "auth": GROUND | {"database", "http"},
    "api": GROUND | {"database", "auth", "http", "trainer_process"},
    "page_socket": GROUND | {"database", "auth", "http"},
    "hooks": GROUND | {"database", "auth", "http", "server_lock"},
    "routes": GROUND | {"database", "auth", "api", "http", "page_socket"},
    "components": GROUND,
    "charts": GROUND,
    "state": GROUND,
    "low_priority": frozenset(),
    "trainer_process": GROUND | {"database", "low_priority"},
    "queries": GROUND | {"database", "trainer_process"},
    "commands": GROUND | {"database", "auth", "queries", "trainer_process"},
    "keeper": GROUND | {"http", "low_priority", "trainer_process"},
    "order_worker": GROUND | {"database", "keeper"},
    "damage_check": GROUND | {"database", "keeper"},
    "last_copy": GROUND | {"database", "keeper"},
    "dead_trainer": GROUND | {"database", "http", "trainer_process"},
    "views": GROUND | {"auth", "components", "charts", "state", "queries", "commands"},
    "app": GROUND | {"views", "queries"},
    "server_lock": GROUND,
    "server": GROUND
    | {"api", "server_lock", "database", "auth", "http", "hooks", "routes"}
    | {"keeper", "order_worker", "damage_check", "last_copy", "dead_trainer"},
    "client": frozenset(),
    "hub": GROUND | {"auth", "http", "routes", "server", "server_lock"},
    "cli": GROUND | {"auth", "client", "hooks", "http", "server", "hub"},
    "__main__": frozenset({"cli"}),
    "review_app": frozenset(),
}
"""Part -> the other parts it may import: a file or folder of review_app; 'review_app' is the package."""

STREAMLIT = {"app", "views", "components", "queries", "commands", "server", "routes", "page_socket"}
"""The parts that know Streamlit. Signing in and the routes of the grid do not."""

TORCH = (
    "scn_core.training", "scn_core.scn", "scn_core.bench", "scn_core.rounds.train", "scn_core.rounds.score_and_propose",
    "scn_core.rounds.lifecycle", "scn_core.rounds.disk_space", "scn_core.rounds.distributed_worker",
    "scn_core.rounds.training_outputs",
)  # fmt: skip

FETCHING = (
    "scn_core.datasets.remote", "scn_core.datasets.storage", "scn_core.datasets.fetching", "scn_core.workspace.fetched",
    "scn_core.workspace.update", "scn_core.workspace.relocate", "scn_core.inference.remote_pictures",
)  # fmt: skip
"""What fetches pictures from an address that somebody names, which must never be one that an annotator names."""


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
            if node.module in ("review_app", "scn_core.rounds"):
                yield from (f"{node.module}.{alias.name}" for alias in node.names)
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
            assert rest.split(".")[0] in MAY_IMPORT[part] | {part}, f"{source} imports {module}"
        assert top != "streamlit" or part in STREAMLIT, f"{source} imports {module}"
        assert not module.startswith((*TORCH, "torch")), module
        assert module not in FETCHING, f"{source} imports {module}"


def test_the_rules_themselves_go_down_only() -> None:
    order = TopologicalSorter({part: may - GROUND for part, may in MAY_IMPORT.items() if part not in GROUND})
    assert set(order.static_order()) == MAY_IMPORT.keys() - GROUND  # CycleError where there is a circle


@every_source
def test_only_the_store_speaks_sql(source: Path) -> None:
    text = source.read_text(encoding="utf-8")
    assert not re.search(r"\b(SELECT|INSERT INTO|UPDATE \w+ SET|DELETE FROM)\b", text)
    assert "sqlite3.connect" not in text


@every_source
def test_sources_are_short_and_know_no_place_outside(source: Path) -> None:
    text = source.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 400
    assert not re.search(r"\.\./shared|/home/|/root/|/work/|/Users/|C:\\", text)


def test_the_app_never_imports_torch_and_the_server_starts_without_pandas() -> None:
    names = [".".join(source.relative_to(PACKAGE.parent).with_suffix("").parts) for source in SOURCES]
    wanted = [name.removesuffix(".__init__") for name in names if not name.endswith(("__main__", ".app"))]
    assert {"review_app.api.pages", "review_app.views.review", "review_app.server"} <= set(wanted)
    code = (
        "import importlib, sys, review_app.cli, review_app.server as server\nserver._warm_up()\n"
        f"assert 'pandas' not in sys.modules\nfor name in {wanted!r}:\n    importlib.import_module(name)\n"
        "print(*sorted({'torch', 'torchvision', 'sklearn'} & set(sys.modules)))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=PACKAGE.parent, capture_output=True, text=True, check=True, timeout=300
    )
    assert ran.stdout.strip() == ""
