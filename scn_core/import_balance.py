"""What an import of a data set saw and what became of it, so that no row, file or spelling goes missing unseen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from scn_core.errors import error_text, listed, readable

UNREADABLE_ROW = "a row that cannot be read"
_QUOTED = 400
"""Letters of what a problem quotes."""
_NAMED = 8
"""Spellings named on a line."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in the input that cannot be used. The sample it belongs to is left out, unless `kept`."""

    file: str
    """The file that says it (a list, a table) or is it (a picture)."""
    line: int | None
    """1-based line in `file`, or None."""
    found: str
    allowed: str
    kept: bool = False
    """True for a warning: the sample stays in."""
    reason: str = UNREADABLE_ROW
    """What it counts as in the balance: the same words for all of its kind."""
    rows: int = 1
    """How many rows or files are left out with it."""

    def __post_init__(self) -> None:
        for name in ("file", "found", "allowed"):
            object.__setattr__(self, name, readable(getattr(self, name), _QUOTED).replace("\n", "\\n"))

    def __str__(self) -> str:
        where = self.file if self.line is None else f"{self.file}, line {self.line}"
        return error_text(where, self.found, self.allowed)


@dataclass(frozen=True, slots=True)
class Spelling:
    """A label as the data set writes it, and the class it was taken as."""

    written: str
    name: str
    rows: int


@dataclass(frozen=True)
class Balance:
    """The rows and files of an import: seen = taken + further + left out."""

    taken: int
    """Faces."""
    further: int
    """Rows that are further people's labels of faces that were taken."""
    left_out: Mapping[str, int]
    """Rows and files by reason, the most first."""
    spellings: tuple[Spelling, ...]
    """By class, then by number of rows; empty where the data set numbers its classes."""

    @property
    def seen(self) -> int:
        """Rows of the list, or files of the folder."""
        return self.taken + self.further + sum(self.left_out.values())

    @property
    def joined(self) -> dict[str, list[str]]:
        """Class name -> its spellings, where there are several."""
        return {name: written for name, written in self._by_name().items() if len(written) > 1}

    @property
    def renamed(self) -> dict[str, str]:
        """Class name -> its one spelling, where that is another."""
        return {name: each[0] for name, each in self._by_name().items() if each != [name] and len(each) == 1}

    def _by_name(self) -> dict[str, list[str]]:
        names: dict[str, list[str]] = {}
        for spelling in self.spellings:
            names.setdefault(spelling.name, []).append(spelling.written)
        return names

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "seen": self.seen,
            "taken": self.taken,
            "further_labels": self.further,
            "left_out": dict(self.left_out),
            "joined": self.joined,
            "renamed": self.renamed,
        }

    def lines(self) -> list[str]:
        """The balance for people: first the sum, then by reason, then what was joined and renamed."""
        parts = [f"{_count(self.taken, 'face')} taken"]
        if self.further:
            parts.append(f"{self.further:,} further labels of these")
        if self.left_out:
            parts.append(f"{sum(self.left_out.values()):,} left out")
        lines = [f"seen: {_count(self.seen, 'row or file', 'rows and files')} = {' + '.join(parts)}"]
        lines.extend(f"  {count:,} {reason}" for reason, count in self.left_out.items())
        lines.extend(f"joined: {_listed(written)} -> {name}" for name, written in self.joined.items())
        if self.renamed:
            lines.append("renamed: " + _listed(f"{written} -> {name}" for name, written in self.renamed.items()))
        return lines


def by_most(counts: Mapping[str, int]) -> dict[str, int]:
    """Counts with the largest first, equal ones by their names."""
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _count(number: int, one: str, several: str = "") -> str:
    return f"{number:,} {one if number == 1 else several or one + 's'}"


def _listed(words: Iterable[str]) -> str:
    each = [readable(word, 60) for word in words]
    return listed(each[:_NAMED], len(each))
