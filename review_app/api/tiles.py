"""What a tile says of a face, and what it may not say before an unbiased answer."""

from __future__ import annotations

from collections.abc import Sequence

from review_app.api.pack import Tile
from scn_core.records import QueueItem
from scn_core.store.reports.one_face import FaceScore
from scn_core.store.samples import StoredSample

BARS = 3
"""Likeliest classes of a tile."""


def tile(item: QueueItem) -> Tile:
    """The JSON of one tile, but for the picture, which `pack` adds."""
    blind = item.blind
    return {
        "item": item.id,
        "sample": item.sample_id,
        "key": item.key,
        "kind": "audit" if blind else item.kind,  # of another round in review, perhaps
        "given": item.given_label,
        "original": None if blind else item.original_label,
        "since": None if blind else item.decided_round,
        "proposed": None if blind else item.proposed_label,
        "alpha": None if blind else _rounded(item.alpha),
        "margin": None if blind else round(item.margin, 4),
        "suspicion": None if blind else round(item.suspicion, 4),
        "doubt": None if blind else item.doubt,
        "second": None if blind else item.second_label,
        "bars": [] if blind else likeliest(item.probabilities, BARS),
        "action": item.action,
        "label": item.label,
        "by": item.answered_by,
        "at": item.answered_at,
        "decision": item.decision_id,
        "flag": item.flag,
        "flagged": item.flagged,
        "note": None if blind else item.note,
        "noteBy": None if blind else item.note_by,
        "skip": item.skip,
        "blind": blind,
        "copies": [
            {
                "sample": copy.sample_id,
                "given": copy.given_label,
                "proposed": copy.proposed_label,
                "decision": copy.decision_id,
                "by": copy.answered_by,
            }
            for copy in item.copies
        ],
        "copiesApart": item.copies_apart,
        "issues": [issue for issue in item.issues if not (blind and issue == "far")],  # to the network, that is
    }


def unasked(stored: StoredSample, score: FaceScore | None, *, blind: bool = False) -> Tile:
    """The same of a face that the round does not ask about; None: nor did it train on it, or the face is blind."""
    nothing = ("item", "kind", "since", "action", "label", "by", "at", "decision", "flag", "note", "noteBy", "skip")
    known = {
        "sample": stored.id,
        "key": stored.sample.key,
        "given": score.start_label if score else stored.sample.given_label,
        "original": None if blind else stored.sample.given_label,
        "proposed": score.proposed_label if score else None,
        "alpha": _rounded(score.alpha) if score else None,
        "margin": round(score.margin, 4) if score else None,
        "suspicion": round(score.suspicion, 4) if score else None,
        "doubt": score.doubt if score else None,
        "second": score.second_label if score else None,
        "bars": likeliest(score.probabilities, BARS) if score else [],
        "flagged": False,
        "blind": blind,
        "copies": [],
        "copiesApart": 0,
        "issues": [],
    }
    return dict.fromkeys(nothing) | known


def _rounded(alpha: float | None) -> float | None:
    return None if alpha is None else round(alpha, 4)


def likeliest(probabilities: Sequence[float], count: int) -> list[list[float]]:
    """The likeliest classes as [class, probability], likeliest first."""
    order = sorted(range(len(probabilities)), key=lambda label: -probabilities[label])
    return [[label, round(probabilities[label], 4)] for label in order[:count]]
