"""Rounds from beginning to end on real (drawn) faces, however they are stopped."""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
import signal
import sqlite3
import uuid
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import PIL
import pytest
import torch
from safetensors.torch import load_file
from sqlite_utils import Database

from scn_core import made_with
from scn_core.config import ReviewSettings, TrainSettings
from scn_core.errors import TrainingError, UsageError, WeightsError, WorkspaceError
from scn_core.records import Decision, EpochReport, RoundInfo, RoundScores
from scn_core.rounds.features import open_features
from scn_core.rounds.lifecycle import New, Resume
from scn_core.rounds.train import train_round
from scn_core.scn.model import SelfCureNetwork
from scn_core.scn.suspicion import DYNAMICS, PROPOSE_FROM
from scn_core.store import connection
from scn_core.store.decisions.record import record_decisions
from scn_core.store.opinions import add_source, insert_opinions
from scn_core.store.people.people import ensure_person
from scn_core.store.rounds import states as store
from scn_core.store.samples import data_hash, iter_samples
from scn_core.store.scores import scores
from scn_core.training.distributed import ALONE, Team
from scn_core.workspace.folder import Workspace
from tests.another_writer import AnotherWriter
from tests.scn_core.conftest import BATCH_NORM, REVIEWED, Recorder, Run, settings
from tests.scn_core.forks import run_forked

FINISHED = [
    "config.json", "dynamics.npy", "faces.npz", "features.npy", "held_out.npy", "held_out_features.npy", "log.txt",
    "meta.json", "neighbours.npy", "weights.safetensors",
]  # fmt: skip


def train(
    workspace: Workspace,
    watcher: Recorder | None = None,
    *,
    resume: bool = False,
    team: Team = ALONE,
    **changes: Any,
) -> RoundInfo:
    start = Resume() if resume else New(settings(**changes))
    return train_round(workspace, start, watcher or Recorder(), team=team)


def scores_of(workspace: Workspace, number: int = 1) -> RoundScores:
    with workspace.database(read_only=True) as db:
        return scores(db, number)


def newest(workspace: Workspace) -> RoundInfo:
    with workspace.database(read_only=True) as db:
        found = store.latest_round(db)
    assert found is not None
    return found


def same(one: RoundScores, other: RoundScores) -> bool:
    return all(np.array_equal(getattr(one, f.name), getattr(other, f.name)) for f in fields(RoundScores))


def by_split(db: Database) -> dict[str, list[int]]:
    ids: dict[str, list[int]] = {"train": [], "val": [], "test": []}
    for stored in iter_samples(db):
        ids[stored.sample.split].append(stored.id)
    return ids


def answer(db: Database, sample_id: int, action: Any, label: int | None) -> None:
    ensure_person(db, "ann")
    record_decisions(db, [Decision(str(uuid.uuid4()), 1, sample_id, "ann", action, label)])


# What a round leaves behind


def test_every_train_face_is_scored_and_no_other(reviewed: Workspace) -> None:
    with reviewed.database(read_only=True) as db:
        ids = by_split(db)
        assert scores(db, 1).sample_id.tolist() == ids["train"]
        assert db.execute(
            "SELECT count(*) FROM queue_item WHERE sample_id NOT IN (SELECT sample_id FROM score)"
        ).fetchone() == (0,)
    assert all(ids.values())


WAITING = "waiting for another program that is writing to the database"


def test_a_round_waits_for_another_program_that_writes(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "PATIENT_TRY_MS", 20)
    others: list[AnotherWriter] = []

    class Releasing(Recorder):
        def message(self, text: str) -> None:
            super().message(text)
            if text == WAITING:
                others.pop().release()

    watcher = Releasing(lambda report: others.append(AnotherWriter(workspace)))
    assert train_round(workspace, New(settings()), watcher).state == "review"
    assert others == []
    assert watcher.messages.count(WAITING) == 2


