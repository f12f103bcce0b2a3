"""Zip files whose members are known beforehand, each with its SHA-256 in a manifest, and one id over all of it.

The same content gives the same bytes. Nothing of a file is used before all of it has been checked: members are read
by name from a fixed list, never by where they say they belong, and no longer than they may be. The id tells damage and
mix-ups; it is no signature.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from scn_core.disk import check_room
from scn_core.errors import DataError, error_text
from scn_core.files import opened_zip, replaced

FORMAT = 1
MANIFEST = "manifest.json"
_MANIFEST_BYTES = 4 << 20
_CHUNK = 1 << 20
_LONG_AGO = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Stamp:
    """What an archive says of itself."""

    kind: str
    id: str
    """SHA-256, in hex, over kind, `about` and the hashes of all members."""
    about: dict[str, Any]
    members: dict[str, str]
    """SHA-256 of every member, in hex."""


def write_archive(path: Path, kind: str, about: Mapping[str, Any], members: Mapping[str, Path]) -> Stamp:
    """Writes files under the names given, whole or not at all, for their owner alone. `about`: plain JSON values."""
    content = dict(about)
    stamp = _stamped(kind, content, {name: _digest(file) for name, file in sorted(members.items())})
    with replaced(path, private=True) as unfinished, zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as archive:
        text = {"format": FORMAT, "kind": kind, "id": stamp.id, "about": content, "members": stamp.members}
        archive.writestr(zipfile.ZipInfo(MANIFEST, _LONG_AGO), json.dumps(text, indent=1, allow_nan=False))
        for name, file in sorted(members.items()):
            entry = zipfile.ZipInfo(name, _LONG_AGO)
            entry.compress_type = zipfile.ZIP_DEFLATED
            with file.open("rb") as source, archive.open(entry, "w", force_zip64=True) as target:
                shutil.copyfileobj(source, target, _CHUNK)
    return stamp


def is_archive(path: Path, kind: str) -> bool:
    """Whether a file says that it is an archive of this kind; its members are not looked at."""
    try:
        return read_stamp(path, kind).kind == kind
    except (DataError, OSError):
        return False


def read_stamp(path: Path, kind: str) -> Stamp:
    """What a file says that it is; its members are not looked at. Raises DataError for anything but an archive."""
    if not path.is_file():
        raise DataError(error_text(str(path), "no such file", "a file of `python -m scn_core round`"))
    with _opened(path) as archive:
        return _read_stamp(archive, path, kind)


def unpack_archive(path: Path, kind: str, allowed: Mapping[str, int], folder: Path) -> Stamp:
    """Checks an archive whole, and leaves its members in an empty folder.

    Args:
        path: the file.
        kind: what it has to be.
        allowed: the members of that kind and how many bytes each may have; all of them have to be there.
        folder: there, and empty.

    Raises DataError for anything else than such an archive as it was written.
    """
    stamp = read_stamp(path, kind)
    with _opened(path) as archive:
        _check_names(archive, path, stamp, allowed)
        sizes = {name: archive.getinfo(name).file_size for name in allowed}
        for name, limit in allowed.items():  # before a byte of any is written
            _check_size(path, name, sizes[name], limit)
        check_room(folder, sum(sizes.values()), f"the files of {path.name}")
        for name, limit in allowed.items():
            _extract(archive, path, name, limit, folder / name, stamp.members[name])
    return stamp


def _opened(path: Path) -> AbstractContextManager[zipfile.ZipFile]:
    return opened_zip(path, lambda why: DataError(f"{path}: found a damaged zip file ({why}); fetch it again"))


def _read_stamp(archive: zipfile.ZipFile, path: Path, kind: str) -> Stamp:
    try:
        with archive.open(MANIFEST) as member:
            content = json.loads(member.read(_MANIFEST_BYTES), parse_constant=_no_number)
    except (KeyError, ValueError, RecursionError):
        content = None
    if not isinstance(content, dict) or set(content) != {"format", "kind", "id", "about", "members"}:
        raise DataError(error_text(str(path), f"no {MANIFEST} of this program", "a file of `python -m scn_core round`"))
    if content["format"] != FORMAT:
        raise DataError(
            error_text(str(path), f"format {content['format']!r}", str(FORMAT), "use one version on both machines")
        )
    return check_stamp({name: content[name] for name in ("kind", "id", "about", "members")}, path, kind)


def check_stamp(content: object, path: Path, kind: str) -> Stamp:
    """A stamp as plain values, of which nothing is known yet. Raises DataError where it does not hold together."""
    right = isinstance(content, dict) and set(content) == {"kind", "id", "about", "members"}
    if isinstance(content, dict) and right:
        members = content["members"]
        right = isinstance(content["about"], dict) and isinstance(members, dict)
        right = right and all(isinstance(text, str) for text in (*members.values(), content["id"]))
        if right and content["kind"] != kind:
            raise DataError(error_text(str(path), f"a {content['kind']!r}", f"a {kind!r}"))
        if right:
            stamp = _stamped(kind, content["about"], members)
            if stamp.id == content["id"]:
                return stamp
    raise DataError(f"{path}: found a manifest that is not what was written; fetch the file again")


def _stamped(kind: str, about: dict[str, Any], members: dict[str, str]) -> Stamp:
    text = json.dumps([FORMAT, kind, about, members], sort_keys=True, allow_nan=False)
    return Stamp(kind, hashlib.sha256(text.encode()).hexdigest(), about, dict(sorted(members.items())))


def _check_names(archive: zipfile.ZipFile, path: Path, stamp: Stamp, allowed: Mapping[str, int]) -> None:
    wanted = sorted([MANIFEST, *allowed])
    if sorted(archive.namelist()) != wanted or sorted(stamp.members) != sorted(allowed):
        strange = sorted({*archive.namelist(), *stamp.members} ^ set(wanted))
        raise DataError(error_text(str(path), f"other members ({', '.join(strange[:3])})", ", ".join(wanted)))


def _check_size(path: Path, name: str, size: int, limit: int) -> None:
    if size > limit:
        raise DataError(error_text(str(path), f"{name} of more than {limit:,} bytes", "that many"))


def _extract(archive: zipfile.ZipFile, path: Path, name: str, limit: int, to: Path, digest: str) -> None:
    seen, size = hashlib.sha256(), 0
    with archive.open(name) as source, to.open("xb") as target:
        while part := source.read(_CHUNK):
            size += len(part)
            _check_size(path, name, size, limit)
            seen.update(part)
            target.write(part)
    if seen.hexdigest() != digest:
        raise DataError(f"{path}: found {name} with another hash than was written; fetch the file again")


def _digest(file: Path) -> str:
    with file.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def _no_number(text: str) -> NoReturn:
    raise ValueError(text)
