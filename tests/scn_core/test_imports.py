"""Imports go down only, and what people open in a browser or a script never waits for torch."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "scn_core"
SOURCES = sorted(PACKAGE.rglob("*.py"))

GROUND = frozenset({"scn_core", "errors", "labels", "records", "config"})
READERS = GROUND | {"store", "datasets"}
MAY_IMPORT: dict[str, frozenset[str]] = {
    **dict.fromkeys(GROUND, GROUND),
    "store": GROUND | {"store"},
    "datasets": GROUND | {"datasets"},
    "scn": GROUND | {"scn"},
    "training": GROUND | {"scn", "training"},
    "workspace_toml": GROUND,
    "workspace": READERS | {"workspace_toml"},
    "reference_labels": READERS,
    "evaluate": READERS | {"reference_labels"},
    "export": READERS | {"export"},
    "outputs": READERS | {"workspace"},
    "cli_labels": READERS | {"cli_options", "export", "import_decisions", "outputs", "progress", "workspace"},
    "import_decisions": READERS | {"export", "import_decisions"},
    "compare": READERS,
    "round_faces": READERS,
    "status": READERS | {"workspace"},
    "clean": READERS | {"workspace"},
    "reports": READERS | {"evaluate"},
    "thumbnails": READERS | {"workspace"},
    "round_files": GROUND | {"workspace"},
    "progress": GROUND | {"training"},  # for types alone: see the test that counts torch
    "round_results": GROUND | {"scn", "training", "round_faces", "round_files"},
    "round_begin": READERS | {"training", "workspace"},
    "round_follow": READERS | {"scn", "training", "workspace"},
    "rounds": READERS
    | {"round_follow", "scn", "training", "workspace", "round_begin", "round_faces", "round_results", "thumbnails"},
    "command_line": GROUND,
    "threads": GROUND,
    "quality": READERS | {"quality"},
    "cli_options": GROUND,
    "cli_quality": READERS | {"cli_options", "quality", "workspace"},
    "order": READERS,
    "cli_order": READERS | {"cli_options", "order", "workspace"},
    "simulate": READERS | {"order", "reference_labels", "simulate", "workspace"},
    "round_pack": READERS
    | {
        "workspace",
        "workspace_toml",
        "round_faces",
        "round_begin",
        "round_files",
        "rounds",
        "thumbnails",
        "round_pack",
    },
    "cli_rounds": READERS | {"cli_options", "outputs", "progress", "round_pack", "workspace"},
    "cli_simulate": READERS | {"cli_options", "progress", "round_begin", "rounds", "simulate", "workspace"},
    "bench": READERS | {"bench", "scn", "training", "round_begin", "rounds", "workspace"},
    "cli_bench": GROUND | {"cli_options", "bench", "outputs"},
    "cli": READERS
    | {
        "threads",
        "cli_bench",
        "clean",
        "command_line",
        "cli_options",
        "cli_order",
        "cli_quality",
        "cli_rounds",
        "cli_simulate",
        "cli_labels",
        "round_begin",
        "round_follow",
        "rounds",
        "training",
        "workspace",
        "evaluate",
        "status",
        "reports",
        "progress",
    },
    "__main__": frozenset({"cli"}),
}
"""Part -> the parts it may import: a file or folder directly under scn_core; 'scn_core' is the package itself."""

TORCH_FREE = MAY_IMPORT.keys() - {
    "bench",
    "scn",
    "training",
    "round_results",
    "round_begin",
    "round_follow",
    "rounds",
    "__main__",
}


def part_of(module: str) -> str:
    """scn_core.store.rounds -> store."""
    return module.split(".")[1] if "." in module else module


def module_of(source: Path) -> str:
    names = source.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(names[:-1] if names[-1] == "__init__" else names)


def imported(source: Path) -> Iterator[str]:
    """Every module of ours that a file imports, inside functions too."""
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "scn_core")
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{source}: relative import"
            if node.module == "scn_core":  # a name of the package, or a module of it
                yield from (f"scn_core.{a.name}" if a.name in MAY_IMPORT else "scn_core" for a in node.names)
            elif node.module is not None and node.module.startswith("scn_core."):
                yield node.module


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: str(source.relative_to(PACKAGE)))
def test_imports_go_down_only(source: Path) -> None:
    part = part_of(module_of(source))
    assert part in MAY_IMPORT, f"a new part: say here what {part} may import"
    for module in imported(source):
        assert part_of(module) in MAY_IMPORT[part], f"{source} imports {module}"


def test_the_walk_sees_imports() -> None:
    seen = set(imported(PACKAGE / "round_begin.py"))
    assert {"scn_core", "scn_core.store", "scn_core.training.checkpoint"} <= seen
    assert "scn_core.rounds" in set(imported(PACKAGE / "cli.py"))


def test_the_torch_free_half_never_imports_torch() -> None:
    modules = [name for name in map(module_of, SOURCES) if part_of(name) in TORCH_FREE]
    assert {"scn_core.store.rounds", "scn_core.datasets.demo_faces.face"} <= set(modules)
    code = (
        f"import importlib, sys\nfor name in {modules!r}:\n    importlib.import_module(name)\n"
        "print(*sorted({'torch', 'torchvision', 'streamlit', 'plotly'} & set(sys.modules)))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=PACKAGE.parent, capture_output=True, text=True, check=True, timeout=300
    )
    assert ran.stdout.strip() == ""


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: str(source.relative_to(PACKAGE)))
def test_sources_are_short_and_know_no_place_outside(source: Path) -> None:
    text = source.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 300
    assert not re.search(r"\.\./shared|/home/|/root/|/work/|/Users/|C:\\", text)


def test_most_sources_stay_under_250_lines() -> None:
    long = [source.name for source in SOURCES if len(source.read_text(encoding="utf-8").splitlines()) > 250]
    assert len(long) <= len(SOURCES) // 20, long
