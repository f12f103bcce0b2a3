"""What is sent together to be recorded, and what becomes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

from scn_core.records import Decision

RefusalCode = Literal["audit", "answered", "closed", "no_round", "unseen", "invalid"]
REFUSAL_CODES: tuple[RefusalCode, ...] = get_args(RefusalCode)
"""audit: a bulk answer to an audit face; answered: a bulk answer to a face that was answered since it was shown;
closed: the round is not in review; no_round: there is no such round; unseen: an answer to a face whose picture is gone;
invalid: anything else."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A decision that was not stored, and why."""

    id: str
    error: str
    """What was found, what is allowed."""
    code: RefusalCode


@dataclass(frozen=True)
class Batch:
    """Decisions that were sent together."""

    decisions: Sequence[Decision]
    believed: Mapping[str, str | None] | None = None
    """By id of a decision, the id of the answer that the person was shown as the face's when they made it; None: the
    face was shown as open. A bulk answer to a face that was answered since is left out, with code answered. Without
    `believed` nothing is compared."""
    unseen: Mapping[int, str] | None = None
    """Sample id -> why its picture cannot be seen; answers in NEED_THE_PICTURE about it are refused."""


class Recorded(NamedTuple):
    """What became of a batch; those of its decisions that are in neither list were stored already."""

    new: list[Decision]
    refused: list[Refusal]
