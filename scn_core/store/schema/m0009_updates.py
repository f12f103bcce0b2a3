"""Data sets that are read again: versions of given labels, faces that came, went or were taken out. Keeps every row."""

from __future__ import annotations

from sqlite_utils import Database

TABLES = """
-- A change of the data set after init: it was read again, or faces were taken out.
CREATE TABLE data_change (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('update', 'withdraw')),
  made_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  seq INTEGER NOT NULL,  -- of the newest decision by then: who answered up to it saw the given labels before it
  balance TEXT NOT NULL CHECK (json_valid(balance))  -- what came of every row and face
);
-- A given label that an update replaced; the newest one is in table sample.
CREATE TABLE given_version (
  sample_id INTEGER NOT NULL REFERENCES sample(id),
  replaced_in INTEGER NOT NULL REFERENCES data_change(id),
  label INTEGER NOT NULL REFERENCES class(number),
  PRIMARY KEY (sample_id, replaced_in)
) WITHOUT ROWID;
CREATE TRIGGER given_version_no_update BEFORE UPDATE ON given_version
BEGIN SELECT RAISE(ABORT, 'versions of given labels are append-only'); END;
CREATE TRIGGER given_version_no_delete BEFORE DELETE ON given_version
BEGIN SELECT RAISE(ABORT, 'versions of given labels are append-only'); END;

ALTER TABLE sample ADD COLUMN digest BLOB;  -- hash of the picture file; NULL in imports from before it was kept
ALTER TABLE sample ADD COLUMN added_in INTEGER REFERENCES data_change(id);  -- NULL: by init
ALTER TABLE sample ADD COLUMN vanished_in INTEGER REFERENCES data_change(id);  -- NULL: the data set has it
ALTER TABLE sample ADD COLUMN withdrawn_in INTEGER REFERENCES data_change(id);  -- taken out; NULL: not
CREATE INDEX sample_gone ON sample(id) WHERE vanished_in IS NOT NULL OR withdrawn_in IS NOT NULL;

-- An open reading of a face that was taken out is asked of nobody.
CREATE TRIGGER queue_removed AFTER DELETE ON queue_item WHEN OLD.listed = 1
BEGIN
  UPDATE queue_count SET n = n - 1 WHERE round_id = OLD.round_id AND kind = OLD.kind
    AND given_label = OLD.given_label AND proposed_label = coalesce(OLD.proposed_label, -1) AND doubt = OLD.doubt
    AND alpha_bin = min(19, CAST(OLD.alpha * 20 AS INTEGER)) AND action = coalesce(OLD.action, '');
END;

DROP TRIGGER sample_given_label;
CREATE TRIGGER sample_given_label BEFORE UPDATE OF given_label ON sample
WHEN NEW.given_label IS NOT OLD.given_label AND NOT EXISTS (
  SELECT 1 FROM given_version WHERE sample_id = OLD.id AND label = OLD.given_label
    AND replaced_in = (SELECT max(id) FROM data_change))
BEGIN SELECT RAISE(ABORT, 'the given label is never overwritten; decide, and read effective_label'); END;

DROP VIEW effective_label;
CREATE VIEW effective_label AS
SELECT s.id AS sample_id, s.key, s.path, s.split,
  s.given_label, (SELECT name FROM class WHERE number = s.given_label) AS given_name,
  coalesce(o.label, s.given_label) AS label,
  (SELECT name FROM class WHERE number = coalesce(o.label, s.given_label)) AS label_name,
  o.action IS 'exclude' OR s.withdrawn_in IS NOT NULL AS excluded,
  s.vanished_in IS NOT NULL AS vanished,
  d.id AS decision_id, o.round_id, o.action, d.decided_at,
  (SELECT name FROM person WHERE id = d.person_id) AS person,
  -- The given label of when it was decided, where an update has replaced it since.
  iif(o.seq IS NULL, NULL, (SELECT v.label FROM given_version v JOIN data_change u ON u.id = v.replaced_in
    WHERE v.sample_id = s.id AND u.seq >= o.seq ORDER BY u.id LIMIT 1)) AS given_when_decided
FROM sample s
LEFT JOIN outcome o ON o.sample_id = s.id AND o.round_id = (
  SELECT max(round_id) FROM outcome WHERE sample_id = s.id AND state = 'decided')
LEFT JOIN decision d ON d.seq = o.seq;

DROP VIEW open_proposals;
CREATE VIEW open_proposals AS
SELECT p.* FROM proposal p
WHERE p.round_id IN (SELECT id FROM round WHERE state = 'review')
  AND p.sample_id NOT IN (SELECT id FROM sample WHERE withdrawn_in IS NOT NULL) AND NOT EXISTS (
  SELECT 1 FROM outcome o WHERE o.sample_id = p.sample_id AND o.round_id = p.round_id AND o.state = 'decided');
"""


def migrate(db: Database) -> None:
    """Adds the tables and columns, and lets a given label change where the old one is kept."""
    db.executescript(TABLES)
