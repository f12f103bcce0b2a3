"""Opening and checking pictures of faces. Only these formats are decoded, and never SVG.

A box counts in pixels of the upright picture, that is after the EXIF orientation was applied.
"""

from __future__ import annotations

import io
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError, features

from scn_core.datasets.picture_measures import MEASURED_SIDE, measure
from scn_core.datasets.shared_lock import SharedLock
from scn_core.records import Box, PixelArray

_AVIF = features.check("avif")  # not in every build of Pillow
FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF", *(("AVIF",) if _AVIF else ()))
SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif", *((".avif",) if _AVIF else ())}
)
MIN_SIDE = 8
MIN_CONTRAST = 16
"""Of 255: a picture whose channels all span less is warned of."""
MAX_PIXELS = 64_000_000
MAX_BYTES = 256_000_000

_FEW_BITS = 14
_ORIENTATION = 0x0112
_BIG = 16_000_000
BIG_PICTURES = SharedLock()
"""Of all processes together one decodes such a picture at a time: it takes up to 17 bytes a pixel (WebP, Pillow 12), a
gigabyte for the largest."""
_REDUCE = 2.0  # decode and box-reduce to this many times the target, then filter: looks alike, costs a fraction


class PictureCheck(NamedTuple):
    """What looking at a picture file showed."""

    wrong: str | None
    """Why it cannot be used, or None."""
    digest: bytes
    """Hash of the file's content, empty where it could not be read."""
    doubtful: str | None = None
    """What is odd about a picture that can be used, or None."""
    measures: bytes = b""
    """What the face's pixels measure, as `PictureMeasures` packs it; empty where it cannot be used."""


class _Area(NamedTuple):
    """Part of an upright picture, in its pixels."""

    left: float
    top: float
    width: float
    height: float


_AreaOf = Callable[[int, int, Box | None], _Area]
"""Width and height of the upright picture, box -> what is cut out."""


class UnfitError(ValueError):
    """A picture of a size or kind that cannot be used, or a box in it of such a size."""


class TooLargeError(ValueError):
    """A picture whose header alone says that it is too large to be decoded."""


@contextmanager
def _opened(source: Path | io.BytesIO) -> Iterator[Image.Image]:
    """The one way in for every picture. What Pillow takes for a decompression bomb raises TooLargeError."""
    try:
        with Image.open(source, formats=FORMATS) as picture:
            yield picture
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise TooLargeError(f"a picture of over {MAX_PIXELS:,} pixels") from error


def open_face(path: Path, box: Box | None, side: int, *, enlarge: bool = True) -> PixelArray:
    """A face as (side, side, 3) RGB bytes: the square around the box's centre, or the picture's central square.

    The square is moved and shrunk to lie within the picture, never stretched; without `enlarge`, a square smaller
    than `side` keeps its size. A picture of several frames gives its first.
    Raises OSError or ValueError for a file that `check_face` would report.
    """
    return _face(path, box, side, _square, enlarge=enlarge)


def open_whole_face(path: Path, box: Box | None, side: int, *, enlarge: bool = True) -> PixelArray:
    """A face for people to look at, as (height, width, 3) RGB bytes of which the longer side is `side` pixels.

    The square that `open_face` gives; where that would cut the face, all of it: the whole picture without a box, the
    box itself where the picture has no such square around it. Not stretched, but that no side is under 8 pixels;
    `enlarge` and errors as of `open_face`.
    """
    return _face(path, box, side, _shown, enlarge=enlarge)


def _face(path: Path, box: Box | None, side: int, area_of: _AreaOf, *, enlarge: bool) -> PixelArray:
    with _opened(path) as picture:
        width, height = _upright_size(picture)
        if (wrong := _wrong_size(width, height, box)) is not None:
            raise UnfitError(wrong)
        face = _cut(picture, (width, height), area_of(width, height, box), side, enlarge=enlarge)
        picture.close()
    return np.asarray(face)


