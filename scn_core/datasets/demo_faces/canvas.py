"""A drawing surface in face units: smooth shapes, tapered strokes and soft glows on a supersampled Pillow picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

Points = npt.NDArray[np.float64]
"""(n, 2): x to the right, y down. On a face the crown is at y = -1, the chin at 1, the nose at x = 0."""
Colour = tuple[int, int, int]

SUPERSAMPLING = 3


def mix(a: Colour, b: Colour, t: float) -> Colour:
    """The colour on the way from a (t = 0) to b (t = 1)."""
    red, green, blue = (round(min(255.0, max(0.0, x + (y - x) * t))) for x, y in zip(a, b, strict=True))
    return red, green, blue


@cache
def _spline(count: int, closed: bool, steps: int = 5) -> Points:
    """Matrix that takes control points to points on the Catmull-Rom curve through them."""
    last = count if closed else count - 1
    place = np.arange(last * steps + (not closed)) / steps
    start = np.minimum(place.astype(int), last - 1)
    t = place - start
    weights = 0.5 * np.stack(
        [-t + 2 * t**2 - t**3, 2 - 5 * t**2 + 3 * t**3, t + 4 * t**2 - 3 * t**3, -(t**2) + t**3], axis=1
    )
    matrix = np.zeros((len(place), count))
    for k in range(4):
        index = start + k - 1
        np.add.at(matrix, (np.arange(len(place)), index % count if closed else index.clip(0, count - 1)), weights[:, k])
    return matrix


def smooth(points: npt.ArrayLike, closed: bool = True) -> Points:
    """A smooth curve through the points."""
    controls = np.asarray(points, dtype=np.float64)
    curve: Points = _spline(len(controls), closed) @ controls
    return curve


def circle(centre: tuple[float, float], radius: float | tuple[float, float]) -> Points:
    """The outline of a disc or of an upright ellipse."""
    return np.asarray(centre) + np.asarray(radius) * _UNIT_CIRCLE


def box(left: float, top: float, right: float, bottom: float) -> Points:
    """The outline of a rectangle."""
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], dtype=np.float64)


_ANGLES = np.linspace(0, 2 * np.pi, 28, endpoint=False)
_UNIT_CIRCLE: Points = np.stack([np.cos(_ANGLES), np.sin(_ANGLES)], axis=1)
_GLOW_LEVELS = 64


@cache
def _glow(level: int) -> Image.Image:
    """A small mask that fades out towards its edge."""
    peak = 255 * level / _GLOW_LEVELS
    return (
        Image.radial_gradient("L")
        .resize((64, 64))
        .point([round(peak * max(0, 1 - i / 180) ** 1.5) for i in range(256)])
    )


@cache
def _brush(count: int, ends: tuple[float, float]) -> Points:
    """Half the width of a stroke along its points, to both sides."""
    half = np.interp(np.linspace(0, 1, count), (0, 0.35, 0.65, 1), (ends[0], 1, 1, ends[1])) / 2
    return np.stack([-half, half], axis=1)


@dataclass(frozen=True)
class Pose:
    """Where the head is in the picture and how it is held. Lengths are shares of the picture's side."""

    turn: float = 0.0
    """To the side, in radians: what lies on the face moves over a round head, its outline stays."""
    tilt: float = 0.0
    """In the picture's plane, in radians."""
    scale: float = 0.5
    """Half the head's height."""
    x: float = 0.5
    y: float = 0.5

    def turned(self, points: Points) -> Points:
        """Points on the face, where the turn of the head takes them."""
        angle = np.arcsin((points[:, 0] / 0.95).clip(-1, 1)) + self.turn
        return np.stack([0.95 * np.sin(angle), points[:, 1]], axis=1)

    def placed(self, points: Points) -> Points:
        """Face units to shares of the picture's side."""
        cos, sin = np.cos(self.tilt) * self.scale, np.sin(self.tilt) * self.scale
        pixels: Points = points @ np.array([[cos, sin], [-sin, cos]]) + (self.x, self.y)
        return pixels


class Canvas:
    """Draws on an image; `place` takes the caller's units to shares of the image's side."""

    def __init__(self, image: Image.Image, place: Callable[[Points], Points]) -> None:
        self.image = image
        self.place = place
        self._draw = ImageDraw.Draw(image, "RGBA")

    def fill(self, outline: Points, colour: Colour, opacity: float = 1.0) -> None:
        """Fill a closed outline."""
        pixels = self.place(outline) * self.image.width
        self._draw.polygon(pixels.ravel().tolist(), fill=(*colour, round(255 * min(1.0, max(0.0, opacity)))))

    def blob(self, points: npt.ArrayLike, colour: Colour, opacity: float = 1.0) -> None:
        """Fill the smooth shape through the points."""
        self.fill(smooth(points), colour, opacity)

    def disc(
        self,
        centre: tuple[float, float],
        radius: float | tuple[float, float],
        colour: Colour,
        opacity: float = 1.0,
    ) -> None:
        """Fill a disc or an upright ellipse."""
        self.fill(circle(centre, radius), colour, opacity)

    def stroke(
        self,
        points: npt.ArrayLike,
        width: float,
        colour: Colour,
        opacity: float = 1.0,
        ends: tuple[float, float] = (0.25, 0.25),
    ) -> None:
        """A brush stroke through the points, as wide as `width` in the middle and that share of it at its ends."""
        line = smooth(points, closed=False)
        along = np.empty_like(line)
        along[1:-1] = line[2:] - line[:-2]
        along[0], along[-1] = line[1] - line[0], line[-1] - line[-2]
        length = np.hypot(along[:, :1], along[:, 1:]) + 1e-9
        side = along[:, ::-1] * _brush(len(line), ends) * (width / length)
        self.fill(np.concatenate([line + side, (line - side)[::-1]]), colour, opacity)

    def glow(self, centre: tuple[float, float], radius: float, colour: Colour, opacity: float) -> None:
        """A soft round patch that fades out at the radius."""
        (x, y), (edge_x, edge_y) = self.place(np.array([centre, (centre[0] + radius, centre[1])])) * self.image.width
        size = max(2, round(2 * float(np.hypot(edge_x - x, edge_y - y))))
        mask = _glow(round(_GLOW_LEVELS * min(1.0, max(0.0, opacity)))).resize((size, size), Image.Resampling.BILINEAR)
        self.image.paste(colour, (round(x - size / 2), round(y - size / 2)), mask)
