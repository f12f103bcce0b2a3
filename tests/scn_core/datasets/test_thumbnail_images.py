from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from scn_core.datasets.images import open_face
from scn_core.datasets.thumbnail_images import LARGE_SIDE, THUMB_SIDE, large_face, make_thumbnail, wrong_thumbnail
from scn_core.records import Box
from tests.scn_core.datasets.conftest import Draw


def opened(webp: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(webp))
    assert picture.format == "WEBP"
    picture.load()
    return picture


def far(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one.astype(float) - other.astype(float)).mean())


@pytest.mark.parametrize(("size", "box"), [((300, 300), None), ((300, 200), Box(200, 100, 290, 180)), ((30, 30), None)])
def test_a_thumbnail_is_the_square_the_trainer_sees(size: tuple[int, int], box: Box | None, draw: Draw) -> None:
    path = draw("a.png", 1, size)
    thumb = opened(make_thumbnail(path, box))
    assert thumb.size == (THUMB_SIDE, THUMB_SIDE) == (128, 128)
    assert far(np.asarray(thumb), open_face(path, box, 128)) < 6
    assert far(np.asarray(thumb), np.asarray(thumb)[:, ::-1]) > 20  # the picture has something to compare


@pytest.mark.parametrize(
    ("size", "box", "shown", "thumb", "large"),
    [
        ((300, 200), None, (0, 0, 300, 200), (128, 85), (300, 200)),
        ((200, 300), None, (0, 0, 200, 300), (85, 128), (200, 300)),
        ((2000, 900), Box(0, 0, 2000, 900), (0, 0, 2000, 900), (128, 58), (768, 346)),
        ((300, 200), Box(20, 0, 280, 200), (20, 0, 280, 200), (128, 98), (260, 200)),
        ((300, 200), Box(20, -40, 280, 200), (20, 0, 280, 200), (128, 98), (260, 200)),
    ],
)
def test_a_face_that_the_square_would_cut_is_shown_whole(
    size: tuple[int, int], box: Box | None, shown: tuple[int, int, int, int], thumb: tuple[int, int],
    large: tuple[int, int], draw: Draw,
) -> None:  # fmt: skip
    path = draw("a.png", 1, size)
    with Image.open(path) as picture:
        whole = picture.convert("RGB").crop(shown)
    for made, wanted in ((make_thumbnail(path, box), thumb), (large_face(path, box), large)):
        assert opened(made).size == wanted
        assert far(np.asarray(opened(made)), np.asarray(whole.resize(wanted, Image.Resampling.BICUBIC))) < 8
    assert wrong_thumbnail(make_thumbnail(path, box)) is None


def test_a_strip_has_a_thumbnail_that_other_machines_take(draw: Draw) -> None:
    thumb = make_thumbnail(draw("a.png", 1, (9, 3000)), None)
    assert opened(thumb).size == (8, 128)
    assert wrong_thumbnail(thumb) is None


@pytest.mark.parametrize(
    ("size", "box", "side"),
    [((1000, 1000), None, 768), ((150, 150), None, 150), ((1000, 900), Box(10, 20, 110, 90), 100)],
)
def test_a_large_face_is_never_enlarged(size: tuple[int, int], box: Box | None, side: int, draw: Draw) -> None:
    path = draw("a.jpg", 2, size)
    large = opened(large_face(path, box))
    assert large.size == (side, side)
    assert side <= LARGE_SIDE
    assert far(np.asarray(large), open_face(path, box, side)) < 6


def test_a_side_can_be_asked_for(draw: Draw) -> None:
    assert opened(large_face(draw("a.png", 1, (500, 500)), None, 200)).size == (200, 200)


@pytest.mark.parametrize("make", [make_thumbnail, large_face])
def test_what_a_file_holds_beside_pixels_stays_behind(make: object, tmp_path: Path) -> None:
    """And the orientation it names is applied: the dark half, right in the file, is shown below."""
    pixels = np.full((200, 200, 3), 230, np.uint8)
    pixels[:, 100:] = 20
    exif = Image.Exif()
    exif[0x0112] = 6  # turn right by 90 degrees
    exif[0x010E] = "taken at home by Jane Roe"
    path = tmp_path / "a.jpg"
    Image.fromarray(pixels).save(path, exif=exif, icc_profile=b"a profile of Jane Roe", comment=b"Jane Roe")
    assert callable(make)
    webp = make(path, None)
    assert b"Jane Roe" in path.read_bytes()
    assert b"Jane Roe" not in webp
    assert not {"exif", "icc_profile", "xmp", "comment"} & set(opened(webp).info)
    shown = np.asarray(opened(webp)).mean(axis=(1, 2))
    assert shown[: len(shown) // 3].mean() > 200 > 50 > shown[-len(shown) // 3 :].mean()


@pytest.mark.parametrize("make", [make_thumbnail, large_face])
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.svg", b'<svg xmlns="http://www.w3.org/2000/svg" width="99" height="99"/>'),
        ("a.jpg", b'<svg xmlns="http://www.w3.org/2000/svg" width="99" height="99"/>'),
        ("a.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"),
        ("a.png", b""),
    ],
)
def test_only_the_allowed_formats_are_decoded(make: object, name: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert callable(make)
    with pytest.raises((OSError, ValueError)):
        make(path, None)
    with pytest.raises(FileNotFoundError):
        make(tmp_path / "gone.png", None)


def drawn(side: int, **options: Any) -> bytes:
    file = io.BytesIO()
    Image.linear_gradient("L").resize((side, side)).convert("RGB").save(file, "WEBP", **options)
    return file.getvalue()


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.mark.parametrize(
    ("data", "wrong"),
    [
        (drawn(THUMB_SIDE), None),
        (b"", "no WebP of pixels alone"),
        (SVG, "no WebP of pixels alone"),
        (drawn(THUMB_SIDE) + SVG, "no WebP of pixels alone"),
        (drawn(THUMB_SIDE, exif=b"Exif\0\0where it was taken"), "no WebP of pixels alone"),
        (drawn(THUMB_SIDE, lossless=True), "no WebP of pixels alone"),
        (drawn(64), "a picture of 64 x 64, whose longer side is not 128"),
        (drawn(THUMB_SIDE)[:20] + bytes(len(drawn(THUMB_SIDE)) - 20), "a damaged picture"),
        (b"RIFF" + bytes(100_000), "a file of over 98,304 bytes"),
        (drawn(2_000, quality=0, method=0), "a picture of 2000 x 2000, whose longer side is not 128"),
    ],
)
def test_a_thumbnail_from_elsewhere_is_a_picture_and_nothing_beside(data: bytes, wrong: str | None) -> None:
    found = wrong_thumbnail(data)
    assert found == wrong or (wrong is not None and str(found).startswith(f"{wrong} "))
