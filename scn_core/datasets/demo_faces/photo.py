"""From a drawing to a picture as a camera would have left it: light, focus, grain, grey, compression."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from scn_core.datasets.demo_faces.canvas import SUPERSAMPLING, Pose

Light = npt.NDArray[np.float32]


def _light(side: int, pose: Pose, width: float, rng: np.random.Generator) -> Light:
    """Brightness over the picture: a round head lit from one side, and a room that falls off a little."""
    grid = (np.arange(side, dtype=np.float32) + 0.5) / side
    u = (grid[None, :] - pose.x) / (pose.scale * width * 1.1)
    v = (grid[:, None] - pose.y) / (pose.scale * 1.08)
    angle, contrast = rng.uniform(-np.pi, 0.0), rng.uniform(0.05, 0.34)
    square = u**2 + v**2
    facing = np.sqrt((1 - square).clip(0))
    on_head = ((1.25 - square) / 0.4).clip(0, 1)
    lit = (u * np.cos(angle) + v * np.sin(angle)).clip(-1.2, 1.2)
    brightness: Light = 1 + contrast * lit * (0.35 + 0.65 * on_head) - 0.16 * on_head * (1 - facing)
    return brightness


def _compressed(image: Image.Image, quality: int) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer)


def develop(drawing: Image.Image, pose: Pose, width: float, rng: np.random.Generator) -> Image.Image:
    """The finished picture of a supersampled drawing; `width` is half the head's width in face units."""
    image = drawing.reduce(SUPERSAMPLING)
    side = image.width
    warmth = rng.normal(0, 0.035)
    cast = np.array([1 + warmth, 1.0, 1 - warmth], dtype=np.float32) * rng.uniform(0.88, 1.1)
    pixels = np.asarray(image, dtype=np.float32) * _light(side, pose, width, rng)[:, :, None] * cast
    middle, contrast = 120.0, rng.uniform(0.84, 1.08)
    pixels = middle + (pixels - middle) * contrast
    pixels += rng.standard_normal((side, side, 1), dtype=np.float32) * (5 * rng.uniform(0, 1) ** 2)
    image = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
    blur = max(0.0, rng.uniform(-1.2, 1.0)) * side / 128
    if blur:
        image = image.filter(ImageFilter.GaussianBlur(blur))
    if rng.random() < 0.1:
        image = image.convert("L").convert("RGB")
    if rng.random() < 0.25:
        image = _compressed(image, int(rng.integers(30, 75)))
    return image
