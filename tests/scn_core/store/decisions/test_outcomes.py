from __future__ import annotations

from itertools import permutations
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlite_utils import Database

from scn_core.config import DecidedBy, ReviewSettings
from scn_core.errors import WorkspaceError
from scn_core.records import ANSWERS, Answer
from scn_core.store.check import wrong_outcomes
from scn_core.store.decisions.outcomes import Outcome, Reading, outcome_of, turned_down
from scn_core.store.decisions.record import effective_labels, record_decisions
from scn_core.store.people.people import ensure_person
from scn_core.store.projections import check
from scn_core.store.rounds.states import close_round, finish_round, start_round
from tests.scn_core.store.conftest import MakeScores
from tests.scn_core.store.review_model import decide, undo

LABELLED: tuple[Answer, ...] = ("accept", "keep", "relabel")


@st.composite
def readings(draw: st.DrawFn) -> list[Reading]:
    """One a person, the newest first, with few enough labels that they often agree."""
    actions = draw(st.lists(st.sampled_from(ANSWERS), max_size=6))
    labels = [draw(st.integers(0, 1)) if action in LABELLED else None for action in actions]
    seqs = sorted(draw(st.sets(st.integers(1, 99), min_size=len(actions), max_size=len(actions))), reverse=True)
    said = zip(seqs, range(len(seqs)), actions, labels, strict=True)
    return [Reading(*each) for each in said]


def plainly(said: list[Reading], ruling: Reading | None, needed: int, decided_by: str) -> Outcome | None:
    """The rule by counting each possible verdict."""
    counted = said if needed > 1 else said[:1]
    if ruling is not None:
        return Outcome("decided", ruling.action, ruling.label, ruling.seq, len(counted), needed, True)
    if not counted:
        return None
    verdicts: list[int | str] = [0, 1, "unsure", "exclude"]
    votes = {
        verdict: [r for r in counted if (r.action if r.label is None else r.label) == verdict] for verdict in verdicts
    }
    for same in votes.values():
        enough = len(same) == len(counted) or (decided_by == "majority" and len(same) * 2 > len(counted))
        if len(counted) >= needed and enough:
            newest = max(same, key=lambda r: r.seq)
            return Outcome("decided", newest.action, newest.label, newest.seq, len(counted), needed, False)
    state = "conflict" if len(counted) >= needed else "waiting"
    return Outcome(state, None, None, max(r.seq for r in counted), len(counted), needed, False)  # type: ignore[arg-type]


@given(
    said=readings(),
    ruling=st.one_of(st.none(), st.just(Reading(100, 9, "relabel", 1)), st.just(Reading(100, 9, "unsure", None))),
    needed=st.integers(1, 5),
    decided_by=st.sampled_from(get_args(DecidedBy)),
)
def test_the_rule_is_that_of_counting(
    said: list[Reading], ruling: Reading | None, needed: int, decided_by: DecidedBy
) -> None:
    found = outcome_of(said, ruling, needed=needed, decided_by=decided_by)
    assert found == plainly(said, ruling, needed, decided_by)


@pytest.mark.parametrize(
    ("said", "needed", "majority", "lead"),
    [
        ((), 1, None, None),
        ((("keep", 0),), 1, ("keep", 0), ("keep", 0)),
        ((("keep", 0),), 2, "waiting", "waiting"),
        ((("accept", 1), ("relabel", 1)), 2, ("accept", 1), ("accept", 1)),
        ((("keep", 0), ("accept", 1)), 2, "conflict", "conflict"),
        ((("keep", 0), ("unsure", None)), 2, "conflict", "conflict"),
        ((("unsure", None), ("unsure", None), ("keep", 0)), 3, ("unsure", None), "conflict"),
        ((("exclude", None), ("accept", 1), ("relabel", 1)), 3, ("accept", 1), "conflict"),
        ((("keep", 0), ("accept", 1), ("unsure", None)), 3, "conflict", "conflict"),
        ((("keep", 0), ("keep", 0), ("accept", 1), ("accept", 1)), 4, "conflict", "conflict"),
        ((("keep", 0), ("accept", 1)), 1, ("keep", 0), ("keep", 0)),
        ((("relabel", 2), ("keep", 0), ("keep", 0)), 2, ("keep", 0), "conflict"),
        ((("accept", 1), ("keep", 0), ("relabel", 1)), 2, ("accept", 1), "conflict"),
    ],
)
def test_what_answers_come_to(
    said: tuple[tuple[Answer, int | None], ...], needed: int, majority: object, lead: object
) -> None:
    """The newest answer first; more than is needed in the last three cases."""
    all_of_them = [Reading(9 - i, i, action, label) for i, (action, label) in enumerate(said)]
    for decided_by, expected in (("majority", majority), ("lead", lead)):
        found = outcome_of(all_of_them, None, needed=needed, decided_by=decided_by)  # type: ignore[arg-type]
        if found is None or isinstance(expected, str):
            assert (found and found.state) == expected
        else:
            assert (found.action, found.label) == expected


def test_an_even_split_is_a_conflict_in_whatever_order_it_came() -> None:
    for order in permutations([("keep", 0), ("keep", 0), ("accept", 1), ("accept", 1)]):
        said = [Reading(9 - i, i, action, label) for i, (action, label) in enumerate(order)]  # type: ignore[arg-type]
        found = outcome_of(said, None, needed=4, decided_by="majority")
        assert found is not None
        assert found.state == "conflict"