def test_a_round_stopped_while_another_program_writes_is_no_running_one(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "PATIENT_TRY_MS", 20)
    others: list[AnotherWriter] = []

    class Stopping(Recorder):
        def message(self, text: str) -> None:
            super().message(text)
            if text == WAITING and self.messages.count(WAITING) == 1:
                raise KeyboardInterrupt
            if text == WAITING:
                others.pop().release()

    with pytest.raises(KeyboardInterrupt):
        train_round(workspace, New(settings()), Stopping(lambda report: others.append(AnotherWriter(workspace))))
    assert (newest(workspace).state, others) == ("cancelled", [])


def test_scores_belong_together(reviewed: Workspace) -> None:
    found = scores_of(reviewed)
    with reviewed.database(read_only=True) as db:
        labels = {stored.id: stored.sample.given_label for stored in iter_samples(db)}
    given = np.array([labels[i] for i in found.sample_id.tolist()])
    rows = np.arange(len(given))
    assert found.probabilities.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert np.array_equal(found.predicted_label, found.probabilities.argmax(axis=1))
    assert np.array_equal(found.p_max, found.probabilities.max(axis=1))
    assert np.array_equal(found.p_given, found.probabilities[rows, given])
    assert found.margin == pytest.approx(found.p_max - found.p_given, abs=1e-6)
    assert np.array_equal(found.trained_label, given)
    assert len(np.unique(found.alpha)) > len(rows) / 2
    assert len(np.unique(found.suspicion)) > len(rows) / 2


def test_proposals_are_exactly_what_is_probable_enough_beyond_the_margin(reviewed: Workspace) -> None:
    found, info = scores_of(reviewed), newest(reviewed)
    low, proposed = found.low_importance, found.proposed_label >= 0
    assert low.sum() == len(low) - round(info.config["beta"] * len(low))
    assert found.alpha[low].max() <= found.alpha[~low].min()
    of_the_others = found.p_max / (1 - found.p_given)  # where another class is likeliest, as beyond the margin it is
    enough = found.suspicion * of_the_others >= PROPOSE_FROM
    assert np.array_equal(proposed, enough & (found.margin > info.config["margin_relabel"]))
    assert np.array_equal(found.proposed_label[proposed], found.predicted_label[proposed])
    assert 0 < (proposed & low).sum() < low.sum()
    assert info.metrics["proposals"] == proposed.sum()
    assert info.metrics["low_importance"] == low.sum()


def test_the_round_says_how_it_was_made(reviewed: Workspace) -> None:
    info = newest(reviewed)
    assert (info.id, info.parent, info.state, info.message) == (1, None, "review", None)
    versions = {"torch": torch.__version__, "torchvision": info.config["torchvision"]} | made_with.versions()
    versions |= {"python": platform.python_version(), "numpy": np.__version__, "pillow": PIL.__version__}
    with reviewed.database(read_only=True) as db:
        versions |= {"labels": "r0-d0", "data_sha256": data_hash(db)}
    rules = {"unsure": "given", "ambiguous": "given"}
    assert info.config == REVIEWED.as_dict() | rules | versions | {"threads": torch.get_num_threads()}
    assert set(info.config) == {f.name for f in fields(TrainSettings)} | {*rules, *versions}
    assert info.review == ReviewSettings().as_dict()
    assert json.loads((reviewed.round_folder(1) / "config.json").read_text()) == info.config
    with reviewed.database(read_only=True) as db:
        reports = store.epochs(db, 1)
    assert [report.epoch for report in reports] == [1, 2, 3, 4]
    best = max(report.val_accuracy or 0 for report in reports)
    last = reports[-1]
    assert info.metrics["val_accuracy"] == last.val_accuracy
    assert info.metrics["best_val_accuracy"] == best
    assert reports[info.metrics["best_val_epoch"] - 1].val_accuracy == best
    assert 0 <= info.metrics["test_accuracy"] <= 1
    assert info.metrics["train_accuracy"] == last.accuracy


