"""What one look at a face's picture told, and what may be wrong with it."""

from __future__ import annotations

from struct import Struct
from typing import Literal, NamedTuple, get_args

PictureIssue = Literal["dark", "bright", "blurred", "empty", "odd_shape", "tiny", "grey", "far"]
PICTURE_ISSUES: tuple[PictureIssue, ...] = get_args(PictureIssue)
"""What may be wrong with the picture of a face. empty: hardly any information; grey: among pictures in colour;
far: from all others, to the network of the newest round, not by its pixels alone."""

ISSUE_WORDS: dict[PictureIssue, str] = {
    "dark": "very dark",
    "bright": "very bright",
    "blurred": "blurred",
    "empty": "little to see",
    "odd_shape": "odd shape",
    "tiny": "tiny",
    "grey": "grey among colour",
    "far": "unlike all others",
}
"""As pages, tiles and commands say it."""


class PictureMeasures(NamedTuple):
    """What one look at the pixels of a face told: hashes to know copies by, and what makes a picture hard to judge.

    Brightness and colour are shares of the full range, 0..1. Measured on the square that people and the network see,
    reduced to at most 128 pixels a side.
    """

    pixels: bytes
    """8 bytes: the same where the pixels are, whatever the file holds beside them."""
    looks: bytes
    """32 bytes, a perceptual hash: few bits differ where pictures look alike."""
    width: int
    height: int
    """Of the face in its picture, in pixels."""
    brightness_p99: float
    """Brightness that 1 % of the pixels lie above; low: dark."""
    brightness_p05: float
    """Brightness that 5 % of the pixels lie below; high: bright."""
    sharpness: float
    """Detail of the size of a pixel for each unit of detail twice as large, at most 64 pixels a side; low: blurred."""
    entropy: float
    """Of the brightness, in bits, 0 to 8; low: next to nothing to be seen."""
    colour: float
    """Largest difference between the channels of a pixel; 0: grey."""

    def pack(self) -> bytes:
        """As few bytes as can be: ten million faces are read at once."""
        return _MEASURES.pack(*self)

    @classmethod
    def unpack(cls, packed: bytes) -> PictureMeasures:
        """What `pack` made."""
        return cls(*_MEASURES.unpack(packed))


_MEASURES = Struct("<8s32sII5f")