def face_or_reason(path: Path, box: Box | None, side: int) -> PixelArray | str:
    """`open_face` for many pictures of which some are bad: the face, or in a few words why there is none."""
    try:
        state = path.stat()
        if not stat.S_ISREG(state.st_mode):  # a pipe would be waited for
            return "not a picture file"
        if state.st_size > MAX_BYTES:
            return f"a file of over {MAX_BYTES:,} bytes"
        return np.ascontiguousarray(open_face(path, box, side))
    except FileNotFoundError:
        return "no such picture"
    except UnidentifiedImageError:
        return f"not a picture in one of the formats {', '.join(FORMATS)}"
    except (UnfitError, TooLargeError) as error:
        return str(error)
    except Exception as error:  # a decoder fed with damaged bytes raises whatever it stumbles over
        if isinstance(error, OSError) and error.errno:
            return f"unreadable picture ({error.strerror})"
        return f"a damaged picture: {error}"


def _cut(picture: Image.Image, size: tuple[int, int], area: _Area, side: int, *, enlarge: bool = True) -> Image.Image:
    """An area of a picture of this upright size that is not decoded yet; `side`, `enlarge`: as `open_face` says."""
    longer = max(area.width, area.height)
    side = side if enlarge else min(side, round(longer))
    scale, shrink = side / longer, side * _REDUCE / longer
    picture.draft("RGB", (round(picture.width * shrink) + 1, round(picture.height * shrink) + 1))
    with BIG_PICTURES if picture.width * picture.height > _BIG else nullcontext():
        upright = _rgb(_upright(picture))
        across, down = upright.width / size[0], upright.height / size[1]
        right, bottom = area.left + area.width, area.top + area.height
        box = (area.left * across, area.top * down, right * across, bottom * down)
        to = max(MIN_SIDE, round(area.width * scale)), max(MIN_SIDE, round(area.height * scale))
        return upright.resize(to, Image.Resampling.BICUBIC, box=box, reducing_gap=_REDUCE)


def picture_size(path: Path) -> tuple[int, int]:
    """Width and height of the upright picture in pixels. Raises OSError or ValueError like `open_face`."""
    with _opened(path) as picture:
        return _upright_size(picture)


def check_face(path: Path, box: Box | None) -> str | None:
    """What is wrong with a picture and box, in a few words, or None. Decodes the whole file."""
    return check_picture(path, box).wrong


def check_picture(path: Path, box: Box | None) -> PictureCheck:
    """`check_face`, with the content's hash from the same read."""
    try:
        state = path.stat()
        if not stat.S_ISREG(state.st_mode):  # a pipe would be waited for
            return PictureCheck("not a picture file", b"")
        if state.st_size > MAX_BYTES:
            return PictureCheck(f"a file of over {MAX_BYTES:,} bytes", b"")
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return PictureCheck("no such picture", b"")
    except OSError as error:
        return PictureCheck(f"unreadable picture ({error.strerror})", b"")
    return _checked(content, box)._replace(digest=blake2b(content, digest_size=16).digest())


def check_content(content: bytes) -> str | None:
    """What is wrong with a picture that is not in a file, in a few words, or None. Decodes it whole."""
    return _checked(content, None).wrong


def content_size(content: bytes) -> tuple[int, int]:
    """Width and height of a picture that `check_content` finds nothing wrong with."""
    with _opened(io.BytesIO(content)) as picture:
        return _upright_size(picture)


def _checked(content: bytes, box: Box | None) -> PictureCheck:
    """What is wrong and what is odd about a picture, and what its face measures; without the hash."""
    try:
        return _looked_at(content, box)
    except UnidentifiedImageError:
        return PictureCheck(f"not a picture in one of the formats {', '.join(FORMATS)}", b"")
    except (TooLargeError, UnfitError) as error:
        return PictureCheck(str(error), b"")
    except Exception as error:  # a decoder fed with damaged bytes raises whatever it stumbles over
        return PictureCheck(f"a damaged picture ({error})", b"")


def _looked_at(content: bytes, box: Box | None) -> PictureCheck:
    if not content:
        return PictureCheck("an empty file", b"")
    if content.startswith(b"version https://git-lfs"):
        return PictureCheck("a Git LFS pointer in place of the picture; fetch it with git lfs pull", b"")
    with _opened(io.BytesIO(content)) as picture:
        size = _upright_size(picture)
        if (wrong := _wrong_size(*size, box)) is not None:
            return PictureCheck(wrong, b"")
        # Reads every byte of the scan, at as much of the arithmetic as the measures need.
        face = _cut(picture, size, _square(*size, box), MEASURED_SIDE, enlarge=False)
        doubtful = _too_few_bits(picture) or _flat(face)
        return PictureCheck(None, b"", doubtful, measure(face, _size_of(size, box)).pack())


