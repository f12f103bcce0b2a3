"""A round trained elsewhere is the round that would have been trained here, or nothing at all."""

from __future__ import annotations

import json
import shutil
import signal
import uuid
import zipfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from scn_core.config import ReviewSettings, TrainSettings
from scn_core.errors import DataError, ScnError, UsageError, WorkspaceError
from scn_core.records import Action, Decision, Manifest, RoundScores
from scn_core.rounds.artifacts import write_predictions
from scn_core.rounds.pack import pack_job, run_job, unpack_result
from scn_core.rounds.pack.archive import unpack_archive, write_archive
from scn_core.rounds.pack.job import KIND as JOB
from scn_core.rounds.pack.job import LIMITS as JOB_LIMITS
from scn_core.rounds.pack.job import SAMPLES
from scn_core.rounds.pack.result import FILES, KIND, MEMBERS, METRICS, SCORES, WHERE_KEPT
from scn_core.store.connection import create_database, transaction
from scn_core.store.decisions.record import record_decisions
from scn_core.store.events import events
from scn_core.store.rounds.better_round import AGAINST
from scn_core.store.rounds.states import epochs, get_round, rounds, start_round
from scn_core.store.samples import classes, insert_manifest, iter_samples
from scn_core.store.scores import scores
from scn_core.workspace.backup.make import make_backup
from scn_core.workspace.backup.restore import restore
from scn_core.workspace.folder import Workspace
from scn_core.workspace.thumbnails import thumbnails_of
from tests.another_writer import AnotherWriter
from tests.scn_core.conftest import Recorder, Run, flags, signalled_after
from tests.scn_core.forks import run_forked
from tests.scn_core.rounds.pack.conftest import TRAIN, Trip

ALL = (*MEMBERS, *WHERE_KEPT)

QUEUE = "sample_id, slot, kind, priority, alpha, margin, given_label, proposed_label, listed"


@pytest.fixture
def home(trip: Trip, tmp_path: Path) -> Workspace:
    """The workspace as it was when the round was packed."""
    return Workspace(shutil.copytree(trip.home, tmp_path / "home"))


def state_of(workspace: Workspace) -> tuple[object, ...]:
    """All that an unpacking may change."""
    with workspace.database(read_only=True) as db:
        counted = [db.execute(f"SELECT count(*) FROM {name}").fetchone() for name in ("score", "epoch", "queue_item")]
        return rounds(db), counted, sorted(path.name for path in (workspace.path / "rounds").iterdir())


def rewritten(archive: Path, out: Path, change: Callable[[Path], object], about: dict[str, Any] | None = None) -> Path:
    """A result with other content, its hashes right again: what damage never makes, but a mistake could."""
    folder = out.with_suffix(".members")
    folder.mkdir()
    stamp = unpack_archive(archive, KIND, dict.fromkeys(ALL, 1 << 30), folder)
    change(folder)
    write_archive(out, KIND, stamp.about | (about or {}), {name: folder / name for name in ALL})
    return out


# There and back


