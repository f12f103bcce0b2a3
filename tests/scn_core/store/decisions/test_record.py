from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from scn_core.errors import WorkspaceError
from scn_core.records import Action, Decision, RoundScores
from scn_core.store.connection import open_database
from scn_core.store.decisions.batches import Batch, Recorded
from scn_core.store.decisions.record import (
    effective_labels,
    history,
    record_batches,
    record_decisions,
    record_each,
)
from scn_core.store.projections import check
from scn_core.store.rounds.states import close_round, finish_round, start_round


def answer(sample_id: int, action: Action, **more: Any) -> Decision:
    """Ann's answer in round 1: sample i has the given label (i - 1) % 3, and i % 3 is proposed."""
    labels: dict[str, int] = {"accept": sample_id % 3, "keep": (sample_id - 1) % 3}
    said = Decision(str(uuid.uuid4()), 1, sample_id, "ann", action, labels.get(action))
    return replace(said, **more)


def undo(target: Decision) -> Decision:
    return answer(target.sample_id, "undo", undoes=target.id, person=target.person)


def labels(db: Database) -> list[tuple[int, bool]]:
    """(label, excluded) of each sample, ordered by id."""
    found = effective_labels(db)
    return list(zip(found.label.tolist(), found.excluded.tolist(), strict=True))


def open_ids(db: Database) -> list[int]:
    return [i for (i,) in db.execute("SELECT sample_id FROM open_proposals ORDER BY sample_id")]


def test_each_action_has_its_label(review: Database) -> None:
    said = [
        answer(1, "accept"),
        answer(2, "keep"),
        answer(3, "relabel", label=0),
        answer(4, "unsure"),
        answer(5, "exclude"),
    ]
    assert record_decisions(review, iter(said)) == [decision.id for decision in said]
    found = effective_labels(review)
    assert found.sample_id.tolist() == list(range(1, 13))
    assert found.split.tolist() == ["train"] * 10 + ["val", "test"]
    assert found.given_label.tolist() == [0, 1, 2] * 4
    assert labels(review)[:6] == [(1, False), (1, False), (0, False), (0, False), (1, True), (2, False)]
    assert [array.dtype for array in (found.label, found.excluded)] == [np.int64, np.bool_]


def test_the_newest_answer_of_whoever_stands(review: Database) -> None:
    record_decisions(review, [answer(1, "accept"), answer(1, "relabel", label=2, person="bob")])
    assert labels(review)[0] == (2, False)
    record_decisions(review, [answer(1, "unsure")])
    assert labels(review)[0] == (0, False)


def test_the_view_says_who_and_in_words(review: Database) -> None:
    first = answer(1, "accept")
    record_decisions(review, [first])
    row, untouched = review.query("SELECT * FROM effective_label WHERE sample_id <= 2 ORDER BY sample_id")
    wanted = {"given_name": "happy", "label_name": "sad", "person": "ann", "decision_id": first.id, "round_id": 1}
    assert {name: row[name] for name in wanted} == wanted
    assert untouched["label_name"] == "sad"
    assert untouched["decision_id"] is untouched["person"] is untouched["action"] is None


def test_undo_brings_back_what_stood_before_and_undo_of_undo_restores(review: Database) -> None:
    first, second = answer(1, "accept"), answer(1, "exclude")
    back = undo(second)
    record_decisions(review, [first, second])
    assert labels(review)[0] == (0, True)
    record_decisions(review, [back])
    assert labels(review)[0] == (1, False)
    record_decisions(review, [undo(back)])
    assert labels(review)[0] == (0, True)


