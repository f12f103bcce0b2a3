"""The labels as they are now, with all that tells where each comes from: what `export` writes and leads look at."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple

from sqlite_utils import Database

from scn_core.records import ANSWERS, Box, Split, Vote
from scn_core.store.schema.expressions import ALPHA, PRESENT
from scn_core.store.votes import votes_between

LabelSource = Literal["given", "waiting", "conflict", "accept", "keep", "relabel", "unsure", "exclude"]
"""given: nobody answered; waiting, conflict: the answers decide nothing yet, and the given label stands."""
Undecided = Literal["waiting", "conflict"]
"""Of the newest round in which a face was answered: readings are missing, or differ."""


@dataclass(frozen=True, slots=True)
class LabelFilter:
    """Which faces."""

    split: Split | None = None
    changed: bool = False
    """Only where the label is another than the given one."""
    decided: bool = False
    """Only where people decided, be it for the given label."""
    label: int | None = None
    """Only where the label is this class now."""
    round: int | None = None
    """Only where people decided it in this round."""
    excluded: bool = False
    """Those that people excluded too."""
    scored: bool = False
    """Only faces of which a round said something: of that in which they were answered, or else of the newest."""

    def describe(self) -> str:
        """What a face has to be to pass, for people."""
        parts = (
            (self.split is not None, f"of split {self.split}"),
            (self.changed, "with another label than the given one"),
            (self.decided, "decided by people"),
            (self.label is not None, "with the label asked for"),
            (self.round is not None, f"decided by people in round {self.round}"),
            (self.scored, "with scores of a round"),
            (not self.excluded, "not excluded"),
        )
        return ", ".join(words for asked, words in parts if asked) or "any"


@dataclass(frozen=True, slots=True)
class LabelRow:
    """One face with its label."""

    sample_id: int
    key: str
    path: str
    split: Split
    box: Box | None
    given_label: int
    label: int
    """The given one, unless people decided otherwise."""
    excluded: bool
    source: LabelSource
    undecided: Undecided | None
    """The newest answers decide nothing; where people decided in an earlier round, that label stands, and all other
    fields are of it. None: they decide the label, or there are none."""
    adjudicated: bool
    """A lead settled it."""
    people: tuple[int, ...]
    """Whose answers of `round` stand, the earliest first."""
    round: int | None
    """In which it was answered; None: in none."""
    decided_at: str | None
    """UTC, ISO-8601, of the answer that counts; None: nothing is decided."""
    alpha: float | None
    """As that round saw the face, or else the newest round with scores; None: no score. So too the three below."""
    margin: float | None
    suspicion: float | None
    proposed_label: int | None
    votes: tuple[Vote, ...] = ()
    """The labels it came with, where the data set has several a face."""
    importers: tuple[int, ...] = ()
    """Who took the files that name some of these people, each once; 0: a command."""
    probabilities: bytes | None = None
    """Of the classes, little-endian float32; None: no score, or not asked for."""


@dataclass(frozen=True, slots=True)
class LabelChange:
    """How many faces went from one class to another."""

    given_label: int
    label: int
    count: int


@dataclass(frozen=True)
class LabelCounts:
    """What a filter leaves."""

    rows: int
    changed: int
    excluded: int
    """Faces that people excluded, whether or not the filter leaves them out."""
    sources: Mapping[LabelSource, int]
    """Of the rows."""
    changes: tuple[LabelChange, ...]
    """Of the rows, the most frequent first."""
    given_changed: int = 0
    """Rows whose given label an update replaced; it is the newest."""
    decided_before: int = 0
    """Of these: people decided before the given label changed, and their answer stands."""
    vanished: int = 0
    withdrawn: int = 0
    """Faces that the data set has no more, and that were taken out: of all, as no export has them."""
    undecided: Mapping[Undecided, int] = field(default_factory=dict)
    """Rows by what the newest answers come to, where they decide nothing."""

    def undecided_words(self, words: Mapping[Undecided, str]) -> str:
        """As in "36 in conflict, 7 of them decided in an earlier round, whose label stands"; `words` for each state."""
        parts = []
        for state, count in sorted(self.undecided.items()):
            before = count - self.sources.get(state, 0)
            parts.append(f"{count:,} {words[state]}" + ((before and f", {before:,} of them {DECIDED_EARLIER}") or ""))
        return "; ".join(parts)


class Revision(NamedTuple):
    """What an export follows from: the newest decision, round scored and change of the data set."""

    decision: int
    round: int
    change: int = 0
    """Of the data set, by an update or where faces were taken out; 0: it is as init read it."""

    def __str__(self) -> str:
        return f"r{self.round}-d{self.decision}" + (f"-u{self.change}" if self.change else "")


DECIDED_EARLIER = "decided in an earlier round, whose label stands"
_SOURCE = "coalesce(e.action, o.state, 'given')"
_UNDECIDED = """iif(o.round_id IS NULL, NULL, (SELECT nullif(state, 'decided') FROM outcome
  WHERE sample_id = s.id ORDER BY round_id DESC LIMIT 1))"""
_FROM = """
FROM effective_label e JOIN sample s ON s.id = e.sample_id
LEFT JOIN outcome o ON o.sample_id = e.sample_id AND o.round_id = coalesce(
  e.round_id, (SELECT max(round_id) FROM outcome WHERE sample_id = e.sample_id))
