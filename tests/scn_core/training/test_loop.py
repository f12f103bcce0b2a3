"""A round's epochs on real (small) pictures."""

import dataclasses
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch

from scn_core.config import TrainSettings
from scn_core.errors import TrainingError
from scn_core.records import EpochReport
from scn_core.scn.model import SelfCureNetwork
from scn_core.scn.suspicion import DYNAMICS
from scn_core.training.data import TrainingData, TrainingResult
from scn_core.training.loop import Training
from scn_core.training.predict import CleanPass, clean_pass, has_clean_pass
from tests.scn_core.training.conftest import SMALL, small_data

SETTINGS = TrainSettings(image_size=32, epochs=3, batch_size=32, backbone=SMALL, precision="fp32", device="cpu")


class Stop(Exception):
    """Stands for whatever ends a process between two epochs."""


def run(
    data: TrainingData, folder: Path, *, resume: bool = False, stop_after: int = 0, **changes: object
) -> tuple[TrainingResult, list[EpochReport], SelfCureNetwork]:
    settings = dataclasses.replace(SETTINGS, **changes)  # type: ignore[arg-type]
    torch.manual_seed(settings.seed)
    model = SelfCureNetwork(
        settings.backbone, 4, image_size=32, margin_rank=settings.margin_rank, learn_margin=settings.learn_margin_rank
    )
    reports: list[EpochReport] = []

    def on_epoch(report: EpochReport) -> None:
        reports.append(report)
        if report.epoch == stop_after:
            raise Stop

    folder.mkdir(exist_ok=True)
    result = Training(settings, data, model, folder).run(resume=resume, on_epoch=on_epoch)
    return result, reports, model


class Usual(NamedTuple):
    """A round of SETTINGS on `data`."""

    folder: Path
    """Copy it to change anything there."""
    data: TrainingData
    result: TrainingResult
    reports: list[EpochReport]
    model: SelfCureNetwork


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Usual:
    """Trained once for all tests that only look at it."""
    folder = tmp_path_factory.mktemp("usual")
    data = small_data()
    return Usual(folder, data, *run(data, folder))


def test_it_learns_and_distrusts_what_is_mislabelled(data: TrainingData, tmp_path: Path) -> None:
    result, reports, _ = run(data, tmp_path, backbone="resnet18", epochs=6)
    assert reports[-1].val_accuracy is not None
    assert reports[-1].val_accuracy > 0.8
    wrong = np.zeros(192, bool)
    wrong[::6] = True
    margin = result.rule.margin.numpy()
    assert margin[wrong].mean() > margin[~wrong].mean() + 0.3
    proposed = result.rule.proposed.numpy() >= 0
    assert wrong[proposed].mean() > 0.8


def test_reports_are_plausible_and_dynamics_complete(usual: Usual) -> None:
    folder, _, result, reports, _ = usual
    assert [r.epoch for r in reports] == [1, 2, 3]
    for report in reports:
        assert report.loss == pytest.approx(0.5 * report.rank_loss + 0.5 * report.wce_loss, rel=1e-5)
        assert 0 < report.alpha_low < report.alpha_high < 1
        assert report.margin_rank == 0.15
        assert report.faces_per_s > 0
    dynamics = np.load(folder / "dynamics.npy")
    assert (dynamics.dtype, dynamics.shape) == (DYNAMICS, (3, 192))
    assert dynamics["alpha"][-1] == pytest.approx(result.alpha.numpy(), abs=1e-3)
    assert dynamics["p_given"][-1] == pytest.approx(result.rule.p_given.numpy(), abs=1e-3)
    assert dynamics["alpha"].astype(np.float64).mean(axis=1) == pytest.approx([r.alpha_mean for r in reports], abs=1e-3)
    assert dynamics["alpha"].astype(np.float64).std(axis=1) == pytest.approx([r.alpha_std for r in reports], abs=1e-3)
    assert (dynamics["p_given"] + dynamics["p_other"] > 0).all()
    assert [r.val_accuracy is not None for r in reports] == [False, False, True]


