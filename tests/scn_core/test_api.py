"""The Python API: what docs/python.md shows runs, its tables are as described, and what is wrong is said."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
import uuid
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import scn_core as scn
from scn_core import api
from scn_core.datasets.source import Source
from scn_core.records import QUEUE_ORDERS, QUEUE_STATES, Decision
from scn_core.store import connection
from scn_core.store.decisions.record import record_decisions
from scn_core.store.events import events
from scn_core.store.samples import find_sample
from scn_core.workspace.folder import Workspace
from tests.another_writer import AnotherWriter
from tests.review_workspace import add_round

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs/python.md").read_text(encoding="utf-8")
PYTHON_BLOCK = r"^```python\n(.*?)^```"
BLOCKS = re.findall(PYTHON_BLOCK, GUIDE, re.DOTALL | re.MULTILINE)
RESEARCH = ROOT / "docs/research.md"
SMALL: dict[str, Any] = {
    "image_size": 32, "epochs": 2, "batch_size": 32, "backbone": "squeezenet1_1", "device": "cpu",
    "precision": "fp32",
}  # fmt: skip


@pytest.fixture
def ws(workspace: Workspace) -> scn.OpenWorkspace:
    """Round 1 in review, with made-up scores: 40 proposals, 6 audit faces."""
    assert add_round(workspace, proposals=40, low=15, audit=6) == 1
    return scn.open(workspace.path)


def proposals(ws: scn.OpenWorkspace) -> pd.DataFrame:
    queue = ws.queue()
    return queue[queue["proposed_label"].notna()]


def described(call: str) -> list[tuple[str, str]]:
    """Columns and dtypes of a table of the guide."""
    section = GUIDE.partition(f"### {call}\n")[2].partition("\n### ")[0]
    return re.findall(r"^\| `([^`]+)` \| `([^`]+)` \|", section, re.MULTILINE)


def columns(frame: pd.DataFrame) -> list[tuple[str, str]]:
    return [(str(name), str(dtype)) for name, dtype in frame.dtypes.items()]


def test_the_guide_names_every_state_and_order_of_the_queue() -> None:
    about = GUIDE.partition("### ws.queue()")[2].partition("###")[0]
    assert [word for word in (*QUEUE_STATES, *QUEUE_ORDERS) if f"`{word}`" not in about] == []
    assert [word for word in QUEUE_STATES if word not in str(scn.OpenWorkspace.queue.__doc__)] == []


def test_the_public_names_are_exactly_these() -> None:
    assert sorted(api.__all__) == ["OpenWorkspace", "init", "open"]
    errors = {"ScnError", "UsageError", "DataError", "WorkspaceError", "WeightsError", "TrainingError"}
    assert set(scn.__all__) == {*api.__all__, *errors, "__version__"}
    assert len(scn.__all__) == len(set(scn.__all__))
    assert set(scn.__all__) <= set(dir(scn))
    assert all(getattr(scn, name) is getattr(api, name) for name in api.__all__)
    public = {name for name in dir(scn.OpenWorkspace) if not name.startswith("_")}
    calls = {"status", "train", "labels", "scores", "decisions", "queue", "decide", "export", "evaluate", "consensus"}
    calls |= {"import_decisions", "undo_import", "update", "relocate", "withdraw", "backup", "erase"}
    calls |= {"predict", "export_model"}
    calls |= {"duplicates", "pictures"}
    calls |= {"add_opinion", "opinions", "remove_opinion", "round_from_opinions"}
    assert public - {"folder"} == calls
    assert calls == set(re.findall(r"ws\.(\w+)\(", GUIDE))
    with pytest.raises(AttributeError, match="no attribute 'opne'"):
        scn.opne  # noqa: B018


def test_the_guide_runs_as_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "work").mkdir()
    assert len(BLOCKS) > 3
    names: dict[str, Any] = {}
    for block in [*BLOCKS, *re.findall(PYTHON_BLOCK, RESEARCH.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)]:
        exec(compile(block, "docs", "exec"), names)
    labels, faces = names["labels"].set_index("key"), names["queue"]["key"]
    assert labels.loc[faces[0], "label"] == "sad"
    assert labels.loc[faces.iloc[1:4], "source"].tolist() == ["keep"] * 3
    assert labels.loc[faces.iloc[4:6], "source"].tolist() == ["relabel", "exclude"]
    assert len(names["training"]) == names["now"].samples["train"] - 1
    assert (tmp_path / "corrected.csv").exists()


def test_every_table_has_the_columns_that_the_guide_describes(ws: scn.OpenWorkspace) -> None:
    classes = ws.status().classes
    for decided in (False, True):  # dtypes do not depend on what is missing
        if decided:
            ws.decide(proposals(ws)["key"].iloc[:2], "accept", person="Ada")
        assert columns(ws.labels()) == described("ws.labels()")
        assert columns(ws.opinions()) == described("ws.opinions()")
        assert columns(ws.decisions()) == described("ws.decisions()")
        assert columns(ws.duplicates()) == described("ws.duplicates()")
        assert columns(ws.pictures()) == columns(ws.pictures(issue="dark")) == described("ws.pictures()")
        assert columns(ws.queue()) == columns(ws.queue(limit=0)) == described("ws.queue()")
        *plain, (name, dtype) = described("ws.scores(round=1)")
        assert name == "prob_CLASS"
        assert columns(ws.scores(round=1)) == [*plain, *((f"prob_{each}", dtype) for each in classes)]
        *plain, (name, dtype) = described("ws.consensus()")
        assert columns(ws.consensus()) == [*plain, *((f"prob_{each}", dtype) for each in classes)]


def test_scores_say_what_the_round_found(ws: scn.OpenWorkspace) -> None:
    scores = ws.scores()
    status = ws.status()
    assert len(scores) == status.samples["train"] == scores["key"].nunique()
    assert scores["proposed_label"].notna().sum() == status.proposals > 0
    assert list(scores["start_label"].cat.categories) == status.classes
    chances = scores[[f"prob_{name}" for name in status.classes]]
    assert chances.sum(axis=1).to_numpy() == pytest.approx(1, abs=1e-4)
    assert chances.max(axis=1).to_numpy() == pytest.approx(scores["p_max"].to_numpy(), abs=1e-5)
    assert [str(name).removeprefix("prob_") for name in chances.idxmax(axis=1)] == scores["predicted_label"].tolist()
    given = ws.labels().set_index("key").loc[scores["key"], "given_label"]
    assert given.tolist() == scores["start_label"].tolist()


def test_the_queue_shows_no_more_of_an_audit_face_than_the_browser(ws: scn.OpenWorkspace) -> None:
    queue = ws.queue()
    audit = queue[queue["kind"] == "audit"]
    hidden = ["proposed_label", "second_label", "alpha", "margin", "suspicion", "doubt"]
    assert len(audit) > 0
    assert audit[hidden].isna().all(axis=None)
    assert queue.loc[queue["kind"] != "audit", ["alpha", "margin", "suspicion"]].notna().all(axis=None)
    face = audit["key"].iloc[0]
    ws.decide(face, "keep", person="Ada")
    answered = ws.queue(state="answered").set_index("key")
    assert answered.index.tolist() == [face]
    assert answered.loc[face, "person"] == "Ada"
    assert answered.loc[face, ["alpha", "suspicion"]].notna().all()
    assert face not in set(ws.queue()["key"])


def test_the_queue_is_in_the_order_asked_for(ws: scn.OpenWorkspace) -> None:
    by_alpha = ws.queue(order="alpha")
    assert by_alpha["alpha"].dropna().is_monotonic_increasing
    assert len(by_alpha) == len(ws.queue()) > 7
    assert ws.queue(limit=7)["key"].tolist() == ws.queue()["key"].tolist()[:7]
    with pytest.raises(scn.WorkspaceError, match="found order oldest; allowed: suspicion, alpha"):
        ws.queue(order="oldest")  # type: ignore[arg-type]


def test_answers_are_those_that_the_browser_would_give(ws: scn.OpenWorkspace) -> None:
    asked = proposals(ws).iloc[:3]
    accepted, kept, relabelled = asked["key"]
    assert ws.decide(asked["key"], ["accept", "keep", "relabel"], [None, float("nan"), "joy"], person="Ada") == 3
    labels = ws.labels().set_index("key")
    assert labels.loc[accepted, "label"] == asked["proposed_label"].iloc[0]
    assert labels.loc[kept, "label"] == asked["start_label"].iloc[1]
    assert labels.loc[relabelled, "label"] == "happy"
    assert labels.loc[accepted, ["source", "people", "round"]].tolist() == ["accept", ("Ada",), 1]
    assert set(ws.queue(state="answered")["key"]) == set(asked["key"])
    log = ws.decisions()
    assert log["key"].tolist() == asked["key"].tolist()
    assert log["person"].tolist() == ["Ada"] * 3
    assert log["live"].all()


@pytest.mark.parametrize(
    "write",
    [
        lambda ws, key: ws.decide(key, "unsure", person="ann"),
        lambda ws, key: ws.withdraw(key),
        lambda ws, key: ws.update(progress=False),
    ],
    ids=["decide", "withdraw", "update"],
)
def test_what_writes_waits_for_other_programs_as_long_as_it_takes(
    ws: scn.OpenWorkspace, monkeypatch: pytest.MonkeyPatch, write: Callable[[scn.OpenWorkspace, str], Any]
) -> None:
    heard: list[str] = []
    key = ws.queue()["key"][0]
    monkeypatch.setattr(connection, "PATIENT_TRY_MS", 20)
    with AnotherWriter(ws.folder) as other:

        def release(text: str) -> None:
            heard.append(text)
            other.release()

        monkeypatch.setattr("scn_core.workspace.folder.say_waiting", release)
        write(ws, key)
    assert heard == ["waiting for another program that is writing to the database"]


def test_of_answers_to_one_face_the_newest_counts_even_one_given_before(ws: scn.OpenWorkspace) -> None:
    face = proposals(ws)["key"].iloc[0]
    for action in ("exclude", "unsure", "exclude"):
        assert ws.decide(face, action, person="Ada") == 1
    assert ws.labels().set_index("key").loc[face, "source"] == "exclude"
    assert ws.decisions(round=1)["action"].tolist() == ["exclude", "unsure", "exclude"]


def test_the_log_has_marks_and_what_was_taken_back(ws: scn.OpenWorkspace) -> None:
    face = proposals(ws)["key"].iloc[0]
    ws.decide(face, "exclude", person="Ada")
    with ws.folder.database() as db:
        sample = find_sample(db, face)
        assert sample is not None
        first = ws.decisions()["id"].iloc[0]
        note = Decision(str(uuid.uuid4()), 1, sample.id, "Ada", "note", text="a cat")
        undo = Decision(str(uuid.uuid4()), 1, sample.id, "Ada", "undo", undoes=first)
        record_decisions(db, [note, undo])
    log = ws.decisions()
    assert log["action"].tolist() == ["exclude", "note", "undo"]
    assert log["live"].tolist() == [False, True, False]
    assert log["text"].fillna("").tolist() == ["", "a cat", ""]
    assert log["undoes"].fillna("").tolist() == ["", "", first]
    assert ws.labels().set_index("key").loc[face, "source"] == "given"


@pytest.mark.parametrize(
    ("answer", "error", "says"),
    [
        (("no such face", "keep"), scn.DataError, "answer 2: found no such face, which is no face of this workspace"),
        (("FACE", "approve"), scn.DataError, "found action 'approve'; allowed: accept, keep, relabel"),
        (("FACE", "relabel"), scn.DataError, "found relabel without a label; allowed: neutral, happy"),
        (("FACE", "relabel", "bored"), scn.DataError, "found label 'bored'; allowed: neutral, happy"),
        (
            ("FACE", "relabel", 7),
            scn.UsageError,
            "label: found 7; allowed: neutral, happy, surprise, sad, anger, disgust, fear, or their numbers, 0 to 6",
        ),
        (("FACE", "relabel", 1.5), scn.UsageError, "label: found 1.5; allowed: neutral"),
        (("FACE", "relabel", True), scn.UsageError, "label: found True; allowed: neutral"),
        (("FACE", 3), scn.UsageError, "found action 3, a int; allowed: text"),
        ((4, "keep"), scn.UsageError, "key: found 4, a int; allowed: a face's key"),
        (
            ("FIRST", "keep"),
            scn.DataError,
            "answer 2: found ORDER of Ada a second time, first in answer 1; allowed: one",
        ),
        (("VAL", "keep"), scn.DataError, "in split val; allowed: training faces"),
    ],
)
def test_an_answer_that_does_not_fit_is_refused_with_all_others(
    ws: scn.OpenWorkspace, answer: tuple[Any, ...], error: type[scn.ScnError], says: str
) -> None:
    labels = ws.labels()
    names = {"FACE": ws.queue()["key"].iloc[1], "VAL": labels.loc[labels["split"] == "val", "key"].iloc[0]}
    key, action, label = (names.get(answer[0], answer[0]), answer[1], (*answer, None)[2])
    first = ws.queue()["key"].iloc[0]
    with pytest.raises(error, match=re.escape(says.replace("ORDER", first))):
        ws.decide([first, key if key != "FIRST" else first], ["keep", action], [None, label], person="Ada")
    assert len(ws.decisions()) == 0


@pytest.mark.parametrize("label", [2, np.int64(2), 2.0, "Surprised"])
def test_a_class_may_be_said_by_its_number(ws: scn.OpenWorkspace, tmp_path: Path, label: Any) -> None:
    """A bare TypeError before, for numbers that are no lists."""
    face = ws.queue()["key"].iloc[0]
    assert ws.decide(face, "relabel", label, person="Ada") == 1
    assert ws.decisions()["label"].tolist() == ["surprise"]
    assert ws.export(tmp_path / "x.csv", decided=True, label=label).counts.rows == 1


@pytest.mark.parametrize("wrong", [pd.DataFrame({"path": ["a.png"]}), np.zeros((2, 2)), [b"x"], 3, None])
def test_what_is_no_path_is_no_picture_to_predict(ws: scn.OpenWorkspace, wrong: Any) -> None:
    with pytest.raises(
        scn.UsageError, match=r"pictures: found a .*; allowed: a folder, a list of paths, .*; of a table"
    ):
        ws.predict(wrong)
    with pytest.raises(scn.UsageError, match=r"key: found .*; allowed: a face's key"):
        ws.decide(wrong, "keep", person="Ada")


def test_who_answers_and_in_which_round_is_checked(ws: scn.OpenWorkspace) -> None:
    faces = ws.queue()["key"].iloc[:3]
    with pytest.raises(scn.DataError, match="found no person; allowed: a name"):
        ws.decide(faces, "keep", person=" ")
    with pytest.raises(scn.UsageError, match="found person 3, a int; allowed: text"):
        ws.decide(faces, "keep", person=3)  # type: ignore[arg-type]
    with pytest.raises(scn.WorkspaceError, match="found round 2; allowed: 1 to 1"):
        ws.decide(faces, "keep", person="Ada", round=2)
    with pytest.raises(scn.UsageError, match="found 3 keys and 2 values; allowed: one for all, or one each"):
        ws.decide(faces, ["keep", "unsure"], person="Ada")
    assert ws.decide(faces, "keep", person="Ada", round=1) == 3


def test_a_round_that_is_not_there_is_said(workspace: Workspace) -> None:
    ws = scn.open(workspace.path)
    for ask in (ws.scores, ws.queue):
        with pytest.raises(scn.WorkspaceError, match="found no round in state review or closed"):
            ask()
    with pytest.raises(scn.WorkspaceError, match="found no round in state review"):
        ws.decide("faces/00000.jpg", "keep", person="Ada")
    assert ws.labels()["alpha"].isna().all()
    assert len(ws.decisions()) == 0
    add_round(workspace, proposals=40, low=15)
    for ask in (ws.scores, ws.queue):
        with pytest.raises(scn.WorkspaceError, match="found round 7; allowed: "):
            ask(round=7)
    with pytest.raises(scn.WorkspaceError, match="found round 7; allowed: 1 to 1"):
        ws.decisions(round=7)


def test_decisions_made_elsewhere_come_in(ws: scn.OpenWorkspace, tmp_path: Path) -> None:
    face = proposals(ws)["key"].iloc[1]
    (tmp_path / "in.csv").write_text(f"path,action\n{face},accept\n", encoding="utf-8")
    before = len(ws.decisions())
    assert len(ws.import_decisions(tmp_path / "in.csv", person="Eve", dry_run=True).decisions) == 1
    assert len(ws.decisions()) == before
    taken = ws.import_decisions(tmp_path / "in.csv", person="Eve")
    assert repr(taken) == (  # a notebook shows it: no row of it
        "ImportPlan(round=1, rows=1, decisions=1, new_people=1, known=0, unchanged=0, changes=1, problems=0)"
    )
    log = ws.decisions()
    assert len(log) == before + 1
    assert (log["person"].iloc[-1], log["imported_by"].iloc[-1]) == ("Eve", "a command")
    assert ws.import_decisions(tmp_path / "in.csv", person="Eve").known == 1
    (tmp_path / "in.csv").write_text("path,action\nnowhere.png,accept\n", encoding="utf-8")
    with pytest.raises(scn.DataError, match=r"in\.csv, line 2: found nowhere\.png"):
        ws.import_decisions(tmp_path / "in.csv", person="Eve")


def test_an_export_without_a_row_says_why(
    ws: scn.OpenWorkspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ws.export(tmp_path / "n.npz", "npz", round=1).counts.rows == 0
    assert capsys.readouterr().err == (
        "no face is exported: none is decided by people in round 1, with scores of a round, not excluded\n"
    )


def test_labels_go_out_as_the_command_writes_them(ws: scn.OpenWorkspace, tmp_path: Path) -> None:
    face = proposals(ws)["key"].iloc[0]
    ws.decide(face, "accept", person="Ada")
    made = ws.export(tmp_path / "out.csv", changed=True)
    assert made.counts.rows == 1
    assert pd.read_csv(tmp_path / "out.csv")["key"].tolist() == [face]
    (tmp_path / "mine.csv").write_text("worked on", encoding="utf-8")
    ws.export(tmp_path / "out.csv", changed=True)  # as an export left it
    with pytest.raises(scn.UsageError, match="which is there already and is not as this command left it"):
        ws.export(tmp_path / "mine.csv")
    assert (tmp_path / "mine.csv").read_text(encoding="utf-8") == "worked on"
    assert ws.export(tmp_path / "mine.csv", force=True).counts.rows > 1
    assert ws.export(str(tmp_path / "happy.jsonl"), "jsonl", label="joy").counts.rows > 0
    assert ws.export(tmp_path / "faces", "hugging-face", copies=True).copies
    assert ws.export(tmp_path / "tasks.json", "label-studio", image_prefix="https://faces.example/").image_prefix
    with pytest.raises(scn.UsageError, match="format: found 'xml'; allowed: csv, jsonl"):
        ws.export(tmp_path / "out.xml", "xml")  # type: ignore[arg-type]
    with pytest.raises(scn.UsageError, match="label: found 'bored'; allowed: neutral, happy"):
        ws.export(tmp_path / "out.csv", label="bored")


@pytest.mark.parametrize(
    ("out", "options", "said"),
    [
        ("x.csv", {"split": "dev"}, "split: found 'dev'; allowed: train, val, test"),
        ("x.csv", {"split": "Train"}, "split: found 'Train'; allowed: train, val, test"),
        ("x.csv", {"spelling": "own"}, "spelling: found 'own'; allowed: project, dataset"),
        ("x.csv", {"round": 9}, "found round 9; allowed: 1 to 1"),
        ("-", {}, "out: found '-'; allowed: a file or folder"),
    ],
)
def test_an_export_of_what_there_is_not_writes_nothing(
    ws: scn.OpenWorkspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, out: str, options: dict[str, Any], said: str
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with pytest.raises(scn.ScnError, match=said):
        ws.export(out, **options)
    assert list((tmp_path / "here").iterdir()) == []


def test_a_queue_of_less_than_no_rows_is_refused(ws: scn.OpenWorkspace) -> None:
    with pytest.raises(scn.UsageError, match="limit: found -1; allowed: 0 or more"):
        ws.queue(limit=-1)


def test_an_import_is_taken_back(ws: scn.OpenWorkspace, tmp_path: Path) -> None:
    file = tmp_path / "in.csv"
    file.write_text(f"key,action\n{proposals(ws)['key'].iloc[0]},accept\n", encoding="utf-8")
    ws.import_decisions(file, person="Eve")
    undone = ws.undo_import(file, dry_run=True)
    assert repr(undone) == f"UndoPlan(file={file.name!r}, round=1, answers=1, decisions=1)"
    assert undone.answers == ws.undo_import(file).answers == 1
    assert not ws.decisions()["live"].any()
    with ws.folder.database(read_only=True) as db:
        assert next(iter(events(db))).what == "import taken back"


def test_a_round_is_measured_against_a_file_too(ws: scn.OpenWorkspace, tmp_path: Path) -> None:
    labels = ws.labels()
    train = labels[labels["split"] == "train"]
    train[["key", "given_label"]].set_axis(["path", "label"], axis=1).to_csv(tmp_path / "same.csv", index=False)
    assert ws.evaluate(tmp_path / "same.csv", round=1).wrong == 0
    assert ws.evaluate().wrong > 0


def test_a_wrong_option_begins_nothing(tmp_path: Path, workspace: Workspace) -> None:
    with pytest.raises(scn.UsageError, match="init: found option 'rooot'; allowed: root, csv"):
        scn.init(tmp_path / "new", dataset="demo", rooot=tmp_path)
    with pytest.raises(
        scn.UsageError, match=r"'root_address'; allowed: (?!.*_address).*noise, strict, faces, progress$"
    ):
        scn.init(tmp_path / "new", dataset="demo", root_address="s3://a/b")
    assert not (tmp_path / "new").exists()
    ws = scn.open(workspace.path)
    with pytest.raises(scn.UsageError, match="train: found option 'epoch'; allowed: "):
        ws.train(epoch=3)
    with pytest.raises(scn.UsageError, match="found epochs with resume=True"):
        ws.train(resume=True, epochs=3)
    with pytest.raises(scn.WorkspaceError, match="there is no round yet"):
        ws.train(resume=True)
    assert ws.status().round is None
    with pytest.raises(scn.WorkspaceError):
        scn.open(tmp_path)


def test_a_csv_is_read_with_its_options_and_nothing_is_left_out_in_silence(
    tmp_path: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    table = pd.read_csv(Path(workspace.settings().root) / "labels.csv")
    table.iloc[:20].assign(age=30).to_csv(tmp_path / "faces.csv", index=False)
    options: dict[str, Any] = {"csv": "~/faces.csv", "root": workspace.settings().root, "reference_column": "reference"}
    ws = scn.init("~/table", dataset="csv", classes=["neutral", "happy", "surprise", "sad", "anger", "disgust", "fear"],
                  progress=False, **options)  # fmt: skip
    assert len(ws.labels()) == 20
    assert ws.path == tmp_path / "table"
    assert capsys.readouterr() == ("", "")
    with (tmp_path / "faces.csv").open("a", encoding="utf-8") as file:
        file.write("no-such-picture.jpg,happy\n")
    again = scn.init("~/again", dataset="csv", **options)
    said = capsys.readouterr().err
    assert "seen: 21 rows and files = 20 faces taken + 1 left out" in said
    assert "  columns not used: kind, age\n" in said
    assert again.status().problems == 1
    assert options.keys() < Source.__dataclass_fields__.keys()


def test_training_draws_unless_it_is_told_not_to(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    ws = scn.open(workspace.path)
    done = ws.train(**SMALL)
    assert (done.id, done.state) == (1, "review")
    assert re.findall(r"^epoch +(\d)/2", capsys.readouterr().err, re.MULTILINE) == ["1", "2"]
    ws.train(progress=False, **SMALL)
    assert capsys.readouterr() == ("", "")


def test_threads_are_settled_before_torch_is_imported(workspace: Workspace) -> None:
    code = (
        "import os, sys\nimport scn_core as scn\n"
        "class Spy:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'torch':\n"
        "            print('torch with', os.environ.get('OMP_NUM_THREADS'))\n"
        "            sys.exit()\n"
        f"sys.meta_path.insert(0, Spy())\nscn.open({str(workspace.path)!r}).train(progress=False, **{SMALL!r})\n"
    )
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OMP_", "GOMP_", "KMP_"))}
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=kept, capture_output=True, text=True, check=True, timeout=300
    )
    assert re.fullmatch(r"torch with \d+\n", ran.stdout)


def test_the_commands_and_types_are_part_of_the_packages() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    scripts = project["project"]["scripts"]
    assert set(scripts) == {"scn", "scn-review"}
    for target, package in zip(scripts.values(), ("scn_core", "review_app"), strict=True):
        module, _, name = target.partition(":")
        assert getattr(import_module(module), name) is import_module(f"{package}.__main__").main
    data = project["tool"]["setuptools"]["package-data"]
    assert all("py.typed" in data[package] and (ROOT / package / "py.typed").exists() for package in data)
