"""Imports go down only, there are no circles, and what people open in a browser or a script never waits for torch."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "scn_core"
SOURCES = sorted(PACKAGE.rglob("*.py"))

GROUND = frozenset(
    {
        "scn_core",
        "class_names",
        "errors",
        "files",
        "import_balance",
        "intervals",
        "records",
        "picture_records",
        "config",
        "disk",
        "permissions",
        "shell",
        "made_with",
        "hook_settings",
        "without_pandas",
        "principal_components",
    }
)
STORE = frozenset(
    {
        "store",
        "store.schema",
        "store.people",
        "store.decisions",
        "store.queue",
        "store.rounds",
        "store.reports",
        "store.check",
    }
)
READERS = GROUND | STORE | {"datasets"}
MAY_IMPORT: dict[str, frozenset[str]] = {
    **dict.fromkeys(GROUND, GROUND),
    "scn_core": frozenset({"errors", "api"}),
    "store.schema": frozenset(),
    "store": GROUND | {"store.schema"},
    "store.people": GROUND | {"store", "store.schema"},
    "store.decisions": GROUND | {"store", "store.schema", "store.people"},
    "store.queue": GROUND | {"store", "store.schema", "store.people", "store.decisions"},
    "store.rounds": GROUND | {"store", "store.schema", "store.queue"},
    "store.projections": GROUND | {"store", "store.schema", "store.decisions"},
    "store.check": GROUND | {"store", "store.decisions"},
    "store.reports": GROUND | {"store", "store.schema", "store.people", "store.decisions", "store.queue"},
    "datasets": GROUND,
    "scn": GROUND,
    "scn.suspicion": GROUND,
    "scn.opinions": GROUND | {"scn.suspicion"},
    "training": GROUND | {"scn", "scn.suspicion"},
    "workspace": READERS | {"store.projections"},
    "exchange.export": READERS,
    "exchange.import_decisions": READERS | {"exchange.export"},
    "exchange.opinions": READERS | {"workspace"},
    "exchange": frozenset(),
    "review": READERS | {"workspace", "scn.suspicion", "scn.opinions"},
    "rounds.inputs": READERS,
    "rounds.features": GROUND | {"workspace"},
    "rounds.artifacts": GROUND | {"workspace", "rounds.features", "rounds.draw_map"},
    "rounds.draw_map": READERS | {"workspace", "rounds.features"},
    "rounds.far_faces": READERS | {"workspace", "rounds.features"},
    "rounds.earlier": READERS,
    "rounds.compare": READERS | {"workspace", "rounds.compare_accuracy"},
    "rounds.compare_accuracy": READERS | {"workspace", "rounds.artifacts"},
    "rounds.opinions_used": GROUND | {"scn.opinions"},
    "rounds.score_and_propose": GROUND | {"scn", "scn.suspicion", "scn.opinions", "training", "rounds.inputs"},
    "rounds.network": GROUND | {"scn", "training"},
    "rounds.from_opinions": READERS
    | {"scn.suspicion", "scn.opinions", "workspace"}
    | {"rounds.inputs", "rounds.artifacts", "rounds.features", "rounds.earlier", "rounds.opinions_used"},
    "rounds.training_outputs": GROUND | {"scn", "training", "rounds.inputs", "rounds.artifacts", "rounds.features"},
    "rounds.lifecycle": READERS | {"training", "workspace"},
    "rounds.disk_space": GROUND | {"scn", "scn.suspicion", "rounds.features"},
    "rounds.distributed_worker": READERS | {"scn", "training", "workspace"},
    "rounds.train": READERS
    | {
        "scn",
        "scn.suspicion",
        "training",
        "workspace",
        "rounds.inputs",
        "rounds.artifacts",
        "rounds.compare_accuracy",
        "rounds.score_and_propose",
        "rounds.opinions_used",
        "rounds.network",
        "rounds.training_outputs",
        "rounds.lifecycle",
        "rounds.disk_space",
        "rounds.earlier",
        "rounds.distributed_worker",
    },
    "rounds.pack": READERS
    | {"workspace", "rounds.inputs", "rounds.artifacts", "rounds.features", "rounds.earlier"}
    | {"rounds.compare_accuracy", "rounds.lifecycle", "rounds.train"},
    "rounds": frozenset(),
    "inference": READERS | {"exchange.export"},
    "inference.predict": READERS | {"training", "rounds.network", "inference"},
    "inference.export_model": GROUND | {"training", "rounds.network"},
    "bench": READERS | {"scn", "training", "workspace", "rounds.lifecycle", "rounds.train"},
    "erase": READERS | {"workspace", "rounds.artifacts"},
    "take_out_again": READERS | {"erase", "rounds.artifacts"},
    "cli.run": GROUND,
    "cli": READERS
    | {"training", "workspace", "exchange.export", "exchange.import_decisions", "review", "bench", "cli.run", "erase"}
    | {"take_out_again", "inference", "inference.predict", "inference.export_model", "exchange.opinions"}
    | {"rounds.lifecycle", "rounds.train", "rounds.distributed_worker", "rounds.pack", "rounds.network"}
    | {
        "rounds.artifacts",
        "dataframes",
        "rounds.compare",
        "rounds.compare_accuracy",
        "rounds.from_opinions",
        "rounds.draw_map",
    }
    | {"rounds.far_faces"},
    "arguments": READERS | {"exchange.opinions"},
    "dataframes": READERS | {"review", "inference"},
    "api_opinions": READERS
    | {"workspace", "exchange.opinions", "arguments", "dataframes", "cli", "rounds.from_opinions"},
    "api": READERS
    | {"workspace", "exchange.export", "exchange.import_decisions", "review", "arguments", "dataframes", "cli", "erase"}
    | {"api_opinions", "rounds.lifecycle", "rounds.train"},
    "__main__": frozenset({"cli"}),
}
"""Part -> the other parts it may import. A part is a folder or a file of scn_core; 'scn_core' is the package itself,
which imports `api` when a name of it is first used: of the package, others read the version alone.

