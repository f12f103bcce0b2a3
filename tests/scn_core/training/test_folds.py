"""Networks that judge faces they have not trained on."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from scn_core.config import TrainSettings
from scn_core.errors import TrainingError
from scn_core.records import EpochReport
from scn_core.scn.model import build_model
from scn_core.scn.suspicion import probability_margin
from scn_core.training.data import TrainingData
from scn_core.training.folds import drop_folds, fold_of, out_of_fold
from scn_core.training.loop import Training
from scn_core.training.predict import clean_pass
from scn_core.training.resident import ResidentFaces
from tests.scn_core.training.conftest import SMALL

SETTINGS = TrainSettings(
    image_size=32,
    epochs=1,
    batch_size=48,
    backbone=SMALL,
    precision="fp32",
    device="cpu",
    folds=3,
    seed=4,
)


@given(
    labels=st.lists(st.integers(0, 4), min_size=1, max_size=80),
    folds=st.integers(2, 7),
    seed=st.integers(0, 99),
)
def test_folds_are_even_in_all_and_in_every_class(labels: list[int], folds: int, seed: int) -> None:
    given_labels = np.array(labels)
    fold = fold_of(given_labels, folds, seed)
    for group in (np.ones(len(labels), np.bool_), *(given_labels == label for label in set(labels))):
        sizes = np.bincount(fold[group], minlength=folds)
        assert sizes.max() - sizes.min() <= 1
        assert len(sizes) == folds


def test_which_fold_is_drawn_by_the_seed() -> None:
    labels = np.zeros(40, np.int64)
    assert fold_of(labels, 4, 1).tolist() == fold_of(labels, 4, 1).tolist() != fold_of(labels, 4, 2).tolist()


def test_every_face_is_judged_by_the_network_without_it(data: TrainingData, tmp_path: Path) -> None:
    """Slow reference: train without each fold by hand."""
    seen = out_of_fold(SETTINGS, data, 4, tmp_path)
    fold = fold_of(data.labels, 3, SETTINGS.seed)
    for number in range(3):
        inside, nobody = fold != number, np.empty(0, np.int64)
        rest = TrainingData(data.pixels, data.rows[inside], data.labels[inside], nobody, nobody)
        folder = tmp_path / f"by-hand-{number}"
        folder.mkdir()
        job = Training(SETTINGS, rest, build_model(SETTINGS, 4), folder)
        job.run(on_epoch=lambda report: None)
        held = ResidentFaces(data.pixels, data.rows[~inside], data.labels[~inside], torch.device("cpu"))
        both = [clean_pass(job.model, held, job.compute, mirrored=side).logits.softmax(1) for side in (False, True)]
        torch.testing.assert_close(seen[torch.from_numpy(~inside)], (both[0] + both[1]) / 2)


def test_it_finds_wrong_labels(data: TrainingData, tmp_path: Path) -> None:
    settings = dataclasses.replace(SETTINGS, backbone="resnet18", epochs=8, folds=2)
    margin = probability_margin(out_of_fold(settings, data, 4, tmp_path).numpy(), data.labels)
    wrong = np.arange(192) % 6 == 0
    assert margin[wrong].mean() > margin[~wrong].mean() + 0.3


def test_labels_stay_whatever_the_mode(data: TrainingData, tmp_path: Path) -> None:
    auto = dataclasses.replace(SETTINGS, relabel="auto", relabel_from=1, epochs=2)
    reports: list[EpochReport] = []
    out_of_fold(auto, data, 4, tmp_path, on_epoch=lambda fold, report: reports.append(report))
    assert [report.relabelled for report in reports] == [0] * 6


def test_it_goes_on_where_it_stopped(data: TrainingData, tmp_path: Path) -> None:
    whole = out_of_fold(SETTINGS, data, 4, tmp_path / "whole")

    class Stop(Exception):
        pass

    def stop(fold: int, report: EpochReport) -> None:
        if fold == 3:
            raise Stop

    with pytest.raises(Stop):
        out_of_fold(SETTINGS, data, 4, tmp_path / "cut", on_epoch=stop)
    again: list[int] = []
    resumed = out_of_fold(SETTINGS, data, 4, tmp_path / "cut", on_epoch=lambda fold, report: again.append(fold))
    assert again == [3]
    assert torch.equal(whole, resumed)
    drop_folds(tmp_path / "cut")
    assert not any((tmp_path / "cut").iterdir())


def test_too_few_faces_are_told(data: TrainingData, tmp_path: Path) -> None:
    few = dataclasses.replace(data, rows=data.rows[:5], labels=data.labels[:5])
    with pytest.raises(TrainingError, match=r"--folds: found 3 for 5 faces; allowed: at least 2 faces a fold"):
        out_of_fold(SETTINGS, few, 4, tmp_path)
