"""The order of the queue, learned from answers."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from scn_core.cli.main import cli
from scn_core.config import ReviewSettings
from scn_core.records import Decision, IntArray, QueueFilter, QueueItem
from scn_core.review.learn_order import Faces, change_probability, expectation, learn_order, rank_open_faces
from scn_core.store.decisions.record import record_decisions
from scn_core.store.people.people import ensure_person
from scn_core.store.queue.learned_order import (
    EXCLUDE,
    NEEDED,
    UNSURE,
    OpenFaces,
    TrainingExamples,
    due,
    learned_order,
    open_faces,
)
from scn_core.store.queue.leases import claim_items
from scn_core.store.rounds.states import close_round
from scn_core.workspace.folder import Workspace
from tests.another_writer import AnotherWriter
from tests.review_workspace import add_round, copy_workspace, draw_workspace

CLASSES = 4


def made_up(count: int = 1200, seed: int = 0) -> tuple[Faces, IntArray]:
    """Faces whose label 0 is mostly wrong and whose other labels are right, whatever the network says; the truth."""
    rng = np.random.default_rng(seed)
    label = rng.integers(0, CLASSES, count)
    truth = np.where((label == 0) & (rng.random(count) < 0.9), rng.integers(1, CLASSES, count), label)
    probabilities = rng.dirichlet(np.ones(CLASSES), count).astype(np.float32)
    return Faces(np.arange(count) * 3 + 1, label, np.full(count, 0.3, np.float32), probabilities), truth


def taught(faces: Faces, answer: IntArray, count: int = 200) -> TrainingExamples:
    return TrainingExamples(faces.sample_id[:count], answer[:count], 7)


def test_it_learns_which_labels_are_mostly_wrong() -> None:
    faces, truth = made_up()
    doubt = change_probability(faces, taught(faces, truth))
    assert doubt is not None
    assert doubt[faces.label == 0].min() > doubt[faces.label != 0].max()
    assert ((doubt >= 0) & (doubt <= 1)).all()


def test_it_learns_how_far_the_network_is_to_be_believed() -> None:
    faces, _ = made_up(3000, seed=1)
    truth = np.where(faces.label == 1, faces.probabilities.argmax(1), faces.label)  # it is right about label 1 alone
    doubt = change_probability(faces, taught(faces, truth, 600))
    assert doubt is not None
    rest = np.arange(len(truth)) >= 600
    wrong = (truth != faces.label) & rest
    assert doubt[wrong].mean() > 0.5 > 0.2 > doubt[~wrong & rest].mean()


def test_faces_nobody_can_tell_come_late_and_unusable_ones_early() -> None:
    faces, _ = made_up()
    answer = np.select([faces.label == 1, faces.label == 2], [UNSURE, EXCLUDE], faces.label)
    doubt = change_probability(faces, taught(faces, answer))
    assert doubt is not None
    assert doubt[faces.label == 1].max() < 0.25
    assert doubt[faces.label == 2].min() > 0.6


def test_it_learns_what_the_votes_of_earlier_annotators_are_worth() -> None:
    """Their disagreement tells wrong labels here, and the network knows nothing."""
    faces, _ = made_up(2000, seed=2)
    rng = np.random.default_rng(2)
    wrong = rng.random(2000) < 0.3
    truth = np.where(wrong, (faces.label + 1) % CLASSES, faces.label)
    counts = rng.multinomial(3, [1 / CLASSES] * CLASSES, 2000) + 4 * np.eye(CLASSES, dtype=np.int64)[truth]
    votes = ((counts + 1) / (counts.sum(1, keepdims=True) + CLASSES)).astype(np.float32)
    rest = np.arange(2000) >= 300
    without = change_probability(faces, taught(faces, truth, 300))
    doubt = change_probability(replace(faces, votes=votes), taught(faces, truth, 300))
    assert without is not None
    assert doubt is not None
    assert without[wrong & rest].mean() - without[~wrong & rest].mean() < 0.1
    assert doubt[wrong & rest].mean() - doubt[~wrong & rest].mean() > 0.5


def test_another_model_counts_as_far_as_the_answers_confirm_it() -> None:
    faces, _ = made_up(2000, seed=2)
    wrong = np.random.default_rng(2).random(2000) < 0.3
    truth = np.where(wrong, (faces.label + 1) % CLASSES, faces.label)
    opinion = (np.eye(CLASSES, dtype=np.float32)[truth] - np.float32(1 / CLASSES)) / np.float32(0.43)
    doubt = change_probability(replace(faces, opinions=[opinion]), taught(faces, truth, 300))
    assert doubt is not None
    rest = np.arange(2000) >= 300
    assert doubt[wrong & rest].mean() - doubt[~wrong & rest].mean() > 0.5


def test_twenty_answers_correct_how_many_labels_are_wrong_and_leave_the_order_within_a_class() -> None:
    rng = np.random.default_rng(0)
    count = 2000
    label, probabilities = rng.integers(0, CLASSES, count), rng.dirichlet(np.ones(CLASSES), count).astype(np.float32)
    suspicion = rng.uniform(0.2, 0.6, count).astype(np.float32)
    faces = Faces(np.arange(count), label, suspicion, probabilities)
    few, many = np.zeros(NEEDED, np.bool_), np.arange(NEEDED) % 4 > 0
    few[3] = True
    said = []
    for wrong in (few, many):
        answer = np.where(wrong, (label[:NEEDED] + 1) % CLASSES, label[:NEEDED])
        doubt = change_probability(faces, TrainingExamples(np.arange(NEEDED), answer, NEEDED))
        assert doubt is not None
        said.append(doubt.mean())
        alike = [np.corrcoef(doubt[label == c], suspicion[label == c])[0, 1] for c in range(CLASSES)]
        assert min(alike) > 0.5
    assert said[0] < 0.25 < suspicion.mean() < 0.55 < said[1]


def test_before_any_answer_the_label_stays_as_suspicion_says() -> None:
    faces = Faces(np.array([4]), np.array([1]), np.array([0.4], np.float32), np.array([[0.3, 0.5, 0.2]], np.float32))
    (logs,) = expectation(faces, np.array([UNSURE, 0, 1, 2]))
    assert np.exp(logs).tolist() == pytest.approx([0.01, 0.24, 0.6, 0.16], abs=2e-4)


def test_votes_in_the_database_change_the_order(workspace: Workspace) -> None:
    with workspace.database() as db:
        ensure_person(db, "ann")
        faces = open_faces(db, 1)
        for number, face in enumerate(faces.sample_id[:60].tolist()):
            record_decisions(db, [Decision(str(uuid.uuid4()), 1, face, "ann", "relabel", number % 3)])
        plain = learn_order(db, 1)
        before = db.execute("SELECT sample_id FROM learned_place ORDER BY place").fetchall()
        db.execute("INSERT INTO vote SELECT id, '', id % 3, '', 10 FROM sample")
        with_votes = learn_order(db, 1)
        after = db.execute("SELECT sample_id FROM learned_place ORDER BY place").fetchall()
        assert plain is not None
        assert with_votes is not None
        assert before != after
        learn_order(db, 1, votes=False)
        assert db.execute("SELECT sample_id FROM learned_place ORDER BY place").fetchall() == before


def test_too_little_teaches_nothing() -> None:
    faces, truth = made_up()
    assert change_probability(faces, taught(faces, truth, NEEDED - 1)) is None
    assert change_probability(faces, taught(faces, np.ones_like(truth))) is None
    assert change_probability(faces, taught(faces, truth, NEEDED)) is not None


def test_a_decided_face_without_a_score_teaches_nothing() -> None:
    """Excluded in round 1, it was not trained on in round 2; there somebody kept it after all."""
    faces, truth = made_up()
    learned = taught(faces, truth)
    expected = change_probability(faces, learned)
    assert expected is not None
    for others in ([0], [2, 5], [int(faces.sample_id[-1]) + 1]):  # before, between and behind those with a score
        sample_id = np.concatenate([learned.sample_id, others])
        order = np.argsort(sample_id)
        answer = np.concatenate([learned.answer, np.full(len(others), EXCLUDE)])
        found = change_probability(faces, TrainingExamples(sample_id[order], answer[order], 7))
        assert found is not None
        assert np.array_equal(found, expected)
        alone = TrainingExamples(np.array(others * NEEDED)[:NEEDED], np.arange(NEEDED) % 2, 7)
        assert change_probability(faces, alone) is None


waiting_faces = st.integers(0, 400).flatmap(
    lambda n: st.tuples(st.just(n), st.integers(0, 2**32 - 1), st.floats(0, 0.5), st.integers(0, n))
)


@settings(max_examples=60)
@given(waiting_faces)
def test_every_face_has_one_place_and_audit_faces_keep_their_order(drawn: tuple[int, int, float, int]) -> None:
    n, seed, explore, audits = drawn
    rng = np.random.default_rng(seed)
    audit = np.zeros(n, np.bool_)
    audit[rng.permutation(n)[:audits]] = True
    waiting = OpenFaces(rng.permutation(n) + 10, np.where(audit, -1, rng.integers(-1, 3, n)), audit)
    doubt, label = rng.random(n), rng.integers(0, 3, n)
    placed = rank_open_faces(waiting, doubt, label, explore=explore, seed=seed)
    assert len(set(placed.tolist())) == len(placed)
    if audits < n:
        assert set(placed.tolist()) == set(waiting.sample_id.tolist()), "so few all have a place"
        among = [face for face in placed.tolist() if face in set(waiting.sample_id[audit].tolist())]
        assert among == waiting.sample_id[audit].tolist()
        changed = np.where(audit, 1 - doubt, doubt)
        assert rank_open_faces(waiting, changed, label, explore=explore, seed=seed).tolist() == placed.tolist(), (
            "what is learned of an audit face tells nothing"
        )


def test_the_most_doubtful_come_first_but_for_a_share_at_random() -> None:
    rng = np.random.default_rng(0)
    doubt = rng.permutation(20_000) / 20_000
    audit = np.arange(20_000) % 50 == 0
    waiting = OpenFaces(np.arange(20_000), np.where(audit, -1, 1), audit)
    label = np.zeros(20_000, np.int64)
    strict = rank_open_faces(waiting, doubt, label, explore=0, seed=1)
    plain = strict[~audit[strict]]
    assert plain.tolist() == np.flatnonzero(~audit)[np.argsort(-doubt[~audit])][: len(plain)].tolist()
    assert abs(audit[strict[:1000]].sum() - 20) <= 1
    mixed = rank_open_faces(waiting, doubt, label, explore=0.1, seed=1)
    drawn = doubt[mixed[~audit[mixed]]] < doubt[plain].min()
    assert 0.05 < drawn.mean() < 0.1
    assert abs(drawn[:1000].mean() - drawn.mean()) < 0.03, "evenly"


def test_each_pair_has_places_for_those_who_filter_by_it() -> None:
    n = 20_000
    label = (np.arange(n) % 100 == 0).astype(np.int64)  # one in a hundred, and never doubted
    waiting = OpenFaces(np.arange(n), np.ones(n, np.int64), np.zeros(n, np.bool_))
    placed = rank_open_faces(waiting, 1.0 - label, label, explore=0, seed=0)
    assert len(placed) == 5_200
    assert label[placed].sum() == 200


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Drawn once, without a round; copy it."""
    return draw_workspace(tmp_path_factory.mktemp("drawn") / "ws")


