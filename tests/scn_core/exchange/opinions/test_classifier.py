"""A classifier in an ONNX file, run over the pictures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scn_core.datasets.images import open_face
from scn_core.errors import DataError, UsageError
from scn_core.exchange.opinions import add as adding
from scn_core.store.opinions import opinion_sources, opinions_on
from scn_core.store.samples import iter_samples
from scn_core.workspace.folder import Workspace
from tests.scn_core.conftest import Run

onnx = pytest.importorskip("onnx", reason="onnx is not installed")
pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")

SIDE, MEAN, STD = 16, (0.5, 0.4, 0.3), (0.2, 0.25, 0.3)
THEIRS = ("happy", "angry", "sad", "neutral", "disgust", "fear", "surprise")
WEIGHTS = np.random.default_rng(4).normal(size=(3, len(THEIRS))).astype(np.float32) * 3


def model(path: Path, said: dict[str, Any], *, batch: str | int = "n", side: int = SIDE) -> Path:
    """The mean of each channel times WEIGHTS: logits of THEIRS."""
    make = onnx.helper
    nodes = [
        make.make_node("ReduceMean", ["pixels"], ["means"], axes=[2, 3], keepdims=0),
        make.make_node("MatMul", ["means", "weights"], ["logits"]),
    ]
    floats = onnx.TensorProto.FLOAT
    graph = make.make_graph(
        nodes, "classifier",
        [make.make_tensor_value_info("pixels", floats, [batch, 3, side, side])],
        [make.make_tensor_value_info("logits", floats, [batch, len(THEIRS)])],
        [onnx.numpy_helper.from_array(WEIGHTS, "weights")],
    )  # fmt: skip
    made = make.make_model(graph, opset_imports=[make.make_opsetid("", 13)], ir_version=8)
    make.set_model_props(made, {name: json.dumps(value) for name, value in said.items()})
    onnx.save(made, path)
    return path


SAID = {"class_names": list(THEIRS), "image_size": SIDE, "mean": list(MEAN), "std": list(STD), "channels": "RGB"}


def due(root: Path, path: str) -> dict[str, float]:
    """What the model says of a picture, computed by hand."""
    pixels = open_face(root / path, None, SIDE).astype(np.float64) / 255
    logits = ((pixels - MEAN) / STD).mean(axis=(0, 1)) @ WEIGHTS
    shares = np.exp(logits - logits.max())
    return dict(zip(THEIRS, (shares / shares.sum()).tolist(), strict=True))


def said_of(workspace: Workspace) -> dict[str, dict[str, float]]:
    """Path -> class -> probability."""
    names = ("neutral", "happy", "surprise", "sad", "angry", "disgust", "fear")
    with workspace.database(read_only=True) as db:
        every = list(iter_samples(db))
        (shares,) = opinions_on(db, np.array([each.id for each in every])).probabilities
    return {
        each.sample.path: dict(zip(names, row.tolist(), strict=True)) for each, row in zip(every, shares, strict=True)
    }


@pytest.mark.parametrize("batch", ["n", 1])
def test_it_reads_its_pictures_as_its_metadata_says(
    workspace: Workspace, run: Run, tmp_path: Path, batch: str | int
) -> None:
    file = model(tmp_path / "model.onnx", SAID, batch=batch)
    done = run("opinion", "add", workspace.path, "--name", "own", "--onnx", file)
    assert done.code == 0, done.err
    assert "opinion own: probabilities of 100 faces" in done.out
    found, root = said_of(workspace), workspace.pictures()
    for path in list(found)[::20]:
        assert found[path] == pytest.approx(due(root, path), abs=2e-3)


def test_options_say_what_the_model_does_not(workspace: Workspace, run: Run, tmp_path: Path) -> None:
    file = model(tmp_path / "model.onnx", {})
    add = ("opinion", "add", workspace.path, "--name", "own", "--onnx", file)
    flags: tuple[str, ...] = ()
    for missing, given in (
        ("--mean: found none in the model", ("--mean", "0.5,0.4,0.3")),
        ("--std: found none in the model", ("--std", "0.2,0.25,0.3")),
        ("--classes: found no class names in the model", ("--classes", ",".join(THEIRS))),
    ):
        refused = run(*add, *flags)
        assert refused.code == 2
        assert missing in refused.err
        flags += given
    assert "--image-size: found 24; allowed: 16" in run(*add, *flags, "--image-size", 24).err
    assert run(*add, *flags).code == 0
    path = next(iter(found := said_of(workspace)))
    assert found[path] == pytest.approx(due(workspace.pictures(), path), abs=2e-3)
    other = run(*add, *flags[:2], "--std", "1", *flags[4:])
    assert other.code == 2
    assert "which is another model, or was read in another way" in other.err
    text = tmp_path / "text.onnx"
    text.write_text("no model")
    assert "a file that is no ONNX model" in run(*add[:-1], text).err


def test_interrupted_it_goes_on_where_it_was(
    workspace: Workspace, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = model(tmp_path / "model.onnx", SAID)
    monkeypatch.setattr(adding, "_WRITTEN_AT_ONCE", 16)
    seen: list[int] = []

    def stop(count: int) -> None:
        seen.append(count)
        if sum(seen) == 40:
            raise KeyboardInterrupt

    files = adding.OpinionFiles(onnx=file)
    with pytest.raises(KeyboardInterrupt):
        adding.add_opinion(workspace, "own", files, stop)
    with workspace.database(read_only=True) as db:
        assert db.execute("SELECT count(*) FROM opinion").fetchone() == (32,)
    rest: list[int] = []
    done = adding.add_opinion(workspace, "own", files, rest.append)
    assert rest[0] == 32
    assert (done.faces, done.without) == (100, 0)
    root = workspace.pictures()
    found = said_of(workspace)
    for path in list(found)[::33]:
        assert found[path] == pytest.approx(due(root, path), abs=2e-3)


@pytest.mark.parametrize(
    ("classes", "words"),
    [
        (("worry", *THEIRS[1:], "happy"), "found class 'worry', which is none of the workspace's; .*--map worry="),
        (THEIRS + THEIRS[:1], "found an output of 7 numbers a face; allowed: 8 numbers"),
    ],
)
def test_a_model_that_cannot_be_used_leaves_nothing_behind(
    workspace: Workspace, tmp_path: Path, classes: tuple[str, ...], words: str
) -> None:
    file = model(tmp_path / "model.onnx", SAID | {"class_names": classes})
    with pytest.raises((UsageError, DataError), match=words):
        adding.add_opinion(workspace, "own", adding.OpinionFiles(onnx=file))
    with workspace.database(read_only=True) as db:
        assert opinion_sources(db) == []


def test_a_model_that_answers_nan_is_blamed_and_not_the_pictures(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(globals(), "WEIGHTS", np.full_like(WEIGHTS, np.nan))
    file = model(tmp_path / "model.onnx", SAID)
    words = r"model.onnx: found no face that it says something of; .* 100 pictures of which the model says nothing"
    with pytest.raises(DataError, match=words):
        adding.add_opinion(workspace, "own", adding.OpinionFiles(onnx=file))
    with workspace.database(read_only=True) as db:
        assert opinion_sources(db) == []
