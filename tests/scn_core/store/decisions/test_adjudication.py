"""Faces that two reviewers answered differently, and what a lead makes of them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import pytest
from sqlite_utils import Database

from scn_core.config import ReviewSettings
from scn_core.errors import WorkspaceError
from scn_core.records import Action, Decision
from scn_core.store.decisions.adjudication import (
    OutcomeCounts,
    conflicts,
    conflicts_left,
    disputed,
    outcome_counts,
    outcome_in,
    settled,
)
from scn_core.store.decisions.record import effective_labels, record_decisions
from scn_core.store.decisions.undo import undo_units
from scn_core.store.people.people import ensure_person
from scn_core.store.rounds.states import close_round, finish_round, start_round
from tests.scn_core.store.conftest import MakeScores

Say = Callable[..., str]


@pytest.fixture
def two(db: Database, make_scores: MakeScores) -> Database:
    """Round 1 is in review with two readings; every face is proposed the class after its own; cho is there too."""
    ensure_person(db, "cho")
    finish_round(db, start_round(db, {}, code_version="1"), make_scores(), {}, review=ReviewSettings(readings=2))
    return db


@pytest.fixture
def say(two: Database) -> Say:
    """say('ann', 3, 'relabel', 2) returns the decision's id."""
    numbers = count(1)

    def record(
        name: str,
        face: int,
        action: Action,
        label: int | None = None,
        *,
        text: str | None = None,
        settles: bool = False,
    ) -> str:
        made = f"d{next(numbers)}"
        record_decisions(two, [Decision(made, 1, face, name, action, label, text=text, adjudicates=settles)])
        return made

    def undo(name: str, face: int, what: str) -> str:
        made = f"d{next(numbers)}"
        record_decisions(two, [Decision(made, 1, face, name, "undo", undoes=what)])
        return made

    record.undo = undo  # type: ignore[attr-defined]
    return record


def faces(db: Database, after: int = 0, limit: int = 9) -> list[int]:
    return [each.sample_id for each in conflicts(db, 1, after=after, limit=limit)]


def differ(say: Say, *samples: int) -> None:
    """ann keeps, cho accepts."""
    for face in samples:
        say("ann", face, "keep", (face - 1) % 3)
        say("cho", face, "accept", face % 3)


def test_conflicts_come_one_after_the_other_the_oldest_first(two: Database, say: Say) -> None:
    differ(say, 5, 2, 7)
    say("ann", 1, "unsure")
    say("ann", 3, "exclude")
    say("cho", 3, "exclude")
    assert outcome_counts(two, 1) == OutcomeCounts(waiting=1, conflict=3, decided=1)
    assert faces(two) == [5, 2, 7]
    (first,) = conflicts(two, 1)
    assert faces(two, first.outcome.seq, 1) == [2]
    say("cho", 5, "accept", 2)  # again: it goes to the end
    assert faces(two) == [2, 7, 5]
    assert faces(two, conflicts(two, 1, limit=3)[-1].outcome.seq) == []


def test_who_said_what(two: Database, say: Say) -> None:
    say("bob", 2, "accept", 2)
    say("cho", 2, "exclude")
    say("ann", 2, "note", text="<a mouth?>")
    taken = say("ann", 2, "note", text="never mind")
    say.undo("ann", 2, taken)  # type: ignore[attr-defined]
    say("cho", 2, "relabel", 0)
    say("ann", 2, "keep", 1)  # a third reader, beyond the two who were asked, counts too
    face = disputed(two, 1, 2)
    assert face is not None
    assert [(each.decision.person, each.decision.action, each.decision.label) for each in face.readings] == [
        ("bob", "accept", 2),
        ("cho", "relabel", 0),
        ("ann", "keep", 1),
    ]
    assert [(each.decision.person, each.decision.text) for each in face.notes] == [("ann", "<a mouth?>")]
    assert (face.given_label, face.original_label, face.proposed_label, face.settled) == (1, 1, 2, None)
    assert len(face.probabilities) == 3
    assert (face.outcome.state, face.outcome.needed) == ("conflict", 2)


@pytest.mark.parametrize("face", [1, 2, 4, 99])
def test_what_is_not_in_dispute_is_none(two: Database, say: Say, face: int) -> None:
    say("ann", 2, "keep", 1)  # waits
    for name in ("ann", "cho"):
        say(name, 4, "keep", 0)  # agreed
    assert disputed(two, 1, face) is None


