"""FER2013's pixels, unpacked once into the folders that FERPlus users know.

    fer2013.csv      emotion,pixels,Usage       pixels: 48 x 48 grey values of 0 to 255, separated by blanks

Joined to fer2013new.csv by the position of the row. The number in an image name is not the row's: it drifts.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

from PIL import Image

from scn_core.datasets.paths import relative_path
from scn_core.datasets.rows import find_split
from scn_core.datasets.tables import column_places, csv_rows, first_there
from scn_core.errors import DataError, error_text
from scn_core.files import replaced
from scn_core.records import Split

SIDE = 48
FOLDERS: dict[Split, str] = {"train": "FER2013Train", "val": "FER2013Valid", "test": "FER2013Test"}

_Rows = Iterator[tuple[int, list[str]]]


def unpacked(votes: Path, rows: _Rows, places: tuple[int, int], pixels: Path, folder: Path) -> _Rows:
    """The vote rows, unchanged, each after its picture was written under `folder`.

    `places` are those of usage and image name in a row. A picture that is there already is not written again.
    Raises DataError where the two files do not go together row by row, or where pixels are malformed.
    """
    pixel_rows = csv_rows(first_there(pixels))
    pixel_places = column_places(pixels, next(pixel_rows, (1, [""]))[1], ("pixels", "Usage"))
    for part in FOLDERS.values():
        (folder / part).mkdir(exist_ok=True)
    for vote_row, pixel_row in zip_longest(rows, pixel_rows):
        if vote_row is None or pixel_row is None:
            longer, row = (pixels, pixel_row) if vote_row is None else (votes, vote_row)
            raise DataError(f"{longer}, line {row[0]}: found a row the other file lacks; {_TOGETHER}")
        (line, cells), (pixel_line, pixel_cells) = vote_row, pixel_row
        if max(places) < len(cells):
            usage, name = (cells[place].strip() for place in places)
            where = f"{pixels}, line {pixel_line}"
            if max(pixel_places) >= len(pixel_cells) or pixel_cells[pixel_places[1]].strip() != usage:
                raise DataError(
                    f"{where}: found another Usage than {votes}, line {line}, which says {usage}; {_TOGETHER}"
                )
            split, plain = find_split(usage), relative_path(name)
            if split is not None and plain is not None:
                write_pixels(folder / FOLDERS[split] / plain, pixel_cells[pixel_places[0]], where)
        yield line, cells


_TOGETHER = "the files go together by row; use both as published"


def write_pixels(path: Path, text: str, where: str) -> None:
    """Write the grey values of a cell as a PNG file, unless it is there.

    Raises DataError, naming `where`, for values that are none, and where the file has other ones: files are named by
    their row, so rows were put in or taken out before it.
    """
    values = text.split()
    try:
        grey = bytes(map(int, values))
    except ValueError:  # not a number, or none of 0 to 255
        grey = b""
    if len(grey) != SIDE * SIDE:
        raise DataError(error_text(where, f"{len(values)} pixel values", f"{SIDE * SIDE} of 0 to 255"))
    before = _grey_values(path)
    if before is not None and before != grey:
        raise DataError(
            f"{where}: found other pixels than in {path}, which was unpacked from this row before; allowed: the rows "
            "as they were, and new ones at the end; put them back in their order"
        )
    if before is not None:
        return
    with replaced(path, durable=False) as file:
        Image.frombytes("L", (SIDE, SIDE), grey).save(file, format="PNG", compress_level=1)


def _grey_values(path: Path) -> bytes | None:
    """Those of a picture that was unpacked before; None: there is no whole one, as after a power cut."""
    try:
        with Image.open(path, formats=("PNG",)) as picture:
            return picture.tobytes()
    except (OSError, SyntaxError, ValueError):
        return None
