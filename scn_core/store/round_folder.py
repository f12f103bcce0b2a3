"""Where the files of a round lie."""

from __future__ import annotations

from pathlib import Path


def round_folder(workspace: Path, number: int) -> Path:
    """Folder of the files of one round, in the folder of its workspace, where the database is too."""
    return workspace / "rounds" / f"{number:04d}"
