"""The formats of an export: each turns faces into pieces of text, one face at a time."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from html import escape
from pathlib import PurePosixPath
from typing import Any, Literal, get_args
from urllib.parse import quote

from sqlite_utils import Database

from scn_core.errors import UsageError
from scn_core.exchange.export.cells import harmless, harmless_path
from scn_core.labels import RAF_DB
from scn_core.store.labels import LabelRow, path_of_several

FormatName = Literal["csv", "jsonl", "raf-db", "metadata-csv", "label-studio", "fiftyone"]
FORMAT_NAMES: tuple[FormatName, ...] = get_args(FormatName)

COLUMNS = (
    "path", "label", "split", "given_label", "changed", "source", "adjudicated", "decisions", "reviewers", "round",
    "alpha", "margin", "decided_at", "key",
)  # fmt: skip
BOX_COLUMNS = ("left", "top", "right", "bottom")


@dataclass(frozen=True)
class About:
    """What the rows of an export have in common."""

    classes: tuple[str, ...]
    boxed: bool
    """Some face has a box."""
    people: Mapping[int, str]
    """What to call each person."""


Writer = Callable[[About, Iterable[LabelRow]], Iterator[str]]


@dataclass(frozen=True)
class Format:
    """One way to write labels."""

    title: str
    """In a list to choose from."""
    help: str
    ending: str
    write: Writer
    check: Callable[[Database, About], None] = lambda db, about: None
    """Raises UsageError where this data set does not go into it."""


def values_of(about: About, row: LabelRow) -> dict[str, Any]:
    """One face as plain values, by the names of COLUMNS."""
    return {
        "path": row.path,
        "label": about.classes[row.label],
        "split": row.split,
        "given_label": about.classes[row.given_label],
        "changed": int(row.label != row.given_label),
        "source": row.source,
        "adjudicated": int(row.adjudicated),
        "decisions": len(row.people),
        "reviewers": [about.people[person] for person in row.people],
        "round": row.round,
        "alpha": None if row.alpha is None else round(row.alpha, 6),
        "margin": None if row.margin is None else round(row.margin, 6),
        "decided_at": row.decided_at,
        "key": row.key,
    }


class _Line:
    """Where the csv module writes: `writerow` returns what this returns."""

    def write(self, text: str) -> str:
        return text


def _csv(about: About, rows: Iterable[LabelRow]) -> Iterator[str]:
    row_of = csv.writer(_Line()).writerow
    yield row_of(COLUMNS + (BOX_COLUMNS if about.boxed else ()))
    for row in rows:
        values = values_of(about, row)
        values["reviewers"] = "; ".join(values["reviewers"])
        cells = [harmless_path(value) if name in ("path", "key") else harmless(value) for name, value in values.items()]
        yield row_of(cells + (_sides(row) or [""] * 4 if about.boxed else []))


def _jsonl(about: About, rows: Iterable[LabelRow]) -> Iterator[str]:
    for row in rows:
        yield _json(values_of(about, row) | {"box": _sides(row) or None}) + "\n"


def _metadata_csv(about: About, rows: Iterable[LabelRow]) -> Iterator[str]:
    row_of = csv.writer(_Line()).writerow
    yield row_of(("file_name", "label", "given_label", "changed", "source", "split"))
    for row in rows:
        values = values_of(about, row)
        rest = (harmless(values[name]) for name in ("label", "given_label", "changed", "source", "split"))
        yield row_of((harmless_path(row.path), *rest))


def _raf_db(about: About, rows: Iterable[LabelRow]) -> Iterator[str]:
    number = [(RAF_DB.find(name) or 0) + 1 for name in about.classes]
    for row in rows:
        name = PurePosixPath(row.path).name
        if row.box is not None or not name.startswith(f"{row.split}_") or row.split == "val" or not _plain(name):
            raise UsageError(
                f"--format raf-db: found {row.key} ({row.split}); allowed: whole pictures called train_*.jpg or "
                "test_*.jpg after their split; leave others out with a filter, or take csv"
            )
        yield f"{name.removesuffix('_aligned.jpg').removesuffix('.jpg')}.jpg {number[row.label]}\n"


def _plain(name: str) -> bool:
    return name.endswith(".jpg") and not any(letter.isspace() for letter in name)


def _label_studio(about: About, rows: Iterable[LabelRow]) -> Iterator[str]:
    before = "[\n"
    for row in rows:
        yield before + _json(_task(about, row))
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def _task(about: About, row: LabelRow) -> dict[str, Any]:
    """A task as Label Studio imports it: what was given and proposed as predictions, what people decided beside."""

    def choice(what: str, label: int) -> dict[str, Any]:
        return {
            "id": f"{row.sample_id}-{what}",
            "from_name": "label",
            "to_name": "image",
            "type": "choices",
            "value": {"choices": [about.classes[label]]},
        }

    predictions = [{"model_version": "given", "result": [choice("given", row.given_label)]}]
    if row.proposed_label is not None:
        predictions.append({"model_version": "proposed", "result": [choice("proposed", row.proposed_label)]})
    annotations: list[dict[str, Any]] = []
    if row.source in ("accept", "keep", "relabel"):
        annotations = [{"result": [choice("decided", row.label)], "was_cancelled": False}]
    elif row.source == "exclude":
        annotations = [{"result": [], "was_cancelled": True}]
    data = {"image": f"/data/local-files/?d={quote(row.path)}", **values_of(about, row), "box": _sides(row) or None}
    return {"id": row.sample_id, "data": data, "annotations": annotations, "predictions": predictions}


def label_studio_config(classes: Iterable[str]) -> str:
    """The labelling configuration of a Label Studio project that takes the tasks."""
    choices = "".join(f'<Choice value="{escape(name)}"/>' for name in classes)
    return f'<View><Image name="image" value="$image"/><Choices name="label" toName="image">{choices}</Choices></View>'


def _fiftyone(about: About, rows: Iterable[LabelRow]) -> Iterator[str]:
    before = f'{{"classes": {_json(about.classes)}, "labels": {{\n'
    for row in rows:
        yield f"{before}{_json(_stem(row.path))}: {row.label}"
        before = ",\n"
    yield ("" if before == ",\n" else before) + "\n}}\n"


def _stem(path: str) -> str:
    """Without the ending, as FiftyOne names pictures below its folder of data."""
    return str(PurePosixPath(path).with_suffix(""))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _sides(row: LabelRow) -> list[Any]:
    """left, top, right, bottom; empty where the face is the whole picture."""
    box = row.box
    return [] if box is None else [box.left, box.top, box.right, box.bottom]


def _check_raf_db(db: Database, about: About) -> None:
    if strange := [name for name in about.classes if RAF_DB.find(name) is None]:
        raise UsageError(f"--format raf-db: found class {strange[0]}; allowed: {RAF_DB.allowed()}; take another format")


def _check_one_face(name: FormatName, naming: Callable[[str], str]) -> Callable[[Database, About], None]:
    def check(db: Database, about: About) -> None:
        if (path := path_of_several(db, naming)) is not None:
            raise UsageError(
                f"--format {name}: found several faces that it would call {path}; allowed: one face a picture, told "
                "apart by its path; take csv, jsonl or label-studio"
            )

    return check


FORMATS: dict[FormatName, Format] = {
    "csv": Format("CSV", "a table with everything; data set csv and import-decisions read it", ".csv", _csv),
    "jsonl": Format("JSON Lines", "the same, a JSON object a line", ".jsonl", _jsonl),
    "raf-db": Format("RAF-DB list", "lines of picture and label, counted from 1", ".txt", _raf_db, _check_raf_db),
    "metadata-csv": Format(
        "metadata.csv", "for an image folder of Hugging Face datasets, laid at the root of the pictures", ".csv",
        _metadata_csv, _check_one_face("metadata-csv", str),
    ),
    "label-studio": Format(
        "Label Studio", "tasks: given and proposed as predictions, decided as annotations", ".json", _label_studio
    ),
    "fiftyone": Format(
        "FiftyOne", "FiftyOneImageClassificationDataset, to be read with the pictures' root as data_path", ".json",
        _fiftyone, _check_one_face("fiftyone", _stem),
    ),
}  # fmt: skip