def test_its_folder_holds_dynamics_and_weights_that_load_back(reviewed: Workspace) -> None:
    folder = reviewed.round_folder(1)
    assert sorted(entry.name for entry in folder.iterdir()) == FINISHED
    found = scores_of(reviewed)
    dynamics = np.load(folder / "dynamics.npy")
    assert (dynamics.dtype, dynamics.shape) == (DYNAMICS, (4, len(found.alpha)))
    assert dynamics["alpha"][-1] == pytest.approx(found.alpha, abs=1e-3)
    features = open_features(reviewed, 1)
    assert features is not None
    assert features.sample_id.tolist() == found.sample_id.tolist()
    assert features.values.shape == (len(found.alpha), 1024)
    assert np.linalg.norm(features.values.astype(np.float32), axis=1) == pytest.approx(1, abs=1e-3)
    meta = json.loads((folder / "meta.json").read_text())
    assert (meta["backbone"], meta["image_size"], meta["epochs"]) == (REVIEWED.backbone, 32, 4)
    with reviewed.database(read_only=True) as db:
        assert meta["classes"] == [name for (name,) in db.execute("SELECT name FROM class ORDER BY number")]
    torch.manual_seed(9)
    model = SelfCureNetwork(meta["backbone"], len(meta["classes"]), image_size=meta["image_size"])
    before = model.attention.weight.detach().clone()
    model.load_state_dict(load_file(folder / "weights.safetensors"))
    assert not torch.equal(model.attention.weight, before)


def test_epochs_are_in_the_database_while_it_runs(workspace: Workspace) -> None:
    seen: list[tuple[int, list[int], str]] = []

    def training_pass(report: EpochReport) -> None:
        with workspace.database(read_only=True) as db:
            seen.append((report.epoch, [r.epoch for r in store.epochs(db, 1)], store.get_round(db, 1).state))

    watcher = Recorder(training_pass)
    train(workspace, watcher)
    assert seen == [(1, [1], "running"), (2, [1, 2], "running")]
    with workspace.database(read_only=True) as db:
        assert store.epochs(db, 1) == watcher.epochs
    assert watcher.faces_decoded == 100
    assert any("faces to train on" in message for message in watcher.messages)


def test_same_seed_same_scores_and_another_seed_others(workspace: Workspace) -> None:
    train(workspace)
    train(workspace)
    train(workspace, seed=1)
    assert same(scores_of(workspace, 1), scores_of(workspace, 2))
    assert not same(scores_of(workspace, 1), scores_of(workspace, 3))


def test_pictures_are_decoded_once(workspace: Workspace) -> None:
    again = Recorder()
    train(workspace, epochs=1)
    train(workspace, again, epochs=1)
    assert again.faces_decoded == 0


def test_weights_of_a_round_start_another(workspace: Workspace) -> None:
    train(workspace, epochs=1)
    watcher = Recorder()
    train(workspace, watcher, epochs=1, weights=str(workspace.round_folder(1) / "weights.safetensors"))
    assert any(message.startswith("--weights ") and "tensors" in message for message in watcher.messages)
    assert not same(scores_of(workspace, 1), scores_of(workspace, 2))


def test_a_resumed_round_needs_its_weights_file_no_more(reviewed: Workspace, tmp_path: Path) -> None:
    start = shutil.copy(reviewed.round_folder(1) / "weights.safetensors", tmp_path / "start.safetensors")
    with pytest.raises(KeyboardInterrupt):
        train(reviewed, stop_with(KeyboardInterrupt(), after=2), weights=str(start), backbone=BATCH_NORM, epochs=2)
    Path(start).unlink()
    assert train(reviewed, resume=True).state == "review"


# Relabelling


def test_relabel_off_proposes_nothing(workspace: Workspace) -> None:
    info = train(workspace, relabel="off", margin_relabel=0.0, keep_features=False)
    assert open_features(workspace, 1) is None
    found = scores_of(workspace)
    assert set(found.proposed_label.tolist()) == {-1}
    assert info.metrics["proposals"] == 0
    assert found.low_importance.any()


