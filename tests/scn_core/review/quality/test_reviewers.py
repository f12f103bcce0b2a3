from __future__ import annotations

import pytest

from scn_core.config import DecidedBy
from scn_core.intervals import share
from scn_core.review.quality.reviewers import reviewers
from tests.scn_core.review.quality.reviewed import Reviewed


def test_what_one_person_answered() -> None:
    made = Reviewed()
    offered = [n for n in made.queue("proposal") if made.scores.proposed_label[n - 1] >= 0]
    plain = made.queue("low_importance")
    made.answer(offered[0], action="accept", milliseconds=1_000)
    made.answer(offered[1], action="keep", milliseconds=3_000)
    made.answer(offered[2], action="accept", milliseconds=90_000, bulk="many at once")
    made.answer(offered[3], action="relabel", label=int(made.scores.proposed_label[offered[3] - 1]))
    made.answer(offered[4], action="accept", blind=True)  # nothing suggested it
    made.answer(plain[0], action="unsure")
    made.answer(plain[1], action="exclude")
    made.undo(made.answer(plain[2], action="keep"))
    made.answer(plain[3], "bob", "keep")
    found, bob = reviewers(made.db, 1)
    assert (found.name, found.answers, bob.name, bob.answers) == ("ann", 7, "bob", 1)
    assert (found.accept, found.keep, found.relabel, found.unsure, found.exclude) == (3, 1, 1, 1, 1)
    assert (found.proposals, found.accepted) == (4, share(3, 4))
    assert found.share("accept") == 3 / 7
    assert found.median_s == 2.0
    assert found.minutes >= 1
    assert found.per_minute == 3 / found.minutes  # the others' time was not measured
    assert (bob.minutes, bob.per_minute) == (0, None)
    assert (found.repeats, found.consistent, found.compared, found.agreed) == (0, None, 0, None)


def test_agreement_with_what_was_decided_is_measured_where_others_took_part() -> None:
    made = Reviewed(readings=2)
    alike, apart, alone = made.queue()[:3]
    for person in ("ann", "bob"):
        made.answer(alike, person)
        made.answer(apart, person, "exclude" if person == "ann" else "unsure")
    made.answer(apart, "eve", "exclude", adjudicates=True)
    made.answer(alone)
    by_name = {found.name: found for found in reviewers(made.db, 1)}
    assert by_name.keys() == {"ann", "bob"}  # adjudicating is not reading
    assert (by_name["ann"].compared, by_name["ann"].agreed) == (1, share(1, 1)), "they decided the other"
    assert (by_name["bob"].compared, by_name["bob"].agreed) == (1, share(0, 1))
    made.answer(alone, "eve", "unsure")
    made.answer(alone, "eve", "unsure", adjudicates=True)
    by_name = {found.name: found for found in reviewers(made.db, 1)}
    assert (by_name["ann"].compared, by_name["eve"].compared) == (2, 0), "who settles it agrees with themself"


@pytest.mark.parametrize(("decided_by", "compared"), [("majority", (0, 0, 1)), ("lead", (0, 0, 0))])
def test_of_a_face_that_readers_decide_it_is_measured_for_those_without_whom_it_would_be_decided_so(
    decided_by: DecidedBy, compared: tuple[int, int, int]
) -> None:
    made = Reviewed(readings=3, decided_by=decided_by)
    face = made.queue()[0]
    made.answer(face, "ann", "exclude")
    made.answer(face, "bob", "exclude")
    made.answer(face, "eve", "unsure")
    found = {each.name: each for each in reviewers(made.db, 1)}
    assert tuple(found[name].compared for name in ("ann", "bob", "eve")) == compared
    assert found["eve"].agreed == share(0, compared[2])
    made.answer(face, "eve", "exclude")
    found = {each.name: each for each in reviewers(made.db, 1)}
    agreed = share(1, 1) if decided_by == "majority" else None
    assert [found[name].agreed for name in ("ann", "bob", "eve")] == [agreed] * 3


def test_a_hidden_repeat_is_compared_with_the_answer_before() -> None:
    made = Reviewed()
    same, other = made.queue("low_importance")[:2]
    for number in (same, other):
        made.answer(number, action="keep")
        made.db.execute(
            "INSERT INTO queue_item (round_id, sample_id, slot, kind, priority, alpha, margin, given_label, listed, "
            "reader) SELECT 1, ?, 1, 'repeat', (SELECT max(seq) FROM decision), 0, 0, 0, 0, id FROM person "
            "WHERE name = 'ann'",
            (number,),
        )
    made.answer(same, action="relabel", label=int(made.given[same - 1]))  # the same label by another way
    made.answer(other, action="unsure")
    (found,) = reviewers(made.db, 1)
    assert (found.answers, found.repeats, found.consistent) == (2, 2, share(1, 2))
