"""Which columns of a table are the box of a face in its picture."""

from __future__ import annotations

import re
from collections.abc import Sequence

from scn_core.datasets.cells import is_missing, whole_number
from scn_core.records import Box

SIDES = ("left", "top", "right", "bottom")
"""As the files that `export` writes call them."""
BOX_NAMES = (SIDES, ("x1", "y1", "x2", "y2"), ("xmin", "ymin", "xmax", "ymax"))
"""Names of the left, top, right and bottom side, in pixels; before them may stand bbox, box or face."""
BOX_ALLOWED = "four whole numbers with right > left and bottom > top, or all empty"
_OTHERS = frozenset({"x0", "y0", "x", "y", "w", "h", "width", "height", "bbox", "box"})
"""Names of boxes in forms that are not read."""
_PREFIX = re.compile(r"^(bbox|box|face)[ _.-]+(?=.)")
_BETWEEN = re.compile(r"[ _.-]")


def box_columns(header: Sequence[str]) -> tuple[int, ...]:
    """The places of left, top, right and bottom; empty where not all four are there."""
    names = _plain(header)
    if _points(names):
        return ()
    for sides in BOX_NAMES:
        if all(side in names for side in sides):
            return tuple(names.index(side) for side in sides)
    return ()


def box_like(header: Sequence[str]) -> list[str]:
    """The columns that look like a box or a part of one."""
    names = _plain(header)
    if _points(names):
        return []
    like = _OTHERS.union(*BOX_NAMES)
    return [column.strip() for column, name in zip(header, names, strict=True) if name in like]


def parse_box(cells: Sequence[str]) -> Box | str | None:
    """The box of the four cells, None where all are empty, or what is wrong with them."""
    if all(map(is_missing, cells)):
        return None
    sides = [side for cell in cells if (side := whole_number(cell)) is not None]
    if len(sides) != len(cells):
        return ",".join(cells)
    box = Box(*sides)
    return box if box.left < box.right and box.top < box.bottom else ",".join(cells)


def _plain(header: Sequence[str]) -> list[str]:
    return [_BETWEEN.sub("", _PREFIX.sub("", name.strip().casefold())) for name in header]


def _points(names: list[str]) -> bool:
    """Whether x1, y1, x2, y2 begin a list of more points, such as landmarks of a face."""
    return "x3" in names or "y3" in names
