"""What the grid sends, as frozen records: nothing that is not checked here reaches the store."""

from __future__ import annotations

from dataclasses import dataclass, replace

from review_app.http.json_body import Fields
from scn_core.exchange.export.formats import FORMATS
from scn_core.exchange.export.write import ExportOptions
from scn_core.records import (
    ACTIONS,
    QUEUE_DOUBTS,
    QUEUE_OPINIONS,
    QUEUE_ORDERS,
    QUEUE_PICTURES,
    QUEUE_STATES,
    Decision,
    QueueFilter,
)
from scn_core.store.queue.area import AREA_POINTS
from scn_core.store.queue.cells import LONGEST_CELL
from scn_core.store.queue.filter import MOST_FACES

MAX_ITEMS = 2_000
"""Items on screen and prefetched, in one request."""
MAX_PAGE = 200
MAX_DECISIONS = 500
MAX_NOTE = 2_000
MAX_SHOWN = 2_048
MAX_BACKUPS = 1_000

FILE_FORMATS = tuple(name for name, each in FORMATS.items() if each.write is not None)
"""Of exports; the others are folders, which no address hands out."""

_LABELS = 9_999


@dataclass(frozen=True)
class PageBody:
    """POST /api/page."""

    round: int
    where: QueueFilter
    limit: int
    have: tuple[int, ...]
    cursor: str | None
    leave_out: tuple[int, ...]
    tab: str | None
    """The browser tab that asks; None: a client that has no tabs."""

    @classmethod
    def read(cls, body: Fields) -> PageBody:
        """Raises ApiError for anything else."""
        page = cls(
            body.integer("round"),
            _filter(body.fields("filter")),
            body.integer("limit", 1, MAX_PAGE),
            tuple(body.integers("have", MAX_ITEMS)),
            body.maybe_text("cursor", 1_000),
            tuple(body.integers("leave_out", MAX_PAGE)),
            body.maybe_uuid("tab"),
        )
        body.end()
        return page


@dataclass(frozen=True)
class TilesBody:
    """POST /api/tiles."""

    round: int
    samples: tuple[int, ...]

    @classmethod
    def read(cls, body: Fields) -> TilesBody:
        """Raises ApiError for anything else."""
        tiles = cls(body.integer("round"), tuple(body.integers("samples", MAX_PAGE)))
        body.end()
        return tiles


@dataclass(frozen=True)
class AlikeBody:
    """POST /api/alike."""

    round: int
    sample: int
    pair: bool
    limit: int
    tab: str | None

    @classmethod
    def read(cls, body: Fields) -> AlikeBody:
        """Raises ApiError for anything else."""
        alike = cls(
            body.integer("round"), body.integer("sample"), body.flag("pair"), body.integer("limit", 1, MAX_PAGE),
            body.maybe_uuid("tab"),
        )  # fmt: skip
        body.end()
        return alike


@dataclass(frozen=True)
class LeaseBody:
    """POST /api/lease."""

    renew: tuple[int, ...]
    release: tuple[int, ...]
    tab: str | None
    round: int | None
    """Whose progress is asked for; None: of none."""
    where: QueueFilter

    @classmethod
    def read(cls, body: Fields) -> LeaseBody:
        """Raises ApiError for anything else."""
        renew, release = body.integers("renew", MAX_ITEMS), body.integers("release", MAX_ITEMS)
        asked = body.maybe_integer("round", 1), _filter(body.fields("filter"))
        lease = cls(tuple(renew), tuple(release), body.maybe_uuid("tab"), *asked)
        body.end()
        return lease


@dataclass(frozen=True)
class DecisionsBody:
    """POST /api/decisions. Nobody's yet: who decided is known from the session alone."""

    decisions: tuple[Decision, ...]
    believed: dict[str, str | None]
    """By id of a decision: the answer that was shown as the face's when it was made; None: it was shown as open."""
    where: QueueFilter
    """Under which the faces to review are counted afterwards."""

    @classmethod
    def read(cls, body: Fields) -> DecisionsBody:
        """Raises ApiError for anything else."""
        believed: dict[str, str | None] = {}
        decisions = body.objects("decisions", MAX_DECISIONS, lambda fields: _decision(fields, believed))
        if len({decision.id for decision in decisions}) != len(decisions):
            raise body.refusal("decisions", "an id twice", "each id once in a request")
        where = _filter(body.fields("filter"))
        body.end()
        return cls(tuple(decisions), believed, where)

    def of(self, person: str) -> list[Decision]:
        """As this person's."""
        return [replace(decision, person=person) for decision in self.decisions]


@dataclass(frozen=True)
class ExportBody:
    """POST /api/export."""

    options: ExportOptions

    @classmethod
    def read(cls, body: Fields) -> ExportBody:
        """Raises ApiError for anything else."""
        options = ExportOptions(body.word("format", FILE_FORMATS, "csv"), pseudonyms=body.flag("pseudonyms"))
        body.end()
        return cls(options)


@dataclass(frozen=True)
class BackupBody:
    """POST /api/backup."""

    pictures: bool
    keep: int | None

    @classmethod
    def read(cls, body: Fields) -> BackupBody:
        """Raises ApiError for anything else."""
        backup = cls(body.flag("pictures"), body.maybe_integer("keep", 1, MAX_BACKUPS))
        body.end()
        return backup


def _filter(fields: Fields) -> QueueFilter:
    where = QueueFilter(
        state=fields.word("state", QUEUE_STATES, "open"),
        given=fields.maybe_integer("given", 0, _LABELS),
        proposed=fields.maybe_integer("proposed", 0, _LABELS),
        unproposed=fields.flag("unproposed"),
        label=fields.maybe_integer("label", 0, _LABELS),
        doubt=fields.word("doubt", QUEUE_DOUBTS, "all"),
        opinions=fields.word("opinions", QUEUE_OPINIONS, "all"),
        alpha_from=fields.share("alpha_from", 0.0),
        alpha_to=fields.share("alpha_to", 1.0),
        flagged=fields.flag("flagged"),
        noted=fields.flag("noted"),
        reviewer=fields.maybe_text("reviewer", 200),
        picture=fields.word("picture", QUEUE_PICTURES, "all"),
        area=fields.maybe_text("area", AREA_POINTS * 10),
        cell=fields.maybe_text("cell", LONGEST_CELL),
        faces=fields.maybe_text("faces", MOST_FACES * 16),
        order=fields.word("order", QUEUE_ORDERS, "suspicion"),
        grouped=fields.flag("grouped"),
    )
    if where.unproposed and where.proposed is not None:
        raise fields.refusal("unproposed", True, "false, or no `proposed`")
    fields.end()
    return where


def _decision(fields: Fields, believed: dict[str, str | None]) -> Decision:
    decision = Decision(
        id=fields.uuid("id"),
        round=fields.integer("round"),
        sample_id=fields.integer("sample"),
        person="",
        action=fields.word("action", ACTIONS),
        label=fields.maybe_integer("label", 0, _LABELS),
        undoes=fields.maybe_uuid("undoes"),
        text=fields.maybe_text("text", MAX_NOTE),
        bulk=fields.maybe_uuid("bulk"),
        blind=fields.flag("blind"),
        milliseconds=fields.maybe_integer("ms"),
        shown=fields.json("shown", MAX_SHOWN),
    )
    if (decision.text is not None) != (decision.action == "note"):
        raise fields.refusal("text", decision.text, "text for a note, null for everything else")
    believed[decision.id] = fields.maybe_uuid("before")
    fields.end()
    return decision
