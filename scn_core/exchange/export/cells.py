"""Text of other people in cells of a table: no spreadsheet runs it as a formula."""

from __future__ import annotations

from scn_core.datasets.cells import RUN_BY_SPREADSHEETS


def harmless(cell: object) -> object:
    """A cell that no spreadsheet runs: text that begins like a formula gets a leading apostrophe."""
    return "'" + cell if isinstance(cell, str) and cell.startswith(RUN_BY_SPREADSHEETS) else cell


def harmless_path(path: str) -> str:
    """The same for a path or key, by './' in front: it still names the same file."""
    return "./" + path if path.startswith(RUN_BY_SPREADSHEETS) else path
