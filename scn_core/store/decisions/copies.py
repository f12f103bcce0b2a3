"""One answer for faces with the same pixels: what it is for each of them, and which answers were given together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import uuid4

from sqlite_utils import Database

from scn_core.records import ANSWERS, Answer, Decision, ExactCopy
from scn_core.store.decisions.record import DECISION, read_decision

_OF_COPIES = f"""{DECISION} WHERE d.sample_id IN (SELECT o.sample_id FROM picture p JOIN picture o
  ON o.pixels = p.pixels WHERE p.sample_id = ?) AND d.bulk = ? AND d.id <> ? AND d.action <> 'undo' ORDER BY d.seq"""


def with_copies(decision: Decision, copies: Sequence[ExactCopy]) -> list[Decision]:
    """The decision, and the same answer for the copies that nobody else has answered, all with one `bulk`.

    The grid does the same in the browser (copies.js). Alone, and as it is, where it is no answer or there is no such
    copy.
    """
    mine = [copy for copy in copies if copy.answered_by in (None, decision.person)]
    if decision.action not in ANSWERS or not mine:
        return [decision]
    bulk = str(uuid4())
    more = (
        replace(
            decision, id=str(uuid4()), sample_id=copy.sample_id, action=_action(copy, decision), bulk=bulk, shown="{}",
            milliseconds=None,
        )
        for copy in mine
    )  # fmt: skip
    return [replace(decision, bulk=bulk), *more]


def given_together(db: Database, decision: Decision) -> list[Decision]:
    """The other answers that were given together with this one to faces of the same pixels."""
    if decision.bulk is None:
        return []
    return [read_decision(row) for row in db.execute(_OF_COPIES, (decision.sample_id, decision.bulk, decision.id))]


def _action(copy: ExactCopy, decision: Decision) -> Answer:
    """What giving the copy the label of the decision comes to."""
    if decision.label is None:
        return decision.action  # type: ignore[return-value]  # unsure or exclude
    if decision.label == copy.given_label:
        return "keep"
    return "accept" if decision.label == copy.proposed_label else "relabel"
