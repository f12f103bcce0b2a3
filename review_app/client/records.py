"""What scripts get, as frozen records with the names of /openapi.json; noteBy is note_by here.

Fields that a newer server sends and this version does not know are left out. A test holds every record against the
server's own description.
"""

from __future__ import annotations

import types
from collections.abc import Hashable
from dataclasses import dataclass, is_dataclass
from functools import lru_cache
from typing import Any, TypeVar, cast, get_args, get_origin, get_type_hints

from scn_core.records import Action, Answer, Doubt, QueueKind, RoundState

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Copy:
    """A face with the same pixels as another one."""

    sample: int
    given: int
    proposed: int | None
    decision: str | None
    by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What `Face` and `FaceDetails` have in common. Labels are numbers of classes."""

    sample: int
    """Number of the face."""
    key: str
    """Name of the picture in the data set."""
    given: int
    """Label that the round began with."""
    original: int | None
    """Label of the data set."""
    since: int | None
    """Earlier round in which people decided `given`."""
    proposed: int | None
    alpha: float | None
    """Importance, 0 to 1."""
    margin: float | None
    """-1 to 1."""
    suspicion: float | None
    """0 to 1."""
    doubt: Doubt | None
    second: int | None
    """Second choice after the proposal."""
    bars: tuple[tuple[int, float], ...]
    """The likeliest classes and their probabilities, likeliest first."""
    action: Answer | None
    """Newest answer; None: to review."""
    label: int | None
    """Label that the answer stands for."""
    by: str | None
    """Who answered."""
    at: str | None
    """When, ISO 8601 in UTC."""
    decision: str | None
    """Id of the answer."""
    flag: str | None
    """Id of your own flag."""
    flagged: bool
    """Anyone has a flag on it."""
    note: str | None
    """Newest note."""
    note_by: str | None
    skip: str | None
    """Id of your own skip."""
    blind: bool
    """An audit face that is not answered: all that might suggest an answer is None."""
    copies: tuple[Copy, ...]
    copies_apart: int
    """More faces with the same pixels, asked about separately."""
    issues: tuple[str, ...]
    """What is wrong with the picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Face(Shown):
    """A face in the queue of a round."""

    item: int
    """What leases name: its number in the queue of the round."""
    kind: QueueKind
    """Why it is in the queue."""


@dataclass(frozen=True, slots=True)
class Past:
    """A row in the history of a face."""

    by: str
    action: Action
    label: int | None
    text: str | None
    at: str
    round: int
    live: bool
    """Not taken back."""
    brought_back: bool
    """An undo of an undo: what was taken back stands again."""


@dataclass(frozen=True, slots=True)
class Votes:
    """How many people gave a label that the data set came with."""

    label: int | None
    """None: the answer is no class."""
    answer: str
    votes: int


@dataclass(frozen=True, slots=True)
class Opinion:
    """What another model says."""

    source: str
    label: int
    probabilities: tuple[float, ...]
    """Of each class."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceDetails(Shown):
    """Everything about one face of the data set."""

    item: int | None
    """None: it is not in the queue."""
    kind: QueueKind | None
    dynamics: dict[str, Any] | None
    """alpha and margin, one value an epoch."""
    neighbours: dict[str, Any] | None
    """Numbers of confident faces like this one, for two labels."""
    votes: tuple[Votes, ...]
    opinions: tuple[Opinion, ...]
    unread: bool
    """Not all readings are in, so nobody sees what others say."""
    probabilities: tuple[float, ...]
    """Of each class; empty: not shown, or not known."""
    history: tuple[Past, ...]


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast you answer."""

    today: int
    """Faces you answered since midnight UTC."""
    total: int
    """Your answers in the round that stand."""
    per_minute: float | None
    left: int
    """Faces of the round that are to review for you."""
    seconds_left: float | None


@dataclass(frozen=True, slots=True)
class Round:
    """A round."""

    id: int
    state: RoundState


