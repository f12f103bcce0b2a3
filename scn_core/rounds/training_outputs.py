"""What a trained round leaves in its folder beside its network: features, neighbours, predictions; and its figures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from scn_core.records import EpochReport, IntArray, PixelArray, RoundScores
from scn_core.rounds.artifacts import NEIGHBOUR_COUNT, NEIGHBOURS, write_neighbours, write_predictions
from scn_core.rounds.features import BLOCK_ROWS, HalfArray, write_features, write_held_out_features
from scn_core.rounds.inputs import RoundFaces
from scn_core.scn.relabel import Relabelling
from scn_core.training.data import TrainingResult
from scn_core.training.loop import Training
from scn_core.training.neighbours import ConfidentNeighbours, confident_faces, confident_neighbours, unit_features
from scn_core.training.predict import clean_pass
from scn_core.training.resident import ResidentFaces


def round_metrics(
    folder: Path,
    training: Training,
    pixels: PixelArray,
    faces: RoundFaces,
    result: TrainingResult,
    reports: list[EpochReport],
) -> dict[str, Any]:
    """The last epoch's figures, and the best validation figure beside them: it chooses nothing.

    What the network says of each face of val and test is kept in the round's folder.
    """
    last = reports[-1]
    validated = [report for report in reports if report.val_accuracy is not None]
    best = max(validated, key=lambda report: report.val_accuracy or 0.0, default=None)
    val, test = (_predicted(training, pixels, *of) for of in
                 ((faces.val_rows, faces.val_labels), (faces.test_rows, faces.test_labels)))  # fmt: skip
    labels = np.concatenate([faces.val_labels, faces.test_labels])
    write_predictions(
        folder, np.concatenate([faces.val_rows, faces.test_rows]) + 1, labels, np.concatenate([val, test])
    )
    return {
        "device": training.compute.describe(),
        "train_accuracy": last.accuracy,
        "val_accuracy": last.val_accuracy,
        "val_faces": len(faces.val_rows),
        "best_val_accuracy": None if best is None else best.val_accuracy,
        "best_val_epoch": None if best is None else best.epoch,
        "test_accuracy": float((test == faces.test_labels).mean()) if len(test) else None,
        "alpha_mean": result.alpha.mean().item(),
        "alpha_std": result.alpha.std().item(),
        "margin_rank": last.margin_rank,
        "relabelled": last.relabelled,
        "averaged_epochs": [result.averaged[0], result.averaged[-1]],
        "seconds": sum(report.seconds for report in reports),
        "faces_per_s": float(np.mean([report.faces_per_s for report in reports])),
    }


def _predicted(training: Training, pixels: PixelArray, rows: IntArray, labels: IntArray) -> IntArray:
    """(N,) the likeliest classes of faces that the network was not trained on."""
    if not len(rows):
        return np.empty(0, np.int64)
    held_out = ResidentFaces(pixels, rows, labels, training.compute.device)
    seen = clean_pass(training.eval_model, held_out, training.compute)
    predicted: IntArray = seen.logits.argmax(dim=1).cpu().numpy()
    return predicted


def save_features(folder: Path, features: Tensor, step: Callable[[], None]) -> None:
    """Writes features.npy: (N, D) of length 1 in half precision, on any device. `step` is called after every block."""

    def blocks() -> Iterator[HalfArray]:
        for part in features.split(BLOCK_ROWS):
            yield part.cpu().numpy()
            step()

    write_features(folder, tuple(features.shape), blocks())


def save_held_out_features(
    folder: Path, training: Training, pixels: PixelArray, faces: RoundFaces, step: Callable[[], None]
) -> None:
    """Writes held_out_features.npy, of the faces of val and test; no file where there are none."""
    rows = np.concatenate([faces.val_rows, faces.test_rows])
    if len(rows):
        labels = np.concatenate([faces.val_labels, faces.test_labels])
        held_out = ResidentFaces(pixels, rows, labels, training.compute.device)
        seen = unit_features(training.eval_model, held_out, training.compute, step)
        write_held_out_features(folder, rows + 1, seen.cpu().numpy())


def save_neighbours(
    folder: Path,
    scores: RoundScores,
    rule: Relabelling,
    features: Tensor,
    start: Tensor,
    step: Callable[[], None],
) -> IntArray:
    """Writes neighbours.npy; the sample ids of all faces that are a neighbour, rising.

    Args:
        folder: of the round.
        scores: of the round.
        rule: from `score_faces`, on the device.
        features: (N, D), from `unit_features`.
        start: (N,) labels the round began with.
        step: called after every piece of the work.
    """
    trained, suspicions, suspicious = (
        torch.from_numpy(column).to(features.device)
        for column in (scores.trained_label, scores.suspicion, scores.suspicious)
    )
    confident = confident_faces(rule.predicted, trained, start, suspicions, rule.probabilities.shape[1])
    asked = rule.low_importance | (rule.proposed >= 0) | suspicious
    found = confident_neighbours(features, rule, trained, start, confident, asked, count=NEIGHBOUR_COUNT, step=step)
    rows = neighbour_rows(scores.sample_id, found)
    write_neighbours(folder, rows)
    shown = np.union1d(rows["given"], rows["other"])
    return shown[shown >= 0]


def neighbour_rows(sample_id: IntArray, found: ConfidentNeighbours) -> npt.NDArray[np.void]:
    """The rows of neighbours.npy: places among the training faces become sample ids."""
    rows = np.empty(len(found.rows), NEIGHBOURS)
    rows["sample_id"] = sample_id[found.rows]
    rows["other_label"] = found.other_label
    for side, places in (("given", found.given), ("other", found.other)):
        rows[side] = np.where(places >= 0, sample_id[places], -1)
    return rows
