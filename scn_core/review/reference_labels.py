"""Labels known to be better than the given ones: for measuring, never for training."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from sqlite_utils import Database

from scn_core.datasets.rows import relative_path
from scn_core.datasets.tables import column_places, csv_header, csv_rows
from scn_core.errors import DataError, WorkspaceError
from scn_core.labels import ClassVocabulary
from scn_core.store.samples import classes, iter_samples, references


def reference_labels(db: Database, reference: Path | None = None) -> dict[int, int]:
    """Class number by sample id: those that `init` kept, or of a CSV of path,label.

    Rows of the CSV that name no face get ids below 0, so that they are counted. Raises DataError naming file and line,
    WorkspaceError where there is no CSV and `init` kept none.
    """
    return _kept(db) if reference is None else _told(db, reference)


def _kept(db: Database) -> dict[int, int]:
    """Class number by sample id, as `init` kept them."""
    kept = references(db)
    if not len(kept.label):
        raise WorkspaceError("the workspace keeps no reference labels; name a CSV of path,label with --reference")
    return dict(zip(kept.sample_id.tolist(), kept.label.tolist(), strict=True))


def _told(db: Database, reference: Path) -> dict[int, int]:
    """Class number by sample id, from a CSV; rows that name no face get ids below 0, so that they are counted."""
    ids = {stored.sample.key: stored.id for stored in iter_samples(db)}
    told = read_reference(reference, classes(db))
    return {ids.get(key, -row): label for row, (key, label) in enumerate(told.items(), start=1)}


def read_reference(path: Path, vocabulary: ClassVocabulary) -> dict[str, int]:
    """Class number by sample key, from a CSV with the columns path and label (class names in any known spelling).

    A path is the key of a face, whether written 'a.jpg' or './a.jpg'.
    Rows with an empty label are passed over. Raises DataError naming file and line.
    """
    if not path.is_file():
        raise DataError(f"--reference: found no file {path}; allowed: a CSV with the columns path,label")
    path_place, label_place = column_places(path, csv_header(path), ("path", "label"))
    truth: dict[str, int] = {}
    for line, cells in islice(csv_rows(path), 1, None):
        if len(cells) <= max(path_place, label_place):
            raise DataError(f"{path}, line {line}: found {len(cells)} cells; allowed: as many as in the header")
        label, key = cells[label_place].strip(), relative_path(cells[path_place])
        if not label:
            continue
        number = vocabulary.find(label)
        if number is None:
            raise DataError(f"{path}, line {line}: found label {label!r}; allowed: {vocabulary.allowed()}, or empty")
        if key is None:
            raise DataError(f"{path}, line {line}: found path {cells[path_place]!r}; allowed: the key of a face")
        if truth.setdefault(key, number) != number:
            raise DataError(f"{path}, line {line}: found another label for {key!r}; allowed: one a face")
    return truth
