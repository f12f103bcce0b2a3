"""Text of other people in cells of a table: no spreadsheet runs it as a formula."""

from __future__ import annotations

_RUN_BY_SPREADSHEETS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # the last four: full width


def harmless(cell: object) -> object:
    """A cell that no spreadsheet runs: text that begins like a formula gets a leading apostrophe."""
    return "'" + cell if isinstance(cell, str) and cell.startswith(_RUN_BY_SPREADSHEETS) else cell


def harmless_path(path: str) -> str:
    """The same for a path or key, by './' in front: it still names the same file."""
    return "./" + path if path.startswith(_RUN_BY_SPREADSHEETS) else path


def as_written(cell: str) -> str:
    """What `harmless` made of it, taken back."""
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(_RUN_BY_SPREADSHEETS) else cell


def path_as_written(cell: str) -> str:
    """What `harmless_path` made of it, taken back."""
    return cell[2:] if cell[:2] == "./" and cell[2:].startswith(_RUN_BY_SPREADSHEETS) else cell
