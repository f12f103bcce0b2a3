"""What everybody did, for leads: the people with their numbers, and one list of all that was said and changed."""

from __future__ import annotations

from dataclasses import dataclass
from heapq import merge
from typing import Any, Literal, get_args

from sqlite_utils import Database

from scn_core.records import Decision
from scn_core.store.decisions.record import DECISION, IMPORTER, read_decision, who
from scn_core.store.decisions.today import faces_today
from scn_core.store.decisions.visibility import HIDDEN
from scn_core.store.people.people import Change, Person, Role
from scn_core.store.schema.expressions import STANDS

ActivityKind = Literal["all", "answers", "adjudications", "undos", "marks", "people"]
ACTIVITY_KINDS: tuple[ActivityKind, ...] = get_args(ActivityKind)

_CONDITIONS: dict[ActivityKind, str] = {
    "all": "1",
    "answers": "d.action IN ('accept', 'keep', 'relabel', 'unsure', 'exclude') AND d.adjudicates = 0",
    "adjudications": "d.adjudicates = 1",
    "undos": "d.action = 'undo'",
    "marks": "d.action IN ('skip', 'flag', 'note')",
}
# What an undo, an undo of an undo, ... is about, and how long the chain back to it is.
_ROOT = f"""
{DECISION.replace("SELECT", "SELECT back.n,", 1)} JOIN (
  WITH RECURSIVE chain(id, undoes, n) AS (
    SELECT id, undoes, 0 FROM decision WHERE id = ?
    UNION ALL SELECT t.id, t.undoes, n + 1 FROM chain JOIN decision t ON t.id = chain.undoes)
  SELECT id, n FROM chain WHERE undoes IS NULL) back ON back.id = d.id
"""
_MEMBERS = """
SELECT p.id, p.name, p.role, p.active, p.password_hash IS NOT NULL, max(coalesce(p.seen_at, ''), coalesce((
    SELECT decided_at FROM decision WHERE person_id = p.id ORDER BY round_id DESC, seq DESC LIMIT 1), '')),
  (SELECT coalesce(sum(n), 0) FROM answer_count WHERE person_id = p.id)
FROM person p
ORDER BY p.active DESC, p.name
"""
_CHANGES = """
SELECT c.id, c.changed_at, b.name, p.name, c.what, c.role
FROM person_change c JOIN person p ON p.id = c.person_id LEFT JOIN person b ON b.id = c.by_id
WHERE c.id < :before AND (:person IS NULL OR c.by_id = :person OR c.person_id = :person) ORDER BY c.id DESC LIMIT :limit
"""
_NAMES = """
SELECT e.id, e.at, b.name, p.name, p.id, e.what = 'person erased'
FROM event e JOIN person p ON p.id = e.about ->> 'person' LEFT JOIN person b ON b.id = e.by_id
WHERE e.what IN ('person renamed', 'person erased') AND e.id < :before
  AND (:person IS NULL OR e.by_id = :person OR p.id = :person) ORDER BY e.id DESC LIMIT :limit
"""


@dataclass(frozen=True, slots=True)
class Member:
    """A person as leads see them."""

    person: Person
    has_password: bool
    seen_at: str | None
    """Of the newest sign-in, answer or mark; UTC, ISO-8601. None: never here."""
    today: int
    """Faces they answered since midnight UTC, over all rounds; see `faces_today`."""
    total: int
    """Answers of theirs that stand, over all rounds."""


@dataclass(frozen=True, slots=True)
class SaidEvent:
    """A row of the log of decisions."""

    at: str
    decision: Decision
    key: str
    stands: bool
    """For an undo: whether it takes something back. One that brings something back does not."""
    about: Decision
    """What an undo is about; the decision itself where it is no undo."""
    hidden: bool
    """The viewer may not see yet what it says, see `visibility`."""
    who: str
    """The person, with the importer beside whom a file names."""


@dataclass(frozen=True, slots=True)
class ChangeEvent:
    """A row of the log of people."""

    at: str
    by: str | None
    """The lead who did it; None: the command line, or a first sign-in by name."""
    person: str
    what: Change
    role: Role | None
    """Since then; set for added and role."""


