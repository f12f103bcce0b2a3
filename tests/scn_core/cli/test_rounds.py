"""`python -m scn_core round compare`: the page's comparison for a terminal and for scripts."""

from __future__ import annotations

import json
import uuid

import numpy as np

from scn_core.records import Decision
from scn_core.rounds.artifacts import write_predictions
from scn_core.rounds.compare import compare, importance_words
from scn_core.rounds.compare_accuracy import change_words
from scn_core.store.decisions.record import record_decisions
from scn_core.store.people.people import ensure_person
from scn_core.workspace.folder import Workspace
from tests.review_workspace import add_round
from tests.scn_core.conftest import Run


def test_two_rounds_are_compared(run: Run, reviewed: Workspace) -> None:
    with reviewed.database() as db:
        ensure_person(db, "ann")
        face, label = db.execute("SELECT sample_id, proposed_label FROM score WHERE proposed_label >= 0").fetchone()
        record_decisions(db, [Decision(str(uuid.uuid4()), 1, face, "ann", "accept", label)])
    alone = run("round", "compare", reviewed.path)
    assert alone.code == 1
    assert "found rounds 1 and 1; allowed: an earlier round, then a later one" in alone.err
    add_round(reviewed)
    with reviewed.database() as db:
        test = np.array([row[0] for row in db.execute("SELECT id FROM sample WHERE split = 'test' ORDER BY id")])
    for number in (1, 2):
        write_predictions(reviewed.round_folder(number), test, test % 7, (test % 7) * (number - 1))
    with reviewed.database(read_only=True) as db:
        found = compare(reviewed, db, 1, 2)
    assert found.moved.importance is not None
    text = run("round", "compare", reviewed.path).out.splitlines()
    assert "1 label changed between them" in text[0]
    assert text[1] == change_words(found.accuracy[0])
    assert text[-1] == importance_words(found.moved.importance, 1, 2)
    assert "came out worse" not in "".join(text)
    with reviewed.database() as db:
        pairs = {"faces": 300, "gained": 20, "lost": 42, "first": 0.55, "second": 0.477}
        db.execute(
            "UPDATE round SET metrics = json_set(metrics, '$.validation_against', json(?)) WHERE id = 2",
            [json.dumps({"1": pairs})],
        )
    worse = "Round 2 came out worse than round 1: validation 55.0% to 47.7%, -7.3 points ("
    assert worse in run("round", "compare", reviewed.path).out
    told = json.loads(run("round", "compare", reviewed.path, "--first", 1, "--second", 2, "--json").out)
    assert told["first"]["alpha"] == found.first.alpha.tolist()
    assert told["moved"]["importance"]["faces"] == 1
    assert told["accuracy"][0]["gained"] == found.accuracy[0].gained > 0
    assert told["second"]["info"]["id"] == 2
