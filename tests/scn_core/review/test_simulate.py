"""Made-up readers: they answer as they are said to, through the queue, and the counts are what the log says."""

from __future__ import annotations

import json
import math
import shutil
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from scn_core.config import ReviewSettings
from scn_core.errors import DataError, UsageError, WorkspaceError
from scn_core.records import Decision, EffectiveLabels
from scn_core.review.simulate import LEAD, REVIEWER, Plan, Simulation, label_change, simulate, simulated_answer
from scn_core.store.decisions.record import effective_labels, record_decisions
from scn_core.store.decisions.repeats import repeats
from scn_core.store.people.people import ensure_person
from scn_core.store.rounds.states import close_round, finish_round, get_round, latest_finished_round, start_round
from scn_core.store.samples import iter_samples, references
from scn_core.workspace.folder import Workspace
from tests.review_workspace import plausible_scores, repeat_faces
from tests.scn_core.conftest import Run, flags

PERFECT = Plan(budget=1, reviewer_error=0, accept_bias=0, rounds=1)
SLOPPY = Plan(budget=1, reviewer_error=0.5, accept_bias=0.3, rounds=1)


def trainer(workspace: Workspace, *, readings: int = 1, proposals: int = 30, repeats: float = 0) -> Callable[[], None]:
    """Trains nothing: leaves a round in review with made-up scores that begin with the labels people decided on."""

    def train() -> None:
        with workspace.database() as db:
            before = latest_finished_round(db)
            number = start_round(db, {}, code_version="test")
            made = plausible_scores(db, proposals=proposals, low=20, seed=number)
            now = effective_labels(db)
            start = now.label[np.isin(now.sample_id, made.sample_id)]
            proposed = np.where(made.proposed_label == start, -1, made.proposed_label)
            scores = replace(made, start_label=start, trained_label=start, proposed_label=proposed)
            review = ReviewSettings(readings=readings, repeats=repeats)
            metrics = {"val_accuracy": 0.5, "test_accuracy": number / 8}
            finish_round(db, number, scores, metrics, audit=6, review=review)
            if before is not None and before.state == "review":
                close_round(db, before.id)

    return train


def simulated(workspace: Workspace, plan: Plan, *, readings: int = 1, proposals: int = 30) -> Simulation:
    return simulate(workspace, plan, trainer(workspace, readings=readings, proposals=proposals))


def log_of(workspace: Workspace) -> list[tuple[str, int, str, int | None]]:
    """(person, face, action, label) of every row, in order."""
    with workspace.database(read_only=True) as db:
        sql = "SELECT p.name, d.sample_id, d.action, d.label FROM decision d JOIN person p ON p.id = d.person_id"
        return list(db.execute(f"{sql} ORDER BY d.seq").fetchall())


def known(db: Database) -> dict[int, int]:
    kept = references(db)
    return dict(zip(kept.sample_id.tolist(), kept.label.tolist(), strict=True))


# Counts


@st.composite
def faces(draw: st.DrawFn) -> list[tuple[int, int, int | None, str, bool, bool]]:
    """(label before, label after, right label, split, excluded, answered) of some faces, one of them countable."""
    label = st.integers(0, 3)
    face = st.tuples(label, label, label | st.none(), st.sampled_from(["train", "val"]), st.booleans(), st.booleans())
    return [*draw(st.lists(face, max_size=30)), (draw(label), draw(label), draw(label), "train", False, True)]


@settings(deadline=None)
@given(faces())
def test_label_change_counts_each_face_once(rows: list[tuple[int, int, int | None, str, bool, bool]]) -> None:
    numbers = range(10, 10 + len(rows))
    counted = Counter[str]()
    for before, after, right, split, excluded, answered in rows:
        if right is None or split != "train" or excluded:
            continue
        counted["faces"] += 1
        counted["right before"] += before == right
        counted["right after"] += after == right
        if before != right and after == right:
            counted["corrected"] += 1
        elif before == right and after != right:
            counted["over"] += 1
        elif before != right and after == before:
            counted["left"] += 1
            counted["missed"] += answered
        elif before != right:
            counted["mis"] += 1

    def labels(place: int) -> EffectiveLabels:
        count = len(rows)
        column = np.array([row[place] for row in rows], np.int64)
        mask = np.array([row[4] for row in rows])
        splits = np.array([row[3] for row in rows])
        nobody = np.zeros(count, bool)
        return EffectiveLabels(np.array(numbers), splits, column, column, mask, nobody, nobody)

    truth = {number: row[2] for number, row in zip(numbers, rows, strict=True) if row[2] is not None}
    found = label_change(labels(0), labels(1), truth, {n for n, row in zip(numbers, rows, strict=True) if row[5]})
    assert (found.faces, found.corrected, found.over_corrected) == (
        counted["faces"],
        counted["corrected"],
        counted["over"],
    )
    assert (found.mis_corrected, found.left_wrong, found.missed) == (counted["mis"], counted["left"], counted["missed"])
    assert found.accuracy_before * found.faces == pytest.approx(counted["right before"])
    assert found.accuracy_after * found.faces == pytest.approx(counted["right after"])


