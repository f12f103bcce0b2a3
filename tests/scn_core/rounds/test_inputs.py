"""Which faces a round trains on, under which labels: what people decided, and nothing a network said."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from sqlite_utils import Database

from scn_core.config import UnsureRule
from scn_core.records import ANSWERS, Decision
from scn_core.rounds.inputs import RoundFaces, faces_now, fix_faces, stored_faces
from scn_core.store.decisions.record import record_decisions
from scn_core.store.people.people import ensure_person
from scn_core.store.rounds.states import close_round, finish_round, start_round
from scn_core.store.samples import iter_samples
from scn_core.workspace.folder import Workspace
from tests.review_workspace import plausible_scores

CLASSES = 7


@pytest.fixture
def db(workspace: Workspace) -> Iterator[Database]:
    with workspace.database() as opened:
        ensure_person(opened, "ann")
        yield opened


def reviewed_round(
    db: Database, rng: np.random.Generator, told: dict[int, tuple[str, int | None]]
) -> set[tuple[int, int]]:
    """A round trained on labels made up at random, half of whose faces are answered at random; `told` is brought up
    to date. Returns the proposals that were answered otherwise."""
    made = plausible_scores(db, proposals=30, low=20, seed=int(rng.integers(99)))
    count = len(made.sample_id)
    number = start_round(db, {"relabel": "auto"}, code_version="1")
    finish_round(db, number, replace(made, trained_label=rng.integers(0, CLASSES, count)), {})
    refused = set()
    for place in rng.choice(count, count // 2, replace=False):
        face, start, proposed = (int(c[place]) for c in (made.sample_id, made.start_label, made.proposed_label))
        action = rng.choice([a for a in ANSWERS if a != "accept" or proposed >= 0])
        label = {"accept": proposed, "keep": start, "relabel": int(rng.integers(CLASSES))}.get(action)
        record_decisions(db, [Decision(str(uuid.uuid4()), number, face, "ann", action, label)])
        told[face] = (action, label)
        if proposed >= 0 and label not in (None, proposed):
            refused.add((face, proposed))
    close_round(db, number)
    return refused


@pytest.mark.parametrize("unsure", ["given", "leave_out", "soften"])
@pytest.mark.parametrize("seed", [0, 1])
def test_labels_are_what_people_decided_and_else_the_given_ones(db: Database, unsure: UnsureRule, seed: int) -> None:
    rng = np.random.default_rng(seed)
    told: dict[int, tuple[str, int | None]] = {}
    refused = reviewed_round(db, rng, told) | reviewed_round(db, rng, told)
    faces = faces_now(db, unsure)
    expected = {}
    for stored in iter_samples(db):
        action, label = told.get(stored.id, ("none", None))
        if stored.sample.split == "train" and action != "exclude" and (action, unsure) != ("unsure", "leave_out"):
            given = stored.sample.given_label
            soft = 0.5 if (action, unsure) == ("unsure", "soften") else 0.0
            expected[stored.id] = (given if label is None else label, soft, label is not None)
    columns = (faces.labels.tolist(), faces.softness.tolist(), faces.settled.tolist())
    assert dict(zip(faces.sample_id.tolist(), zip(*columns, strict=True), strict=True)) == expected
    assert (faces.rows + 1).tolist() == faces.sample_id.tolist()
    down = {(int(faces.sample_id[place]), int(label)) for place, label in np.argwhere(faces.turned_down)}
    assert down == {(face, label) for face, label in refused if face in expected} != set()
    assert faces.softness.dtype == np.float32


def test_ambiguous_faces_that_nobody_decided_are_softened_where_that_is_the_rule(db: Database) -> None:
    """By the newest ended round; what people said, be it unsure, goes by its own rule."""
    told: dict[int, tuple[str, int | None]] = {}
    reviewed_round(db, np.random.default_rng(5), told)
    made = plausible_scores(db, proposals=30, low=20, seed=1)
    finish_round(db, start_round(db, {}, code_version="1"), replace(made, doubt=made.sample_id % 3), {})
    start_round(db, {}, code_version="1")  # has no scores
    without = faces_now(db)
    soft = faces_now(db, ambiguous="soften")
    both = faces_now(db, "soften", "soften")
    unsure = {face for face, (action, _) in told.items() if action == "unsure"}
    ambiguous = {i for i in without.sample_id.tolist() if i % 3 == 2 and i not in told}
    assert set(made.sample_id[made.sample_id % 3 == 2].tolist()) & told.keys() - unsure
    assert unsure
    assert not without.softness.any()
    assert set(soft.sample_id[soft.softness == 0.5].tolist()) == ambiguous != set()
    assert set(both.sample_id[both.softness == 0.5].tolist()) == ambiguous | unsure
    assert np.array_equal(soft.labels, without.labels)


def test_votes_are_targets_of_faces_that_nobody_decided(db: Database, tmp_path: Path) -> None:
    told: dict[int, tuple[str, int | None]] = {}
    reviewed_round(db, np.random.default_rng(6), told)
    off = faces_now(db)
    assert off.targets.shape == (len(off.rows), 0)
    fix_faces(tmp_path, off)
    with np.load(tmp_path / "faces.npz") as stored:
        assert "targets" not in stored.files  # a workspace without is as it was
    decided = next(face for face, (_, label) in told.items() if label is not None)
    voted, once, none = [face for face in off.sample_id.tolist() if face not in told][:3]
    for face, label, other, count in (
        (voted, 0, "", 3), (voted, 2, "", 1), (voted, None, "NF", 4), (once, 1, "", 1), (decided, 1, "", 5),
    ):  # fmt: skip
        db.execute("INSERT INTO vote VALUES (?, '', ?, ?, ?)", (face, label, other, count))
    assert same(faces_now(db), off)
    soft = faces_now(db, soft_labels="votes")
    by_face = dict(zip(soft.sample_id.tolist(), soft.targets.tolist(), strict=True))
    assert by_face[voted][:3] == [0.75, 0.0, 0.25]
    assert [sum(by_face[face]) for face in (voted, once, none, decided)] == [1, 0, 0, 0]
    assert soft.targets.dtype == np.float32
    (tmp_path / "faces.npz").unlink()
    fix_faces(tmp_path, soft)
    assert same(stored_faces(tmp_path, db), soft)
    gone = np.zeros(int(soft.rows.max()) + 1, np.bool_)
    gone[soft.rows[soft.sample_id == voted]] = True
    assert soft.without(gone).targets.shape == (len(soft.rows) - 1, soft.turned_down.shape[1])


def test_a_resumed_round_has_the_faces_and_rules_it_began_with(db: Database, tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    reviewed_round(db, rng, {})
    began = faces_now(db, "soften")
    assert stored_faces(tmp_path, db) is None
    fix_faces(tmp_path, began)
    reviewed_round(db, rng, {})
    fix_faces(tmp_path, faces_now(db, "leave_out"))
    assert same(stored_faces(tmp_path, db), began)


def test_a_round_begun_before_there_were_rules_goes_on(db: Database, tmp_path: Path) -> None:
    reviewed_round(db, np.random.default_rng(4), {})
    began = faces_now(db)
    old = {name: column for name, column in vars(began).items() if name not in ("softness", "turned_down", "targets")}
    np.savez(tmp_path / "faces.npz", **old)
    assert same(stored_faces(tmp_path, db), began)


def same(one: RoundFaces | None, other: RoundFaces) -> bool:
    return one is not None and all(
        np.array_equal(getattr(one, f.name), getattr(other, f.name)) for f in fields(RoundFaces)
    )
