from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, features

from scn_core.datasets.images import (
    MAX_PIXELS,
    SUFFIXES,
    check_face,
    check_picture,
    face_or_reason,
    open_face,
    picture_size,
)
from scn_core.records import Box


def _halves(width: int, height: int) -> Image.Image:
    """Red on the left, blue on the right."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[:, : width // 2, 0] = 255
    pixels[:, width // 2 :, 2] = 255
    return Image.fromarray(pixels)


def _colours(face: np.ndarray) -> list[str]:
    """The strongest channel at the middle of the left, right, upper and lower edge."""
    side = len(face)
    places = [(side // 2, 1), (side // 2, side - 2), (1, side // 2 - 4), (side - 2, side // 2 - 4)]
    return ["rgb"[int(np.argmax(face[place]))] for place in places]


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "bmp", "tiff", "gif"])
def test_every_allowed_format_opens(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"face.{suffix}"
    _halves(40, 40).save(path)
    assert check_face(path, None) is None
    face = open_face(path, None, 32)
    assert face.shape == (32, 32, 3)
    assert face.dtype == np.uint8
    assert _colours(face)[:2] == ["r", "b"]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16"])
def test_every_mode_becomes_the_same_grey(tmp_path: Path, mode: str) -> None:
    grey = Image.new("L", (20, 20), 255)
    picture = Image.fromarray(np.full((20, 20), 65535, np.uint16)) if mode == "I;16" else grey.convert(mode)
    path = tmp_path / ("face.tiff" if mode == "CMYK" else "face.png")
    picture.save(path)
    assert check_face(path, None) is None
    assert (open_face(path, None, 16) == 255).all()


def test_sixteen_bits_keep_the_high_byte(tmp_path: Path) -> None:
    path = tmp_path / "face.png"
    Image.fromarray(np.full((20, 20), 0x4001, np.uint16)).save(path)
    assert (open_face(path, None, 16) == 0x40).all()


def test_transparency_lies_over_white(tmp_path: Path) -> None:
    path = tmp_path / "face.png"
    Image.new("RGBA", (20, 20), (0, 0, 0, 0)).save(path)
    assert (open_face(path, None, 16) == 255).all()


def test_32_bit_pixels_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "face.tiff"
    Image.fromarray(np.zeros((20, 20), np.float32)).save(path)
    assert check_face(path, None) == "a picture of 32 bits a pixel; save it with 8"  # not damaged


def _sideways(tmp_path: Path, suffix: str) -> Path:
    """A picture whose EXIF says to turn it clockwise: upright it is 48 wide, 64 high, and its upper half is red."""
    path = tmp_path / f"face.{suffix}"
    exif = Image.Exif()
    exif[0x0112] = 6
    _halves(64, 48).save(path, exif=exif)
    return path


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tiff"])
def test_exif_orientation_is_applied(tmp_path: Path, suffix: str) -> None:
    path = _sideways(tmp_path, suffix)
    assert _colours(open_face(path, None, 32))[2:] == ["r", "b"]


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tiff"])
def test_a_box_counts_in_the_upright_picture(tmp_path: Path, suffix: str) -> None:
    path = _sideways(tmp_path, suffix)
    assert _colours(open_face(path, Box(0, 0, 24, 24), 16)) == ["r"] * 4
    assert _colours(open_face(path, Box(0, 40, 24, 64), 16)) == ["b"] * 4
    assert check_face(path, Box(0, 50, 24, 62)) is None
    assert "outside" in (check_face(path, Box(50, 0, 62, 24)) or "")


def test_the_box_is_cut_out_as_a_square_inside_the_picture(tmp_path: Path) -> None:
    path = tmp_path / "face.png"
    pixels = np.zeros((60, 100, 3), np.uint8)
    pixels[10:30, 70:90] = 255
    Image.fromarray(pixels).save(path)
    assert (open_face(path, Box(70, 10, 90, 30), 20) == 255).all()
    assert (open_face(path, Box(70, 15, 90, 25), 20) == 255).all(), "a wide box becomes a square around its centre"
    pixels[:] = 0
    pixels[:, :70] = 255
    Image.fromarray(pixels).save(path)
    assert (open_face(path, Box(-50, 0, 30, 60), 20) == 255).all(), "moved to lie within, not padded"


def test_without_a_box_the_centre_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "face.png"
    pixels = np.zeros((20, 60, 3), np.uint8)
    pixels[:, 20:40] = 255
    Image.fromarray(pixels).save(path)
    assert (open_face(path, None, 20) == 255).all()


def test_a_large_jpeg_is_reduced_to_the_same_picture(tmp_path: Path) -> None:
    path, plain = tmp_path / "face.jpg", tmp_path / "face.png"
    noise = np.random.default_rng(0).integers(0, 256, (8, 10, 3), np.uint8)
    picture = Image.fromarray(noise).resize((1000, 800), Image.Resampling.BICUBIC)
    picture.save(path, quality=95)
    picture.save(plain)
    box = Box(300, 100, 700, 500)
    difference = np.abs(open_face(path, box, 48).astype(int) - open_face(plain, box, 48))
    assert difference.mean() < 3


def _jpeg(side: int = 200) -> bytes:
    buffer = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (side, side, 3), np.uint8)
    Image.fromarray(noise).save(buffer, "JPEG", quality=95)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "an empty file"),
        (b"<html>404 not found</html>", "not a picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a picture"),
        (_jpeg()[: len(_jpeg()) * 2 // 3], "damaged picture"),
        (_jpeg()[:-100], "damaged picture"),
        (_jpeg(7), "under 8 pixels"),
    ],
)
def test_what_is_no_whole_picture_is_told(tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "face.jpg"
    path.write_bytes(content)
    assert told in (check_face(path, None) or "")


def test_truncated_png_is_told(tmp_path: Path) -> None:
    path = tmp_path / "face.png"
    _halves(64, 64).save(path)
    path.write_bytes(path.read_bytes()[:-30])
    assert "damaged picture" in (check_face(path, None) or "")


def test_missing_and_unreadable_pictures_are_told(tmp_path: Path) -> None:
    assert check_face(tmp_path / "gone.jpg", None) == "no such picture"
    assert check_face(tmp_path, None) == "not a picture file"


def test_formats_not_on_the_list_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "face.jpg"
    _halves(40, 40).save(path, "PPM")
    assert "not a picture" in (check_face(path, None) or "")


def test_decompression_bombs_are_not_decoded(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    Image.new("1", (8000, MAX_PIXELS // 8000 + 1)).save(path)
    assert path.stat().st_size < 100_000
    assert "pixels" in (check_face(path, None) or "")
    Image.new("1", (20_000, 10_000)).save(path)
    assert "pixels" in (check_face(path, None) or "")
    for read in (lambda: open_face(path, None, 64), lambda: picture_size(path)):  # exports and pages catch ValueError
        with pytest.raises(ValueError, match="a picture of over 64,000,000 pixels"):
            read()


@pytest.mark.parametrize("box", [Box(40, 0, 60, 20), Box(-30, 0, 0, 20), Box(0, 0, 7, 20), Box(20, 20, 0, 0)])
def test_boxes_off_the_picture_are_told(tmp_path: Path, box: Box) -> None:
    path = tmp_path / "face.png"
    _halves(40, 40).save(path)
    assert "outside" in (check_face(path, box) or "")


def test_a_sound_picture_is_not_called_damaged_for_its_box(tmp_path: Path) -> None:
    Image.new("RGB", (40, 40)).save(tmp_path / "a.png")
    told = face_or_reason(tmp_path / "a.png", Box(100, 0, 120, 20), 16)
    assert told == "a box of 100, 0, 120, 20, outside the picture of 40 x 40 or under 8 pixels"


def test_equal_bytes_have_equal_digests(tmp_path: Path) -> None:
    for name, side in (("a", 40), ("b", 40), ("c", 41)):
        _halves(side, side).save(tmp_path / f"{name}.png")
    a, b, c = (check_picture(tmp_path / f"{name}.png", None).digest for name in "abc")
    assert a == b != c


@pytest.mark.parametrize(("suffix", "format"), [(".jfif", "JPEG"), (".jpe", "JPEG"), (".avif", "AVIF")])
def test_other_endings_of_pictures(tmp_path: Path, suffix: str, format: str) -> None:
    if format == "AVIF" and not features.check("avif"):
        pytest.skip("Pillow is built without AVIF")
    assert suffix in SUFFIXES
    path = tmp_path / f"face{suffix}"
    _halves(64, 64).save(path, format)
    assert check_picture(path, None).wrong is None
    assert open_face(path, None, 16).shape == (16, 16, 3)


def test_twelve_bits_in_sixteen_are_warned_of(tmp_path: Path) -> None:
    path = tmp_path / "face.png"
    ramp = np.arange(64 * 64).reshape(64, 64)
    Image.fromarray((ramp % 4096).astype(np.uint16)).save(path)
    words = "a picture of 12 bits in a file of 16 (values up to 4,095 of 65,535), which looks black or dark"
    assert check_picture(path, None).doubtful == words
    Image.fromarray((ramp // 1024).astype(np.uint16)).save(path)
    assert check_picture(path, None).doubtful == "a picture without contrast (values of 0 to 0 out of 255)"
    Image.fromarray((ramp * 16).astype(np.uint16)).save(path)
    assert check_picture(path, None).doubtful is None


def test_a_git_lfs_pointer_says_how_to_get_the_picture(tmp_path: Path) -> None:
    path = tmp_path / "face.jpg"
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    assert "git lfs pull" in (check_face(path, None) or "")


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "face.jpg")
    assert check_face(tmp_path / "face.jpg", None) == "not a picture file"
