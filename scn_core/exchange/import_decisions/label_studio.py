"""What people answered in Label Studio: its exports JSON, JSON-MIN and CSV as rows.

Every annotation is an answer of the person who completed it, the one that confirms a label too. What `export` had
written as decided, and nobody changed, is passed over, and so are tasks that were skipped or not annotated.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeGuard

from scn_core.datasets.json_table import cell_of
from scn_core.errors import UsageError, error_text
from scn_core.exchange.export.label_studio import CURRENT, DECIDED_ID, LABEL, PERCENT
from scn_core.exchange.export.table import BOX_COLUMNS
from scn_core.exchange.import_decisions.rows import Row, Wrong

ANSWERED = frozenset({"annotation_id", "annotator"})
"""Columns that tell the exports CSV and JSON-MIN from others."""
AS_EXPORTED, UNANSWERED = "as exported", "skipped or not annotated"
_DECIDED = ("accept", "keep", "relabel")
_SAME_BOX = 0.5
"""A rectangle is that of a face where the area they share is at least this part of the area they cover."""
_SIDES = ("x", "y", "width", "height")
_OF_TEMPLATES = "choice"
"""What Label Studio's templates call the control of an image's class."""
_VALUES = ("choices", "rectanglelabels")


@dataclass(frozen=True)
class Options:
    """See `sheets.Reader`."""

    path_column: str | None
    label_column: str | None
    annotators: Mapping[str, str]

    def control(self, names: Collection[object]) -> str:
        """Whose results are the labels: of the control that was said; or else of the templates' one, as `label` may be
        a field of such a project's tasks; or else of ours."""
        return self.label_column or (_OF_TEMPLATES if _OF_TEMPLATES in names else LABEL)

    def person(self, completed_by: object) -> str:
        """What to call who completed an annotation: Label Studio writes a number, an address or an account."""
        account = (
            completed_by
            if isinstance(completed_by, dict)
            else {"id": completed_by, "email": completed_by if isinstance(completed_by, str) else None}
        )
        number, email = cell_of(account.get("id")), cell_of(account.get("email"))
        known = self.annotators.get(email) or self.annotators.get(number)
        if known or not (number or email):
            return known or ""
        return email if "@" in email else f"Label Studio {number}"


def named_accounts(pairs: Iterable[str]) -> dict[str, str]:
    """Label Studio's number or address of a person -> their name here, of texts such as '3=ann'. Raises UsageError."""
    named = {}
    for text in pairs:
        number, _, name = (part.strip() for part in text.partition("="))
        if not (number and name):
            raise UsageError(error_text("--annotator", repr(text), "ID=NAME, such as 3=ann"))
        named[number] = name
    return named


def task_rows(tasks: Iterable[Mapping[str, Any]], options: Options, passed: Counter[str]) -> Iterator[Row | Wrong]:
    """Of export JSON."""
    for number, task in enumerate(tasks, 1):
        place = f"task {task.get('id', number)}"
        data, annotations = task.get("data"), task.get("annotations")
        if not isinstance(data, dict) or not _is_list_of_objects(annotations):
            yield Wrong("no data or no annotations", "tasks as Label Studio exports them", None, place)
            continue
        answers = [each for each in annotations if not each.get("was_cancelled") and each.get("result")]
        passed[UNANSWERED] += not answers
        for answer in answers:
            if not _is_list_of_objects(answer["result"]):
                yield Wrong("a result that is no list", "annotations as Label Studio exports them", None, place)
                continue
            found = [result for result in answer["result"] if result.get("type") in _VALUES]
            control = options.control([result.get("from_name") for result in found])
            results = [result for result in found if result.get("from_name") == control]
            if not results:
                names = sorted({cell_of(result.get("from_name")) for result in answer["result"]})
                wanted = f"results of control {control}; name another with --label-column"
                yield Wrong(f"results of {', '.join(names)}", wanted, None, place)
                continue
            cells = {
                "person": options.person(answer.get("completed_by")),
                "decided_at": cell_of(answer.get("updated_at")),
            }
            values = [result.get("value") for result in results]
            ours = [cell_of(result.get("id")).endswith(DECIDED_ID) for result in results]
            yield from _rows(data, values, ours, cells, place, options, passed)