# One answer


@settings(deadline=None)
@given(st.integers(0, 2**32), st.integers(2, 8), st.data())
def test_an_answer_is_one_the_workspace_takes(seed: int, classes: int, data: st.DataObject) -> None:
    label = st.integers(0, classes - 1)
    has = data.draw(label)
    shown = data.draw((label | st.none()).filter(lambda x: x != has))
    truth = data.draw(label | st.none())
    plan = Plan(reviewer_error=data.draw(st.sampled_from([0, 0.5, 1])), accept_bias=data.draw(st.sampled_from([0, 1])))
    rng = np.random.default_rng(seed)
    action, said = simulated_answer(plan, given=has, shown=shown, truth=truth, classes=classes, rng=rng)
    if shown is not None and plan.accept_bias == 1:
        assert (action, said) == ("accept", shown)
        return
    if truth is None:
        assert (action, said) == ("unsure", None)
        return
    assert said in range(classes)
    assert action == ("accept" if said == shown else "keep" if said == has else "relabel")
    if plan.reviewer_error != 0.5:
        assert (said == truth) == (plan.reviewer_error == 0)


def test_mistakes_are_as_frequent_as_said_and_of_every_class() -> None:
    plan, count = Plan(reviewer_error=0.3, accept_bias=0.2), 4_000
    rng = np.random.default_rng(5)
    said = Counter(simulated_answer(plan, given=0, shown=1, truth=2, classes=5, rng=rng)[1] for _ in range(count))
    # 0.2 accept 1 in a hurry; of the rest 0.7 say 2, and 0.3 / 4 each of the others.
    for label, share in {0: 0.06, 1: 0.26, 2: 0.56, 3: 0.06, 4: 0.06}.items():
        spread = math.sqrt(count * share * (1 - share))
        assert abs(said[label] - count * share) < 4 * spread, label


# A workspace


def test_a_perfect_reader_leaves_no_wrong_label_among_the_answered(workspace: Workspace) -> None:
    done = simulated(workspace, PERFECT)
    with workspace.database() as db:
        truth, now = known(db), effective_labels(db)
        asked = {face for _, face, _, _ in log_of(workspace)}
        label = dict(zip(now.sample_id.tolist(), now.label.tolist(), strict=True))
        assert asked
        assert all(label[face] == truth[face] for face in asked & truth.keys())
        assert latest_finished_round(db) == get_round(db, 2)
    first, last = done.rounds
    assert (first.labels.over_corrected, first.labels.mis_corrected, first.labels.missed) == (0, 0, 0)
    assert first.labels.corrected > 0
    assert first.reviewed == first.answers == len(asked) == sum(first.actions.values())
    assert (last.answers, last.labels.accuracy_before) == (0, first.labels.accuracy_after)
    assert (first.round, first.test_accuracy, last.round, last.test_accuracy) == (1, 0.125, 2, 0.25)


def test_readers_who_err_over_and_under_correct(workspace: Workspace) -> None:
    change = simulated(workspace, replace(PERFECT, reviewer_error=1)).total
    assert (change.corrected, change.accuracy_after < change.accuracy_before) == (0, True)
    assert min(change.over_corrected, change.mis_corrected, change.missed) > 0
    wrong_before = change.corrected + change.mis_corrected + change.left_wrong
    assert wrong_before == round((1 - change.accuracy_before) * change.faces)


@pytest.mark.parametrize(("budget", "answers"), [(0.2, None), (7, 7), (100_000, None)])
def test_the_budget_is_faces_of_every_round(workspace: Workspace, budget: float, answers: int | None) -> None:
    done = simulated(workspace, replace(PERFECT, budget=budget, rounds=2))
    with workspace.database() as db:
        trained = sum(stored.sample.split == "train" for stored in iter_samples(db))
        asked = [
            db.execute("SELECT count(DISTINCT sample_id) FROM queue_item WHERE round_id = ?", (n,)).fetchone()[0]
            for n in (1, 2)
        ]
    expected = [answers or min(round(0.2 * trained) if budget < 1 else trained, faces) for faces in asked]
    assert [each.answers for each in done.rounds] == [*expected, 0]
    assert done.answers == sum(expected)


