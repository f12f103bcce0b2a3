"""Programs in strings, which tests and benchmarks run in processes of their own, some on machines with a GPU alone."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
NEVER_RUN = "test_private_names.py"
"""Has sources to be read."""
SOURCES = [
    path
    for folder in ("tests", "benchmarks")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if path.name != NEVER_RUN
]
OURS = ("scn_core", "review_app", "tests", "benchmarks")


def programs(source: str) -> Iterator[ast.Module]:
    """Every string of a source that is a program of several lines with an import."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "import " in node.value:
            try:
                program = ast.parse(node.value)
            except (SyntaxError, ValueError):
                continue
            if len(program.body) > 1 and any(isinstance(line, ast.Import | ast.ImportFrom) for line in program.body):
                yield program


def exists(module: str, name: str) -> bool:
    """Whether a module of ours has a name, as far as its text tells."""
    base = ROOT.joinpath(*module.split("."))
    if (base / name).is_dir() or (base / f"{name}.py").exists():
        return True
    file = base / "__init__.py" if base.is_dir() else base.with_suffix(".py")
    return file.exists() and name in {
        found
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        for found in (
            [node.name]
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            else [node.id]
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
            else [alias.asname or alias.name for alias in node.names]
            if isinstance(node, ast.Import | ast.ImportFrom)
            else []
        )
    }


def undefined(found: list[ast.Module], folder: Path) -> str:
    """What ruff says of names that the programs use and have not defined."""
    for number, program in enumerate(found):
        (folder / f"{number}.py").write_text(ast.unparse(program), encoding="utf-8")
    ruff = [sys.executable, "-m", "ruff", "check", "--isolated", "--quiet", "--select", "F821", str(folder)]
    return subprocess.run(ruff, capture_output=True, text=True, timeout=300).stdout


def test_names_in_programs_are_defined_and_what_they_import_is_there(tmp_path: Path) -> None:
    found = [program for path in SOURCES for program in programs(path.read_text(encoding="utf-8"))]
    assert len(found) > 10
    assert undefined(found, tmp_path) == ""
    imports = [line for program in found for line in ast.walk(program) if isinstance(line, ast.ImportFrom)]
    ours = [(line.module, alias.name) for line in imports for alias in line.names if line.module and not line.level]
    missing = [pair for pair in ours if pair[0].split(".")[0] in OURS and not exists(*pair)]
    assert missing == []


def test_a_name_that_nobody_imported_is_found(tmp_path: Path) -> None:
    (program,) = programs('run("""\nimport torch\ngraph = StepGraph(torch.Generator())\n""")')
    assert "F821" in undefined([program], tmp_path)
    assert not exists("scn_core.training.graphs", "StepGraphs")
