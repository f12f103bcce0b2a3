"""Everything of a head but its features: neck, ears, skull, hair, beard, what is worn."""

from __future__ import annotations

import numpy as np

from scn_core.datasets.demo_faces.canvas import Canvas, Points, Pose, circle, mix, smooth
from scn_core.datasets.demo_faces.person import Person


def outline(person: Person, jaw_drop: float = 0.0) -> Points:
    """The head's outline; an open mouth takes the chin down."""
    w, low = person.width, 0.12 * jaw_drop
    right = [
        (0.55 * w, -0.93), (0.9 * w, -0.62), (w, -0.15), (0.97 * w, 0.25), (person.jaw * w, 0.66 + low / 2),
        (person.chin, 0.95 + low),
    ]  # fmt: skip
    left = [(-x, y) for x, y in reversed(right)]
    return smooth([(0, -1.0), *right, (0, 1.0 + low), *left])


def draw_body(canvas: Canvas, person: Person) -> None:
    """Shoulders, neck, and the shadow of the chin on it."""
    w = person.width
    canvas.blob([(-2.2, 2.6), (-1.7, 1.55), (-0.6, 1.25), (0.6, 1.25), (1.7, 1.55), (2.2, 2.6)], person.cloth)
    canvas.fill(np.array([(-0.58 * w, 0.5), (0.58 * w, 0.5), (0.62 * w, 1.28), (-0.62 * w, 1.28)]), person.shade(0.16))
    canvas.disc((0, 1.27), (0.62 * w, 0.16), person.shade(0.16))
    canvas.blob([(-0.56 * w, 0.7), (0.56 * w, 0.7), (0.4 * w, 1.12), (0, 1.2), (-0.4 * w, 1.12)], person.shade(0.38))


def draw_skull(canvas: Canvas, person: Person, pose: Pose, jaw_drop: float) -> None:
    """Ears and head; the ear on the far side of a turned head hides."""
    for side in (-1, 1):
        reach = person.ear * (1 - 1.6 * max(0.0, side * pose.turn))
        centre = side * (person.width - 0.02), 0.04
        canvas.disc(centre, (reach, 0.2), person.shade(0.1))
        canvas.disc((centre[0] + side * 0.01, 0.05), (reach * 0.6, 0.12), person.shade(0.35))
        if person.earrings:
            canvas.disc((centre[0] + side * 0.6 * reach, 0.27), 0.05, (236, 196, 96))
    canvas.fill(outline(person, jaw_drop), person.skin)


def draw_back_hair(canvas: Canvas, person: Person) -> None:
    """What of the hair is behind the head."""
    hair, w = person.hair, person.width
    dark = mix(person.hair_colour, (0, 0, 0), 0.25)
    if hair.cover == "scarf":
        canvas.blob([(0, -1.2), (w + 0.2, -0.7), (w + 0.22, 0.5), (1.2, 1.6), (-1.2, 1.6), (-w - 0.22, 0.5),
                     (-w - 0.2, -0.7)], mix(person.cloth, (0, 0, 0), 0.25))  # fmt: skip
        return
    if hair.bun:
        canvas.disc((0.3 * person.part, -1.0 - 0.6 * hair.bun), hair.bun, dark)
    if hair.length <= -0.2 or hair.cover == "none":
        return
    wide = w + 0.1 + hair.volume
    low = hair.length
    shape = smooth([(0, -1.05 - hair.volume), (wide * 0.8, -0.85), (wide, -0.3), (wide, low * 0.6), (wide * 0.9, low),
                    (0, low), (-wide * 0.9, low), (-wide, low * 0.6), (-wide, -0.3), (-wide * 0.8, -0.85)])  # fmt: skip
    canvas.fill(shape, dark)
    if hair.curl:
        for x, y in shape[::3]:
            canvas.disc((x, y), hair.curl, dark)


def _hairline(person: Person, pose: Pose) -> Points:
    """Edge of the hair on the forehead, from the right temple to the left one."""
    hair, w = person.hair, person.width
    x = np.array([0.99, 0.9, 0.72, 0.45, 0.15, -0.15, -0.45, -0.72, -0.9, -0.99]) * w
    top = -0.66 + 0.26 * hair.fringe
    parting = (0.05 + 0.13 * min(hair.fringe, 1)) * np.exp(-(((x - 0.5 * person.part) / 0.16) ** 2))
    y = top + 0.38 * (np.abs(x) / w) ** 4 - parting
    turned = pose.turned(np.stack([x, y], axis=1))
    turned[:, 0] = turned[:, 0].clip(-0.93 * w, 0.93 * w)
    turned[[0, -1], 0] = 1.01 * w, -1.01 * w  # at the temples the hair meets the outline, turned or not
    return smooth(turned, closed=False)


def _crown(person: Person, reach: float) -> Points:
    """Outer edge of the hair, from the left temple over the crown to the right one."""
    angle = np.linspace(np.pi + 0.12, -0.12, 24)
    wide, high = person.width + 0.02 + 0.7 * reach, 0.86 + reach
    return np.stack([wide * np.cos(angle), -0.18 - high * np.sin(angle).clip(-0.2)], axis=1)


