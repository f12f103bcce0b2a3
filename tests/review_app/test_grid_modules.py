"""The modules of grid and map that need no browser, tested by Node's own runner: tests/review_app/grid/*.test.mjs."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from review_app.grid_files import FOLDER, MAP_FOLDER, grid_modules

ROOT = Path(__file__).parents[2]
TESTS = Path(__file__).parent / "grid"
NODE = shutil.which("node")


@pytest.mark.skipif(NODE is None, reason="node is not installed")
@pytest.mark.parametrize("test", sorted(TESTS.glob("*.test.mjs")), ids=lambda path: path.name.split(".")[0])
def test_module(test: Path, tmp_path: Path) -> None:
    # Without a package.json, older versions of Node would not take the modules for modules.
    for folder in (FOLDER, MAP_FOLDER):
        shutil.copytree(folder, tmp_path / folder.name, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    for path in (test, TESTS / "fixtures.mjs"):
        shutil.copy(path, tmp_path)
    (tmp_path / "package.json").write_text('{"type": "module"}', encoding="utf-8")
    ended = subprocess.run([str(NODE), "--test", test.name], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_modules_are_short_and_never_take_data_for_markup() -> None:
    modules = sorted(FOLDER.parent.rglob("*.js"))
    assert {path.parent for path in modules} == {FOLDER, MAP_FOLDER, FOLDER.parent}
    assert len({path.name for path in modules}) == len(modules), "all are served from one folder"
    # Comments do not count: most of their lines are types.
    comment = re.compile(r"^ */\*\*.*?\*/\n", re.MULTILINE | re.DOTALL)
    code = {path.name: comment.sub("", path.read_text(encoding="utf-8")) for path in modules}
    too_long = [name for name, text in code.items() if len(text.splitlines()) >= 250]
    assert not too_long
    assert not [path.name for path in modules if "innerHTML" in path.read_text(encoding="utf-8")]


def test_what_is_fetched_ahead_is_what_the_grid_imports() -> None:
    reached, waiting = set[str](), ["main.js", "connection.js"]  # the second is in the page itself
    while waiting:
        name = waiting.pop()
        reached.add(name)
        found = re.findall(r'from "\./(\w+\.js)";', (FOLDER / name).read_text(encoding="utf-8"))
        waiting += set(found) - reached
    assert (grid_modules()[0], set(grid_modules())) == ("main.js", reached - {"connection.js"})


def test_npm_takes_its_packages_from_the_public_registry_alone() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert "node_modules/typescript" in packages
    sources = [package["resolved"] for package in packages.values() if "resolved" in package]
    assert not [source for source in sources if not source.startswith("https://registry.npmjs.org/")]
