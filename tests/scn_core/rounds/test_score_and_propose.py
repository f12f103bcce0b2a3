"""What a round leaves for people to look at: neighbours, dynamics, thumbnails; and that none of it can harm a round."""

from __future__ import annotations

import shutil
import signal
import sqlite3
import uuid
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scn_core.errors import TrainingError
from scn_core.records import Decision, EpochReport, RoundScores
from scn_core.rounds import train as rounds
from scn_core.rounds.artifacts import NEIGHBOURS, face_dynamics, face_neighbours
from scn_core.rounds.lifecycle import New, Resume
from scn_core.rounds.score_and_propose import score_faces
from scn_core.rounds.train import train_round
from scn_core.scn.suspicion import class_trust, cured_probabilities, kinds_of_doubt, suspicion
from scn_core.store.decisions.record import record_decisions
from scn_core.store.people.people import ensure_person
from scn_core.store.rounds import states as store
from scn_core.store.rounds.faces import queued_samples
from scn_core.store.samples import iter_samples
from scn_core.store.scores import scores
from scn_core.training.data import TrainingResult
from scn_core.workspace.folder import Workspace
from scn_core.workspace.thumbnails import thumbnails_of
from tests.scn_core.conftest import Recorder, settings
from tests.scn_core.forks import run_forked


def scores_of(workspace: Workspace, number: int = 1) -> RoundScores:
    with workspace.database(read_only=True) as db:
        return scores(db, number)


def neighbours_of(workspace: Workspace, number: int = 1) -> np.ndarray:
    rows: np.ndarray = np.load(workspace.round_folder(number) / "neighbours.npy")
    return rows


def kept(workspace: Workspace) -> set[int]:
    with closing(sqlite3.connect(workspace.thumbs_file)) as db:
        return {number for (number,) in db.execute("SELECT sample_id FROM thumb")}


def shown(workspace: Workspace, number: int = 1) -> set[int]:
    """All that people may look at: the queue, and the neighbours of its faces."""
    rows = neighbours_of(workspace, number)
    with workspace.database(read_only=True) as db:
        queued = queued_samples(db, number)
    return {*queued.tolist(), *rows["given"].ravel().tolist(), *rows["other"].ravel().tolist()} - {-1}


# Neighbours and dynamics


def test_every_doubtful_face_has_confident_neighbours(reviewed: Workspace) -> None:
    rows, found = neighbours_of(reviewed), scores_of(reviewed)
    given = found.start_label
    doubtful = found.low_importance | found.suspicious | (found.proposed_label >= 0)
    assert rows.dtype == NEIGHBOURS
    assert rows["sample_id"].tolist() == found.sample_id[doubtful].tolist()
    confident = confident_samples(found)
    assert set(confident.tolist()) & set(rows["sample_id"].tolist())  # alpha has no say in it
    trained = dict(zip(found.sample_id.tolist(), found.trained_label.tolist(), strict=True))
    others = found.probabilities.copy()
    others[np.arange(len(given)), given] = -1
    likeliest = np.where(found.proposed_label >= 0, found.proposed_label, others.argmax(axis=1))
    assert rows["other_label"].tolist() == likeliest[doubtful].tolist()
    for row, label in zip(rows, given[doubtful].tolist(), strict=True):
        for side, wanted in (("given", label), ("other", int(row["other_label"]))):
            ids = row[side][row[side] >= 0].tolist()
            others_of_it = {i for i in confident.tolist() if trained[i] == wanted and i != row["sample_id"]}
            assert len(set(ids)) == len(ids) == min(6, len(others_of_it))
            assert set(ids) <= others_of_it
    assert (rows["given"] >= 0).any()
    assert (rows["other"] >= 0).any()


def confident_samples(found: RoundScores) -> np.ndarray:
    """Of a round that trained on the same labels to the end: predicted as trained, the unsuspicious half of a class."""
    confident = []
    for label in range(7):
        agreed = (found.predicted_label == label) & (found.trained_label == label)
        middle = np.median(found.suspicion[agreed].astype(np.float64)) if agreed.any() else 0.0
        confident.append(found.sample_id[agreed & (found.suspicion <= middle)])
    return np.sort(np.concatenate(confident))