@pytest.fixture
def workspace(drawn: Workspace, tmp_path: Path) -> Workspace:
    copy = copy_workspace(drawn, tmp_path / "ws")
    add_round(copy, proposals=40, low=50, audit=6)
    with copy.database() as db:
        ensure_person(db, "ann"), ensure_person(db, "bob")
    return copy


def answer(db: Database, count: int) -> list[Decision]:
    """ann answers the next faces of the queue: accepts proposals, keeps the rest."""
    page = claim_items(db, 1, 1, QueueFilter(), limit=count).items
    made = []
    for item in page:
        proposed = item.proposed_label if item.proposed_label is not None and not item.blind else None
        label = item.given_label if proposed is None else proposed
        action = "keep" if proposed is None else "accept"
        made.append(Decision(str(uuid.uuid4()), 1, item.sample_id, "ann", action, label))  # type: ignore[arg-type]
    record_decisions(db, made)
    return made


def queue(db: Database, person: int = 2, *, where: QueueFilter | None = None) -> list[int]:
    with_leases: list[QueueItem] = []
    while page := claim_items(
        db, 1, person, where or QueueFilter(), limit=500, have=[item.id for item in with_leases]
    ).items:  # one for each pair, where grouped
        with_leases += page
    db.execute("UPDATE queue_item SET lease_person = NULL, lease_until = NULL WHERE lease_person = ?", (person,))
    return [item.sample_id for item in with_leases]