def draw_front_hair(canvas: Canvas, person: Person, pose: Pose) -> None:
    """Hair, cap or scarf over the skull."""
    hair = person.hair
    if hair.cover == "none":
        canvas.glow((-0.2, -0.75), 0.3, (255, 255, 255), 0.18)
    elif hair.cover == "hair":
        _draw_hair(canvas, person, pose)
    elif hair.cover == "beanie":
        _draw_beanie(canvas, person)
    else:
        _draw_scarf(canvas, person)


def _draw_hair(canvas: Canvas, person: Person, pose: Pose) -> None:
    hair, colour = person.hair, person.hair_colour
    crown, line = _crown(person, hair.volume), _hairline(person, pose)
    if hair.curl:
        for x, y in np.concatenate([crown[1:-1:2], line[5:-5:5] - (0, 0.06)]):
            canvas.disc((x, y), hair.curl, colour)
    canvas.fill(np.concatenate([crown, line]), colour)
    shine = mix(colour, (255, 240, 220), 0.16)
    dark = mix(colour, (0, 0, 0), 0.25)
    root = np.array([0.5 * person.part * person.width, -0.95 - 0.5 * hair.volume])
    for k, share in enumerate(np.linspace(0.08, 0.92, 9)):
        tip = line[round(share * (len(line) - 1))]
        middle = (root + tip) / 2 + (0.25 * (tip[0] - root[0]), -0.02)
        canvas.stroke([root, middle, tip], 0.03, shine if k % 2 else dark, 0.7)


def _draw_beanie(canvas: Canvas, person: Person) -> None:
    crown = _crown(person, person.hair.volume + 0.06)
    w = person.width + 0.05
    crown = crown[crown[:, 1] < -0.45]
    canvas.fill(crown, person.cloth)
    half = [(0.9, -0.7), (1, -0.42), (0.6, -0.48)]
    band = np.array([(0, -0.8), *half, (0, -0.52), *((-x, y) for x, y in reversed(half))]) * (w, 1)
    canvas.blob(band, mix(person.cloth, (0, 0, 0), 0.2))
    for x in np.linspace(-0.8, 0.8, 9) * w:
        canvas.stroke([(x, -0.74 + 0.2 * (x / w) ** 2), (x, -0.5)], 0.03, mix(person.cloth, (0, 0, 0), 0.38))


def _draw_scarf(canvas: Canvas, person: Person) -> None:
    w = person.width
    outer = circle((0, -0.05), (w + 0.17, 1.14))
    inner = circle((0, 0.14), (w - 0.02, 0.9))
    canvas.fill(np.concatenate([outer, outer[:1], inner[:1], inner[::-1]]), person.cloth)
    fold = mix(person.cloth, (0, 0, 0), 0.2)
    for k in (0.3, 0.7):
        high = -0.6 - 0.2 * k
        canvas.stroke([(-w - 0.1 * k, 0.3), (-0.75 * w, high), (0, 1.2 * high - 0.13), (0.75 * w, high)], 0.03, fold)
    canvas.blob([(-w, 0.75), (0, 1.04), (w, 0.75), (0.9, 1.5), (0, 1.75), (-0.9, 1.5)], person.cloth)
    canvas.stroke([(-0.7, 0.95), (0, 1.22), (0.6, 1.4)], 0.03, fold)


def draw_beard(canvas: Canvas, person: Person, jaw_drop: float) -> None:
    """Beard from ear to ear, or stubble."""
    if not person.beard:
        return
    edge = outline(person, jaw_drop)
    low = edge[edge[:, 1] > 0.2] * (1.02, 1.0 + 0.07 * person.beard)
    w = person.width
    half = [(0.95 * w, 0.2), (0.84 * w, 0.44), (0.66 * w, 0.62), (0.36, 0.6), (0.26, 0.45)]
    inner = smooth([*((-x, y) for x, y in half), (0, 0.4), *reversed(half)], closed=False)
    stubble = person.beard < 0.5
    colour = person.shade(0.6) if stubble else person.brow_colour
    canvas.fill(np.concatenate([low, inner]), colour, 0.4 if stubble else 0.92)


def draw_glasses(canvas: Canvas, person: Person) -> None:
    """Frames that follow the face."""
    if not person.glasses:
        return
    y = person.eye_line
    frame = mix(person.hair_colour, (24, 24, 30), 0.7)
    ring = circle((0, 0), 1)
    ring = np.concatenate([ring, ring[:1]])
    ring = np.sign(ring) * np.abs(ring) ** (0.5 + 0.5 * person.glasses)
    for side in (-1, 1):
        middle = np.array([side * (person.eye_gap + 0.01), y + 0.03])
        outer, inner = middle + ring * (0.275, 0.23), middle + ring * (0.245, 0.2)
        canvas.fill(inner, (225, 238, 245), 0.14)
        canvas.fill(np.concatenate([outer, inner[::-1]]), frame)
        canvas.stroke([(side * 0.6, y - 0.03), (side * 0.8, y - 0.06)], 0.04, frame, ends=(1, 1))
    canvas.stroke([(-0.1, y), (0, y - 0.03), (0.1, y)], 0.04, frame, ends=(1, 1))