@pytest.mark.parametrize(("epochs", "told"), [(4, 2), (1, 1)])
def test_suspicion_is_of_the_second_half_of_the_epochs(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, epochs: int, told: int
) -> None:
    """And the cured probabilities are of the same passes."""
    seen: list[TrainingResult] = []

    def kept(result: TrainingResult, *rest: Any) -> Any:
        seen.append(result)
        return score_faces(result, *rest)

    monkeypatch.setattr(rounds, "score_faces", kept)
    train_round(workspace, New(settings(epochs=epochs)), Recorder())
    found, mean = scores_of(workspace), seen[0].mean.numpy()
    start = found.start_label
    assert list(seen[0].averaged) == list(range(epochs - told + 1, epochs + 1))
    assert found.probabilities == pytest.approx(cured_probabilities(mean, class_trust(mean, start)), abs=1e-6)
    assert found.suspicion == pytest.approx(suspicion(mean, start), abs=1e-6)
    examples = {*neighbours_of(workspace)["given"].ravel().tolist()} - {-1}
    assert examples
    assert examples <= set(confident_samples(found).tolist())


def test_a_face_tells_its_neighbours_and_its_dynamics(reviewed: Workspace) -> None:
    rows, found = neighbours_of(reviewed), scores_of(reviewed)
    near = face_neighbours(reviewed, 1, int(rows["sample_id"][3]))
    assert near is not None
    assert near.given == rows["given"][3][rows["given"][3] >= 0].tolist()
    dynamics = np.load(reviewed.round_folder(1) / "dynamics.npy")
    given, other = (dynamics[name].astype(np.float64) for name in ("p_given", "p_other"))
    for place in (0, 17, len(found.sample_id) - 1):
        seen = face_dynamics(reviewed, 1, int(found.sample_id[place]))
        assert seen is not None
        assert len(seen.alpha) == len(seen.margin) == 4
        assert seen.alpha[-1] == pytest.approx(found.alpha[place], abs=1e-3)
        assert seen.margin == pytest.approx((other - given)[:, place].clip(min=0), abs=1e-6)


def test_a_round_from_before_there_were_neighbours_tells_none(reviewed: Workspace) -> None:
    number = int(neighbours_of(reviewed)["sample_id"][0])
    (reviewed.round_folder(1) / "neighbours.npy").unlink()
    assert face_neighbours(reviewed, 1, number) is None
    assert face_dynamics(reviewed, 1, number) is not None


def test_neighbours_are_of_the_label_the_round_began_with(reviewed: Workspace) -> None:
    """What people decided, which is what a tile shows as given."""
    before = scores_of(reviewed)
    began = dict(zip(before.sample_id.tolist(), before.start_label.tolist(), strict=True))
    wanted = {i: (label + 1) % 7 for i, label in list(began.items())[::2]}
    with reviewed.database() as db:
        ensure_person(db, "ann")
        record_decisions(db, [Decision(str(uuid.uuid4()), 1, i, "ann", "relabel", wanted[i]) for i in wanted])
    train_round(reviewed, New(settings(beta=0.05, margin_relabel=0.0, proposals="paper")), Recorder())
    after = scores_of(reviewed, 2)
    start = began | wanted
    assert after.start_label.tolist() == after.trained_label.tolist() == list(start.values())
    rows = neighbours_of(reviewed, 2)
    place = np.searchsorted(after.sample_id, rows["sample_id"])
    assert (rows["other_label"] != after.start_label[place]).all()
    assert (after.proposed_label[place] >= 0).any()
    seen = set()
    for row in rows:
        labels = {start[number] for number in row["given"].tolist() if number >= 0}
        assert labels <= {start[int(row["sample_id"])]}
        seen |= labels
    assert len(seen) > 1


def test_the_paper_rule_proposes_by_the_last_pass_alone(workspace: Workspace) -> None:
    train_round(workspace, New(settings(epochs=4, weighting_from=0.0, proposals="paper")), Recorder())
    train_round(workspace, New(settings(epochs=4, weighting_from=0.0)), Recorder())
    paper, cured = scores_of(workspace, 1), scores_of(workspace, 2)
    for number, found in ((1, paper), (2, cured)):
        last = np.load(workspace.round_folder(number) / "dynamics.npy")["p_given"][-1]
        assert (found.p_given == pytest.approx(last, abs=1e-3)) == (number == 1)
        rows = np.arange(len(found.start_label))
        assert np.array_equal(found.p_given, found.probabilities[rows, found.start_label])
    for same in ("alpha", "suspicion", "low_importance"):
        assert np.array_equal(getattr(paper, same), getattr(cured, same))
    assert not np.array_equal(paper.probabilities, cured.probabilities)


def test_without_proposals_the_likeliest_other_class_is_compared(workspace: Workspace) -> None:
    train_round(workspace, New(settings(relabel="off", queue_suspicion=1.0)), Recorder())
    rows, found = neighbours_of(workspace), scores_of(workspace)
    assert (found.proposed_label == -1).all()
    assert not found.suspicious.any()
    assert len(rows) == found.low_importance.sum() > 0


