"""Migration m0002: marks beside answers, answers and leases in the queue, counts, accounts.

SQLite cannot change a CHECK, so `decision` and `queue_item` are made anew and filled from the old ones.
"""

from __future__ import annotations

from sqlite_utils import Database

from scn_core.store.schema.expressions import ALPHA_BIN, STANDS
from scn_core.store.schema.m0001_tables import LABELS

_NOW = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"

DROP_OLD = """
DROP VIEW live_decision; DROP VIEW effective_label; DROP VIEW proposal; DROP VIEW open_proposals;
DROP VIEW low_importance;
DROP TRIGGER decision_no_update; DROP TRIGGER decision_no_delete; DROP TRIGGER decision_no_replace;
DROP TRIGGER decision_in_review; DROP TRIGGER decision_undo_own;
ALTER TABLE decision RENAME TO decision_1;
ALTER TABLE queue_item RENAME TO queue_item_1;
"""

DECISION = f"""
CREATE TABLE decision (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  round_id INTEGER NOT NULL REFERENCES round(id),
  sample_id INTEGER NOT NULL REFERENCES sample(id),
  person_id INTEGER NOT NULL REFERENCES person(id),
  action TEXT NOT NULL CONSTRAINT "action is accept, keep, relabel, unsure, exclude, skip, flag, note or undo"
    CHECK (action IN ('accept', 'keep', 'relabel', 'unsure', 'exclude', 'skip', 'flag', 'note', 'undo')),
  label INTEGER REFERENCES class(number),
  undoes TEXT REFERENCES decision(id),
  shown TEXT NOT NULL CONSTRAINT "shown is JSON" CHECK (json_valid(shown)),
  blind INTEGER NOT NULL CHECK (blind IN (0, 1)),
  bulk TEXT,
  milliseconds INTEGER CONSTRAINT "milliseconds is 0 or more" CHECK (milliseconds >= 0),
  decided_at TEXT NOT NULL DEFAULT ({_NOW}),
  text TEXT CONSTRAINT "text has 1 to 2000 characters" CHECK (length(text) BETWEEN 1 AND 2000),
  CONSTRAINT "label is set exactly for accept, keep and relabel"
    CHECK ((label IS NOT NULL) = (action IN ('accept', 'keep', 'relabel'))),
  CONSTRAINT "undoes is set exactly for undo" CHECK ((undoes IS NOT NULL) = (action = 'undo')),
  CONSTRAINT "text is set exactly for note" CHECK ((text IS NOT NULL) = (action = 'note'))
);
INSERT INTO decision (seq, id, round_id, sample_id, person_id, action, label, undoes, shown, blind, bulk,
  milliseconds, decided_at)
SELECT seq, id, round_id, sample_id, person_id, action, label, undoes, shown, blind, bulk, milliseconds, decided_at
FROM decision_1 ORDER BY seq;
DROP TABLE decision_1;
CREATE INDEX decision_of_sample ON decision(sample_id, seq);
-- One undo for each decision makes undo, undo of undo, ... a chain, whose length says whether the decision stands.
CREATE UNIQUE INDEX decision_undone_once ON decision(undoes) WHERE undoes IS NOT NULL;
CREATE INDEX decision_of_person ON decision(person_id, round_id, seq);
CREATE INDEX decision_of_bulk ON decision(bulk, seq) WHERE bulk IS NOT NULL;
CREATE INDEX decision_flags ON decision(round_id, sample_id) WHERE action = 'flag';
CREATE INDEX decision_skips ON decision(round_id, person_id, sample_id) WHERE action = 'skip';
"""

