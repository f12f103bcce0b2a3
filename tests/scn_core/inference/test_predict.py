"""`predict`: what a round's network says of other pictures is what it said of the same pictures in the round."""

from __future__ import annotations

import gc
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import scn_core as scn
from scn_core.errors import UsageError, WorkspaceError
from scn_core.inference.pictures import NamedPictures, Picture
from scn_core.inference.predict import predict
from scn_core.inference.predictions import Prediction, write_predictions
from scn_core.records import RoundScores
from scn_core.rounds.network import load_network
from scn_core.workspace.folder import Workspace
from tests.faulty_storage import storage
from tests.scn_core.conftest import Run


@pytest.fixture
def root(trained: Workspace) -> Path:
    return trained.pictures()


def chances(table: pd.DataFrame) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return table.filter(like="prob_").to_numpy(np.float32)


def test_a_rounds_own_faces_get_the_stored_probabilities(
    trained: Workspace, stored: RoundScores, paths: list[str], root: Path, tmp_path: Path, run: Run
) -> None:
    (tmp_path / "list.txt").write_text("\n".join(paths))
    out = tmp_path / "out.csv"
    done = run("predict", trained.path, "--pictures", tmp_path / "list.txt", "--root", root, "--out", out)
    assert (done.code, done.out) == (0, f"{out}: {len(paths)} pictures by the network of round 1\n"), done.err
    table = pd.read_csv(out)
    assert table["path"].tolist() == paths
    assert chances(table) == pytest.approx(stored.probabilities, abs=1e-5)
    assert table["alpha"].to_numpy() == pytest.approx(stored.alpha, abs=1e-5)
    assert table["p_max"].to_numpy() == pytest.approx(stored.p_max, abs=1e-5)
    names = list(table.columns[table.columns.str.startswith("prob_")].str.removeprefix("prob_"))
    assert table["predicted_label"].tolist() == [names[place] for place in stored.predicted_label.tolist()]
    assert table["problem"].isna().all()
    assert list(tmp_path.glob("*.part")) == []


