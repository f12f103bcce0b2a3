"""The grid's modules that need no browser, tested by Node's own runner: tests/review_app/grid/*.test.mjs."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from review_app.grid_files import FOLDER

TESTS = Path(__file__).parent / "grid"
NODE = shutil.which("node")


@pytest.mark.skipif(NODE is None, reason="node is not installed")
@pytest.mark.parametrize("test", sorted(TESTS.glob("*.test.mjs")), ids=lambda path: path.name.split(".")[0])
def test_module(test: Path, tmp_path: Path) -> None:
    # Without a package.json, older versions of Node would not take the modules for modules.
    shutil.copytree(FOLDER, tmp_path / "grid", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    shutil.copy(test, tmp_path)
    (tmp_path / "package.json").write_text('{"type": "module"}', encoding="utf-8")
    ended = subprocess.run([str(NODE), "--test", test.name], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_modules_are_short_and_never_take_data_for_markup() -> None:
    modules = sorted(FOLDER.glob("*.js"))
    assert modules
    too_long = [path.name for path in modules if len(path.read_text(encoding="utf-8").splitlines()) >= 250]
    assert not too_long
    assert not [path.name for path in modules if "innerHTML" in path.read_text(encoding="utf-8")]