class Model:
    """The rule in the plainest words: an entry counts unless an entry that counts takes it back."""

    def __init__(self) -> None:
        self.log: list[Decision] = []

    def live(self, decision: Decision) -> bool:
        return not any(later.undoes == decision.id and self.live(later) for later in self.log)

    def label(self, sample_id: int) -> tuple[int, bool]:
        answers = [d for d in self.log if d.sample_id == sample_id and d.action != "undo" and self.live(d)]
        given = (sample_id - 1) % 3
        if not answers:
            return given, False
        last = answers[-1]
        return last.label if last.action in ("accept", "relabel") and last.label is not None else given, (
            last.action == "exclude"
        )


steps = st.lists(
    st.tuples(
        st.sampled_from(["accept", "keep", "relabel", "unsure", "exclude", "undo", "undo", "undo"]),
        st.integers(1, 3),
        st.sampled_from(["ann", "bob"]),
        st.integers(0, 2),
        st.integers(0, 10_000),
    ),
    max_size=25,
)


def play(steps: list[tuple[Any, ...]]) -> Model:
    """Any answers; an undo takes back one of the entries not taken back yet, itself perhaps an undo."""
    model = Model()
    for action, sample_id, person, label, which in steps:
        if action == "undo":
            free = [d for d in model.log if all(later.undoes != d.id for later in model.log)]
            if free:
                model.log.append(undo(free[which % len(free)]))
        elif action == "relabel":
            model.log.append(answer(sample_id, action, person=person, label=label))
        else:
            model.log.append(answer(sample_id, action, person=person))
    return model


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps, resent=st.integers(0, 25))
def test_effective_labels_follow_the_rule(
    review: Database, tmp_path: Path, steps: list[tuple[Any, ...]], resent: int
) -> None:
    review.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    fresh = Path(shutil.copy(tmp_path / "review.db", tmp_path / f"{uuid.uuid4()}.db"))
    model = play(steps)
    with open_database(fresh) as db:
        record_decisions(db, model.log)
        record_decisions(db, model.log[:resent])
        assert labels(db)[:3] == [model.label(sample_id) for sample_id in (1, 2, 3)]
        for sample_id in (1, 2, 3):
            log = [d for d in model.log if d.sample_id == sample_id]
            assert [(entry.decision, entry.live) for entry in history(db, sample_id)] == [
                (d, d.action != "undo" and model.live(d)) for d in log
            ]
        answered = {d.sample_id for d in model.log if d.action != "undo" and model.live(d)}
        assert open_ids(db) == [i for i in range(1, 11) if i not in answered]
        assert check(db) == []
    fresh.unlink()


def test_sending_again_changes_nothing_even_after_the_round_is_closed(review: Database) -> None:
    said = [answer(1, "accept", shown='{"alpha": 0.2}', milliseconds=640, bulk="b1", blind=True)]
    record_decisions(review, said)
    close_round(review, 1)
    assert record_decisions(review, said * 2) == [said[0].id] * 2
    (entry,) = history(review, 1)
    assert entry.decision == said[0]
    assert entry.decided_at.endswith("Z")


