"""Faces the network is sure of that are like those it doubts: examples and counter-examples for people to compare."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import normalize

from scn_core.records import IntArray
from scn_core.scn.model import SelfCureNetwork
from scn_core.scn.relabel import Relabelling
from scn_core.training.device import Compute
from scn_core.training.predict import evaluating
from scn_core.training.resident import ResidentFaces, normalise

_QUERIES, _CANDIDATES = 1024, 32_768  # compared at a time: 134 MB of similarities, 67 MB of features at 512 a face


@dataclass(frozen=True)
class ConfidentNeighbours:
    """The neighbours of Q doubtful faces. Faces are numbered by their rows among those trained on."""

    rows: IntArray
    """(Q,) the doubtful faces, rising."""
    other_label: IntArray
    """(Q,) the proposed class, or where none is proposed the likeliest one beside the given."""
    given: IntArray
    """(Q, count) confident faces of the given class, nearest first, -1 where there are no more; never the face."""
    other: IntArray
    """(Q, count) the same of the other class."""


@torch.inference_mode()
def unit_features(
    model: SelfCureNetwork, faces: ResidentFaces, compute: Compute, step: Callable[[], None] = lambda: None
) -> Tensor:
    """(N, D) backbone features of un-augmented faces, of length 1, in half precision on the device.

    At 512 features a face, a million faces take 1 GB. `step` is called after every batch.
    """
    features = torch.empty(len(faces), model.feature_count, dtype=torch.half, device=faces.device)
    with evaluating(model), compute.autocast():
        for rows, pixels in faces.batches(faces.in_order(compute.clean_batch)):
            features[rows] = normalize(model(compute.arranged(normalise(pixels))).features).half()
            step()
    return features


def confident_faces(predicted: Tensor, trained: Tensor, measured: Tensor, suspicion: Tensor, classes: int) -> Tensor:
    """(N,) bool mask of the faces fit to be shown as examples of their class.

    A face is a candidate where the stored probabilities predict the label it was trained on, and mode auto has not
    replaced that label; so no face with a proposal is one. It is confident where its suspicion is not above the median
    suspicion of its class's candidates: late in a round wrong labels are predicted too, as they have been memorised,
    but they were fitted late. Alpha has no say, as it differs by class: it would leave some classes hardly any example.

    Args:
        predicted: (N,) likeliest classes by the stored probabilities.
        trained: (N,) labels of the last epoch; a confident face's class.
        measured: (N,) labels the round began with, which suspicion is about.
        suspicion: (N,)
        classes: how many there are.
    """
    candidate = (predicted == trained) & (trained == measured)
    confident = torch.zeros_like(candidate)
    for label in range(classes):
        alike = candidate & (trained == label)
        if alike.any():
            confident |= alike & (suspicion <= suspicion[alike].median())
    return confident


@torch.inference_mode()
def confident_neighbours(
    features: Tensor,
    rule: Relabelling,
    trained: Tensor,
    given: Tensor,
    confident: Tensor,
    asked: Tensor,
    *,
    count: int,
    step: Callable[[], None] = lambda: None,
) -> ConfidentNeighbours:
    """The confident faces nearest by cosine to every face that people are asked about, of two classes.

    Such a face may be confident itself, and so a neighbour of others.

    Args:
        features: (N, D), of length 1.
        rule: what the relabel rule says of the N faces.
        trained: (N,) labels of the last epoch; a neighbour's class.
        given: (N,) labels the round began with, which people are shown as given.
        confident: (N,) bool, from `confident_faces`.
        asked: (N,) bool, whose neighbours are looked for.
        count: how many neighbours of each class.
        step: called after every piece of the work.
    """
    rows = asked.nonzero().squeeze(1)
    own, other = given[rows], other_labels(rule, given)[rows]
    found = torch.full((2, len(rows), count), -1, dtype=torch.int64, device=rows.device)
    for label in range(rule.probabilities.shape[1]):
        known = (confident & (trained == label)).nonzero().squeeze(1)
        side, place = torch.stack([own == label, other == label]).nonzero().unbind(1)
        found[side, place] = nearest(features, rows[place], known, count, step)
    return ConfidentNeighbours(*(part.cpu().numpy() for part in (rows, other, found[0], found[1])))


def other_labels(rule: Relabelling, given: Tensor) -> Tensor:
    """(N,) the proposed class, or where none is proposed the likeliest one that is not the given."""
    others = rule.probabilities.scatter(1, given.unsqueeze(1), -1.0)
    return torch.where(rule.proposed >= 0, rule.proposed, others.argmax(dim=1))


def nearest(features: Tensor, rows: Tensor, known: Tensor, count: int, step: Callable[[], None]) -> Tensor:
    """(len(rows), count) of the `known` rows with the largest dot product, falling; -1 where there are no more.

    A row that is itself known is not among its own.
    """
    best = torch.full((len(rows), count), -torch.inf, device=features.device)
    found = torch.full((len(rows), count), -1, dtype=torch.int64, device=features.device)
    for some in known.split(_CANDIDATES):
        candidates = features[some].float().T
        for start in range(0, len(rows), _QUERIES):
            part = slice(start, start + _QUERIES)
            alike = features[rows[part]].float() @ candidates
            alike.masked_fill_(rows[part].unsqueeze(1) == some, -torch.inf)
            new, places = alike.topk(min(count, len(some)), dim=1)
            both = torch.cat([best[part], new], dim=1)
            best[part], kept = both.topk(count, dim=1)
            found[part] = torch.cat([found[part], some[places]], dim=1).gather(1, kept)
            step()
    return found.masked_fill_(best.isneginf(), -1)
