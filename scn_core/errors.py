"""Every error this project raises on purpose.

ScnError
 ├── UsageError        a flag, an option or a combination of them is wrong      (exit code 2)
 ├── DataError         a file of a data set is missing or says something it may not
 ├── WorkspaceError    the workspace, its database or a round is not in the state the call needs
 │    ├── DamageError     a database is not as it was written
 │    └── DiskFullError   a disk has no room for what is written
 ├── WeightsError      a weights file does not fit the backbone
 └── TrainingError     training cannot go on (no faces, loss is not a number, ...)

A message says what was found, what is allowed and what to do; `error_text` words it.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from zipfile import BadZipFile

DAMAGED_ARRAYS = (OSError, EOFError, BadZipFile, zlib.error, KeyError, IndexError, TypeError, ValueError, SyntaxError)
"""What numpy raises for files that are missing, cut off, of another type or shape, or no numpy files at all."""

_MOST_LINES, _MOST_LETTERS = 20, 2_000
"""Of a message: it fits on a screen, whatever file or cell it quotes."""
_UNREADABLE = re.compile("[\\x00-\\x09\\x0b-\\x1f\\x7f-\\x9f\\u2028\\u2029\\ud800-\\udfff]")

_PASSWORD = re.compile(r"(?<=://)[^/\s@]*:[^/\s@]*@")
_QUERY = re.compile(r"(://[^\s?'\"]*)\?[^\s'\"]*[^\s'\";:,.)\]}]")


def masked(text: str) -> str:
    """Text as it may be shown or logged: of the addresses in it, names with passwords, and queries, which may be
    signatures, are ***."""
    return _QUERY.sub(r"\1?***", _PASSWORD.sub("***@", text)) if "://" in text else text


def readable(text: str, most: int = _MOST_LETTERS) -> str:
    """Text of other people as a message can quote it: control characters and bytes that are not UTF-8 are escaped, and
    what is longer than `most` letters is cut in the middle. Secrets in addresses are masked."""
    text = masked(text)
    if len(text) > most:
        text = f"{text[: most * 2 // 3]} ... {text[-most // 6 :]}"
    return _UNREADABLE.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def listed(named: Sequence[str], count: int) -> str:
    """`a, b, c and 4 more`: the ones that are named, of `count` in all."""
    more = count - len(named)
    return ", ".join(named) + (f" and {more:,} more" if more > 0 else "")


def counted(count: int, noun: str, many: str = "") -> str:
    """`1 face`, `2,648 faces`. `many`: the plural, where it is not the noun with an s."""
    return f"{count:,} {noun if count == 1 else many or f'{noun}s'}"


class ScnError(Exception):
    """Base of all errors a user can meet; its text is meant to be read by one and never longer than a screen."""

    def __init__(self, message: object = "") -> None:
        lines = str(message).split("\n")
        if len(lines) > _MOST_LINES:
            lines[_MOST_LINES - 1 :] = [f"... and {len(lines) - _MOST_LINES + 1:,} more lines"]
        super().__init__(readable("\n".join(lines)))


class UsageError(ScnError):
    """A flag, an option or a combination of them is wrong."""


class DataError(ScnError):
    """A file of a data set is missing or says something it may not."""


class WorkspaceError(ScnError):
    """The workspace, its database or a round is not in the state the call needs."""


class DamageError(WorkspaceError):
    """A database is not as it was written."""


class DiskFullError(WorkspaceError):
    """A disk has no room for what is written."""


class WeightsError(ScnError):
    """A weights file does not fit the backbone."""


class TrainingError(ScnError):
    """Training cannot go on."""


def error_text(where: str, found: str, allowed: str, do: str = "") -> str:
    """A message in the words all of them have: `WHERE: found FOUND; allowed: ALLOWED; DO`.

    Args:
        where: the flag, file, table or line; empty where the message has none.
        found: what was said there, quoted where it is a value.
        allowed: what may be said.
        do: what the user can do, where that does not follow from `allowed`.
    """
    place, end = f"{where}: " if where else "", f"; {do}" if do else ""
    return f"{place}found {found}; allowed: {allowed}{end}"
