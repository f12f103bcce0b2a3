"""A small data set with awkward paths, a round of it in review, and people who answer."""

from __future__ import annotations

import csv
import uuid
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from sqlite_utils import Database

from scn_core.class_names import ClassVocabulary
from scn_core.config import ReviewSettings
from scn_core.records import Decision, Manifest, RoundScores, Sample
from scn_core.store.decisions.record import record_decisions
from scn_core.store.people.people import ensure_person
from scn_core.store.rounds.states import finish_round, start_round
from scn_core.store.samples import insert_manifest
from tests.undoubted import undoubted

RISKY = ["=1+1.png", "+1.png", "-1.png", "@sum.png", "＝1.png"]
PATHS = ["a.png", *RISKY, 'quo"te, comma.png', "größe/日本.png", "b.png", "c.png"]
ONE = ReviewSettings()


def toy_manifest(root: Path) -> Manifest:
    """A face for each of PATHS; happy and sad in turn; the last two are val and test."""
    samples = [Sample(path, path, number % 2, "train") for number, path in enumerate(PATHS)]
    samples[-2:] = [Sample("b.png", "b.png", 0, "val"), Sample("c.png", "c.png", 1, "test")]
    return Manifest("toy", root, ClassVocabulary(("happy", "sad")), tuple(samples))


def draw(manifest: Manifest) -> None:
    """A picture of noise for each path."""
    for number, sample in enumerate(manifest.samples):
        file = manifest.root / sample.path
        file.parent.mkdir(parents=True, exist_ok=True)
        noise = np.random.default_rng(number).integers(0, 256, (16, 16, 3), np.uint8)
        Image.fromarray(noise).save(file)


def add_round(db: Database, manifest: Manifest, *, review: ReviewSettings = ONE, alpha: float = 0.5) -> int:
    """A round in review; the next class is proposed for every face but the last."""
    train = [(i, sample.given_label) for i, sample in enumerate(manifest.samples, 1) if sample.split == "train"]
    ids, given = np.array(train).T
    named, count = len(manifest.classes), len(ids)
    half, row = np.full(count, 0.5, np.float32), np.arange(count)
    proposed = np.where(row < count - 1, (given + 1) % named, -1)
    found = RoundScores(
        sample_id=ids, start_label=given, alpha=np.full(count, alpha, np.float32), p_given=half, p_max=half,
        predicted_label=(given + 1) % named, margin=(row / 100).astype(np.float32), suspicion=half,
        low_importance=half > 1, proposed_label=proposed, trained_label=given,
        probabilities=np.full((count, named), 1 / named, np.float32), **undoubted(count),
    )  # fmt: skip
    number = start_round(db, {}, code_version="1")
    finish_round(db, number, found, {}, review=review)
    return number


def begin(db: Database, manifest: Manifest, *, review: ReviewSettings = ONE) -> None:
    """The data set with round 1 in review."""
    insert_manifest(db, manifest)
    add_round(db, manifest, review=review)


def decide(
    db: Database, sample_id: int, action: Any, label: int | None = None, person: str = "ann", **more: Any
) -> Decision:
    """An answer of somebody, added where they are new."""
    ensure_person(db, person, "lead" if more.get("adjudicates") else "annotator")
    decision = Decision(str(uuid.uuid4()), more.pop("round_id", 1), sample_id, person, action, label, **more)
    record_decisions(db, [decision])
    return decision


def rows(file: Path) -> list[dict[str, str]]:
    """A CSV file as a spreadsheet sees it."""
    with file.open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))
