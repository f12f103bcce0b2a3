"""Migration m0001: the first schema."""

from __future__ import annotations

from sqlite_utils import Database

from scn_core.store.schema.expressions import NOW

TABLES = f"""
CREATE TABLE class (
  number INTEGER PRIMARY KEY CHECK (number >= 0),
  name TEXT NOT NULL UNIQUE
);
CREATE TABLE sample (
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  path TEXT NOT NULL,
  split TEXT NOT NULL CONSTRAINT "split is train, val or test" CHECK (split IN ('train', 'val', 'test')),
  given_label INTEGER NOT NULL REFERENCES class(number),
  box_left INTEGER, box_top INTEGER, box_right INTEGER, box_bottom INTEGER,  -- pixels; right and bottom exclusive
  CONSTRAINT "a box has four sides and an area, or is absent" CHECK (
    coalesce(box_left, box_top, box_right, box_bottom) IS NULL
    OR (box_left < box_right AND box_top < box_bottom) IS TRUE)
);
-- Labels known to be better, for measuring only: never trained on, never shown.
CREATE TABLE reference (
  sample_id INTEGER PRIMARY KEY REFERENCES sample(id),
  label INTEGER NOT NULL REFERENCES class(number)
);
CREATE TABLE problem (
  id INTEGER PRIMARY KEY,
  file TEXT NOT NULL,
  line INTEGER CHECK (line >= 1),
  found TEXT NOT NULL,
  allowed TEXT NOT NULL,
  kept INTEGER NOT NULL CHECK (kept IN (0, 1))
);
CREATE TABLE person (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE COLLATE NOCASE CONSTRAINT "a name is not blank" CHECK (trim(name) <> ''),
  role TEXT NOT NULL CONSTRAINT "role is annotator or lead" CHECK (role IN ('annotator', 'lead')),
  created_at TEXT NOT NULL DEFAULT ({NOW})
);
CREATE TABLE session (
  token_hash TEXT PRIMARY KEY,
  person_id INTEGER NOT NULL REFERENCES person(id),
  created_at TEXT NOT NULL DEFAULT ({NOW}),
  expires_at TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE round (
  id INTEGER PRIMARY KEY,
  parent INTEGER REFERENCES round(id) CHECK (parent < id),
  state TEXT NOT NULL CHECK (state IN ('running', 'review', 'closed', 'failed', 'cancelled')),
  config TEXT NOT NULL CHECK (json_valid(config)),
  code_version TEXT NOT NULL,
  started_at TEXT NOT NULL DEFAULT ({NOW}),
  finished_at TEXT,  -- when it last stopped running, however it did
  heartbeat_at TEXT NOT NULL DEFAULT ({NOW}),
  message TEXT,
  metrics TEXT NOT NULL DEFAULT '{{}}' CHECK (json_valid(metrics))
);
CREATE UNIQUE INDEX round_only_one_runs ON round(state) WHERE state = 'running';
CREATE TABLE epoch (
  round_id INTEGER NOT NULL REFERENCES round(id),
  epoch INTEGER NOT NULL CHECK (epoch >= 1),
  loss REAL NOT NULL, wce_loss REAL NOT NULL, rank_loss REAL NOT NULL, accuracy REAL NOT NULL,
  alpha_high REAL NOT NULL, alpha_low REAL NOT NULL, alpha_mean REAL NOT NULL, alpha_std REAL NOT NULL,
  margin_rank REAL NOT NULL, val_accuracy REAL, relabelled INTEGER NOT NULL,
  faces_per_s REAL NOT NULL, seconds REAL NOT NULL,
  PRIMARY KEY (round_id, epoch)
) WITHOUT ROWID;
CREATE TABLE score (
  round_id INTEGER NOT NULL REFERENCES round(id),
  sample_id INTEGER NOT NULL REFERENCES sample(id),
  alpha REAL NOT NULL, p_given REAL NOT NULL, p_max REAL NOT NULL,
  predicted_label INTEGER NOT NULL,
  margin REAL NOT NULL, suspicion REAL NOT NULL,
  low_importance INTEGER NOT NULL CHECK (low_importance IN (0, 1)),
  proposed_label INTEGER,  -- NULL: no relabel is proposed
  trained_label INTEGER NOT NULL,
  probabilities BLOB NOT NULL,  -- little-endian float32, one per class
  PRIMARY KEY (round_id, sample_id)
) WITHOUT ROWID;
-- The last column lets a count of proposals read the index alone.
CREATE INDEX score_proposals ON score(round_id, suspicion DESC, sample_id, proposed_label)
  WHERE proposed_label IS NOT NULL;
CREATE TABLE queue_item (
  id INTEGER PRIMARY KEY,
  round_id INTEGER NOT NULL REFERENCES round(id),
  sample_id INTEGER NOT NULL REFERENCES sample(id),
  slot INTEGER NOT NULL DEFAULT 0 CHECK (slot >= 0),  -- which of several independent readings
  kind TEXT NOT NULL CHECK (kind IN ('proposal', 'low_importance', 'audit', 'repeat')),
  priority REAL NOT NULL,  -- the highest is shown first
  lease_person INTEGER REFERENCES person(id),
  lease_until TEXT,
  UNIQUE (round_id, sample_id, kind, slot),
  CHECK ((lease_person IS NULL) = (lease_until IS NULL))
);
CREATE TABLE decision (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  round_id INTEGER NOT NULL REFERENCES round(id),
  sample_id INTEGER NOT NULL REFERENCES sample(id),
  person_id INTEGER NOT NULL REFERENCES person(id),
  action TEXT NOT NULL CONSTRAINT "action is accept, keep, relabel, unsure, exclude or undo"
    CHECK (action IN ('accept', 'keep', 'relabel', 'unsure', 'exclude', 'undo')),
  label INTEGER REFERENCES class(number),
  undoes TEXT REFERENCES decision(id),
  shown TEXT NOT NULL CONSTRAINT "shown is JSON" CHECK (json_valid(shown)),
  blind INTEGER NOT NULL CHECK (blind IN (0, 1)),
  bulk TEXT,
  milliseconds INTEGER CONSTRAINT "milliseconds is 0 or more" CHECK (milliseconds >= 0),
  decided_at TEXT NOT NULL DEFAULT ({NOW}),
  CONSTRAINT "label is set exactly for accept, keep and relabel"
    CHECK ((label IS NOT NULL) = (action IN ('accept', 'keep', 'relabel'))),
  CONSTRAINT "undoes is set exactly for undo" CHECK ((undoes IS NOT NULL) = (action = 'undo'))
);
CREATE INDEX decision_of_sample ON decision(sample_id, seq);
-- One undo for each decision makes undo, undo of undo, ... a chain, whose length says whether the decision stands.
CREATE UNIQUE INDEX decision_undone_once ON decision(undoes) WHERE undoes IS NOT NULL;
"""