def test_relabel_auto_trains_on_cured_labels_and_leaves_the_given_ones(workspace: Workspace) -> None:
    with workspace.database(read_only=True) as db:
        before = [stored.sample for stored in iter_samples(db)]
    info = train(workspace, relabel="auto", relabel_from=1, margin_relabel=0.0)
    with workspace.database(read_only=True) as db:
        after = {stored.id: stored.sample for stored in iter_samples(db)}
    assert list(after.values()) == before
    found = scores_of(workspace)
    given = np.array([after[i].given_label for i in found.sample_id.tolist()])
    changed = found.trained_label != given
    assert 0 < changed.sum() == info.metrics["relabelled"]


# The next round


def test_a_second_round_closes_all_that_are_in_review(workspace: Workspace) -> None:
    """Even one left open because the trainer was killed just before it closed it."""
    train(workspace, epochs=1)
    train(workspace, epochs=1)
    raw = sqlite3.connect(workspace.database_file)
    rule = raw.execute("SELECT sql FROM sqlite_master WHERE name = 'round_closed_update'").fetchone()[0]
    raw.execute("DROP TRIGGER round_closed_update")
    raw.execute("UPDATE round SET state = 'review'")
    raw.execute(rule)
    raw.commit()
    raw.close()
    watcher = Recorder()
    train(workspace, watcher, epochs=1)
    with workspace.database(read_only=True) as db:
        assert [store.get_round(db, n).state for n in (1, 2, 3)] == ["closed", "closed", "review"]
    assert [m.partition(" (validation ")[0] for m in watcher.messages if "is closed" in m] == [
        "round 1 is closed: round 3 takes its place",
        "round 2 is closed: round 3 takes its place",
    ]


def test_a_round_that_fails_closes_nothing(reviewed: Workspace) -> None:
    with pytest.raises(RuntimeError):
        train(reviewed, stop_with(RuntimeError("disk on fire")))
    with reviewed.database(read_only=True) as db:
        assert [store.get_round(db, n).state for n in (1, 2)] == ["review", "failed"]


# Stopped and gone on with


def stop_with(error: BaseException, *, after: int = 1) -> Recorder:
    """Raises when an epoch is done."""

    def stop(report: EpochReport) -> None:
        if report.epoch == after:
            raise error

    return Recorder(stop)


