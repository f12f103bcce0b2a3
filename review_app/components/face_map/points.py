"""What the map draws: a point for each face or, of more than `MOST_POINTS`, a square for all that lie together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from scn_core.errors import counted
from scn_core.records import FloatArray, IntArray
from scn_core.store.queue.area import MAP_SIDE

MOST_POINTS = 100_000
_CELLS = 200
"""Squares in a row of a binned map."""
_COLOURS = (
    "#3b82f6", "#f0560a", "#179a3a", "#c63bef", "#e0245e", "#a88a00", "#0b9c9c", "#9a6240", "#6f5bd6", "#64748b",
)  # fmt: skip
"""The hues of the first seven, as many as there are usual emotions, are not taken for each other; all stand out on
light and dark ground."""
_NONE = "#7d8590"
_CIVIDIS = (0x00224E, 0x123570, 0x3B496C, 0x575D6D, 0x707173, 0x8A8678, 0xA59C74, 0xC3B369, 0xE1CC55, 0xFEE838)
"""From 0 to 1, readable without telling red from green."""
_SHADES = 101


@dataclass(frozen=True)
class Points:
    """N points in the order they are drawn in."""

    x: FloatArray
    """(N,) from 0 to `MAP_SIDE`."""
    y: FloatArray
    """(N,)"""
    colour: IntArray
    """(N,) place in `colours`."""
    colours: tuple[str, ...]
    """As #rrggbb, at most 255."""
    names: tuple[str, ...]
    """Of the colours; empty: they are a scale from 0 to 1."""
    scale: str
    """Name of what the scale shows."""
    text: IntArray
    """(N,) place in `texts`."""
    texts: Sequence[str]
    """What points say when the pointer rests on them."""
    faces: IntArray | None
    """(N,) sample ids; None: the points are squares of many faces."""
    size: int
    """Pixels across."""


def by_class(
    x: FloatArray, y: FloatArray, group: IntArray, names: Sequence[str], text: IntArray, texts: Sequence[str],
    faces: IntArray, *, none: str,
) -> Points:  # fmt: skip
    """Faces coloured by a class or state, in an order that hides none of these beneath another; those of none at the
    bottom.

    Args:
        x: (N,) from 0 to `MAP_SIDE`.
        y: (N,)
        group: (N,) place in `names`; -1: `none`.
        names: of the groups.
        text: (N,) place in `texts`.
        texts: what faces say when the pointer rests on them.
        faces: (N,) sample ids.
        none: name of the faces of group -1.
    """
    shown: IntArray | None = faces
    if len(x) > MOST_POINTS:
        x, y, group, texts = _most_in_each_square(x, y, group, [*names, none])
        text, shown = np.arange(len(x)), None
    mixed = np.random.default_rng(0).permutation(len(x))
    order = mixed[np.argsort(group[mixed] >= 0, kind="stable")]
    there, colour = np.unique(group[order], return_inverse=True)
    colours = tuple(_NONE if number < 0 else _COLOURS[number % len(_COLOURS)] for number in there.tolist())
    kinds = tuple(none if number < 0 else names[number] for number in there.tolist())
    return _in_order(Points(x, y, group, colours, kinds, "", text, texts, shown, 0), order, colour)


def by_value(
    x: FloatArray, y: FloatArray, value: FloatArray, text: IntArray, texts: Sequence[str], faces: IntArray, scale: str
) -> Points:
    """The same coloured by a number from 0 to 1, the highest on top; faces whose number is NaN are left out."""
    known = np.flatnonzero(np.isfinite(value))
    x, y, value, text = x[known], y[known], value[known], text[known]
    shown: IntArray | None = faces[known]
    if len(x) > MOST_POINTS:
        square, count, where = _squares(x, y)
        value = (np.bincount(where, value, len(square)) / count).astype(np.float32)
        (x, y), shown = _middles(square), None
        texts = [f"{counted(n, 'face')}, {scale} {share:.2f} on average" for n, share in zip(count, value, strict=True)]
        text = np.arange(len(texts))
    order = np.argsort(value, kind="stable")
    colour = np.rint(value[order].clip(0, 1) * (_SHADES - 1)).astype(np.int64)
    return _in_order(Points(x, y, colour, _shades(), (), scale, text, texts, shown, 0), order, colour)


def _in_order(points: Points, order: IntArray, colour: IntArray) -> Points:
    faces = None if points.faces is None else points.faces[order]
    size = 5 if faces is None else max(3, min(7, int(2_000 / max(len(order), 1) ** 0.6)))
    return replace(
        points, x=points.x[order], y=points.y[order], text=points.text[order], faces=faces, colour=colour, size=size
    )


def _shades() -> tuple[str, ...]:
    channels = np.array([[shade >> shift & 255 for shift in (16, 8, 0)] for shade in _CIVIDIS]).T
    places = np.linspace(0, len(_CIVIDIS) - 1, _SHADES)
    mixed = [np.interp(places, np.arange(len(_CIVIDIS)), channel).round().astype(int) for channel in channels]
    return tuple(f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in zip(*mixed, strict=True))


def _squares(x: FloatArray, y: FloatArray) -> tuple[IntArray, IntArray, IntArray]:
    """The squares that hold a face, how many each holds, and (N,) in which of them a face is."""
    column, row = ((each * (_CELLS / MAP_SIDE)).astype(np.int64).clip(0, _CELLS - 1) for each in (x, y))
    square, where, count = np.unique(row * _CELLS + column, return_inverse=True, return_counts=True)
    return square, count, where


def _middles(square: IntArray) -> tuple[FloatArray, FloatArray]:
    row, column = np.divmod(square, _CELLS)
    step = MAP_SIDE / _CELLS
    return ((column + 0.5) * step).astype(np.float32), ((row + 0.5) * step).astype(np.float32)


def _most_in_each_square(
    x: FloatArray, y: FloatArray, group: IntArray, names: Sequence[str]
) -> tuple[FloatArray, FloatArray, IntArray, list[str]]:
    """The middle of each square, the group that most of its faces are of, and words about both."""
    square, count, where = _squares(x, y)
    of = np.zeros((len(square), len(names)), np.int64)
    np.add.at(of, (where, group), 1)  # group -1 is the last name
    most = of.argmax(axis=1)
    texts = [
        f"{counted(n, 'face')}, {of[i, m]:,} of them {names[m]}"
        for i, (n, m) in enumerate(zip(count, most, strict=True))
    ]
    return *_middles(square), np.where(most == len(names) - 1, -1, most), texts
