"""What scripts send with `Client.decide`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any
from uuid import uuid4

from review_app.client.records import Done, Face
from scn_core.records import Action


@dataclass(frozen=True, slots=True)
class Decision:
    """An answer, a mark or an undo, to be sent with `Client.decide`. Sent again with its id, it counts once."""

    round: int
    sample: int
    """Number of the face."""
    action: Action
    label: int | None = None
    """accept: the proposed label of the face; keep: its given label; relabel: any class; otherwise None."""
    undoes: str | None = None
    """For undo: id of the decision to take back."""
    text: str | None = None
    """For note: 1 to 2,000 characters."""
    bulk: str | None = None
    """The same UUID for all answers given at once: audit faces, and faces answered since, are then refused."""
    blind: bool = False
    """No proposal was shown."""
    ms: int | None = None
    """Milliseconds since the decision before."""
    shown: Mapping[str, Any] = field(default_factory=dict)
    """What was shown of the face, for the log; at most 2,048 bytes as JSON."""
    before: str | None = None
    """With `bulk`: the `decision` that the face showed; None: it was to review."""
    id: str = field(default_factory=lambda: str(uuid4()))
    """A UUID of its own."""

    @classmethod
    def accept(cls, round: int, face: Face) -> Decision:
        """The proposed label. Raises ValueError for a face without one."""
        if face.proposed is None:
            raise ValueError(f"face {face.sample} has no proposal to accept; keep or relabel it")
        return cls(round, face.sample, "accept", face.proposed)

    @classmethod
    def keep(cls, round: int, face: Face) -> Decision:
        """The given label."""
        return cls(round, face.sample, "keep", face.given, blind=face.blind)

    @classmethod
    def relabel(cls, round: int, face: Face, label: int) -> Decision:
        """The class of this number."""
        return cls(round, face.sample, "relabel", label, blind=face.blind)

    @classmethod
    def unsure(cls, round: int, face: Face) -> Decision:
        """No class can be told."""
        return cls(round, face.sample, "unsure", blind=face.blind)

    @classmethod
    def exclude(cls, round: int, face: Face) -> Decision:
        """The face is not to be trained on."""
        return cls(round, face.sample, "exclude", blind=face.blind)

    @classmethod
    def skip(cls, round: int, face: Face) -> Decision:
        """Left to others; a mark, no answer."""
        return cls(round, face.sample, "skip", blind=face.blind)

    @classmethod
    def undo(cls, round: int, done: Decision | Done) -> Decision:
        """Takes back a decision of your own in the same round: one that was sent, or one of `Client.history`."""
        return cls(round, done.sample, "undo", undoes=done.id)

    def as_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)
