"""The first lines of every folder say what each of its files is for."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = [
    folder.parent.relative_to(ROOT)
    for package in ("scn_core", "review_app")
    for folder in sorted((ROOT / package).rglob("__init__.py"))
    if len([*folder.parent.glob("*.py")]) > 3
]


@pytest.mark.parametrize("folder", FOLDERS[1:], ids=str)
def test_every_file_is_named(folder: Path) -> None:
    text = ast.get_docstring(ast.parse((ROOT / folder / "__init__.py").read_text(encoding="utf-8"))) or ""
    words = set(re.findall(r"\w+", text))
    names = {file.stem for file in (ROOT / folder).glob("*.py")} - {"__init__", "__main__"}
    missing = {name for name in names if name not in words and not re.fullmatch(r"m\d{4}_\w+", name)}
    assert not missing, f"{folder}/__init__.py names no {sorted(missing)}"
