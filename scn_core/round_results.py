"""What a trained round leaves behind: its network, its scores as columns, the neighbours of its doubtful faces."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from scn_core import __version__
from scn_core.config import TrainSettings
from scn_core.labels import ClassVocabulary
from scn_core.records import BoolArray, EpochReport, FloatArray, IntArray, PixelArray, RoundScores
from scn_core.round_faces import RoundFaces
from scn_core.round_files import NEIGHBOUR_COUNT, NEIGHBOURS, write_neighbours
from scn_core.scn.model import SelfCureNetwork
from scn_core.scn.relabel import propose_by
from scn_core.scn.suspicion import (
    class_trust,
    cured_probabilities,
    kinds_of_doubt,
    may_be_proposed,
    probability_margin,
    second_choice,
    suspicion,
)
from scn_core.training.checkpoint import save_weights
from scn_core.training.data import TrainingResult
from scn_core.training.loop import Training
from scn_core.training.neighbours import ConfidentNeighbours, confident_faces, confident_neighbours, unit_features
from scn_core.training.predict import clean_pass
from scn_core.training.resident import ResidentFaces


def round_metrics(
    training: Training, pixels: PixelArray, faces: RoundFaces, result: TrainingResult, reports: list[EpochReport]
) -> dict[str, Any]:
    """The last epoch's figures, and the best validation figure beside them: it chooses nothing."""
    last = reports[-1]
    validated = [report for report in reports if report.val_accuracy is not None]
    best = max(validated, key=lambda report: report.val_accuracy or 0.0, default=None)
    test = None
    if len(faces.test_rows):
        held_out = ResidentFaces(pixels, faces.test_rows, faces.test_labels, training.compute.device)
        test = clean_pass(training.judge, held_out, training.compute).accuracy(held_out.labels)
    return {
        "device": training.compute.describe(),
        "train_accuracy": last.accuracy,
        "val_accuracy": last.val_accuracy,
        "val_faces": len(faces.val_rows),
        "best_val_accuracy": None if best is None else best.val_accuracy,
        "best_val_epoch": None if best is None else best.epoch,
        "test_accuracy": test,
        "alpha_mean": result.alpha.mean().item(),
        "alpha_std": result.alpha.std().item(),
        "margin_rank": last.margin_rank,
        "relabelled": last.relabelled,
        "averaged_epochs": [result.averaged[0], result.averaged[-1]],
        "seconds": sum(report.seconds for report in reports),
        "faces_per_s": float(np.mean([report.faces_per_s for report in reports])),
    }


def leave_weights(folder: Path, model: SelfCureNetwork, settings: TrainSettings, classes: ClassVocabulary) -> None:
    """The network after the last epoch, and what it takes to build it again."""
    save_weights(folder, model)
    meta = {
        "backbone": settings.backbone,
        "image_size": settings.image_size,
        "classes": list(classes.names),
        "epochs": settings.epochs,
        "code_version": __version__,
    }
    (folder / "meta.json").write_text(json.dumps(meta, indent=2) + "\n", encoding="utf-8")


def judged(result: TrainingResult, start_label: IntArray, settings: TrainSettings) -> tuple[TrainingResult, FloatArray]:
    """The result by the rule its proposals are to come from, and the (N,) suspicion of the labels the round began with.

    Args:
        result: of the training, by the paper's rule.
        start_label: (N,)
        settings: of the round.
    """
    mean = result.mean.cpu().numpy()
    suspected = suspicion(mean, start_label)
    if settings.proposals == "paper":
        return result, suspected
    device = result.mean.device
    cured = cured_probabilities(mean, class_trust(mean, start_label))
    given = torch.from_numpy(start_label).to(device)
    low = result.rule.low_importance.cpu().numpy()
    among = torch.from_numpy(may_be_proposed(suspected, low, probability_margin(cured, start_label))).to(device)
    rule = propose_by(
        torch.from_numpy(cured).to(device),
        result.alpha,
        given,
        beta=settings.beta,
        margin=settings.margin_relabel,
        among=among,
    )
    return replace(result, rule=rule), suspected


def without_proposals(result: TrainingResult, unasked: BoolArray) -> TrainingResult:
    """The result without the relabels, face and class, of the (N, C) mask."""
    proposed = result.rule.proposed
    mask = torch.from_numpy(unasked).to(proposed.device)
    kept = proposed.masked_fill(mask.gather(1, proposed.clamp_min(0).unsqueeze(1)).squeeze(1), -1)
    return replace(result, rule=replace(result.rule, proposed=kept))


def leave_neighbours(
    folder: Path,
    sample_id: IntArray,
    training: Training,
    result: TrainingResult,
    suspected: FloatArray,
    suspicious: BoolArray,
    step: Callable[[], None],
) -> IntArray:
    """neighbours.npy, from one more clean pass; returns the sample ids that are a neighbour of any face.

    Args:
        folder: of the round.
        sample_id: (N,) of the training faces.
        training: the round's, its network as it was at the last clean pass.
        result: of that pass.
        suspected: (N,) suspicion of the round.
        suspicious: (N,) from `suspicious_faces`.
        step: called after every piece of the work.
    """
    features = unit_features(training.judge, training.faces, training.compute, step)
    doubt = torch.from_numpy(suspected).to(features.device)
    rule, trained, start = result.rule, result.labels, training.initial
    confident = confident_faces(rule.predicted, trained, start, doubt, rule.probabilities.shape[1])
    asked = rule.low_importance | (rule.proposed >= 0) | torch.from_numpy(suspicious).to(features.device)
    found = confident_neighbours(features, rule, trained, start, confident, asked, count=NEIGHBOUR_COUNT, step=step)
    rows = neighbour_rows(sample_id, found)
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


def suspicious_faces(result: TrainingResult, suspected: FloatArray, settings: TrainSettings) -> BoolArray:
    """(N,) faces to ask about for their (N,) suspicion alone: of high importance, and without a proposal."""
    low, proposed = (part.cpu().numpy() for part in (result.rule.low_importance, result.rule.proposed))
    if settings.queue_suspicion == 1:
        return np.zeros(len(low), np.bool_)
    found: BoolArray = ~low & (proposed < 0) & (suspected >= settings.queue_suspicion)
    return found


def round_scores(
    sample_id: IntArray, start_label: IntArray, result: TrainingResult, suspected: FloatArray, suspicious: BoolArray
) -> RoundScores:
    """What a round made of its faces, the labels it began with and their suspicion, as columns of table `score`.

    `suspicious`: from `suspicious_faces`.
    """
    rule = result.rule
    probabilities = rule.probabilities.cpu().numpy()
    return RoundScores(
        sample_id=sample_id,
        start_label=start_label,
        alpha=result.alpha.cpu().numpy(),
        p_given=rule.p_given.cpu().numpy(),
        p_max=rule.p_max.cpu().numpy(),
        predicted_label=rule.predicted.cpu().numpy(),
        margin=rule.margin.cpu().numpy(),
        suspicion=suspected,
        doubt=kinds_of_doubt(probabilities, start_label, suspected).astype(np.int64),
        low_importance=rule.low_importance.cpu().numpy(),
        suspicious=suspicious,
        proposed_label=rule.proposed.cpu().numpy(),
        second_label=second_choice(probabilities, start_label),
        trained_label=result.labels.cpu().numpy(),
        probabilities=probabilities,
    )
