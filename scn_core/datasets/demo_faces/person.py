"""Who is drawn: head, skin, hair, age and what they wear. Drawn by chance, and apart from what the face does."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scn_core.datasets.demo_faces.canvas import Colour, mix

SKIN: tuple[Colour, ...] = (
    (253, 224, 203), (244, 203, 172), (229, 178, 138), (207, 148, 104), (172, 114, 78), (136, 90, 64), (108, 72, 55),
)  # fmt: skip
HAIR: tuple[Colour, ...] = (
    (30, 26, 28), (52, 36, 28), (84, 54, 34), (122, 78, 44), (142, 66, 38), (190, 146, 84), (226, 190, 124),
)  # fmt: skip
GREY: tuple[Colour, ...] = ((120, 120, 124), (178, 178, 180), (228, 226, 222))
DYED: tuple[Colour, ...] = ((46, 120, 130), (196, 92, 128), (104, 84, 160))
EYES: tuple[Colour, ...] = ((58, 36, 24), (92, 58, 30), (122, 92, 48), (78, 110, 72), (70, 112, 150), (96, 112, 124))
CLOTH: tuple[Colour, ...] = (
    (196, 78, 62), (226, 168, 76), (88, 132, 96), (66, 108, 150), (120, 92, 150), (60, 64, 78), (222, 216, 204),
    (40, 120, 122), (214, 128, 138),
)  # fmt: skip


@dataclass(frozen=True)
class Hair:
    """A hair style as continuous parameters."""

    volume: float = 0.08
    """How far it stands off the skull."""
    length: float = -0.3
    """How far down it hangs behind the head; below -0.2: not at all."""
    curl: float = 0.0
    """Radius of the curls along its edge."""
    fringe: float = 0.0
    """How far it hangs into the forehead."""
    bun: float = 0.0
    cover: str = "hair"
    """hair, none (a bald head), beanie or scarf."""


STYLES: tuple[Hair, ...] = (
    Hair(cover="none", volume=0.0),
    Hair(volume=0.02),
    Hair(volume=0.09),
    Hair(volume=0.14, fringe=0.5),
    Hair(volume=0.1, curl=0.13),
    Hair(volume=0.26, curl=0.17, length=0.1),
    Hair(volume=0.13, length=0.75),
    Hair(volume=0.13, length=0.65, fringe=1.0),
    Hair(volume=0.1, length=1.5),
    Hair(volume=0.12, length=1.4, fringe=0.7),
    Hair(volume=0.18, length=1.1, curl=0.15),
    Hair(volume=0.05, bun=0.3),
    Hair(volume=0.07, bun=0.22, fringe=0.8),
    Hair(cover="beanie", volume=0.08, length=0.6),
    Hair(cover="beanie", volume=0.06),
    Hair(cover="scarf", volume=0.1),
)


@dataclass(frozen=True)
class Person:
    """Lengths are in face units (half the head's height is 1)."""

    skin: Colour
    hair_colour: Colour
    eye_colour: Colour
    cloth: Colour
    lip_colour: Colour
    hair: Hair
    part: float
    """Where the hair is parted, -1 to 1."""
    age: float
    """0 smooth to 1 lined."""
    width: float
    jaw: float
    chin: float
    ear: float
    eye_size: float
    eye_gap: float
    eye_line: float
    lashes: float
    brow_width: float
    brow_line: float
    nose_width: float
    nose_length: float
    lip_width: float
    lip_full: float
    beard: float
    """0 none, below 0.5 stubble, up to 1 full."""
    moustache: bool
    freckles: bool
    earrings: bool
    glasses: float
    """Roundness of the frame, 0: none."""
    handed: int
    """The side that moves more, -1 or 1."""

    def shade(self, depth: float) -> Colour:
        """Skin in shadow: 0 the skin itself, 1 its darkest line."""
        return mix(self.skin, mix((26, 0, 0), self.skin, 0.22), depth)

    @property
    def brow_colour(self) -> Colour:
        """Of brows and beard: nearer to the skin's own dark than the hair is."""
        return mix(self.hair_colour, self.shade(1), 0.35)


def _between(colours: tuple[Colour, ...], rng: np.random.Generator) -> Colour:
    """A colour somewhere along a row of colours."""
    place = rng.uniform(0, len(colours) - 1)
    return mix(colours[int(place)], colours[int(place) + 1], place % 1)


def _hair_colour(age: float, rng: np.random.Generator) -> Colour:
    if rng.random() < 0.05:
        return _between(DYED, rng)
    return _between(GREY if age > 0.55 and rng.random() < 0.75 else HAIR, rng)


def _hair(rng: np.random.Generator) -> Hair:
    style = STYLES[rng.integers(len(STYLES))]
    more = rng.uniform(0.8, 1.2)
    return Hair(
        style.volume * more, style.length * more, style.curl * more, style.fringe * more, style.bun, style.cover
    )


def meet(rng: np.random.Generator) -> Person:
    """A new person."""
    age = rng.uniform(0, 1) ** 1.5
    skin = mix(_between(SKIN, rng), (214, 120, 100), rng.uniform(0, 0.12))
    hair = _hair(rng)
    shaven = hair.cover == "scarf"
    return Person(
        skin=skin,
        hair_colour=_hair_colour(age, rng),
        eye_colour=_between(EYES, rng),
        cloth=_between(CLOTH, rng),
        lip_colour=mix(mix(skin, (96, 8, 20), 0.25), (196, 62, 72), rng.uniform(0.1, 0.4)),
        hair=hair,
        part=rng.uniform(-0.8, 0.8),
        age=age,
        width=rng.uniform(0.7, 0.84),
        jaw=rng.uniform(0.68, 0.9),
        chin=rng.uniform(0.2, 0.36),
        ear=rng.uniform(0.14, 0.21),
        eye_size=rng.uniform(0.92, 1.2),
        eye_gap=rng.uniform(0.31, 0.36),
        eye_line=rng.uniform(-0.07, 0.02),
        lashes=rng.uniform(0, 1),
        brow_width=rng.uniform(0.05, 0.1),
        brow_line=rng.uniform(0.23, 0.27),
        nose_width=rng.uniform(0.11, 0.18),
        nose_length=rng.uniform(0.3, 0.38),
        lip_width=rng.uniform(0.25, 0.32),
        lip_full=rng.uniform(0.05, 0.1),
        beard=rng.uniform(0.2, 1) if rng.random() < 0.22 and not shaven else 0.0,
        moustache=bool(rng.random() < 0.14 and not shaven),
        freckles=bool(rng.random() < 0.12),
        earrings=bool(rng.random() < 0.15),
        glasses=rng.uniform(0.3, 1) if rng.random() < 0.18 else 0.0,
        handed=1 if rng.random() < 0.5 else -1,
    )