def test_a_round_in_review_is_reviewed_and_not_trained_again(workspace: Workspace) -> None:
    trainer(workspace)()
    assert [each.round for each in simulated(workspace, PERFECT).rounds] == [1, 2]


def test_total_counts_from_the_first_labels_to_the_last(workspace: Workspace) -> None:
    done = simulated(workspace, replace(SLOPPY, rounds=3))
    assert len(done.rounds) == 4
    assert done.total.accuracy_before == done.rounds[0].labels.accuracy_before
    assert done.total.accuracy_after == done.rounds[-1].labels.accuracy_after
    assert done.total.corrected <= sum(each.labels.corrected for each in done.rounds)


def test_the_same_seed_gives_the_same_answers(workspace: Workspace, tmp_path: Path) -> None:
    one, two = (Workspace(shutil.copytree(workspace.path, tmp_path / name)) for name in ("one", "two"))
    plan = replace(SLOPPY, rounds=2)
    assert simulated(one, plan) == simulated(two, plan)
    assert log_of(one) == log_of(two)
    simulated(workspace, replace(plan, seed=1))
    assert log_of(workspace) != log_of(one)


def test_the_proposal_of_an_audit_face_is_not_seen(workspace: Workspace) -> None:
    simulated(workspace, replace(PERFECT, accept_bias=1))
    with workspace.database() as db:
        rows = db.execute(
            "SELECT q.kind, d.action, d.blind, c.proposed_label FROM decision d "
            "JOIN score c USING (sample_id, round_id) "
            "JOIN queue_item q ON q.sample_id = d.sample_id AND q.round_id = d.round_id AND q.listed = 1"
        ).fetchall()
    audit = [(action, blind) for kind, action, blind, _ in rows if kind == "audit"]
    assert len(audit) == 6
    assert all(blind and action != "accept" for action, blind in audit)
    assert all(action == "accept" for kind, action, _, _ in rows if kind == "proposal")


def test_two_readers_answer_the_same_faces_and_a_lead_settles_the_rest(workspace: Workspace) -> None:
    plan = replace(SLOPPY, budget=20)
    done = simulated(workspace, plan, readings=2)
    by_person = Counter(person for person, _, _, _ in log_of(workspace))
    assert by_person[REVIEWER] == by_person[f"{REVIEWER} 2"] == 20
    assert by_person[LEAD] > 0
    assert done.rounds[0].reviewed == 20
    assert done.answers == by_person.total()
    with workspace.database() as db:
        states = db.execute("SELECT state, needed, count(*) FROM outcome GROUP BY 1, 2").fetchall()
        assert states == [("decided", 2, 20)]
        given_up = db.execute("SELECT count(*) FROM decision WHERE adjudicates = 1").fetchone()[0]
        assert given_up == by_person[LEAD]


def test_a_hidden_repeat_is_answered_anew_and_is_no_face_of_the_budget(workspace: Workspace, tmp_path: Path) -> None:
    many = repeat_faces(workspace, tmp_path / "many", 200)
    shutil.copytree(workspace.settings().root, many.path / "images")
    done = simulate(many, replace(SLOPPY, budget=170), trainer(many, proposals=160, repeats=0.2))
    assert done.rounds[0].reviewed == 170
    said = Counter(face for _, face, _, _ in log_of(many))
    twice = [face for face, times in said.items() if times == 2]
    assert twice
    assert done.answers == 170 + len(twice) == said.total()
    with many.database() as db:
        found = repeats(db, 1)
        assert sorted(each.sample_id for each in found) == sorted(twice)
    assert any(each.first_label != each.again_label for each in found)  # luck is drawn anew


def test_a_reference_file_is_what_readers_know(workspace: Workspace, tmp_path: Path) -> None:
    with workspace.database() as db:
        keys = [stored.sample.key for stored in iter_samples(db) if stored.sample.split == "train"]
    told = tmp_path / "better.csv"
    told.write_text("path,label\n" + "\n".join(f"{key},happy" for key in keys[::2]))
    done = simulate(workspace, PERFECT, trainer(workspace), reference=told)
    assert done.total.faces == len(keys[::2])
    said = {(action == "unsure", label) for _, _, action, label in log_of(workspace)}
    assert {label for unsure, label in said if not unsure} == {1}  # happy
    assert done.rounds[0].actions["unsure"] > 0


