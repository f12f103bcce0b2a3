from __future__ import annotations

import csv
from collections import Counter
from dataclasses import astuple
from itertools import combinations
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from scn_core.class_names import FERPLUS_7
from scn_core.datasets.demo_faces import EXPRESSIONS, Expression, blend, draw_demo
from scn_core.datasets.demo_faces.dataset import CONFUSABLE, Plan, expression_of, plan_face
from scn_core.datasets.demo_faces.expression import NEUTRAL, OTHER_WAY, act
from scn_core.datasets.demo_faces.face import draw_face
from scn_core.errors import UsageError
from scn_core.records import SPLITS

KINDS = {"clear", "ambiguous", "flipped", "not_a_face"}
SIDE = 48


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("demo")
    draw_demo(root, count=140, side=SIDE)
    return root


def read_rows(root: Path) -> list[dict[str, str]]:
    with (root / "labels.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read_bytes(root: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((root / "faces").iterdir())}


def pixels(face: Expression, seed: int = 0) -> npt.NDArray[np.float64]:
    return np.asarray(draw_face(face, SIDE, np.random.default_rng(seed)), dtype=np.float64)


def plans(count: int) -> list[Plan]:
    """Plans of training faces, class after class."""
    names = FERPLUS_7.names
    return [plan_face(names[i % 7], "train", np.random.default_rng(i)) for i in range(count)]


def test_labels_csv_is_well_formed(demo: Path) -> None:
    text = (demo / "labels.csv").read_bytes().decode()
    assert text.startswith("path,split,label,reference,kind\nfaces/00001.jpg,")
    rows = read_rows(demo)
    assert [row["path"] for row in rows] == [f"faces/{i:05d}.jpg" for i in range(1, 141)]
    assert {row["split"] for row in rows} == set(SPLITS)
    assert {row["kind"] for row in rows} <= KINDS
    assert {row["label"] for row in rows} == set(FERPLUS_7.names)
    for row in rows:
        assert row["reference"] in FERPLUS_7.names or (row["reference"] == "" and row["kind"] == "not_a_face")


def test_every_row_has_a_picture_of_the_asked_size(demo: Path) -> None:
    rows = read_rows(demo)
    assert len(read_bytes(demo)) == len(rows)
    for row in rows:
        with Image.open(demo / row["path"]) as image:
            assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (SIDE, SIDE))


def test_val_and_test_are_clean_and_balanced(demo: Path) -> None:
    held_out = [row for row in read_rows(demo) if row["split"] != "train"]
    assert all(row["kind"] == "clear" and row["label"] == row["reference"] for row in held_out)
    assert Counter((row["split"], row["label"]) for row in held_out) == {
        (split, name): 2 for split in ("val", "test") for name in FERPLUS_7.names
    }


def test_the_smallest_set_has_every_class_in_every_split_and_progress_counts_it(tmp_path: Path) -> None:
    heard: list[int] = []
    draw_demo(tmp_path, count=70, seed=5, side=32, progress=heard.append)
    seen = {(row["split"], row["reference"]) for row in read_rows(tmp_path)}
    assert seen >= {(split, name) for split in SPLITS for name in FERPLUS_7.names}
    assert heard == list(range(1, 71))


def test_another_seed_gives_other_faces_in_another_order(demo: Path, tmp_path: Path) -> None:
    draw_demo(tmp_path, count=70, seed=1, side=SIDE)
    assert not set(read_bytes(tmp_path).values()) & set(read_bytes(demo).values())
    assert [row["reference"] for row in read_rows(tmp_path)] != [row["reference"] for row in read_rows(demo)[:70]]


def test_same_seed_same_bytes_however_many_follow(demo: Path, tmp_path: Path) -> None:
    draw_demo(tmp_path, count=75, side=SIDE)
    assert read_rows(tmp_path) == read_rows(demo)[:75]
    assert read_bytes(tmp_path).items() <= read_bytes(demo).items()


def test_drawing_again_replaces_the_list(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("old")

    def stop(drawn: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        draw_demo(tmp_path, count=70, side=32, progress=stop)
    assert not (tmp_path / "labels.csv").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"count": 69}, "69 demo faces are too few: at least 70"),
        ({"seed": -1}, "seed of the demo faces is -1"),
        ({"side": 31}, "31 pixels show nothing; at least 32"),
    ],
)
def test_what_cannot_be_drawn_is_refused_before_anything_is_written(
    options: dict[str, int], message: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=message):
        draw_demo(tmp_path / "demo", **{"count": 70, **options})  # type: ignore[arg-type]
    assert not (tmp_path / "demo").exists()