QUEUE = """
CREATE TABLE queue_item (
  id INTEGER PRIMARY KEY,  -- within a round in the order of suspicion
  round_id INTEGER NOT NULL REFERENCES round(id),
  sample_id INTEGER NOT NULL REFERENCES sample(id),
  slot INTEGER NOT NULL DEFAULT 0 CHECK (slot >= 0),  -- which of several independent readings
  kind TEXT NOT NULL CHECK (kind IN ('proposal', 'low_importance', 'audit', 'repeat')),
  priority REAL NOT NULL,  -- the highest is shown first
  alpha REAL NOT NULL, margin REAL NOT NULL, given_label INTEGER NOT NULL,
  proposed_label INTEGER,  -- NULL: none, or an audit item, whose proposal no filter shall tell
  listed INTEGER NOT NULL DEFAULT 1 CHECK (listed IN (0, 1)),  -- 0: the face is asked about as an audit item instead
  action TEXT CHECK (action IN ('accept', 'keep', 'relabel', 'unsure', 'exclude')),  -- NULL: open
  answered_by INTEGER REFERENCES person(id),
  answered_seq INTEGER REFERENCES decision(seq),
  lease_person INTEGER REFERENCES person(id),
  lease_until TEXT,
  CHECK ((lease_person IS NULL) = (lease_until IS NULL)),
  CHECK ((action IS NULL) = (answered_by IS NULL) AND (action IS NULL) = (answered_seq IS NULL)),
  CONSTRAINT "only open items are leased" CHECK (action IS NULL OR lease_person IS NULL)
);
INSERT INTO queue_item (round_id, sample_id, slot, kind, priority, alpha, margin, given_label, proposed_label, listed)
SELECT q.round_id, q.sample_id, q.slot, q.kind, q.priority, coalesce(c.alpha, 0), coalesce(c.margin, 0),
  s.given_label, iif(q.kind = 'audit', NULL, c.proposed_label),
  q.kind = 'audit' OR NOT EXISTS (SELECT 1 FROM queue_item_1 a WHERE a.round_id = q.round_id
    AND a.sample_id = q.sample_id AND a.kind = 'audit' AND a.slot = q.slot)
FROM queue_item_1 q JOIN sample s ON s.id = q.sample_id
LEFT JOIN score c ON c.round_id = q.round_id AND c.sample_id = q.sample_id
ORDER BY q.round_id, q.priority DESC, q.sample_id, q.slot;
DROP TABLE queue_item_1;
"""

# What people ask for is an index range: the open items by pair and order, the answered ones by answer and order.
# After many rows `insert_queue` makes them anew: sorted in one go is faster than row by row.
INDEXES = """
CREATE UNIQUE INDEX queue_reading ON queue_item(round_id, sample_id, slot, kind);
CREATE INDEX queue_open_alpha ON queue_item(round_id, given_label, proposed_label, alpha)
  WHERE action IS NULL AND listed = 1;
CREATE INDEX queue_open_margin ON queue_item(round_id, given_label, proposed_label, margin DESC)
  WHERE action IS NULL AND listed = 1;
CREATE INDEX queue_free ON queue_item(round_id) WHERE action IS NULL AND listed = 1 AND lease_person IS NULL;
CREATE INDEX queue_open_pair ON queue_item(round_id, given_label, proposed_label) WHERE action IS NULL AND listed = 1;
CREATE INDEX queue_done ON queue_item(round_id, action) WHERE action IS NOT NULL AND listed = 1;
CREATE INDEX queue_done_alpha ON queue_item(round_id, action, alpha) WHERE action IS NOT NULL AND listed = 1;
CREATE INDEX queue_done_margin ON queue_item(round_id, action, margin DESC) WHERE action IS NOT NULL AND listed = 1;
CREATE INDEX queue_done_newest ON queue_item(round_id, action, answered_seq DESC)
  WHERE action IS NOT NULL AND listed = 1;
CREATE INDEX queue_done_pair ON queue_item(round_id, given_label, proposed_label)
  WHERE action IS NOT NULL AND listed = 1;
CREATE INDEX queue_done_person ON queue_item(round_id, answered_by, answered_seq)
  WHERE action IS NOT NULL AND listed = 1;
CREATE INDEX queue_leased ON queue_item(round_id) WHERE lease_person IS NOT NULL;
CREATE INDEX queue_lease_end ON queue_item(lease_until) WHERE lease_until IS NOT NULL;
CREATE INDEX queue_lease_person ON queue_item(lease_person, round_id) WHERE lease_person IS NOT NULL;
"""

