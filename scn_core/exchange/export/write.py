"""An export: its options, the file or folder written whole with its manifest, and a preview of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from scn_core.errors import DataError, UsageError, error_text
from scn_core.exchange.export.folders import folder_digest
from scn_core.exchange.export.formats import FORMATS, Format, FormatName
from scn_core.exchange.export.manifest import (
    MANIFEST,
    ExportManifest,
    Spelled,
    manifest_file,
    plain_counts,
    read_manifest,
    write_manifest,
)
from scn_core.exchange.export.row_values import About, values_of
from scn_core.files import put_in_place, replaced, replaced_folder
from scn_core.store.check import require_sound
from scn_core.store.connection import snapshot
from scn_core.store.current_labels import (
    LabelCounts,
    LabelFilter,
    LabelRow,
    Revision,
    has_boxes,
    iter_labels,
    label_counts,
    reviewer_names,
    revision,
)
from scn_core.store.decisions.history import history_end
from scn_core.store.rounds.states import SCORED, rounds_without_alpha, which_round
from scn_core.store.samples import classes, data_hash
from scn_core.store.votes import has_votes, names_as_written

_LOOKED_AT = 1_000
"""Faces that a data set is judged by."""


@dataclass(frozen=True)
class ExportOptions:
    """What is exported, and how."""

    format: FormatName = "csv"
    where: LabelFilter = field(default_factory=LabelFilter)
    pseudonyms: bool = False
    """reviewer-1, reviewer-2, ... in place of names."""
    spelling: Spelled = "project"
    """How classes are called: as everywhere here, or as the data set writes them most often."""
    copies: bool = False
    """Folders of pictures hold copies; otherwise links to the pictures, where they are whole."""
    image_prefix: str | None = None
    """label-studio: what is before a picture's path; None: `/data/local-files/?d=` and the name of their folder."""


def export_labels(
    db: Database,
    out: Path,
    options: ExportOptions,
    *,
    pictures: Path | None = None,
    progress: Callable[[int], None] = lambda faces: None,
) -> ExportManifest:
    """Writes the labels as they are now, and OUT.manifest.json beside; returns what that says.

    Written beside and renamed, so a reader never meets half of it, and read as of one moment.

    Args:
        db: the workspace's database.
        out: the file, which is replaced; or the folder where the format is one of folders, which is replaced only
            where it is empty or as an export left it.
        options: what is exported, and how.
        pictures: the folder that the paths of faces are relative to; formats that open pictures need it.
        progress: hears how many more faces are written.

    Raises UsageError where the format cannot hold a face; DataError where a picture is needed and not there;
    WorkspaceError where there is no round of the number in `where`. Whether there may be written to `out` is for the
    caller to check, as `cli.outputs` does.
    """
    return _export(db, lambda stand: out, options, pictures, progress)


def print_labels(
    db: Database, options: ExportOptions, write: Callable[[bytes], object], *, pictures: Path | None = None
) -> str:
    """Hands what `export_labels` would write to `write`, piece by piece; there is no manifest.

    Returns the revision of the labels, as a manifest would have it. Raises UsageError for a format of folders.
    """
    chosen = FORMATS[options.format]
    if chosen.write is None:
        raise UsageError(f"--out: found - with format {options.format}, a folder; allowed: the name of a new folder")
    with snapshot(db):
        require_sound(db)
        about = _about(db, options, pictures)
        _check(db, about, options)
        for piece in chosen.write(about, _rows(db, options)):
            write(piece.encode() if isinstance(piece, str) else piece)
        return str(revision(db))


def usable_formats(db: Database) -> list[FormatName]:
    """The formats that can hold this data set, or some of its faces, as far as the first _LOOKED_AT tell."""
    about = _about(db, ExportOptions())
    return [name for name, chosen in FORMATS.items() if _is_usable(db, chosen, about)]


def _is_usable(db: Database, chosen: Format, about: About) -> bool:
    try:
        chosen.check(db, about)
    except UsageError:
        return False
    rows = list(islice(iter_labels(db, LabelFilter(excluded=True)), _LOOKED_AT))
    return not rows or any(map(chosen.fits, rows))


def is_export(out: Path) -> bool:
    """Whether a file or folder is as an export left it, by the manifest beside it: nobody has worked on it since."""
    found = []
    for manifest in (manifest_file(out), _coming_manifest(out)):
        with suppress(DataError):
            found.append(read_manifest(manifest))
    try:
        if out.is_dir() and not out.is_symlink():
            digest = folder_digest(out)[0]
        else:
            with out.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
    except (DataError, OSError):
        return False
    return any((made.file, made.sha256) == (out.name, digest) for made in found)


def export_into(db: Database, folder: Path, options: ExportOptions, *, pictures: Path | None = None) -> ExportManifest:
    """The same into a folder, which is made, under a name that tells revision and options apart."""
    folder.mkdir(exist_ok=True)
    chosen = json.dumps(asdict(options), sort_keys=True)
    mark = "" if options == ExportOptions(options.format) else f"-{hashlib.sha256(chosen.encode()).hexdigest()[:6]}"
    ending = f"{mark}{FORMATS[options.format].ending}"
    return _export(
        db, lambda stand: folder / f"{options.format}-{stand}{ending}", options, pictures, lambda faces: None
    )


