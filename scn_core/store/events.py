"""The log of what was done to a workspace as a whole: rounds, imports, exports, rules, people, faces taken out.

Rows hold numbers, ids and names of other models, never the name of a person or a picture, so that both can be erased.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from sqlite_utils import Database

from scn_core.hook_settings import HookEvent
from scn_core.store.connection import transaction
from scn_core.store.hooks import tell

What = Literal[
    "training started", "round started", "round resumed", "round cancelled", "round closed", "round unpacked",
    "decisions imported", "import taken back", "backup made",
    "labels exported", "model exported", "rules changed", "data set updated", "faces withdrawn", "faces erased",
    "opinion added", "opinion removed", "round made from opinions",
    "pictures relocated", "person renamed", "person erased", "backup restored", "webhook given up", "webhook retried",
]  # fmt: skip

_TOLD: Mapping[What, HookEvent] = {
    "round cancelled": "round.cancelled", "round closed": "round.closed", "labels exported": "labels.exported",
}  # fmt: skip
"""What hooks are told of, with the same numbers and ids."""

_LOG = """
SELECT at, who, what, person, about FROM (
  SELECT e.at, b.name AS who, e.what, p.name AS person, e.about, 0 AS kind, e.id FROM event e
    LEFT JOIN person b ON b.id = e.by_id LEFT JOIN person p ON p.id = e.about ->> 'person'
  UNION ALL
  SELECT c.changed_at, b.name, 'person: ' || c.what, p.name, json_object('person', p.id, 'role', c.role), 1, c.id
    FROM person_change c JOIN person p ON p.id = c.person_id LEFT JOIN person b ON b.id = c.by_id)
ORDER BY at DESC, kind, id DESC LIMIT :limit
"""


_OF_PEOPLE = {
    "person: added": "{person} added, {role}",
    "person: role": "{person} made {role}",
    "person: password": "another password for {person}",
    "person: deactivated": "{person} deactivated",
    "person: activated": "{person} activated",
    "person: token added": "access token made for {person}",
    "person: token revoked": "access token of {person} revoked",
    "person renamed": "person {number} renamed, now {person}",
    "person erased": "person {number} erased, now {person}",
}
"""What was done to people, in words; the names of before are not kept, so that they can be erased."""

_BY_PROGRAM = {
    "round started": "trainer",
    "round resumed": "trainer",
    "webhook given up": "server",
    "person: added": "their first sign-in, or the command line",
}
"""Who did what no person is named for: a trainer is begun on a page too, which the log tells as well."""


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """A row of the log."""

    at: str
    """UTC, ISO-8601."""
    by: str | None
    """Who did it; None: the command line, or somebody who signed in by name for the first time."""
    what: str
    person: str | None
    """Whom it was done to, as they are called now."""
    about: Mapping[str, Any]
    """Numbers of rounds, decisions and faces."""

    @property
    def who(self) -> str:
        """Who did it: a person, nobody where it followed from something else, a part of the program, or the command
        line."""
        return self.by or ("by itself" if "as_ended" in self.about else _BY_PROGRAM.get(self.what, "command line"))

    @property
    def words(self) -> str:
        """What was done, whom to, and with which numbers. People are called as they are now, whenever it was."""
        if self.what in _OF_PEOPLE:
            role = self.about.get("role") or ""
            return _OF_PEOPLE[self.what].format(person=self.person, number=self.about.get("person"), role=role)
        if self.what == "training started" and self.about.get("resume"):
            return "training resumed"
        numbers = [
            f"when round {value} ended" if name == "as_ended" else f"{name.replace('_', ' ')} {value}"
            for name, value in self.about.items()
            if name not in ("person", "resume") and value not in (None, "")
        ]
        return ", ".join(filter(None, (self.what, self.person, *numbers)))

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class NewEvent:
    """A row to be added within the transaction that does what it tells of."""

    what: What
    about: Mapping[str, Any]
    by: int | None
    """Number of the person who did it; None: the command line."""


def log_event(db: Database, what: What, about: Mapping[str, Any], *, by: int | None) -> None:
    """Add a row, within a transaction, and a message for the hooks that want to be told.

    `by`: number of the person who did it; None: the command line.
    """
    db.execute("INSERT INTO event (by_id, what, about) VALUES (?, ?, ?)", (by, what, json.dumps(dict(about))))
    if what in _TOLD:
        tell(db, _TOLD[what], about)


def keep_event(db: Database, what: What, about: Mapping[str, Any], *, by: int | None) -> None:
    """The same in a transaction of its own, for what is done outside of the database: after it was done."""
    with transaction(db):
        log_event(db, what, about, by=by)


def events(db: Database, *, limit: int | None = None) -> list[LoggedEvent]:
    """What was done to the workspace and its people, newest first; the newest `limit`, or all."""
    rows = db.execute(_LOG, {"limit": -1 if limit is None else limit})
    return [LoggedEvent(at, who, what, person, json.loads(about)) for at, who, what, person, about in rows]