# The last line of defence, for programs that do not come through this package.
TRIGGERS = """
CREATE TRIGGER sample_given_label BEFORE UPDATE OF given_label ON sample
BEGIN SELECT RAISE(ABORT, 'the given label is never overwritten; decide, and read effective_label'); END;
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

CREATE TRIGGER round_closed_update BEFORE UPDATE ON round WHEN OLD.state = 'closed'
BEGIN SELECT RAISE(ABORT, 'a closed round is immutable'); END;
CREATE TRIGGER round_closed_delete BEFORE DELETE ON round WHEN OLD.state = 'closed'
BEGIN SELECT RAISE(ABORT, 'a closed round is immutable'); END;
CREATE TRIGGER epoch_insert BEFORE INSERT ON epoch
WHEN (SELECT state FROM round WHERE id = NEW.round_id) = 'closed'
BEGIN SELECT RAISE(ABORT, 'a closed round is immutable'); END;
CREATE TRIGGER epoch_update BEFORE UPDATE ON epoch
WHEN (SELECT state FROM round WHERE id = OLD.round_id) = 'closed'
BEGIN SELECT RAISE(ABORT, 'a closed round is immutable'); END;
CREATE TRIGGER epoch_delete BEFORE DELETE ON epoch
WHEN (SELECT state FROM round WHERE id = OLD.round_id) = 'closed'
BEGIN SELECT RAISE(ABORT, 'a closed round is immutable'); END;
CREATE TRIGGER score_insert BEFORE INSERT ON score
WHEN (SELECT state FROM round WHERE id = NEW.round_id) = 'closed'
BEGIN SELECT RAISE(ABORT, 'a closed round is immutable'); END;
CREATE TRIGGER score_update BEFORE UPDATE ON score
WHEN (SELECT state FROM round WHERE id = OLD.round_id) = 'closed'
BEGIN SELECT RAISE(ABORT, 'a closed round is immutable'); END;
CREATE TRIGGER score_delete BEFORE DELETE ON score
WHEN (SELECT state FROM round WHERE id = OLD.round_id) = 'closed'
BEGIN SELECT RAISE(ABORT, 'a closed round is immutable'); END;
"""

