"""The command line as people and scripts use it: names, exit codes, what goes to which stream, signals."""

from __future__ import annotations

import csv
import json
import signal
import tomllib
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
import tomlkit
from PIL import Image

from scn_core import __version__
from scn_core.cli.main import cli
from scn_core.records import DOUBTS, Decision
from scn_core.store.decisions.record import record_decisions
from scn_core.store.people.people import ensure_person
from scn_core.store.rounds.states import epochs, get_round, latest_round
from scn_core.store.samples import iter_samples, references
from scn_core.store.scores import scores
from scn_core.workspace.folder import Workspace
from tests.scn_core.conftest import BATCH_NORM, PATIENCE_S, Process, Run, flags, settings, signalled_after
from tests.scn_core.forks import run_forked

StartProcess = Callable[..., Process]

PROMISED = {
    "init": "--dataset --root --csv --path-column --label-column --split-column --annotator-column --noise --seed "
    "--follow-links --strict --json",
    "train": "--image-size --epochs --batch-size --lr --backbone --weights --beta --gamma --margin-rank "
    "--learn-margin-rank --margin-relabel --relabel --device --seed --allow-missing --resume",
    "predict": "--pictures --out --root --round --device --force --json",
    "export-model": "--out --round --force --json",
    "update": "--dry-run --json",
    "relocate": "--root --force --json",
    "withdraw": "--yes --json",
    "erase": "--key --keys-file --yes --json",
    "map": "--round --only-far --json",
    "log": "--limit --csv --json",
    "status": "--json",
    "clean": "--dry-run --json",
    "backup": "--out --keep --pictures --list --force --json",
    "restore": "--force --json",
    "check": "--repair --manifest --json",
    "proposals": "--limit --json",
    "evaluate": "--reference --json",
    "simulate": "--reference --budget --reviewer-error --accept-bias --rounds --seed --order --force --json",
    "export": "--out --format --split --changed --decided --class --round --excluded --pseudonyms --preview --json",
    "import-decisions": "--person --adjudicate --dry-run --json",
    "order": "--round --forget --json",
    "quality": "--round --json",
    "consensus": "--round --out --force --json",
    "pictures": "--issue --json",
    "duplicates": "--json",
    "bench": "--image-size --batch-size --backbone --compile --device --baseline --save --json",
    "round pack": "--out --image-size --epochs --relabel --seed --json",
    "round run": "--root --out --work --json",
    "round unpack": "--close-earlier --json",
    "round list": "--json",
    "round compare": "--first --second --json",
    "round close": "--round --yes",
    "round cancel": "--round",
    "round from-opinions": "--close-earlier --json",
    "opinion add": "--name --csv --npz --onnx --embeddings --map --logits --partial --image-size --mean --std "
    "--classes --json",
    "opinion list": "--json",
    "opinion remove": "--name --yes --json",
}
"""Options that scripts may rely on."""

DETECTOR = {
    "average_precision", "auroc", "auroc_within_classes", "precision_at_k", "precision_at_500", "precision_at_2000",
}  # fmt: skip


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """labels.csv of 20 happy and 10 sad pictures, under columns of unusual names, two of the sad for validation."""
    (tmp_path / "data").mkdir()
    lines = ["file,emotion,part"]
    for number in range(30):
        noise = np.random.default_rng(number).integers(0, 256, (32, 32, 3), np.uint8)
        Image.fromarray(noise).save(tmp_path / "data" / f"{number}.png")
        lines.append(f"{number}.png,{'sad' if number % 3 == 0 else 'happy'},{'valid' if number < 6 else 'train'}")
    file = tmp_path / "data" / "labels.csv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def init_arguments(workspace: Path, table: Path) -> list[object]:
    columns = ["--path-column", "file", "--label-column", "emotion", "--split-column", "part"]
    return ["init", workspace, "--dataset", "csv", "--csv", table, *columns]


def labels_of(workspace: Workspace) -> dict[str, tuple[int, str]]:
    with workspace.database(read_only=True) as db:
        return {s.sample.path: (s.sample.given_label, s.sample.split) for s in iter_samples(db)}


# Names


@pytest.mark.parametrize("command", PROMISED)
def test_every_promised_option_is_there_and_told(command: str, run: Run) -> None:
    done = run(*command.split(), "--help")
    assert (done.code, done.err) == (0, "")
    for option in PROMISED[command].split():
        assert f" {option} " in done.out.replace("\n", " \n").replace(",", " ").replace("/", " / "), option


