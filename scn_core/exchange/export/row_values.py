"""The values of a row of an export by the names of its columns, and what all rows have in common (`About`).

Every format is written from these.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scn_core.errors import DataError, UsageError, error_text
from scn_core.store.current_labels import LabelRow

COLUMNS = (
    "path", "label", "split", "given_label", "changed", "source", "undecided", "adjudicated", "decisions",
    "reviewers", "imported_by", "round", "alpha", "margin", "suspicion", "decided_at", "key",
)  # fmt: skip


@dataclass(frozen=True)
class About:
    """What the rows of an export have in common."""

    classes: tuple[str, ...]
    boxed: bool
    """Some face has a box."""
    people: Mapping[int, str]
    """What to call each person."""
    voted: bool = False
    """Some face came with several people's labels."""
    pictures: Path | None = None
    """Folder that the paths are relative to; None: a format that opens pictures cannot be written."""
    image_prefix: str | None = None
    """What Label Studio finds before a picture's path; None: local files, the folder of pictures by its name."""
    copies: bool = False
    """Folders of pictures hold copies, not links."""

    def importer(self, number: int) -> str:
        """What to call who took a file of decisions. A lead who never answered has no pseudonym."""
        return "a command" if number == 0 else self.people.get(number, "a lead")

    def picture(self, row: LabelRow) -> Path:
        """The file of a face. Raises UsageError where the folder was not said, DataError where it is not there."""
        if self.pictures is None:
            raise UsageError(
                error_text("export", "no folder of the pictures", "a format that opens none, or the folder")
            )
        file = self.pictures.absolute() / row.path
        if not file.is_file():
            raise DataError(error_text(str(file), "no such picture", "the pictures where they were", "put it back"))
        return file


def values_of(about: About, row: LabelRow) -> dict[str, Any]:
    """One face as plain values, by the names of COLUMNS; `votes` too where the data set has several labels a face."""
    return {
        "path": row.path,
        "label": about.classes[row.label],
        "split": row.split,
        "given_label": about.classes[row.given_label],
        "changed": int(row.label != row.given_label),
        "source": row.source,
        "undecided": row.undecided,
        "adjudicated": int(row.adjudicated),
        "decisions": len(row.people),
        "reviewers": [about.people[person] for person in row.people],
        "imported_by": [about.importer(number) for number in row.importers],
        "round": row.round,
        "alpha": rounded(row.alpha),
        "margin": rounded(row.margin),
        "suspicion": rounded(row.suspicion),
        "decided_at": row.decided_at,
        "key": row.key,
        **({"votes": _votes(about, row)} if about.voted else {}),
    }


def rounded(share: float | None) -> float | None:
    """A share as files have it."""
    return None if share is None else round(share, 6)


def sides(row: LabelRow) -> list[int]:
    """left, top, right, bottom; empty where the face is the whole picture."""
    box = row.box
    return [] if box is None else [box.left, box.top, box.right, box.bottom]


def as_json(value: Any) -> str:
    """On one line, letters of all languages as they are."""
    return json.dumps(value, ensure_ascii=False)


def _votes(about: About, row: LabelRow) -> dict[str, int]:
    """How many people gave which label before the import; answers that are no class by their own names."""
    counts: Counter[str] = Counter()
    for vote in row.votes:
        counts[vote.other if vote.label is None else about.classes[vote.label]] += vote.count
    return dict(counts.most_common())
