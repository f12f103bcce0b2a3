"""Faces as small and large WebP pictures for people to look at.

Decoded and encoded again: what reaches a browser is pixels alone, whatever the file held beside them (EXIF, text, ICC).
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from scn_core.datasets.images import check_content, check_face, content_size, open_whole_face
from scn_core.datasets.paths import leads_out, relative_path
from scn_core.records import Box, PixelArray, Sample

THUMB_SIDE = 128
LARGE_SIDE = 768
_QUALITY = 75
_LARGE_QUALITY = 85
_EFFORT, _LARGE_EFFORT = 2, 4
"""Of the encoder, 0 to 6. For thumbnails 2: half the time of 4, and 4 % more bytes."""

MAX_THUMBNAIL_BYTES = 2 * 3 * THUMB_SIDE**2
"""Twice the bytes of all its pixels; WebP of this side and quality takes a tenth of that."""

RECIPE = f"webp {THUMB_SIDE} {_QUALITY} whole"
"""What a thumbnail depends on beside its picture: another recipe, another thumbnail."""


def make_thumbnail(path: Path, box: Box | None) -> bytes:
    """A whole face as WebP, its longer side 128 pixels: the square that the trainer sees, unless that cuts the face.

    Raises OSError or ValueError for a file that `check_face` would report.
    """
    return _webp(open_whole_face(path, box, THUMB_SIDE), _QUALITY, _EFFORT)


def large_face(path: Path, box: Box | None, side: int = LARGE_SIDE) -> bytes:
    """The same as WebP, its longer side at most `side` pixels, never enlarged beyond its own.

    Raises OSError or ValueError for a file that `check_face` would report.
    """
    return _webp(open_whole_face(path, box, side, enlarge=False), _LARGE_QUALITY, _LARGE_EFFORT)


def drawn_or_reason(
    root: Path, follow_links: bool, sample: Sample, draw: Callable[[Path, Box | None], bytes] = make_thumbnail
) -> bytes | str:
    """What `draw` makes of a sample's picture under `root`, or a few words on why there is none.

    Without `follow_links` no picture is opened that a link outside of the root leads to.
    """
    # Checked at the import too, but since then links may have changed, and the database may have been edited.
    if relative_path(sample.path) != sample.path or (not follow_links and leads_out(root, sample.path)):
        return "a path that leaves the folder of the data set"
    try:
        return draw(root / sample.path, sample.box)
    except Exception:  # as in images: decoders raise whatever they stumble over
        return check_face(root / sample.path, sample.box) or "a damaged picture"


def numbered_thumbnail(
    root: Path, follow_links: bool, wanted: tuple[int, bytes, Sample]
) -> tuple[int, bytes, bytes | str]:
    """`drawn_or_reason` for many in other processes: sample id and fingerprint go through as they are."""
    number, fingerprint, sample = wanted
    return number, fingerprint, drawn_or_reason(root, follow_links, sample)


def wrong_thumbnail(data: bytes) -> str | None:
    """What is wrong with a thumbnail from elsewhere, in a few words, or None. Decodes it whole.

    It is as `make_thumbnail` makes them: WebP, its longer side 128 pixels, and nothing beside the pixels.
    """
    if len(data) > MAX_THUMBNAIL_BYTES:
        return f"a file of over {MAX_THUMBNAIL_BYTES:,} bytes"
    pixels_alone = data[:4] == b"RIFF" and data[8:16] == b"WEBPVP8 " and _size(data, 4) + 8 == len(data)
    if not pixels_alone or (_size(data, 16) + 1) // 2 * 2 + 20 != len(data):
        return "no WebP of pixels alone"
    wrong = check_content(data)
    if wrong is None and max(size := content_size(data)) != THUMB_SIDE:
        return f"a picture of {size[0]} x {size[1]}, whose longer side is not {THUMB_SIDE}"
    return wrong


def _size(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "little")


def _webp(face: PixelArray, quality: int, effort: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray(face).save(file, "WEBP", quality=quality, method=effort)
    return file.getvalue()
