"""Labels known to be better than the given ones: for measuring, never for training."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from pathlib import Path

from sqlite_utils import Database

from scn_core.class_names import ClassVocabulary
from scn_core.datasets.cells import as_written, is_missing
from scn_core.datasets.paths import find_path, relative_path
from scn_core.datasets.tables import column_places, csv_header, csv_rows
from scn_core.errors import DataError, WorkspaceError, error_text
from scn_core.store.samples import classes, iter_samples, references
from scn_core.store.updates import former_keys

_ONE_A_FACE = "one a face; of several faces in a picture a column key, such as a.jpg#1, says which"


def reference_labels(db: Database, reference: Path | None = None, root: Path | None = None) -> dict[int, int]:
    """Class number by sample id: those that `init` kept, or of a CSV of path,label.

    Paths may be written in any way that names a picture under `root`, or named it before it was moved. Rows of the CSV
    that name no face get ids below 0, so that they are counted. Raises DataError naming file and line, WorkspaceError
    where there is no CSV and `init` kept none.
    """
    return _kept(db) if reference is None else _told(db, reference, root)


def _kept(db: Database) -> dict[int, int]:
    """Class number by sample id, as `init` kept them."""
    kept = references(db)
    if not len(kept.label):
        raise WorkspaceError("the workspace keeps no reference labels; name a CSV of path,label with --reference")
    return dict(zip(kept.sample_id.tolist(), kept.label.tolist(), strict=True))


def _told(db: Database, reference: Path, root: Path | None) -> dict[int, int]:
    """Class number by sample id, from a CSV; rows that name no face get ids below 0, so that they are counted."""
    former = dict(reversed(former_keys(db)))
    ids = former | {stored.sample.key: stored.id for stored in iter_samples(db)}
    labels = read_reference(reference, classes(db), lambda text: find_path(text, ids.__contains__, root))
    return {ids.get(key, -row): label for row, (key, label) in enumerate(labels.items(), start=1)}


def read_reference(
    path: Path, vocabulary: ClassVocabulary, find: Callable[[str], str | None] = relative_path
) -> dict[str, int]:
    """Class number by sample key, from a CSV with the columns path and label (class names in any known spelling).

    Of several faces in a picture the column key tells which, as in the files that `export` writes; it may also stand
    alone. `find` gives the key of a face for a path or key as written, None for what is no path.
    Rows with an empty label are passed over. Raises DataError naming file and line.
    """
    if not path.is_file():
        raise DataError(error_text("--reference", f"no file {path}", "a CSV with the columns path,label"))
    header = csv_header(path)
    names = {name.strip().casefold(): place for place, name in reversed(list(enumerate(header)))}
    key_place = names.get("key")
    path_column = "key" if key_place is not None and "path" not in names else "path"
    path_place, label_place = column_places(path, header, (path_column, "label"))
    truth: dict[str, int] = {}
    for line, cells in islice(csv_rows(path), 1, None):
        if len(cells) <= max(path_place, label_place, key_place or 0):
            raise DataError(error_text(f"{path}, line {line}", f"{len(cells)} cells", "as many as in the header"))
        name = cells[path_place]
        if key_place is not None and find(cells[key_place].rpartition("#")[0]) == find(name):
            name = cells[key_place]
        label, key = as_written(cells[label_place].strip()), find(name)
        number = vocabulary.find(label)
        if number is None and is_missing(label):
            continue
        if number is None:
            raise DataError(error_text(f"{path}, line {line}", f"label {label!r}", f"{vocabulary.allowed()}, or empty"))
        if key is None:
            raise DataError(error_text(f"{path}, line {line}", f"{path_column} {name!r}", "the key of a face"))
        if truth.setdefault(key, number) != number:
            raise DataError(error_text(f"{path}, line {line}", f"another label for {key!r}", _ONE_A_FACE))
    return truth
