"""A file that FiftyOne's own exporter (1.22.1) wrote, after its importer had read our export of the toy data set.

Face 1 had been decided as sad before; in FiftyOne somebody changed the label of face 4 to happy.
"""

from __future__ import annotations

from pathlib import Path

from sqlite_utils import Database

from scn_core.exchange.import_decisions.import_plan import plan_import
from tests.scn_core.exchange.export.labelled import decide
from tests.scn_core.exchange.import_decisions.elsewhere import log, take

EXPORTED = Path(__file__).parent / "fiftyone_export.json"


def test_of_labels_of_fiftyone_only_what_was_changed_is_taken(db: Database) -> None:
    decide(db, 1, "accept", 1)
    plan = take(db, EXPORTED, person="ann")
    assert (plan.problems, plan.rows, plan.unchanged) == ((), 10, 9)
    assert log(db)[1:] == [(4, "ann", "accept", 0, None)]
    assert plan_import(db, EXPORTED, person="ann").decisions == ()
