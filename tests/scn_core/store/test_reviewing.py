"""Whatever several people do, in whatever order: the queue, the counts and the labels agree with the log."""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from scn_core.class_names import ClassVocabulary
from scn_core.config import DecidedBy, ReviewSettings
from scn_core.records import ANSWERS, MARKS, QUEUE_ORDERS, Decision, Manifest, QueueFilter, RoundScores, Sample
from scn_core.store.check import wrong_labels, wrong_outcomes
from scn_core.store.decisions.record import effective_labels, history, record_each
from scn_core.store.decisions.undo import undo_units
from scn_core.store.people.people import Role, ensure_person
from scn_core.store.projections import check, rebuild
from scn_core.store.queue.browse import items_of
from scn_core.store.queue.counts import queue_counts
from scn_core.store.queue.leases import claim_items, release_leases, renew_leases
from scn_core.store.queue.pace import pace
from scn_core.store.rounds.states import finish_round, start_round
from scn_core.store.samples import insert_manifest
from tests.scn_core.store.review_model import PEOPLE, Log, decide, in_order, listed, undo
from tests.templates import new_database

FACES = 8
ROLES: dict[str, Role] = {"ann": "annotator", "bob": "annotator", "eve": "lead"}
people = st.sampled_from(PEOPLE)
faces = st.integers(1, FACES)


def numbers(items: list[dict[str, Any]]) -> dict[int, int]:
    """Of every face the number that its readings share, `QueueItem.id`."""
    found: dict[int, int] = {}
    for item in items:
        found[item["sample_id"]] = max(item["id"], found.get(item["sample_id"], 0))
    return found


def scores() -> RoundScores:
    """Six proposals, two more of the low group; suspicion, alpha and margin in unlike orders, some equal."""
    given = np.arange(FACES) % 3
    tenths = np.array([0.3, 0.1, 0.4, 0.1, 0.5, 0.9, 0.2, 0.6], np.float32)
    alpha = tenths[::-1].copy()
    alpha[4] = alpha[1]  # alike in all that is counted but their doubt
    probabilities = np.full((FACES, 3), 1 / 3, np.float32)
    return RoundScores(
        sample_id=np.arange(1, FACES + 1),
        alpha=alpha,
        p_given=probabilities[:, 0],
        p_max=probabilities[:, 0],
        predicted_label=given,
        margin=np.array([0, 0, 0.5, 0.2, 0.5, 0.1, 0, 1], np.float32),
        suspicion=tenths,
        low_importance=np.ones(FACES, bool),
        proposed_label=np.where(np.arange(FACES) < 6, (given + 1) % 3, -1),
        start_label=given,
        trained_label=given,
        probabilities=probabilities,
        doubt=np.arange(FACES) // 3,
        suspicious=np.zeros(FACES, bool),
        second_label=(given + 2) % 3,
    )