def test_what_is_said_of_a_face_in_training_is_kept(data: TrainingData, tmp_path: Path) -> None:
    """Each row by its place: what the network put out for the batch that the face was in, or the mean of two."""
    settings = dataclasses.replace(SETTINGS, epochs=2, batch_size=50)  # 192 faces: the last batch is filled up
    torch.manual_seed(0)
    job = Training(settings, data, SelfCureNetwork(SMALL, 4, image_size=32), tmp_path)
    outputs: list[Any] = []
    job.model.register_forward_hook(lambda model, given, output: outputs.append(output) if model.training else None)
    batches: list[torch.Tensor] = []
    step = job._step
    job._step = lambda rows, pixels, **more: (batches.append(rows), step(rows, pixels, **more))  # type: ignore[method-assign, assignment, func-returns-value]
    job.run(on_epoch=lambda report: None)
    wanted, times = np.zeros((192, 5), np.float32), np.zeros(192)
    for rows, output in list(zip(batches, outputs, strict=True))[:4]:  # of the first epoch
        for place, row in enumerate(rows.tolist()):
            wanted[row, :4] += output.logits[place].detach().softmax(dim=0).numpy()
            wanted[row, 4] += output.alpha[place].item()
            times[row] += 1
    assert sorted({*times.tolist()}) == [1, 2]
    wanted /= times[:, None]
    seen = np.load(tmp_path / "dynamics.npy")[0]
    assert seen["alpha"] == pytest.approx(wanted[:, 4], abs=1e-3)
    assert seen["p_given"] == pytest.approx(wanted[np.arange(192), data.labels], abs=1e-3)


def test_same_seed_same_result_and_another_seed_another(usual: Usual, data: TrainingData, tmp_path: Path) -> None:
    first, model = usual.result, usual.model
    again, _, twin = run(data, tmp_path / "b")
    other, _, _ = run(data, tmp_path / "c", seed=1)
    assert torch.equal(first.alpha, again.alpha)
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), twin.parameters(), strict=True))
    assert not torch.equal(first.alpha, other.alpha)


@pytest.mark.parametrize("changes", [{}, {"relabel": "auto", "relabel_from": 1}, {"learn_margin_rank": True}])
def test_a_resumed_round_ends_as_an_uninterrupted_one(
    changes: dict[str, Any], usual: Usual, data: TrainingData, tmp_path: Path
) -> None:
    folder, _, whole, reports, _ = (
        Usual(tmp_path / "whole", data, *run(data, tmp_path / "whole", **changes)) if changes else usual
    )
    with pytest.raises(Stop):
        run(data, tmp_path / "broken", stop_after=3, **changes)
    resumed, rest, _ = run(data, tmp_path / "broken", resume=True, **changes)
    assert [r.epoch for r in rest] == [3]
    assert torch.equal(whole.alpha, resumed.alpha)
    assert torch.equal(whole.labels, resumed.labels)
    assert torch.equal(whole.mean, resumed.mean)
    assert rest[0].loss == reports[2].loss
    assert np.array_equal(np.load(folder / "dynamics.npy"), np.load(tmp_path / "broken/dynamics.npy"))


def test_resuming_a_round_whose_epochs_are_done_only_looks(usual: Usual, data: TrainingData, tmp_path: Path) -> None:
    whole = usual.result
    again, reports, _ = run(data, Path(shutil.copytree(usual.folder, tmp_path / "again")), resume=True)
    assert reports == []
    assert torch.equal(whole.alpha, again.alpha)
    assert torch.equal(whole.labels, again.labels)
    assert torch.equal(whole.mean, again.mean)


@pytest.mark.parametrize("stop_after", [3, 0])
def test_a_round_of_an_older_program_averages_the_passes_that_are_there(
    usual: Usual, data: TrainingData, tmp_path: Path, stop_after: int
) -> None:
    """It kept a sum in the checkpoint, and no passes: those that are left count, or the last look."""
    folder = tmp_path / "older"
    if stop_after:
        with suppress(Stop):
            run(data, folder, stop_after=stop_after)
    else:
        shutil.copytree(usual.folder, folder)
    state = torch.load(folder / "checkpoint.pt", weights_only=True)
    torch.save(state | {"seen": torch.zeros(192, 4), "passes": 1}, folder / "checkpoint.pt")
    (folder / "passes.npy").unlink()
    (folder / "counts.npy").unlink()
    resumed, _, _ = run(data, folder, resume=True)
    assert list(resumed.averaged) == [3]
    last = np.load(folder / "passes.npy")[-1].astype(np.float32)
    assert resumed.mean.numpy() == pytest.approx(last / last.sum(axis=1, keepdims=True), abs=1e-5)


