"""The rules of reviewing in the plainest words, to compare the store with."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any

from sqlite_utils import Database

from scn_core.records import ANSWERS, DOUBTS, MARKS, Action, Decision, QueueFilter, QueueItem

PEOPLE = ("ann", "bob", "eve")


def decide(sample_id: int, action: Action, person: str = "ann", *, round_id: int = 1, **more: Any) -> Decision:
    """In the toy data set sample i has the given label (i - 1) % 3, and i % 3 is proposed."""
    labels = {"accept": sample_id % 3, "keep": (sample_id - 1) % 3}
    label = more.pop("label", labels.get(action))
    return Decision(str(uuid.uuid4()), round_id, sample_id, person, action, label, **more)


def undo(target: Decision) -> Decision:
    return decide(target.sample_id, "undo", target.person, round_id=target.round, undoes=target.id)


@dataclass
class Log:
    """Every row in order; an entry counts unless an entry that counts takes it back."""

    rows: list[Decision] = field(default_factory=list)

    def live(self, decision: Decision) -> bool:
        return not any(later.undoes == decision.id and self.live(later) for later in self.rows)

    def free(self, person: str) -> list[Decision]:
        """Own rows that nothing has taken back directly."""
        undone = {row.undoes for row in self.rows}
        return [row for row in self.rows if row.person == person and row.id not in undone]

    def answers(self, sample_id: int) -> list[Decision]:
        return [d for d in self.rows if d.sample_id == sample_id and d.action in ANSWERS and self.live(d)]

    def marks(self, sample_id: int) -> list[Decision]:
        return [d for d in self.rows if d.sample_id == sample_id and d.action in MARKS and self.live(d)]

    def counted(self, sample_id: int, slots: int) -> list[Decision]:
        """The newest answer of each person, in order, or of one slot the newest of all; adjudications are none."""
        newest = {d.person: d for d in self.answers(sample_id) if not d.adjudicates}
        return sorted(newest.values(), key=self.rows.index)[-1 if slots == 1 else 0 :]

    def readings(self, sample_id: int, slots: int) -> set[tuple[str, str, str]]:
        """(person, action, id) of those in the slots: of the people who answered first, where there are several."""
        counted = {d.person: d for d in self.counted(sample_id, slots)}
        first = dict.fromkeys(d.person for d in self.answers(sample_id) if d.person in counted and not d.adjudicates)
        return {(name, counted[name].action, counted[name].id) for name in list(first)[:slots]}

    def outcome(self, sample_id: int, slots: int, decided_by: str) -> tuple[str, Decision, int] | None:
        """(state, the answer that decides or else the newest, readings that count)."""
        counted = self.counted(sample_id, slots)
        rulings = [d for d in self.answers(sample_id) if d.adjudicates]
        if rulings:
            return "decided", rulings[-1], len(counted)
        if not counted:
            return None
        if len(counted) < slots:
            return "waiting", counted[-1], len(counted)
        for d in reversed(counted):
            alike = sum(_comes_to(e) == _comes_to(d) for e in counted)
            if alike == len(counted) or (decided_by == "majority" and 2 * alike > len(counted)):
                return "decided", d, len(counted)
        return "conflict", counted[-1], len(counted)

    def label(self, sample_id: int, slots: int = 1, decided_by: str = "majority") -> tuple[int, bool, bool]:
        """Label, whether excluded, whether nobody can tell."""
        found = self.outcome(sample_id, slots, decided_by)
        given = (sample_id - 1) % 3
        if found is None or found[0] != "decided":
            return given, False, False
        by = found[1]
        return given if by.label is None else by.label, by.action == "exclude", by.action == "unsure"


def _comes_to(decision: Decision) -> str:
    return decision.action if decision.label is None else f"label {decision.label}"


def listed(db: Database, round_id: int = 1) -> list[dict[str, Any]]:
    """Every listed item with all that orders and filters ask for, straight from the tables, by id."""
    return list(
        db.query(
            """
            SELECT q.*, (SELECT name FROM person WHERE id = q.answered_by) AS reviewer,
              EXISTS (SELECT 1 FROM live_mark m WHERE m.sample_id = q.sample_id AND m.round_id = q.round_id
                AND m.action = 'flag') AS flagged,
              (SELECT group_concat(m.person_id) FROM live_mark m WHERE m.sample_id = q.sample_id
                AND m.round_id = q.round_id AND m.action = 'note') AS noters,
              EXISTS (SELECT 1 FROM queue_item o WHERE o.round_id = q.round_id AND o.sample_id = q.sample_id
                AND o.kind = 'audit' AND o.action IS NULL) AS audit_waits,
              (SELECT max(o.slot) FROM queue_item o WHERE o.round_id = q.round_id AND o.sample_id = q.sample_id
                AND o.reader IS NULL) AS other_slots,
              (SELECT count(DISTINCT l.person_id) FROM live_decision l WHERE l.round_id = q.round_id
                AND l.sample_id = q.sample_id) AS readers,
              (SELECT group_concat(m.person_id) FROM live_mark m WHERE m.sample_id = q.sample_id
                AND m.round_id = q.round_id AND m.action = 'skip') AS skippers
            FROM queue_item q WHERE q.round_id = ? AND q.listed = 1 ORDER BY q.id
            """,
            [round_id],
        )
    )


def matches(item: dict[str, Any], where: QueueFilter, viewer_id: int) -> bool:
    """Whether an item is what a filter asks for."""
    skipped = str(viewer_id) in (item["skippers"] or "").split(",")
    state = {
        "all": True,
        "open": item["action"] is None and not skipped,
        "answered": item["action"] is not None,
        "skipped": item["action"] is None and skipped,
    }.get(where.state, item["action"] == where.state)
    given, proposed = item["given_label"], item["proposed_label"]
    return (
        state
        and where.given in (None, given)
        and (where.proposed is None or where.proposed == proposed)
        and not (where.unproposed and (proposed is not None or item["kind"] == "audit"))
        and where.doubt in ("all", DOUBTS[item["doubt"]])
        and (where.label is None or where.label in (given, proposed))
        and where.alpha_from <= item["alpha"]
        and (item["alpha"] < where.alpha_to or where.alpha_to == 1)
        and (not where.flagged or bool(item["flagged"]))
        and (not where.noted or _has_note(item, viewer_id))
        and where.reviewer in (None, item["reviewer"])
    )


def _has_note(item: dict[str, Any], viewer_id: int) -> bool:
    """An own note, or one of others once nothing hides it: an audit face that waits, readings that are not all in."""
    by = (item["noters"] or "").split(",")
    told = not item["audit_waits"] and (item["other_slots"] == 0 or item["readers"] > item["other_slots"])
    return str(viewer_id) in by or (by != [""] and told)


def in_order(items: list[dict[str, Any]], where: QueueFilter, viewer_id: int) -> list[int]:
    """Ids of the items a filter asks for, sorted; `items`: all of the round, by id."""
    totals: dict[tuple[int, int], int] = {}
    for item in items:
        totals[_pair(item)] = totals.get(_pair(item), 0) + 1

    def key(item: dict[str, Any]) -> tuple[Any, ...]:
        group = (_pair(item)[1] < 0, -totals[_pair(item)], _pair(item)) if where.grouped else ()
        newest = (0, -item["answered_seq"]) if item["action"] else (1, -item["sample_id"])
        order = {"suspicion": (), "alpha": (item["alpha"],), "margin": (-item["margin"],), "newest": newest}
        return (*group, *order[where.order], item["id"])

    return [item["id"] for item in sorted((i for i in items if matches(i, where, viewer_id)), key=key)]


def _pair(item: dict[str, Any]) -> tuple[int, int]:
    return item["given_label"], -1 if item["proposed_label"] is None else item["proposed_label"]


def ids(items: list[QueueItem]) -> list[int]:
    return [item.id for item in items]