# Over several rounds


@pytest.fixture
def second(review: Database, make_scores: MakeScores) -> Database:
    """Rounds 1 and 2 in review, each proposing the class after the given one; round 2 asks for two readings."""
    finish_round(
        review, start_round(review, {}, code_version="1"), make_scores(), {}, review=ReviewSettings(readings=2)
    )
    ensure_person(review, "eve", "lead")
    return review


def label_of(db: Database, sample_id: int) -> tuple[int, bool]:
    found = effective_labels(db)
    return int(found.label[sample_id - 1]), bool(found.settled[sample_id - 1])


def test_the_newest_round_that_decided_counts(second: Database) -> None:
    record_decisions(second, [decide(1, "accept", round_id=1)])
    record_decisions(second, [decide(1, "relabel", label=2, round_id=2)])
    assert label_of(second, 1) == (1, True), "round 2 still waits for a reading"
    record_decisions(second, [decide(1, "keep", "bob", round_id=2)])
    assert label_of(second, 1) == (1, True), "round 2 is in conflict"
    ruling = decide(1, "relabel", "eve", label=2, round_id=2, adjudicates=True)
    record_decisions(second, [ruling])
    assert label_of(second, 1) == (2, True)
    record_decisions(second, [undo(ruling)])
    assert label_of(second, 1) == (1, True)
    record_decisions(second, [decide(1, "unsure", "eve", round_id=2, adjudicates=True)])
    assert label_of(second, 1) == (0, False), "nobody can tell: the given label"
    record_decisions(second, [decide(1, "accept", "ann", round_id=1)])
    assert label_of(second, 1) == (0, False), "a later answer to an earlier round"


def test_a_reading_beyond_those_asked_for_counts_and_pushes_none_out(second: Database) -> None:
    def slots() -> list[tuple[str]]:
        sql = (
            "SELECT name FROM queue_item JOIN person p ON p.id = answered_by WHERE round_id = 2 AND sample_id = 1 "
            "AND reader IS NULL AND listed ORDER BY slot"
        )
        return second.execute(sql).fetchall()

    third = decide(1, "relabel", "eve", label=2, round_id=2)
    record_decisions(second, [decide(1, "keep", "ann", round_id=2), decide(1, "keep", "bob", round_id=2), third])
    outcome = second.execute("SELECT state, label, answers, needed FROM outcome WHERE sample_id = 1 AND round_id = 2")
    assert outcome.fetchone() == ("decided", 0, 3, 2), "2 against 1"
    assert slots() == [("ann",), ("bob",)]
    record_decisions(second, [decide(1, "accept", "ann", round_id=2)])
    assert slots() == [("ann",), ("bob",)], "with a later answer they keep their place"
    assert check(second) == wrong_outcomes(second) == []


@pytest.mark.parametrize("closed", [True, False])
def test_an_answer_of_an_earlier_round_is_not_taken_back_from_a_later_one(second: Database, closed: bool) -> None:
    """A round that a kill left in review is no exception: its own undo takes it back."""
    accepted = decide(1, "accept", round_id=1)
    record_decisions(second, [accepted])
    if closed:
        close_round(second, 1)
    before = second.execute("SELECT * FROM outcome").fetchall()
    with pytest.raises(WorkspaceError, match="found an undo in round 2 of a decision of round 1"):
        record_decisions(second, [decide(1, "undo", round_id=2, undoes=accepted.id)])
    assert second.execute("SELECT * FROM outcome").fetchall() == before
    assert label_of(second, 1) == (1, True)


def test_a_proposal_is_open_until_people_have_decided(second: Database) -> None:
    def is_open() -> bool:
        sql = "SELECT count(*) FROM open_proposals WHERE round_id = 2 AND sample_id = 3"
        return bool(second.execute(sql).fetchone()[0])

    record_decisions(second, [decide(3, "keep", round_id=2)])
    assert is_open(), "one reading of two"
    record_decisions(second, [decide(3, "accept", "bob", round_id=2)])
    assert is_open(), "in conflict"
    record_decisions(second, [decide(3, "accept", "ann", round_id=2)])
    assert not is_open()


def test_turned_down_is_what_people_answered_otherwise(second: Database) -> None:
    """Sample i is proposed i % 3."""
    record_decisions(
        second,
        [
            decide(1, "accept"),
            decide(2, "keep"),
            decide(3, "relabel", label=1),
            decide(4, "relabel", label=1),  # what was proposed, chosen by its number
            decide(5, "unsure"),
            decide(6, "exclude"),
            decide(7, "keep", round_id=2),  # one reading of two
            decide(8, "keep", round_id=2),
            decide(8, "keep", "bob", round_id=2),
        ],
    )
    assert [each.tolist() for each in turned_down(second)] == [[2, 3, 8], [2, 0, 2]]
    look = "zeroblob(32), 48, 48, 1, 0, 1, 8, 0"
    second.execute(f"INSERT INTO picture SELECT id, iif(id IN (2, 9), 'same', id), {look} FROM sample")
    assert [each.tolist() for each in turned_down(second)] == [[2, 3, 8, 9], [2, 0, 2, 2]]  # the same picture
