"""What the pixels of a face measure: what makes it hard to judge, and hashes by which copies are known.

Computed on the square that was decoded for checking anyway. A perceptual hash keeps the signs of the lowest frequencies
of the picture (its discrete cosine transform), which compression and small changes of light leave alone; another size
changes some.
"""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageChops

from scn_core.picture_records import PictureMeasures

MEASURED_SIDE = 128
"""Pixels a side that a face is reduced to before it is measured; smaller ones are measured as they are."""
_BLUR_SIDE = 64
_LEAST_DETAIL = 4.0
"""Coarse detail that a picture is taken to have at least. A heavily blurred one has less, and what rounding to whole
numbers makes of it, about 1, would pass for fine detail."""
_LOOKS_SIDE, _LOOKS_FREQUENCIES = 32, 16


def measure(face: Image.Image, size: tuple[int, int]) -> PictureMeasures:
    """Measures of a square face in RGB, at most MEASURED_SIDE a side; `size`: width and height in its picture."""
    grey = face.convert("L")
    counts = np.array(grey.histogram())
    below = counts.cumsum() / counts.sum()
    red, green, blue = face.split()
    apart = (ImageChops.difference(red, green), ImageChops.difference(green, blue))
    return PictureMeasures(
        pixels=blake2b(face.tobytes(), digest_size=8).digest(),
        looks=perceptual_hash(grey),
        width=size[0],
        height=size[1],
        brightness_p99=int(below.searchsorted(0.99)) / 255,
        brightness_p05=int(below.searchsorted(0.05)) / 255,
        sharpness=sharpness(grey),
        entropy=grey.entropy(),
        colour=max(max(each.tobytes()) for each in apart) / 255,
    )


def perceptual_hash(grey: Image.Image) -> bytes:
    """32 bytes: a bit for each of the 16 x 16 lowest frequencies of a grey picture, set where it is above the median.

    The frequencies of each 8 x 8 block come together, the lowest first: the first 8 bytes are the common 64-bit hash.
    """
    small = grey.resize((_LOOKS_SIDE, _LOOKS_SIDE), Image.Resampling.BOX).tobytes()  # a third of the time of asarray
    low = _COSINES @ np.frombuffer(small, np.uint8).reshape(_LOOKS_SIDE, _LOOKS_SIDE).astype(np.float32) @ _COSINES.T
    bits = low >= np.partition(low, low.size // 2, axis=None)[low.size // 2]
    return np.packbits(bits.reshape(2, 8, 2, 8).swapaxes(1, 2)).tobytes()


def sharpness(grey: Image.Image) -> float:
    """How much detail there is of the size of a pixel, for each unit of detail twice as large; 0: none, or no picture.

    About 0.6 for a sharp picture and below 0.4 for one blurred by a pixel or more, whatever its light and contrast.
    """
    if grey.width > _BLUR_SIDE:
        grey = grey.resize((_BLUR_SIDE, _BLUR_SIDE), Image.Resampling.BICUBIC)
    fine = np.frombuffer(grey.tobytes(), np.uint8).reshape(grey.height, grey.width).astype(np.int32)
    even = fine[: grey.height // 2 * 2, : grey.width // 2 * 2]
    coarse = even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]
    return _detail(fine) / max(_detail(coarse) / 4, _LEAST_DETAIL)


def _detail(pixels: npt.NDArray[np.int32]) -> float:
    """Mean absolute difference of a pixel to its four neighbours."""
    around = pixels[:-2, 1:-1] + pixels[2:, 1:-1] + pixels[1:-1, :-2] + pixels[1:-1, 2:]
    return float(np.abs(4 * pixels[1:-1, 1:-1] - around).mean())


def _cosines() -> npt.NDArray[np.float32]:
    """(16, 32): rows are the lowest frequencies of the cosine transform of 32 values."""
    frequency, place = np.arange(_LOOKS_FREQUENCIES)[:, None], np.arange(_LOOKS_SIDE)[None, :]
    return np.cos(np.pi * frequency * (2 * place + 1) / (2 * _LOOKS_SIDE)).astype(np.float32)


_COSINES = _cosines()
