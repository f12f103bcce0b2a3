"""The features an expression moves: brows, eyes, nose, cheeks, lines."""

from __future__ import annotations

import numpy as np

from scn_core.datasets.demo_faces.canvas import Canvas, Points, circle, mix
from scn_core.datasets.demo_faces.expression import Expression
from scn_core.datasets.demo_faces.person import Person

_ACROSS = np.linspace(-1, 1, 21)  # inner to outer corner of an eye
_BOW = (1 - _ACROSS**2) ** 0.7


def _mirrored(points: list[tuple[float, float]], side: int) -> Points:
    return np.array(points) * (side, 1)


def _lids(face: Expression, size: float, wry: float) -> tuple[Points, Points]:
    """Heights of the upper and the lower lid over an eye's width; the upper one never passes the lower one."""
    wide = max(-0.85, face.eye_wide - 0.2 * wry)
    upper = -0.115 * (1 + 0.6 * wide) * _BOW
    upper += 0.062 * face.lid_slant * np.where(face.lid_slant > 0, 1 - _ACROSS, -1 - _ACROSS) * _BOW
    lower = (0.072 * (1 + 0.25 * max(0.0, wide)) - 0.09 * max(0.0, face.squint + 0.2 * wry)) * _BOW
    return np.minimum(upper, lower - 0.02 * _BOW) * size, lower * size


def _clamped(outline: Points, x: Points, upper: Points, lower: Points) -> Points:
    """The part of an outline that shows between two curves over x."""
    order = np.argsort(x)
    low, high = (np.interp(outline[:, 0], x[order], edge[order]) for edge in (upper, lower))
    return np.stack([outline[:, 0].clip(x.min(), x.max()), outline[:, 1].clip(low, high)], axis=1)


def draw_eyes(canvas: Canvas, person: Person, face: Expression) -> None:
    """Both eyes with lids, iris, lashes and the creases around them."""
    size = person.eye_size
    for side in (-1, 1):
        upper, lower = _lids(face, size, wry=max(0.0, face.sneer) * side * person.handed)
        x = side * (person.eye_gap + 0.185 * size * _ACROSS)
        top, bottom = person.eye_line + upper, person.eye_line + lower
        lid = np.stack([x, top], axis=1)
        white = np.concatenate([lid, np.stack([x, bottom], axis=1)[::-1]])
        canvas.glow((side * person.eye_gap, person.eye_line - 0.02), 0.33, person.shade(0.45), 0.45)
        canvas.fill(white, (244, 240, 235))
        radius = 0.098 * size * (1 - 0.22 * face.iris_small)
        centre = side * person.eye_gap, person.eye_line - 0.018 * size + 0.055 * face.gaze * size
        for share, colour in (
            (1.0, mix(person.eye_colour, (0, 0, 0), 0.45)), (0.84, person.eye_colour), (0.48, (14, 12, 14)),
        ):  # fmt: skip
            canvas.fill(_clamped(circle(centre, radius * share), x, top, bottom), colour)
        if (bottom - top).max() > 0.08:
            canvas.disc((centre[0] + 0.03, centre[1] - 0.028), 0.022, (255, 255, 255))
        canvas.stroke(lid - (0, 0.008), 0.03 + 0.02 * person.lashes, person.shade(1), ends=(0.3, 0.5 + person.lashes))
        canvas.stroke(white[:20:-1], 0.014, person.shade(0.8), 0.7)
        crease = 0.06 + 0.03 * face.eye_wide
        canvas.stroke(lid[3:-2] - (0, max(0.03, crease)), 0.016, person.shade(0.7), 0.7)
        _draw_around_eye(canvas, person, face, side)


def _draw_around_eye(canvas: Canvas, person: Person, face: Expression, side: int) -> None:
    """Bags and crow's feet of a squint or of age, and tears."""
    x, y = person.eye_gap, person.eye_line
    bag = max(0.5 * person.age - 0.1, face.squint, 0.0)
    if bag > 0.15:
        points = _mirrored([(x - 0.15, y + 0.1), (x, y + 0.16), (x + 0.17, y + 0.09)], side)
        canvas.stroke(points, 0.02, person.shade(0.6), 0.6 * bag)
    if bag * person.age > 0.15:
        for k in (-0.06, 0.0, 0.06):
            foot = _mirrored([(x + 0.22, y + 0.4 * k), (x + 0.32, y + 1.2 * k)], side)
            canvas.stroke(foot, 0.014, person.shade(0.6), 0.6)
    if face.tears > 0.5 and (side == person.handed or face.tears > 0.8):
        top, low = y + 0.1, y + 0.1 + 0.26 * min(1.0, face.tears)
        drop = [(x + 0.04, top), (x + 0.1, low), (x + 0.05, low + 0.12), (x, low)]
        canvas.blob(_mirrored(drop, side), (150, 205, 240), 0.85)
        canvas.disc((side * (x + 0.03), low), 0.018, (255, 255, 255), 0.9)


