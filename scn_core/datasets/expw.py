"""Expression in the Wild (ExpW): several faces a picture, all of them train.

    label.lst     image_name face_id top left right bottom confidence label      (separated by blanks, pixels)

Labels are 0 anger, 1 disgust, 2 fear, 3 happy, 4 sad, 5 surprise, 6 neutral. The list lies under the root or its
folder `label`, the pictures under image/origin, image or the root itself; `Image`, `Images` and the like will do.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from scn_core.class_names import EXPW, ClassVocabulary
from scn_core.datasets.cells import whole_number
from scn_core.datasets.rows import Entry, make_row
from scn_core.datasets.source import Source
from scn_core.datasets.tables import first_there, text_lines
from scn_core.import_balance import Problem
from scn_core.records import Box

_LINE = "'image_name face_id top left right bottom confidence label' with a label of 0 to 6"


def vocabulary(source: Source) -> ClassVocabulary:
    """The seven emotions, in the published order."""
    return EXPW


def root(source: Source) -> Path:
    """The folder the user named."""
    return source.folder()


def read(source: Source) -> Iterator[Entry]:
    """The faces of the list; a face's key is its picture's path with '#face_id'."""
    base = source.folder()
    label_list = first_there(base / "label.lst", base / "label/label.lst")
    images = _pictures(base).relative_to(base)
    for line, content in text_lines(label_list):
        parts = content.rsplit(maxsplit=7)
        try:
            name, face, *numbers, _confidence, label = parts
            top, left, right, bottom = (int(float(number)) for number in numbers)
            number = -1 if (read := whole_number(label)) is None else read
        except (ValueError, OverflowError):
            number = -1
        if not 0 <= number < len(EXPW):
            yield Problem(str(label_list), line, repr(content), _LINE)
            continue
        box = Box(left, top, right, bottom)
        yield make_row(
            str(label_list), line, f"{images.as_posix()}/{name}", number, "train", root=base, box=box, face=face
        )


def _pictures(base: Path) -> Path:
    """Where the pictures lie: a folder image or images in any case, origin in it where there is one, or else `base`."""
    names = sorted(
        path.name for path in base.iterdir() if path.is_dir() and path.name.casefold() in ("image", "images")
    )
    inner = [base / name for name in names]
    return next((path / "origin" for path in inner if (path / "origin").is_dir()), inner[0] if inner else base)
