"""Faces far from all others: found beyond a fence that follows from the data, marked, and told of no audit face."""

from __future__ import annotations

import json

import numpy as np
import pytest

from scn_core.records import FloatArray, QueueFilter
from scn_core.rounds import far_faces
from scn_core.rounds.draw_map import far_noted, map_method, newest_with_features
from scn_core.rounds.far_faces import FENCE, NEAREST, distances, far_from_others, mark_far
from scn_core.rounds.features import open_features, write_features
from scn_core.store.decisions.record import record_decisions
from scn_core.store.people.people import ensure_person
from scn_core.store.pictures import bad_pictures, count_issues, derive_issues
from scn_core.store.queue.browse import page_items
from scn_core.store.queue.counts import queue_counts
from scn_core.workspace.folder import Workspace
from tests.review_workspace import add_round
from tests.scn_core.conftest import Run
from tests.scn_core.store.review_model import decide


def crowd(faces: int, odd: int, *, width: int = 24, groups: int = 5) -> FloatArray:
    """Rows of length 1 in a few groups, the last `odd` of them each on its own."""
    draw = np.random.default_rng(7)
    near = 3 * np.eye(groups, width)[draw.integers(groups, size=faces - odd)]
    values = np.concatenate([near + 0.2 * draw.normal(size=near.shape), draw.normal(size=(odd, width))])
    unit: FloatArray = (values / np.linalg.norm(values, axis=1, keepdims=True)).astype(np.float32)
    return unit


def plainly(values: FloatArray) -> FloatArray:
    """The same from the formula, face by face."""
    moved = values - values.mean(axis=0)
    moved /= np.linalg.norm(moved, axis=1, keepdims=True)
    apart = np.linalg.norm(moved[:, None] - moved[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    nearest: FloatArray = np.sort(apart, axis=1)[:, :NEAREST].mean(axis=1)
    return nearest


def test_distances_are_those_of_the_formula_and_the_odd_ones_are_far() -> None:
    values = crowd(700, 4)
    told: list[int] = []
    found = distances(values, told.append)
    assert found == pytest.approx(plainly(values), abs=1e-3)
    assert sum(told) == 700
    with_gaps = np.insert(values, [0, 350], 0, axis=0)
    assert distances(with_gaps) == pytest.approx(np.insert(found, [0, 350], 0), abs=1e-3), "faces without features"
    first, third = np.percentile(found, [25, 75])
    assert far_from_others(found).tolist() == (found > third + FENCE * (third - first)).tolist()
    assert sorted(np.argsort(found)[-4:]) == [696, 697, 698, 699]
    assert far_from_others(found)[-4:].all()
    assert far_from_others(found)[:-4].mean() < 0.02


def test_many_are_compared_with_some_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    values = crowd(700, 4)
    monkeypatch.setattr(far_faces, "COMPARED_WITH", 300)
    found = distances(values)
    assert sorted(np.argsort(found)[-4:]) == [696, 697, 698, 699]
    assert far_from_others(found)[-4:].all()


@pytest.mark.parametrize("faces", [0, 1, 2, 20])
def test_of_few_none_is_far(faces: int) -> None:
    assert not far_from_others(distances(crowd(max(faces, 1), 0)[:faces])).any()


def test_equal_faces_are_not_far() -> None:
    assert not far_from_others(distances(np.tile(np.eye(1, 8, dtype=np.float32), (200, 1)))).any()


@pytest.fixture
def asked(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A round whose first five faces of the queue, and its audit faces, lie on their own."""
    monkeypatch.setattr(far_faces, "FEWEST", 8)
    add_round(workspace, proposals=40, low=10, audit=3)
    features = open_features(workspace, 1)
    assert features is not None
    with workspace.database(read_only=True) as db:
        sql = "SELECT sample_id FROM queue_item WHERE kind = ? ORDER BY id LIMIT 5"
        odd = [face for kind in ("proposal", "audit") for (face,) in db.execute(sql, (kind,))]
    rows = np.searchsorted(features.sample_id, odd)
    values = crowd(len(features.sample_id), 0, width=64, groups=2)
    values[rows] = np.eye(64)[-len(rows) :]
    write_features(workspace.round_folder(1), values.shape, [values.astype(np.float16)])
    return workspace


def test_far_faces_are_a_filter_and_a_reason_but_no_open_audit_face_is(asked: Workspace, run: Run) -> None:
    with asked.database() as db:
        ann = ensure_person(db, "ann").id
        assert newest_with_features(asked, db) == 1
        audits = {face for (face,) in db.execute("SELECT sample_id FROM queue_item WHERE kind = 'audit'")}
        assert mark_far(asked, 1) == 5
        far = {bad.sample_id for bad in bad_pictures(db, "far")}
        assert not far & audits
        items = page_items(db, 1, ann, QueueFilter(picture="far"), limit=500)[0]
        assert {item.sample_id for item in items} == far
        assert all("far" in item.issues for item in items)
        assert queue_counts(db, 1, ann, QueueFilter(picture="far")).matching == 5
        with db.conn:
            derive_issues(db)
        assert count_issues(db)["far"] == 5, "measuring pictures anew leaves it"
        record_decisions(db, [decide(face, "unsure", "ann") for face in audits])
    assert mark_far(asked, 1) == 5 + len(audits)
    with asked.database() as db:
        items = page_items(db, 1, ann, QueueFilter(picture="far", state="all"), limit=500)[0]
        assert {item.sample_id for item in items} == far, "as for proposals, an audit face matches none"
    assert "far               " in run("pictures", asked.path).out
    (asked.round_folder(1) / "features.npy").unlink()
    assert mark_far(asked, 1) is None


def test_a_map_of_a_version_that_marked_none_stays_and_its_far_faces_are_marked(asked: Workspace, run: Run) -> None:
    folder = asked.round_folder(1)
    (folder / "map.json").unlink()
    before = (folder / "map.npy").read_bytes()
    assert not far_noted(asked, 1)
    done = run("map", asked.path, "--only-far")
    assert "far from all others: 5 faces; see " in done.out, done.err
    assert far_noted(asked, 1)
    assert (folder / "map.npy").read_bytes() == before
    with asked.database() as db:
        assert count_issues(db)["far"] == 5
    assert json.loads(run("map", asked.path, "--only-far", "--json").out) == {"far": 5}
    assert run("map", asked.path).code == 0
    assert far_noted(asked, 1), "by the command that draws it too"
    assert map_method(asked, 1) is not None
    (folder / "map.json").write_text("[" * 100_000)
    assert not far_noted(asked, 1)
    (folder / "features.npy").unlink()
    done = run("map", asked.path, "--only-far")
    assert (done.code, done.out) == (0, "")
    assert "no round that has ended kept features" in done.err