@dataclass(frozen=True, slots=True)
class NameEvent:
    """Somebody was renamed, or their name taken out. The name of before is not kept, so that it can be erased."""

    at: str
    by: str | None
    """The lead who did it; None: the command line."""
    person: str
    """What they are called now."""
    person_id: int
    erased: bool


Event = SaidEvent | ChangeEvent | NameEvent


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of the list ends, in each of the logs."""

    decision: int
    """`seq` of the last one shown."""
    change: int
    """`id` of the last one shown."""
    name: int
    """`id` of the last one shown."""


_END = Place(2**53, 2**53, 2**53)


def members(db: Database) -> list[Member]:
    """Everybody, those who are active first, by name."""
    today = faces_today(db)
    return [
        Member(Person(number, name, role, bool(active)), bool(has), seen or None, today.get(number, 0), total)
        for number, name, role, active, has, seen, total in db.execute(_MEMBERS)
    ]


def activity(
    db: Database,
    viewer_id: int,
    *,
    person_id: int | None = None,
    kind: ActivityKind = "all",
    before: Place | None = None,
    limit: int = 30,
) -> tuple[list[Event], Place | None]:
    """What people did, newest first, and where the next page begins; None: there is none.

    Readings that are to stay blind for the viewer come as `hidden`. With `person_id` it is what this person did, and
    changes of themself. Of the kinds, answers hold no adjudications, and marks are skips, flags and notes.
    """
    asked = {"viewer": viewer_id, "person": person_id, "limit": limit + 1}
    last = before or _END
    decisions = [] if kind == "people" else _decisions(db, kind, asked | {"before": last.decision})
    changed, named = [], []
    if kind in ("all", "people"):
        changed = _changed(db, asked | {"before": last.change})
        named = _named(db, asked | {"before": last.name})
    # Each log stays in its order, also where the clock was set back.
    merged = list(merge(decisions, changed, named, key=lambda row: row[1].at, reverse=True))
    shown = merged[:limit]
    if len(merged) <= limit:
        return [event for _, event in shown], None
    ends = {type(event): number for number, event in shown}
    place = Place(
        ends.get(SaidEvent, last.decision), ends.get(ChangeEvent, last.change), ends.get(NameEvent, last.name)
    )
    return [event for _, event in shown], place


def _decisions(db: Database, kind: ActivityKind, asked: dict[str, Any]) -> list[tuple[int, Event]]:
    # Rounds follow each other, so both orders are the same; each is that of an index.
    by_round = asked["person"] is not None or kind == "adjudications"
    whose = "1" if asked["person"] is None else "d.person_id = :person"
    columns = f"SELECT d.seq, d.decided_at, {STANDS}, s.key, {HIDDEN}, {IMPORTER},"
    sql = f"""
        {DECISION.replace("SELECT", columns, 1)} JOIN sample s ON s.id = d.sample_id
        WHERE d.seq < :before AND {_CONDITIONS[kind]} AND {whose}
        ORDER BY {"d.round_id DESC, d.seq DESC" if by_round else "d.seq DESC"} LIMIT :limit
        """
    return [(row[0], _event(db, row)) for row in db.execute(sql, asked).fetchall()]


def _event(db: Database, row: tuple[Any, ...]) -> SaidEvent:
    _, at, stands, key, hidden, importer, *values = row
    decision = about = read_decision(values)
    if decision.action == "undo":
        steps, *root = db.execute(_ROOT, (decision.id,)).fetchone()
        about, stands = read_decision(root), steps % 2 == 1
    return SaidEvent(at, decision, key, bool(stands), about, bool(hidden), who(decision.person, importer))


def _changed(db: Database, asked: dict[str, Any]) -> list[tuple[int, Event]]:
    return [(number, ChangeEvent(*row)) for number, *row in db.execute(_CHANGES, asked)]


def _named(db: Database, asked: dict[str, Any]) -> list[tuple[int, Event]]:
    return [
        (number, NameEvent(at, by, name, person_id, bool(erased)))
        for number, at, by, name, person_id, erased in db.execute(_NAMES, asked)
    ]
