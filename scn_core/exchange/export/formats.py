"""The formats of an export: each turns faces into pieces of a file, one face at a time, or lays them in a folder."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal, get_args

from sqlite_utils import Database

from scn_core.class_names import RAF_DB
from scn_core.errors import UsageError
from scn_core.exchange.export.arrays import write_arrays
from scn_core.exchange.export.folders import class_folders, hugging_face
from scn_core.exchange.export.label_studio import write_tasks
from scn_core.exchange.export.row_values import About, as_json, sides, values_of
from scn_core.exchange.export.table import write_csv
from scn_core.store.current_labels import LabelRow, path_of_several

FormatName = Literal["csv", "jsonl", "raf-db", "class-folders", "hugging-face", "label-studio", "fiftyone", "npz"]
FORMAT_NAMES: tuple[FormatName, ...] = get_args(FormatName)

Writer = Callable[[About, Iterable[LabelRow]], Iterator[str] | Iterator[bytes]]
Layer = Callable[[About, Iterable[LabelRow], Path], None]


@dataclass(frozen=True)
class Format:
    """One way to write labels."""

    title: str
    """In a list to choose from."""
    help: str
    ending: str
    """Of a file's name; empty for a folder."""
    write: Writer | None = None
    """Pieces of a file, in UTF-8 where they are text. This or `lay`."""
    lay: Layer | None = None
    """Fills an empty folder."""
    check: Callable[[Database, About], None] = lambda db, about: None
    """Raises UsageError where this data set does not go into it."""
    fits: Callable[[LabelRow], bool] = lambda row: True
    """Whether a face can be in it; one that cannot is a UsageError."""
    scored: bool = False
    """Only faces with scores go into it, with the probabilities of their classes."""
    sources: bool = True
    """It says of a face where the label comes from, and so which ones people excluded."""


def _jsonl(about: About, rows: Iterable[LabelRow]) -> Iterator[str]:
    for row in rows:
        yield as_json(values_of(about, row) | {"box": sides(row) or None}) + "\n"


def _raf_db(about: About, rows: Iterable[LabelRow]) -> Iterator[str]:
    number = [(RAF_DB.find(name) or 0) + 1 for name in about.classes]
    for row in rows:
        name = PurePosixPath(row.path).name
        if not _fits_raf_db(row):
            raise UsageError(
                f"--format raf-db: found {row.key} ({row.split}); allowed: whole pictures called train_*.jpg or "
                "test_*.jpg after their split; leave others out with a filter, or take csv"
            )
        yield f"{name.removesuffix('_aligned.jpg').removesuffix('.jpg')}.jpg {number[row.label]}\n"


def _fits_raf_db(row: LabelRow) -> bool:
    name = PurePosixPath(row.path).name
    plain = name.endswith(".jpg") and not any(letter.isspace() for letter in name)
    return plain and row.box is None and row.split != "val" and name.startswith(f"{row.split}_")


def _fiftyone(about: About, rows: Iterable[LabelRow]) -> Iterator[str]:
    before = f'{{"classes": {as_json(about.classes)}, "labels": {{\n'
    for row in rows:
        yield f"{before}{as_json(_stem(row.path))}: {as_json(_labelled(about, row))}"
        before = ",\n"
    yield ("" if before == ",\n" else before) + "\n}}\n"


def _labelled(about: About, row: LabelRow) -> dict[str, Any]:
    """A label as FiftyOne imports it: the class by its number, and attributes, without those that a face lacks."""
    values = values_of(about, row)
    names = ("given_label", "source", "split", "alpha", "margin", "suspicion", "path", "key")
    attributes = {name: values[name] for name in names if values[name] is not None}
    attributes["decided_at"] = row.decided_at or ""  # import-decisions knows the file by it
    if row.proposed_label is not None:
        attributes["proposed_label"] = about.classes[row.proposed_label]
    if row.box is not None:
        attributes["box"] = sides(row)
    return {"label": row.label, "attributes": attributes}


def _stem(path: str) -> str:
    """Without the ending, as FiftyOne names pictures below its folder of data."""
    return str(PurePosixPath(path).with_suffix(""))


def _check_raf_db(db: Database, about: About) -> None:
    if strange := [name for name in about.classes if RAF_DB.find(name) is None]:
        raise UsageError(f"--format raf-db: found class {strange[0]}; allowed: {RAF_DB.allowed()}; take another format")


def _check_one_face(name: FormatName, naming: Callable[[str], str]) -> Callable[[Database, About], None]:
    def check(db: Database, about: About) -> None:
        if (path := path_of_several(db, naming)) is not None:
            raise UsageError(
                f"--format {name}: found several faces that it would call {path}; allowed: one face a picture, told "
                "apart by its path; take csv, jsonl, label-studio or a folder of pictures"
            )

    return check


FORMATS: dict[FormatName, Format] = {
    "csv": Format("CSV", "a table with everything; data set csv and import-decisions read it", ".csv", write_csv),
    "jsonl": Format("JSON Lines", "the same, a JSON object a line", ".jsonl", _jsonl),
    "raf-db": Format(
        "RAF-DB list", "lines of picture and label, counted from 1", ".txt", _raf_db, check=_check_raf_db,
        fits=_fits_raf_db, sources=False,
    ),
    "class-folders": Format(
        "Class folders", "a folder of pictures for torchvision's ImageFolder", "", lay=class_folders,
        sources=False,
    ),
    "hugging-face": Format(
        "Hugging Face", "a folder of pictures that load_dataset of Hugging Face datasets reads", "", lay=hugging_face
    ),
    "label-studio": Format(
        "Label Studio", "tasks: given and proposed as predictions, decided as annotations", ".json", write_tasks
    ),
    "fiftyone": Format(
        "FiftyOne", "FiftyOneImageClassificationDataset, to be read with the pictures' root as data_path", ".json",
        _fiftyone, check=_check_one_face("fiftyone", _stem),
    ),
    "npz": Format(
        "NumPy arrays", "labels and probabilities of scored faces, as cleanlab takes them", ".npz", write_arrays,
        scored=True,
    ),
}  # fmt: skip
