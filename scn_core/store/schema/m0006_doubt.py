"""Migration m0006: kinds of doubt, the second choice, faces asked about for their suspicion alone.

SQLite cannot change a CHECK, so `queue_item` is made anew and filled from the old one.
"""

from __future__ import annotations

from sqlite_utils import Database

from scn_core.store.schema.expressions import ALPHA_BIN

DROP_OLD = """
DROP VIEW proposal; DROP VIEW open_proposals; DROP VIEW low_importance;
DROP TRIGGER queue_answered;
DROP TABLE queue_count;
ALTER TABLE queue_item RENAME TO queue_item_5;
"""

SCORE = """
-- The likeliest class but for start_label and the best other one; NULL: there is none, or the round is from before.
ALTER TABLE score ADD COLUMN second_label INTEGER;
-- 0 none, 1 mislabelled, 2 ambiguous; NULL in rounds from before they were told apart.
ALTER TABLE score ADD COLUMN doubt INTEGER CHECK (doubt BETWEEN 0 AND 2);
-- 1: asked about for its suspicion alone, outside the low-importance group and without a proposal.
ALTER TABLE score ADD COLUMN suspicious INTEGER NOT NULL DEFAULT 0 CHECK (suspicious IN (0, 1));
"""

QUEUE = """
CREATE TABLE queue_item (
  id INTEGER PRIMARY KEY,  -- within a round in the order of suspicion
  round_id INTEGER NOT NULL REFERENCES round(id),
  sample_id INTEGER NOT NULL REFERENCES sample(id),
  slot INTEGER NOT NULL DEFAULT 0 CHECK (slot >= 0),  -- which of several independent readings
  kind TEXT NOT NULL CHECK (kind IN ('proposal', 'low_importance', 'suspicious', 'audit', 'repeat')),
  priority REAL NOT NULL,  -- the highest is shown first
  alpha REAL NOT NULL, margin REAL NOT NULL, given_label INTEGER NOT NULL,
  proposed_label INTEGER,  -- NULL: none, or an audit item, whose proposal no filter shall tell
  doubt INTEGER NOT NULL DEFAULT 0 CHECK (doubt BETWEEN 0 AND 2),  -- 0: none, or an audit item
  low_importance INTEGER NOT NULL DEFAULT 0 CHECK (low_importance IN (0, 1)),  -- 0: not, or an audit item
  listed INTEGER NOT NULL DEFAULT 1 CHECK (listed IN (0, 1)),  -- 0: the face is asked about as an audit item instead
  action TEXT CHECK (action IN ('accept', 'keep', 'relabel', 'unsure', 'exclude')),  -- NULL: open
  answered_by INTEGER REFERENCES person(id),
  answered_seq INTEGER REFERENCES decision(seq),
  lease_person INTEGER REFERENCES person(id),
  lease_until TEXT,
  reader INTEGER REFERENCES person(id),  -- of a repeat: who answered the face before and is asked once more
  CHECK ((lease_person IS NULL) = (lease_until IS NULL)),
  CHECK ((action IS NULL) = (answered_by IS NULL) AND (action IS NULL) = (answered_seq IS NULL)),
  CONSTRAINT "only open items are leased" CHECK (action IS NULL OR lease_person IS NULL)
);
INSERT INTO queue_item (id, round_id, sample_id, slot, kind, priority, alpha, margin, given_label, proposed_label,
  low_importance, listed, action, answered_by, answered_seq, lease_person, lease_until, reader)
SELECT q.id, q.round_id, q.sample_id, q.slot, q.kind, q.priority, q.alpha, q.margin, q.given_label, q.proposed_label,
  q.kind <> 'audit' AND coalesce(c.low_importance, 0), q.listed, q.action, q.answered_by, q.answered_seq,
  q.lease_person, q.lease_until, q.reader
FROM queue_item_5 q LEFT JOIN score c ON c.round_id = q.round_id AND c.sample_id = q.sample_id ORDER BY q.id;
DROP TABLE queue_item_5;
CREATE INDEX queue_repeat ON queue_item(reader, round_id) WHERE reader IS NOT NULL;
"""

# What people ask for is an index range: the open items by pair and order, those doubted likewise by doubt, the answered
# ones by answer and order.
INDEXES = """
CREATE UNIQUE INDEX queue_reading ON queue_item(round_id, sample_id, slot, kind);
CREATE INDEX queue_open_alpha ON queue_item(round_id, given_label, proposed_label, alpha)
  WHERE action IS NULL AND listed = 1;
CREATE INDEX queue_open_margin ON queue_item(round_id, given_label, proposed_label, margin DESC)
  WHERE action IS NULL AND listed = 1;
CREATE INDEX queue_open_pair ON queue_item(round_id, given_label, proposed_label) WHERE action IS NULL AND listed = 1;
CREATE INDEX queue_doubt_alpha ON queue_item(round_id, doubt, given_label, proposed_label, alpha)
  WHERE action IS NULL AND listed = 1 AND doubt <> 0;
CREATE INDEX queue_doubt_margin ON queue_item(round_id, doubt, given_label, proposed_label, margin DESC)
  WHERE action IS NULL AND listed = 1 AND doubt <> 0;
CREATE INDEX queue_doubt_pair ON queue_item(round_id, doubt, given_label, proposed_label)
  WHERE action IS NULL AND listed = 1 AND doubt <> 0;
CREATE INDEX queue_free ON queue_item(round_id) WHERE action IS NULL AND listed = 1 AND lease_person IS NULL;
CREATE INDEX queue_done ON queue_item(round_id, action) WHERE action IS NOT NULL AND listed = 1;
CREATE INDEX queue_done_alpha ON queue_item(round_id, action, alpha) WHERE action IS NOT NULL AND listed = 1;
CREATE INDEX queue_done_margin ON queue_item(round_id, action, margin DESC) WHERE action IS NOT NULL AND listed = 1;
CREATE INDEX queue_done_newest ON queue_item(round_id, action, answered_seq DESC)
  WHERE action IS NOT NULL AND listed = 1;
CREATE INDEX queue_done_pair ON queue_item(round_id, given_label, proposed_label, doubt)
  WHERE action IS NOT NULL AND listed = 1;
CREATE INDEX queue_done_person ON queue_item(round_id, answered_by, answered_seq)
  WHERE action IS NOT NULL AND listed = 1;
CREATE INDEX queue_leased ON queue_item(round_id) WHERE lease_person IS NOT NULL;
CREATE INDEX queue_lease_end ON queue_item(lease_until) WHERE lease_until IS NOT NULL;
CREATE INDEX queue_lease_person ON queue_item(lease_person, round_id) WHERE lease_person IS NOT NULL;
"""

