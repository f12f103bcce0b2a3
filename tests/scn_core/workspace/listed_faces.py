"""Workspaces made from a list of faces, data/labels.csv, that lies beside them with the pictures."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from scn_core.datasets.source import Source
from scn_core.workspace.folder import Workspace, create_workspace
from tests.scn_core.exchange.export.layouts import picture


def workspace_of_list(folder: Path, paths: Iterable[str]) -> Workspace:
    """`ws` in the folder, from the list in its `data`, where a picture of noise is drawn for each path."""
    for number, path in enumerate(paths):
        picture(folder / "data", path, number)
    create_workspace(folder / "ws", "csv", Source(csv=folder / "data/labels.csv"))
    return Workspace(folder / "ws")


def copy_with_list(folder: Path, to: Path) -> Workspace:
    """A copy of `ws` and `data`, which refers to the copied list."""
    shutil.copytree(folder / "data", to / "data")
    workspace = Workspace(shutil.copytree(folder / "ws", to / "ws"))
    text = workspace.settings_file.read_text(encoding="utf-8")
    workspace.settings_file.write_text(text.replace(str(folder), str(to)), encoding="utf-8")
    return workspace