def test_without_a_known_face_nothing_is_begun(workspace: Workspace, tmp_path: Path) -> None:
    told = tmp_path / "better.csv"
    told.write_text("path,label\nelsewhere.jpg,happy\n")
    with pytest.raises(DataError, match=r"better.csv: no path names a training face; allowed: keys .* such as faces/"):
        simulate(workspace, PERFECT, trainer(workspace), reference=told)
    with workspace.database() as db:
        assert latest_finished_round(db) is None


@pytest.mark.parametrize("taken_back", [False, True])
def test_what_people_decided_is_not_mixed_with_made_up_answers(workspace: Workspace, taken_back: bool) -> None:
    trainer(workspace)()
    with workspace.database() as db:
        ensure_person(db, "ann")
        face = int(db.execute("SELECT sample_id FROM score LIMIT 1").fetchone()[0])
        first = Decision(str(uuid.uuid4()), 1, face, "ann", "exclude")
        undo = Decision(str(uuid.uuid4()), 1, face, "ann", "undo", undoes=first.id)
        record_decisions(db, [first, undo] if taken_back else [first])
    before = log_of(workspace)
    with pytest.raises(WorkspaceError, match=r"found decisions of ann; .* copy of the folder, with --force"):
        simulated(workspace, PERFECT)
    assert log_of(workspace) == before
    simulate(workspace, PERFECT, trainer(workspace), force=True)
    assert len(log_of(workspace)) > len(before)
    simulated_again = log_of(workspace)
    with pytest.raises(WorkspaceError, match="found decisions of ann"):
        simulated(workspace, PERFECT)
    assert log_of(workspace) == simulated_again


def test_a_second_simulation_goes_on_where_the_first_ended(workspace: Workspace) -> None:
    assert [each.round for each in simulated(workspace, replace(PERFECT, budget=5)).rounds] == [1, 2]
    assert [each.round for each in simulated(workspace, replace(PERFECT, budget=5)).rounds] == [2, 3]


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"budget": 0}, "--budget: found 0; allowed: a share up to 1, or a whole number"),
        ({"budget": 1.5}, "--budget: found 1.5"),
        ({"budget": float("nan")}, "--budget: found nan"),
        ({"budget": float("inf")}, "--budget: found inf"),
        ({"reviewer_error": 1.2}, "--reviewer-error: found 1.2; allowed: a number from 0 to 1"),
        ({"accept_bias": -0.1}, "--accept-bias: found -0.1"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(said: dict[str, float], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Plan(**said)  # type: ignore[arg-type]


# The command


def test_the_command_trains_reviews_and_trains(workspace: Workspace, run: Run) -> None:
    done = run("simulate", workspace.path, *flags(), "--budget", "10", "--rounds", "1", "--seed", "3", "--json")
    assert done.code == 0, done.err
    told = json.loads(done.out)
    assert [each["round"] for each in told["rounds"]] == [1, 2]
    assert [each["answers"] for each in told["rounds"]] == [10, 0]
    assert told["plan"]["seed"] == 3
    with workspace.database() as db:
        assert [get_round(db, n).state for n in (1, 2)] == ["closed", "review"]
        assert get_round(db, 2).config["seed"] == 3
        trained = db.execute("SELECT count(*) FROM score WHERE round_id = 2 AND start_label <> (SELECT given_label "
                             "FROM sample WHERE id = sample_id)").fetchone()[0]  # fmt: skip
    assert trained == told["total"]["corrected"] + told["total"]["over_corrected"] + told["total"]["mis_corrected"]

    again = run("simulate", workspace.path, "--budget", "5", "--rounds", "1", "--margin-relabel", "0.1")
    assert again.code == 0, again.err
    assert "corrected" in again.out
    with workspace.database() as db:
        before, after = get_round(db, 2).config, get_round(db, 3).config
    labels = {"labels": after["labels"]}  # each on those of its time
    assert after == before | {"margin_relabel": 0.1} | labels  # trained alike, but for what is said


def test_the_command_refuses_before_it_trains(workspace: Workspace, run: Run) -> None:
    done = run("simulate", workspace.path, "--budget", "2.5")
    assert (done.code, done.out) == (2, "")
    assert "--budget: found 2.5" in done.err
