"""The mouth: two edges over its width; teeth and tongue show between them, lips around them."""

from __future__ import annotations

import numpy as np

from scn_core.datasets.demo_faces.canvas import Canvas, Points, mix
from scn_core.datasets.demo_faces.expression import Expression
from scn_core.datasets.demo_faces.person import Person

_ACROSS = np.linspace(-1, 1, 31)
MOUTH_LINE = 0.57


def _edges(person: Person, face: Expression) -> tuple[Points, Points, Points]:
    """x, and the heights of the opening's upper and lower edge."""
    opening = max(0.0, face.mouth_open)
    x = person.lip_width * (1 + 0.5 * face.mouth_wide) * _ACROSS
    power = 2 + 4 * max(0.0, min(1.0, face.mouth_square))
    bow = (1 - np.abs(_ACROSS) ** power) ** (1 / min(power, 3))
    rest = MOUTH_LINE - 0.15 * face.mouth_curve * (_ACROSS**2 - 0.45)
    sneer = max(0.0, face.sneer) * (
        0.085 * np.exp(-(((_ACROSS - 0.45 * person.handed) / 0.3) ** 2))
        + 0.05 * np.exp(-(((_ACROSS + 0.45 * person.handed) / 0.3) ** 2))
    )
    upward = 0.1 * (1 - 0.8 * max(0.0, min(1.0, face.mouth_curve)))
    upper = rest - upward * opening * bow - sneer * (1 - _ACROSS**2)
    lower = rest + 0.27 * opening * bow
    return x, upper, lower


def _strip(x: Points, upper: Points, lower: Points) -> Points:
    return np.concatenate([np.stack([x, upper], axis=1), np.stack([x, lower], axis=1)[::-1]])


def draw_mouth(canvas: Canvas, person: Person, face: Expression) -> None:
    """Opening, teeth, tongue, lips, corners."""
    x, upper, lower = _edges(person, face)
    canvas.fill(_strip(x, upper, lower), (74, 22, 28))
    _draw_inside(canvas, face, x, upper, lower)
    full = person.lip_full * max(0.25, 1 - 0.65 * face.lip_press)
    pout = max(0.0, -face.lip_press)
    bow = (1 - _ACROSS**2) ** 0.6
    cupid = 1 - 0.3 * np.exp(-((_ACROSS / 0.14) ** 2))
    canvas.fill(_strip(x, upper - 0.8 * full * bow * cupid, upper + 0.008), mix(person.lip_colour, (60, 10, 20), 0.18))
    canvas.fill(_strip(x, lower - 0.008, lower + full * (1 + 0.4 * pout) * bow), person.lip_colour)
    canvas.glow((0, float(lower[15]) + 0.55 * full), 0.09, (255, 235, 230), 0.3)
    dark = person.shade(0.95)
    if (lower - upper).max() < 0.06:
        canvas.stroke(np.stack([x, (upper + lower) / 2], axis=1)[::3], 0.03, dark, ends=(0.6, 0.6))
    _draw_corners(canvas, person, face, x, upper)
    shadow = float(lower[15]) + full + 0.05
    canvas.stroke([(-0.11, shadow), (0, shadow + 0.012), (0.11, shadow)], 0.03, person.shade(0.5), 0.4 + 0.4 * pout)


def _draw_inside(canvas: Canvas, face: Expression, x: Points, upper: Points, lower: Points) -> None:
    """Tongue and teeth, cut off where the opening ends."""
    if face.tongue > 0.1:
        out = 0.16 * face.tongue * np.sqrt((1 - (_ACROSS / 0.62) ** 2).clip(0))
        canvas.fill(_strip(x, np.maximum(upper, lower - 0.5 * out), lower + 0.35 * out), (214, 96, 104))
    elif (lower - upper).max() > 0.12:
        back = 0.1 * np.sqrt((1 - (_ACROSS / 0.75) ** 2).clip(0))
        canvas.fill(_strip(x, np.maximum(upper, lower - back), lower), (188, 78, 84))
    white = (250, 247, 238)
    if face.upper_teeth > 0.1:
        canvas.fill(_strip(x, upper, np.minimum(lower, upper + 0.1 * face.upper_teeth)), white)
    if face.lower_teeth > 0.1:
        canvas.fill(_strip(x, np.maximum(upper, lower - 0.075 * face.lower_teeth), lower), white)
    if face.mouth_square > 0.3 and face.upper_teeth > 0.1:
        for i in range(5, 27, 4):
            gap = [(x[i], upper[i]), (x[i], min(upper[i] + 0.1, lower[i]))]
            canvas.stroke(gap, 0.01, (150, 130, 125), 0.7)


def _draw_corners(canvas: Canvas, person: Person, face: Expression, x: Points, upper: Points) -> None:
    """Dimples of a smile, the pull of a frown, and the moustache that rides on the upper lip."""
    for end, side in ((0, -1), (-1, 1)):
        pull = 0.05 * face.mouth_curve
        points = np.array([(-0.01, -pull), (0.025, 0), (0.01, 0.04)]) * (side, 1) + np.array([x[end], upper[end]])
        canvas.stroke(points, 0.025, person.shade(0.8), 0.4 + 0.5 * abs(face.mouth_curve))
    if person.moustache:
        lip = np.stack([x * 1.05, upper - 0.08], axis=1)[1:-1:4]
        canvas.stroke(lip, 0.085, person.brow_colour, 0.95)
