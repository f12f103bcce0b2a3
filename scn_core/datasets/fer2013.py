"""FER2013 alone: fer2013.csv (or icml_face_data.csv) with its own labels, one a face.

    fer2013.csv      emotion,pixels,Usage       pixels: 48 x 48 grey values of 0 to 255, separated by blanks

Labels are 0 anger, 1 disgust, 2 fear, 3 happy, 4 sad, 5 surprise, 6 neutral. Usage is Training, PublicTest (val) or
PrivateTest (test). The pictures are written once, as PNG files named by the row's place in the table.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from scn_core.class_names import EXPW, ClassVocabulary
from scn_core.datasets.cells import whole_number
from scn_core.datasets.ferplus_pixels import FOLDERS, write_pixels
from scn_core.datasets.rows import Entry, find_split, make_row
from scn_core.datasets.source import Source
from scn_core.datasets.tables import column_places, csv_rows, first_there
from scn_core.errors import UsageError, error_text
from scn_core.import_balance import Problem

_COLUMNS = ("emotion", "pixels", "Usage")


def vocabulary(source: Source) -> ClassVocabulary:
    """The seven emotions, in the published order, which is that of ExpW."""
    return EXPW


def root(source: Source) -> Path:
    """The folder to write the pictures to, which is made."""
    base = source.folder()
    if source.unpack_to is None:
        raise UsageError(error_text(str(base), "none to unpack fer2013.csv to", "a folder for the pictures"))
    source.unpack_to.mkdir(parents=True, exist_ok=True)
    return source.unpack_to


def read(source: Source) -> Iterator[Entry]:
    """The faces of the table. Raises DataError for pixels that are none."""
    base, folder = source.folder(), root(source)
    table = first_there(base / "fer2013.csv", base / "icml_face_data.csv")
    rows = csv_rows(table)
    places = column_places(table, next(rows, (1, [""]))[1], _COLUMNS)
    for part in FOLDERS.values():
        (folder / part).mkdir(exist_ok=True)
    for number, (line, cells) in enumerate(rows):
        if len(cells) <= max(places):
            yield Problem(str(table), line, f"{len(cells)} cells", f"the columns {', '.join(_COLUMNS)}")
            continue
        emotion, pixels, usage = (cells[place] for place in places)
        label, split = whole_number(emotion), find_split(usage)
        if label is None or not 0 <= label < len(EXPW) or split is None:
            found = f"emotion {emotion!r} and Usage {usage!r}"
            allowed = f"an emotion of 0 to {len(EXPW) - 1}, and Training, PublicTest or PrivateTest"
            yield Problem(str(table), line, found, allowed)
            continue
        picture = f"{FOLDERS[split]}/fer{number:07d}.png"
        write_pixels(folder / picture, pixels, f"{table}, line {line}")
        yield make_row(str(table), line, picture, label, split)
