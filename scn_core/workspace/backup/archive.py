"""The file of a backup: a zip file with the workspace's files and a manifest that has the SHA-256 of each.

zip, because every system opens it without this program, and because what it holds can be listed without reading it all.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass, fields
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, Any, Literal

from scn_core.disk import check_room, naming_full_disk
from scn_core.errors import WorkspaceError, error_text
from scn_core.files import opened_zip, replaced, sync

Cause = Literal["manual", "import", "round", "migration", "restore", "deleted", "damaged"]
"""Why a backup was made: asked for; before an import of decisions; at a round's end; before the database was brought up
to date; before another backup was put in place; because it was deleted while a server had it open. One of cause
`damaged` is none: it is what could be copied of a database that is not as it was written."""
DATABASE, SETTINGS, ROUNDS, PICTURES = "review.db", "workspace.toml", "rounds", "pictures"
MANIFEST = "manifest.json"
_FORMAT, _KIND = 1, "backup of a workspace"
_MANIFEST_BYTES = 256 << 20
_CHUNK = 1 << 20
_FAST = 1
"""Level of compression: a database becomes about a third; higher levels take several times as long."""
_DENSE = (".safetensors", ".pt", ".npz")
"""Ends of names of files that compressing makes hardly smaller: weights, and what is compressed already."""
_ROUND_FILE_PARTS = 3


@dataclass(frozen=True)
class Member:
    """A file in a backup."""

    sha256: str
    bytes: int


@dataclass(frozen=True)
class BackupManifest:
    """What a backup is of."""

    workspace: str
    """Name of the folder."""
    mark: str
    """Tells the workspace from others: when its database was made."""
    cause: Cause
    by: str
    """Who asked for it; empty: a command, or the program itself."""
    made_at: str
    """UTC, ISO-8601: nothing that was saved before is missing."""
    revision: str
    """As an export names it, such as r2-d1543."""
    decisions: int
    """Rows of the log, undos too."""
    whole: bool
    """The files of rounds are in it; otherwise database and settings alone."""
    pictures: bool
    missing_pictures: int
    """Pictures that were to be in it and were not there."""
    version: str
    schema: str
    """The newest migration that the database has."""


@dataclass(frozen=True)
class StoredBackup:
    """A backup as it lies on the disk, checked no further than that it says what it is."""

    manifest: BackupManifest
    members: dict[str, Member]


def write_archive(
    path: Path, manifest: BackupManifest, members: Collection[tuple[str, Path]], progress: Callable[[int], None]
) -> None:
    """Write files under their names, whole or not at all, for their owner alone; a file that is gone is left out.

    `progress` hears how many more bytes of them are in. Raises DiskFullError, which says how many there are in all:
    compressed they take less.
    """
    written: dict[str, Member] = {}
    needed = sum(source.stat().st_size for _, source in members if source.exists())
    with (
        replaced(path, needed=needed, private=True) as file,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=_FAST) as archive,
    ):
        for name, source in members:
            try:
                opened = source.open("rb")
            except FileNotFoundError:  # of a round that has just ended, or a picture
                continue
            dense = name.startswith(f"{PICTURES}/") or name.endswith(_DENSE)
            archive.compression = zipfile.ZIP_STORED if dense else zipfile.ZIP_DEFLATED
            with opened, archive.open(name, "w", force_zip64=True) as target:
                written[name] = _copied(opened, target, progress)
        content = {"format": _FORMAT, "kind": _KIND, **asdict(manifest)}
        content["members"] = {name: asdict(member) for name, member in written.items()}
        archive.writestr(MANIFEST, json.dumps(content, indent=1, ensure_ascii=False))


def read_archive(path: Path) -> StoredBackup:
    """What a backup says it is. Raises WorkspaceError for what is none, or is cut off."""
    if not path.is_file():
        raise WorkspaceError(error_text(str(path), "no such file", "a backup, as `backup` writes it"))
    with opened_zip(path, partial(_damaged, path)) as archive:
        return _read(archive, path)


def extract_archive(path: Path, folder: Path, progress: Callable[[int], None]) -> StoredBackup:
    """Check a backup whole, and leave its files in an empty folder, on the disk.

    Raises WorkspaceError for anything else than a backup as it was written, and DiskFullError where there is no room.
    """
    with opened_zip(path, partial(_damaged, path)) as archive:
        stored = _read(archive, path)
        check_room(folder, sum(member.bytes for member in stored.members.values()), f"the files in {path.name}")
        names = [name for name in archive.namelist() if name != MANIFEST]
        if sorted(names) != sorted(stored.members):
            strange = sorted({*names} ^ {*stored.members}) or ["a file twice"]
            raise _damaged(path, f"its manifest is of other files: {', '.join(strange[:3])}")
        for name, member in stored.members.items():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            with naming_full_disk(target), archive.open(name) as source, target.open("xb") as file:
                found = _copied(source, file, progress, most=member.bytes)
                sync(file)
            if found != member:
                raise _damaged(path, f"{name} has another hash than when it was written")
    return stored


def _read(archive: zipfile.ZipFile, path: Path) -> StoredBackup:
    try:
        with archive.open(MANIFEST) as file:
            content: dict[str, Any] = json.loads(file.read(_MANIFEST_BYTES))
        kind, number = content["kind"], content["format"]
        members = {name: Member(**member) for name, member in content["members"].items()}
        manifest = BackupManifest(**{field.name: content[field.name] for field in fields(BackupManifest)})
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        found = f"no {MANIFEST} of a backup"
        raise WorkspaceError(error_text(str(path), found, "a backup, as `backup` writes it")) from error
    if (kind, number) != (_KIND, _FORMAT):
        found = f"{kind!r} of format {number!r}"
        do = "take the version that wrote it, or a newer one"
        raise WorkspaceError(error_text(str(path), found, f"a {_KIND} of format {_FORMAT}", do))
    if strange := [name for name in members if not _is_member(name)]:
        raise _damaged(path, f"it holds {strange[0]!r}, which no backup does")
    return StoredBackup(manifest, members)


def _is_member(name: str) -> bool:
    """Whether a file of that name may be in a backup: none can leave the folder that it is unpacked in."""
    parts = PurePosixPath(name).parts
    if "\\" in name or "\0" in name or ".." in parts or name != "/".join(parts):
        return False
    if len(parts) == 1:
        return name in (DATABASE, SETTINGS)
    return parts[0] == PICTURES or (parts[0] == ROUNDS and len(parts) == _ROUND_FILE_PARTS and parts[1].isdecimal())


def _copied(source: IO[bytes], target: IO[bytes], progress: Callable[[int], None], most: int | None = None) -> Member:
    """What was copied; no more than `most` bytes and one piece."""
    digest, size = hashlib.sha256(), 0
    while (most is None or size <= most) and (part := source.read(_CHUNK)):
        digest.update(part)
        target.write(part)
        size += len(part)
        progress(len(part))
    return Member(digest.hexdigest(), size)


def _damaged(path: Path, why: str) -> WorkspaceError:
    return WorkspaceError(error_text(str(path), f"a damaged backup ({why})", "one as it was written", "take another"))
