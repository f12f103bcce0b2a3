"""The views of review.db: what any SQLite client may read, with class names as text beside the numbers.

live_decision    answers that no undo takes back; an undo that is itself undone takes nothing back
live_mark        the same of skips, flags and notes
effective_label  one row per sample: the label people decided on, else the given one, and the decision it comes from
proposal         every relabel proposal of every round
open_proposals   proposals of rounds in review that people have not decided about in that round
low_importance   the low-importance group of every round
suspicious       faces outside of it that are asked about for their suspicion alone
"""

from __future__ import annotations

_LIVE_1 = """
-- A decision and the chain of undos hanging on it: an odd length means that it stands.
CREATE VIEW live_decision AS
SELECT d.* FROM decision d
WHERE d.action <> 'undo' AND (
  WITH RECURSIVE chain(id) AS (
    SELECT d.id UNION ALL SELECT u.id FROM chain JOIN decision u ON u.undoes = chain.id)
  SELECT count(*) FROM chain) % 2 = 1;
"""

STANDS = """iif(EXISTS (SELECT 1 FROM decision u WHERE u.undoes = d.id), (
  WITH RECURSIVE chain(id) AS (
    SELECT d.id UNION ALL SELECT u.id FROM chain JOIN decision u ON u.undoes = chain.id)
  SELECT count(*) FROM chain) % 2 = 1, 1)"""
"""SQL: whether decision `d` and the chain of undos hanging on it have an odd length, so that it stands."""

_LIVE_2 = f"""
CREATE VIEW live_decision AS
SELECT d.* FROM decision d WHERE d.action IN ('accept', 'keep', 'relabel', 'unsure', 'exclude') AND {STANDS};

CREATE VIEW live_mark AS
SELECT d.* FROM decision d WHERE d.action IN ('skip', 'flag', 'note') AND {STANDS};
"""

_LABELS = """
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

VIEWS = _LIVE_1 + _LABELS
"""Of migration m0001."""
VIEWS_2 = _LIVE_2 + _LABELS
"""Of migration m0002: marks are no answers."""
VIEWS_3 = """
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
"""Of migration m0003: what several readings come to."""

_NAMED = """c.round_id, c.sample_id, s.key, s.path,
  c.start_label AS given_label, (SELECT name FROM class WHERE number = c.start_label) AS given_name"""
_PROPOSED = "c.proposed_label, (SELECT name FROM class WHERE number = c.proposed_label) AS proposed_name"
_PREDICTED = "c.predicted_label, (SELECT name FROM class WHERE number = c.predicted_label) AS predicted_name"
_ORIGINAL = "s.given_label AS original_label, (SELECT name FROM class WHERE number = s.given_label) AS original_name"
_DOUBT = """c.second_label, (SELECT name FROM class WHERE number = c.second_label) AS second_name,
  CASE c.doubt WHEN 0 THEN 'none' WHEN 1 THEN 'mislabelled' WHEN 2 THEN 'ambiguous' END AS doubt"""
_SCORED = "FROM score c JOIN sample s ON s.id = c.sample_id"

VIEWS_6 = f"""
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
"""Of migration m0006: kinds of doubt, and faces that are asked about for their suspicion alone."""