def _size_of(size: tuple[int, int], box: Box | None) -> tuple[int, int]:
    """Width and height of the face: of its box, as far as it lies in the picture, else of the picture."""
    if box is None:
        return size
    return min(box.right, size[0]) - max(box.left, 0), min(box.bottom, size[1]) - max(box.top, 0)


def _too_few_bits(picture: Image.Image) -> str | None:
    """Says so of a picture in 16 bits whose values need 9 to 14 of them: its high bytes, all we see, are dark."""
    if not picture.mode.startswith("I;16"):
        return None
    highest = int(np.asarray(picture).max())
    bits = highest.bit_length()
    if not 8 < bits <= _FEW_BITS:
        return None
    return f"a picture of {bits} bits in a file of 16 (values up to {highest:,} of 65,535), which looks black or dark"


def _flat(picture: Image.Image) -> str | None:
    """Says so of a face without contrast."""
    lows, highs = zip(*picture.getextrema(), strict=True)
    if max(high - low for low, high in zip(lows, highs, strict=True)) >= MIN_CONTRAST:
        return None
    return f"a picture without contrast (values of {min(lows)} to {max(highs)} out of 255)"


def _wrong_size(width: int, height: int, box: Box | None) -> str | None:
    if width * height > MAX_PIXELS:
        return f"a picture of {width} x {height}, over {MAX_PIXELS:,} pixels"
    if min(width, height) < MIN_SIDE:
        return f"a picture of {width} x {height}, under {MIN_SIDE} pixels"
    if box is not None and not _overlaps(box, width, height):
        sides = f"{box.left}, {box.top}, {box.right}, {box.bottom}"
        return f"a box of {sides}, outside the picture of {width} x {height} or under {MIN_SIDE} pixels"
    return None


def _overlaps(box: Box, width: int, height: int) -> bool:
    across = min(box.right, width) - max(box.left, 0)
    down = min(box.bottom, height) - max(box.top, 0)
    return min(across, down) >= MIN_SIDE


def _square(width: int, height: int, box: Box | None) -> _Area:
    """The square to cut."""
    box = box or Box(0, 0, width, height)
    longer = max(box.right - box.left, box.bottom - box.top)
    side = min(longer, width, height)
    left = (box.left + box.right - side) / 2
    top = (box.top + box.bottom - side) / 2
    return _Area(min(max(left, 0), width - side), min(max(top, 0), height - side), side, side)


def _shown(width: int, height: int, box: Box | None) -> _Area:
    """The same square, or what lies in the picture of a box that it would cut."""
    box = box or Box(0, 0, width, height)
    left, top = max(box.left, 0), max(box.top, 0)
    across, down = min(box.right, width) - left, min(box.bottom, height) - top
    whole = max(across, down) <= min(width, height)
    return _square(width, height, box) if whole else _Area(left, top, across, down)


def _upright_size(picture: Image.Image) -> tuple[int, int]:
    sideways = _turned(picture) and picture.getexif().get(_ORIENTATION, 1) in (5, 6, 7, 8)
    return (picture.height, picture.width) if sideways else picture.size


def _upright(picture: Image.Image) -> Image.Image:
    if _turned(picture):
        picture.load()
        return ImageOps.exif_transpose(picture)
    return picture


def _turned(picture: Image.Image) -> bool:
    # Asked first, as parsing EXIF costs a quarter of decoding a small face. TIFF has none here: Pillow turns it itself.
    return "exif" in picture.info


def _rgb(picture: Image.Image) -> Image.Image:
    """Any mode as RGB: 16-bit grey by its high byte, transparency over white."""
    if picture.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8)).convert("RGB")
    if picture.mode in ("I", "F"):
        raise UnfitError("a picture of 32 bits a pixel; save it with 8")
    if picture.has_transparency_data:
        over = picture.convert("RGBA")
        paper = Image.new("RGBA", over.size, "white")
        return Image.alpha_composite(paper, over).convert("RGB")
    return picture.convert("RGB")
