from __future__ import annotations

import json
import uuid

import numpy as np
import pytest

from scn_core.records import Decision, EpochReport
from scn_core.shell import command_line
from scn_core.store.connection import transaction
from scn_core.store.decisions.record import record_decisions
from scn_core.store.people.people import ensure_person
from scn_core.store.queue.undecided import undecided_faces
from scn_core.store.rounds import states as rounds
from scn_core.store.scores import scores
from scn_core.workspace.folder import Workspace
from scn_core.workspace.status import Status, describe, status_of
from tests.review_workspace import add_round
from tests.scn_core.conftest import FACES

REPORT = EpochReport(1, 2.5, 2.0, 0.5, 0.3, 0.71, 0.42, 0.6, 0.123, 0.15, None, 0, 1234.5, 8.1)


def status(workspace: Workspace) -> Status:
    with workspace.database(read_only=True) as db:
        return status_of(workspace, db)


def test_before_any_round(workspace: Workspace) -> None:
    now = status(workspace)
    assert (now.dataset, now.round, now.epochs, now.proposals, now.decisions) == ("demo", None, [], 0, 0)
    assert sum(now.samples.values()) == FACES
    assert list(now.samples) == ["train", "val", "test"]
    assert len(now.classes) == 7
    text = describe(now)
    assert f"next: python -m scn_core train {workspace.path}" in text
    assert f"{now.samples['train']} train, {now.samples['val']} val, {now.samples['test']} test" in text
    assert "import problems" not in text


def test_an_installation_for_reviewing_alone_is_not_told_to_train(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scn_core.workspace.status.find_spec", lambda name: None)
    text = describe(status(workspace))
    assert f"next: python -m scn_core round pack {workspace.path} --out job.zip, to train on another machine" in text


def test_while_it_runs(workspace: Workspace) -> None:
    with workspace.database() as db:
        rounds.record_epoch(db, rounds.start_round(db, {"epochs": 30}, code_version="1"), REPORT)
    now = status(workspace)
    assert now.epochs == [REPORT]
    text = describe(now)
    assert "round 1    running" in text
    assert "1 of 30: loss 2.500, accuracy 30.0%, alpha 0.71 high / 0.42 low (spread 0.123), 1,234 faces/s" in text
    assert "proposals" not in text


def test_marks_and_what_was_taken_back_are_no_answers(reviewed: Workspace) -> None:
    with reviewed.database() as db:
        ensure_person(db, "ann")
        keep, skip, flag, note, out, unsure = (int(face) for face in scores(db, 1).sample_id[:6])
        said = [
            Decision("keep", 1, keep, "ann", "keep", int(scores(db, 1).start_label[0])),
            Decision("skip", 1, skip, "ann", "skip"),
            Decision("flag", 1, flag, "ann", "flag"),
            Decision("note", 1, note, "ann", "note", text="blurred"),
            Decision("out", 1, out, "ann", "exclude"),
            Decision("unsure", 1, unsure, "ann", "unsure"),
            Decision("back", 1, out, "ann", "undo", undoes="out"),
        ]
        record_decisions(db, said)
    assert status(reviewed).decisions == 2  # keep and unsure
    assert "2 answers so far" in describe(status(reviewed))


def test_a_trainer_that_is_no_more_is_told(workspace: Workspace) -> None:
    with workspace.database() as db:
        number = rounds.start_round(db, {}, code_version="1")
        assert not status(workspace).stale
        with transaction(db):
            db.execute("UPDATE round SET heartbeat_at = '2020-01-01T00:00:00.000Z' WHERE id = ?", (number,))
    now = status(workspace)
    assert now.stale
    resume = command_line("train", workspace.path, "--resume")
    assert f"running: not heard of since 2020-01-01T00:00:00.000Z; go on with: {resume}" in describe(now)


def test_a_failed_round_says_why(workspace: Workspace) -> None:
    with workspace.database() as db:
        rounds.fail_round(db, rounds.start_round(db, {}, code_version="1"), "disk on fire")
    assert "round 1    failed: disk on fire" in describe(status(workspace))


def test_in_review_with_answers(reviewed: Workspace) -> None:
    before = status(reviewed)
    assert before.round is not None
    assert before.round.state == "review"
    assert before.open_proposals == before.proposals == before.round.metrics["proposals"] > 0
    with reviewed.database() as db:
        ensure_person(db, "ann")
        found = scores(db, 1)
        first = int(np.flatnonzero(found.proposed_label >= 0)[0])
        sample, label = int(found.sample_id[first]), int(found.proposed_label[first])
        record_decisions(db, [Decision(str(uuid.uuid4()), 1, sample, "ann", "accept", label)])
    after = status(reviewed)
    assert (after.decisions, after.proposals, after.open_proposals) == (1, before.proposals, before.proposals - 1)
    assert f"proposals  {after.proposals} by the trainer; 1 answer so far" in describe(after)
    with reviewed.database() as db:
        left = undecided_faces(db, 1)
    assert left.proposals < after.open_proposals, "some audit faces have a proposal, which nobody is shown"
    assert f"left       {left}; audit faces count as without a proposal" in describe(after), "as on the page Rounds"
    assert "validation " in describe(after)


def test_answers_of_earlier_rounds_are_counted_apart(reviewed: Workspace) -> None:
    with reviewed.database() as db:
        ensure_person(db, "ann")
        faces = [int(face) for face in scores(db, 1).sample_id[:3]]
        record_decisions(db, [Decision(f"one-{face}", 1, face, "ann", "exclude") for face in faces])
    add_round(reviewed)
    with reviewed.database() as db:
        record_decisions(db, [Decision("two", 2, faces[0], "ann", "unsure")])
    now = status(reviewed)
    assert (now.round_decisions, now.decisions) == (1, 4)
    assert "; 1 answer so far, 3 in earlier rounds\n" in describe(now) + "\n"


def test_warnings_and_import_problems_are_shown(reviewed: Workspace) -> None:
    with reviewed.database() as db:
        collapsed = {"warnings": ["epoch 4: importance weights have collapsed"]}
        metrics = json.dumps(collapsed | {"few_faces": "trained on 9 faces", "learned_by_heart": "by heart"})
        db.execute("UPDATE round SET metrics = ?", (metrics,))
        db.execute("INSERT INTO problem (file, found, allowed, kept) VALUES ('a.jpg', 'holes', 'none', 0)")
    text = describe(status(reviewed))
    assert "warning    epoch 4: importance weights have collapsed" in text
    assert "warning    trained on 9 faces\nwarning    by heart\n" in text
    assert "; 1 import problems" in text


@pytest.mark.parametrize("trained", [False, True])
def test_it_is_plain_json(trained: bool, workspace: Workspace, reviewed: Workspace) -> None:
    now = status(reviewed if trained else workspace)
    said = json.loads(json.dumps(now.as_dict(), allow_nan=False))
    assert said["samples"] == now.samples
    assert (said["round"] is None) != trained
    assert len(said["epochs"]) == len(now.epochs)
