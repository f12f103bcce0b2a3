"""What a face does: continuous parameters of an expression, the seven emotions, and the way between two of them."""

from __future__ import annotations

from dataclasses import astuple, dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Expression:
    """Zero everywhere is a face at rest, about 1 as much as a face does; any value between, or a bit beyond, draws."""

    brow_raise: float = 0.0
    """Whole brow up; negative: down onto the eye."""
    brow_inner: float = 0.0
    """Inner ends up (worry); negative: down (frown)."""
    brow_pinch: float = 0.0
    """Brows drawn together, with furrows between them."""
    brow_arch: float = 0.0
    eye_wide: float = 0.0
    """Upper lids up; negative: half shut."""
    lid_slant: float = 0.0
    """Upper lid low at the nose (glare); negative: low at the temple (droop)."""
    squint: float = 0.0
    """Lower lid pushed up."""
    iris_small: float = 0.0
    """Negative: large pupils."""
    gaze: float = 0.0
    """Looking down; negative: up."""
    mouth_curve: float = 0.0
    """Corners up; negative: down."""
    mouth_wide: float = 0.0
    """Negative: pursed."""
    mouth_open: float = 0.0
    mouth_square: float = 0.0
    """Opening with square ends, as when teeth are bared."""
    upper_teeth: float = 0.0
    lower_teeth: float = 0.0
    tongue: float = 0.0
    sneer: float = 0.0
    """Upper lip pulled up, more on one side."""
    lip_press: float = 0.0
    """Lips thin; negative: pouting lower lip."""
    cheeks: float = 0.0
    """Cheeks raised and rosy."""
    nose_wrinkle: float = 0.0
    forehead: float = 0.0
    """Lines across the forehead."""
    folds: float = 0.0
    """Folds from the nose to the mouth corners."""
    tears: float = 0.0


NEUTRAL = Expression()

EXPRESSIONS: dict[str, Expression] = {
    "neutral": NEUTRAL,
    "happy": Expression(
        brow_raise=0.25, brow_arch=0.3, squint=0.75, eye_wide=-0.1, mouth_curve=1.0, mouth_wide=0.55, mouth_open=0.5,
        upper_teeth=1.0, cheeks=1.0, folds=0.55,
    ),
    "surprise": Expression(
        brow_raise=1.0, brow_arch=0.9, eye_wide=1.0, mouth_wide=-0.55, mouth_open=1.0, forehead=0.6,
    ),
    "sad": Expression(
        brow_raise=0.05, brow_inner=1.0, brow_pinch=0.4, eye_wide=-0.4, lid_slant=-1.0, gaze=0.7, mouth_curve=-0.95,
        mouth_wide=-0.15, lip_press=-0.6, folds=0.3, tears=0.45,
    ),
    "anger": Expression(
        brow_raise=-0.75, brow_inner=-1.0, brow_pinch=1.0, eye_wide=-0.05, lid_slant=1.0, squint=0.25, iris_small=0.2,
        mouth_curve=-0.5, mouth_wide=0.0, lip_press=1.0, folds=0.3,
    ),
    "disgust": Expression(
        brow_raise=-0.35, brow_inner=-0.3, brow_pinch=0.4, eye_wide=-0.5, squint=0.75, mouth_curve=-0.7,
        mouth_wide=0.15, mouth_open=0.2, upper_teeth=0.6, sneer=1.2, cheeks=0.2, nose_wrinkle=1.1, folds=1.0,
    ),
    "fear": Expression(
        brow_raise=0.75, brow_inner=0.9, brow_pinch=0.8, eye_wide=0.95, iris_small=0.8, mouth_curve=-0.6,
        mouth_wide=0.5, mouth_open=0.4, mouth_square=1.0, lower_teeth=0.7, upper_teeth=0.5, forehead=0.9,
    ),
}  # fmt: skip

OTHER_WAY: dict[str, Expression] = {
    "neutral": Expression(eye_wide=-0.2, brow_raise=-0.1, lip_press=0.3, mouth_wide=-0.1),
    "happy": Expression(
        brow_raise=0.35, brow_arch=0.4, squint=0.45, mouth_curve=1.0, mouth_wide=0.4, cheeks=0.9, folds=0.3,
    ),
    "surprise": Expression(
        brow_raise=0.9, brow_arch=1.0, eye_wide=0.8, mouth_wide=-0.35, mouth_open=0.5, forehead=0.4, iris_small=-0.2,
    ),
    "sad": Expression(
        brow_raise=0.2, brow_inner=1.1, brow_pinch=0.6, eye_wide=-0.6, lid_slant=-0.8, squint=0.3, gaze=0.3,
        mouth_curve=-1.1, mouth_wide=0.1, mouth_open=0.25, folds=0.6, tears=1.0,
    ),
    "anger": Expression(
        brow_raise=-0.6, brow_inner=-1.1, brow_pinch=1.0, eye_wide=0.3, lid_slant=1.0, iris_small=0.5, mouth_curve=-0.4,
        mouth_wide=0.2, mouth_open=0.6, mouth_square=0.9, upper_teeth=0.9, lower_teeth=0.6, folds=0.7, nose_wrinkle=0.2,
    ),
    "disgust": Expression(
        brow_raise=-0.2, brow_inner=0.0, brow_pinch=0.4, eye_wide=-0.75, squint=0.75, gaze=0.4, mouth_curve=-0.8,
        mouth_wide=-0.1, mouth_open=0.45, tongue=1.5, sneer=0.8, nose_wrinkle=1.0, folds=0.9,
    ),
    "fear": Expression(
        brow_raise=0.8, brow_inner=1.0, brow_pinch=0.9, eye_wide=1.1, iris_small=1.0, mouth_curve=-0.7, mouth_wide=0.3,
        mouth_open=0.75, mouth_square=0.6, upper_teeth=0.3, forehead=1.0,
    ),
}  # fmt: skip
"""A second way to show each emotion: smiling with closed lips, shouting, crying."""


def blend(a: Expression, b: Expression, t: float) -> Expression:
    """The expression on the straight way from a (t = 0) to b (t = 1); t beyond 1 exaggerates b."""
    return Expression(*((1 - t) * x + t * y for x, y in zip(astuple(a), astuple(b), strict=True)))


def act(emotion: str, strength: float, rng: np.random.Generator) -> Expression:
    """An emotion as one person shows it once: some way between its two ways, this strong, never twice the same."""
    way = blend(EXPRESSIONS[emotion], OTHER_WAY[emotion], rng.uniform(0, 1))
    values = np.array(astuple(blend(NEUTRAL, way, strength)))
    values += rng.normal(0, 0.05, len(values)) * (values != 0) + rng.normal(0, 0.04, len(values))
    return Expression(*values.tolist())