LIVE = """
-- A decision and the chain of undos hanging on it: an odd length means that it stands.
CREATE VIEW live_decision AS
SELECT d.* FROM decision d
WHERE d.action <> 'undo' AND (
  WITH RECURSIVE chain(id) AS (
    SELECT d.id UNION ALL SELECT u.id FROM chain JOIN decision u ON u.undoes = chain.id)
  SELECT count(*) FROM chain) % 2 = 1;
"""

LABELS = """
-- The newest live decision on a sample wins, whatever its round: accept and relabel give their label, exclude
-- leaves the sample out, keep and unsure leave the given label.
CREATE VIEW effective_label AS
SELECT s.id AS sample_id, s.key, s.path, s.split,
  s.given_label, (SELECT name FROM class WHERE number = s.given_label) AS given_name,
  iif(d.action IN ('accept', 'relabel'), d.label, s.given_label) AS label,
  (SELECT name FROM class WHERE number = iif(d.action IN ('accept', 'relabel'), d.label, s.given_label)) AS label_name,
  d.action IS 'exclude' AS excluded,
  d.id AS decision_id, d.round_id, d.action, d.decided_at,
  (SELECT name FROM person WHERE id = d.person_id) AS person
FROM sample s LEFT JOIN decision d ON d.seq = (
  SELECT seq FROM live_decision WHERE sample_id = s.id ORDER BY seq DESC LIMIT 1);

CREATE VIEW proposal AS
SELECT c.round_id, c.sample_id, s.key, s.path,
  s.given_label, (SELECT name FROM class WHERE number = s.given_label) AS given_name,
  c.proposed_label, (SELECT name FROM class WHERE number = c.proposed_label) AS proposed_name,
  c.alpha, c.p_given, c.p_max, c.margin, c.suspicion
FROM score c JOIN sample s ON s.id = c.sample_id
WHERE c.proposed_label IS NOT NULL;

CREATE VIEW open_proposals AS
SELECT p.* FROM proposal p
WHERE p.round_id IN (SELECT id FROM round WHERE state = 'review') AND NOT EXISTS (
  SELECT 1 FROM live_decision d WHERE d.sample_id = p.sample_id AND d.round_id = p.round_id);

CREATE VIEW low_importance AS
SELECT c.round_id, c.sample_id, s.key, s.path,
  s.given_label, (SELECT name FROM class WHERE number = s.given_label) AS given_name,
  c.predicted_label, (SELECT name FROM class WHERE number = c.predicted_label) AS predicted_name,
  c.proposed_label, (SELECT name FROM class WHERE number = c.proposed_label) AS proposed_name,
  c.alpha, c.margin, c.suspicion
FROM score c JOIN sample s ON s.id = c.sample_id
WHERE c.low_importance = 1;
"""
"""Views of labels and proposals; m0002 makes them anew."""


def migrate(db: Database) -> None:
    """Makes all tables, triggers and views."""
    db.executescript(TABLES + TRIGGERS + LIVE + LABELS)