@dataclass(frozen=True, slots=True)
class Pair:
    """The given and proposed label of all faces of a grouped page."""

    given: int
    proposed: int | None
    open: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of faces."""

    items: tuple[Face, ...]
    lost: tuple[int, ...]
    """Items of `have` that are not yours any more, or answered."""
    cursor: str | None
    """Where the next page begins; None: at the end, or the faces were leased."""
    learned: int | None
    """Decided faces that the order was learned from."""
    open: int
    """Faces to review that the filter lets through, without those you skipped."""
    checked: int
    """Faces of the round that you answered."""
    wrong: int
    """Of these: the label was wrong, as they got another one or were excluded."""
    matching: int | None
    """Faces that the filter lets through; None where those to review were asked for."""
    repeats: bool
    """Some faces of the round are asked once more."""
    pair: Pair | None
    skipped: int
    lease_s: float
    """Seconds that a lease lasts."""
    pace: Pace
    in_review: tuple[int, ...]
    round: Round


@dataclass(frozen=True, slots=True)
class Lease:
    """What you hold after a request for leases."""

    held: tuple[int, ...]
    lease_s: float
    in_review: tuple[int, ...]
    today: int
    progress: Progress | None = None
    """In the round that was named."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A decision that was not recorded, and why."""

    id: str
    error: str
    code: str
    """audit, answered, closed, no_round, unseen or invalid."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far you are in a round."""

    open: int
    """Faces to review, without those you skipped."""
    checked: int
    """Faces that you answered."""
    wrong: int
    """Of these: the label was wrong."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of decisions."""

    saved: tuple[str, ...]
    """Their ids."""
    refused: tuple[Refusal, ...]
    pace: Pace | None
    """In the round of the last decision that was saved."""
    progress: Progress | None
    """In the same round."""
    in_review: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Done:
    """A decision in the history."""

    id: str
    sample: int
    action: Action
    label: int | None
    text: str | None


@dataclass(frozen=True, slots=True)
class Unit:
    """Decisions that are undone or redone together."""

    bulk: str | None
    decisions: tuple[Done, ...]
    redo_of: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class History:
    """What can be undone and redone, newest first."""

    undo: tuple[Unit, ...]
    redo: tuple[Unit, ...]


@dataclass(frozen=True, slots=True)
class ClassName:
    """A class of the data set."""

    number: int
    name: str


@dataclass(frozen=True, slots=True)
class Classes:
    """The classes, by number."""

    classes: tuple[ClassName, ...]


@dataclass(frozen=True, slots=True)
class Rounds:
    """All rounds, newest first, and the numbers of those that take answers."""

    rounds: tuple[Round, ...]
    in_review: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Exported:
    """A file that was made in the workspace's folder `exports`."""

    name: str
    sha256: str
    bytes: int
    revision: str
    """The newest round, decision and change of the data set, such as r2-d1543."""


@dataclass(frozen=True, slots=True)
class BackupMade:
    """A backup that was made in the workspace's folder `backups`."""

    name: str
    bytes: int
    cause: str
    made_at: str
    """UTC, ISO-8601."""
    by: str
    """Who asked for it."""
    decisions: int
    revision: str
    """The newest round, decision and change of the data set, such as r2-d1543."""
    whole: bool
    """The files of rounds are in it."""
    pictures: bool
    """The pictures of faces are in it."""
    missing_pictures: int
    removed: tuple[str, ...]
    """Names of older ones, with `keep`."""
    fuller: tuple[str, ...]
    """Names of older ones that were kept all the same: files of rounds or pictures in them are in no newer one."""


@dataclass(frozen=True, slots=True)
class Health:
    """The server lives and can read."""

    ok: bool
    workspace: str
    round: int | None
    """The newest."""


@dataclass(frozen=True, slots=True)
class Ready:
    """Answers can be stored now."""

    ready: bool


def read_record(kind: type[T], json: Any) -> T:
    """A record of this kind from the JSON of an answer. Raises KeyError or TypeError where that is something else."""
    return cast(T, _read(kind, json))


def json_name(name: str) -> str:
    """How JSON calls a field: some are written the way of JavaScript."""
    return _CAMEL.get(name, name)


_CAMEL = {"note_by": "noteBy", "copies_apart": "copiesApart", "brought_back": "broughtBack"}


def _read(kind: Any, json: Any) -> Any:
    if get_origin(kind) is types.UnionType:
        return None if json is None else _read(get_args(kind)[0], json)
    if get_origin(kind) is tuple:
        of = get_args(kind)
        hints = [of[0]] * len(json) if of[-1] is Ellipsis else of
        return tuple(_read(hint, each) for hint, each in zip(hints, json, strict=True))
    hints_of_fields = _hints(kind)
    if hints_of_fields is None:
        return json
    there = ((name, json_name(name), hint) for name, hint in hints_of_fields.items())
    return kind(**{name: _read(hint, json[key]) for name, key, hint in there if key in json})


@lru_cache
def _hints(kind: Hashable) -> dict[str, Any] | None:
    """The types of a record's fields; None: it is a plain value."""
    return get_type_hints(kind) if is_dataclass(kind) else None
