"""How well wrong labels are found and cured on real faces: every row from the same trainings.

    python -m benchmarks.label_cleaning WORK ROOT [--noises real single-vote] [--seeds 0 1 2] [--faces 13000]
    python -m benchmarks.label_cleaning WORK ROOT --variants

ROOT is as in `benchmarks.ferplus_faces`. WORK keeps the trainings (an .npz each); what is there is not run again, so
several of these may share the work, a seed each, and the last one reads what all have left. Under every kind of wrong
labels and for every seed these are trained, with the same faces, epochs, pictures and schedule:

    scn         the default options; all scores and orders but those named below are read from this one
    plain       cross entropy alone, no attention
    folds       two more networks, each on half of the faces, for the out-of-fold probabilities of confident learning
    published   labels replaced in place as the published code does
    reviewed    a second round, after a fifth was answered by a reader with 5 % slips in the learned order

The tables go to standard output, everything to results/label_cleaning.json, curves to docs/images; with another number
of --faces to results/label_cleaning_<number>.json alone. --arms trains only some of these, --count-only none. With
--variants the options against memorising are trained instead, into results/label_cleaning_variants.json.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.cleaning.faces import NOISES, PICTURES, Faces, given_labels, load_faces, load_opinion, load_pictures
from benchmarks.cleaning.figures import calibration, early_calibration, proposals
from benchmarks.cleaning.readers import CROWD, READERS, SHARES, answers, learned_order, reviewed
from benchmarks.cleaning.rows import Seen, rankings
from benchmarks.cleaning.tables import describe, describe_variants
from benchmarks.cleaning.trainings import PLAIN, SETTINGS, PublishedRule, Recording, out_of_fold, recorded
from scn_core.bench.report import versions
from scn_core.records import DOUBTS, BoolArray, FloatArray, IntArray
from scn_core.review.evaluate import detector
from scn_core.review.regression_columns import standardised_logs
from scn_core.scn.opinions import pooled
from scn_core.scn.relabel import low_importance_group
from scn_core.scn.suspicion import (
    class_trust,
    cured_probabilities,
    kinds_of_doubt,
    may_be_proposed,
    suspicion,
)
from scn_core.training.device import choose_compute

RESULTS = Path(__file__).with_name("results")
FACES = 13_000
FOLDS = 2
REVIEWED = 0.2
"""Share of the faces answered before the second round."""
ARMS = {
    "real": ("scn", "plain", "folds", "published", "reviewed"),
    "single-vote": ("scn", "plain", "folds"),
    **dict.fromkeys(NOISES[2:], ("scn",)),
}
VARIANTS: dict[str, dict[str, Any]] = {
    "default": {},
    "average_weights 0.98": {"average_weights": 0.98},
    "mixup 0.2": {"mixup": 0.2},
    "label_smoothing 0.1": {"label_smoothing": 0.1},
    "augmentation 2": {"augmentation": 2.0},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("root", type=Path)
    parser.add_argument("--pictures", type=Path, help="folder with labels.csv, for the kind cifar10n")
    parser.add_argument("--opinion", type=Path, help="CSV of a second opinion: path, and a column for each class")
    parser.add_argument("--noises", nargs="+", choices=NOISES, default=list(NOISES))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--faces", type=int, default=FACES)
    parser.add_argument("--flipped-faces", type=int, default=4_000, help="of the kinds of labels that are flipped")
    parser.add_argument("--arms", nargs="+", choices=ARMS["real"], default=ARMS["real"], help="train these alone")
    parser.add_argument("--variants", action="store_true", help="train the options against memorising instead")
    parser.add_argument("--train-only", action="store_true", help="leave the trainings in WORK and count nothing")
    parser.add_argument("--count-only", action="store_true", help="train nothing and count what WORK holds")
    said = parser.parse_args()
    said.work.mkdir(parents=True, exist_ok=True)
    if PICTURES in said.noises and not said.pictures:
        parser.error(f"the kind {PICTURES} takes --pictures FOLDER; leave it out of --noises otherwise")
    everyone = load_faces(said.work, said.root, said.faces)
    few = everyone.some(said.flipped_faces)
    if said.variants:
        kept = [(name, seed) for name in VARIANTS for seed in said.seeds]
        runs = [run for name, seed in kept if (run := variant(said.work, few, name, seed, train=not said.count_only))]
        _write("label_cleaning_variants", {"faces": said.flipped_faces, "runs": runs})
        print(describe_variants(runs))
        return
    cells = []
    wanted = () if said.count_only else tuple(said.arms)
    opinion = load_opinion(said.opinion, said.work, said.faces) if said.opinion else None
    others = load_pictures(said.pictures) if PICTURES in said.noises else None
    for noise, seed in product(said.noises, said.seeds):
        faces = others if others and noise == PICTURES else few if noise.startswith("symmetric") else everyone
        trained = trainings(said.work, faces, noise, seed, train=wanted)
        if trained and not said.train_only:
            cells.append({"faces": len(faces.truth), **figures(faces, noise, seed, trained, _of_these(opinion, faces))})
    if cells:
        name = "label_cleaning" if said.faces == FACES else f"label_cleaning_{len(everyone.truth)}"
        _write(name, {"cells": cells})
        print(describe(cells))
        if said.faces == FACES:
            from benchmarks.cleaning.pictures import draw  # a machine that only trains has no plotly and no browser

            draw(cells)


def _of_these(opinion: FloatArray | None, faces: Faces) -> FloatArray | None:
    """The opinion on these faces; None: there is none on these pictures."""
    return None if opinion is None or faces.votes is None else opinion[: len(faces.truth)]


def trainings(work: Path, faces: Faces, noise: str, seed: int, *, train: tuple[str, ...]) -> dict[str, Recording]:
    """The recordings of one kind of wrong labels and seed; of those not there, the arms in `train` are trained."""
    settings = replace(SETTINGS, seed=seed)
    given = given_labels(faces, noise, seed)
    done: dict[str, Recording] = {}
    for arm in ARMS[noise]:
        file = work / f"{noise}-{len(given)}" / f"{arm}-{seed}.npz"
        if arm not in train and not file.exists():
            continue
        if arm == "folds":
            done[arm] = out_of_fold(file, faces, given, settings, FOLDS)
        elif arm == "reviewed":
            done[arm] = recorded(file, faces, after_review(faces, given, done["scn"], seed), settings)
        elif arm == "published":
            done[arm] = recorded(file, faces, given, settings, kind=PublishedRule)
        else:
            done[arm] = recorded(file, faces, given, replace(settings, **PLAIN) if arm == "plain" else settings)
    return done


def after_review(faces: Faces, given: IntArray, scn: Recording, seed: int) -> IntArray:
    """(N,) the labels after a fifth was answered in the learned order by a reader with 5 % slips."""
    said = answers("5 % slips", faces, seed)
    asked = order_of_answers(scn.mean, given, said, round(REVIEWED * len(given)), seed)
    labels = given.copy()
    labels[asked] = said[asked]
    return labels


def order_of_answers(mean: FloatArray, given: IntArray, said: IntArray, count: int, seed: int) -> IntArray:
    """The learned order over what a round stores of these mean probabilities."""
    cured = cured_probabilities(mean, class_trust(mean, given))
    return learned_order(cured, suspicion(mean, given), given, said, count, learn_every=50, seed=seed)


def figures(
    faces: Faces, noise: str, seed: int, trained: dict[str, Recording], opinion: FloatArray | None = None
) -> dict[str, Any]:
    """All figures of one kind of wrong labels and seed, but for those of `trained` of the reported half alone.

    Scores are made of all faces, as in a round; people review the reported half.
    """
    given, truth, half = given_labels(faces, noise, seed), faces.truth, faces.reported
    seen = Seen(given, truth, trained["scn"], trained.get("plain"), trained.get("folds"), opinion)
    ranked = {name: ranking[half] for name, ranking in rankings(seen).items()}
    scn, given, truth, wrong = trained["scn"], given[half], truth[half], (given != truth)[half]
    scored = Scored(
        given=given,
        truth=truth,
        mean=scn.mean[half],
        last=scn.last[half],
        cured=(cured := cured_probabilities(scn.mean, class_trust(scn.mean, seen.given)))[half],
        suspicion=(doubt := suspicion(scn.mean, seen.given))[half],
        likely=may_be_proposed(doubt, cured, seen.given)[half],
        low=low_importance_group(torch.from_numpy(scn.alpha), SETTINGS.beta).numpy()[half],
    )
    helped = None if opinion is None else Helped.of(scn.mean, seen.given, opinion, half)
    return {
        "noise": noise,
        "seed": seed,
        "wrong": float(wrong.mean()),
        "rows": {name: asdict(detector(ranking, wrong, given)) for name, ranking in ranked.items()},
        "reviews": list(_reviews(faces.only(half), scored, helped, ranked, seed)),
        "proposals": _proposals(scored),
        "doubt": _doubt(faces.only(half), scored),
        "suspicion": calibration(scored.suspicion, wrong),
        "answered": early_calibration(scored.cured, scored.suspicion, given, truth, seed),
        **({} if helped is None else {"suspicion with the second opinion": calibration(helped.suspicion, wrong)}),
        "likeliest": calibration(scored.cured.max(axis=1), scored.cured.argmax(axis=1) == truth),
        "trained": {
            arm: _trained(faces, run, faces.truth)
            for arm, run in trained.items()
            if arm != "folds" and run.predicted.size
        },
    }


@dataclass(frozen=True)
class Scored:
    """The reported faces as a round stores them."""

    given: IntArray
    truth: IntArray
    mean: FloatArray
    last: FloatArray
    cured: FloatArray
    suspicion: FloatArray
    likely: BoolArray
    """May be proposed another label."""
    low: BoolArray
    """In the low-importance group."""


@dataclass(frozen=True)
class Helped:
    """The reported faces as a round with a second opinion stores them: pooled, and evidence of the learned order."""

    cured: FloatArray
    suspicion: FloatArray
    opinion: FloatArray

    @classmethod
    def of(cls, mean: FloatArray, given: IntArray, opinion: FloatArray, half: BoolArray) -> Helped:
        """From (N, C) of all faces."""
        both = pooled(mean, given, [opinion])
        cured = cured_probabilities(both, class_trust(both, given))
        return cls(cured[half], suspicion(both, given)[half], opinion[half])


def _reviews(
    faces: Faces, scored: Scored, helped: Helped | None, ranked: dict[str, Any], seed: int
) -> Iterable[dict[str, Any]]:
    """Every order with every reader; but for ours, the orders of others with a perfect one alone."""
    given, truth, n = scored.given, scored.truth, len(scored.given)
    count = max(round(SHARES[-1] * n), int((given != truth).sum()))
    chance = np.random.default_rng((seed, 9))
    for reader in READERS if faces.votes is not None else [each for each in READERS if each != CROWD]:
        said = answers(reader, faces, seed)
        orders = {
            name: np.lexsort((chance.random(n), -ranking))
            for name, ranking in ranked.items()
            if reader == "perfect" or "suspicion" in name or name == "random"
        }
        orders["oracle"] = np.argsort(given == truth, kind="stable")
        common: dict[str, Any] = {"learn_every": 50, "seed": seed}
        orders["**learned order**"] = learned_order(scored.cured, scored.suspicion, given, said, count, **common)
        if helped is not None:
            common["opinions"] = (standardised_logs(helped.opinion),)
            orders["**learned order** with the second opinion"] = learned_order(
                helped.cured, helped.suspicion, given, said, count, **common
            )
        for name, order in orders.items():
            yield {"order": name, "reader": reader, **asdict(reviewed(order, said, given, truth))}


def _proposals(scored: Scored) -> dict[str, Any]:
    """What a perfect reader would say of the relabels that each rule proposes; the default is in bold."""
    everyone = np.ones(len(scored.low), np.bool_)
    rules = {
        "paper: last pass, low importance": (scored.last, scored.low),
        "mean of the passes, low importance": (scored.mean, scored.low),
        "cured, low importance": (scored.cured, scored.low),
        "**cured, probable**": (scored.cured, scored.likely),
        "cured, all faces": (scored.cured, everyone),
    }
    return {
        name: proposals(probabilities, inside, scored.given, scored.truth)
        for name, (probabilities, inside) in rules.items()
    }


def _doubt(faces: Faces, scored: Scored) -> dict[str, Any]:
    """What the two kinds of doubt are like: wrong labels, what is likeliest, and how far the crowd agrees."""
    kinds = kinds_of_doubt(scored.cured, scored.given, scored.suspicion)
    agreement = None if faces.votes is None else faces.votes.max(axis=1) / faces.votes.sum(axis=1)
    right = scored.cured.argmax(axis=1) == scored.truth
    return {
        name: {
            "share": float((kinds == kind).mean()),
            "given_wrong": float((scored.given != scored.truth)[kinds == kind].mean()),
            "likeliest_right": float(right[kinds == kind].mean()),
            "agreement": None if agreement is None else float(agreement[kinds == kind].mean()),
        }
        for kind, name in enumerate(DOUBTS)
    }


def _trained(faces: Faces, run: Recording, truth: IntArray) -> dict[str, float]:
    right = run.predicted == faces.test_labels
    recall = [right[faces.test_labels == label].mean() for label in np.unique(faces.test_labels)]
    return {
        "test_accuracy": float(right.mean()),
        "macro_recall": float(np.mean(recall)),
        "label_accuracy": float((run.labels == truth).mean()),
        "seconds": float(run.seconds),
    }


def variant(work: Path, faces: Faces, name: str, seed: int, *, train: bool = True) -> dict[str, Any] | None:
    """One option against memorising, on the data set's own labels; None: it is not there and not to be trained."""
    given = given_labels(faces, "real", seed)
    settings = replace(SETTINGS, seed=seed, **VARIANTS[name])
    file = work / "variants" / f"{name}-{len(given)}-{seed}.npz"
    if not train and not file.exists():
        return None
    run = recorded(file, faces, given, settings)
    found = detector(suspicion(run.mean, given), given != faces.truth, given)
    return {"variant": name, "seed": seed, "suspicion": asdict(found), **_trained(faces, run, faces.truth)}


def _write(name: str, found: dict[str, Any]) -> None:
    told = {
        "settings": SETTINGS.as_dict(),
        "device": f"{choose_compute(SETTINGS).describe()}, {os.cpu_count()} cores",
        "versions": versions() | {name: version(name) for name in ("scikit-learn", "cleanlab")},
    }
    (RESULTS / f"{name}.json").write_text(json.dumps({**told, **found}, indent=1) + "\n")


if __name__ == "__main__":
    main()
