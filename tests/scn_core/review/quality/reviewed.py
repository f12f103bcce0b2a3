"""A round in review over faces without pictures, and people who answer it: what the statistics are tested on."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from sqlite_utils import Database

from scn_core.class_names import ClassVocabulary
from scn_core.config import DecidedBy, ReviewSettings
from scn_core.records import Answer, Decision, Manifest, RoundScores, Sample
from scn_core.store.decisions.record import record_decisions
from scn_core.store.people.people import ensure_person
from scn_core.store.rounds.states import finish_round, start_round
from scn_core.store.samples import insert_manifest
from tests.scn_core.store.blank import blank_database
from tests.undoubted import undoubted

NAMES = ("happy", "sad", "fear", "anger")
PEOPLE = ("ann", "bob", "eve")


@dataclass
class Reviewed:
    """Round 1 of `faces`; face i begins with label i % 4, and every fifth one is really the class after it."""

    faces: int = 200
    audit: int = 40
    readings: int = 1
    decided_by: DecidedBy = "majority"
    seed: int = 0
    db: Database = field(default_factory=blank_database)

    def __post_init__(self) -> None:
        train = tuple(Sample(f"{i}.jpg", f"{i}.jpg", i % 4, "train") for i in range(self.faces))
        insert_manifest(self.db, Manifest("made", Path("faces"), ClassVocabulary(NAMES), train))
        for name in PEOPLE:
            ensure_person(self.db, name, "lead" if name == "eve" else "annotator")
        self.given = np.arange(self.faces) % 4
        self.truth = np.where(np.arange(self.faces) % 5 == 0, (self.given + 1) % 4, self.given)
        review = ReviewSettings(readings=self.readings, decided_by=self.decided_by)
        self.scores = self._scores()
        number = start_round(self.db, {}, code_version="1")
        finish_round(self.db, number, self.scores, {}, audit=self.audit, seed=self.seed, review=review)

    def _scores(self) -> RoundScores:
        rng = np.random.default_rng(self.seed)
        wrong = self.truth != self.given
        suspicion = np.clip(0.3 + 0.3 * wrong + rng.normal(scale=0.12, size=self.faces), 0, 1).astype(np.float32)
        low = rng.random(self.faces) < np.where(wrong, 0.6, 0.2)
        probabilities = np.full((self.faces, 4), 0.25, np.float32)
        outside = rng.random(self.faces) < 0.1  # proposals there may be outside of the low-importance group too
        proposed = np.where((low | outside) & (suspicion > 0.5), (self.given + 1) % 4, -1)
        return RoundScores(
            sample_id=np.arange(1, self.faces + 1), start_label=self.given,
            alpha=np.where(low, 0.2, 0.8).astype(np.float32), p_given=1 - suspicion, p_max=suspicion,
            predicted_label=self.truth, margin=suspicion, suspicion=suspicion, low_importance=low,
            proposed_label=proposed, trained_label=self.given,
            probabilities=probabilities,
            **undoubted(self.faces) | {"suspicious": ~low & (proposed < 0) & (suspicion > 0.3)},
        )  # fmt: skip

    def queue(self, kind: str | None = None) -> list[int]:
        """Sample ids that the round asks about, in the order of asking."""
        where = "1" if kind is None else f"kind = '{kind}'"
        sql = f"SELECT sample_id FROM queue_item WHERE listed = 1 AND slot = 0 AND {where} ORDER BY id"
        return [number for (number,) in self.db.execute(sql)]

    def answer(
        self, sample_id: int, person: str = "ann", action: Answer | None = None, label: int | None = None,
        *, adjudicates: bool = False, milliseconds: int | None = None, bulk: str | None = None, blind: bool = False,
    ) -> Decision:  # fmt: skip
        """What a person says of a face; without an action the truth."""
        start, right = int(self.given[sample_id - 1]), int(self.truth[sample_id - 1])
        proposed = int(self.scores.proposed_label[sample_id - 1])
        if action is None:
            action = "keep" if right == start else "accept" if right == proposed else "relabel"
        if label is None:
            label = {"keep": start, "accept": proposed, "relabel": right}.get(action)
        given = Decision(
            str(uuid.uuid4()), 1, sample_id, person, action, label, adjudicates=adjudicates,
            milliseconds=milliseconds, bulk=bulk, blind=blind,
        )  # fmt: skip
        record_decisions(self.db, [given])
        return given

    def undo(self, given: Decision) -> None:
        record_decisions(
            self.db, [Decision(str(uuid.uuid4()), 1, given.sample_id, given.person, "undo", undoes=given.id)]
        )