def test_the_same_id_with_other_content_is_an_error(review: Database) -> None:
    first = answer(1, "accept")
    record_decisions(review, [first])
    with pytest.raises(WorkspaceError, match="stored already with other content"):
        record_decisions(review, [replace(first, action="exclude", label=None)])
    record_decisions(review, [replace(first, person="ANN")])  # the same person


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        (answer(99, "keep", label=0), "found sample 99 in split none; allowed: train"),
        (answer(11, "exclude"), "found sample 11 in split val; allowed: train"),
        (answer(1, "unsure", round=7), "found round 7 in state none; allowed: review"),
        (answer(1, "unsure", person="eve"), "found person 'eve'"),
        (answer(1, "keep", label=2), "found keep with label 2; allowed: 0"),
        (answer(1, "accept", label=2), "found accept with label 2; allowed: 1"),
        (answer(1, "relabel", label=3), "found relabel with label 3; allowed: 0, 1, 2"),
        (answer(1, "relabel"), "found relabel with label none; allowed: 0, 1, 2"),
        (answer(1, "exclude", label=1), "found exclude with label 1; allowed: none"),
        (answer(1, "note"), "found note with a text of 0 characters; allowed: 1 to 2000"),
        (answer(1, "note", text=""), "found note with a text of 0 characters"),
        (answer(1, "note", text="x" * 2001), "found note with a text of 2001 characters; allowed: 1 to 2000"),
        (answer(1, "flag", text="why"), "found flag with a text of 3 characters; allowed: 0 to 0"),
        (answer(1, "keep", text=""), "found keep with a text of 0 characters"),
        (answer(1, "skip", label=1), "found skip with label 1; allowed: none"),
        (answer(2**70, "unsure"), "too large.*allowed: 64-bit numbers"),
        (answer(1, "note", text="\ud800"), "surrogates not allowed.*valid text"),
        (answer(1, "guess"), "action is accept, keep"),  # type: ignore[arg-type]
        (answer(1, "unsure", undoes="x"), "undoes is set exactly for undo|FOREIGN KEY"),
        (answer(1, "unsure", shown="{"), "shown is JSON"),
        (answer(1, "unsure", milliseconds=-1), "milliseconds is 0 or more"),
        (answer(1, "undo"), "found an undo of None"),
        (answer(1, "undo", undoes="x"), "found an undo of x; allowed: an earlier decision of ann on sample 1"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_whole_batch(review: Database, bad: Decision, told: str) -> None:
    with pytest.raises(WorkspaceError, match=told):
        record_decisions(review, [answer(2, "keep"), bad])
    assert review["decision"].count == 0


def test_undo_takes_back_only_an_own_decision_on_the_same_sample_once(review: Database) -> None:
    first = answer(1, "accept")
    record_decisions(review, [first])
    with pytest.raises(WorkspaceError, match="allowed: an earlier decision of bob on sample 1"):
        record_decisions(review, [replace(undo(first), person="bob")])
    with pytest.raises(WorkspaceError, match="allowed: an earlier decision of ann on sample 2"):
        record_decisions(review, [replace(undo(first), sample_id=2)])
    myself = answer(1, "undo")
    with pytest.raises(WorkspaceError, match="found an undo of"):
        record_decisions(review, [replace(myself, undoes=myself.id)])
    back = undo(first)
    record_decisions(review, [back])
    with pytest.raises(WorkspaceError, match=f"taken back already by {back.id}; allowed: one undo"):
        record_decisions(review, [undo(first)])


def test_decisions_of_closed_rounds_count_and_are_not_taken_back_in_the_next(
    review: Database, make_scores: Callable[..., RoundScores]
) -> None:
    first = answer(1, "accept")
    record_decisions(review, [first])
    close_round(review, 1)
    with pytest.raises(WorkspaceError, match="found round 1 in state closed; allowed: review"):
        record_decisions(review, [answer(2, "keep")])
    assert open_ids(review) == []
    finish_round(review, start_round(review, {}, code_version="1", parent=1), make_scores(), {})
    assert labels(review)[0] == (1, False)
    assert 1 in open_ids(review)  # answered in round 1, not in round 2
    refused = (
        "found an undo in round 2 of a decision of round 1, which is in state closed; allowed: .* of round 2; .*anew"
    )
    with pytest.raises(WorkspaceError, match=refused):
        record_decisions(review, [replace(undo(first), round=2)])
    assert labels(review)[0] == (1, False)
    record_decisions(review, [answer(1, "keep", round=2)])
    assert labels(review)[0] == (0, False)


def test_what_an_older_program_took_back_across_rounds_stays_taken_back(
    review: Database, make_scores: Callable[..., RoundScores]
) -> None:
    """Neither the undo nor what it took back can be undone from another round."""
    first, back = answer(1, "accept"), str(uuid.uuid4())
    record_decisions(review, [first])
    close_round(review, 1)
    finish_round(review, start_round(review, {}, code_version="1", parent=1), make_scores(), {})
    review.execute(
        "INSERT INTO decision (id, round_id, sample_id, person_id, action, undoes, shown, blind) "
        "SELECT ?, 2, sample_id, person_id, 'undo', id, '{}', 0 FROM decision WHERE id = ?",
        (back, first.id),
    )
    review.conn.commit()
    for undone in (first.id, back):
        with pytest.raises(WorkspaceError, match="of a decision of round 1, which is in state closed"):
            record_decisions(review, [answer(1, "undo", round=2, undoes=undone)])


def test_marks_change_no_label_and_close_nothing(review: Database) -> None:
    marks = [answer(1, "skip"), answer(2, "flag"), answer(3, "note", text="which one? <b>left</b>")]
    before = labels(review)
    record_decisions(review, marks)
    assert labels(review) == before
    assert open_ids(review) == list(range(1, 11))
    assert not effective_labels(review).settled.any()
    assert review.execute("SELECT id FROM live_mark ORDER BY seq").fetchall() == [(mark.id,) for mark in marks]
    (entry,) = history(review, 3)
    assert (entry.decision, entry.live) == (marks[2], True)
    record_decisions(review, [undo(marks[1])])
    assert review.execute("SELECT count(*) FROM live_mark").fetchone() == (2,)


def test_batches_are_stored_in_turn_with_one_commit_or_not_at_all(review: Database) -> None:
    first, other = answer(1, "keep"), answer(2, "unsure")
    batches = [
        Batch([first], unseen={2: "no such file"}),
        Batch([other]),  # what another batch cannot see is no matter here
        Batch([replace(first, person="bob"), answer(3, "keep")], unseen={3: "no such file"}),
        Batch([replace(answer(1, "exclude"), bulk="b")], believed={}),  # answered by the first one
    ]
    commits: list[str] = []
    review.conn.set_trace_callback(lambda sql: commits.append(sql) if sql == "COMMIT" else None)
    done = record_batches(review, batches)
    review.conn.set_trace_callback(None)
    codes = [[refusal.code for refusal in each.refused] for each in done]
    assert codes == [
        [],
        [],
        ["invalid", "unseen"],
        ["answered"],
    ]
    assert [each.new for each in done] == [[first], [other], [], []]
    assert record_batches(review, batches[:2]) == [Recorded([], []), Recorded([], [])], "stored already"
    assert commits == ["COMMIT"]
    assert [len(history(review, face)) for face in (1, 2, 3)] == [1, 1, 0]
    with pytest.raises(AttributeError):
        record_batches(review, [Batch([answer(4, "keep")]), Batch([None])])  # type: ignore[list-item]
    assert not history(review, 4)


def test_each_is_stored_or_refused_by_itself(review: Database) -> None:
    good, again = answer(1, "keep"), answer(2, "accept")
    bad = [answer(99, "keep", label=0), replace(good, action="unsure", label=None), answer(1, "accept", label=2)]
    refusals = record_each(review, [good, bad[0], good, bad[1], again, bad[2]])
    assert [refusal.id for refusal in refusals] == [each.id for each in bad]
    told = ("found sample 99 in split none; allowed: train", "stored already with other content", "allowed: 1")
    assert all(text in refusal.error for text, refusal in zip(told, refusals, strict=True))
    assert [row["id"] for row in review["decision"].rows] == [good.id, again.id]
    assert record_each(review, [good, again]) == record_each(review, []) == []


def test_a_decision_brought_back_can_be_taken_back_again_by_its_own_id(review: Database) -> None:
    first = answer(1, "accept")
    back = undo(first)
    forth, again = undo(back), undo(first)
    for _ in range(2):  # a resend changes nothing, though the undo was resolved to another row
        record_decisions(review, [first, back, forth, again])
    assert review["decision"].count == 4
    assert [row.brings_back for row in history(review, 1)] == [False, False, True, False]
    assert labels(review)[0] == (0, False)