A module belongs to the longest part that its name begins with.
"""

ALLOWED_BY_IMPORT_SCN_CORE = {"scn_core", "scn_core.errors"}
"""What `import scn_core` loads of ours. Nothing else but the standard library: no pandas, numpy, SQLite or torch."""

TORCH = {"scn", "training", "bench", "__main__", "inference.predict", "inference.export_model"} | {
    f"rounds.{name}"
    for name in (
        "score_and_propose",
        "network",
        "training_outputs",
        "lifecycle",
        "disk_space",
        "distributed_worker",
        "train",
    )
}
"""The parts that import torch as they are imported themselves."""


def part_of(module: str) -> str:
    """scn_core.store.queue.build_queue -> store.queue."""
    names = module.split(".")[1:]
    for end in range(len(names), 0, -1):
        if ".".join(names[:end]) in MAY_IMPORT:
            return ".".join(names[:end])
    assert not names, f"a new part: say here what {module} may import"
    return module


def module_of(source: Path) -> str:
    names = source.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(names[:-1] if names[-1] == "__init__" else names)


MODULES = {module_of(source): source for source in SOURCES}


def imported(source: Path) -> Iterator[str]:
    """Every module of ours that a file imports, inside functions too; a name that is a module counts as that module."""
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "scn_core")
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{source}: relative import"
            if node.module is not None and node.module.split(".")[0] == "scn_core":
                for alias in node.names:
                    full = f"{node.module}.{alias.name}"
                    yield full if full in MODULES else node.module


def run_python(code: str) -> str:
    """What a new interpreter prints."""
    return subprocess.run(
        [sys.executable, "-c", code], cwd=PACKAGE.parent, capture_output=True, text=True, check=True, timeout=300
    ).stdout


every_source = pytest.mark.parametrize("source", SOURCES, ids=lambda source: str(source.relative_to(PACKAGE)))


@every_source
def test_imports_go_down_only(source: Path) -> None:
    part = part_of(module_of(source))
    for module in imported(source):
        assert part_of(module) in MAY_IMPORT[part] | {part}, f"{source} imports {module}"


def test_the_rules_themselves_go_down_only() -> None:
    order = TopologicalSorter({part: may - GROUND for part, may in MAY_IMPORT.items() if part not in GROUND})
    assert set(order.static_order()) == MAY_IMPORT.keys() - GROUND  # CycleError where there is a circle
    assert set().union(*MAY_IMPORT.values()) <= MAY_IMPORT.keys()


def test_no_circle_of_modules() -> None:
    edges = {name: set(imported(source)) - {name} for name, source in MODULES.items()}
    edges["scn_core"] -= {"scn_core.api"}  # not before the package is there: see the two tests below
    TopologicalSorter(edges).prepare()  # CycleError names the circle


@every_source
def test_of_the_package_itself_only_the_version_is_read(source: Path) -> None:
    if source == PACKAGE / "__init__.py":
        return
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            assert "scn_core" not in {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module == "scn_core":
            names = {alias.name for alias in node.names if f"scn_core.{alias.name}" not in MODULES}
            assert names <= {"__version__"}


def test_importing_the_package_loads_next_to_nothing() -> None:
    code = (
        "import sys\nbefore = set(sys.modules)\nimport scn_core\nloaded = set(sys.modules) - before\n"
        "print(*sorted(name for name in loaded if name.partition('.')[0] not in sys.stdlib_module_names))"
    )
    assert set(run_python(code).split()) == ALLOWED_BY_IMPORT_SCN_CORE


def test_opening_a_workspace_waits_for_neither_scikit_learn_nor_torch() -> None:
    code = (
        "import sys\nimport scn_core as scn\ntry:\n    scn.open('nowhere')\nexcept scn.WorkspaceError:\n"
        "    print(*sorted({'sklearn', 'torch'} & set(sys.modules)), 'tqdm' in sys.modules)"
    )
    assert run_python(code).split() == ["True"]


def test_the_walk_sees_imports() -> None:
    seen = set(imported(MODULES["scn_core.rounds.lifecycle"]))
    assert {"scn_core", "scn_core.store.rounds.states", "scn_core.training.checkpoint"} <= seen
    assert "scn_core.rounds.train" in set(imported(MODULES["scn_core.cli.main"]))  # within a function
    assert part_of("scn_core.store.queue.build_queue") == "store.queue"
    assert part_of("scn_core.store.samples") == "store"


def test_the_torch_free_half_never_imports_torch() -> None:
    modules = [name for name in MODULES if part_of(name) not in TORCH]
    assert {
        "scn_core.store.rounds.states",
        "scn_core.datasets.demo_faces.face",
        "scn_core.cli.main",
        "scn_core.api",
        "scn_core.dataframes",
        "scn_core.rounds.pack.away",
        "scn_core.rounds.artifacts",
        "scn_core.review.evaluate",
    } <= set(modules)
    code = (
        "import importlib, sys, scn_core.cli.main\nprint('sklearn' in sys.modules)\n"
        f"for name in {modules!r}:\n    importlib.import_module(name)\n"
        "print(*sorted({'torch', 'torchvision', 'streamlit', 'plotly'} & set(sys.modules)))"
    )
    assert run_python(code).split() == ["False"], "every command would wait for scikit-learn; or what imports torch"


@every_source
def test_sources_are_short_and_know_no_place_outside(source: Path) -> None:
    text = source.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 400
    assert not re.search(r"\.\./shared|/home/|/root/|/work/|/Users/|C:\\", text)


def test_sources_stay_under_400_lines() -> None:
    long = [source.name for source in SOURCES if len(source.read_text(encoding="utf-8").splitlines()) > 400]
    assert len(long) <= len(SOURCES) // 20, long
