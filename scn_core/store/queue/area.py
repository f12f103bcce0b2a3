"""Faces within a polygon on the map of a round: map.npy in the round's folder beside the database."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sqlite_utils import Database

from scn_core.errors import DAMAGED_ARRAYS
from scn_core.records import BoolArray, FloatArray
from scn_core.store.round_folder import round_folder
from scn_core.store.sqlite_errors import database_path

MAP_FILE = "map.npy"
MAP = np.dtype([("sample_id", "<i8"), ("x", "<f4"), ("y", "<f4")])
"""A row of map.npy: where a face lies, from 0 to `MAP_SIDE` in both directions; rows by rising sample id."""
MAP_SIDE = 1000
AREA_POINTS = 64
_POINT = r"(1000|[0-9]{1,3}),(1000|[0-9]{1,3})"
_AREA = re.compile(rf"{_POINT}(_{_POINT}){{2,{AREA_POINTS - 1}}}", re.ASCII)
AREA_WORDS = f"3 to {AREA_POINTS} points of whole numbers from 0 to {MAP_SIDE:,}, such as 100,100_300,100_200,250"
_TOGETHER = 200_000


def is_area(text: str) -> bool:
    """Whether a text is a polygon on a map: "x,y_x,y_x,y"."""
    return len(text) <= AREA_POINTS * 10 and _AREA.fullmatch(text) is not None


def corners(area: str) -> FloatArray:
    """(P, 2) the corners of a polygon that `is_area`."""
    return np.array([point.split(",") for point in area.split("_")], np.float32)


def inside(x: FloatArray, y: FloatArray, polygon: FloatArray) -> BoolArray:
    """(N,) whether a polygon, (P, 2), goes around points at least once.

    So all within a line that crosses itself counts, and several parts are one polygon where they are joined by lines
    that are passed in both directions (`areaOf` of review_app/components/face_map/map_points.js).
    """
    turns = np.zeros(len(x), np.int8)
    for (x0, y0), (x1, y1) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        if y0 != y1:
            crosses = (y0 > y) != (y1 > y)
            turns[crosses & (x < (x1 - x0) * (y - y0) / (y1 - y0) + x0)] += 1 if y1 > y0 else -1
    within: BoolArray = turns != 0
    return within


def read_map(file: Path) -> npt.NDArray[np.void] | None:
    """The rows of a map.npy, or None where there is none or it is damaged."""
    try:
        rows = np.load(file, mmap_mode="r", allow_pickle=False)
    except DAMAGED_ARRAYS:
        return None
    return rows if rows.dtype == MAP and rows.ndim == 1 else None


def faces_in_area(db: Database, round_id: int, area: str) -> tuple[int, ...]:
    """Sample ids of the faces in a polygon on the map of a round, rising; none where the round has no map."""
    path = round_folder(database_path(db).parent, round_id) / MAP_FILE
    try:
        return _faces_in(path, path.stat().st_mtime_ns, area)
    except OSError:
        return ()


@lru_cache(maxsize=16)
def _faces_in(path: Path, mtime_ns: int, area: str) -> tuple[int, ...]:
    rows, polygon = read_map(path), corners(area)
    found: list[int] = []
    for start in range(0, 0 if rows is None else len(rows), _TOGETHER):
        part = np.asarray(rows)[start : start + _TOGETHER]
        found += part["sample_id"][inside(part["x"], part["y"], polygon)].tolist()
    return tuple(found)
