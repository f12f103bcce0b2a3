"""Which columns of a table are the box of a face in its picture."""

from __future__ import annotations

import re
from collections.abc import Sequence

SIDES = ("left", "top", "right", "bottom")
"""As the files that `export` writes call them."""
BOX_NAMES = (SIDES, ("x1", "y1", "x2", "y2"), ("xmin", "ymin", "xmax", "ymax"))
"""Names of the left, top, right and bottom side, in pixels; before them may stand bbox, box or face."""
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


def _plain(header: Sequence[str]) -> list[str]:
    return [_BETWEEN.sub("", _PREFIX.sub("", name.strip().casefold())) for name in header]


def _points(names: list[str]) -> bool:
    """Whether x1, y1, x2, y2 begin a list of more points, such as landmarks of a face."""
    return "x3" in names or "y3" in names
