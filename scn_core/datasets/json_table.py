"""Exported JSON read as the table that `export --format csv` would have written: a row a face.

JSON Lines, tasks of Label Studio and labels of FiftyOne. What people answered in Label Studio is not read here:
`import-decisions` does that.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from scn_core.datasets.other_formats import refuse_coco, refuse_columns
from scn_core.datasets.tables import csv_rows, open_list
from scn_core.errors import DataError, error_text, readable

_SIDES = ("left", "top", "right", "bottom")
_ALLOWED = "JSON Lines, tasks of Label Studio or labels of FiftyOne, as export writes them"


def table_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The rows of a CSV file or of exported JSON with the line or the place in the list of each, the header first."""
    return json_rows(path) if is_json(path) else csv_rows(path)


def table_header(path: Path) -> list[str]:
    """The column names. Raises DataError for an empty file."""
    for _, cells in table_rows(path):
        return cells
    raise DataError(error_text(str(path), "an empty file", "a header and at least one row"))


def is_json(path: Path) -> bool:
    """Whether a list is JSON, by its first letter. Raises DataError where it cannot be read."""
    with open_list(path) as text:
        return next((line.strip()[0] for line in text if line.strip()), "") in ("{", "[")


def json_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The rows of a JSON file, the header first."""
    rows = [_cells(record) for record in _records(path)]
    header = list(dict.fromkeys(name for row in rows for name in row)) or ["path", "label"]
    yield 1, header
    for number, row in enumerate(rows, 1):
        yield number, [row.get(name, "") for name in header]


def read_json(path: Path) -> Any:
    """What a JSON file holds; of JSON Lines a list. Raises DataError where it is neither, naming the line."""
    with open_list(path) as opened:
        text = opened.read()
    try:
        return json.loads(text)
    except RecursionError as error:
        raise DataError(error_text(str(path), "JSON of more levels than can be read", _ALLOWED)) from error
    except ValueError as error:
        lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
        if len(lines) < 2 or not lines[0][1].strip().endswith("}"):
            raise DataError(error_text(str(path), f"broken JSON ({error})", "a whole JSON file")) from error
    return [_line(path, number, line) for number, line in lines]


def _line(path: Path, number: int, line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataError(error_text(f"{path}, line {number}", readable(line, 200), "a JSON object a line")) from error


def fiftyone_records(content: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The labels of a FiftyOneImageClassificationDataset: path, label and the attributes of each."""
    classes, labels = content.get("classes"), content["labels"]
    for name, value in labels.items():
        each = value if isinstance(value, dict) else {"label": value}
        label, attributes = each.get("label"), each.get("attributes")
        if isinstance(label, int) and isinstance(classes, list) and 0 <= label < len(classes):
            label = classes[label]
        yield {"path": name, **(attributes if isinstance(attributes, dict) else {}), "label": label}


def _records(path: Path) -> Iterator[dict[str, Any]]:
    content = read_json(path)
    refuse_coco(path, content)
    if isinstance(content, dict) and isinstance(content.get("labels"), dict):
        yield from fiftyone_records(content)
        return
    refuse_columns(path, content)
    for number, record in enumerate(content if isinstance(content, list) else [content], 1):
        data = record.get("data") if isinstance(record, dict) else None
        faces = data.get("faces", [data]) if isinstance(data, dict) else [record]
        for face in faces if isinstance(faces, list) else [faces]:
            if not isinstance(face, dict):
                found = readable(json.dumps(face, ensure_ascii=False), 200)
                raise DataError(error_text(f"{path}, entry {number}", found, _ALLOWED))
            yield {"label" if name == "current_label" else name: value for name, value in face.items()}


def _cells(record: Mapping[str, Any]) -> dict[str, str]:
    cells = {name: cell_of(value) for name, value in record.items() if name != "box"}
    if isinstance(votes := record.get("votes"), dict):
        cells["votes"] = "; ".join(f"{name}: {count}" for name, count in votes.items())
    box = record.get("box")
    if "box" in record:
        cells |= dict(zip(_SIDES, map(cell_of, box if isinstance(box, list) else [""] * 4), strict=False))
    return cells


def cell_of(value: object) -> str:
    """A JSON value as a cell of a table."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