def test_settling_taking_back_and_settling_again(two: Database, say: Say) -> None:
    differ(say, 2)
    first = say("bob", 2, "relabel", 0, settles=True)
    assert faces(two) == []
    assert effective_labels(two).label[1] == 0
    ((row,), more) = settled(two, 1)
    assert (row.decision.id, row.live, row.counts, row.key, row.given_label, more) == (
        first, True, True, "train/2.jpg#1", 1, None,
    )  # fmt: skip
    face = disputed(two, 1, 2)
    assert face is not None
    assert face.settled is not None
    assert face.settled.decision.id == first
    assert [each.decision.person for each in face.readings] == ["ann", "cho"]
    say.undo("bob", 2, first)  # type: ignore[attr-defined]
    assert faces(two) == [2]
    second = say("bob", 2, "unsure", settles=True)
    rows, _ = settled(two, 1)
    assert [(each.decision.id, each.live, each.counts) for each in rows] == [
        (second, True, True),
        (first, False, False),
    ]


def test_the_settled_are_paged(two: Database, say: Say) -> None:
    made = []
    for face in (1, 2, 3, 5, 8):
        differ(say, face)
        made.append(say("bob", face, "exclude", settles=True))
    seen: list[str] = []
    before: int | None = None
    while True:
        rows, before = settled(two, 1, before=before, limit=2)
        seen += [row.decision.id for row in rows]
        if before is None:
            break
    assert seen == made[::-1]


def test_conflicts_of_a_closed_round_are_settled_in_the_next_one(
    two: Database, say: Say, make_scores: MakeScores
) -> None:
    differ(say, 2, 5, 7, 9)
    say("bob", 9, "exclude", settles=True)
    assert conflicts_left(two, None) == 0
    close_round(two, 1)
    assert conflicts_left(two, None) == 3
    # Round 2 asks about faces 1 to 4, has scores of 5 without a proposal, and none of 7.
    finish_round(two, start_round(two, {}, code_version="1"), make_scores(5, proposed=[1, 2, 0, 1, -1]), {})
    assert (outcome_counts(two, 2).conflict, conflicts_left(two, 2)) == (0, 2)
    first, second = conflicts(two, 2, limit=9)
    assert [(face.round, face.asked_in, face.sample_id) for face in (first, second)] == [(2, 1, 5), (2, 1, 7)]
    assert [each.decision.person for each in first.readings] == ["ann", "cho"]
    assert (first.given_label, first.proposed_label, first.outcome) == (1, None, outcome_in(two, 1, 5))
    assert conflicts(two, 2, after=first.outcome.seq, limit=9) == [second]
    ruling = Decision("r", 2, 5, "bob", "relabel", 2, adjudicates=True)
    record_decisions(two, [ruling])
    assert [face.sample_id for face in conflicts(two, 2, limit=9)] == [7]
    assert effective_labels(two).label[4] == 2
    face = disputed(two, 2, 5)
    assert face is not None
    assert face.settled is not None
    assert (face.settled.decision, len(face.readings), face.outcome) == (ruling, 2, outcome_in(two, 2, 5))
    record_decisions(two, [Decision("u", 2, 5, "bob", "undo", undoes="r")])
    assert [face.sample_id for face in conflicts(two, 2, limit=9)] == [5, 7]
    record_decisions(two, [Decision("k", 2, 7, "ann", "keep", 0)])  # on the page Samples
    assert (conflicts_left(two, 2), disputed(two, 2, 7), disputed(two, 2, 2)) == (1, None, None)


def test_an_audit_face_says_so(db: Database, make_scores: MakeScores) -> None:
    ensure_person(db, "cho")
    two_readings = ReviewSettings(readings=2)
    finish_round(db, start_round(db, {}, code_version="1"), make_scores(), {}, audit=4, seed=3, review=two_readings)
    audit = {face for (face,) in db.execute("SELECT sample_id FROM queue_item WHERE kind = 'audit'")}
    for face in range(1, 11):
        record_decisions(db, [Decision(f"k{face}", 1, face, "ann", "keep", (face - 1) % 3)])
        record_decisions(db, [Decision(f"u{face}", 1, face, "cho", "unsure")])
    assert {each.sample_id for each in conflicts(db, 1, limit=20) if each.audit} == audit
    assert 0 < len(audit) < 10


def test_only_a_lead_settles(two: Database, say: Say) -> None:
    differ(say, 2)
    with pytest.raises(WorkspaceError, match="of a lead"):
        say("ann", 2, "relabel", 0, settles=True)
    found = outcome_in(two, 1, 2)
    assert found is not None
    assert found.state == "conflict"
    assert outcome_in(two, 1, 1) is None


def test_undo_at_the_grid_leaves_adjudications_alone(two: Database, say: Say) -> None:
    own = say("bob", 5, "unsure")
    differ(say, 2)
    settles = say("bob", 2, "exclude", settles=True)
    bob = ensure_person(two, "bob").id
    assert [[each.id for each in unit.decisions] for unit in undo_units(two, 1, bob).undo] == [[own]]
    say.undo("bob", 2, settles)  # type: ignore[attr-defined]
    assert undo_units(two, 1, bob).redo == []
