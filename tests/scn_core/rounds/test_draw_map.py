"""The map of a round: the same each time, alike faces together, without openTSNE, and faces in a polygon on it."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scn_core.erase import erase
from scn_core.errors import WorkspaceError
from scn_core.records import SPLITS, Decision, QueueFilter
from scn_core.rounds import draw_map as maps
from scn_core.rounds.draw_map import MapMethod, draw_map, map_method, round_map
from scn_core.rounds.features import (
    forget_features,
    held_out_features,
    open_features,
    write_features,
    write_held_out_features,
)
from scn_core.store.decisions.record import record_decisions
from scn_core.store.decisions.visibility import is_blind
from scn_core.store.people.people import ensure_person
from scn_core.store.queue.area import AREA_POINTS, MAP, MAP_SIDE, corners, faces_in_area, inside, is_area
from scn_core.store.queue.browse import items_of, page_items
from scn_core.store.queue.cells import Comparison
from scn_core.store.queue.counts import matching_pairs, open_left, queue_counts
from scn_core.store.reports.confusion import compare, left_out
from scn_core.store.reports.map_faces import FACE_STATES, map_faces
from scn_core.store.rounds.states import close_round
from scn_core.store.samples import get_sample
from scn_core.workspace.folder import Workspace
from tests.review_workspace import add_opinions, add_round
from tests.scn_core.conftest import Run

EVERYTHING = f"0,0_{MAP_SIDE},0_{MAP_SIDE},{MAP_SIDE}_0,{MAP_SIDE}"


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    """Three groups of 20 faces, and one face without features."""
    (tmp_path / "workspace.toml").write_text("")
    folder = Workspace(tmp_path).round_folder(1)
    folder.mkdir(parents=True)
    rng = np.random.default_rng(3)
    drawn = np.repeat(np.eye(3, 12), 20, axis=0) + 0.1 * rng.standard_normal((60, 12))
    values = np.concatenate([drawn / np.linalg.norm(drawn, axis=1, keepdims=True), np.zeros((1, 12))])
    write_features(folder, values.shape, [values.astype(np.float16)])
    np.savez(folder / "faces.npz", sample_id=np.arange(1, 62) * 2)
    return Workspace(tmp_path)


@pytest.fixture
def asked(workspace: Workspace) -> Workspace:
    add_round(workspace, proposals=40, low=10, audit=6)
    return workspace


@pytest.mark.parametrize("installed", [True, False])
def test_a_map_is_the_same_each_time_and_alike_faces_are_together(
    place: Workspace, installed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if installed:
        pytest.importorskip("openTSNE")
    else:
        monkeypatch.setattr(maps, "has_layout", lambda: False)
    steps: list[int] = []
    done = draw_map(place, 1, steps.append)
    assert (done.faces, done.method.name) == (60, "t-SNE" if installed else "PCA")
    assert map_method(place, 1) == done.method, "a map says how it was drawn"
    assert sum(steps) == (maps.STEPS if installed else 0)
    rows = round_map(place, 1)
    assert rows is not None
    first = np.array(rows)
    assert first["sample_id"].tolist() == [2 * n for n in range(1, 61)]
    places = np.stack([first["x"], first["y"]], axis=1)
    assert places.min() >= 0
    assert places.max() <= MAP_SIDE
    assert (places.max(axis=0) - places.min(axis=0)).max() == pytest.approx(0.98 * MAP_SIDE, abs=1)
    far = np.linalg.norm(places[:, None] - places[None], axis=2)
    group = np.repeat(np.arange(3), 20)
    assert far[group[:, None] == group].mean() < 0.5 * far[group[:, None] != group].mean()
    draw_map(place, 1)
    again = round_map(place, 1)
    assert again is not None
    assert np.array_equal(again, first)


def test_faces_of_val_and_test_are_on_the_map_too_until_they_are_erased(place: Workspace) -> None:
    folder, drawn = place.round_folder(1), open_features(place, 1)
    assert drawn is not None
    alike = np.array(drawn.values[[0, 20]])
    write_held_out_features(folder, np.array([901, 21]), alike)
    draw_map(place, 1)
    rows = round_map(place, 1)
    assert rows is not None
    lies = {int(row["sample_id"]): np.array([row["x"], row["y"]]) for row in rows}
    assert len(lies) == 62
    for face, same, other in ((901, 2, 42), (21, 42, 2)):
        assert np.linalg.norm(lies[face] - lies[same]) < np.linalg.norm(lies[face] - lies[other])
    forget_features(folder, [901])
    kept = held_out_features(folder)
    assert kept is not None
    assert (kept.sample_id.tolist(), kept.values.tolist()) == ([21], alike[1:].tolist())
    (folder / "held_out_features.npy").write_bytes(b"nothing")
    assert held_out_features(folder) is None
    assert draw_map(place, 1).faces == 60


def test_of_very_many_faces_some_are_laid_out_and_each_other_lies_among_those_alike(
    place: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("openTSNE")
    monkeypatch.setattr(maps, "LAID_OUT", 30)
    monkeypatch.setattr(maps, "_ROWS", 7)
    steps: list[int] = []
    done = draw_map(place, 1, steps.append)
    assert (done.faces, done.method.laid_out, sum(steps)) == (60, 30, maps.STEPS)
    assert str(done.method).endswith(", of 30 faces")
    rows = np.array(round_map(place, 1))
    assert rows["sample_id"].tolist() == [2 * n for n in range(1, 61)]
    places, group = np.stack([rows["x"], rows["y"]], axis=1), np.repeat(np.arange(3), 20)
    laid_out = np.sort(np.random.default_rng(done.method.seed).choice(60, 30, replace=False))
    for other in np.setdiff1d(np.arange(60), laid_out):
        near = places[laid_out[group[laid_out] == group[other]]]
        assert (near.min(axis=0) <= places[other]).all()
        assert (places[other] <= near.max(axis=0)).all()
    draw_map(place, 1)
    assert np.array_equal(np.array(round_map(place, 1)), rows)


def test_few_faces_and_none_have_a_map_too(place: Workspace) -> None:
    folder = place.round_folder(1)
    for count in (0, 1, 3):
        write_features(folder, (count, 1), [np.ones((count, 1), np.float16)])
        np.savez(folder / "faces.npz", sample_id=np.arange(count))
        assert (draw_map(place, 1).faces, draw_map(place, 1).method) == (count, MapMethod("PCA", 1))


def test_a_round_without_features_says_what_to_do(place: Workspace) -> None:
    (place.round_folder(1) / "features.npy").unlink()
    with pytest.raises(WorkspaceError, match=r"no features of round 1; .*without --no-keep-features; .*--embeddings"):
        draw_map(place, 1)


def test_the_command_draws_the_newest_round(asked: Workspace, run: Run) -> None:
    (asked.round_folder(1) / "map.npy").unlink()
    done = run("map", asked.path)
    assert done.code == 0, done.err
    assert done.out.startswith("map of round 1: ")
    assert round_map(asked, 1) is not None
    assert run("map", asked.path, "--round", "7").code == 1


# Areas


@pytest.mark.parametrize(
    ("text", "right"),
    [
        (EVERYTHING, True), ("1,1_2,2_3,1", True), ("_".join(["5,5"] * AREA_POINTS), True),
        ("_".join(["5,5"] * (AREA_POINTS + 1)), False), ("1,1_2,2", False), ("", False), ("1,1_2,2_3,1001", False),
        ("1,1_2,2_3,-1", False), ("1,1_2,2_3", False), ("1,1_2,2_3,1\n", False), ("١,1_2,2_3,1", False),
    ],
)  # fmt: skip
def test_what_an_area_is(text: str, right: bool) -> None:
    assert is_area(text) == right


@given(
    st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=3, max_size=8),
    st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=1, max_size=20),
)
def test_points_in_a_polygon_are_those_of_a_slow_reference(
    polygon: list[tuple[int, int]], points: list[tuple[int, int]]
) -> None:
    def slow(x: float, y: float) -> bool:
        """Whether more edges cross a ray to the right upwards than downwards, or the reverse, in exact arithmetic."""
        turns = 0
        for (x0, y0), (x1, y1) in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
            if (y0 > y) != (y1 > y):
                side = (x - x0) * (y1 - y0) - (x1 - x0) * (y - y0)
                turns += int(side < 0) if y1 > y0 else -int(side > 0)
        return turns != 0

    # Halves and thirds: no point is on a corner or an edge of whole numbers by a rounding error.
    moved = [(x + 0.5, y + 1 / 3) for x, y in points]
    area = "_".join(f"{x},{y}" for x, y in polygon)
    at = np.array(moved)
    found = inside(at[:, 0], at[:, 1], corners(area).astype(np.float64))
    near = [abs(_distance(x, y, polygon)) < 1e-6 for x, y in moved]
    assert [a for a, skip in zip(found.tolist(), near, strict=True) if not skip] == [
        slow(x, y) for (x, y), skip in zip(moved, near, strict=True) if not skip
    ]


def _distance(x: float, y: float, polygon: list[tuple[int, int]]) -> float:
    """From the nearest line through an edge, signs aside."""
    edges = zip(polygon, [*polygon[1:], polygon[0]], strict=True)
    return min(
        (abs((x - x0) * (y1 - y0) - (x1 - x0) * (y - y0)) for (x0, y0), (x1, y1) in edges if (x0, y0) != (x1, y1)),
        default=1.0,
    )


def test_parts_that_are_joined_are_one_area_with_what_they_share() -> None:
    first, second = [(0, 0), (6, 0), (6, 6), (0, 6)], [(4, 4), (10, 4), (10, 10), (4, 10)]
    joined = np.array([*first, first[0], *second, second[0]], np.float32)
    x, y = np.array([[1, 1], [5, 5], [9, 9], [9, 1], [1, 9]], np.float32).T
    assert inside(x, y, joined).tolist() == [True, True, True, False, False]


def test_a_filter_by_area_shows_those_faces_and_counts_them(asked: Workspace) -> None:
    rows = round_map(asked, 1)
    assert rows is not None
    middle = int(np.median(rows["x"]))
    left = f"0,0_{middle},0_{middle},{MAP_SIDE}_0,{MAP_SIDE}"
    with asked.database() as db:
        ann = ensure_person(db, "ann").id
        everyone = {item.sample_id for item in page_items(db, 1, ann, QueueFilter(state="all"), limit=500)[0]}
        area = set(faces_in_area(db, 1, left))
        assert set() < area & everyone < everyone
        for order in ("suspicion", "alpha", "margin", "newest"):
            for where in (QueueFilter(area=left, order=order), QueueFilter(area=left, order=order, state="all")):
                items, _ = page_items(db, 1, ann, where, limit=500)
                assert {item.sample_id for item in items} == area & everyone
        grouped, after = set[int](), None
        while True:  # a page is of one pair
            items, after = page_items(db, 1, ann, QueueFilter(area=left, grouped=True), after=after, limit=500)
            grouped |= {item.sample_id for item in items}
            if after is None:
                break
        assert grouped == area & everyone
        counts = queue_counts(db, 1, ann, QueueFilter(area=left))
        assert counts.matching == open_left(db, 1, ann, QueueFilter(area=left)) == len(area & everyone)
        assert sum(pair.open for pair in counts.pairs) == counts.matching
        assert matching_pairs(db, 1, ann, QueueFilter(area=left)) == counts.pairs
        assert queue_counts(db, 1, ann, QueueFilter(area=EVERYTHING)).matching == len(everyone)
        with pytest.raises(WorkspaceError, match=r"filter: found area 1,1; allowed: 3 to 64 points"):
            queue_counts(db, 1, ann, QueueFilter(area="1,1"))


def test_a_large_area_is_read_as_often_with_bad_pictures_as_without(asked: Workspace) -> None:
    rows = np.zeros(20_000, MAP)
    rows["sample_id"] = np.arange(1, 20_001)
    np.save(asked.round_folder(1) / "map.npy", rows)
    steps = 0

    def count() -> None:
        nonlocal steps
        steps += 1

    with asked.database() as db:
        ann = ensure_person(db, "ann").id
        taken = []
        for issues in (0, 30):
            db.execute("INSERT INTO picture_issue SELECT 'dark', id FROM sample ORDER BY id LIMIT ?", (issues,))
            steps = 0
            db.conn.set_progress_handler(count, 100)
            queue_counts(db, 1, ann, QueueFilter(area=EVERYTHING))
            page_items(db, 1, ann, QueueFilter(area=EVERYTHING, picture="any"), limit=10)
            db.conn.set_progress_handler(None, 100)
            taken.append(steps)
    assert taken[1] < 2 * taken[0]


def test_a_large_area_is_walked_in_the_order_of_the_queue(asked: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    with asked.database() as db:
        ann = ensure_person(db, "ann").id
        few = page_items(db, 1, ann, QueueFilter(area=EVERYTHING), limit=500)[0]
        monkeypatch.setattr("scn_core.store.queue.filter.SMALL", 1)
        many = page_items(db, 1, ann, QueueFilter(area=EVERYTHING), limit=500)[0]
    assert [item.id for item in many] == [item.id for item in few]


def test_without_a_map_an_area_has_no_faces(asked: Workspace) -> None:
    shutil.move(asked.round_folder(1) / "map.npy", asked.path)
    with asked.database() as db:
        ann = ensure_person(db, "ann").id
        assert page_items(db, 1, ann, QueueFilter(area=EVERYTHING), limit=500)[0] == []


# What the page is told


def test_nothing_is_told_of_an_audit_face_until_it_is_answered(asked: Workspace) -> None:
    with asked.database(read_only=True) as db:
        told = map_faces(db, 1)
        audit = {n for (n,) in db.execute("SELECT sample_id FROM queue_item WHERE kind = 'audit' AND action IS NULL")}
        hidden = np.isin(told.sample_id, sorted(audit))
        proposals = db.execute("SELECT count(*) FROM queue_item WHERE kind = 'proposal' AND listed = 1").fetchone()[0]
    assert hidden.sum() == len(audit) > 0
    assert (told.proposed[hidden] == -1).all()
    assert np.isnan(told.suspicion[hidden]).all()
    assert np.isfinite(told.suspicion[~hidden & (told.split == SPLITS.index("train"))]).all()
    assert (told.proposed >= 0).sum() == proposals
    assert set(told.state.tolist()) == {FACE_STATES.index("not asked about"), FACE_STATES.index("to review")}


def test_an_erased_face_is_on_no_map(asked: Workspace) -> None:
    rows = round_map(asked, 1)
    assert rows is not None
    number = int(rows["sample_id"][4])
    with asked.database(read_only=True) as db:
        face = get_sample(db, number)
    assert face is not None
    erase(asked, [face.sample.key])
    left = round_map(asked, 1)
    assert left is not None
    assert left["sample_id"].tolist() == [n for n in rows["sample_id"].tolist() if n != number]
    with asked.database(read_only=True) as db:
        assert number not in map_faces(db, 1).sample_id


def test_an_audit_face_of_another_round_in_review_tells_nothing_in_this_one(asked: Workspace) -> None:
    add_opinions(asked)
    add_round(asked, proposals=0, low=0, audit=12, seed=5)
    with asked.database() as db:
        lea = ensure_person(db, "lea", "lead")
        open_audits = "SELECT sample_id FROM queue_item WHERE round_id = ? AND kind = 'audit'"
        here, there = ({face for (face,) in db.execute(open_audits, (number,))} for number in (1, 2))
        asked_in_both = {face for (face,) in db.execute("SELECT sample_id FROM queue_item WHERE round_id = 1")} & there
        assert asked_in_both - here
        told = map_faces(db, 1)
        assert set(told.sample_id[told.withheld].tolist()) == here | there
        assert np.isnan(told.suspicion[told.withheld]).all()
        assert (told.proposed[told.withheld] == -1).all()
        assert all((labels[told.withheld] == -1).all() for labels in told.opinions.values())
        items = items_of(db, 1, lea.id, sorted(told.sample_id.tolist()))
        assert {item.sample_id for item in items if item.blind} == here | asked_in_both
        proposals = Comparison("proposed", 1)
        shown, out = sum(compare(db, proposals, lea.id).values()), left_out(db, proposals, lea.id)
        queued = db.execute("SELECT count(DISTINCT sample_id) FROM queue_item WHERE round_id = 1").fetchone()[0]
        assert shown + out.withheld + out.audit == queued
        assert out.withheld == len(here | asked_in_both)
        face = min(there)
        said = Decision("0" * 32, 2, face, "lea", "keep", int(told.given[told.sample_id == face][0]))
        assert is_blind(db, face, None)
        assert record_decisions(db, [said]) == [said.id]
        assert not is_blind(db, face, None)
        told = map_faces(db, 1)
        assert set(told.sample_id[told.withheld].tolist()) == (here | there) - ({face} - here)
        close_round(db, 2)  # its audit faces measure nothing any more
        told = map_faces(db, 2)
        assert set(told.sample_id[told.withheld].tolist()) == here
        close_round(db, 1)
        assert not map_faces(db, 1).withheld.any()