COUNTS = f"""
-- Listed items of a round, counted by all that a filter asks for.
CREATE TABLE queue_count (
  round_id INTEGER NOT NULL REFERENCES round(id),
  kind TEXT NOT NULL,
  given_label INTEGER NOT NULL,
  proposed_label INTEGER NOT NULL,  -- -1: none
  doubt INTEGER NOT NULL,
  alpha_bin INTEGER NOT NULL CHECK (alpha_bin BETWEEN 0 AND 19),
  action TEXT NOT NULL,  -- '': open
  n INTEGER NOT NULL,
  PRIMARY KEY (round_id, kind, given_label, proposed_label, doubt, alpha_bin, action)
) WITHOUT ROWID;
INSERT INTO queue_count
SELECT round_id, kind, given_label, coalesce(proposed_label, -1), doubt, {ALPHA_BIN}, coalesce(action, ''), count(*)
FROM queue_item WHERE listed = 1 GROUP BY 1, 2, 3, 4, 5, 6, 7;
CREATE TRIGGER queue_answered AFTER UPDATE OF action ON queue_item
WHEN NEW.listed = 1 AND OLD.action IS NOT NEW.action
BEGIN
  UPDATE queue_count SET n = n - 1 WHERE round_id = OLD.round_id AND kind = OLD.kind
    AND given_label = OLD.given_label AND proposed_label = coalesce(OLD.proposed_label, -1) AND doubt = OLD.doubt
    AND alpha_bin = min(19, CAST(OLD.alpha * 20 AS INTEGER)) AND action = coalesce(OLD.action, '');
  INSERT INTO queue_count VALUES (NEW.round_id, NEW.kind, NEW.given_label, coalesce(NEW.proposed_label, -1), NEW.doubt,
    min(19, CAST(NEW.alpha * 20 AS INTEGER)), coalesce(NEW.action, ''), 1)
  ON CONFLICT DO UPDATE SET n = n + 1;
END;
"""

_NAMED = """c.round_id, c.sample_id, s.key, s.path,
  c.start_label AS given_label, (SELECT name FROM class WHERE number = c.start_label) AS given_name"""
_PROPOSED = "c.proposed_label, (SELECT name FROM class WHERE number = c.proposed_label) AS proposed_name"
_PREDICTED = "c.predicted_label, (SELECT name FROM class WHERE number = c.predicted_label) AS predicted_name"
_ORIGINAL = "s.given_label AS original_label, (SELECT name FROM class WHERE number = s.given_label) AS original_name"
_DOUBT = """c.second_label, (SELECT name FROM class WHERE number = c.second_label) AS second_name,
  CASE c.doubt WHEN 0 THEN 'none' WHEN 1 THEN 'mislabelled' WHEN 2 THEN 'ambiguous' END AS doubt"""
_SCORED = "FROM score c JOIN sample s ON s.id = c.sample_id"

VIEWS = f"""
-- The given label is the one the round began with, what its scores are measured against.
CREATE VIEW proposal AS
SELECT {_NAMED}, {_PROPOSED},
  c.alpha, c.p_given, c.p_max, c.margin, c.suspicion, {_ORIGINAL}, {_DOUBT}
{_SCORED} WHERE c.proposed_label IS NOT NULL;

CREATE VIEW open_proposals AS
SELECT p.* FROM proposal p
WHERE p.round_id IN (SELECT id FROM round WHERE state = 'review') AND NOT EXISTS (
  SELECT 1 FROM outcome o WHERE o.sample_id = p.sample_id AND o.round_id = p.round_id AND o.state = 'decided');

CREATE VIEW low_importance AS
SELECT {_NAMED}, {_PREDICTED}, {_PROPOSED},
  c.alpha, c.margin, c.suspicion, {_ORIGINAL}, {_DOUBT}
{_SCORED} WHERE c.low_importance = 1;

CREATE VIEW suspicious AS
SELECT {_NAMED}, {_PREDICTED},
  c.alpha, c.margin, c.suspicion, {_ORIGINAL}, {_DOUBT}
{_SCORED} WHERE c.suspicious = 1;
"""


def migrate(db: Database) -> None:
    """Keeps every row."""
    db.executescript("".join((DROP_OLD, SCORE, QUEUE, INDEXES, COUNTS, VIEWS)))
