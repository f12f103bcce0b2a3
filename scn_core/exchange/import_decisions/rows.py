"""The rows of an import: what each means, and what is wrong with it."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from sqlite_utils import Database

from scn_core.class_names import ClassVocabulary, canonical
from scn_core.datasets.cells import as_moment, as_written, is_missing, whole_number
from scn_core.datasets.paths import path_forms
from scn_core.records import ANSWERS, Action, Answer, Box, Decision
from scn_core.store.decisions.imports import (
    IMPORT,
    IMPORTED,
    KnownFace,
    Recorded,
    face_of_key,
    faces_of,
    faces_of_picture,
    find_recorded,
    ids_by_former_name,
    is_imported,
    labels_by_moment,
    labels_decided_at,
)
from scn_core.store.decisions.record import NOTE_LENGTH
from scn_core.store.people.people import find_person
from scn_core.store.votes import numbers_as_written

_LONGEST_NAME = 80
_DECIDED = ("accept", "keep", "relabel")
"""Sources of a label that people decided."""
_IDS = uuid.UUID("6f0d4d0e-3f2b-5a6c-9d6e-5c7f2a1b8e90")


class Wrong(Exception):
    """A row that cannot be taken. Its line or other place is said by whoever reads rows."""

    def __init__(self, found: str, allowed: str, line: int | None = None, place: str = "") -> None:
        self.found, self.allowed, self.line, self.place = found, allowed, line, place


def _box(row: Row) -> Box | None:
    """The box that a row says; None where it says none."""
    sides = [whole_number(row.cells.get(side, "")) for side in ("left", "top", "right", "bottom")]
    numbers = [side for side in sides if side is not None]
    return Box(*numbers) if len(numbers) == len(sides) else None


def _sides(box: Box) -> str:
    return f"{box.left},{box.top},{box.right},{box.bottom}"


def is_text(cell: str) -> bool:
    """Whether UTF-8 can write it: JSON may name halves of surrogate pairs, which it cannot."""
    return cell.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in cell)


class Row(NamedTuple):
    """An answer of the file."""

    cells: dict[str, str]
    """By the column's name in lower case."""
    line: int | None
    """From 1; None in a file that is no table of lines, where `place` says which it is."""
    place: str = ""

    @property
    def name(self) -> str:
        """What messages call it."""
        return self.place or f"line {self.line}"

    def get(self, name: str) -> str:
        """A cell of text, empty where there is none."""
        return as_written(self.cells.get(name, "").strip())

    @property
    def moment(self) -> str:
        """When an exported row was decided, as the log has it, however a table program wrote it; empty: never."""
        cell = self.get("decided_at")
        return "" if is_missing(cell) else as_moment(cell)