def test_doubt_and_second_choice_follow_from_what_is_stored(reviewed: Workspace) -> None:
    found = scores_of(reviewed)
    kinds = kinds_of_doubt(found.probabilities, found.start_label, found.suspicion)
    assert np.array_equal(found.doubt, kinds)
    assert len(np.unique(kinds)) > 1
    for row, label, second in zip(found.probabilities, found.start_label, found.second_label, strict=True):
        others = sorted((p, -c) for c, p in enumerate(row.tolist()) if c != label)
        assert -second == others[-2][1]


def test_suspicious_faces_are_outside_of_the_group_and_without_a_proposal(reviewed: Workspace) -> None:
    with reviewed.database(read_only=True) as db:
        info = store.get_round(db, 1)
        asked = db.execute("SELECT sample_id FROM queue_item WHERE kind = 'suspicious' ORDER BY 1").fetchall()
    found = scores_of(reviewed)
    expected = ~found.low_importance & (found.proposed_label < 0) & (found.suspicion >= np.float32(0.2))
    assert np.array_equal(found.suspicious, expected)
    assert [face for (face,) in asked] == found.sample_id[expected].tolist() != []
    assert info.metrics["suspicious"] == expected.sum()


def test_no_face_that_mode_auto_relabelled_is_an_example(workspace: Workspace) -> None:
    auto = settings(relabel="auto", relabel_from=1, margin_relabel=0.0, beta=0.3, epochs=4, weighting_from=0.9)
    train_round(workspace, New(auto), Recorder())
    rows, found = neighbours_of(workspace), scores_of(workspace)
    relabelled = found.trained_label != found.start_label
    agreed = relabelled & (found.predicted_label == found.trained_label)
    assert agreed.any()
    examples = np.union1d(rows["given"], rows["other"])
    assert (examples >= 0).any()
    assert not np.isin(found.sample_id[relabelled], examples).any()


# Thumbnails


def test_all_that_people_may_look_at_is_drawn(reviewed: Workspace) -> None:
    assert kept(reviewed) == shown(reviewed)
    with reviewed.database(read_only=True) as db:
        stored = [each for each in iter_samples(db) if each.id in kept(reviewed)]
    before = reviewed.thumbs_file.read_bytes()
    assert all(isinstance(webp, bytes) for webp in thumbnails_of(reviewed, stored).values())
    assert reviewed.thumbs_file.read_bytes() == before


def test_thumbnails_are_drawn_before_anybody_may_look_at_them(workspace: Workspace) -> None:
    watcher = StateWatcher(workspace)
    train_round(workspace, New(settings(epochs=1, audit_samples=0, queue_suspicion=1.0)), watcher)
    assert watcher.states == {"running"}
    assert watcher.thumbnails_drawn == len(shown(workspace))
    assert kept(workspace) == shown(workspace)
    with workspace.database(read_only=True) as db:
        assert shown(workspace) > set(queued_samples(db, 1).tolist())  # neighbours are drawn too


class StateWatcher(Recorder):
    """Notes the round's state whenever thumbnails are drawn, then does something."""

    def __init__(self, workspace: Workspace, then: Callable[[], None] = lambda: None) -> None:
        super().__init__()
        self.states: set[str] = set()
        self._workspace, self._then = workspace, then

    def thumbnails(self, faces: int, total: int) -> None:
        super().thumbnails(faces, total)
        with self._workspace.database(read_only=True) as db:
            newest = store.latest_round(db)
        assert newest is not None
        self.states.add(newest.state)
        self._then()


def test_thumbnails_stopped_by_hand_leave_a_whole_round(workspace: Workspace) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    watcher = StateWatcher(workspace, stop)
    assert train_round(workspace, New(settings(epochs=1)), watcher).state == "review"
    assert watcher.messages[-1].startswith("thumbnails: stopped by hand")
    assert not (workspace.round_folder(1) / "checkpoint.pt").exists()
    assert kept(workspace) < shown(workspace)


KILL = """
import os, signal, sys
from pathlib import Path
from scn_core.rounds.lifecycle import New
from scn_core.rounds.train import train_round
from scn_core.workspace.folder import Workspace
from tests.scn_core.conftest import Recorder, settings

class Killer(Recorder):
    def thumbnails(self, faces, total):
        super().thumbnails(faces, total)
        if self.thumbnails_drawn >= 20:
            os.kill(os.getpid(), signal.SIGKILL)

train_round(Workspace(Path(sys.argv[1])), New(settings(epochs=1)), Killer())
"""