def test_the_round_is_the_one_that_would_have_been_trained_at_home(trip: Trip, home: Workspace, tmp_path: Path) -> None:
    from scn_core.rounds.lifecycle import New
    from scn_core.rounds.train import train_round

    here = Workspace(shutil.copytree(trip.home, tmp_path / "here"))
    with home.database(read_only=True) as db:
        val = np.array([each.id for each in iter_samples(db) if each.sample.split == "val"])
    for place in (home, here):
        write_predictions(place.round_folder(1), val, val % 7, val % 7)
    train_round(here, New(TRAIN), Recorder())
    done = unpack_result(home, trip.result)
    assert (done.round.id, done.again) == (2, False)
    with home.database() as away_db, here.database() as here_db:
        theirs, ours = scores(away_db, 2), scores(here_db, 2)
        for field in fields(RoundScores):
            assert np.array_equal(getattr(theirs, field.name), getattr(ours, field.name)), field.name
        for sql in (
            f"SELECT {QUEUE} FROM queue_item WHERE round_id = 2 ORDER BY id",
            "SELECT * FROM queue_count WHERE round_id = 2 ORDER BY 1, 2, 3, 4, 5, 6",
            "SELECT * FROM audit_stratum WHERE round_id = 2",
            "SELECT id, parent, state, config, code_version, message, review FROM round ORDER BY id",
        ):
            assert away_db.execute(sql).fetchall() == here_db.execute(sql).fetchall(), sql
        timeless = [
            [replace(report, seconds=0, faces_per_s=0) for report in epochs(db, 2)] for db in (away_db, here_db)
        ]
        assert timeless[0] == timeless[1]
        metrics = [rounds(db)[0].metrics for db in (away_db, here_db)]
    times = {"seconds", "faces_per_s"}
    assert metrics[0][AGAINST].keys() == {"1"}, "compared with the round before, face by face, here as there"
    assert {k: v for k, v in metrics[0].items() if k not in {*times, "job"}} == {
        k: v for k, v in metrics[1].items() if k not in times
    }
    for name in {*FILES, *WHERE_KEPT} - {"log.txt"}:
        assert (home.round_folder(2) / name).read_bytes() == (here.round_folder(2) / name).read_bytes(), name
    assert "epoch" in (home.round_folder(2) / "log.txt").read_text()
    assert sorted(path.name for path in (home.path / "rounds").iterdir()) == ["0001", "0002"]


def test_thumbnails_come_back_as_they_would_be_drawn_here(trip: Trip, home: Workspace, tmp_path: Path) -> None:
    done = unpack_result(home, trip.result)
    with home.database() as db:
        asked = {face for (face,) in db.execute("SELECT sample_id FROM queue_item WHERE round_id = 2")}
        stored = [each for each in iter_samples(db) if each.id in asked]
    assert done.thumbnails >= len(asked)
    kept = home.thumbs_file.read_bytes()
    found = thumbnails_of(home, stored)
    assert home.thumbs_file.read_bytes() == kept  # none had to be drawn
    elsewhere = Workspace(shutil.copytree(trip.home, tmp_path / "elsewhere", ignore=shutil.ignore_patterns("thumbs*")))
    assert found == thumbnails_of(elsewhere, stored)


def test_a_job_holds_no_reference_labels_and_no_names(trip: Trip, tmp_path: Path) -> None:
    unpack_archive(trip.job, JOB, JOB_LIMITS, tmp_path)
    with Workspace(trip.home).database() as db:
        samples = [stored.sample for stored in iter_samples(db)]
    lines = [json.loads(line) for line in (tmp_path / SAMPLES).read_text().splitlines()]
    assert [(key, path, split, label) for key, path, split, label, _, _ in lines] == [
        (each.key, each.path, each.split, each.given_label) for each in samples
    ]
    with zipfile.ZipFile(trip.job) as archive:
        assert not any(word in archive.read(name) for name in archive.namelist() for word in (b"reference", b'ann"'))