@dataclass
class Reading:
    """A file as far as it has been read."""

    db: Database
    round: int
    names: ClassVocabulary
    mark: str
    person: str | None
    origin: str
    adjudicate: bool
    exported: bool
    import_id: str | None = None
    """What the log calls the import; None: rows of no file."""
    root: Path | None = None
    """Folder of the pictures, for paths that are written absolute."""
    by: int | None = None
    """Number of the person who takes the file."""
    decisions: list[Decision] = field(default_factory=list)
    new_people: dict[str, str] = field(default_factory=dict)
    seen: dict[tuple[int, str], str] = field(default_factory=dict)
    changes: Counter[tuple[int, int]] = field(default_factory=Counter)
    actions: Counter[Action] = field(default_factory=Counter)
    at_once: int = 0
    known: int = 0
    again: int = 0
    unchanged: int = 0
    gone: int = 0
    """Rows of an exported file that nobody changed, of faces that are not in the workspace any more."""

    @cached_property
    def _former(self) -> dict[str, list[int]]:
        return ids_by_former_name(self.db)

    @cached_property
    def _spelt(self) -> dict[str, int]:
        return numbers_as_written(self.db)

    @cached_property
    def _decided(self) -> set[tuple[str, int]]:
        return labels_by_moment(self.db)

    def take(self, row: Row) -> None:
        """Adds what the row says. Raises Wrong."""
        for name, cell in row.cells.items():
            if not is_text(cell):  # which no database keeps
                raise Wrong(f"{name} with half of a surrogate pair ({cell})", "text, as UTF-8 can write it")
        try:
            face = self._face(row)
        except Wrong:
            if not self.exported or self._edited_since(row):
                raise
            self.gone += 1
            return
        if self._took(row, face):
            self.known += 1
            return
        if self.exported and not self._edited(row, face):
            return
        if face.withdrawn:
            raise Wrong(f"{face.key}, which was taken out", "faces that are still in the data set; remove the line")
        if face.split != "train":
            raise Wrong(f"{face.key}, which is in split {face.split}", "training faces; others are not reviewed")
        person, answer = self._person(row), self._answer(row, face)
        note = "" if self.exported else row.get("note")
        if len(note) > NOTE_LENGTH:
            raise Wrong(f"a note of {len(note):,} characters", f"at most {NOTE_LENGTH:,}")
        if (first := self.seen.get((face.sample_id, person))) is not None:
            raise Wrong(f"{face.key} of {person} a second time, first in {first}", "one row a face and person")
        self.seen[face.sample_id, person] = row.name
        content = self._content(row, face, person)
        made = [self._decision(content, face, person, answer[0], label=answer[1], adjudicates=self.adjudicate)]
        if note:
            made.append(self._decision(("note", *content), face, person, "note", text=note))
        recorded = [find_recorded(self.db, decision.id) for decision in made]
        taken = {d.action: self._taken(d, found) for d, found in zip(made, recorded, strict=True)}
        new = {action: decision for action, decision in taken.items() if decision is not None}
        if not new:
            self.known += 1
            return
        self.again += recorded[0] is not None
        self.actions.update(new.keys())
        self.decisions += new.values()
        if answer[1] is not None and answer[1] != face.label:
            self.changes[face.label, answer[1]] += 1
            self.at_once += bool(face.one_row_decides) and not self.adjudicate

    def _took(self, row: Row, face: KnownFace) -> bool:
        """Whether the log has all that the row says, and none of it was taken back with its whole import.

        Asked before anything else: what the row's own import changed, or what came after it, is no problem of the row.
        """
        name = self._name(row)
        known = find_person(self.db, name) if name else None
        if known is None:
            return False
        content = self._content(row, face, known.name)
        rows = [content] if self.exported or not row.get("note") else [content, ("note", *content)]
        found = [find_recorded(self.db, self._id(each)) for each in rows]
        took = all(each is not None and not self._again(each) for each in found)
        if took:
            self.seen.setdefault((face.sample_id, known.name), row.name)
        return took

    def _content(self, row: Row, face: KnownFace, person: str) -> tuple[str, ...]:
        """What tells the answer of a row from all others."""
        answers = () if self.exported else (row.get("action"), row.get("note"))
        moment = row.moment if self.exported else row.cells.get("decided_at", "")
        return face.key, person, row.get("label"), moment, *answers

    def _id(self, content: tuple[str, ...]) -> str:
        return str(uuid.uuid5(_IDS, json.dumps([self.mark, *content])))

    def _again(self, found: Recorded) -> bool:
        """Whether a row that was taken back with its whole import can be taken once more."""
        return found.undone_with_import is not None and found.round == self.round

    def _name(self, row: Row) -> str:
        return (row.get("person") or self.person or "").strip()

    def _face(self, row: Row) -> KnownFace:
        key, path = (row.cells.get(name, "").strip() for name in ("key", "path"))
        name = key or path
        if not name:
            raise Wrong("neither a path nor a key", "one of them")
        forms, box = list(path_forms(name, self.root)), _box(row)
        finds = (face_of_key, faces_of_picture) if key else (faces_of_picture, face_of_key)
        faces = next(filter(None, (self._named(forms, find) for find in finds)), [])
        if not faces and (ids := next(filter(None, map(self._former.get, forms)), [])):
            faces = faces_of(self.db, self.round, ids)
        if box is not None:
            faces = self._with_box(row, faces, box, name)
        if not faces:
            raise Wrong(f"{name}, which is no face of this workspace", "paths and keys as an export has them")
        if len(faces) > 1:
            raise Wrong(f"{name}, which holds {len(faces)} faces", f"the key of one, such as {faces[0].key}")
        return faces[0]

    def _named(self, forms: list[str], find: Callable[[Database, int, str], list[KnownFace]]) -> list[KnownFace]:
        return next(filter(None, (find(self.db, self.round, form) for form in forms)), [])

    def _with_box(self, row: Row, named: list[KnownFace], box: Box, name: str) -> list[KnownFace]:
        """Of the faces a row names, or else of all in their picture, those with its box.

        A face that is its whole picture is known by its name alone. Raises Wrong where others have another box.
        """
        if found := [face for face in named if face.box == box]:
            return found
        if len(named) == 1 and named[0].box is None:
            return named
        paths = [*dict.fromkeys(face.path for face in named), *path_forms(row.cells.get("path", "").strip(), self.root)]
        others = self._named(paths, faces_of_picture)
        if found := [face for face in others if face.box == box]:
            return found
        if named:
            has = f"{named[0].key} is in another now" if len(named) == 1 else f"none of its {len(named)} faces is in"
            raise Wrong(
                f"{name} in the box {_sides(box)}, and {has}",
                "boxes as the data set has them; remove the line, or export anew",
            )
        return []

    def _edited(self, row: Row, face: KnownFace) -> bool:
        """Whether somebody changed the label of an exported row so that the face is to have it; counts it otherwise.

        Raises Wrong where the face was decided since.
        """
        label, moment = self._class(row.get("label"), "label"), row.moment
        decided = moment and row.get("source") in _DECIDED
        then = labels_decided_at(self.db, face.sample_id, moment) if decided else {self._given(row)}
        if label in then or label == face.label:
            known = label not in then and is_imported(self.db, face.sample_id, label)
            self.known += known
            self.unchanged += not known
            return False
        if (face.decided_at or "") != moment:
            now = self.names.names[face.label]
            raise Wrong(
                f"{self.names.names[label]} for {face.key}, which people decided about since the export ({now})",
                "rows that are still as exported; remove the line, or export anew",
            )
        return True

    def _edited_since(self, row: Row) -> bool:
        """The same of a row whose face is not known, by the row itself and the log."""
        label = self._class(row.get("label"), "label")
        if row.moment and row.get("source") in _DECIDED:
            return (row.moment, label) not in self._decided
        return label != self._given(row)

    def _given(self, row: Row) -> int:
        return self._class(row.get("given_label"), "given label")

    def _person(self, row: Row) -> str:
        name = self._name(row)
        if not name:
            raise Wrong("no person", "a name in column person, or one for the whole file (--person)")
        if len(name) > _LONGEST_NAME or not name.isprintable():
            raise Wrong(f"a name of {len(name)} characters", f"1 to {_LONGEST_NAME} printable ones")
        known = find_person(self.db, name)
        if self.adjudicate and (known is None or known.role != "lead"):
            raise Wrong(
                f"{name}, who is no lead", "leads, where the file settles what reviewers answered (--adjudicate)"
            )
        if known is None:
            return self.new_people.setdefault(name.lower(), name)
        return known.name

    def _answer(self, row: Row, face: KnownFace) -> tuple[Answer, int | None]:
        action = "" if self.exported else row.get("action").lower()
        label = self._class(row.get("label"), "label") if row.get("label") else None
        if not action and label is None:
            raise Wrong("neither an action nor a label", "one of them")
        if action and action not in ANSWERS:
            raise Wrong(f"action {action!r}", ", ".join(ANSWERS))
        if not action:
            action = {face.proposed_label: "accept", face.start_label: "keep"}.get(label, "relabel")
        if action == "relabel" and label is None:
            raise Wrong("relabel without a label", self.names.allowed())
        if action == "accept" and face.proposed_label is None:
            raise Wrong("accept of a face without a proposal", "keep, relabel, unsure, exclude")
        if action == "relabel":
            return "relabel", label
        means = {"accept": face.proposed_label, "keep": face.start_label}.get(action)
        if label not in (None, means):
            wanted = "no label" if means is None else f"{self.names.names[means]}, or no label"
            raise Wrong(f"{action} with label {row.get('label')}", wanted)
        return next(answer for answer in ANSWERS if answer == action), means

    def _class(self, name: str, what: str) -> int:
        number = self.names.find(name)
        if number is None:
            number = self._spelt.get(canonical(name))
        if number is None:
            raise Wrong(f"{what} {name!r}", self.names.allowed())
        return number

    def _decision(
        self, content: tuple[str, ...], face: KnownFace, person: str, action: Action, *,
        label: int | None = None, text: str | None = None, adjudicates: bool = False,
    ) -> Decision:  # fmt: skip
        return Decision(
            self._id(content), self.round, face.sample_id, person, action, label, shown=self._shown(), text=text,
            adjudicates=adjudicates,
        )  # fmt: skip

    def _taken(self, decision: Decision, found: Recorded | None) -> Decision | None:
        """What takes a decision in: itself where it is new; what undoes the undo where it was taken back with its whole
        import, in this round; None where nothing does."""
        if found is None:
            return decision
        if not self._again(found):
            return None
        number = str(uuid.uuid5(_IDS, json.dumps([self.mark, "again", found.undone_with_import])))
        return Decision(
            number, self.round, decision.sample_id, decision.person, "undo", undoes=found.undone_with_import,
            shown=self._shown(),
        )  # fmt: skip

    def _shown(self) -> str:
        by = {} if self.by is None else {"by": self.by}
        return json.dumps({IMPORTED: self.origin} | ({IMPORT: self.import_id} if self.import_id else {}) | by)
