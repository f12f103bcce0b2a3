"""Files of a workspace that may still hold what was erased from its databases: people delete or clean them by hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from scn_core.workspace.folder import Workspace

_CHUNK = 1 << 22


def files_naming(workspace: Workspace, names: Iterable[str]) -> list[str]:
    """Logs and exports that hold one of the names, and all that has pages of a database, which cannot be told: backups
    and the folders of what a restore replaced. Relative to the workspace."""
    return [str(path.relative_to(workspace.path)) for path in _naming(workspace, names)]


def _naming(workspace: Workspace, names: Iterable[str]) -> Iterator[Path]:
    place = workspace.path
    wanted = {form.encode() for name in names for form in (name, name.replace("/", "\\/"))}  # as some write JSON
    logs = [place / "trainer.log", place / "trainer.json", *place.glob("rounds/*/log.txt")]
    for path in sorted([*logs, *workspace.exports.rglob("*")]):
        with suppress(OSError):
            inside = path.is_file() and _holds(path, wanted)
            if inside or any(name in str(path.relative_to(place)).encode() for name in wanted):
                yield path
    yield from sorted(workspace.backups.glob("*"))
    yield from sorted(place.glob("replaced-*"))


def _holds(path: Path, wanted: set[bytes]) -> bool:
    longest, before = max(map(len, wanted)), b""
    with path.open("rb") as file:
        while part := file.read(_CHUNK):
            seen = before + part
            if any(name in seen for name in wanted):
                return True
            before = seen[-longest:]
    return False