def flat_rows(records: Iterable[Mapping[str, Any]], options: Options, passed: Counter[str]) -> Iterator[Row | Wrong]:
    """Of exports JSON-MIN and CSV: a record an annotation. CSV has lists as JSON text."""
    for record in records:
        number = cell_of(record.get("annotation_id"))
        control = options.control(record)
        if number and control not in record:
            wanted = f"control {control} among {', '.join(record)}; name it with --label-column"
            yield Wrong(f"no {control}", wanted, None, f"annotation {number}")
            continue
        answer = _parsed(record.get(control))
        if not answer or not number:
            passed[UNANSWERED] += 1
            continue
        cells = {
            "person": options.person(_parsed(record.get("annotator"))),
            "decided_at": cell_of(record.get("updated_at")),
        }
        values = answer if isinstance(answer, list) else [answer if isinstance(answer, dict) else {"choices": [answer]}]
        untouched = not record.get("lead_time")  # nobody had it open in Label Studio
        data = {name: _parsed(value) if name == "faces" else value for name, value in record.items()}
        yield from _rows(data, values, [untouched] * len(values), cells, f"annotation {number}", options, passed)


def _rows(
    data: Mapping[str, Any], values: Sequence[Any], ours: Sequence[bool], cells: Mapping[str, str],
    place: str, options: Options, passed: Counter[str],
) -> Iterator[Row | Wrong]:  # fmt: skip
    """The rows of one annotation: one for the picture, or one for each rectangle."""
    faces = data.get("faces")
    for value, our in zip(values, ours, strict=True):
        control = value if isinstance(value, dict) else {}
        chosen: Any = next((control[name] for name in _VALUES if control.get(name)), [])
        if not isinstance(chosen, list) or len(chosen) != 1:
            found = f"{len(chosen)} classes" if isinstance(chosen, list) else "classes that are no list"
            yield Wrong(found, "one class a face", None, place)
            continue
        face: Mapping[str, Any] | None = data
        if _is_list_of_objects(faces):
            face = _face_of(control, faces)
        if face is None:
            yield Wrong("a rectangle that is no face's", "the rectangles of the tasks", None, place)
            continue
        if our and face.get("source") in _DECIDED and face.get(CURRENT) == chosen[0]:
            passed[AS_EXPORTED] += 1
            continue
        path = data.get(options.path_column) if options.path_column else face.get("path") or data.get("image")
        key = "" if options.path_column else cell_of(face.get("key"))
        box = face.get("box") if key else None
        sides = dict(zip(BOX_COLUMNS, map(cell_of, box), strict=False)) if isinstance(box, list) else {}
        yield Row({**cells, **sides, "key": key, "path": cell_of(path), "label": cell_of(chosen[0])}, None, place)


def _is_list_of_objects(value: Any) -> TypeGuard[list[dict[str, Any]]]:
    return isinstance(value, list) and all(isinstance(each, dict) for each in value)


def _face_of(value: Mapping[str, Any], faces: Sequence[Any]) -> Mapping[str, Any] | None:
    """The face whose box a rectangle is, also where it was moved a little; None: it is no face's."""
    shared = [(_shared([value.get(side) for side in _SIDES], face.get(PERCENT)), face) for face in faces]
    most, face = max(shared, key=lambda each: each[0], default=(0.0, None))
    return face if most >= _SAME_BOX else None


def _shared(one: Sequence[Any], other: Any) -> float:
    """The part of the area that two rectangles cover which both do; 0 where a side is missing."""
    if not isinstance(other, list) or len(other) != len(one):
        return 0.0
    if not all(isinstance(side, int | float) for side in [*one, *other]):
        return 0.0
    across = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    down = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    both = max(across, 0.0) * max(down, 0.0)
    return float(both / (one[2] * one[3] + other[2] * other[3] - both)) if both else 0.0


def _parsed(cell: Any) -> Any:
    """A cell of JSON text as what it stands for, and any other as it is."""
    with suppress(ValueError, RecursionError):
        return json.loads(cell) if isinstance(cell, str) and cell[:1] in ("[", "{") else cell
    return cell