"""
_ROWS = f"""
SELECT s.id, s.key, s.path, s.split, s.box_left, s.box_top, s.box_right, s.box_bottom, e.given_label, e.label,
  e.excluded, {_SOURCE}, {_UNDECIDED}, coalesce(o.adjudicated, 0), o.round_id, e.decided_at, {ALPHA}, c.margin,
  c.suspicion, c.proposed_label, {{probabilities}}
{_FROM} LEFT JOIN score c ON c.sample_id = s.id AND c.round_id = coalesce(o.round_id, :scored)
"""
_SCORED = """EXISTS (
  SELECT 1 FROM score WHERE sample_id = s.id AND round_id = coalesce(o.round_id, :scored))"""
_ANSWERS = """
SELECT sample_id, round_id, person_id, iif(shown ->> 'imported' IS NULL, NULL, coalesce(shown ->> 'by', 0)), max(seq)
FROM live_decision WHERE sample_id BETWEEN ? AND ?
GROUP BY sample_id, round_id, person_id ORDER BY sample_id, max(seq)
"""


def revision(db: Database) -> Revision:
    """Where the labels stand. Two exports of one revision are the same."""
    newest = db.execute("SELECT coalesce(max(seq), 0) FROM decision").fetchone()[0]
    scored = db.execute("SELECT coalesce(max(id), 0) FROM round WHERE state IN ('review', 'closed')").fetchone()[0]
    change = db.execute("SELECT coalesce(max(id), 0) FROM data_change").fetchone()[0]
    return Revision(newest, scored, change)


def iter_labels(
    db: Database, where: LabelFilter, *, page: int = 10_000, probabilities: bool = False
) -> Iterator[LabelRow]:
    """The faces of a filter by id, but those that vanished or were taken out. Of one moment only within `snapshot`.

    `probabilities`: those of the classes too.
    """
    conditions, values = _conditions(where)
    columns = _ROWS.format(probabilities="c.probabilities" if probabilities else "NULL")
    sql = f"{columns} WHERE s.id > :after AND s.id <= :upto{conditions} ORDER BY s.id"
    last = int(db.execute("SELECT coalesce(max(id), 0) FROM sample").fetchone()[0])
    scored = revision(db).round
    for after in range(0, last, page):
        rows = db.execute(sql, {**values, "after": after, "upto": after + page, "scored": scored}).fetchall()
        answered = _people(db, after + 1, after + page) if any(row[14] is not None for row in rows) else {}
        votes = votes_between(db, after + 1, after + page)
        yield from (_row(row, answered, tuple(votes.get(row[0], ()))) for row in rows)


def label_counts(db: Database, where: LabelFilter) -> LabelCounts:
    """How many faces a filter leaves, and what changed among them."""
    conditions, values = _conditions(replace(where, excluded=True))
    sql = (
        f"SELECT e.given_label, e.label, e.excluded, {_SOURCE}, s.id IN (SELECT sample_id FROM given_version), "
        f"e.given_when_decided IS NOT NULL, {_UNDECIDED}, count(*) {_FROM} WHERE 1{conditions} "
        "GROUP BY 1, 2, 3, 4, 5, 6, 7"
    )
    excluded = changed_given = before = 0
    sources: dict[LabelSource, int] = defaultdict(int)
    undecided: dict[Undecided, int] = defaultdict(int)
    changes: dict[tuple[int, int], int] = defaultdict(int)
    counted = db.execute(sql, values | {"scored": revision(db).round})
    for given, label, out, source, versions, answered_before, state, count in counted:
        excluded += count if out else 0
        if out and not where.excluded:
            continue
        sources[source] += count
        if state is not None:
            undecided[state] += count
        changed_given += count if versions else 0
        before += count if answered_before else 0
        if label != given:
            changes[given, label] += count
    ordered = sorted(changes.items(), key=lambda change: (-change[1], change[0]))
    listed = tuple(LabelChange(*pair, count) for pair, count in ordered)
    vanished, withdrawn = db.execute(
        "SELECT count(*) FILTER (WHERE withdrawn_in IS NULL), count(withdrawn_in) FROM sample "
        "WHERE vanished_in IS NOT NULL OR withdrawn_in IS NOT NULL"
    ).fetchone()
    rows, changed = sum(sources.values()), sum(changes.values())
    return LabelCounts(
        rows, changed, excluded, dict(sources), listed, changed_given, before, vanished, withdrawn, dict(undecided)
    )


def reviewer_names(db: Database, *, pseudonyms: bool = False) -> dict[int, str]:
    """What to call each person. Pseudonyms are numbered by the order of the first answers, so they never change."""
    if not pseudonyms:
        return dict(db.execute("SELECT id, name FROM person").fetchall())
    answers = ", ".join(f"'{action}'" for action in ANSWERS)
    rows = db.execute(
        f"SELECT person_id FROM decision WHERE action IN ({answers}) GROUP BY person_id ORDER BY min(seq)"
    )
    return {person: f"reviewer-{place}" for place, (person,) in enumerate(rows, 1)}


def has_boxes(db: Database) -> bool:
    """Whether any face has a box."""
    return bool(db.execute("SELECT EXISTS (SELECT 1 FROM sample WHERE box_left IS NOT NULL)").fetchone()[0])


def path_of_several(db: Database, naming: Callable[[str], str]) -> str | None:
    """What `naming` makes of the paths of several faces alike, or None."""
    db.conn.create_function("naming", 1, naming, deterministic=True)
    row = db.execute(
        f"SELECT naming(path) FROM sample WHERE {PRESENT} GROUP BY 1 HAVING count(*) > 1 ORDER BY min(id) LIMIT 1"
    )
    found = row.fetchone()
    return None if found is None else str(found[0])


def _conditions(where: LabelFilter) -> tuple[str, dict[str, Any]]:
    conditions = {
        "s.split = :split": where.split is not None,
        "e.label <> e.given_label": where.changed,
        "e.action IS NOT NULL": where.decided,
        "e.label = :label": where.label is not None,
        "e.round_id = :round": where.round is not None,
        "NOT e.excluded": not where.excluded,
        _SCORED: where.scored,
    }
    values = {"split": where.split, "label": where.label, "round": where.round}
    present = "s.vanished_in IS NULL AND s.withdrawn_in IS NULL"
    return "".join(f" AND {text}" for text, wanted in ({present: True} | conditions).items() if wanted), values


class _Answered(NamedTuple):
    people: list[int]
    importers: list[int]


def _people(db: Database, first: int, last: int) -> dict[tuple[int, int], _Answered]:
    found: dict[tuple[int, int], _Answered] = defaultdict(lambda: _Answered([], []))
    for sample_id, round_id, person, importer, _ in db.execute(_ANSWERS, (first, last)):
        face = found[sample_id, round_id]
        face.people.append(person)
        if importer is not None and importer not in face.importers:
            face.importers.append(importer)
    return found


def _row(row: tuple[Any, ...], answered: Mapping[tuple[int, int], _Answered], votes: tuple[Vote, ...]) -> LabelRow:
    number, key, path, split, left, top, right, bottom, given, label, out, source, undecided, settled, *seen = row
    box = None if left is None else Box(left, top, right, bottom)
    round_id, decided_at, alpha, margin, suspicion, proposed, probabilities = seen
    people, importers = answered.get((number, round_id), ((), ()))
    return LabelRow(
        number, key, path, split, box, given, label, bool(out), source, undecided, bool(settled), tuple(people),
        round_id, decided_at, alpha, margin, suspicion, proposed, votes, tuple(importers), probabilities,
    )  # fmt: skip
