"""A log that is not as it was written is told from one that is, by this program and by an outsider."""

from __future__ import annotations

import hashlib
import json

import pytest
from sqlite_utils import Database

from scn_core.store.decisions.history import HistoryEnd, broken_history, history_end, is_prefix
from scn_core.store.decisions.record import record_each
from scn_core.store.schema.differences import SchemaDifferences, schema_differences
from scn_core.store.schema.running_hash import HASHED
from tests.scn_core.store.review_model import decide, undo

NO_TRIGGERS = "DROP TRIGGER decision_no_update; DROP TRIGGER decision_no_delete;"


@pytest.fixture
def answered(review: Database) -> Database:
    """Six decisions, the fifth with a note in other letters; a refused one between them takes no number."""
    said = [decide(face, "keep", person) for face in (1, 2) for person in ("ann", "bob")]
    assert record_each(review, [*said[:2], decide(99, "keep"), *said[2:]])[0].code == "invalid"
    assert record_each(review, [decide(3, "note", text='größe\n"日本"', shown='{"alpha": 0.5}'), undo(said[0])]) == []
    return review


def test_an_untouched_log_is_whole(answered: Database) -> None:
    assert broken_history(answered) == []
    assert schema_differences(answered).describe() == []
    assert history_end(answered).seq == 6


def test_an_outsider_computes_the_same_hashes(answered: Database) -> None:
    """As docs/database.md says, with nothing of this program's."""
    before = ""
    for *row, stored in answered.execute(f"SELECT {', '.join(HASHED)}, hash FROM decision ORDER BY seq"):
        before = hashlib.sha256(json.dumps([before, *row], separators=(",", ":")).encode()).hexdigest()
        assert before == stored


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("UPDATE decision SET label = 2 WHERE seq = 3", ["decision 3 or its hash is not as it was written"]),
        ("UPDATE decision SET decided_at = '2026-01-01T00:00:00.000Z' WHERE seq = 6",
         ["decision 6 or its hash is not as it was written"]),
        (f"UPDATE decision SET hash = '{'0' * 64}' WHERE seq = 2",
         [f"decision {seq} or its hash is not as it was written" for seq in (2, 3)]),
        ("UPDATE decision SET hash = NULL WHERE seq = 6",
         ["decision 6 has no hash: it was written by another program"]),
        ("DELETE FROM decision WHERE seq = 2",
         ["found decision 3 where 2 is due", "decision 3 or its hash is not as it was written"]),
        ("DELETE FROM decision WHERE seq > 4", ["decisions 5 to 6 are missing at the end"]),
    ],
)  # fmt: skip
def test_every_change_is_found(answered: Database, change: str, found: list[str]) -> None:
    answered.conn.executescript(NO_TRIGGERS)
    answered.execute("PRAGMA foreign_keys = OFF")
    answered.execute(change)
    assert broken_history(answered) == found
    missing = ("trigger decision_no_delete", "trigger decision_no_update")
    assert schema_differences(answered) == SchemaDifferences((), missing)


def test_answers_after_rows_were_taken_from_the_end_leave_a_gap(answered: Database) -> None:
    answered.conn.executescript(NO_TRIGGERS)
    answered.execute("DELETE FROM decision WHERE seq = 6")
    assert record_each(answered, [decide(4, "keep")]) == []
    assert broken_history(answered) == ["found decision 7 where 6 is due"]


def test_a_log_goes_on_from_where_it_ended_or_is_another(answered: Database) -> None:
    then = history_end(answered)
    assert record_each(answered, [decide(4, "keep")]) == []
    assert history_end(answered).seq == 7
    assert is_prefix(answered, then)
    assert is_prefix(answered, HistoryEnd(0, ""))
    assert not is_prefix(answered, then._replace(hash="0" * 64))
    assert not is_prefix(answered, then._replace(seq=9))
