"""The rows of a data set whose pictures are elsewhere: each picture is fetched before anyone looks at it."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

from scn_core.datasets.parallel import in_order
from scn_core.datasets.remote import Remote
from scn_core.datasets.rows import Entry, LeftOut, Row
from scn_core.datasets.storage import Wrong
from scn_core.import_balance import Problem


class Elsewhere:
    """A folder elsewhere that a data set is read from, and what is not to be fetched from it."""

    def __init__(
        self, remote: Remote, skip: Container[str] = (), why: str = "", missing: Sequence[tuple[str, Wrong]] = ()
    ) -> None:
        """A folder, and what is left out of it.

        Args:
            remote: the folder, its names laid out where they are listed.
            skip: paths, as samples have them, of pictures that are left out.
            why: by this reason.
            missing: names of what is not laid out, and why.
        """
        self._remote, self._skip, self._why, self._missing = remote, skip, why, missing

    @property
    def address(self) -> str:
        """Of the folder."""
        return self._remote.address

    @property
    def laid(self) -> Path:
        """What readers take for the folder: where its names are laid out, or where they are not listed the copies."""
        return self._remote.laid or self._remote.copies

    def copies(self, root: Path) -> Path | None:
        """The copies of what is in a folder of `laid`, as a data set has its pictures in; None for other folders."""
        return self._remote.copies / root.relative_to(self.laid) if root.is_relative_to(self.laid) else None

    def rows(self, root: Path, entries: Iterable[Entry]) -> Iterator[Entry]:
        """The rows in their order, several pictures on their way at a time; a Problem for each that did not come.

        `root`: the folder of `laid` that their paths are relative to.
        """
        under = root.relative_to(self.laid)
        fetch, threads = partial(self._fetched, under), self._remote.settings.at_once
        yield from in_order(fetch, entries, batch=1, threads=threads, stop=self._remote.stop)
        yield from (self._problem(self.address, None, name, wrong) for name, wrong in self._missing)

    def _fetched(self, under: Path, entry: Entry) -> Entry:
        if not isinstance(entry, Row):
            return entry
        path = entry.sample.path
        if path in self._skip:
            return LeftOut(entry.file, self._why, "pictures of others", path, entry.rows)
        wrong = self._remote.fetch((under / path).as_posix())
        if wrong is None:
            return entry
        return self._problem(entry.file, entry.line, path, wrong, entry.rows)

    def _problem(self, file: str, line: int | None, name: str, wrong: Wrong, rows: int = 1) -> Problem:
        allowed = f"what can be read at {self.address}"
        return Problem(file, line, f"{name}: {wrong.words}", allowed, reason=wrong.reason, rows=rows)