class Reviewing(RuleBasedStateMachine):
    @initialize(slots=st.integers(1, 3), audit=st.integers(0, 3), decided_by=st.sampled_from(get_args(DecidedBy)))
    def begin(self, slots: int, audit: int, decided_by: DecidedBy) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.db = new_database(Path(self.folder.name) / "review.db")
        samples = tuple(Sample(f"{i}.jpg", f"{i}.jpg", (i - 1) % 3, "train") for i in range(1, FACES + 1))
        insert_manifest(self.db, Manifest("toy", Path("x"), ClassVocabulary(("happy", "sad", "fear")), samples))
        self.people = {name: ensure_person(self.db, name, role=role).id for name, role in ROLES.items()}
        finish_round(
            self.db,
            start_round(self.db, {}, code_version="1"),
            scores(),
            {},
            audit=audit,
            seed=1,
            review=ReviewSettings(readings=slots, decided_by=decided_by),
        )
        self.slots, self.decided_by, self.log = slots, decided_by, Log()

    def teardown(self) -> None:
        if hasattr(self, "db"):
            self.derived_tables_can_be_made_anew()
            self.db.close()
            self.folder.cleanup()

    def record(self, *decisions: Decision) -> None:
        assert record_each(self.db, decisions) == []
        self.log.rows += decisions

    @rule(
        person=people,
        order=st.sampled_from(QUEUE_ORDERS),
        grouped=st.booleans(),
        given=st.one_of(st.none(), st.integers(0, 2)),
        limit=st.integers(0, 6),
        data=st.data(),
    )
    def claim(self, person: str, order: Any, grouped: bool, given: int | None, limit: int, data: Any) -> None:
        me = self.people[person]
        self.db.execute("UPDATE queue_item SET lease_until = '2001' WHERE lease_until < '2002'")
        before = [item | {"lease_person": self.holder(item)} for item in listed(self.db)]
        mine = [numbers(before)[item["sample_id"]] for item in before if item["lease_person"] == me]
        have = data.draw(st.lists(st.sampled_from(mine), unique=True)) if mine else []
        where = QueueFilter(order=order, grouped=grouped, given=given)
        claim = claim_items(self.db, 1, me, where, limit=limit, have=[*have, 999])
        assert claim.lost == [999]
        assert [item.id for item in claim.items] == self.expected(before, where, me, have)[:limit]
        assert all(item.lease_person == me for item in claim.items)

    def holder(self, item: dict[str, Any]) -> int | None:
        return item["lease_person"] if (item["lease_until"] or "") > "2002" else None

    def expected(self, before: list[dict[str, Any]], where: QueueFilter, me: int, have: list[int]) -> list[int]:
        """What a person may get, in order, each face once; grouped, of the first pair alone."""
        by_id, number_of = {item["id"]: item for item in before}, numbers(before)
        chosen: dict[int, tuple[int, int | None]] = {}
        for number in in_order(before, where, me):
            item = by_id[number]
            beside = [i for i in before if i["sample_id"] == item["sample_id"] and i["slot"] != item["slot"]]
            elsewhere = any(me in (i["lease_person"], i["answered_by"]) for i in beside)
            skipped = str(me) in (item["skippers"] or "").split(",")
            pair = (item["given_label"], item["proposed_label"])
            other = where.grouped and bool(chosen) and pair != next(iter(chosen.values()))
            held = number_of[item["sample_id"]] in have
            if item["lease_person"] in (None, me) and not (skipped or elsewhere or held or other):
                chosen.setdefault(item["sample_id"], pair)
        return [number_of[sample] for sample in chosen]

    @rule(person=people, sample_id=faces, action=st.sampled_from(ANSWERS))
    def answer(self, person: str, sample_id: int, action: Any) -> None:
        if action == "accept" and sample_id > 6:
            action = "keep"
        self.record(
            decide(sample_id, action, person, label=2) if action == "relabel" else decide(sample_id, action, person)
        )

    @rule(person=people, sample_id=faces, action=st.sampled_from(ANSWERS))
    def adjudicate(self, person: str, sample_id: int, action: Any) -> None:
        action = "unsure" if action == "accept" and sample_id > 6 else action
        label = {"label": 0} if action == "relabel" else {}
        ruling = decide(sample_id, action, person, adjudicates=True, **label)
        if ROLES[person] == "lead":
            self.record(ruling)
        else:
            (refusal,) = record_each(self.db, [ruling])
            assert f"{action} of {person}, annotator, that adjudicates" in refusal.error

    @rule(person=people, sample_ids=st.lists(faces, min_size=1, unique=True), bulk=st.uuids())
    def bulk(self, person: str, sample_ids: list[int], bulk: Any) -> None:
        said = [decide(i, "keep", person, bulk=str(bulk)) for i in sample_ids]
        self.record_bulk(said, believed=None, left={})

    @rule(person=people, sample_ids=st.lists(faces, min_size=1, unique=True), bulk=st.uuids())
    def bulk_on_a_page_from_the_beginning(self, person: str, sample_ids: list[int], bulk: Any) -> None:
        """Every face was open then: those that show this person an answer now are left alone."""
        said = [decide(i, "keep", person, bulk=str(bulk)) for i in sample_ids]
        seen = items_of(self.db, 1, self.people[person], sample_ids)
        answered = {item.sample_id for item in seen if item.decision_id is not None}
        self.record_bulk(said, believed={}, left={d.id: "answered" for d in said if d.sample_id in answered})

    def record_bulk(
        self, said: list[Decision], *, believed: dict[str, str | None] | None, left: dict[str, str]
    ) -> None:
        rows = self.db.execute("SELECT sample_id FROM queue_item WHERE kind = 'audit'")
        audit = {sample_id for (sample_id,) in rows}
        refused = {each.id: each.code for each in record_each(self.db, said, believed=believed)}
        assert refused == left | {d.id: "audit" for d in said if d.sample_id in audit}
        self.log.rows += [d for d in said if d.id not in refused]

    @rule(person=people, sample_id=faces, action=st.sampled_from(MARKS))
    def mark(self, person: str, sample_id: int, action: Any) -> None:
        self.record(decide(sample_id, action, person, text="why?" if action == "note" else None))

    @rule(person=people, which=st.integers(0, 99))
    def take_any_back(self, person: str, which: int) -> None:
        free = self.log.free(person)
        if free:
            self.record(undo(free[which % len(free)]))

    @rule(person=people)
    def undo_newest(self, person: str) -> None:
        units = undo_units(self.db, 1, self.people[person])
        mine = [d for d in self.log.rows if d.person == person and d.action != "undo" and not d.adjudicates]
        expected = [d for d in reversed(mine) if self.log.live(d)]
        assert sorted(d.id for unit in units.undo for d in unit.decisions) == sorted(d.id for d in expected)
        if units.undo:
            assert units.undo[0].decisions[0] == expected[0]
            said = [undo(d) for d in units.undo[0].decisions]
            assert record_each(self.db, said) == record_each(self.db, said) == []
            self.log.rows += [replace(row, undoes=self.end_of_chain(str(row.undoes))) for row in said]
            redo = undo_units(self.db, 1, self.people[person]).redo[0]
            assert {d.id for d in redo.decisions} >= {d.id for d in units.undo[0].decisions}

    @rule(person=people)
    def redo_newest(self, person: str) -> None:
        redo = undo_units(self.db, 1, self.people[person]).redo
        if redo:
            by_id = {d.id: d for d in self.log.rows}
            self.record(*(undo(by_id[number]) for number in redo[0].redo_of))
            assert all(self.log.live(d) for d in redo[0].decisions)

    def end_of_chain(self, decision_id: str) -> str:
        """Of a row taken back and brought back: what brought it back."""
        while later := next((row for row in self.log.rows if row.undoes == decision_id), None):
            decision_id = later.id
        return decision_id

    @rule()
    def resend(self) -> None:
        assert record_each(self.db, self.log.rows[-3:]) == []

    @rule(which=st.integers(0, 99))
    def a_strangers_undo_is_refused(self, which: int) -> None:
        if self.log.rows:
            target = self.log.rows[which % len(self.log.rows)]
            thief = next(name for name in PEOPLE if name != target.person)
            (refusal,) = record_each(self.db, [replace(undo(target), person=thief)])
            assert "allowed: an earlier decision of" in refusal.error

    @rule()
    def leases_run_out(self) -> None:
        self.db.execute("UPDATE queue_item SET lease_until = '2001-01-01' WHERE lease_until IS NOT NULL")

    @rule(person=people)
    def release(self, person: str) -> None:
        """What was given back and nobody took can be had again, as far as the person may have it at all."""
        me = self.people[person]
        release_leases(self.db, me)
        self.db.execute("UPDATE queue_item SET lease_person = NULL, lease_until = NULL WHERE lease_until < '2002'")
        items, again = listed(self.db), dict[int, int]()
        for item in items:
            beside = [i for i in items if i["sample_id"] == item["sample_id"]]
            mine = any(i["answered_by"] == me for i in beside) or str(me) in (item["skippers"] or "").split(",")
            if item["action"] is None and item["lease_person"] is None and not mine:
                again.setdefault(item["sample_id"], numbers(items)[item["sample_id"]])
        assert sorted(renew_leases(self.db, me, list(numbers(items).values()))) == sorted(again.values())
        release_leases(self.db, me)

    @precondition(lambda self: hasattr(self, "db"))
    @invariant()
    def the_slots_hold_the_newest_answers(self) -> None:
        rows = self.db.execute(
            "SELECT q.sample_id, q.kind, p.name, q.action, d.id FROM queue_item q "
            "JOIN person p ON p.id = q.answered_by JOIN decision d ON d.seq = q.answered_seq WHERE q.action IS NOT NULL"
        ).fetchall()
        for sample_id, kind in self.db.execute("SELECT DISTINCT sample_id, kind FROM queue_item"):
            found = [row[2:] for row in rows if row[:2] == (sample_id, kind)]
            assert len(found) == len(set(found))
            assert set(found) == self.log.readings(sample_id, self.slots)

    @precondition(lambda self: hasattr(self, "db"))
    @invariant()
    def counts_are_those_of_the_rows(self) -> None:
        counted = self.db.execute("SELECT * FROM queue_count WHERE n <> 0 ORDER BY 1, 2, 3, 4, 5, 6, 7").fetchall()
        assert (
            counted
            == self.db.execute(
                "SELECT round_id, kind, given_label, coalesce(proposed_label, -1), doubt, "
                "min(19, CAST(alpha * 20 AS INTEGER)), coalesce(action, ''), count(*) FROM queue_item WHERE listed "
                "GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY 1, 2, 3, 4, 5, 6, 7"
            ).fetchall()
        )
        stand = Counter(d.person for d in self.log.rows if d.action in ANSWERS and self.log.live(d))
        for name, number in self.people.items():
            seen = dict(stand) if self.slots == 1 else {name: stand[name]} if name in stand else {}
            assert queue_counts(self.db, 1, number, QueueFilter()).reviewers == seen
            assert pace(self.db, 1, number).total == stand[name]

    @precondition(lambda self: hasattr(self, "db"))
    @invariant()
    def derived_tables_and_labels_agree_with_the_log(self) -> None:
        assert check(self.db) == wrong_outcomes(self.db) == wrong_labels(self.db) == []

    def derived_tables_can_be_made_anew(self) -> None:
        tables = ("outcome", "queue_count", "answer_count")
        derived = [
            f"SELECT * FROM {table} {'' if table == 'outcome' else 'WHERE n <> 0'} ORDER BY 1, 2, 3, 4"
            for table in tables
        ]
        derived.append(
            "SELECT round_id, sample_id, kind, answered_by, action, answered_seq FROM queue_item ORDER BY 1, 2, 3, 4"
        )
        before = [self.db.execute(sql).fetchall() for sql in derived]
        self.db.execute("UPDATE queue_item SET action = NULL, answered_by = NULL, answered_seq = NULL")
        for table in tables:
            self.db.execute(f"DELETE FROM {table}")
        rebuild(self.db)
        assert [self.db.execute(sql).fetchall() for sql in derived] == before
        assert check(self.db) == []

    @precondition(lambda self: hasattr(self, "db"))
    @invariant()
    def nobody_holds_a_face_twice(self) -> None:
        held = self.db.execute(
            "SELECT sample_id, person FROM (SELECT sample_id, slot, coalesce(lease_person, answered_by) AS person "
            "FROM queue_item WHERE listed AND coalesce(lease_person, answered_by) IS NOT NULL)"
        ).fetchall()
        assert len(held) == len(set(held))

    @precondition(lambda self: hasattr(self, "db"))
    @invariant()
    def labels_follow_the_log(self) -> None:
        found = effective_labels(self.db)
        labels = list(zip(found.label.tolist(), found.excluded.tolist(), found.unsure.tolist(), strict=True))
        assert labels == [self.log.label(i, self.slots, self.decided_by) for i in range(1, FACES + 1)]

    @precondition(lambda self: hasattr(self, "db"))
    @invariant()
    def outcomes_follow_the_log(self) -> None:
        rows = self.db.execute(
            "SELECT o.sample_id, o.state, d.id, o.answers, o.action, o.label, o.needed, o.adjudicated FROM outcome o "
            "JOIN decision d ON d.seq = o.seq ORDER BY 1"
        ).fetchall()
        expected = []
        for sample_id in range(1, FACES + 1):
            outcome = self.log.outcome(sample_id, self.slots, self.decided_by)
            if outcome is not None:
                state, by, answers = outcome
                said = (by.action, by.label) if state == "decided" else (None, None)
                expected.append((sample_id, state, by.id, answers, *said, self.slots, int(by.adjudicates)))
        assert rows == expected

    @rule(sample_id=faces, person=people)
    def a_tile_says_what_stands(self, sample_id: int, person: str) -> None:
        (item,) = items_of(self.db, 1, self.people[person], [sample_id])
        marks = self.log.marks(sample_id)
        mine = {mark.action: mark.id for mark in marks if mark.person == person}
        outcome = self.log.outcome(sample_id, self.slots, self.decided_by)
        blind = self.slots > 1 and (outcome is None or outcome[0] == "waiting")  # notes of others wait too
        notes = [mark for mark in marks if mark.action == "note" and (not blind or mark.person == person)]
        assert (item.flag, item.skip) == (mine.get("flag"), mine.get("skip"))
        assert item.flagged == any(mark.action == "flag" for mark in marks)
        assert item.note_by == (notes[-1].person if notes else None)
        readings = self.log.readings(sample_id, self.slots)
        nobody: set[tuple[Any, ...]] = {(None, None, None)}
        if self.slots == 1:
            assert {(item.answered_by, item.action, item.decision_id)} == (readings or nobody)
        standing = [(e.decision.id, e.live) for e in history(self.db, sample_id)]
        rows = [d for d in self.log.rows if d.sample_id == sample_id]
        assert standing == [(d.id, d.action != "undo" and self.log.live(d)) for d in rows]


TestReviewing = Reviewing.TestCase
TestReviewing.settings = settings(
    max_examples=40, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