@pytest.mark.parametrize(("epochs", "counted"), [(1, 1), (2, 1), (3, 2), (4, 2)])
def test_the_mean_is_of_the_epochs_of_the_second_half(
    usual: Usual, data: TrainingData, tmp_path: Path, epochs: int, counted: int
) -> None:
    """What was said in training counts once an epoch, the last clean pass twice."""
    settings = dataclasses.replace(SETTINGS, epochs=epochs)
    folder, _, result, *_ = usual if settings == SETTINGS else (tmp_path, data, *run(data, tmp_path, epochs=epochs))
    assert list(result.averaged) == list(range(epochs - counted + 1, epochs + 1))
    counts, passes = np.load(folder / "counts.npy")[-counted:], np.load(folder / "passes.npy")[-counted:]
    assert counts.tolist() == [1 + 2 * has_clean_pass(settings, epoch) for epoch in result.averaged]
    whole = (counts[:, None, None] * passes.astype(np.float64)).sum(axis=0) / counts.sum()
    seen = of_labels(torch.from_numpy(whole), data)
    clean = 2 * of_labels(result.rule.probabilities, data) / counts.sum()
    assert (seen >= clean - 1e-3).all()
    assert of_labels(result.mean, data) == pytest.approx(seen, abs=1e-3)
    assert result.mean.sum(dim=1).numpy() == pytest.approx(1, abs=1e-6)


def of_labels(probabilities: torch.Tensor, data: TrainingData) -> np.ndarray[Any, Any]:
    """(N,) those of the labels."""
    return probabilities[torch.arange(192), torch.from_numpy(data.labels)].numpy()


@pytest.mark.parametrize(
    ("mode", "mirrored"), [("review", [True, False]), ("off", [True, False]), ("auto", [False] * 4)]
)
def test_every_other_pass_is_mirrored_but_never_of_mode_auto(
    data: TrainingData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str, mirrored: list[bool]
) -> None:
    """Counted back from the last, which sees the faces as they are; so does the pass over the validation faces."""
    seen: list[tuple[int, bool]] = []

    def watched(model: Any, faces: Any, *arguments: Any, **options: Any) -> CleanPass:
        seen.append((len(faces), options.get("mirrored", False)))
        return clean_pass(model, faces, *arguments, **options)

    monkeypatch.setattr("scn_core.training.loop.clean_pass", watched)
    run(data, tmp_path, epochs=4, relabel=mode, relabel_from=1)
    assert [turned for faces, turned in seen if faces == 192] == mirrored
    assert not any(turned for faces, turned in seen if faces == 32)


def test_review_mode_never_changes_a_label_and_auto_does(usual: Usual, data: TrainingData, tmp_path: Path) -> None:
    before = data.labels.copy()
    _, of_review, reviewed, reports, _ = usual
    assert (reviewed.labels.numpy() == before).all()
    assert {r.relabelled for r in reports} == {0}
    cured, reports, _ = run(data, tmp_path / "auto", epochs=6, relabel="auto", relabel_from=4)
    assert [r.relabelled > 0 for r in reports] == [False] * 4 + [True] * 2
    assert (cured.labels.numpy() != before).sum() == reports[-1].relabelled
    assert (of_review.labels == before).all()
    assert (data.labels == before).all()


def test_weighting_from_one_is_plain_training_and_leaves_the_head_alone(data: TrainingData, tmp_path: Path) -> None:
    torch.manual_seed(0)
    start = SelfCureNetwork(SETTINGS.backbone, 4, image_size=32).attention.weight.detach().clone()
    _, _, model = run(data, tmp_path / "plain", weighting_from=1.0, epochs=1)
    assert torch.equal(model.attention.weight, start)
    _, _, model = run(data, tmp_path / "weighted", weighting_from=0.0, epochs=1)
    assert not torch.equal(model.attention.weight, start)


def test_learned_margin_moves(data: TrainingData, tmp_path: Path) -> None:
    _, reports, _ = run(data, tmp_path, learn_margin_rank=True, margin_rank=0.9, weighting_from=0.0)
    assert 0 < reports[-1].margin_rank < 0.8999


def test_no_validation_split_is_no_validation_figure(data: TrainingData, tmp_path: Path) -> None:
    none = dataclasses.replace(data, val_rows=np.empty(0, np.int64), val_labels=np.empty(0, np.int64))
    _, reports, _ = run(none, tmp_path, epochs=1)
    assert reports[0].val_accuracy is None


def test_a_loss_that_is_not_a_number_stops_with_advice(data: TrainingData, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"epoch \d: the loss is (nan|inf).*lower --lr"):
        run(data, tmp_path, lr=100.0, clip_norm=0.0, weight_decay=10.0, epochs=4)


def test_too_few_faces(tmp_path: Path) -> None:
    one = TrainingData(
        np.zeros((1, 32, 32, 3), np.uint8),
        np.zeros(1, np.int64),
        np.zeros(1, np.int64),
        np.empty(0, np.int64),
        np.empty(0, np.int64),
    )
    with pytest.raises(TrainingError, match="got 1 training faces"):
        run(one, tmp_path)
