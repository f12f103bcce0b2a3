"""Which columns of a table are the box of a face in its picture."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from pathlib import Path

from scn_core.datasets.cells import is_missing
from scn_core.errors import DataError, error_text, readable
from scn_core.records import Box

SIDES = ("left", "top", "right", "bottom")
"""As the files that `export` writes call them."""
BOX_NAMES = (
    SIDES,
    ("x1", "y1", "x2", "y2"),
    ("xmin", "ymin", "xmax", "ymax"),
    ("x", "y", "width", "height"),
    ("x", "y", "w", "h"),
)
"""Names of the left, top, right and bottom side in pixels, or of left, top, width and height as COCO has them; before
them may stand bbox, box or face."""
BOX_FORMS = ", or ".join(", ".join(names) for names in BOX_NAMES)
BOX_ALLOWED = "four numbers of pixels with right > left and bottom > top, or all empty"
SIZED_ALLOWED = "four numbers of pixels, width and height above 0, or all empty"
_SIZES = frozenset({"width", "w"})
_WHOLE_BOX = frozenset({"bbox", "box"})
"""Names of a single column with a whole box, which some write by its sides and others by its size."""
_CENTRES = (frozenset({"cx", "xc", "xcenter", "centerx"}), frozenset({"cy", "yc", "ycenter", "centery"}))
_OTHERS = frozenset({"x0", "y0", *_WHOLE_BOX}).union(*_CENTRES)
"""Names of boxes in forms that are not read."""
_PARTS = (
    frozenset({"left", "x", "x0", "x1", "xmin"}) | _CENTRES[0],
    frozenset({"top", "y", "y0", "y1", "ymin"}) | _CENTRES[1],
    frozenset({"right", "x2", "xmax"}) | {"width", "w"},
    frozenset({"bottom", "y2", "ymax"}) | {"height", "h"},
)
"""Names that say where a box begins, and where it ends or how large it is, across and down."""
_PREFIX = re.compile(r"^(bbox|box|face)[ _.-]+(?=.)")
_BETWEEN = re.compile(r"[ _.-]")
_NUMBER = re.compile(r"[+-]?\d{1,15}(?:[.,]\d{0,30})?(?:[eE][+-]?\d{1,2})?")
_FARTHEST = 10**12


@dataclass(frozen=True)
class BoxColumns:
    """Four columns of a table that are the box of a face; falsy where a table has none."""

    places: tuple[int, ...] = ()
    sized: bool = False
    """Whether the third and fourth are width and height, not the right and the bottom side."""

    def __bool__(self) -> bool:
        return bool(self.places)

    @property
    def allowed(self) -> str:
        """What the cells may be, for messages."""
        return SIZED_ALLOWED if self.sized else BOX_ALLOWED

    def read(self, row: Sequence[str]) -> Box | str | None:
        """The box of a row, None where all its cells are empty, or what is wrong with them.

        Parts of a pixel are rounded outwards. Numbers from 0 to 1 alone are shares of a picture, and no box.
        """
        cells = [row[place].strip() if place < len(row) else "" for place in self.places]
        if all(map(is_missing, cells)):
            return None
        wrong = ",".join(cells)
        numbers = [Decimal(cell.replace(",", ".")) for cell in cells if cell.isascii() and _NUMBER.fullmatch(cell)]
        if len(numbers) != len(cells) or any(abs(number) > _FARTHEST for number in numbers):
            return wrong
        if all(0 <= number <= 1 for number in numbers) and any(number % 1 for number in numbers):
            return f"{wrong}, shares of the picture"
        left, top, right, bottom = numbers
        if self.sized:
            right, bottom = left + right, top + bottom
        box = Box(_floor(left), _floor(top), _ceiling(right), _ceiling(bottom))
        return box if left < right and top < bottom else wrong


def box_columns(header: Sequence[str]) -> BoxColumns:
    """The columns of the box; falsy where not all four of one form are there."""
    names = _plain(header)
    if _points(names):
        return BoxColumns()
    for form in BOX_NAMES:
        if all(name in names for name in form):
            return BoxColumns(tuple(names.index(name) for name in form), sized=not _SIZES.isdisjoint(form))
    return BoxColumns()


def box_like(header: Sequence[str]) -> list[str]:
    """The columns that look like a box or a part of one."""
    names = _plain(header)
    if _points(names):
        return []
    like = _OTHERS.union(*BOX_NAMES)
    return [column.strip() for column, name in zip(header, names, strict=True) if name in like]


def refuse_unread_box(file: Path, header: Sequence[str]) -> None:
    """Raises DataError where columns are a box in a form that is not read: one column, a mixture of forms, a centre.

    The whole picture would be taken for the face.
    """
    if box_columns(header):
        return
    wanted = f"four columns, {BOX_FORMS}, in pixels"
    whole = next((column.strip() for column in header if column.strip().casefold() in _WHOLE_BOX), None)
    if whole is not None:
        remedy = "write it as four, COCO's as x, y, width, height; rename it where it is no box"
        raise DataError(error_text(str(file), f"a column {whole} for a whole box", wanted, remedy))
    names, like = set(_plain(header)), box_like(header)
    if like and all(names & part for part in _PARTS):
        found = f"columns {', '.join(like)}, a box in a form that is not read"
        remedy = "compute and rename columns, of shares of a picture times its size; rename them where they are no box"
        raise DataError(error_text(str(file), found, wanted, remedy))


def overlooked_box(file: Path, line: int, picture: str, like: Sequence[str]) -> DataError:
    """A picture has a second row, and `like`, columns that look like part of a box, do not tell its faces apart."""
    return DataError(
        error_text(
            f"{file}, line {line}",
            f"{readable(picture, 200)} a second time, and of a box {', '.join(like)} alone",
            f"for several faces of a picture the columns {BOX_FORMS}, in pixels",
            "rename or add columns; where they are no box, keep one row a picture",
        )
    )


def _floor(number: Decimal) -> int:
    return int(number.to_integral_value(ROUND_FLOOR))


def _ceiling(number: Decimal) -> int:
    return int(number.to_integral_value(ROUND_CEILING))


def _plain(header: Sequence[str]) -> list[str]:
    return [_BETWEEN.sub("", _PREFIX.sub("", name.strip().casefold())) for name in header]


def _points(names: list[str]) -> bool:
    """Whether x1, y1, x2, y2 begin a list of more points, such as landmarks of a face."""
    return "x3" in names or "y3" in names