@pytest.fixture(scope="module")
def uninterrupted(_drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> RoundScores:
    """Scores of a whole round of 3 epochs, trained elsewhere."""
    other = Workspace(shutil.copytree(_drawn, tmp_path_factory.mktemp("uninterrupted") / "ws"))
    train(other, backbone=BATCH_NORM, epochs=3)
    return scores_of(other)


@pytest.mark.parametrize(
    ("error", "state", "message"),
    [
        (KeyboardInterrupt(), "cancelled", "stopped by hand; --resume continues it"),
        (RuntimeError("disk on fire"), "failed", "disk on fire"),
        (MemoryError(), "failed", "MemoryError"),
    ],
)
def test_a_stopped_round_says_so_and_goes_on_to_the_same_scores(
    error: BaseException, state: str, message: str, workspace: Workspace, uninterrupted: RoundScores
) -> None:
    """With the number of threads it began with, whatever other processes leave it now: another one sums otherwise."""
    began_with = torch.get_num_threads()
    with pytest.raises(type(error)):
        train(workspace, stop_with(error, after=2), backbone=BATCH_NORM, epochs=3)
    info = newest(workspace)
    assert (info.id, info.state, info.message) == (1, state, message)
    assert scores_of(workspace).sample_id.size == 0
    used: list[int] = []
    watcher = Recorder(lambda report: used.append(torch.get_num_threads()))
    try:
        torch.set_num_threads(began_with + 1)
        done = train(workspace, watcher, resume=True, epochs=1, seed=5)  # what it began with counts, not these
        assert torch.get_num_threads() == began_with + 1
    finally:
        torch.set_num_threads(began_with)
    assert (done.config["threads"], set(used)) == (began_with, {began_with})
    now = f"as the round began with; OMP_NUM_THREADS, or the cores that are free now, would give it {began_with + 1}"
    assert any(now in said for said in watcher.messages)
    assert (done.id, done.state, done.message) == (1, "review", None)
    assert watcher.epochs[-1].epoch == 3
    assert same(scores_of(workspace), uninterrupted)
    with workspace.database(read_only=True) as db:
        assert [report.epoch for report in store.epochs(db, 1)] == [1, 2, 3]
    assert sorted(entry.name for entry in workspace.round_folder(1).iterdir()) == FINISHED


KILL_AT_2 = """
import os, signal, sys
from pathlib import Path
from scn_core.rounds.lifecycle import New
from scn_core.rounds.train import train_round
from scn_core.workspace.folder import Workspace
from tests.scn_core.conftest import BATCH_NORM, Recorder, settings

def die(report):
    if report.epoch == 2:
        os.kill(os.getpid(), signal.SIGKILL)

train_round(Workspace(Path(sys.argv[1])), New(settings(backbone=BATCH_NORM, epochs=3)), Recorder(die))
"""


def test_a_killed_trainer_leaves_a_round_that_goes_on_at_once(workspace: Workspace, uninterrupted: RoundScores) -> None:
    assert run_forked("-c", KILL_AT_2, workspace.path).code == -signal.SIGKILL
    assert newest(workspace).state == "running"
    watcher = Recorder()
    done = train(workspace, watcher, resume=True)
    assert (done.id, done.state) == (1, "review")
    assert [report.epoch for report in watcher.epochs] == [2, 3]
    assert same(scores_of(workspace), uninterrupted)


def test_a_dead_round_is_buried_by_the_next_one(workspace: Workspace) -> None:
    with workspace.database() as db:
        store.start_round(db, settings().as_dict(), code_version="1")
    assert train(workspace, epochs=1).id == 2
    with workspace.database(read_only=True) as db:
        buried = store.get_round(db, 1)
    assert (buried.state, buried.message) == ("failed", "its trainer ended without a word; --resume continues it")


def test_a_resumed_round_trains_on_the_labels_it_began_with(reviewed: Workspace) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(reviewed, stop_with(KeyboardInterrupt()))
    began = np.load(reviewed.round_folder(2) / "faces.npz")
    with reviewed.database() as db:
        answer(db, int(began["sample_id"][0]), "exclude", None)
    train(reviewed, resume=True)
    assert np.array_equal(scores_of(reviewed, 2).sample_id, began["sample_id"])


def test_it_is_said_when_labels_were_learned_by_heart_and_which_opinions_there_were(
    workspace: Workspace, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    quiet, loud = Recorder(), Recorder()
    done = train(workspace, quiet, epochs=4)
    assert done.metrics["averaged_epochs"] == [3, 4]
    assert not [text for text in quiet.messages if "by heart" in text or "opinion" in text]
    assert done.metrics["opinions"] == []
    monkeypatch.setattr("scn_core.scn.memorising.FITTED", -1.0)  # from as early on as it can be told
    with workspace.database() as db, connection.transaction(db):
        given = [(stored.id, stored.sample.given_label) for stored in iter_samples(db)]
        ids, labels = (np.array(column) for column in zip(*given, strict=True))
        insert_opinions(db, add_source(db, "other", "csv", {}), ids, np.eye(7, dtype=np.float32)[labels], None)
    done = train(workspace, loud, epochs=4, soft_labels="votes")
    assert [text for text in loud.messages if "no face has two votes or more" in text]
    sure = np.eye(7, dtype="<f2")[scores_of(workspace, 2).start_label]  # as it is stored
    sha256 = hashlib.sha256(sure.tobytes()).hexdigest()
    assert done.metrics["opinions"] == [
        {"name": "other", "kappa": 1.0, "weight": 1.0, "faces": len(sure), "sha256": sha256}
    ]
    assert done.pooled_words == "pooled with opinion other (kappa 1.00, weight 1.00)"
    assert "suspicion is pooled with opinion other (kappa 1.00, weight 1.00)" in loud.messages
    assert "opinion other (kappa 1.00" in run("round", "list", workspace.path).out
    assert done.metrics["averaged_epochs"] == [1, 1]
    said = (
        "labels were learned by heart from epoch 2 on; suspicion and proposals go by what the network said in epoch 1"
    )
    assert [text for text in loud.messages if "by heart" in text] == [said]
    assert done.metrics["learned_by_heart"] == said
    assert done.caveats == [done.metrics["few_faces"], said]
    (few,) = [text for text in loud.messages if text.startswith(f"trained on {len(sure)} faces, fewer than 5,000: ")]
    assert done.metrics["few_faces"] == few


def test_warnings_of_epochs_before_a_stop_are_kept(workspace: Workspace) -> None:
    """With the attention head held still and no rank loss alpha has no reason to spread; seen from epoch 1 on."""
    quiet: dict[str, Any] = {
        "attention_lr_scale": 0.0,
        "gamma": 0.0,
        "lr": 1e-6,
        "weighting_from": 0.0,
        "backbone": "squeezenet1_1",
        "epochs": 4,
    }
    stopped = stop_with(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        train(workspace, stopped, **quiet)
    done = train(workspace, resume=True)
    assert [text.partition(":")[0] for text in done.metrics["warnings"]] == ["epoch 1", "epoch 4"], "the clean passes"
    assert all("collapsed" in text for text in done.metrics["warnings"])


@pytest.mark.parametrize("state", ["none", "review"])
def test_nothing_to_resume_is_told(state: str, workspace: Workspace, reviewed: Workspace) -> None:
    place, said = (workspace, "there is no round yet") if state == "none" else (reviewed, "round 1 is in state review")
    with pytest.raises(WorkspaceError, match=f"--resume: {said}; allowed: a failed or cancelled round"):
        train(place, resume=True)


def test_a_second_trainer_is_refused_and_leaves_no_trace(workspace: Workspace) -> None:
    def try_too(report: EpochReport) -> None:
        with pytest.raises(WorkspaceError, match="another trainer is at work here"):
            train(workspace)

    train(workspace, Recorder(try_too), epochs=1)
    assert newest(workspace).id == 1
    assert newest(workspace).state == "review"


def test_a_round_cancelled_from_elsewhere_stops(workspace: Workspace) -> None:
    def cancel(report: EpochReport) -> None:
        with workspace.database() as db:
            store.cancel_round(db, 1, "the lead said so")

    with pytest.raises((WorkspaceError, TrainingError), match="cancelled"):
        train(workspace, Recorder(cancel), epochs=3)
    info = newest(workspace)
    assert (info.state, info.message) == ("cancelled", "the lead said so")
    assert train(workspace, resume=True).state == "review"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"backbone": "resnet7"}, "--backbone: found 'resnet7'"),
        ({"device": "abacus"}, "--device: found 'abacus'"),
        ({"weights": "gone.pth"}, r"--weights: found no file gone\.pth"),
        ({"batch_size": 33}, "--batch-size: found 33 faces a step for 2 processes"),
    ],
)
def test_a_wrong_option_is_told_before_the_round_begins(
    changes: dict[str, Any], error: str, workspace: Workspace
) -> None:
    watcher = Recorder()
    with pytest.raises((UsageError, WeightsError), match=error):
        train(workspace, watcher, team=Team(0, 2) if "batch_size" in changes else ALONE, **changes)
    assert watcher.faces_decoded == 0
    with workspace.database(read_only=True) as db:
        assert store.latest_round(db) is None


def test_no_epoch_is_missing_after_a_stop_between_checkpoint_and_database(workspace: Workspace) -> None:
    with workspace.database() as db:
        db.execute("CREATE TRIGGER full BEFORE INSERT ON epoch BEGIN SELECT RAISE(ABORT, 'disk full'); END")
    with pytest.raises(sqlite3.IntegrityError, match="disk full"):
        train(workspace)
    with workspace.database() as db:
        db.execute("DROP TRIGGER full")
    train(workspace, resume=True)
    with workspace.database(read_only=True) as db:
        assert [report.epoch for report in store.epochs(db, 1)] == [1, 2]
