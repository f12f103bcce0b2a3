"""How many faces people answered today: the one number that the grid, My work and Team show.

The day begins at midnight UTC for everybody, so that a lead and an annotator far from each other read the same number.
"""

from __future__ import annotations

from sqlite_utils import Database

from scn_core.records import ANSWERS
from scn_core.store.schema.expressions import NOW, STANDS

# Per person and round back from the newest decision to the last of yesterday, then a range of an index.
_TODAY = f"""
SELECT p.id, count(DISTINCT d.sample_id) FROM person p CROSS JOIN round r
CROSS JOIN decision d INDEXED BY decision_of_person ON d.person_id = p.id AND d.round_id = r.id
  AND d.seq > coalesce((SELECT e.seq FROM decision e INDEXED BY decision_of_person WHERE e.person_id = p.id
    AND e.round_id = r.id AND e.decided_at < substr({NOW}, 1, 10) ORDER BY e.seq DESC LIMIT 1), 0)
WHERE d.action IN ({", ".join(f"'{action}'" for action in ANSWERS)}) AND {STANDS} AND {{whose}} GROUP BY p.id
"""


def faces_today(db: Database, person_id: int | None = None) -> dict[int, int]:
    """Person id -> faces with an answer of theirs that stands and was given since midnight UTC, in whatever round.

    A face counts once, however often they answered it. People without any are left out, and with `person_id` everybody
    else.
    """
    whose = "1" if person_id is None else "p.id = :person"
    return dict(db.execute(_TODAY.format(whose=whose), {"person": person_id}).fetchall())