def test_doubtful_shares_of_the_training_faces() -> None:
    kinds = Counter(plan.kind for plan in plans(7000))
    assert kinds["flipped"] / 7000 == pytest.approx(0.15, abs=0.02)
    assert kinds["ambiguous"] / 7000 == pytest.approx(0.10, abs=0.02)
    assert kinds["not_a_face"] / 7000 == pytest.approx(0.03, abs=0.01)


def test_what_each_kind_says() -> None:
    for plan in plans(1400):
        if plan.kind == "flipped":
            assert plan.label != plan.reference
        elif plan.kind == "ambiguous":
            assert plan.reference != plan.other
            assert plan.label in (plan.reference, plan.other)
        elif plan.kind == "clear":
            assert plan.label == plan.reference == plan.other
        else:
            assert plan.reference == ""


def test_labels_flip_more_often_to_the_confusable_class() -> None:
    flipped = [plan for plan in plans(7000) if plan.kind == "flipped" and plan.reference in CONFUSABLE]
    near = sum(plan.label == CONFUSABLE[plan.reference] for plan in flipped)
    assert 0.55 < near / len(flipped) < 0.75


def test_an_ambiguous_face_lies_between_nearer_to_its_reference() -> None:
    def usual(plan: Plan) -> npt.NDArray[np.float64]:
        shown = [astuple(expression_of(plan, np.random.default_rng(i))) for i in range(200)]
        return np.asarray(np.mean(shown, axis=0), dtype=np.float64)

    fear, surprise = (usual(Plan("train", name, name, name, "clear")) for name in ("fear", "surprise"))
    mixed = usual(Plan("train", "surprise", "fear", "surprise", "ambiguous"))
    share = (mixed - fear) @ (surprise - fear) / np.sum((surprise - fear) ** 2)
    assert 0.4 < share < 0.5


def test_the_emotions_are_the_classes() -> None:
    assert tuple(EXPRESSIONS) == tuple(OTHER_WAY) == FERPLUS_7.names
    assert EXPRESSIONS["neutral"] == NEUTRAL == Expression()


def test_emotions_differ_on_the_same_head_and_only_there() -> None:
    drawn = {name: pixels(face) for name, face in EXPRESSIONS.items()}
    for a, b in combinations(drawn, 2):
        changed = np.abs(drawn[a] - drawn[b]).max(axis=2) > 12
        assert changed.mean() > 0.02, f"{a} looks like {b}"
        assert not changed[:4].any(), f"{a} and {b} differ in the background"


def test_a_face_changes_with_its_person_not_with_the_call() -> None:
    happy = EXPRESSIONS["happy"]
    assert np.array_equal(pixels(happy, seed=1), pixels(happy, seed=1))
    assert np.abs(pixels(happy, seed=1) - pixels(happy, seed=2)).mean() > 10


def test_blend_ends_and_middle() -> None:
    fear, happy = EXPRESSIONS["fear"], EXPRESSIONS["happy"]
    assert blend(fear, happy, 0.0) == fear
    assert blend(fear, happy, 1.0) == happy
    middle = blend(fear, happy, 0.5)
    assert middle.mouth_open == pytest.approx((fear.mouth_open + happy.mouth_open) / 2)
    assert middle.brow_inner == pytest.approx((fear.brow_inner + happy.brow_inner) / 2)


def test_a_blend_looks_like_both() -> None:
    """Half way is nearer to either emotion than they are to each other."""
    fear, happy = EXPRESSIONS["fear"], EXPRESSIONS["happy"]
    apart = np.abs(pixels(fear) - pixels(happy)).mean()
    for end in (fear, happy):
        assert 0.1 * apart < np.abs(pixels(blend(fear, happy, 0.5)) - pixels(end)).mean() < 0.95 * apart


def test_strength_moves_a_face_away_from_rest() -> None:
    rest = pixels(NEUTRAL)
    far = [np.abs(pixels(blend(NEUTRAL, EXPRESSIONS["surprise"], t)) - rest).mean() for t in (0.3, 0.6, 1.0)]
    assert far == sorted(far)
    assert far[0] > 0


def test_no_one_shows_an_emotion_twice_the_same() -> None:
    rng = np.random.default_rng(0)
    assert act("happy", 1.0, rng) != act("happy", 1.0, rng)


@pytest.mark.parametrize("name", FERPLUS_7.names)
def test_exaggerated_faces_of_anyone_draw(name: str) -> None:
    for seed in range(8):
        image = draw_face(blend(NEUTRAL, EXPRESSIONS[name], 1.6), SIDE, np.random.default_rng(seed), occluded=True)
        assert np.asarray(image).std() > 5
