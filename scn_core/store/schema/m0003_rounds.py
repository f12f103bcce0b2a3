"""Migration m0003: labels by what several readings come to, outcomes, adjudication, repeats, strata of the audit."""

from __future__ import annotations

from sqlite_utils import Database

from scn_core.store.schema.m0002_review import COUNT_AFRESH

DROP_OLD = """
DROP VIEW effective_label; DROP VIEW proposal; DROP VIEW open_proposals; DROP VIEW low_importance;
DROP TRIGGER score_update;
"""

COLUMNS = """
-- JSON of the rules its answers are read by; '{}' before it has ended.
ALTER TABLE round ADD COLUMN review TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(review));
-- The label the round began with: the given one, or what people had decided by then.
ALTER TABLE score ADD COLUMN start_label INTEGER;
-- 1: a lead settles what readers answered differently; no reading itself.
ALTER TABLE decision ADD COLUMN adjudicates INTEGER NOT NULL DEFAULT 0 CONSTRAINT "only answers adjudicate"
  CHECK (adjudicates IN (0, 1) AND (adjudicates = 0 OR action IN ('accept', 'keep', 'relabel', 'unsure', 'exclude')));
-- Set exactly for repeats: the person who answered the face before and is asked once more.
ALTER TABLE queue_item ADD COLUMN reader INTEGER REFERENCES person(id);
CREATE INDEX queue_repeat ON queue_item(reader, round_id) WHERE reader IS NOT NULL;
"""

TABLES = """
-- What the answers to a face in a round come to, kept in step by `store.answers`. Rows exist where answers stand.
CREATE TABLE outcome (
  sample_id INTEGER NOT NULL REFERENCES sample(id),
  round_id INTEGER NOT NULL REFERENCES round(id),
  state TEXT NOT NULL CHECK (state IN ('waiting', 'conflict', 'decided')),
  action TEXT CHECK (action IN ('accept', 'keep', 'relabel', 'unsure', 'exclude')),  -- set exactly where decided
  label INTEGER REFERENCES class(number),
  seq INTEGER NOT NULL REFERENCES decision(seq),  -- the newest answer that says so; else the newest answer
  answers INTEGER NOT NULL,  -- readings that count
  needed INTEGER NOT NULL,
  adjudicated INTEGER NOT NULL CHECK (adjudicated IN (0, 1)),
  PRIMARY KEY (sample_id, round_id),
  CHECK ((action IS NOT NULL) = (state = 'decided')),
  CHECK ((label IS NOT NULL) = (action IS NOT NULL AND action IN ('accept', 'keep', 'relabel')))
) WITHOUT ROWID;
CREATE INDEX outcome_of_round ON outcome(round_id, state, seq);
-- Audit faces are drawn at random within each stratum: asked about (a proposal, or of low importance) or not, and a
-- range of suspicion, its end exclusive.
CREATE TABLE audit_stratum (
  round_id INTEGER NOT NULL REFERENCES round(id),
  stratum INTEGER NOT NULL,
  queued INTEGER,  -- 1: asked about, 0: not, NULL: either
  suspicion_from REAL NOT NULL,
  suspicion_to REAL NOT NULL,
  faces INTEGER NOT NULL,
  drawn INTEGER NOT NULL,
  PRIMARY KEY (round_id, stratum)
) WITHOUT ROWID;
"""

