"""Outcomes and labels derived anew from the log of decisions, in plain Python: what the stored ones are compared with.

Written apart from `decisions.outcomes`, from the view `effective_label` and from the triggers, by the rules in
docs/database.md, so that a fault in those shows. Everything is read in the order in which it lies, without indexes.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlite_utils import Database

_ANSWERS = ("accept", "keep", "relabel", "unsure", "exclude")


class OutcomeByLog(NamedTuple):
    """A row of table outcome without its key."""

    state: str
    action: str | None
    label: int | None
    seq: int
    answers: int
    needed: int
    adjudicated: int


class LabelByLog(NamedTuple):
    """A row of view effective_label, by its columns."""

    sample_id: int
    label: int
    excluded: int
    vanished: int
    decision_id: str | None
    round_id: int | None
    action: str | None
    given_when_decided: int | None


class _Answer(NamedTuple):
    seq: int
    action: str
    label: int | None


@dataclass
class _Face:
    """What stands of a face in a round, the newest first."""

    readings: dict[int, _Answer] = field(default_factory=dict)
    """By person, the newest of each."""
    adjudication: _Answer | None = None


def outcomes_by_log(db: Database) -> dict[tuple[int, int], OutcomeByLog]:
    """(sample, round) -> what the answers come to; no entry where none stands.

    Holds the log in memory: about 0.5 kB for each decision.
    """
    faces: dict[tuple[int, int], _Face] = {}
    taken_back: set[str] = set()
    log = db.execute(
        "SELECT seq, id, round_id, sample_id, person_id, action, label, undoes, adjudicates FROM decision ORDER BY seq"
    ).fetchall()
    for seq, number, round_id, sample_id, person, action, label, undoes, adjudicates in reversed(log):
        if number in taken_back:
            continue
        if action == "undo":
            taken_back.add(undoes)
        elif action in _ANSWERS:
            face, answer = faces.setdefault((sample_id, round_id), _Face()), _Answer(seq, action, label)
            if adjudicates:
                face.adjudication = face.adjudication or answer
            else:
                face.readings.setdefault(person, answer)
    rules = {number: json.loads(review) for number, review in db.execute("SELECT id, review FROM round")}
    slots = _slots(db, [number for number, rule in rules.items() if rule.get("readings", 1) > 1])
    return {
        (sample_id, round_id): _outcome(
            face, slots.get((round_id, sample_id), 1), rules.get(round_id, {}).get("decided_by", "majority")
        )
        for (sample_id, round_id), face in faces.items()
    }


def labels_by_log(db: Database) -> Iterator[LabelByLog]:
    """The label of every face, by id, as it follows from the log."""
    newest: dict[int, tuple[int, OutcomeByLog]] = {}
    for (sample_id, round_id), outcome in outcomes_by_log(db).items():
        if outcome.state == "decided" and round_id > newest.get(sample_id, (0, None))[0]:
            newest[sample_id] = round_id, outcome
    ids = dict(db.execute("SELECT seq, id FROM decision ORDER BY seq"))
    changes = dict(db.execute("SELECT id, seq FROM data_change"))
    versions: dict[int, list[tuple[int, int]]] = {}
    for sample_id, change, label in db.execute("SELECT sample_id, replaced_in, label FROM given_version"):
        versions.setdefault(sample_id, []).append((change, label))
    rows = db.execute("SELECT id, given_label, withdrawn_in, vanished_in FROM sample ORDER BY id")
    for sample_id, given, withdrawn, vanished in rows:
        gone = int(withdrawn is not None), int(vanished is not None)
        if sample_id not in newest:
            yield LabelByLog(sample_id, given, *gone, None, None, None, None)
            continue
        round_id, found = newest[sample_id]
        later = sorted(each for each in versions.get(sample_id, []) if changes[each[0]] >= found.seq)
        yield LabelByLog(
            sample_id,
            given if found.label is None else found.label,
            int(found.action == "exclude" or gone[0]),
            gone[1],
            ids[found.seq],
            round_id,
            found.action,
            later[0][1] if later else None,
        )


def _slots(db: Database, rounds: list[int]) -> dict[tuple[int, int], int]:
    """(round, sample) -> how many readings are asked for, of rounds that ask for several."""
    asked: dict[tuple[int, int], set[int]] = {}
    if rounds:
        rows = db.execute("SELECT round_id, sample_id, slot FROM queue_item NOT INDEXED WHERE reader IS NULL")
        for round_id, sample_id, slot in rows:
            if round_id in rounds:
                asked.setdefault((round_id, sample_id), set()).add(slot)
    return {face: len(found) for face, found in asked.items()}


def _outcome(face: _Face, needed: int, decided_by: str) -> OutcomeByLog:
    given = list(face.readings.values())
    counted = given[:1] if needed == 1 else given
    if face.adjudication is not None:
        by = face.adjudication
        return OutcomeByLog("decided", by.action, by.label, by.seq, len(counted), needed, 1)
    newest = counted[0]
    if len(counted) < needed:
        return OutcomeByLog("waiting", None, None, newest.seq, len(counted), needed, 0)
    alike = Counter(_meaning(each) for each in counted)
    enough = len(counted) if decided_by == "lead" else len(counted) // 2 + 1
    for each in counted:
        if alike[_meaning(each)] >= enough:
            return OutcomeByLog("decided", each.action, each.label, each.seq, len(counted), needed, 0)
    return OutcomeByLog("conflict", None, None, newest.seq, len(counted), needed, 0)


def _meaning(answer: _Answer) -> str | int:
    """Accepting, keeping and choosing the same label are the same."""
    return answer.action if answer.label is None else answer.label