def exports_in(folder: Path) -> list[ExportManifest]:
    """What lies in such a folder, the newest first."""
    files = sorted(folder.glob(f"*{MANIFEST}"), key=lambda file: file.stat().st_mtime)
    found = []
    for file in reversed(files):
        with suppress(DataError):  # somebody else's
            found.append(read_manifest(file))
    return [made for made in found if (folder / made.file).exists()]


def _export(
    db: Database,
    place: Callable[[Revision], Path],
    options: ExportOptions,
    pictures: Path | None,
    progress: Callable[[int], None],
) -> ExportManifest:
    chosen = FORMATS[options.format]
    with snapshot(db):
        require_sound(db)
        about = _about(db, options, pictures)
        _check(db, about, options)
        where = _where(db, options)
        counts, stand = label_counts(db, where), revision(db)
        out = place(stand)
        if chosen.lay is not None and out.exists() and any(out.iterdir()) and not is_export(out):
            raise UsageError(
                f"--out: found the folder {out}, which is not as an export left it; allowed: a new name, as it is "
                "never replaced"
            )
        coming = _coming_manifest(out)
        with _written(out, chosen, about, _counted(_rows(db, options), progress)) as (digest, size):
            made = ExportManifest(
                file=out.name,
                sha256=digest,
                bytes=size,
                format=options.format,
                revision=str(stand),
                where=where,
                pseudonyms=options.pseudonyms,
                spelling=options.spelling,
                classes=about.classes,
                counts=counts,
                copies=options.copies,
                image_prefix=options.image_prefix,
                boxed=about.boxed,
                history=history_end(db),
                without_alpha=rounds_without_alpha(db),
                data_sha256=data_hash(db),
            )
            write_manifest(coming, made)
    put_in_place(coming, manifest_file(out))
    return made


def _coming_manifest(out: Path) -> Path:
    """Written before the file it is of takes its place, so that whatever ends the program, one of the two is of it."""
    return out.with_name(f".{out.name}{MANIFEST}.coming")


@dataclass(frozen=True)
class Preview:
    """What an export would hold."""

    revision: str
    counts: LabelCounts
    about: About
    first: tuple[LabelRow, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON, classes by name."""
        counts = plain_counts(self.counts, self.about.classes)
        return {"revision": self.revision, **counts, "first": [values_of(self.about, row) for row in self.first]}


def preview(db: Database, options: ExportOptions, *, first: int = 10) -> Preview:
    """Counts and the first rows of what `export_labels` would write."""
    where = _where(db, options)
    with snapshot(db):
        about = _about(db, options)
        rows = iter_labels(db, where, page=1_000)
        return Preview(str(revision(db)), label_counts(db, where), about, tuple(islice(rows, first)))


def _about(db: Database, options: ExportOptions, pictures: Path | None = None) -> About:
    people = reviewer_names(db, pseudonyms=options.pseudonyms)
    names = classes(db).names if options.spelling == "project" else names_as_written(db)
    return About(names, has_boxes(db), people, has_votes(db), pictures, options.image_prefix, options.copies)


def _check(db: Database, about: About, options: ExportOptions) -> None:
    chosen = FORMATS[options.format]
    if options.where.excluded and not chosen.sources:
        allowed = ", ".join(name for name, form in FORMATS.items() if form.sources)
        found = f"format {options.format}, in which an excluded face looks like any other"
        raise UsageError(error_text("--excluded", found, allowed))
    chosen.check(db, about)


def _where(db: Database, options: ExportOptions) -> LabelFilter:
    """Raises WorkspaceError where no round of the number asked for has taken answers."""
    if options.where.round is not None:
        which_round(db, options.where.round, *SCORED)
    return replace(options.where, scored=True) if FORMATS[options.format].scored else options.where


def _rows(db: Database, options: ExportOptions) -> Iterator[LabelRow]:
    return iter_labels(db, _where(db, options), probabilities=FORMATS[options.format].scored)


def _counted(rows: Iterable[LabelRow], progress: Callable[[int], None]) -> Iterator[LabelRow]:
    for row in rows:
        yield row
        progress(1)


@contextmanager
def _written(out: Path, chosen: Format, about: About, rows: Iterable[LabelRow]) -> Iterator[tuple[str, int]]:
    """SHA-256 and bytes of what was written, which takes its place when the block ends."""
    if chosen.lay is not None:
        with replaced_folder(out) as folder:
            chosen.lay(about, rows, folder)
            yield folder_digest(folder)
        return
    digest, size = hashlib.sha256(), 0
    with replaced(out) as file:
        for piece in chosen.write(about, rows) if chosen.write is not None else ():
            data = piece.encode("utf-8") if isinstance(piece, str) else piece
            digest.update(data)
            size += file.write(data)
        yield digest.hexdigest(), size