def test_pictures_elsewhere_are_fetched_asked_and_let_go(
    trained: Workspace, paths: list[str], root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with storage() as files:
        for number, path in enumerate(paths[:3]):
            files.pipe_file(f"/new/in/{number}.jpg", (root / path).read_bytes())
        files.pipe_file("/new/notes.md", b"no picture")
        files.pipe_file("/new/list.csv", b"path\nin/1.jpg\nfaulty://new/in/1.jpg\nin/none.jpg\n../1.jpg\n")
        here = scn.open(trained.path).predict([str(root / path) for path in paths[:3]], progress=False)
        there = scn.open(trained.path).predict("faulty://new", progress=False)
        listed = scn.open(trained.path).predict("faulty://new/list.csv", progress=False)
        assert there["path"].tolist() == [f"in/{number}.jpg" for number in range(3)]
        assert np.array_equal(chances(there), chances(here))
        assert listed["path"].tolist() == ["in/1.jpg", "faulty://new/in/1.jpg", "in/none.jpg", "../1.jpg"]
        assert np.array_equal(chances(listed)[:2], chances(here)[[1, 1]])
        assert listed["problem"].tolist()[2:] == ["no such picture", "no path below faulty://new"]
        for root_of in ("faulty://new", tmp_path):
            with pytest.raises(UsageError, match=r"--root: found .*; allowed: a root for the paths of a list alone"):
                scn.open(trained.path).predict("faulty://new", root=root_of)
        gc.collect()
        assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_pictures_that_cannot_be_read_are_counted_listed_and_in_the_way_of_none(
    trained: Workspace, paths: list[str], root: Path, tmp_path: Path, run: Run
) -> None:
    new = tmp_path / "new"
    new.mkdir()
    shutil.copy(root / paths[0], new / "d.jpg")
    (new / "a.jpg").write_bytes((root / paths[1]).read_bytes()[:700])
    (new / "b.png").write_text("no picture")
    os.mkfifo(new / "c.jpg")
    (new / "=e.jpg").symlink_to(tmp_path / "gone")
    (new / "list.csv").touch()
    done = run("predict", trained.path, "--pictures", new, "--out", tmp_path / "out.csv", "--json")
    assert done.code == 0, done.err
    said = json.loads(done.out)
    assert (said["predicted"], said["unreadable"], len(said["first_unreadable"])) == (1, 4, 3)
    assert said["notes"] == ["1 other files and linked folders passed over"]
    table = pd.read_csv(tmp_path / "out.csv").set_index("path")
    assert table.index.tolist() == ["./=e.jpg", "a.jpg", "b.png", "c.jpg", "d.jpg"]  # no spreadsheet runs it
    problems = table["problem"].fillna("").tolist()
    assert problems[0] == "no such picture"
    assert problems[1].startswith("a damaged picture")
    assert problems[2].startswith("not a picture in one of the formats")
    assert problems[3:] == ["not a picture file", ""]
    assert table.drop(columns="problem").isna().all(axis=1).tolist() == [True] * 4 + [False]
    assert (
        run("predict", trained.path, "--pictures", new, "--out", tmp_path / "new.csv")
        .out.splitlines()[1]
        .startswith("4 cannot be read, see column problem: =e.jpg (no such picture), a.jpg (a damaged picture")
    )


def test_a_face_in_a_box_is_cut_as_training_does(
    trained: Workspace, paths: list[str], root: Path, tmp_path: Path
) -> None:
    with Image.open(root / paths[0]) as picture:
        face = picture.convert("RGB").crop((0, 0, 96, 96))
    face.save(tmp_path / "alone.png")
    wide = Image.new("RGB", (288, 96), "white")
    wide.paste(face, (96, 0))
    wide.save(tmp_path / "wide.png")
    (tmp_path / "list.csv").write_text("path,left,top,right,bottom\nwide.png,96,0,192,96\nwide.png,0,0,40,9999\n")
    ws = scn.open(trained.path)
    table = ws.predict(tmp_path / "list.csv", progress=False)
    alone = ws.predict(tmp_path / "alone.png", progress=False)
    assert list(table.columns[:5]) == ["path", "left", "top", "right", "bottom"]
    assert chances(table)[0] == pytest.approx(chances(alone)[0], abs=0.01)  # filters reach over the edge
    assert table["left"].tolist() == [96, 0]
    assert abs(chances(table)[1] - chances(table)[0]).max() > 0.05


def test_the_python_table_is_the_file(
    trained: Workspace, paths: list[str], root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files: list[str | Path] = [root / paths[0], tmp_path / "gone.jpg", str(root / paths[1])]
    table = scn.open(trained.path).predict(files, progress=False)
    network = load_network(trained.round_folder(1))
    pictures = NamedPictures(tuple(map(Path, files)))
    write_predictions(tmp_path / "out.csv", predict(network, pictures), network.classes, boxed=False)
    read = pd.read_csv(tmp_path / "out.csv")
    assert list(read.columns) == list(table.columns)
    assert chances(table) == pytest.approx(chances(read), abs=1e-6, nan_ok=True)
    assert table["problem"].fillna("").tolist() == ["", "no such picture", ""]
    assert list(table["predicted_label"].cat.categories) == list(network.classes)
    assert {str(kind) for name, kind in table.dtypes.items() if name not in ("path", "problem", "predicted_label")} == {
        "float32"
    }
    assert capsys.readouterr() == ("", "")


def test_what_ends_it_early_leaves_the_file_that_was_there(tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    out.write_text("of before\n")

    def stopped() -> Iterator[Prediction]:
        yield Prediction(Picture("a.jpg", Path("a.jpg")), np.array([0.25, 0.75], np.float32), 0.5)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_predictions(out, stopped(), ["x", "y"], boxed=False)
    gone = Prediction(Picture("a.jpg", Path("a.jpg")), problem="no such picture")
    with pytest.raises(scn.DataError, match=r"none that can be read: a.jpg \(no such picture\), .* and 1 more;"):
        write_predictions(out, [gone] * 4, ["x"], boxed=False)
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("out.csv", "of before\n")]


def test_no_more_pictures_are_drawn_than_a_few_batches(trained: Workspace, paths: list[str], root: Path) -> None:
    drawn = 0

    def many() -> Iterator[Picture]:
        nonlocal drawn
        for number in range(100_000):
            drawn += 1
            yield Picture(str(number), root / "none.jpg", wrong="not to be read")

    predictions = predict(load_network(trained.round_folder(1)), many(), "cpu")
    assert [next(predictions).problem for _ in range(100)] == ["not to be read"] * 100
    cores = len(os.sched_getaffinity(0))
    assert drawn <= 64 * 2 + 32 * (2 * cores + 2)


def test_what_makes_no_sense_is_refused(
    trained: Workspace, workspace: Workspace, paths: list[str], root: Path, tmp_path: Path, run: Run
) -> None:
    (tmp_path / "list.txt").write_text(str(root / paths[0]))
    (tmp_path / "there.csv").touch()

    def refused(code: int, *arguments: object, of: Workspace = trained) -> str:
        done = run("predict", of.path, "--pictures", tmp_path / "list.txt", *arguments)
        assert (done.code, done.out) == (code, "")
        return done.err

    assert "there already" in refused(2, "--out", tmp_path / "there.csv")
    assert "the list of pictures itself" in refused(2, "--out", tmp_path / "list.txt", "--force")
    assert "a file of the workspace" in refused(2, "--out", trained.path / "rounds/x.csv")
    assert "no folder" in refused(2, "--out", tmp_path / "nowhere/x.csv")
    assert "found round 7; allowed: 1 to 1" in refused(1, "--out", tmp_path / "x.csv", "--round", 7)
    assert "train one first" in refused(1, "--out", tmp_path / "x.csv", of=workspace)
    assert "--device: found 'tpu'" in refused(2, "--out", tmp_path / "x.csv", "--device", "tpu")
    assert (
        run(
            "predict", trained.path, "--pictures", tmp_path / "list.txt", "--out", tmp_path / "there.csv", "--force"
        ).code
        == 0
    )
    assert not (tmp_path / "x.csv").exists()


def test_a_damaged_network_is_an_error_that_names_the_files(reviewed: Workspace) -> None:
    folder = reviewed.round_folder(1)
    meta = json.loads((folder / "meta.json").read_text())
    for changed in ({"backbone": "resnet50"}, {"backbone": "nonsense"}, {"classes": ["a"]}, {"image_size": None}):
        (folder / "meta.json").write_text(json.dumps(meta | changed))
        with pytest.raises(WorkspaceError, match=r"no network that can be loaded .*meta.json and weights.safetensors"):
            load_network(folder)
    (folder / "meta.json").write_text(json.dumps({key: meta[key] for key in ("backbone", "image_size", "classes")}))
    assert load_network(folder).image_size == 32  # as older rounds wrote it
    (folder / "weights.safetensors").write_bytes(b"\x08" * 40)
    with pytest.raises(WorkspaceError, match="no network that can be loaded"):
        load_network(folder)
    (folder / "weights.safetensors").unlink()
    with pytest.raises(WorkspaceError, match="No such file"):
        load_network(folder)