COUNTS = """
-- Listed items of a round, counted by all that a filter asks for.
CREATE TABLE queue_count (
  round_id INTEGER NOT NULL REFERENCES round(id),
  kind TEXT NOT NULL,
  given_label INTEGER NOT NULL,
  proposed_label INTEGER NOT NULL,  -- -1: none
  alpha_bin INTEGER NOT NULL CHECK (alpha_bin BETWEEN 0 AND 19),
  action TEXT NOT NULL,  -- '': open
  n INTEGER NOT NULL,
  PRIMARY KEY (round_id, kind, given_label, proposed_label, alpha_bin, action)
) WITHOUT ROWID;
CREATE TRIGGER queue_answered AFTER UPDATE OF action ON queue_item
WHEN NEW.listed = 1 AND OLD.action IS NOT NEW.action
BEGIN
  UPDATE queue_count SET n = n - 1 WHERE round_id = OLD.round_id AND kind = OLD.kind
    AND given_label = OLD.given_label AND proposed_label = coalesce(OLD.proposed_label, -1)
    AND alpha_bin = min(19, CAST(OLD.alpha * 20 AS INTEGER)) AND action = coalesce(OLD.action, '');
  INSERT INTO queue_count VALUES (NEW.round_id, NEW.kind, NEW.given_label, coalesce(NEW.proposed_label, -1),
    min(19, CAST(NEW.alpha * 20 AS INTEGER)), coalesce(NEW.action, ''), 1)
  ON CONFLICT DO UPDATE SET n = n + 1;
END;
-- Answers that stand, by the minute they were given in.
CREATE TABLE answer_count (
  round_id INTEGER NOT NULL REFERENCES round(id),
  person_id INTEGER NOT NULL REFERENCES person(id),
  minute TEXT NOT NULL,  -- 2026-11-23T06:20
  n INTEGER NOT NULL,
  PRIMARY KEY (round_id, person_id, minute)
) WITHOUT ROWID;
"""

TRIGGERS = """
CREATE TRIGGER decision_no_update BEFORE UPDATE ON decision
BEGIN SELECT RAISE(ABORT, 'decisions are append-only'); END;
CREATE TRIGGER decision_no_delete BEFORE DELETE ON decision
BEGIN SELECT RAISE(ABORT, 'decisions are append-only'); END;
-- INSERT OR REPLACE deletes without the trigger above, unless recursive_triggers is on.
CREATE TRIGGER decision_no_replace BEFORE INSERT ON decision
WHEN EXISTS (SELECT 1 FROM decision WHERE id = NEW.id OR seq = NEW.seq OR undoes = NEW.undoes)
BEGIN SELECT RAISE(ABORT, 'decisions are append-only, and taken back once'); END;
CREATE TRIGGER decision_in_review BEFORE INSERT ON decision
WHEN (SELECT state FROM round WHERE id = NEW.round_id) IS NOT 'review'
BEGIN SELECT RAISE(ABORT, 'decisions are taken while their round is in review'); END;
CREATE TRIGGER decision_undo_own BEFORE INSERT ON decision
WHEN NEW.action = 'undo' AND NOT EXISTS (
  SELECT 1 FROM decision WHERE id = NEW.undoes AND sample_id = NEW.sample_id AND person_id = NEW.person_id)
BEGIN SELECT RAISE(ABORT, 'an undo takes back an earlier decision of the same person on the same sample'); END;
"""

PERSON = """
ALTER TABLE person ADD COLUMN password_hash TEXT;
ALTER TABLE person ADD COLUMN active INTEGER NOT NULL DEFAULT 1 CHECK (active IN (0, 1));
"""

COUNT_AFRESH = f"""
DELETE FROM queue_count;
INSERT INTO queue_count
SELECT round_id, kind, given_label, coalesce(proposed_label, -1), {ALPHA_BIN}, coalesce(action, ''), count(*)
FROM queue_item WHERE listed = 1 GROUP BY 1, 2, 3, 4, 5, 6;
"""

# After the views: what the log says goes into the queue and the counts. Before m0002 each face had one reading.
FILL = f"""
UPDATE queue_item SET (action, answered_by, answered_seq) = (
  SELECT action, person_id, seq FROM live_decision d
  WHERE d.sample_id = queue_item.sample_id AND d.round_id = queue_item.round_id ORDER BY seq DESC LIMIT 1)
WHERE slot = 0 AND (round_id, sample_id) IN (SELECT round_id, sample_id FROM live_decision);
{COUNT_AFRESH}
INSERT INTO answer_count
SELECT round_id, person_id, substr(decided_at, 1, 16), count(*) FROM live_decision GROUP BY 1, 2, 3;
"""

LIVE = f"""
CREATE VIEW live_decision AS
SELECT d.* FROM decision d WHERE d.action IN ('accept', 'keep', 'relabel', 'unsure', 'exclude') AND {STANDS};

CREATE VIEW live_mark AS
SELECT d.* FROM decision d WHERE d.action IN ('skip', 'flag', 'note') AND {STANDS};
"""


def migrate(db: Database) -> None:
    """Keeps every row."""
    db.execute("PRAGMA defer_foreign_keys = ON")  # until the commit
    parts = (DROP_OLD, PERSON, DECISION, QUEUE, INDEXES, COUNTS, TRIGGERS, LIVE, LABELS, FILL)
    db.executescript("".join(parts))
