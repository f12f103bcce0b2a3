"""What people did after a job was packed, of which its round knows nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from sqlite_utils import Database

from scn_core.errors import counted
from scn_core.records import RoundScores
from scn_core.store.decisions.record import effective_labels


@dataclass(frozen=True)
class Since:
    """What changed between packing and unpacking."""

    revision: str
    """Where the labels stood when the job was packed."""
    answers: int
    """Given since, and not taken back."""
    labels: int
    """Faces of the round that have another label now, or are excluded."""

    def __str__(self) -> str:
        """What that means; empty: nothing changed."""
        if not self.answers and not self.labels:
            return ""
        given = f"{counted(self.answers, 'answer')} {'was' if self.answers == 1 else 'were'} given"
        return (
            f"the job was packed at {self.revision}; since then {given}, and {counted(self.labels, 'face')} of it got "
            "another label or went out. All of that is kept and counts. This round was trained without it and may ask "
            "about these faces once more; the next one trains on it"
        )


def changed_since(db: Database, revision: str, scores: RoundScores) -> Since:
    """What changed since `revision`, as `Revision` writes it, for a round with these scores that was trained then."""
    found = re.search(r"-d(\d{1,18})", revision)
    sql = "SELECT count(*) FROM live_decision WHERE seq > ?"
    answers = db.execute(sql, (int(found[1]),)).fetchone()[0] if found else 0
    now = effective_labels(db)
    place = np.searchsorted(now.sample_id, scores.sample_id)
    changed = (now.label[place] != scores.start_label) | now.excluded[place]
    return Since(revision, int(answers), int(changed.sum()))
