"""Opinions from files: matched to faces and classes, what cannot be used counted, all or nothing."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
import pandas as pd
import pytest

import scn_core as scn
from scn_core.arguments import opinion_arrays
from scn_core.errors import DataError
from scn_core.principal_components import principal_components
from scn_core.store.opinions import opinion_sources, opinions_on
from scn_core.store.samples import iter_samples
from scn_core.workspace.folder import Workspace
from tests.scn_core.conftest import Run

CLASSES = ("neutral", "happy", "surprise", "sad", "anger", "disgust", "fear")
CLASSES_OF_NONE = (0.4, *[0.1] * 6)
"""The same of every face."""
THEIRS = ("Happiness", "angry", "sad", "neutral", "disgusted", "fear", "surprise")  # in an order of their own


def keys(workspace: Workspace) -> list[str]:
    with workspace.database(read_only=True) as db:
        return [stored.sample.key for stored in iter_samples(db)]


def write(path: Path, header: tuple[str, ...], rows: list[tuple[Any, ...]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def row(key: str, label: str = "Happiness", header: tuple[str, ...] = THEIRS) -> tuple[Any, ...]:
    return (key, *(0.7 if name == label else 0.05 for name in header))


def stored(workspace: Workspace) -> dict[str, np.ndarray[Any, Any]]:
    """Key -> the probabilities of the only source, of the faces that it has some of."""
    with workspace.database(read_only=True) as db:
        every = list(iter_samples(db))
        said = opinions_on(db, np.array([each.id for each in every])).probabilities[0]
    return {each.sample.key: shares for each, shares in zip(every, said, strict=True) if np.isfinite(shares[0])}


def test_rows_are_found_by_key_and_path_and_classes_by_name(workspace: Workspace, run: Run, tmp_path: Path) -> None:
    names = keys(workspace)
    rows = [row(names[0]), row(f"./{names[1]}", "angry"), row(names[0], "sad"), row("nowhere.png"), row("", "sad")]
    rows += [(names[2], *[""] * 7), (names[3], "?", *[0.1] * 6), (names[4], 0.4)]
    file = write(tmp_path / "said.csv", ("path", *THEIRS), rows)
    done = run("opinion", "add", workspace.path, "--name", "theirs", "--csv", file)
    assert done.code == 0, done.err
    for words in (
        "opinion theirs: probabilities of 2 faces",
        f"{len(names) - 2} faces of the workspace that it says nothing of",
        "2 rows left out, about no face of the workspace: nowhere.png, line 6",
        "3 rows left out, not probabilities that sum to 1: line 7, line 8, line 9 (write every number with a point",
        "1 row left out, about a face that an earlier row is about",
    ):
        assert words in done.out
    found = stored(workspace)
    assert found.keys() == {names[0], names[1]}
    assert CLASSES[found[names[0]].argmax()] == "happy"
    assert CLASSES[found[names[1]].argmax()] == "anger"
    assert found[names[0]].tolist() == pytest.approx([0.7 if name == "happy" else 0.05 for name in CLASSES], abs=1e-3)
    listed = json.loads(run("opinion", "list", workspace.path, "--json").out)
    assert [(each["name"], each["kind"], each["faces"]) for each in listed] == [("theirs", "csv", 2)]
    again = run("opinion", "add", workspace.path, "--name", "theirs", "--csv", file)
    assert again.code == 1
    assert "'theirs', which is taken" in again.err
    assert run("opinion", "remove", workspace.path, "--name", "theirs", "--yes").code == 0
    assert "no opinion was added" in run("opinion", "list", workspace.path).out


def test_classes_are_mapped_added_up_and_left_out(workspace: Workspace, tmp_path: Path) -> None:
    (name, *_) = keys(workspace)
    header = ("joy1", "joy2", *(each for each in CLASSES if each != "happy"), "nothing", "note")
    shares = (0.2, 0.2, *[0.05] * 6, 0.3, "text")
    file = write(tmp_path / "said.csv", ("key", *header), [(name, *shares)])
    ws = scn.open(workspace.path)
    with pytest.raises(scn.DataError, match=r"no column for 1 class: happy .*name them with --map theirs=ours"):
        ws.add_opinion("a", csv=file, progress=False)
    with pytest.raises(scn.UsageError, match="found 'joy3'; allowed: columns of"):
        ws.add_opinion("a", csv=file, mapping={"joy3": "happy"}, progress=False)
    with pytest.raises(scn.UsageError, match="joy1=glad; allowed: joy1= with one of neutral, happy"):
        ws.add_opinion("a", csv=file, mapping={"joy1": "glad"}, progress=False)
    with pytest.raises(scn.DataError, match=r"no row that can be used of 1; .*not probabilities that sum to 1: line 2"):
        ws.add_opinion("a", csv=file, partial=True, progress=False)  # nothing's .3 is missing from the sum
    assert ws.opinions().empty
    mapping = {"joy1": "happy", "joy2": "happy", "nothing": ""}
    done = ws.add_opinion("a", csv=file, mapping=mapping, progress=False)
    assert done.left_out == ("1 column left out, of no class: note",)
    due = [0.4 / 0.7 if each == "happy" else 0.05 / 0.7 for each in CLASSES]
    assert stored(workspace)[name].tolist() == pytest.approx(due, abs=1e-3)


def test_arrays_of_logits_and_features(workspace: Workspace, tmp_path: Path) -> None:
    names, rng = keys(workspace), np.random.default_rng(1)
    logits = rng.normal(size=(len(names), 7))
    np.savez(tmp_path / "said.npz", keys=names, logits=logits, classes=THEIRS)
    features = rng.normal(size=(len(names), 40)).astype(np.float32) * np.linspace(3, 0.1, 40, dtype=np.float32)
    features[3, 0] = np.nan
    np.savez(tmp_path / "seen.npz", paths=names, embeddings=features)
    ws = scn.open(workspace.path)
    done = ws.add_opinion("a", npz=tmp_path / "said.npz", logits=True, embeddings=tmp_path / "seen.npz", progress=False)
    assert (done.faces, done.features, done.without) == (len(names), len(names) - 1, 0)
    due = np.exp(logits[5]) / np.exp(logits[5]).sum()
    order = [THEIRS.index({"happy": "Happiness", "anger": "angry", "disgust": "disgusted"}.get(n, n)) for n in CLASSES]
    assert stored(workspace)[names[5]].tolist() == pytest.approx(due[order].tolist(), abs=1e-3)
    alone = ws.add_opinion("features", embeddings=tmp_path / "seen.npz", progress=False)
    assert (alone.faces, alone.agreement) == (0, None)
    assert ws.opinions()[["name", "faces", "features"]].to_numpy().tolist() == [
        ["a", len(names), len(names) - 1], ["features", 0, len(names) - 1],
    ]  # fmt: skip
    with workspace.database(read_only=True) as db:
        seen = opinions_on(db, np.array([each.id for each in iter_samples(db)])).features[0]
        assert seen.shape == (len(names), 32)
        assert np.isnan(seen[3]).all()
        assert np.nanvar(seen, axis=0).sum() == pytest.approx(1, abs=0.1)  # 32 of 40 directions hold most of it


def test_components_keep_distances_and_do_not_depend_on_the_order_of_faces() -> None:
    features = np.random.default_rng(2).normal(size=(200, 10)).astype(np.float32)
    found = principal_components(features)
    assert found.shape == (200, 10)
    far = [np.linalg.norm(each[0] - each[1:], axis=1) for each in (features, found)]
    assert np.corrcoef(far)[0, 1] == pytest.approx(1, abs=1e-5)
    assert np.allclose(principal_components(features[::-1])[::-1], found, atol=1e-4)
    parts = features[:50], np.zeros((3, 10), np.float32), features[50:]
    among = principal_components(*parts)
    assert np.allclose(np.delete(among, range(50, 53), axis=0), found, atol=1e-5), "rows of zeros count for nothing"


def head(shape: tuple[int, ...]) -> bytes:
    """Of an array of zeros, without its numbers."""
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})
    return file.getvalue()


def test_features_without_columns_are_refused(workspace: Workspace, tmp_path: Path) -> None:
    names = keys(workspace)
    np.savez(tmp_path / "seen.npz", keys=names, embeddings=np.empty((len(names), 0), np.float32))
    with pytest.raises(DataError, match=rf"found one of shape \({len(names)}, 0\)"):
        scn.open(workspace.path).add_opinion("a", embeddings=tmp_path / "seen.npz", progress=False)


@pytest.mark.parametrize(
    ("shape", "zeros", "words"),
    [
        ((10**12, 7), 0, "are no array of shape \\(1000000000000, 7\\)"),
        ((11_000_000, 1), 11_000_000, "found 11,000,000 rows; allowed: at most 10,000,000"),
    ],
)
def test_arrays_that_no_memory_holds_are_not_read(
    workspace: Workspace, tmp_path: Path, shape: tuple[int, ...], zeros: int, words: str
) -> None:
    file = tmp_path / "bomb.npz"
    np.savez(file, keys=keys(workspace))
    with ZipFile(file, "a", ZIP_DEFLATED) as archive:
        archive.writestr("probabilities.npy", head(shape) + bytes(zeros))
    with pytest.raises(DataError, match=words):
        scn.open(workspace.path).add_opinion("a", npz=file, progress=False)


@pytest.mark.parametrize(
    ("flags", "code", "words"),
    [
        ([], 2, "found no file; allowed: one of --csv, --npz, --onnx, or --embeddings alone"),
        (["--csv", "{csv}", "--npz", "{csv}"], 2, "found --csv and --npz"),
        (["--csv", "{csv}"], 1, "columns a, b; allowed: a column key or path"),
        (["--npz", "{csv}"], 1, "a file that cannot be read"),
        (["--npz", "nowhere.npz"], 1, "no such file"),
        (["--csv", "{csv}", "--map", "sad"], 2, "found 'sad'; allowed: theirs=ours"),
        (["--csv", "{csv}", "--mean", "x"], 2, "found 'x'; allowed: numbers separated by commas"),
    ],
)
def test_what_cannot_be_is_refused(
    workspace: Workspace, run: Run, tmp_path: Path, flags: list[str], code: int, words: str
) -> None:
    file = write(tmp_path / "odd.csv", ("a", "b"), [(1, 2)])
    done = run("opinion", "add", workspace.path, "--name", "x", *(each.format(csv=file) for each in flags))
    assert done.code == code
    assert words in done.err
    with workspace.database(read_only=True) as db:
        assert opinion_sources(db) == []


def test_a_table_that_lacks_a_class_is_no_opinion(workspace: Workspace, tmp_path: Path) -> None:
    names = keys(workspace)[:20]
    header = tuple(name for name in THEIRS if name != "sad")
    rows = [(name, 0.9, *[0.02] * 5) for name in names[:11]]  # sure of happy: what is missing is within rounding
    rows += [(name, *[0.05] * 6) for name in names[11:]]  # sure of sad, which has no column
    file = write(tmp_path / "four.csv", ("key", *header), rows)
    ws = scn.open(workspace.path)
    with pytest.raises(scn.DataError, match=r"found 9 rows of 20, not probabilities that sum to 1; .*--map THEIRS="):
        ws.add_opinion("a", csv=file, partial=True, progress=False)
    assert ws.opinions().empty


@pytest.mark.parametrize("nameless", ["", "Unnamed: 0"])
@pytest.mark.parametrize("logits", [False, True])
def test_the_index_of_a_table_is_no_class(workspace: Workspace, tmp_path: Path, *, logits: bool, nameless: str) -> None:
    """As `to_csv` of pandas writes it: where its numbers outweighed the logits, most rows were lost without a word."""
    names = keys(workspace)
    rows = [(100 * place, *row(name)) for place, name in enumerate(names)]
    file = write(tmp_path / "indexed.csv", (nameless, "key", *THEIRS), rows)
    done = scn.open(workspace.path).add_opinion("a", csv=file, logits=logits, progress=False)
    shown = nameless or "one without a name, such as an index"
    assert (done.faces, done.left_out) == (len(names), (f"1 column left out, of no class: {shown}",))


def test_two_columns_of_a_class_by_one_name_are_no_opinion(workspace: Workspace, tmp_path: Path) -> None:
    file = write(tmp_path / "merged.csv", ("key", *THEIRS, "sad"), [(*row(keys(workspace)[0]), 0)])
    with pytest.raises(scn.DataError, match="found 2 columns sad; allowed: one of each"):
        scn.open(workspace.path).add_opinion("a", csv=file, progress=False)


def test_a_table_whose_rows_are_mostly_left_out_is_no_opinion(workspace: Workspace, tmp_path: Path) -> None:
    rows = [(*row(name), 100 * place) for place, name in enumerate(keys(workspace))]
    file = write(tmp_path / "left.csv", ("key", *THEIRS, "none"), rows)
    ws = scn.open(workspace.path)
    with pytest.raises(
        scn.DataError, match=r"rows of .*, not .*; allowed: at most 10%.*; all of it is on classes that"
    ):
        ws.add_opinion("a", csv=file, mapping={"none": ""}, logits=True, progress=False)
    assert ws.opinions().empty


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ((10, 20, 30, 10, 10, 10, 10), "they are percentages"),
        ((1, -2, 3, 0, 0, 0, 0), "numbers below 0 are logits: --logits"),
        (("0,4", *["0,1"] * 6), "with a point, as in 0.25"),
        ((1, 2, 3, 1, 1, 1, 1), "counts, such as votes: --counts divides"),
        ((0.5, 2, 3, 1, 1, 1, 1), "their sum is above 1: --counts .*need --logits"),
        ((0.1, *[0.05] * 6), "a class of theirs has no column"),
    ],
)
def test_rows_that_are_no_probabilities_say_what_they_may_be(
    workspace: Workspace, tmp_path: Path, values: tuple[Any, ...], words: str
) -> None:
    file = write(tmp_path / "odd.csv", ("key", *THEIRS), [(name, *values) for name in keys(workspace)[:3]])
    with pytest.raises(scn.DataError, match=words):
        scn.open(workspace.path).add_opinion("a", csv=file, progress=False)


def test_votes_in_a_column_for_each_class_are_divided_by_their_sum(
    workspace: Workspace, run: Run, tmp_path: Path
) -> None:
    names = keys(workspace)
    rows = [(name, 6, 3, 1, *[0] * 4) for name in names] + [("nowhere", *[1] * 7)]
    rows[7] = (names[7], *[0] * 7)
    file = write(tmp_path / "votes.csv", ("key", *THEIRS), rows)
    done = run("opinion", "add", workspace.path, "--name", "votes", "--csv", file, "--counts")
    assert done.code == 0, done.err
    assert "1 row left out, not counts of which none is below 0 and one above: line 9 (all of its" in done.out
    found = stored(workspace)
    assert len(found) == len(names) - 1
    due = [0.6 if name == "happy" else 0.3 if name == "anger" else 0.1 if name == "sad" else 0 for name in CLASSES]
    assert found[names[0]] == pytest.approx(due, abs=1e-3)
    np.savez(tmp_path / "votes.npz", keys=names, counts=np.array([rows[0][1:]] * len(names)), classes=THEIRS)
    ws = scn.open(workspace.path)
    assert ws.add_opinion("b", npz=tmp_path / "votes.npz", counts=True, progress=False).faces == len(names)
    with pytest.raises(scn.UsageError, match="--counts: found --logits too; allowed: a table or arrays"):
        ws.add_opinion("c", csv=file, counts=True, logits=True, progress=False)


def test_what_comes_next_is_what_an_opinion_is_good_for(workspace: Workspace, run: Run, tmp_path: Path) -> None:
    with workspace.database(read_only=True) as db:
        given = {each.sample.key: CLASSES[each.sample.given_label] for each in iter_samples(db)}
    rows = [row(name, label, CLASSES) for name, label in given.items()]
    shifted = [(name, *CLASSES_OF_NONE) for name in given]
    np.savez(tmp_path / "seen.npz", keys=list(given), embeddings=np.random.default_rng(0).normal(size=(len(given), 4)))

    def add(name: str, *options: object) -> str:
        done = run("opinion", "add", workspace.path, "--name", name, *options)
        assert done.code == 0, done.err
        return done.out.splitlines()[-1]

    right = write(tmp_path / "right.csv", ("key", *CLASSES), rows)
    assert add("right", "--csv", right).startswith("next: python -m scn_core round from-opinions")
    off = write(tmp_path / "off.csv", ("key", *CLASSES), shifted)
    assert "no more than by chance, so no round counts it" in add("off", "--csv", off)
    assert json.loads(add("again", "--csv", off, "--json"))["weight"] == 0
    assert "a round needs probabilities of training faces too" in add("seen", "--embeddings", tmp_path / "seen.npz")
    assert run("opinion", "remove", workspace.path, "--name", "off", "--yes").code == 0
    gone, newest = run("log", workspace.path, "--limit", 2).out.splitlines()
    assert f"opinion removed, name off, source 2, faces {len(given)}" in gone
    assert f"opinion added, name seen, source 4, faces {len(given)}" in newest


def test_rounding_does_not_tell_rows_of_one_sum_apart(workspace: Workspace, tmp_path: Path) -> None:
    names = keys(workspace)
    shares = [[1.02 * (0.76 if place == of % 7 else 0.04) for place in range(7)] for of in range(len(names))]
    shares = [row[::-1] if of % 2 else row for of, row in enumerate(shares)]
    assert len({sum(row) for row in shares}) > 1
    file = write(tmp_path / "said.csv", ("key", *THEIRS), [(n, *row) for n, row in zip(names, shares, strict=True)])
    assert scn.open(workspace.path).add_opinion("a", csv=file, progress=False).faces == len(names)


def test_rows_of_different_faults_are_not_said_to_be_left_out_by_a_map(workspace: Workspace, tmp_path: Path) -> None:
    rows = [(n, *[0.5 if of % 2 else 0.05] * 7) for of, n in enumerate(keys(workspace))]
    file = write(tmp_path / "odd.csv", ("key", *THEIRS), rows)
    with pytest.raises(scn.DataError, match="their sum is above 1") as refused:
        scn.open(workspace.path).add_opinion("a", csv=file, progress=False)
    assert "--map" not in str(refused.value)


def test_a_left_out_column_may_be_text(workspace: Workspace, tmp_path: Path) -> None:
    (name, *_) = keys(workspace)
    file = write(tmp_path / "said.csv", ("key", *THEIRS, "note"), [(*row(name), "blurred")])
    ws = scn.open(workspace.path)
    assert ws.add_opinion("a", csv=file, mapping={"note": ""}, progress=False).faces == 1
    assert ws.add_opinion("b", csv=file, mapping={"note": ""}, logits=True, progress=False).faces == 1


def test_a_class_of_arrays_that_is_none_of_ours_is_asked_about(workspace: Workspace, tmp_path: Path) -> None:
    names = keys(workspace)
    shares = np.full((len(names), 8), 1 / 8)
    np.savez(tmp_path / "eight.npz", keys=names, probabilities=shares, classes=[*THEIRS, "worry"])
    ws = scn.open(workspace.path)
    with pytest.raises(scn.UsageError, match=r"found class 'worry', which is none of the workspace's; .*--map worry="):
        ws.add_opinion("a", npz=tmp_path / "eight.npz", progress=False)
    np.savez(tmp_path / "seven.npz", keys=names, probabilities=shares[:, :7] * 8 / 7)
    done = ws.add_opinion("a", npz=tmp_path / "seven.npz", progress=False)
    assert done.left_out == (f"no array classes: its columns were taken for {', '.join(CLASSES)}, in this order",)


def test_arrays_of_python_objects_are_named_with_the_remedy(workspace: Workspace, tmp_path: Path) -> None:
    names = np.array(keys(workspace), object)
    np.savez(tmp_path / "objects.npz", keys=names, probabilities=np.full((len(names), 7), 1 / 7))
    with pytest.raises(scn.DataError, match=r"array keys: found Python objects; .*keys=np\.array\(list\(keys\)\)"):
        scn.open(workspace.path).add_opinion("a", npz=tmp_path / "objects.npz", progress=False)
    np.savez(tmp_path / "texts.npz", keys=np.array(list(names)), probabilities=np.full((len(names), 7), 1 / 7))
    assert scn.open(workspace.path).add_opinion("a", npz=tmp_path / "texts.npz", progress=False).faces == len(names)


def test_features_that_tell_no_face_from_another_are_refused(workspace: Workspace, tmp_path: Path) -> None:
    names, ws, file = keys(workspace), scn.open(workspace.path), tmp_path / "features.npz"
    np.savez(file, keys=names, embeddings=np.ones((len(names), 4)))
    with pytest.raises(scn.DataError, match="the same numbers in all"):
        ws.add_opinion("a", embeddings=file, progress=False)
    np.savez(file, keys=names[:2], embeddings=np.array([[0.5, 1], [np.nan, 2]]))
    with pytest.raises(scn.DataError, match=r"one row that can be used; .*1 row left out, not finite numbers: row 2"):
        ws.add_opinion("a", embeddings=file, progress=False)


def test_a_table_of_predictions_is_an_opinion(workspace: Workspace, tmp_path: Path) -> None:
    names = keys(workspace)
    with workspace.database() as db:
        db.execute("UPDATE sample SET path = ?, box_left = 0, box_top = 0, box_right = 8, box_bottom = 9 "
                   "WHERE key = ?", (names[0], names[0]))  # fmt: skip
        db.execute("UPDATE sample SET path = ?, box_left = 4, box_top = 0, box_right = 8, box_bottom = 9 "
                   "WHERE key = ?", (names[0], names[1]))  # fmt: skip
    header = (
        "path",
        "left",
        "top",
        "right",
        "bottom",
        "predicted_label",
        *(f"prob_{name}" for name in CLASSES),
        "problem",
    )
    shares = [(0.7, *[0.05] * 6), (0.05, 0.7, *[0.05] * 5)]
    rows = [(names[0], 0, 0, 8, 9, "neutral", *shares[0], ""), (names[0], 4, 0, 8, 9, "happy", *shares[1], "")]
    rows += [(names[0], 1, 1, 8, 9, "happy", *shares[1], "")]
    file = write(tmp_path / "predicted.csv", header, rows)
    done = scn.open(workspace.path).add_opinion("a", csv=file, progress=False)
    assert done.faces == 2
    assert "1 row left out, about no face of the workspace" in done.left_out[0]
    found = stored(workspace)
    assert [CLASSES[found[name].argmax()] for name in names[:2]] == ["neutral", "happy"]


def test_a_table_in_memory_is_asked_for_as_a_file(workspace: Workspace) -> None:
    with pytest.raises(scn.UsageError, match=r"found a DataFrame; allowed: a path; write a table with table.to_csv"):
        scn.open(workspace.path).add_opinion("a", csv=pd.DataFrame({"key": keys(workspace)}), progress=False)


def test_opinions_of_a_call_may_be_a_list_a_dict_or_one_array() -> None:
    shares = np.full((3, 2), 0.5)
    for given in ([shares], {"theirs": shares}, shares, pd.DataFrame(shares)):
        (found,) = opinion_arrays(given)
        assert found.tolist() == shares.tolist()
    for wrong in (["theirs"], 3):
        with pytest.raises(
            scn.UsageError, match=r"opinions: found a (list|int) of other things; allowed: arrays of prob"
        ):
            opinion_arrays(wrong)