# Before m0003 the newest answer counted, whatever its round; mode auto alone trained on other labels than a round began
# with; queues showed the given label; audit faces were drawn from all.
FILL = f"""
UPDATE score SET start_label = trained_label;
UPDATE score SET start_label = coalesce(
  (SELECT d.label FROM live_decision d WHERE d.sample_id = score.sample_id
    AND d.decided_at <= (SELECT started_at FROM round WHERE id = score.round_id) ORDER BY d.seq DESC LIMIT 1),
  (SELECT given_label FROM sample WHERE id = score.sample_id))
WHERE round_id IN (SELECT id FROM round WHERE config ->> 'relabel' = 'auto');
UPDATE queue_item SET given_label = start.start_label FROM score start
WHERE start.round_id = queue_item.round_id AND start.sample_id = queue_item.sample_id
  AND start.start_label <> queue_item.given_label;
{COUNT_AFRESH}
INSERT INTO outcome
SELECT d.sample_id, d.round_id, 'decided', d.action, d.label, d.seq, 1, 1, 0 FROM live_decision d
WHERE NOT EXISTS (SELECT 1 FROM live_decision n
  WHERE n.sample_id = d.sample_id AND n.round_id = d.round_id AND n.seq > d.seq);
INSERT INTO audit_stratum
SELECT r.id, 0, NULL, 0.0, 2.0, (SELECT count(*) FROM score WHERE round_id = r.id),
  (SELECT count(DISTINCT sample_id) FROM queue_item WHERE round_id = r.id AND kind = 'audit')
FROM round r WHERE r.state IN ('review', 'closed');
"""

TRIGGERS = """
CREATE TRIGGER score_update BEFORE UPDATE ON score
WHEN (SELECT state FROM round WHERE id = OLD.round_id) = 'closed'
BEGIN SELECT RAISE(ABORT, 'a closed round is immutable'); END;
"""

VIEWS = """
-- The newest round in which people decided about a face counts: accept, keep and relabel give the label of that
-- answer, exclude leaves the face out, unsure gives the given label and is marked as such.
CREATE VIEW effective_label AS
SELECT s.id AS sample_id, s.key, s.path, s.split,
  s.given_label, (SELECT name FROM class WHERE number = s.given_label) AS given_name,
  coalesce(o.label, s.given_label) AS label,
  (SELECT name FROM class WHERE number = coalesce(o.label, s.given_label)) AS label_name,
  o.action IS 'exclude' AS excluded,
  d.id AS decision_id, o.round_id, o.action, d.decided_at,
  (SELECT name FROM person WHERE id = d.person_id) AS person
FROM sample s
LEFT JOIN outcome o ON o.sample_id = s.id AND o.round_id = (
  SELECT max(round_id) FROM outcome WHERE sample_id = s.id AND state = 'decided')
LEFT JOIN decision d ON d.seq = o.seq;

-- The given label is the one the round began with, what its scores are measured against.
CREATE VIEW proposal AS
SELECT c.round_id, c.sample_id, s.key, s.path,
  c.start_label AS given_label, (SELECT name FROM class WHERE number = c.start_label) AS given_name,
  c.proposed_label, (SELECT name FROM class WHERE number = c.proposed_label) AS proposed_name,
  c.alpha, c.p_given, c.p_max, c.margin, c.suspicion,
  s.given_label AS original_label, (SELECT name FROM class WHERE number = s.given_label) AS original_name
FROM score c JOIN sample s ON s.id = c.sample_id
WHERE c.proposed_label IS NOT NULL;

CREATE VIEW open_proposals AS
SELECT p.* FROM proposal p
WHERE p.round_id IN (SELECT id FROM round WHERE state = 'review') AND NOT EXISTS (
  SELECT 1 FROM outcome o WHERE o.sample_id = p.sample_id AND o.round_id = p.round_id AND o.state = 'decided');

CREATE VIEW low_importance AS
SELECT c.round_id, c.sample_id, s.key, s.path,
  c.start_label AS given_label, (SELECT name FROM class WHERE number = c.start_label) AS given_name,
  c.predicted_label, (SELECT name FROM class WHERE number = c.predicted_label) AS predicted_name,
  c.proposed_label, (SELECT name FROM class WHERE number = c.proposed_label) AS proposed_name,
  c.alpha, c.margin, c.suspicion,
  s.given_label AS original_label, (SELECT name FROM class WHERE number = s.given_label) AS original_name
FROM score c JOIN sample s ON s.id = c.sample_id
WHERE c.low_importance = 1;
"""


def migrate(db: Database) -> None:
    """Keeps every row."""
    db.executescript("".join((DROP_OLD, COLUMNS, TABLES, FILL, TRIGGERS, VIEWS)))
