"""What closing a round would leave undecided."""

from __future__ import annotations

from dataclasses import dataclass

from sqlite_utils import Database

from scn_core.errors import counted
from scn_core.store.decisions.adjudication import outcome_counts

NOT_SENT = "Answers that a browser has not sent by then, as it is offline, are not taken any more."
"""What whoever ends a review is told beside what it leaves undecided."""


@dataclass(frozen=True, slots=True)
class UndecidedFaces:
    """Faces in the queue of a round that nothing is decided about, whoever looks."""

    to_review: int
    """An answer is missing, be it the first or another reading."""
    proposals: int
    """Of those to review: with a proposal. An audit face counts as one without."""
    waiting: int
    """Of those to review: somebody has answered, and another reading is missing."""
    conflicts: int
    """The readings differ: for a lead to settle while the round is in review. None of them is to review."""

    @property
    def total(self) -> int:
        """All of them; each keeps its label if the round is closed now."""
        return self.to_review + self.conflicts

    def __add__(self, other: UndecidedFaces) -> UndecidedFaces:
        return UndecidedFaces(
            self.to_review + other.to_review, self.proposals + other.proposals, self.waiting + other.waiting,
            self.conflicts + other.conflicts,
        )  # fmt: skip

    def __str__(self) -> str:
        """As in "66 faces to review (3 proposals, 11 waiting for another reading) and 5 faces in conflict"."""
        return self._words("to review", "waiting for another reading")

    @property
    def at_the_end(self) -> str:
        """The same once the round is closed, and nobody can answer any more."""
        return self._words("not reviewed", "that never got another reading")

    def _words(self, state: str, waiting: str) -> str:
        inside = [counted(self.proposals, "proposal")] if self.proposals else []
        inside += [f"{self.waiting:,} {waiting}"] if self.waiting else []
        more = f" ({', '.join(inside)})" if inside else ""
        parts = [f"{counted(self.to_review, 'face')} {state}{more}"] if self.to_review else []
        parts += [f"{counted(self.conflicts, 'face')} in conflict"] if self.conflicts else []
        return " and ".join(parts) or "every face decided"


def undecided_faces(db: Database, round_id: int) -> UndecidedFaces:
    """What closing the round would leave undecided."""
    sql = """
        SELECT count(*), coalesce(sum(proposal), 0), coalesce(sum(waiting), 0) FROM (
          SELECT max(q.kind = 'proposal') AS proposal, EXISTS (SELECT 1 FROM outcome o
            WHERE o.round_id = q.round_id AND o.sample_id = q.sample_id AND o.state = 'waiting') AS waiting
          FROM queue_item q WHERE q.round_id = ? AND q.listed = 1 AND q.action IS NULL GROUP BY q.sample_id)
        """
    row: tuple[int, int, int] = db.execute(sql, (round_id,)).fetchone()
    return UndecidedFaces(*row, outcome_counts(db, round_id).conflict)
