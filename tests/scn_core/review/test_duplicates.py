"""Near copies are those of a comparison of each with each; groups say what differs, leaks what they do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter
from sqlite_utils import Database

from scn_core.class_names import ClassVocabulary
from scn_core.datasets.demo_faces.expression import NEUTRAL
from scn_core.datasets.demo_faces.face import draw_face
from scn_core.datasets.images import check_picture
from scn_core.datasets.picture_measures import perceptual_hash, sharpness
from scn_core.picture_records import PictureMeasures
from scn_core.records import Manifest, Predictions, Sample
from scn_core.review.duplicates import near_pairs as module
from scn_core.review.duplicates.find import duplicates
from scn_core.review.duplicates.near_pairs import LEAST_BITS, MOST_BITS, MOST_BITS_OF_64, most_bits, near_pairs
from scn_core.store.samples import insert_manifest
from tests.templates import new_database


def slow_pairs(looks: np.ndarray) -> list[list[int]]:
    apart = np.bitwise_count(looks[:, None] ^ looks[None]).astype(int)
    near = (apart[..., 0] <= MOST_BITS_OF_64) & (apart.sum(-1) <= MOST_BITS)
    return np.argwhere(np.triu(near, 1)).tolist()


@pytest.mark.parametrize("at_a_time", [7, 1 << 20])
def test_pairs_are_those_of_comparing_each_with_each(monkeypatch: pytest.MonkeyPatch, at_a_time: int) -> None:
    monkeypatch.setattr(module, "_AT_A_TIME", at_a_time)
    rng = np.random.default_rng(0)
    looks = rng.integers(0, 2**64, (8, 4), np.uint64).repeat(40, axis=0)
    for row in looks:  # up to 14 of the first 64 bits, and up to 60 of the others
        for bit in rng.choice(64, rng.integers(0, 15), replace=False):
            row[0] ^= np.uint64(1) << np.uint64(bit)
        for bit in rng.choice(192, rng.integers(0, 61), replace=False):
            row[1 + bit // 64] ^= np.uint64(1) << np.uint64(bit % 64)
    pairs = slow_pairs(looks)
    assert len(pairs) > 100
    assert near_pairs(looks).tolist() == pairs
    assert near_pairs(looks[:0]).shape == (0, 2)


def drawn(seed: int) -> Image.Image:
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(0, 256, (12, 12), np.uint8))
    return small.resize((64, 64), Image.Resampling.BICUBIC)


def test_a_picture_compressed_or_lit_otherwise_looks_the_same(tmp_path: Path) -> None:
    picture = drawn(1)
    picture.save(tmp_path / "a.jpg", quality=60)
    for other in (Image.open(tmp_path / "a.jpg").convert("L"), picture.point(lambda value: value * 0.8)):
        words = np.frombuffer(perceptual_hash(picture) + perceptual_hash(other), "<u8").reshape(2, 4)
        assert len(near_pairs(words)) == 1
    words = np.frombuffer(perceptual_hash(picture) + perceptual_hash(drawn(2)), "<u8").reshape(2, 4)
    assert len(near_pairs(words)) == 0


def test_the_same_pixels_in_other_bytes_are_the_same(tmp_path: Path) -> None:
    picture = drawn(1)
    picture.save(tmp_path / "grey.png")
    picture.convert("RGB").save(tmp_path / "colour.bmp")
    drawn(2).save(tmp_path / "other.png")
    looks = [PictureMeasures.unpack(check_picture(tmp_path / name, None).measures)
             for name in ("grey.png", "colour.bmp", "other.png")]  # fmt: skip
    assert looks[0].pixels == looks[1].pixels != looks[2].pixels
    assert (looks[0].width, looks[0].height, looks[0].colour) == (64, 64, 0)


def test_sharpness_falls_with_blur_and_not_with_light() -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (48, 48), np.uint8))
    assert sharpness(noise) > 0.6
    assert sharpness(noise.filter(ImageFilter.GaussianBlur(1.5))) < 0.43
    assert sharpness(noise.point(lambda value: value * 0.3)) == pytest.approx(sharpness(noise), rel=0.1)
    assert sharpness(Image.new("L", (48, 48), 9)) == 0


def test_a_heavily_blurred_face_is_not_sharp() -> None:
    face = draw_face(NEUTRAL, 128, np.random.default_rng(0)).convert("L")
    for radius in (2, 5, 9, 12):
        assert sharpness(face.filter(ImageFilter.GaussianBlur(radius))) < 0.43


@pytest.fixture
def db(tmp_path: Path) -> Database:
    """Faces a to g: a and b are the same with different labels, c and d in train and test, e nearly c; f, g alone."""
    looks = {"a": 1, "b": 1, "c": 2, "d": 2, "e": 2, "f": 3, "g": 4}
    samples = []
    for place, (key, seed) in enumerate(looks.items()):
        pixels = f"{seed}{'near' if key == 'e' else ''}".ljust(8).encode()
        hashed = (
            np.random.default_rng(seed).bytes(32)
            if key != "e"
            else bytes([np.random.default_rng(2).bytes(1)[0] ^ 1]) + np.random.default_rng(2).bytes(32)[1:]
        )
        measures = PictureMeasures(pixels, hashed, 64, 64, 0.9, 0.1, 0.6, 7.0, 0.5)
        split = "test" if key in "dg" else "train"
        samples.append(Sample(key, key, place % 2, split, measures=measures.pack()))  # type: ignore[arg-type]
    samples.append(Sample("h", "h", 0, "train"))
    found = new_database(tmp_path / "review.db")
    insert_manifest(found, Manifest("toy", Path("faces"), ClassVocabulary(("happy", "sad")), tuple(samples)))
    return found


def test_groups_of_different_labels_come_first_and_leaks_are_measured(db: Database) -> None:
    predictions = Predictions(np.array([4, 7]), np.array([1, 0]), np.array([1, 1]))
    found = duplicates(db, predictions)
    assert (found.faces, found.not_looked_at) == (7, 1)
    exact, near = found.of("exact"), found.of("near")
    assert [group.sample_ids for group in exact] == [(3, 4), (1, 2)]
    assert [(group.labels_differ, group.settled, group.leaks) for group in exact] == [
        (True, False, True),
        (True, False, False),
    ]
    assert [group.sample_ids for group in near] == [(3, 4, 5)]
    assert [(leak.split, leak.faces, leak.leaked) for leak in found.leaks] == [("test", 2, 1)]
    assert (found.leaks[0].accuracy, found.leaks[0].accuracy_without) == (0.5, 0.0)
    counts = found.counts()
    assert (counts["exact"], counts["exact_faces"], counts["exact_labels_differ"], counts["near"]) == (2, 4, 2, 1)
    assert replace(found.leaks[0], accuracy=None, accuracy_without=None) == duplicates(db).leaks[0]


def test_a_chain_of_near_pairs_is_no_group_(tmp_path: Path) -> None:
    """Six faces, each 5 bits from the next: the ends are 25 bits apart, and look like nothing they have in common."""
    hashed = np.zeros(4, "<u8")
    samples = []
    for place, split in enumerate(("train", "train", "train", "test", "test", "train")):
        measures = PictureMeasures(bytes([place]) * 8, hashed.tobytes(), 64, 64, 0.9, 0.1, 0.6, 7.0, 0.5)
        samples.append(Sample(str(place), str(place), 0, split, measures=measures.pack()))  # type: ignore[arg-type]
        for bit in range(5 * place, 5 * place + 5):
            hashed[0] ^= np.uint64(1) << np.uint64(bit)
    db = new_database(tmp_path / "review.db")
    insert_manifest(db, Manifest("toy", Path("faces"), ClassVocabulary(("happy", "sad")), tuple(samples)))
    found = duplicates(db)
    assert sorted(group.sample_ids for group in found.of("near")) == [(1, 2, 3), (4, 5, 6)]
    assert (found.leaks, found.counts()["exact_leaks"], [group.leaks for group in found.of("near")]) == (
        (),
        0,
        [False] * 2,
    )


@pytest.mark.parametrize(("apart", "most"), [(96, MOST_BITS), (40, 24), (8, LEAST_BITS)])
def test_the_more_all_pictures_look_alike_the_fewer_bits_may_differ(apart: int, most: int) -> None:
    """Hashes some bits from a common one, a quarter of them with a copy 6 bits from it."""
    rng, bits = np.random.default_rng(0), np.zeros((400, 256), np.uint8)
    for row in bits:
        row[rng.choice(256, apart // 2, replace=False)] = 1
    bits[:50] = bits[50:100]
    for row in bits[:50]:
        row[rng.choice(256, 6, replace=False)] ^= 1
    looks = np.packbits(bits, axis=1).view("<u8")
    found = most_bits(looks)
    assert abs(found - most) <= 4
    copies = {(place, place + 50) for place in range(50)}
    pairs = set(map(tuple, near_pairs(looks, found).tolist()))
    assert len(copies & pairs) > 40  # the first 64 bits must be near too
    assert apart == 8 or pairs <= copies
    assert most_bits(looks[:50]) == MOST_BITS
