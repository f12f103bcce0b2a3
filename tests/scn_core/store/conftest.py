"""A real, fresh database file for every test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from sqlite_utils import Database

from scn_core.class_names import ClassVocabulary
from scn_core.import_balance import Problem
from scn_core.records import Box, Manifest, RoundScores, Sample
from scn_core.store.people.people import ensure_person
from scn_core.store.rounds.states import finish_round, start_round
from scn_core.store.samples import insert_manifest
from tests.templates import new_database
from tests.undoubted import undoubted

MakeScores = Callable[..., RoundScores]


@pytest.fixture
def manifest() -> Manifest:
    """Samples 1..10 for training, labels 0, 1, 2, 0, ...; 11 for validation; 12 for testing."""
    splits = ["train"] * 10 + ["val", "test"]
    samples = tuple(
        Sample(f"{split}/{i}.jpg#1", f"{split}/{i}.jpg", (i - 1) % 3, split, Box(1, 2, 30, 40) if i == 2 else None)  # type: ignore[arg-type]
        for i, split in enumerate(splits, 1)
    )
    problems = (
        Problem("list.txt", 7, "label 9", "1 to 3"),
        Problem("train/4.jpg", None, "2 faces", "1 face", kept=True),
    )
    return Manifest("toy", Path("faces"), ClassVocabulary(("happy", "sad", "fear")), samples, problems)


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Database]:
    db = new_database(tmp_path / "review.db")
    yield db
    db.close()


@pytest.fixture
def db(empty: Database, manifest: Manifest) -> Database:
    """The toy manifest and the people ann and bob."""
    insert_manifest(empty, manifest)
    ensure_person(empty, "ann")
    ensure_person(empty, "bob", "lead")
    return empty


@pytest.fixture
def make_scores() -> MakeScores:
    def make(
        count: int = 10,
        *,
        suspicion: list[float] | None = None,
        proposed: list[int] | None = None,
        low: list[bool] | None = None,
    ) -> RoundScores:
        rng = np.random.default_rng(count)
        probabilities = rng.dirichlet(np.ones(3), count).astype(np.float32)
        given = np.arange(count) % 3
        p_given, p_max = probabilities[np.arange(count), given], probabilities.max(1)
        return RoundScores(
            sample_id=np.arange(1, count + 1),
            alpha=rng.random(count, dtype=np.float32),
            p_given=p_given,
            p_max=p_max,
            predicted_label=probabilities.argmax(1),
            margin=p_max - p_given,
            suspicion=np.array(
                suspicion if suspicion is not None else rng.random(count, dtype=np.float32), dtype=np.float32
            ),
            low_importance=np.array(low if low is not None else [False] * count, dtype=np.bool_),
            proposed_label=np.array(proposed if proposed is not None else (given + 1) % 3, dtype=np.int64),
            start_label=given,
            trained_label=given,
            probabilities=probabilities,
            **undoubted(count),
        )

    return make


@pytest.fixture
def review(db: Database, make_scores: MakeScores) -> Database:
    """Round 1 is in review: every training sample is proposed the class after its own."""
    finish_round(db, start_round(db, {}, code_version="1"), make_scores(), {})
    return db
