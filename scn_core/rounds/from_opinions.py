"""A round made of opinions alone: scores, proposals, the queue and its audit faces in seconds, without a network.

opinions -> pooled probabilities -> suspicion and proposals as of a trained round -> neighbours by features -> review
There is no alpha, and so no low-importance group: faces are asked about for their suspicion alone.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from sqlite_utils import Database

from scn_core import __version__, made_with
from scn_core.config import TrainSettings
from scn_core.errors import WorkspaceError, error_text, listed
from scn_core.files import make_folder, write_text
from scn_core.records import NO_ALPHA, BoolArray, FloatArray, IntArray, RoundInfo, RoundScores
from scn_core.rounds.artifacts import NEIGHBOUR_COUNT, NEIGHBOURS, round_file_hashes, write_neighbours
from scn_core.rounds.earlier import say_what_was_done, say_what_will_be
from scn_core.rounds.features import blocks_of, write_features
from scn_core.rounds.inputs import RoundFaces, data_of, faces_now, fix_faces
from scn_core.rounds.opinions_used import opinions_used
from scn_core.scn.opinions import opinion_weights, opinions_alone
from scn_core.scn.suspicion import (
    asked_for_suspicion,
    class_trust,
    cured_probabilities,
    kinds_of_doubt,
    may_be_proposed,
    second_choice,
    suspicion,
)
from scn_core.shell import command_line
from scn_core.store.check import require_sound_now
from scn_core.store.connection import snapshot
from scn_core.store.opinions import Opinions, opinions_on
from scn_core.store.rounds import states as store
from scn_core.store.samples import AllSamples
from scn_core.workspace.backup.make import backup_after_round
from scn_core.workspace.folder import Workspace

_CANDIDATES, _QUERIES = 20_000, 1_024
"""Confident faces of a class that neighbours are looked for among, and faces they are looked for at a time."""


def make_round_from_opinions(
    workspace: Workspace,
    settings: TrainSettings | None = None,
    *,
    by: int | None = None,
    say: Callable[[str], None] = lambda words: None,
) -> RoundInfo:
    """Make a round of the opinions of other models and leave it in review. Needs neither the pictures nor torch.

    Its faces are the training faces that some opinion has probabilities of. Opinions that agree with the labels no more
    than by chance are left out; `RoundInfo.opinion_words` names them.

    Args:
        workspace: with opinions.
        settings: audit_samples, queue_suspicion, margin_relabel, relabel, seed and close_earlier apply; None: as in
            table [train] of workspace.toml.
        by: number of the lead who asks for it; None: the command line.
        say: is told which earlier rounds were in review, and what became of them.

    Raises WorkspaceError where no opinion agrees with the labels more than by chance, and while a trainer is at work.
    """
    began = time.monotonic()
    chosen = settings or TrainSettings.merged(workspace.settings().train)
    with workspace.training_lock(), workspace.database() as db:
        require_sound_now(db)
        store.mark_dead_round_failed(db)
        review = workspace.settings().review
        with snapshot(db):
            data, now = data_of(db), faces_now(db, review.unsure, review.ambiguous)
        faces, opinions, left_out = _faces_with_opinions(workspace, db, now)
        scores = score_opinions(opinions, faces, chosen)
        number, reviewed = store.next_number(db), store.latest_finished_round(db)
        workspace.set_aside(number)
        config: dict[str, Any] = {
            "made_from_opinions": list(opinions.names), "opinions_left_out": list(left_out),
            "audit_samples": chosen.audit_samples, "queue_suspicion": chosen.queue_suspicion,
            "margin_relabel": chosen.margin_relabel, "relabel": chosen.relabel, "seed": chosen.seed,
            "unsure": review.unsure, "ambiguous": review.ambiguous, **made_with.versions(),
            **data,
        }  # fmt: skip
        folder = workspace.round_folder(number)
        make_folder(folder)
        write_text(folder / "config.json", json.dumps(config, indent=2) + "\n")
        if opinions.features:
            features = unit_features_of(opinions.features)
            if chosen.keep_features:
                fix_faces(folder, faces)
                halves = (features[part].astype(np.float16) for part in blocks_of(features))
                write_features(folder, features.shape, halves)
            save_feature_neighbours(folder, scores, features)
        metrics = {
            "proposals": int((scores.proposed_label >= 0).sum()),
            "suspicious": int(scores.suspicious.sum()),
            "opinions": opinions_used(opinions.names, opinions.probabilities, faces.labels),
            "seconds": time.monotonic() - began,
        }
        say_what_will_be(db, say, close_earlier=chosen.close_earlier)
        number, earlier = store.receive_round(
            db, config, (), scores, metrics, code_version=__version__,
            parent=None if reviewed is None else reviewed.id, audit=chosen.audit_faces(len(scores.sample_id)),
            seed=chosen.seed, review=review, settled=faces.settled, close_earlier=chosen.close_earlier,
            files=round_file_hashes(folder), event="round made from opinions", by=by,
        )  # fmt: skip
        say_what_was_done(db, number, earlier, say)
        backup_after_round(workspace, db)
        return store.get_round(db, number)


def score_opinions(opinions: Opinions, faces: RoundFaces, settings: TrainSettings) -> RoundScores:
    """The scores of N faces by what other models say of them, by the rules of a trained round.

    Every face has an opinion with probabilities, of a weight above 0. Nothing is in a low-importance group: a relabel
    is proposed where the likeliest class is probable enough (`may_be_proposed`) and more than `margin_relabel` ahead of
    the label, unless people turned it down.
    """
    start = faces.labels
    together = opinions_alone(start, opinions.probabilities)
    suspicions = suspicion(together, start)
    cured = cured_probabilities(together, class_trust(together, start))
    places, none = np.arange(len(start)), np.zeros(len(start), np.bool_)
    predicted, most, own = cured.argmax(axis=1), cured.max(axis=1), cured[places, start]
    may = may_be_proposed(suspicions, cured, start)
    turned_down = faces.turned_down[places, predicted] | (settings.relabel == "off")
    proposed = np.where(may & (most - own > settings.margin_relabel) & ~turned_down, predicted, -1)
    asked = asked_for_suspicion(suspicions, proposed, none, settings.queue_suspicion)
    return RoundScores(
        sample_id=faces.sample_id,
        start_label=start,
        alpha=np.full(len(start), NO_ALPHA, np.float32),
        p_given=own,
        p_max=most,
        predicted_label=predicted,
        margin=most - own,
        suspicion=suspicions,
        doubt=kinds_of_doubt(cured, start, suspicions).astype(np.int64),
        low_importance=none,
        suspicious=asked,
        proposed_label=proposed,
        second_label=second_choice(cured, start),
        trained_label=start,
        probabilities=cured,
    )


def save_feature_neighbours(folder: Path, scores: RoundScores, unit: FloatArray) -> None:
    """Writes neighbours.npy of the faces asked about, by their features: (N, D), zeros where a face has none.

    Neighbours come from the half of each class's confident faces that is least suspected; of more than 20,000, from
    those of the lowest sample ids.
    """
    known = (unit != 0).any(axis=1)
    rows = np.flatnonzero(known & ((scores.proposed_label >= 0) | scores.suspicious))
    confident = known & (scores.predicted_label == scores.start_label)
    table = np.empty(len(rows), NEIGHBOURS)
    table["sample_id"] = scores.sample_id[rows]
    others = scores.probabilities[rows].copy()
    others[np.arange(len(rows)), scores.start_label[rows]] = -1
    proposed = scores.proposed_label[rows]
    table["other_label"] = np.where(proposed >= 0, proposed, others.argmax(axis=1))
    for side, label in (("given", scores.start_label[rows]), ("other", table["other_label"])):
        table[side] = -1
        for number in np.unique(label):
            mine = np.flatnonzero(confident & (scores.start_label == number))
            if not len(mine):
                continue
            sure = mine[scores.suspicion[mine] <= np.median(scores.suspicion[mine])][:_CANDIDATES]
            asked = np.flatnonzero(label == number)
            found = _nearest(unit, rows[asked], sure)
            table[side][asked] = np.where(found >= 0, scores.sample_id[found], -1)
    write_neighbours(folder, table)


def _faces_with_opinions(
    workspace: Workspace, db: Database, faces: RoundFaces
) -> tuple[RoundFaces, Opinions, tuple[str, ...]]:
    """The faces that opinions of a weight above 0 have probabilities of; these opinions; names of the others."""
    found = opinions_on(db, faces.sample_id)
    add = command_line("opinion", "add", workspace.path, "--name", "NAME", "--csv", "FILE")
    if not found.probabilities:
        raise WorkspaceError(
            error_text("", "no opinion on any training face", "one that has probabilities", f"add one with: {add}")
        )
    weights = opinion_weights(faces.labels, found.probabilities)
    used = [place for place, weight in enumerate(weights) if weight > 0]
    left_out = tuple(name for name, weight in zip(found.names, weights, strict=True) if not weight)
    if not used:
        named = listed(left_out[:3], len(left_out))
        raise WorkspaceError(
            error_text(
                "",
                f"only opinions that agree with the labels no more than by chance ({named})",
                "one that agrees more often",
                f"see whether their columns are the classes they are named after, or add another with: {add}",
            )
        )
    known = np.any([np.isfinite(found.probabilities[place][:, 0]) for place in used], axis=0)
    unusable = np.zeros(len(AllSamples(db)), np.bool_)
    unusable[faces.rows[~known]] = True
    kept = Opinions(
        tuple(found.names[place] for place in used),
        tuple(found.probabilities[place][known] for place in used),
        tuple(each[known] for each in found.features),
    )
    return faces.without(unusable), kept, left_out


def unit_features_of(features: tuple[FloatArray, ...]) -> FloatArray:
    """(N, D) features of all sources side by side, rows of length 1; of zeros where a face has none."""
    return _unit(np.concatenate([_unit(each) for each in features], axis=1))


def _unit(features: FloatArray) -> FloatArray:
    """Rows of length 1; of zeros where there are none."""
    filled: FloatArray = np.nan_to_num(features, nan=0.0)
    filled /= np.maximum(np.linalg.norm(filled, axis=1, keepdims=True), np.float32(1e-12))
    return filled


def _nearest(unit: FloatArray, rows: IntArray, known: IntArray) -> IntArray:
    """(len(rows), NEIGHBOUR_COUNT) of the `known` rows with the largest dot product, falling; -1: there are no more.

    A row that is itself known is not among its own.
    """
    found = np.full((len(rows), NEIGHBOUR_COUNT), -1, np.int64)
    count = min(NEIGHBOUR_COUNT, len(known))
    for start in range(0, len(rows), _QUERIES):
        part = rows[start : start + _QUERIES]
        alike = unit[part] @ unit[known].T
        itself: BoolArray = part[:, None] == known
        alike[itself] = -np.inf
        best = np.argsort(-alike, axis=1, kind="stable")[:, :count]
        there = np.isfinite(np.take_along_axis(alike, best, axis=1))
        found[start : start + len(part), :count] = np.where(there, known[best], -1)
    return found