def test_the_queue_follows_the_answers(workspace: Workspace) -> None:
    with workspace.database() as db:
        assert learned_order(db, 1) is None
        answer(db, 45)
        before = queue(db)
        made = learn_order(db, 1)
        assert made == learned_order(db, 1)
        assert made is not None
        assert made.answers == 45
        after = queue(db)
        assert sorted(after) == sorted(before) == sorted(open_faces(db, 1).sample_id.tolist())
        assert after != before
        places = [face for (face,) in db.execute("SELECT sample_id FROM learned_place ORDER BY place")]
        assert after == places


def test_a_face_kept_after_a_round_without_it_does_not_stop_the_order(workspace: Workspace) -> None:
    """It lies behind all faces that have a score."""
    with workspace.database() as db:
        out, given = db.execute("SELECT max(id), given_label FROM sample WHERE split = 'train'").fetchone()
        record_decisions(db, [Decision("out", 1, out, "ann", "exclude")])
        close_round(db, 1)
    add_round(workspace, proposals=40, low=50, audit=6)
    with workspace.database() as db:
        faces = open_faces(db, 2).sample_id[: 2 * NEEDED].tolist()
        relabelled = [
            Decision(str(uuid.uuid4()), 2, face, "ann", "relabel", n % CLASSES) for n, face in enumerate(faces)
        ]
        record_decisions(db, [*relabelled, Decision("in", 2, out, "ann", "keep", given)])
        order = learn_order(db, 2)
        assert order is not None
        assert order.answers == 2 * NEEDED + 1
        assert not due(db, 2)


