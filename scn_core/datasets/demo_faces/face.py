"""One picture: a person with an expression in front of something, or no face at all."""

from __future__ import annotations

import numpy as np
from PIL import Image

from scn_core.datasets.demo_faces import features, head, photo, scenes
from scn_core.datasets.demo_faces.canvas import SUPERSAMPLING, Canvas, Pose
from scn_core.datasets.demo_faces.expression import Expression
from scn_core.datasets.demo_faces.mouth import draw_mouth
from scn_core.datasets.demo_faces.person import Person, meet


def _pose(rng: np.random.Generator) -> Pose:
    return Pose(
        turn=float(np.clip(rng.normal(0, 0.12), -0.28, 0.28)),
        tilt=float(np.clip(rng.normal(0, 0.1), -0.3, 0.3)),
        scale=rng.uniform(0.36, 0.44),
        x=rng.normal(0.5, 0.025),
        y=rng.normal(0.51, 0.02),
    )


def _draw_head(image: Image.Image, person: Person, pose: Pose, face: Expression) -> None:
    """From back to front."""
    flat = Canvas(image, pose.placed)
    on_face = Canvas(image, lambda points: pose.placed(pose.turned(points)))
    jaw_drop = max(0.0, face.mouth_open)
    head.draw_back_hair(flat, person)
    head.draw_body(flat, person)
    head.draw_skull(flat, person, pose, jaw_drop)
    head.draw_beard(flat, person, jaw_drop)
    features.draw_lines(on_face, person, face)
    features.draw_eyes(on_face, person, face)
    features.draw_nose(on_face, person, face, pose.turn)
    draw_mouth(on_face, person, face)
    head.draw_front_hair(flat, person, pose)
    features.draw_brows(on_face, person, face)
    head.draw_glasses(on_face, person)


def draw_face(face: Expression, side: int, rng: np.random.Generator, *, occluded: bool = False) -> Image.Image:
    """A picture of someone with this expression. The generator alone decides who, where and in which light."""
    person, pose = meet(rng), _pose(rng)
    image = scenes.backdrop(side * SUPERSAMPLING, rng)
    _draw_head(image, person, pose, face)
    if occluded:
        scenes.occlude(Canvas(image, pose.placed), person, pose, rng)
    return photo.develop(image, pose, person.width, rng)


def draw_other(side: int, rng: np.random.Generator) -> Image.Image:
    """A picture without a face: scenery, a thing, an empty wall, someone from behind."""
    person, pose = meet(rng), _pose(rng)
    image = scenes.backdrop(side * SUPERSAMPLING, rng)
    canvas = Canvas(image, pose.placed)
    kind = rng.integers(len(scenes.THINGS) + 2)
    if kind < len(scenes.THINGS):
        scenes.THINGS[kind](canvas, rng)
        pose = Pose(scale=2.0)  # lit as a whole, not as a round head
    else:
        scenes.draw_back_of_head(canvas, person, pose)
    return photo.develop(image, pose, person.width, rng)
