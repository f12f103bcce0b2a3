"""What is behind a face, in front of it, or there instead of it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageFilter

from scn_core.datasets.demo_faces import head
from scn_core.datasets.demo_faces.canvas import Canvas, Colour, Pose, box, circle, mix, smooth
from scn_core.datasets.demo_faces.person import CLOTH, Person

WALLS: tuple[Colour, ...] = (
    (236, 226, 210), (206, 220, 224), (224, 206, 214), (196, 210, 190), (150, 168, 186), (112, 124, 132),
    (182, 150, 124), (72, 82, 98), (244, 240, 232), (240, 214, 170),
)  # fmt: skip


def _any(colours: tuple[Colour, ...], rng: np.random.Generator) -> Colour:
    return colours[rng.integers(len(colours))]


def backdrop(size: int, rng: np.random.Generator) -> Image.Image:
    """A wall, a window, lights or leaves, out of focus: drawn small, then enlarged."""
    wall, other = _any(WALLS, rng), _any(WALLS, rng)
    small = Image.new("RGB", (48, 48), wall)
    canvas = Canvas(small, lambda points: points)
    kind = rng.integers(5)
    if kind == 0:  # two walls meet
        x = rng.uniform(0.1, 0.9)
        canvas.fill(np.array([(x, 0), (1, 0), (1, 1), (x + rng.uniform(-0.2, 0.2), 1)]), mix(wall, other, 0.5))
    elif kind == 1:  # a window
        x, y = rng.uniform(-0.2, 0.8), rng.uniform(-0.2, 0.4)
        for dx, dy in ((0, 0), (0.24, 0), (0, 0.28), (0.24, 0.28)):
            canvas.fill(box(x + dx, y + dy, x + dx + 0.21, y + dy + 0.25), (226, 238, 246))
    elif kind == 2:  # lights or leaves
        for _ in range(14):
            canvas.disc((rng.uniform(0, 1), rng.uniform(0, 1)), rng.uniform(0.04, 0.14), _any(CLOTH, rng), 0.45)
    elif kind == 3:  # a horizon
        y = rng.uniform(0.4, 0.8)
        canvas.fill(np.array([(0, y), (1, y + rng.uniform(-0.1, 0.1)), (1, 1), (0, 1)]), mix(other, (90, 120, 80), 0.4))
    return small.filter(ImageFilter.BoxBlur(1)).resize((size, size), Image.Resampling.BICUBIC)


def occlude(canvas: Canvas, person: Person, pose: Pose, rng: np.random.Generator) -> None:
    """Something in front of the face: a hand, a face mask, a lock of hair."""
    side = 1 if rng.random() < 0.5 else -1
    kind = rng.integers(3 if person.hair.cover == "hair" else 2)
    if kind == 0:
        _draw_hand(canvas, person, side, rng)
    elif kind == 1:
        _draw_mask(canvas, person, pose, rng)
    else:
        lock = np.array([(0.2, -1.0), (0.6, -0.5), (0.42, 0.0), (0.62, 0.5)]) * (side, 1)
        for k in range(4):
            colour = mix(person.hair_colour, (0, 0, 0), 0.12 * (k % 2))
            canvas.stroke(np.add(lock, (0.07 * k * side, 0)), 0.11, colour)


def _draw_hand(canvas: Canvas, person: Person, side: int, rng: np.random.Generator) -> None:
    at = np.array([rng.uniform(0.4, 0.65), rng.uniform(0.8, 0.95)])
    palm = [(-0.18, 0.0), (0.26, -0.08), (0.38, 0.3), (0.5, 1.2), (0.05, 1.2), (-0.1, 0.4)]
    canvas.blob(np.add(at, palm) * (side, 1), person.shade(0.08))
    for k, reach in enumerate((0.4, 0.52, 0.56, 0.46)):
        x = 0.12 * k
        finger = np.add(at, [(x - 0.08, 0.12), (x - 0.12, -reach / 2), (x - 0.2, -reach)]) * (side, 1)
        canvas.stroke(finger, 0.15, person.shade(0.5), ends=(0.7, 0.75))
        canvas.stroke(np.add(finger, (0, 0.012)), 0.122, person.shade(0.04), ends=(1, 0.75))


def _draw_mask(canvas: Canvas, person: Person, pose: Pose, rng: np.random.Generator) -> None:
    w = person.width
    cloth = mix((190, 218, 228), _any(CLOTH, rng), 0.8 if rng.random() < 0.5 else 0.0)
    for end in (-1, 1):
        canvas.stroke([(end * 0.75 * w, 0.36), (end * w, 0.1)], 0.03, mix(cloth, (255, 255, 255), 0.5), ends=(1, 1))
    edge = [(-0.8 * w, 0.3), (0, 0.16), (0.8 * w, 0.3), (0.72 * w, 0.8), (0, 1.08), (-0.72 * w, 0.8)]
    canvas.fill(smooth(pose.turned(np.array(edge))), cloth)
    for y in (0.42, 0.58, 0.74):
        pleat = pose.turned(np.array([(-0.6 * w, y), (0, y - 0.06), (0.6 * w, y)]))
        canvas.stroke(pleat, 0.02, mix(cloth, (0, 0, 0), 0.22))


def _hills(canvas: Canvas, rng: np.random.Generator) -> None:
    canvas.fill(circle((0, 0), 3), mix((150, 200, 232), (250, 190, 140), rng.uniform(0, 1)))
    canvas.disc((rng.uniform(-0.7, 0.7), rng.uniform(-0.7, -0.2)), 0.18, (255, 240, 190))
    for k in range(3):
        x = np.linspace(-1.6, 1.6, 9)
        y = 0.1 + 0.3 * k + 0.2 * np.sin(x * rng.uniform(1.5, 3) + rng.uniform(0, 6))
        green = mix((120, 160, 130), (40, 90, 66), k / 2)
        canvas.fill(np.concatenate([smooth(np.stack([x, y], axis=1), False), [(1.6, 2), (-1.6, 2)]]), green)


def _mug(canvas: Canvas, rng: np.random.Generator) -> None:
    colour = _any(CLOTH, rng)
    dark = mix(colour, (0, 0, 0), 0.3)
    canvas.fill(box(-3, 0.62, 3, 3), _any(WALLS, rng))
    canvas.disc((0.05, 0.72), (0.75, 0.1), (60, 50, 46), 0.4)
    canvas.stroke([(0.48, -0.2), (0.85, -0.15), (0.8, 0.25), (0.45, 0.35)], 0.13, dark, ends=(1, 1))
    canvas.blob([(-0.55, -0.45), (0.55, -0.45), (0.52, 0.3), (0.4, 0.7), (-0.4, 0.7), (-0.52, 0.3)], colour)
    canvas.disc((0, -0.45), (0.56, 0.13), mix(colour, (255, 255, 255), 0.3))
    canvas.disc((0, -0.43), (0.47, 0.09), (74, 48, 36))


def _plant(canvas: Canvas, rng: np.random.Generator) -> None:
    for _ in range(16):
        angle, reach = rng.uniform(-2.6, -0.5), rng.uniform(0.6, 1.0)
        x, y = np.cos(angle) * reach, 0.35 + np.sin(angle) * reach * 1.2
        green = mix((52, 104, 62), (150, 184, 96), rng.uniform(0, 1))
        canvas.stroke([(0, 0.4), (0.6 * x + 0.1, 0.6 * y), (x, y)], 0.2, green, ends=(0.2, 0.1))
    canvas.blob([(-0.42, 0.35), (0.42, 0.35), (0.3, 0.95), (-0.3, 0.95)], (190, 106, 76))


def _balloons(canvas: Canvas, rng: np.random.Generator) -> None:
    for _ in range(rng.integers(2, 5)):
        x, y = rng.uniform(-0.7, 0.7), rng.uniform(-0.7, 0.1)
        colour = _any(CLOTH, rng)
        canvas.stroke([(x, y + 0.3), (x * 0.6 + 0.1, y + 0.7), (0, 1.4)], 0.02, (120, 110, 110))
        canvas.disc((x, y), (0.3, 0.37), colour)
        canvas.disc((x - 0.1, y - 0.14), (0.06, 0.1), (255, 255, 255), 0.5)


def _house(canvas: Canvas, rng: np.random.Generator) -> None:
    canvas.fill(box(-3, 0.7, 3, 3), (116, 150, 96))
    canvas.fill(box(-0.65, -0.15, 0.65, 0.8), _any(WALLS, rng))
    canvas.fill(np.array([(-0.85, -0.1), (0, -0.8), (0.85, -0.1)]), _any(CLOTH, rng))
    canvas.fill(box(-0.1, 0.3, 0.2, 0.8), (96, 64, 48))
    canvas.fill(box(0.3, 0.05, 0.52, 0.3), (190, 220, 236))


def _blobs(canvas: Canvas, rng: np.random.Generator) -> None:
    for _ in range(7):
        dented = circle((0, 0), rng.uniform(0.2, 0.8))[::4] * rng.uniform(0.6, 1.2, (7, 1))
        canvas.blob(dented + rng.uniform(-1.2, 1.2, 2), _any(CLOTH, rng), 0.75)


def _nothing(canvas: Canvas, rng: np.random.Generator) -> None:
    canvas.glow((rng.uniform(-1, 1), rng.uniform(-1, 1)), 1.5, (255, 250, 240), 0.4)


THINGS: tuple[Callable[[Canvas, np.random.Generator], None], ...] = (
    _hills, _mug, _plant, _balloons, _house, _blobs, _nothing,
)  # fmt: skip


def draw_back_of_head(canvas: Canvas, person: Person, pose: Pose) -> None:
    """Someone who looks away."""
    head.draw_back_hair(canvas, person)
    head.draw_body(canvas, person)
    head.draw_skull(canvas, person, pose, 0)
    colour = person.hair_colour if person.hair.cover in ("hair", "none") else person.cloth
    canvas.fill(circle((0, -0.1), (person.width + person.hair.volume, 0.95 + person.hair.volume)), colour)
    for x in np.linspace(-0.5, 0.5, 7):
        canvas.stroke([(0.3 * x, -0.9), (1.1 * x, -0.2), (x, 0.7)], 0.03, mix(colour, (0, 0, 0), 0.25), 0.8)