def test_other_orders_stay_as_they_are(workspace: Workspace) -> None:
    others = [QueueFilter(order="alpha"), QueueFilter(order="margin"), QueueFilter(order="margin", grouped=True)]
    with workspace.database() as db:
        answer(db, 45)
        before = [queue(db, where=where) for where in others]
        learn_order(db, 1)
        assert [queue(db, where=where) for where in others] == before
        given = QueueFilter(given=2)
        assert queue(db, where=given) == [face for face in queue(db) if face in set(queue(db, where=given))]


def test_groups_come_in_their_order_and_the_faces_of_each_as_they_were_learned(workspace: Workspace) -> None:
    grouped = QueueFilter(grouped=True)
    with workspace.database() as db:
        answer(db, 45)
        before = queue(db, where=grouped)
        learn_order(db, 1)
        rows = db.execute("SELECT sample_id, given_label, proposed_label FROM queue_item WHERE listed = 1")
        pair = {face: pair for face, *pair in rows}
        after = queue(db, where=grouped)
        assert [pair[face] for face in after] == [pair[face] for face in before]
        assert after != before
        learned = queue(db)
        for each in (pair[face] for face in after):
            assert [face for face in after if pair[face] == each] == [face for face in learned if pair[face] == each]
        rest = QueueFilter(grouped=True, label=2)
        assert queue(db, where=rest) == [face for face in after if 2 in pair[face]]