def draw_brows(canvas: Canvas, person: Person, face: Expression) -> None:
    """Both brows, and the furrows between them."""
    base = person.eye_line - person.brow_line
    base -= 0.13 * face.brow_raise if face.brow_raise > 0 else 0.1 * face.brow_raise
    for side in (-1, 1):
        inner = 0.145 - 0.065 * face.brow_pinch
        lift = -0.07 * side * person.handed * face.sneer
        points = [
            (inner, base - 0.11 * face.brow_inner - 0.05 * face.brow_arch - lift),
            (inner + 0.13, base - 0.035 - 0.045 * face.brow_inner - 0.075 * face.brow_arch - lift),
            (0.41, base - 0.05 + 0.03 * face.brow_inner - 0.055 * face.brow_arch - lift),
            (0.55, base + 0.02 + 0.045 * face.brow_inner + 0.03 * face.brow_arch - lift),
        ]
        canvas.stroke(_mirrored(points, side), person.brow_width, person.brow_colour, 0.95, ends=(0.75, 0.2))
        if face.brow_pinch > 0.3:
            furrow = [(0.045, base - 0.1), (0.035, base), (0.05, base + 0.1)]
            canvas.stroke(_mirrored(furrow, side), 0.022, person.shade(0.75), 0.8 * face.brow_pinch)


def draw_nose(canvas: Canvas, person: Person, face: Expression, turn: float) -> None:
    """Nose, standing out of a turned face; wrinkled, its wings go up and lines cross its bridge."""
    wrinkle = max(0.0, face.nose_wrinkle)
    tip = person.eye_line + person.nose_length - 0.035 * wrinkle
    wide = person.nose_width * (1 + 0.18 * wrinkle)
    out = 0.3 * turn
    dark = person.shade(0.7)
    canvas.glow((out, tip - 0.05), 0.2, mix(person.skin, (255, 236, 220), 0.5), 0.5)
    far = -1 if turn > 0 else 1
    ridge = [(far * 0.06, tip - 0.27), (out / 2 + far * 0.06, tip - 0.14), (out + far * wide * 0.8, tip - 0.03)]
    canvas.stroke(ridge, 0.024, person.shade(0.5), 0.55)
    canvas.stroke([(out - 0.05, tip + 0.03), (out, tip + 0.05), (out + 0.05, tip + 0.03)], 0.03, dark, 0.7)
    lift = 0.05 * wrinkle
    for side in (-1, 1):
        wing = [(wide * 0.75, tip - 0.08 - lift), (wide, tip - 0.01 - lift), (wide * 0.7, tip + 0.03 - lift / 2)]
        canvas.stroke(_mirrored(wing, side) + np.array([out, 0]), 0.026, dark, 0.8)
        canvas.disc((out + side * wide * 0.5, tip + 0.015 - lift / 2), (0.034, 0.018 + 0.008 * wrinkle), dark, 0.9)
        for k in range(3 if wrinkle > 0.25 else 0):
            y = person.eye_line + 0.07 * k
            line = [(0.03, y + 0.02), (0.09 + 0.012 * k, y - 0.02), (0.14 + 0.015 * k, y - 0.055)]
            canvas.stroke(_mirrored(line, side), 0.024, person.shade(0.75), wrinkle)


def draw_lines(canvas: Canvas, person: Person, face: Expression) -> None:
    """Cheeks, and the lines that age and expression leave."""
    cheeks = max(0.0, face.cheeks)
    rosy = mix(person.skin, (226, 74, 72), 0.6)
    for side in (-1, 1):
        canvas.glow((side * 0.47, 0.27 - 0.04 * cheeks), 0.27, rosy, 0.18 + 0.5 * cheeks)
        fold = max(face.folds, 0.75 * person.age - 0.15)
        if fold > 0.1:
            points = [(0.17, 0.26), (0.3, 0.4), (0.36 + 0.05 * face.mouth_wide, 0.56)]
            canvas.stroke(_mirrored(points, side), 0.026, person.shade(0.65), 0.75 * fold)
        if person.freckles:
            for k in range(7):
                canvas.disc((side * (0.22 + 0.06 * k), 0.2 + 0.05 * (k * 5 % 3)), 0.013, person.shade(0.5), 0.7)
    lines = max(face.forehead, 0.8 * person.age - 0.25)
    if lines > 0.15:
        for k in range(3):
            y = -0.48 - 0.085 * k - 0.03 * face.brow_raise
            middle = y - 0.03 - 0.03 * face.brow_inner
            line = [(-0.36, y), (-0.15, middle), (0.15, middle), (0.36, y)]
            canvas.stroke(line, 0.022, person.shade(0.6), 0.7 * lines)