def test_the_same_labels_and_options_give_the_same_job(trip: Trip, home: Workspace, tmp_path: Path) -> None:
    job = pack_job(home, TRAIN, tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == trip.job.read_bytes()
    assert job.revision == "r1-d20"
    assert pack_job(home, replace(TRAIN, seed=5), tmp_path / "other.zip").id != job.id
    with home.database() as db:
        face = db.execute("SELECT sample_id FROM score WHERE proposed_label IS NULL").fetchone()[0]
        record_decisions(db, [Decision(str(uuid.uuid4()), 1, face, "ann", "exclude")])
    assert pack_job(home, TRAIN, tmp_path / "later.zip").id != job.id


def test_a_run_that_is_stopped_goes_on_and_ends_the_same(trip: Trip, tmp_path: Path) -> None:
    def stop(report: object) -> None:
        raise KeyboardInterrupt

    out, work = tmp_path / "out.zip", tmp_path / "work"
    with pytest.raises(KeyboardInterrupt):
        run_job(trip.job, trip.root, out, work, Recorder(on_epoch=stop))
    assert not out.exists()
    moved = shutil.copytree(trip.root, tmp_path / "moved")
    run_job(trip.job, moved, out, work, again := Recorder())
    assert Workspace(work).settings().root == str(moved)
    assert [report.epoch for report in again.epochs] in ([1, 2], [2])
    run_job(trip.job, moved, tmp_path / "packed-again.zip", work, idle := Recorder())
    assert idle.epochs == []
    weights = []
    for place, archive in enumerate((trip.result, out, tmp_path / "packed-again.zip")):
        (tmp_path / str(place)).mkdir()
        unpack_archive(archive, KIND, dict.fromkeys(ALL, 1 << 30), tmp_path / str(place))
        weights.append((tmp_path / str(place) / "weights.safetensors").read_bytes())
    assert weights[0] == weights[1] == weights[2]


def test_a_run_whose_process_was_killed_goes_on(home: Workspace, tmp_path: Path) -> None:
    job, out, work = tmp_path / "job.zip", tmp_path / "result.zip", tmp_path / "job-work"
    pack_job(home, replace(TRAIN, epochs=4), job)
    killed = signalled_after(2, signal.SIGKILL)
    ended = run_forked("-c", killed, "round", "run", job, "--root", home.settings().root, "--out", out)
    assert ended.code == -signal.SIGKILL
    with Workspace(work).database() as db:
        assert rounds(db)[0].state == "running"  # nobody was left to say otherwise
        assert len(epochs(db, 1)) == 2
    run_job(job, Path(home.settings().root), out, work, again := Recorder())
    assert again.epochs[0].epoch in (2, 3)  # as the second checkpoint was written by then or not
    assert again.epochs[-1].epoch == 4
    assert unpack_result(home, out).round.state == "review"


def test_weights_to_start_from_go_along(trip: Trip, home: Workspace, tmp_path: Path) -> None:
    unpack_result(home, trip.result)
    start = home.round_folder(2) / "weights.safetensors"
    chosen = replace(TRAIN, weights=str(start), epochs=1)
    pack_job(home, chosen, tmp_path / "job.zip")
    heard = Recorder()
    start = start.rename(tmp_path / "not there.safetensors")
    run_job(tmp_path / "job.zip", trip.root, tmp_path / "result.zip", tmp_path / "work", heard)
    assert any("start-weights.safetensors" in text for text in heard.messages)
    assert unpack_result(home, tmp_path / "result.zip").round.config["weights"] == chosen.weights
    with pytest.raises(UsageError, match=r"--weights: found .*; allowed: imagenet, or a file with .safetensors"):
        pack_job(home, replace(TRAIN, weights="nowhere.pt"), tmp_path / "job.zip")


def test_the_queue_follows_the_rules_of_review_of_now(trip: Trip, home: Workspace) -> None:
    home.write_review(ReviewSettings(readings=2, unsure="leave_out"))
    info = unpack_result(home, trip.result).round
    assert (
        info.review == ReviewSettings(readings=2, unsure="soften").as_dict()
    )  # trained by the rule it was packed with
    with home.database() as db:
        assert db.execute("SELECT max(slot) FROM queue_item WHERE round_id = 2").fetchone() == (1,)


def test_it_says_which_rounds_it_closes_and_the_log_keeps_it(
    trip: Trip, home: Workspace, tmp_path: Path, run: Run
) -> None:
    left, worse = (Workspace(shutil.copytree(home.path, tmp_path / name)) for name in ("left", "worse"))
    with home.database() as db, transaction(db):
        db.execute("UPDATE round SET metrics = json_remove(metrics, '$.val_accuracy')")  # so that none is worse
    ran = run("round", "unpack", home.path, trip.result, "--json")
    before, after = ran.err.splitlines()
    assert before.startswith("round 1 is in review with ")
    assert "; its review ends when this round does, unless this one comes out worse; --no-close-earlier" in before
    assert after == "round 1 is closed: round 2 takes its place"
    assert (json.loads(ran.out)["closed"], json.loads(ran.out)["kept"]) == ([1], [])
    assert "came out worse than round 1" in run("round", "unpack", worse.path, trip.result).err
    assert run("round", "unpack", left.path, trip.result, "--no-close-earlier").err.endswith(
        "; it stays in review until a lead closes it\n"
    )
    logged = []
    for place in (home, left, worse):
        with place.database(read_only=True) as db:
            logged.append([dict(event.about) for event in events(db) if event.what == "round closed"])
            assert get_round(db, 1).state == ("closed" if place is home else "review")
    assert logged == [[{"round": 1, "as_ended": 2}], [], []]


def test_it_says_what_was_done_after_the_job_was_packed(trip: Trip, home: Workspace, run: Run) -> None:
    with home.database() as db:
        asked = "SELECT sample_id, start_label FROM score WHERE sample_id NOT IN (SELECT sample_id FROM outcome)"
        (one, label), (two, _), (three, same) = db.execute(f"{asked} LIMIT 3").fetchall()
        answers: list[tuple[int, Action, int | None]] = [
            (one, "relabel", (label + 1) % 7), (two, "exclude", None), (three, "keep", same),
        ]  # fmt: skip
        for face, action, chosen in answers:
            record_decisions(db, [Decision(str(uuid.uuid4()), 1, face, "ann", action, chosen)])
    ran = run("round", "unpack", home.path, trip.result, "--json")
    assert ran.err.splitlines()[0].startswith(
        "the job was packed at r1-d20; since then 3 answers were given, and 2 faces of it got another label or went out"
    )
    assert json.loads(ran.out)["since"] == {"revision": "r1-d20", "answers": 3, "labels": 2}


# Pictures of the other machine


def test_pictures_are_looked_for_before_anything_is_trained(trip: Trip, tmp_path: Path) -> None:
    root = shutil.copytree(trip.root, tmp_path / "faces")
    (root / "faces/00003.jpg").unlink()
    (root / "faces/00005.jpg").write_bytes(b"another picture")
    work = tmp_path / "work"
    with pytest.raises(DataError, match=r"lacks 2 of 9\d faces .*00003.jpg \(not there\); .*00005.jpg \(15 bytes"):
        run_job(trip.job, root, tmp_path / "out.zip", work, Recorder())
    with pytest.raises(UsageError, match="--root: found no folder"):
        run_job(trip.job, tmp_path / "nowhere", tmp_path / "out.zip", work, Recorder())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["faces"]


def test_a_folder_of_another_job_is_left_alone(trip: Trip, home: Workspace, tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="of another job"):
        run_job(trip.job, trip.root, tmp_path / "out.zip", home.path, Recorder())
    (tmp_path / "full").mkdir()
    with pytest.raises(WorkspaceError, match="which is no workspace"):
        run_job(trip.job, trip.root, tmp_path / "out.zip", tmp_path / "full", Recorder())


# All or nothing


def test_a_result_is_taken_once(trip: Trip, home: Workspace) -> None:
    unpack_result(home, trip.result)
    before = state_of(home)
    with pytest.raises(WorkspaceError, match="found the job of round 2, which is here; allowed: a job once"):
        unpack_result(home, trip.result)
    assert state_of(home) == before


def test_an_unpacking_waits_for_another_program_that_writes(trip: Trip, home: Workspace) -> None:
    heard: list[str] = []
    with AnotherWriter(home) as other:

        def on_wait(text: str) -> None:
            heard.append(text)
            other.release()

        assert unpack_result(home, trip.result, on_wait).round.state == "review"
    assert heard == ["waiting for another program that is writing to the database"]


def test_an_unpacking_cut_off_before_its_files_were_in_place_is_mended(trip: Trip, home: Workspace) -> None:
    unpack_result(home, trip.result)
    left = home.path / "rounds" / "unpacking-left"
    home.round_folder(2).rename(left)
    done = unpack_result(home, trip.result)
    assert (done.round.id, done.again) == (2, True)
    assert (home.round_folder(2) / "weights.safetensors").exists()
    assert not left.exists()


def test_files_of_a_round_the_database_does_not_know_are_put_aside(trip: Trip, home: Workspace) -> None:
    home.round_folder(2).mkdir()
    (home.round_folder(2) / "faces.npz").write_text("of another round")
    unpack_result(home, trip.result)
    aside = [path for path in (home.path / "rounds").iterdir() if path.name.startswith("0002-left")]
    assert [(path / "faces.npz").read_text() for path in aside] == ["of another round"]


def test_nothing_is_taken_while_a_round_runs(trip: Trip, home: Workspace) -> None:
    with home.training_lock(), pytest.raises(WorkspaceError, match="another trainer is at work"):
        unpack_result(home, trip.result)
    with home.database() as db:
        start_round(db, {}, code_version="test")
    before = state_of(home)
    with pytest.raises(WorkspaceError, match="round 2 is running"):
        unpack_result(home, trip.result)
    assert state_of(home) == before


def test_a_round_of_other_faces_is_refused(trip: Trip, tmp_path: Path) -> None:
    other = Workspace(shutil.copytree(trip.home, tmp_path / "other"))
    with other.database() as db:
        db.execute("UPDATE sample SET key = 'renamed.jpg' WHERE id = 1")
    before = state_of(other)
    with pytest.raises(DataError, match=r"over another data set \(100 faces, .*; allowed: a job packed in this"):
        unpack_result(other, trip.result)
    assert state_of(other) == before


def test_a_round_of_another_workspace_of_the_same_list_is_refused_and_of_a_copy_taken(
    trip: Trip, home: Workspace, tmp_path: Path, run: Run
) -> None:
    other = Workspace(tmp_path / "other")
    other.path.mkdir()
    shutil.copy(home.settings_file, other.settings_file)
    with home.database(read_only=True) as db, closing(create_database(other.database_file)) as new:
        samples = tuple(stored.sample for stored in iter_samples(db))
        insert_manifest(new, Manifest(home.settings().dataset, trip.root, classes(db), samples))
    refused = run("round", "unpack", other.path, trip.result)
    assert refused.code == 1
    assert "found a round of another workspace ('home', made 20" in refused.err
    assert refused.err.rstrip().endswith("; allowed: a job packed in this workspace; unpack it there")
    with other.database(read_only=True) as db:
        assert rounds(db) == []
    restored = Workspace(tmp_path / "restored")
    with home.database() as db:
        restore(make_backup(home, db), restored)
    assert unpack_result(restored, trip.result).round.id == 2


def _alpha_above_one(folder: Path) -> None:
    table = np.load(folder / SCORES)
    table["alpha"][3] = 1.5
    np.save(folder / SCORES, table)


def _no_suspicion(folder: Path) -> None:
    table = np.load(folder / SCORES)
    table["suspicion"] = np.nan
    np.save(folder / SCORES, table)


def _unknown_face(folder: Path) -> None:
    table = np.load(folder / SCORES)
    table["sample_id"][-1] = 9_999
    np.save(folder / SCORES, table)


def _pickled(folder: Path) -> None:
    np.save(folder / SCORES, np.array([{"a": 1}], object), allow_pickle=True)


def _an_epoch_less(folder: Path) -> None:
    (folder / "epochs.json").write_text(json.dumps(json.loads((folder / "epochs.json").read_text())[:1]))


def _no_numbers(folder: Path) -> None:
    (folder / METRICS).write_text('{"test_accuracy": NaN}')


def _short_pictures(folder: Path) -> None:
    (folder / "thumbs.webp").write_bytes(b"RIFF")


def _other_epochs(folder: Path) -> None:
    np.save(folder / "dynamics.npy", np.load(folder / "dynamics.npy")[:, :-1])


def _far_neighbours(folder: Path) -> None:
    rows = np.load(folder / "neighbours.npy")
    rows["given"][0] = 101
    np.save(folder / "neighbours.npy", rows)


def _fewer_features(folder: Path) -> None:
    np.save(folder / "features.npy", np.load(folder / "features.npy")[:, :1])


def _no_features(folder: Path) -> None:
    np.save(folder / "features.npy", np.full_like(np.load(folder / "features.npy"), np.nan))


def _held_out(**changes: int) -> Callable[[Path], None]:
    """The first face of val and test is this."""

    def change(folder: Path) -> None:
        rows = np.load(folder / "held_out.npy")
        for name, value in changes.items():
            rows[name][0] = value
        np.save(folder / "held_out.npy", rows)

    return change


def _picture(picture: bytes) -> Callable[[Path], None]:
    """The first thumbnail is this."""

    def change(folder: Path) -> None:
        thumbs, pictures = np.load(folder / "thumbs.npy"), (folder / "thumbs.webp").read_bytes()
        (folder / "thumbs.webp").write_bytes(picture + pictures[thumbs[0, 1] :])
        thumbs[0, 1] = len(picture)
        np.save(folder / "thumbs.npy", thumbs)

    return change


def _weights(**changes: Any) -> Callable[[Path], None]:
    """The network's file with these tensors."""

    def change(folder: Path) -> None:
        tensors = load_file(folder / "weights.safetensors") | changes
        save_file(tensors, folder / "weights.safetensors")

    return change


def _more_rows(folder: Path) -> None:
    np.save(folder / SCORES, np.zeros(5_000, np.load(folder / SCORES).dtype))


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_picture(SVG), r"the picture of face \d+ is no WebP of pixels alone"),
        (_weights(**{"classifier.weight": np.zeros((99, 512), np.float32)}), "safetensors is of another network"),
        (_weights(payload=np.zeros(10, np.uint8)), "safetensors is of another network"),
        (lambda folder: (folder / "weights.safetensors").write_bytes(b"PK and a pickle"), "did not write"),
        (lambda folder: (folder / "weights.safetensors").write_bytes(bytes(60 << 20)), "safetensors of more than"),
        (lambda folder: (folder / "meta.json").write_text('{"backbone": "vgg"}'), "did not write"),
        (lambda folder: (folder / METRICS).write_text("[" * 100_000), "did not write"),
        (_more_rows, "scores.npy of more than"),
    ],
)
def test_what_somebody_else_made_of_a_result_changes_nothing(
    trip: Trip, home: Workspace, tmp_path: Path, change: Callable[[Path], object], message: str
) -> None:
    """Its hashes are right: they tell damage, and are no signature."""
    before = state_of(home)
    with pytest.raises(ScnError, match=message):
        unpack_result(home, rewritten(trip.result, tmp_path / "forged.zip", change))
    assert state_of(home) == before
    assert not home.thumbs_file.exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_alpha_above_one, "column alpha: found values from .* to 1.5"),
        (_no_suspicion, "column suspicion: found values from nan to nan"),
        (_unknown_face, "scores.npy is not of the faces in faces.npz"),
        (_pickled, "did not write .*Python objects"),
        (_an_epoch_less, "epochs.json has not the epochs 1 to 2"),
        (_no_numbers, "metrics.json is no object of finite numbers"),
        (_short_pictures, "thumbs.webp has another size"),
        (_other_epochs, "dynamics.npy has the shape"),
        (_far_neighbours, "names faces that are not in the data set"),
        (_fewer_features, r"features.npy has float16 of the shape \(\d+, 1\)"),
        (_no_features, "features.npy has values outside"),
        (_held_out(sample_id=0), "held_out.npy has faces that are not in the data set"),
        (_held_out(predicted=7), "held_out.npy has classes that there are not"),
        (lambda folder: (folder / "faces.npz").write_bytes(b"x"), "faces.npz is not that of the job"),
        (lambda folder: (folder / METRICS).write_text("[]"), "metrics.json is no object"),
        (lambda folder: (folder / SCORES).write_bytes(b""), "found content that `round run` did not write"),
    ],
)
def test_content_that_does_not_fit_changes_nothing(
    trip: Trip, home: Workspace, tmp_path: Path, change: Callable[[Path], object], message: str
) -> None:
    before = state_of(home)
    with pytest.raises(ScnError, match=message):
        unpack_result(home, rewritten(trip.result, tmp_path / "forged.zip", change))
    assert state_of(home) == before


