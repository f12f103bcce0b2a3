"""`export-model`: the files run in plain onnxruntime and plain torch and say what the round had stored.

What runs them is the code of docs/models.md, as it stands there.
"""

from __future__ import annotations

import json
import re
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import scn_core as scn
from scn_core.inference.export_model import export_model, writer_of
from scn_core.records import RoundScores
from scn_core.rounds.network import load_network
from scn_core.store.events import events
from scn_core.workspace.folder import Workspace
from tests.scn_core.conftest import Run

GUIDE = (Path(__file__).parents[3] / "docs/models.md").read_text(encoding="utf-8")
PREDICT, PREPARE, ONNX, TORCH = re.findall(r"^```python\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)
MISSING = [name for name in ("onnx", "onnxscript", "onnxruntime") if find_spec(name) is None]


@pytest.fixture
def here(trained: Workspace, paths: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the guide's code runs in: two of the round's faces, as a.jpg and b.jpg."""
    monkeypatch.chdir(tmp_path)
    for name, path in zip(("a.jpg", "b.jpg"), paths[:2], strict=True):
        shutil.copy(trained.pictures() / path, tmp_path / name)
    return tmp_path


def run_guide(*blocks: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    for block in blocks:
        exec(compile(block, "docs/models.md", "exec"), names)
    return names


def test_onnxruntime_says_what_the_round_stored(
    trained: Workspace, stored: RoundScores, paths: list[str], here: Path, run: Run
) -> None:
    if MISSING:
        pytest.skip(f"not installed: {', '.join(MISSING)} (requirements-onnx.txt)")
    done = run("export-model", trained.path, "--out", "model.onnx")
    assert (done.code, done.out) == (0, "model.onnx: resnet18 of round 1, 7 classes, 32 px\n"), done.err
    assert [path.name for path in here.iterdir() if "model" in path.name] == ["model.onnx"]  # weights within
    said = run_guide(PREPARE, ONNX)
    check_answers(said["probabilities"], said["alpha"], stored)
    session, root = said["session"], trained.pictures()
    assert session.get_inputs()[0].shape == ["batch", 3, 32, 32]
    everyone = np.stack([said["prepared"](root / path, 32) for path in paths])
    probabilities, alpha, logits = session.run(None, {"pictures": everyone})
    check_answers(probabilities, alpha, stored)
    assert torch.from_numpy(logits).softmax(dim=1).numpy() == pytest.approx(probabilities, abs=1e-6)
    about = dict(said["about"])
    assert about.pop("scn_version") == scn.__version__
    assert json.loads(about.pop("class_names")) == list(load_network(trained.round_folder(1)).classes)
    assert about == {
        "image_size": "32", "mean": "[0.0, 0.0, 0.0]", "std": "[1.0, 1.0, 1.0]", "channels": "RGB",
        "crop": "center-square", "resize": "bicubic", "backbone": "resnet18", "round": "1",
    }  # fmt: skip


def test_plain_torch_says_what_the_round_stored(trained: Workspace, stored: RoundScores, here: Path) -> None:
    ws = scn.open(trained.path)
    about = ws.export_model("model.pt2")
    said = run_guide(PREPARE, TORCH)
    check_answers(said["found"]["probabilities"].numpy(), said["found"]["alpha"].numpy(), stored)
    assert said["about"] == about
    assert said["network"](torch.rand(5, 3, 32, 32))["logits"].shape == (5, 7)
    with trained.database(read_only=True) as db:
        assert events(db)[0].words == "model exported, round 1, format pt2"
    with pytest.raises(scn.UsageError, match="there already"):
        ws.export_model("model.pt2")


def check_answers(probabilities: Any, alpha: Any, stored: RoundScores) -> None:
    count = len(probabilities)
    assert count
    assert probabilities == pytest.approx(stored.probabilities[:count], abs=1e-4)
    assert alpha == pytest.approx(stored.alpha[:count], abs=1e-4)


def test_the_guides_table_is_made(trained: Workspace, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "work").mkdir()
    (here / "work/small").symlink_to(trained.path)
    (here / "new").mkdir()
    shutil.move(here / "a.jpg", here / "new/a.jpg")
    table = run_guide(PREDICT)["table"]
    assert table["path"].tolist() == ["a.jpg"]
    described = re.findall(
        r"^\| `(\w+)` \|", GUIDE.partition("The CSV has a row")[2].partition("Pictures that")[0], re.M
    )
    assert [name for name in table.columns if not name.startswith("prob_")] == [
        name for name in described if name != "prob_CLASS"
    ]


def test_the_guides_preparation_is_that_of_the_training(trained: Workspace, tmp_path: Path) -> None:
    """Of a large picture too, which training decodes at a smaller size; turned by its EXIF; grey, deep, clear."""
    from scn_core.datasets.images import open_face

    prepared = run_guide(PREPARE)["prepared"]
    noise = np.random.default_rng(5).integers(0, 256, (6, 9, 3), np.uint8)
    picture = Image.fromarray(noise).resize((900, 600), Image.Resampling.BICUBIC)
    turned = Image.Exif()
    turned[0x0112] = 6
    picture.save(tmp_path / "large.jpg", quality=95)
    picture.save(tmp_path / "turned.jpg", quality=95, exif=turned)
    picture.convert("L").resize((50, 70)).save(tmp_path / "grey.png")
    Image.fromarray(noise[..., 0].astype(np.uint16) * 257).resize((50, 70), Image.Resampling.NEAREST).save(
        tmp_path / "deep.png"
    )
    clear = picture.resize((60, 40)).convert("RGBA")
    clear.putalpha(Image.linear_gradient("L").resize((60, 40)))
    clear.save(tmp_path / "clear.png")
    for name in ("large.jpg", "turned.jpg", "grey.png", "deep.png", "clear.png"):
        ours = open_face(tmp_path / name, None, 32).transpose(2, 0, 1) / 255.0
        assert abs(prepared(tmp_path / name, 32) - ours).mean() < 0.01, name
        assert prepared(tmp_path / name, 32) == pytest.approx(ours, abs=0.06), name


def test_other_names_and_missing_packages_are_refused(
    trained: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    done = run("export-model", trained.path, "--out", tmp_path / "model.pth")
    assert (done.code, done.out) == (2, "")
    assert "--out: found model.pth; allowed: a name that ends in .onnx or .pt2" in done.err
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(scn.UsageError, match=r"model.onnx without onnx and onnxscript; allowed: .*, or .pt2"):
        writer_of(Path("model.onnx"))
    writer_of(Path("model.pt2"))


def test_what_torch_cannot_export_is_an_error_and_writes_nothing(
    trained: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = load_network(trained.round_folder(1))
    network.model.backbone.forward = lambda pictures: pictures[pictures.sum() > 0]
    with pytest.raises(scn.UsageError, match=r"--out: found resnet18, which torch cannot export as .pt2"):
        export_model(network, 1, tmp_path / "model.pt2")
    assert list(tmp_path.iterdir()) == []


def test_meta_json_says_how_pictures_are_prepared(trained: Workspace) -> None:
    meta = json.loads((trained.round_folder(1) / "meta.json").read_text())
    assert (meta["mean"], meta["std"]) == ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    assert (meta["channels"], meta["crop"], meta["resize"]) == ("RGB", "center-square", "bicubic")