def leaves(group: click.Group, before: str = "") -> dict[str, click.Command]:
    """Every command by its words, those of groups too."""
    found: dict[str, click.Command] = {}
    for name, command in group.commands.items():
        inside = leaves(command, f"{name} ") if isinstance(command, click.Group) else {name: command}
        found |= {before + words: leaf for words, leaf in inside.items()}
    return found


def test_every_option_has_a_help_text() -> None:
    for name, command in leaves(cli).items():
        options = [p for p in command.params if isinstance(p, click.Option)]
        assert all(option.help for option in options), name
    assert set(leaves(cli)) == set(PROMISED)


def test_version_and_help_are_no_errors(run: Run) -> None:
    assert __version__ in run("--version").out
    for arguments in (["--help"], ["-h"], ["train", "-h"]):
        assert run(*arguments).code == 0


# Wrong use: exit code 2, a message on standard error, nothing on standard output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Usage"),
        (["tran"], "No such command 'tran'"),
        (["init", "WS"], "Missing option '--dataset'"),
        (["init", "WS", "--dataset", "imagenet"], "'imagenet' is not one of 'raf-db', 'ferplus'"),
        (["init", "WS", "--dataset", "raf-db"], "--root: found nothing; allowed: the folder of the data set"),
        (["init", "WS", "--dataset", "csv"], "--csv: found nothing"),
        (["init", "WS", "--dataset", "demo", "--csv", "x.csv"], "with data set demo, which does not read it"),
        (["init", "WS", "--dataset", "demo", "--faces", "5"], "5 demo faces are too few"),
        (["init", "WS", "--dataset", "demo", "--seed", "-1"], "--seed"),
        (["init", "WS", "--dataset", "demo", "--noise", "some"], "--noise: found 'some'; allowed: symmetric:RATE"),
        (["init", "WS", "--dataset", "folder", "--root", ".", "--classes", "a,,b"], "--classes: a class needs a name"),
        (["train"], "Missing argument 'WS'"),
        (["train", "WS", "--epoch", "3"], "No such option"),
        (["train", "WS", "--epochs", "many"], "'many' is not a valid integer"),
        (["train", "WS", "--relabel", "always"], "'always' is not one of 'review', 'auto', 'off'"),
        (["train", "WS", "--resume", "--epochs", "3"], "--resume: found --epochs too"),
        (["train", "WS", "--resume", "--no-learn-margin-rank"], "--resume: found --learn-margin-rank too"),
        (["status", "WS", "extra"], "unexpected extra argument"),
        (["proposals", "WS", "--limit", "0"], "--limit"),
        (["evaluate", "WS", "--round", "one"], "'one' is not a valid integer"),
        (["export", "WS"], "Missing option '--out'"),
    ],
)
def test_wrong_use_is_code_2(
    arguments: list[str], message: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run(*arguments)
    assert (done.code, done.out) == (2, "")
    assert message in done.err
    assert "Traceback" not in done.err
    assert not list(tmp_path.rglob("*.db"))


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--epochs=0", "--epochs: found 0; allowed: a whole number from 1"),
        ("--lr=nan", "--lr: found nan; allowed: a number"),
        ("--clip-norm=inf", "--clip-norm: found inf"),
        ("--beta=1", "--beta: found 1.0; allowed: a number from 0.01 to 0.99"),
    ],
)
def test_values_out_of_range_are_code_2_and_begin_no_round(
    option: str, message: str, run: Run, workspace: Workspace
) -> None:
    done = run("train", workspace.path, option)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: " + message)
    with workspace.database(read_only=True) as db:
        assert latest_round(db) is None