def test_a_job_whose_parent_is_not_here_is_refused(trip: Trip, workspace: Workspace) -> None:
    with pytest.raises(WorkspaceError, match="found round 1; allowed: none yet"):
        unpack_result(workspace, trip.result)
    with workspace.database() as db:
        assert rounds(db) == []


def test_a_job_is_no_result_and_a_result_no_job(trip: Trip, home: Workspace, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="found a 'job of self-cure-labels'; allowed: a 'result of"):
        unpack_result(home, trip.job)
    with pytest.raises(DataError, match="found a 'result of self-cure-labels'; allowed: a 'job of"):
        run_job(trip.result, trip.root, tmp_path / "out.zip", tmp_path / "work", Recorder())


# The commands


def test_the_commands_go_there_and_back(home: Workspace, trip: Trip, tmp_path: Path, run: Run) -> None:
    job, result = tmp_path / "job.zip", tmp_path / "result.zip"
    packed = run("round", "pack", home.path, "--out", job, *flags(replace(TRAIN, epochs=1)), "--json")
    assert packed.code == 0, packed.err
    told = json.loads(packed.out)
    assert (told["samples"], told["settings"]["epochs"]) == (100, 1)
    ran = run("round", "run", job, "--root", trip.root, "--out", result)
    assert ran.code == 0, ran.err
    assert "round unpack WS result.zip" in ran.out
    assert (tmp_path / "job-work" / "review.db").exists()
    assert [(tmp_path / name).stat().st_mode & 0o777 for name in ("job-work", "result.zip")] == [0o700, 0o600]
    taken = run("round", "unpack", home.path, result)
    assert (taken.code, taken.out.splitlines()[0].split(":")[0]) == (0, "round 2"), taken.err
    assert run("round", "unpack", home.path, result).code == 1
    listed = json.loads(run("round", "list", home.path, "--json").out)
    assert [(each["id"], each["state"]) for each in listed] == [(2, "review"), (1, "closed")]
    assert "review" in run("round", "list", home.path).out
    with home.database() as db:
        start_round(db, TrainSettings().as_dict(), code_version="test")
    assert run("round", "cancel", home.path).out.startswith(
        "round 3 is cancelled; go on with: python -m scn_core train"
    )
    nothing = run("round", "cancel", home.path)
    assert (nothing.code, nothing.out) == (1, "")
    assert "found no round in state running (rounds: 3 cancelled, 2 review, 1 closed)" in nothing.err
    assert run("round", "close", home.path, "--yes").out.startswith("round 2 is closed with ")
    assert (
        "found round 2 in state closed; allowed: one in state review"
        in run("round", "close", home.path, "--round", 2).err
    )


def test_values_of_a_job_are_plain(trip: Trip, home: Workspace, tmp_path: Path) -> None:
    job = pack_job(home, TRAIN, tmp_path / "job.zip")
    assert json.loads(json.dumps(asdict(job)))["id"] == job.id
