"""Tasks for Label Studio: what was given and proposed as predictions, what people decided as annotations.

A task is a picture. A face that is the whole of it gets a choice; faces with boxes, of which a picture may have
several, get a labelled rectangle each. The score of a prediction is the suspicion: Label Studio can order by it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import Any
from urllib.parse import quote

from scn_core.datasets.images import picture_size
from scn_core.errors import DataError, error_text
from scn_core.exchange.export.row_values import About, as_json, rounded, sides, values_of
from scn_core.store.current_labels import LabelRow

LABEL, IMAGE = "label", "image"
"""Names of the control and of the object in the labelling configuration."""
CURRENT = "current_label"
"""What a task calls the label a face has now: column `label` of Label Studio's own exports is the annotation."""
PERCENT = "percent"
"""What a task calls the rectangle of a face: left, top, width and height in percent of the picture."""
DECIDED_ID = "-decided"
"""How the ids of results end that say what people had decided before the export."""
_LOCAL = "/data/local-files/?d="
_DECIDED = ("accept", "keep", "relabel")


def label_studio_config(classes: Iterable[str], *, boxed: bool = False) -> str:
    """The labelling configuration of a Label Studio project that takes the tasks."""
    image = f'<Image name="{IMAGE}" value="$image"/>'
    if boxed:
        labels = "".join(f'<Label value="{escape(name)}"/>' for name in classes)
        return f'<View>{image}<RectangleLabels name="{LABEL}" toName="{IMAGE}">{labels}</RectangleLabels></View>'
    choices = "".join(f'<Choice value="{escape(name)}"/>' for name in classes)
    return f'<View>{image}<Choices name="{LABEL}" toName="{IMAGE}">{choices}</Choices></View>'


def write_tasks(about: About, rows: Iterable[LabelRow]) -> Iterator[str]:
    """The tasks, a line each. Raises DataError where a picture with boxes cannot be opened: its size is needed."""
    before = "[\n"
    for task in _tasks(about, rows):
        yield before + as_json(task)
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def _tasks(about: About, rows: Iterable[LabelRow]) -> Iterator[dict[str, Any]]:
    pictures: defaultdict[str, list[LabelRow]] = defaultdict(list)
    for row in rows:
        if about.boxed:
            pictures[row.path].append(row)
        else:
            yield _task(about, [row], _values(about, row), None)
    for faces in pictures.values():
        size = _size(about, faces[0])
        suspicions = [row.suspicion for row in faces if row.suspicion is not None]
        values = {
            "path": faces[0].path,
            "suspicion": rounded(max(suspicions, default=None)),  # to order the pictures by
            "faces": [_values(about, row) | {"box": sides(row), PERCENT: _percent(row, size)} for row in faces],
        }
        yield _task(about, faces, values, size)


def _task(
    about: About, faces: Sequence[LabelRow], values: dict[str, Any], size: tuple[int, int] | None
) -> dict[str, Any]:
    def results(what: str, labels: Iterable[int | None]) -> list[dict[str, Any]]:
        return [
            {
                "id": f"{row.sample_id}-{what}",
                "from_name": LABEL,
                "to_name": IMAGE,
                **(_choice(about.classes[label]) if size is None else _rectangle(about.classes[label], row, size)),
            }
            for row, label in zip(faces, labels, strict=True)
            if label is not None
        ]

    score = {} if values["suspicion"] is None else {"score": values["suspicion"]}
    predictions = [{"model_version": "given", **score, "result": results("given", (row.given_label for row in faces))}]
    if proposed := results("proposed", (row.proposed_label for row in faces)):
        predictions.append({"model_version": "proposed", **score, "result": proposed})
    return {
        "id": faces[0].sample_id,
        "data": {"image": _address(about, faces[0].path), **values},
        "annotations": _annotations(faces, results(DECIDED_ID[1:], (_decided(row) for row in faces))),
        "predictions": predictions,
    }


def _decided(row: LabelRow) -> int | None:
    return row.label if row.source in _DECIDED else None


def _annotations(faces: Sequence[LabelRow], decided: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What people decided, once they decided about every face of the picture."""
    if any(row.source not in (*_DECIDED, "exclude") for row in faces):
        return []
    return [{"result": decided, "was_cancelled": not decided}]


def _values(about: About, row: LabelRow) -> dict[str, Any]:
    return {CURRENT if name == "label" else name: value for name, value in values_of(about, row).items()}


def _choice(name: str) -> dict[str, Any]:
    return {"type": "choices", "value": {"choices": [name]}}


def _rectangle(name: str, row: LabelRow, size: tuple[int, int]) -> dict[str, Any]:
    x, y, width, height = _percent(row, size)
    return {
        "type": "rectanglelabels",
        "original_width": size[0],
        "original_height": size[1],
        "image_rotation": 0,
        "value": {"x": x, "y": y, "width": width, "height": height, "rotation": 0, "rectanglelabels": [name]},
        **({} if row.suspicion is None else {"score": rounded(row.suspicion)}),
    }


def _percent(row: LabelRow, size: tuple[int, int]) -> list[float]:
    """Left, top, width and height in percent of the picture, which a face without a box is the whole of."""
    left, top, right, bottom = sides(row) or (0, 0, *size)
    return [100 * left / size[0], 100 * top / size[1], 100 * (right - left) / size[0], 100 * (bottom - top) / size[1]]


def _size(about: About, row: LabelRow) -> tuple[int, int]:
    file = about.picture(row)
    try:
        return picture_size(file)
    except (OSError, ValueError) as error:
        raise DataError(error_text(str(file), f"an unreadable picture ({error})", "a picture")) from error


def _address(about: About, path: str) -> str:
    if about.image_prefix is not None:
        return about.image_prefix + quote(path)
    folder = f"{about.pictures.absolute().name}/" if about.pictures is not None else ""
    return _LOCAL + quote(folder + path)