# Work that fails: exit code 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["status", "gone"], "gone: found no workspace.toml; allowed: a workspace made by `python -m scn_core init`"),
        (["train", "gone"], "found no workspace.toml"),
        (["proposals", "gone"], "found no workspace.toml"),
        (["export", "gone", "--out", "o.csv"], "found no workspace.toml"),
        (["evaluate", "gone", "--reference", "r.csv"], "found no workspace.toml"),
        (["init", "WS", "--dataset", "raf-db", "--root", "gone"], "gone: found no such folder"),
        (["init", "WS", "--dataset", "csv", "--csv", "gone.csv"], "gone.csv: found No such file"),
        (["init", "a-file/WS", "--dataset", "demo"], "a-file"),
    ],
)
def test_work_that_fails_is_code_1(
    arguments: list[str], message: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a-file").write_text("mine")
    done = run(*arguments)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("error: ")
    assert message in done.err


@pytest.mark.parametrize("command", [["train"], ["train", "--resume"], ["evaluate", "--reference", "r.csv"]])
def test_commands_that_need_a_round_or_a_lock_say_so(command: list[str], run: Run, workspace: Workspace) -> None:
    name, *rest = command
    if name == "train" and not rest:
        with workspace.training_lock():
            done = run(name, workspace.path)
        assert "another trainer is at work here" in done.err
    else:
        done = run(name, workspace.path, *rest)
        assert "no round" in done.err
    assert (done.code, done.out) == (1, "")


# init


def test_init_names_the_commands_for_copies_and_bad_pictures_where_there_are_some(run: Run, tmp_path: Path) -> None:
    for name in ("happy/a.png", "sad/b.png"):
        picture = tmp_path / "faces" / name
        picture.parent.mkdir(parents=True)
        Image.new("RGB", (40, 40), (9, 9, 9)).save(picture)
    done = run("init", tmp_path / "ws", "--dataset", "folder", "--root", tmp_path / "faces")
    assert done.code == 0, done.err
    *_, copies, bad = done.out.splitlines()
    assert copies == f"see too: python -m scn_core duplicates {tmp_path / 'ws'}: 1 group of exact copies"
    assert bad.startswith(f"see too: python -m scn_core pictures {tmp_path / 'ws'}: some are dark")


def test_init_of_a_csv_with_noise_flips_exactly_and_keeps_the_truth(run: Run, table: Path, tmp_path: Path) -> None:
    clean, noisy = Workspace(tmp_path / "clean"), Workspace(tmp_path / "noisy")
    assert run(*init_arguments(clean.path, table)).code == 0
    done = run(*init_arguments(noisy.path, table), "--noise", "symmetric:0.2", "--seed", "4")
    assert done.code == 0
    assert "csv: 30 faces from" in done.out
    assert f"next: python -m scn_core train {noisy.path}" in done.out
    assert "see too" not in done.out
    before, after = labels_of(clean), labels_of(noisy)
    changed = [path for path in before if before[path][0] != after[path][0]]
    assert len(changed) == round(0.2 * 24)
    assert {before[path][1] for path in changed} == {"train"}
    with noisy.database(read_only=True) as db:
        ids = {stored.id: stored.sample.path for stored in iter_samples(db)}
        known = references(db)
    truth = {ids[i]: label for i, label in zip(known.sample_id.tolist(), known.label.tolist(), strict=True)}
    assert truth == {path: label for path, (label, split) in before.items() if split == "train"}
    assert noisy.settings().noise == "symmetric:0.2"
    assert noisy.settings().seed == 4


def test_init_tells_what_it_left_out_and_strict_refuses(run: Run, table: Path, tmp_path: Path) -> None:
    (table.parent / "7.png").write_bytes((table.parent / "7.png").read_bytes()[:200])
    (table.parent / "8.png").unlink()
    strict = run(*init_arguments(tmp_path / "ws", table), "--strict")
    assert strict.code == 1
    assert "found 2 rows that cannot be used" in strict.err
    done = run(*init_arguments(tmp_path / "ws", table))
    assert done.code == 0
    assert "csv: 28 faces" in done.out
    assert "left out: 2\n" in done.out
    assert f"{table}, line 9: found 7.png: a damaged picture" in done.out
    assert f"{table}, line 10: found 8.png: no such picture" in done.out
    again = run(*init_arguments(tmp_path / "ws", table))
    assert (again.code, again.out) == (1, "")
    assert "found a workspace already" in again.err


def test_init_demo_draws_into_the_workspace(run: Run, tmp_path: Path) -> None:
    done = run("init", tmp_path / "ws", "--dataset", "demo", "--faces", "70", "--seed", "2")
    assert done.code == 0
    assert "demo: 70 faces" in done.out
    assert done.err == ""


# From a trained round


def test_proposals_are_listed_most_suspect_first(run: Run, reviewed: Workspace) -> None:
    done = run("proposals", reviewed.path, "--json", "--limit", 3)
    said = json.loads(done.out)
    with reviewed.database(read_only=True) as db:
        found = scores(db, 1)
    count = int((found.proposed_label >= 0).sum())
    assert (said["round"], said["count"], len(said["proposals"])) == (1, count, min(3, count))
    best = np.sort(found.suspicion[found.proposed_label >= 0])[::-1][:3]
    assert [row["suspicion"] for row in said["proposals"]] == pytest.approx(best.tolist())
    assert all(len({row["given"], row["proposed"], row["second"]}) == 3 for row in said["proposals"])
    assert {row["doubt"] for row in said["proposals"]} <= set(DOUBTS)
    text = run("proposals", reviewed.path, "--limit", 1).out
    first = said["proposals"][0]
    assert first["key"] in text
    assert f"round 1: 1 of {count} proposals not decided; pictures under {reviewed.settings().root}" in text
    assert f"\nround 1, trained on {len(found.alpha)} faces, fewer than 5,000: " in text


def test_proposals_without_a_round(run: Run, workspace: Workspace) -> None:
    assert "no round has ended yet" in run("proposals", workspace.path).out
    assert json.loads(run("proposals", workspace.path, "--json").out) == {"round": None, "count": 0, "proposals": []}


def test_evaluate_has_the_promised_keys(run: Run, reviewed: Workspace) -> None:
    reference = Path(reviewed.settings().root, "labels.csv")
    with reference.open(newline="") as file:
        truth = [(row["path"], row["reference"]) for row in csv.DictReader(file) if row["split"] == "train"]
    own = reviewed.path / "reference.csv"
    own.write_text("path,label\n" + "".join(f"{path},{label}\n" for path, label in truth))
    done = run("evaluate", reviewed.path, "--reference", own, "--json")
    assert (done.code, done.err) == (0, "")
    said = json.loads(done.out)
    assert set(said) == {
        "round", "faces", "wrong", "unmatched", "alpha", "margin", "suspicion", "class_error_rate", "proposals",
        "label_accuracy", "shares",
    }  # fmt: skip
    for name in ("alpha", "margin", "suspicion"):
        assert set(said[name]) == DETECTOR
    assert set(said["proposals"]) == {"count", "precision", "recall", "label_right"}
    assert said["faces"] == sum(bool(label) for _, label in truth)
    kept = json.loads(run("evaluate", reviewed.path, "--json").out)  # init kept those of validation and test too
    assert {name: kept[name] for name in said if name != "unmatched"} == {n: said[n] for n in said if n != "unmatched"}
    text = run("evaluate", reviewed.path, "--reference", own).out
    assert f"round 1: {said['faces']} faces with a reference label, {said['wrong']} given labels wrong" in text
    assert f"{said['suspicion']['auroc']:.3f}" in text


def test_export_and_init_again_give_the_same_labels(run: Run, reviewed: Workspace, tmp_path: Path) -> None:
    with reviewed.database() as db:
        found = scores(db, 1)
        place = int(np.flatnonzero(found.proposed_label >= 0)[0])
        corrected, label = int(found.sample_id[place]), int(found.proposed_label[place])
        excluded = int(found.sample_id[found.sample_id != corrected][0])
        ensure_person(db, "ann")
        answers: Sequence[tuple[int, Any, int | None]] = [(corrected, "accept", label), (excluded, "exclude", None)]
        record_decisions(db, [Decision(str(uuid.uuid4()), 1, i, "ann", action, to) for i, action, to in answers])
        paths = {stored.id: stored.sample.path for stored in iter_samples(db)}
    expected = labels_of(reviewed)
    expected[paths[corrected]] = (label, "train")
    del expected[paths[excluded]]
    out = tmp_path / "corrected.csv"
    done = run("export", reviewed.path, "--out", out)
    assert (done.code, done.err) == (0, "")
    assert done.out == f"{out}: {len(expected)} faces, 1 with a corrected label, 1 excluded\n"
    root = reviewed.settings().root
    assert run("init", tmp_path / "again", "--dataset", "csv", "--csv", out, "--root", root, "--strict").code == 0
    assert labels_of(Workspace(tmp_path / "again")) == expected


def test_export_to_no_folder_is_wrong_use(run: Run, reviewed: Workspace) -> None:
    done = run("export", reviewed.path, "--out", reviewed.path / "gone" / "out.csv")
    assert (done.code, done.out) == (2, "")
    assert "--out: found no folder" in done.err


@pytest.mark.parametrize("command", ["status", "proposals"])
def test_json_is_one_object_and_nothing_else(command: str, process: StartProcess, reviewed: Workspace) -> None:
    done = process("-W", "error", "-m", "scn_core", command, reviewed.path, "--json").end()
    assert (done.code, done.err) == (0, "")
    assert isinstance(json.loads(done.out), dict)
    assert done.out.count("\n") == 1


def test_a_reader_that_closes_the_pipe_is_no_traceback(process: StartProcess, reviewed: Workspace) -> None:
    reading = process("-m", "scn_core", "proposals", reviewed.path)
    assert reading.popen.stdout is not None
    assert reading.popen.stderr is not None
    reading.popen.stdout.close()
    assert reading.popen.stderr.read() == b""
    assert reading.popen.wait(PATIENCE_S) == 1


# Training


def test_train_reads_the_workspace_file_and_flags_win(run: Run, workspace: Workspace) -> None:
    said = tomllib.loads(workspace.settings_file.read_text())
    said["train"] = {"epochs": 1, "beta": 0.6, "learn_margin_rank": True, "gamma": 0.25}
    workspace.settings_file.write_text(tomlkit.dumps(said))
    before = signal.getsignal(signal.SIGTERM)
    try:
        options = flags(settings(backbone=BATCH_NORM))  # whose spread is wide enough after an epoch for no warning
        done = run("train", workspace.path, *[f for f in options if "epochs" not in f], "--gamma=0.75")
    finally:
        signal.signal(signal.SIGTERM, before)
    assert done.code == 0
    with workspace.database(read_only=True) as db:
        info = get_round(db, 1)
    assert [info.config[name] for name in ("epochs", "beta", "learn_margin_rank", "gamma")] == [1, 0.6, True, 0.75]
    # Standard error is no terminal here: lines, no bars.
    assert "\r" not in done.err
    assert "\x1b" not in done.err
    assert [line.split()[:2] for line in done.err.splitlines()] == [
        ["round", "1:"],
        ["epoch", "1/1"],
        ["trained", "on"],
    ]
    proposals, low, others = (info.metrics[name] for name in ("proposals", "low_importance", "suspicious"))
    counted = f"round 1: {proposals} relabels proposed, {low} faces of low importance, "
    assert done.out.startswith(f"{counted}{others} more to review for their suspicion, in ")
    assert f"next: python -m scn_core proposals {workspace.path}" in done.out


def test_an_unknown_option_in_the_workspace_file_is_told(run: Run, workspace: Workspace) -> None:
    text = workspace.settings_file.read_text()
    workspace.settings_file.write_text(text + "epoch = 3\n")
    done = run("train", workspace.path)
    assert done.code == 2
    assert "workspace.toml, table [train]: found option 'epoch'; allowed: " in done.err


EPOCHS = 4


def stop_training(workspace: Workspace, by: signal.Signals) -> None:
    """Trains EPOCHS epochs, with the signal after the second."""
    chosen = flags(settings(backbone="squeezenet1_1", epochs=EPOCHS, image_size=48))
    stopped = run_forked("-c", signalled_after(2, by), "train", workspace.path, *chosen)
    assert (stopped.code, stopped.out) == (1, "")
    assert f"stopped; go on with: python -m scn_core train {workspace.path} --resume" in stopped.err
    assert "Traceback" not in stopped.err
    with workspace.database(read_only=True) as db:
        info, reports = get_round(db, 1), epochs(db, 1)
    assert (info.state, info.message) == ("cancelled", "stopped by hand; --resume continues it")
    assert [report.epoch for report in reports] == [1, 2]


def test_a_polite_kill_is_a_ctrl_c(workspace: Workspace) -> None:
    stop_training(workspace, signal.SIGTERM)


def test_ctrl_c_leaves_a_round_that_resume_finishes(process: StartProcess, workspace: Workspace) -> None:
    stop_training(workspace, signal.SIGINT)
    resumed = process("-W", "error", "-m", "scn_core", "train", workspace.path, "--resume").end()
    assert resumed.code == 0, resumed.err
    with workspace.database(read_only=True) as db:
        assert get_round(db, 1).state == "review"
        assert [report.epoch for report in epochs(db, 1)] == list(range(1, EPOCHS + 1))


def test_init_tells_what_became_of_every_row(run: Run, table: Path, tmp_path: Path) -> None:
    """As text, as JSON, and later in the status alike."""
    text = table.read_text(encoding="utf-8").replace("7.png,happy", "7.png,Joy").replace("8.png,happy", "8.png,NaN", 1)
    table.write_text(text + "gone.png,sad,train\n,,\n", encoding="utf-8")
    done = run(*init_arguments(tmp_path / "Gefühle 2026", table))
    assert done.code == 0, done.err
    assert done.err.startswith(
        "warning: found the folder name 'Gefühle 2026'; allowed: letters, digits, dots and dashes"
    )
    assert (
        "  seen: 31 rows and files = 29 faces taken + 2 left out\n    1 no label\n    1 no such picture\n" in done.out
    )
    assert "  joined: happy, Joy -> happy" in done.out
    assert f"gone.png: no such picture at {table.parent / 'gone.png'}" in done.out
    quiet = run(*init_arguments(tmp_path / "two", table), "--json")
    assert "warning" not in quiet.err
    said = json.loads(quiet.out)
    assert said["balance"] == {
        "seen": 31,
        "taken": 29,
        "further_labels": 0,
        "left_out": {"no label": 1, "no such picture": 1},
        "joined": {"happy": ["happy", "Joy"]},
        "renamed": {},
    }
    assert json.loads(run("status", tmp_path / "two", "--json").out)["balance"] == said["balance"]
    assert "= 29 faces taken + 2 left out" in run("status", tmp_path / "two").out


def test_labels_of_several_people(run: Run, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    rows = ["path,label,who"]
    for number in range(4):
        noise = np.random.default_rng(number).integers(0, 256, (32, 32, 3), np.uint8)
        Image.fromarray(noise).save(tmp_path / "data" / f"{number}.png")
        rows += [f"{number}.png,{'Sad' if number % 2 else 'Joy'},{who}" for who in ("ann", "bob")]
    rows.append("0.png,Sad,cy")
    (tmp_path / "data/l.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    arguments = ["--dataset", "csv", "--csv", tmp_path / "data/l.csv", "--annotator-column", "who"]
    done = run("init", tmp_path / "ws", *arguments)
    assert done.code == 0, done.err
    assert "  votes: 9 labels of 3 people on 4 faces, 3 unanimous, Krippendorff's alpha " in done.out
    assert "seen: 9 rows and files = 4 faces taken + 5 further labels of these" in done.out
    out = tmp_path / "out.csv"
    assert run("export", tmp_path / "ws", "--out", out, "--spelling", "dataset").code == 0
    found = list(csv.DictReader(out.read_text(encoding="utf-8").splitlines()))
    assert [(row["label"], row["votes"]) for row in found[:2]] == [("Joy", "Joy: 2; Sad: 1"), ("Sad", "Sad: 2")]
    again = run("init", tmp_path / "again", "--dataset", "csv", "--csv", out, "--root", tmp_path / "data")
    assert again.code == 0, again.err
    assert "  votes: 9 labels on 4 faces, 3 unanimous, Krippendorff's alpha " in again.out


def test_a_folder_that_toml_cannot_name_is_refused_at_once(run: Run, table: Path, tmp_path: Path) -> None:
    done = run(*init_arguments(tmp_path / "a\x07b", table))
    assert (done.code, "found a path that is not UTF-8 or has control characters" in done.err) == (2, True)
    assert not (tmp_path / "a\x07b").exists()


def test_bench_prints_one_object_and_keeps_it(run: Run, tmp_path: Path) -> None:
    arguments = ["--image-size=32", "--batch-size=4", "--backbone=squeezenet1_1", "--device=cpu", "--seconds=0.01"]
    kept = tmp_path / "bench.json"
    done = run("bench", *arguments, "--stage=data", "--stage=step", f"--save={kept}", "--json")
    assert (done.code, done.err) == (0, "")
    said = json.loads(done.out)
    assert json.loads(kept.read_text(encoding="utf-8")) == said
    assert list(said["stages"]) == ["data", "step"]
    assert said["settings"]["batch_size"] == 4
    assert run("bench", "--image-size=1").code == 2


def test_classes_given_to_init_keep_their_spelling(run: Run, tmp_path: Path) -> None:
    for number, shade in enumerate((40, 80, 120)):
        Image.new("RGB", (40, 40), (shade, 90, 60)).save(tmp_path / f"{number}.png")
    rows = zip(range(3), ("smirk", "Joy", "怒り"), strict=True)
    table = tmp_path / "labels.csv"
    table.write_text("path,label\n" + "".join(f"{n}.png,{name}\n" for n, name in rows), encoding="utf-8")
    made = run("init", tmp_path / "ws", "--dataset", "csv", "--csv", table, "--classes", "Smirk,happy,怒り")
    assert made.code == 0, made.err
    assert Workspace(tmp_path / "ws").settings().classes == ["Smirk", "happy", "怒り"]