def test_leased_faces_stay_with_their_reader(workspace: Workspace) -> None:
    with workspace.database() as db:
        answer(db, 45)
        held = [item.id for item in claim_items(db, 1, 1, QueueFilter(), limit=5).items]
        learn_order(db, 1)
        assert claim_items(db, 1, 1, QueueFilter(), limit=0, have=held).lost == []
        assert not set(held) & {item.id for item in claim_items(db, 1, 2, QueueFilter(), limit=500).items}


def test_it_is_the_same_after_a_restart(workspace: Workspace) -> None:
    with workspace.database() as db:
        answer(db, 45)
        learn_order(db, 1)
        first = queue(db)
    with workspace.database() as db:
        assert queue(db) == first
        db.execute("DELETE FROM learned_place")
        learn_order(db, 1)
        assert queue(db) == first


def test_it_is_due_after_so_many_answers_and_when_as_many_are_taken_back(drawn: Workspace, tmp_path: Path) -> None:
    copy = copy_workspace(drawn, tmp_path / "ws")
    add_round(copy, proposals=40, low=50, audit=6, review=ReviewSettings(learn_every=25))
    with copy.database() as db:
        ensure_person(db, "ann"), ensure_person(db, "bob")
        made = answer(db, NEEDED - 1)
        assert not due(db, 1)
        made += answer(db, 1)
        assert due(db, 1)
        learn_order(db, 1)
        made += answer(db, 24)
        assert not due(db, 1)
        made += answer(db, 10)
        assert due(db, 1)
        learn_order(db, 1)
        for each in made:
            undo = Decision(str(uuid.uuid4()), 1, each.sample_id, "ann", "undo", undoes=each.id)
            record_decisions(db, [undo])
        assert due(db, 1)
        assert not due(db, 99)


def test_never_where_the_rule_says_so(drawn: Workspace, tmp_path: Path) -> None:
    copy = copy_workspace(drawn, tmp_path / "ws")
    add_round(copy, proposals=40, low=50, audit=6, review=ReviewSettings(learn_every=0))
    with copy.database() as db:
        ensure_person(db, "ann"), ensure_person(db, "bob")
        answer(db, 80)
        assert not due(db, 1)


def test_answers_all_alike_teach_nothing_and_are_not_tried_again_at_once(workspace: Workspace) -> None:
    with workspace.database() as db:
        before = queue(db)
        page = claim_items(db, 1, 1, QueueFilter(), limit=60).items
        record_decisions(db, [Decision(str(uuid.uuid4()), 1, item.sample_id, "ann", "unsure") for item in page])
        assert due(db, 1)
        assert learn_order(db, 1) is None
        assert not due(db, 1)
        assert queue(db) == [face for face in before if face not in {item.sample_id for item in page}]


def test_the_command_waits_for_another_program_that_writes(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with workspace.database() as db:
        answer(db, 45)
    with AnotherWriter(workspace) as other:
        monkeypatch.setattr("scn_core.workspace.folder.say_waiting", lambda text: other.release())
        result = CliRunner().invoke(cli, ["order", str(workspace.path)], catch_exceptions=False)
    assert result.stdout == "round 1: order learned from 45 decided faces\n"


def test_the_command_learns_and_forgets(workspace: Workspace) -> None:
    def run(*options: str) -> str:
        result = CliRunner().invoke(cli, ["order", str(workspace.path), *options], catch_exceptions=False)
        assert result.exit_code == 0
        return result.stdout

    assert "the order is that of suspicion; an order is learned from 20 decided faces on" in run()
    with workspace.database() as db:
        before = queue(db)
        answered = {each.sample_id for each in answer(db, 45)}
    assert run() == "round 1: order learned from 45 decided faces\n"
    assert json.loads(run("--json"))["learned"]["answers"] == 45
    assert "forgotten" in run("--forget")
    with workspace.database() as db:
        assert learned_order(db, 1) is None
        assert queue(db) == [face for face in before if face not in answered]