def test_a_trainer_killed_at_the_thumbnails_goes_on_to_a_round_in_review(workspace: Workspace) -> None:
    assert run_forked("-c", KILL, workspace.path).code == -signal.SIGKILL
    watcher = Recorder()
    assert train_round(workspace, Resume(), watcher).state == "review"
    assert watcher.epochs == []
    assert kept(workspace) >= shown(workspace)


def test_a_round_cancelled_from_elsewhere_at_its_thumbnails_stays_cancelled(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rounds, "_HEARTBEAT_S", -1)

    def cancel() -> None:
        with workspace.database() as db:
            if store.get_round(db, 1).state == "running":
                store.cancel_round(db, 1)

    with pytest.raises(TrainingError, match="cancelled from elsewhere"):
        train_round(workspace, New(settings(epochs=1)), StateWatcher(workspace, cancel))
    with workspace.database(read_only=True) as db:
        assert store.get_round(db, 1).state == "cancelled"


def test_no_thumbnails_no_harm(workspace: Workspace) -> None:
    workspace.thumbs_file.write_bytes(b"not a database" * 1000)
    watcher = Recorder()
    assert train_round(workspace, New(settings(epochs=1)), watcher).state == "review"
    assert "thumbs.db: the file is damaged; remove it" in watcher.messages[-1]


def test_pictures_that_are_gone_by_then_are_counted(workspace: Workspace, tmp_path: Path) -> None:
    root = tmp_path / "images"
    said = Path(workspace.settings().root)
    shutil.copytree(said, root)
    text = workspace.settings_file.read_text(encoding="utf-8")
    workspace.settings_file.write_text(text.replace(str(said), str(root)), encoding="utf-8")

    def lose(report: EpochReport) -> None:
        for path in root.rglob("*.jpg"):
            path.unlink()

    watcher = Recorder(lose)
    assert train_round(workspace, New(settings(epochs=1)), watcher).state == "review"
    assert watcher.messages[-1].startswith("thumbnails: ")
    assert watcher.messages[-1].endswith("faces have no usable picture any more")


# Stopped while neighbours are looked for


def test_a_round_stopped_at_its_neighbours_goes_on_to_the_same_ones(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other = Workspace(tmp_path / "other")
    other.path.mkdir()
    for file in (workspace.settings_file, workspace.database_file):
        (other.path / file.name).write_bytes(file.read_bytes())
    train_round(other, New(settings()), Recorder())

    def stop(file: Any, *arguments: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("scn_core.rounds.training_outputs.write_neighbours", stop)
        with pytest.raises(KeyboardInterrupt):
            train_round(workspace, New(settings()), Recorder())
    with workspace.database(read_only=True) as db:
        assert store.get_round(db, 1).state == "cancelled"
    assert not (workspace.round_folder(1) / "neighbours.npy").exists()
    assert train_round(workspace, Resume(), Recorder()).state == "review"
    assert np.array_equal(neighbours_of(workspace), neighbours_of(other))


def test_a_round_cancelled_while_neighbours_are_looked_for_stops(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scn_core.rounds.train._HEARTBEAT_S", 0)
    cancelled = CancelAfterTheLastEpoch(workspace)
    with pytest.raises(Exception, match="round 1 was cancelled from elsewhere"):
        train_round(workspace, New(settings(epochs=1, audit_samples=0)), cancelled)
    with workspace.database(read_only=True) as db:
        assert store.get_round(db, 1).state == "cancelled"
    assert not (workspace.round_folder(1) / "neighbours.npy").exists()


class CancelAfterTheLastEpoch(Recorder):
    """As a lead would, from another process; the epoch's own report has been written by then."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(self._cancel)
        self._workspace = workspace

    def _cancel(self, report: EpochReport) -> None:
        with self._workspace.database() as db:
            store.cancel_round(db, 1, "the lead said so")


# Readings


def test_the_workspace_says_how_many_people_read_a_face(workspace: Workspace) -> None:
    text = workspace.settings_file.read_text(encoding="utf-8")
    assert "readings = 1" in text
    workspace.settings_file.write_text(text.replace("readings = 1", "readings = 2"), encoding="utf-8")
    train_round(workspace, New(settings(epochs=1)), Recorder())
    with workspace.database(read_only=True) as db:
        slots = db.execute("SELECT slot, count(*) FROM queue_item GROUP BY slot ORDER BY slot").fetchall()
    assert [slot for slot, _ in slots] == [0, 1]
    assert slots[0][1] == slots[1][1] > 0
