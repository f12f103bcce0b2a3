-- The schema of review.db after m0017_lease_tabs. Written by tests/scn_core/store/schema/test_current.py.

CREATE TABLE access_token (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  person_id INTEGER NOT NULL REFERENCES person(id),
  token_hash TEXT NOT NULL UNIQUE,
  label TEXT NOT NULL,  -- what it is for
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  expires_at TEXT,  -- NULL: never
  used_at TEXT  -- of the newest use, noted once an hour; NULL: not used yet
);
CREATE INDEX access_token_person ON access_token(person_id);

CREATE TABLE answer_count (
  round_id INTEGER NOT NULL REFERENCES round(id),
  person_id INTEGER NOT NULL REFERENCES person(id),
  minute TEXT NOT NULL,  -- 2026-11-23T06:20
  n INTEGER NOT NULL,
  PRIMARY KEY (round_id, person_id, minute)
) WITHOUT ROWID;

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

CREATE TABLE class (
  number INTEGER PRIMARY KEY CHECK (number >= 0),
  name TEXT NOT NULL UNIQUE
);
CREATE TRIGGER unseal_class_delete AFTER DELETE ON class
WHEN NOT EXISTS (SELECT 1 FROM seal WHERE subject = 'class' AND part = 0 AND digest IS NULL)
BEGIN
  DELETE FROM seal WHERE subject = 'class' AND part = 0;
  INSERT INTO seal VALUES ('class', 0, NULL);
END;
CREATE TRIGGER unseal_class_insert AFTER INSERT ON class
WHEN NOT EXISTS (SELECT 1 FROM seal WHERE subject = 'class' AND part = 0 AND digest IS NULL)
BEGIN
  DELETE FROM seal WHERE subject = 'class' AND part = 0;
  INSERT INTO seal VALUES ('class', 0, NULL);
END;
CREATE TRIGGER unseal_class_update AFTER UPDATE ON class
WHEN NOT EXISTS (SELECT 1 FROM seal WHERE subject = 'class' AND part = 0 AND digest IS NULL)
BEGIN
  DELETE FROM seal WHERE subject = 'class' AND part = 0;
  INSERT INTO seal VALUES ('class', 0, NULL);
END;

CREATE TABLE data_change (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('update', 'withdraw')),
  made_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  seq INTEGER NOT NULL,  -- of the newest decision by then: who answered up to it saw the given labels before it
  balance TEXT NOT NULL CHECK (json_valid(balance))  -- what came of every row and face
);
CREATE TRIGGER unseal_data_change_delete AFTER DELETE ON data_change
WHEN NOT EXISTS (SELECT 1 FROM seal WHERE subject = 'data_change' AND part = 0 AND digest IS NULL)
BEGIN
  DELETE FROM seal WHERE subject = 'data_change' AND part = 0;
  INSERT INTO seal VALUES ('data_change', 0, NULL);
END;
CREATE TRIGGER unseal_data_change_insert AFTER INSERT ON data_change
WHEN NOT EXISTS (SELECT 1 FROM seal WHERE subject = 'data_change' AND part = 0 AND digest IS NULL)
BEGIN
  DELETE FROM seal WHERE subject = 'data_change' AND part = 0;
  INSERT INTO seal VALUES ('data_change', 0, NULL);
END;
CREATE TRIGGER unseal_data_change_update AFTER UPDATE ON data_change
WHEN NOT EXISTS (SELECT 1 FROM seal WHERE subject = 'data_change' AND part = 0 AND digest IS NULL)
BEGIN
  DELETE FROM seal WHERE subject = 'data_change' AND part = 0;
  INSERT INTO seal VALUES ('data_change', 0, NULL);
END;

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
  decided_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  text TEXT CONSTRAINT "text has 1 to 2000 characters" CHECK (length(text) BETWEEN 1 AND 2000), adjudicates INTEGER NOT NULL DEFAULT 0 CONSTRAINT "only answers adjudicate"
  CHECK (adjudicates IN (0, 1) AND (adjudicates = 0 OR action IN ('accept', 'keep', 'relabel', 'unsure', 'exclude'))), hash TEXT,
  CONSTRAINT "label is set exactly for accept, keep and relabel"
    CHECK ((label IS NOT NULL) = (action IN ('accept', 'keep', 'relabel'))),
  CONSTRAINT "undoes is set exactly for undo" CHECK ((undoes IS NOT NULL) = (action = 'undo')),
  CONSTRAINT "text is set exactly for note" CHECK ((text IS NOT NULL) = (action = 'note'))
);
CREATE INDEX decision_adjudications ON decision(round_id, seq) WHERE adjudicates = 1;
CREATE INDEX decision_flags ON decision(round_id, sample_id) WHERE action = 'flag';
CREATE INDEX decision_notes ON decision(round_id, sample_id) WHERE action = 'note';
CREATE INDEX decision_of_bulk ON decision(bulk, seq) WHERE bulk IS NOT NULL;
CREATE INDEX decision_of_person ON decision(person_id, round_id, seq);
CREATE INDEX decision_of_sample ON decision(sample_id, seq);
CREATE INDEX decision_skips ON decision(round_id, person_id, sample_id) WHERE action = 'skip';
CREATE UNIQUE INDEX decision_undone_once ON decision(undoes) WHERE undoes IS NOT NULL;
CREATE TRIGGER decision_in_review BEFORE INSERT ON decision
WHEN (SELECT state FROM round WHERE id = NEW.round_id) IS NOT 'review'
BEGIN SELECT RAISE(ABORT, 'decisions are taken while their round is in review'); END;
CREATE TRIGGER decision_no_delete BEFORE DELETE ON decision
BEGIN SELECT RAISE(ABORT, 'decisions are append-only'); END;
CREATE TRIGGER decision_no_replace BEFORE INSERT ON decision
WHEN EXISTS (SELECT 1 FROM decision WHERE id = NEW.id OR seq = NEW.seq OR undoes = NEW.undoes)
BEGIN SELECT RAISE(ABORT, 'decisions are append-only, and taken back once'); END;
CREATE TRIGGER decision_no_update BEFORE UPDATE ON decision
BEGIN SELECT RAISE(ABORT, 'decisions are append-only'); END;
CREATE TRIGGER decision_undo_own BEFORE INSERT ON decision
WHEN NEW.action = 'undo' AND NOT EXISTS (
  SELECT 1 FROM decision WHERE id = NEW.undoes AND sample_id = NEW.sample_id AND person_id = NEW.person_id)
BEGIN SELECT RAISE(ABORT, 'an undo takes back an earlier decision of the same person on the same sample'); END;

CREATE TABLE epoch (
  round_id INTEGER NOT NULL REFERENCES round(id),
  epoch INTEGER NOT NULL CHECK (epoch >= 1),
  loss REAL NOT NULL, wce_loss REAL NOT NULL, rank_loss REAL NOT NULL, accuracy REAL NOT NULL,
  alpha_high REAL NOT NULL, alpha_low REAL NOT NULL, alpha_mean REAL NOT NULL, alpha_std REAL NOT NULL,
  margin_rank REAL NOT NULL, val_accuracy REAL, relabelled INTEGER NOT NULL,
  faces_per_s REAL NOT NULL, seconds REAL NOT NULL,
  PRIMARY KEY (round_id, epoch)
) WITHOUT ROWID;
CREATE TRIGGER epoch_delete BEFORE DELETE ON epoch
WHEN (SELECT state FROM round WHERE id = OLD.round_id) = 'closed'
BEGIN SELECT RAISE(ABORT, 'a closed round is immutable'); END;
CREATE TRIGGER epoch_insert BEFORE INSERT ON epoch
WHEN (SELECT state FROM round WHERE id = NEW.round_id) = 'closed'
BEGIN SELECT RAISE(ABORT, 'a closed round is immutable'); END;
CREATE TRIGGER epoch_update BEFORE UPDATE ON epoch
WHEN (SELECT state FROM round WHERE id = OLD.round_id) = 'closed'
BEGIN SELECT RAISE(ABORT, 'a closed round is immutable'); END;

CREATE TABLE event (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  by_id INTEGER REFERENCES person(id),  -- NULL: the command line
  what TEXT NOT NULL,
  about TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(about))  -- numbers and ids; no names of people or pictures
);
CREATE TRIGGER event_no_delete BEFORE DELETE ON event
BEGIN SELECT RAISE(ABORT, 'the log of events is append-only'); END;
CREATE TRIGGER event_no_update BEFORE UPDATE ON event
BEGIN SELECT RAISE(ABORT, 'the log of events is append-only'); END;

CREATE TABLE given_version (
  sample_id INTEGER NOT NULL REFERENCES sample(id),
  replaced_in INTEGER NOT NULL REFERENCES data_change(id),
  label INTEGER NOT NULL REFERENCES class(number),
  PRIMARY KEY (sample_id, replaced_in)
) WITHOUT ROWID;
CREATE TRIGGER given_version_no_delete BEFORE DELETE ON given_version
BEGIN SELECT RAISE(ABORT, 'versions of given labels are append-only'); END;
CREATE TRIGGER given_version_no_update BEFORE UPDATE ON given_version
BEGIN SELECT RAISE(ABORT, 'versions of given labels are append-only'); END;
CREATE TRIGGER unseal_given_version_delete AFTER DELETE ON given_version
WHEN NOT EXISTS (SELECT 1 FROM seal WHERE subject = 'given_version' AND part = 0 AND digest IS NULL)
BEGIN
  DELETE FROM seal WHERE subject = 'given_version' AND part = 0;
  INSERT INTO seal VALUES ('given_version', 0, NULL);
END;
CREATE TRIGGER unseal_given_version_insert AFTER INSERT ON given_version
WHEN NOT EXISTS (SELECT 1 FROM seal WHERE subject = 'given_version' AND part = 0 AND digest IS NULL)
BEGIN
  DELETE FROM seal WHERE subject = 'given_version' AND part = 0;
  INSERT INTO seal VALUES ('given_version', 0, NULL);
END;
CREATE TRIGGER unseal_given_version_update AFTER UPDATE ON given_version
WHEN NOT EXISTS (SELECT 1 FROM seal WHERE subject = 'given_version' AND part = 0 AND digest IS NULL)
BEGIN
  DELETE FROM seal WHERE subject = 'given_version' AND part = 0;
  INSERT INTO seal VALUES ('given_version', 0, NULL);
END;

CREATE TABLE hook (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE COLLATE NOCASE,
  events TEXT NOT NULL CHECK (json_valid(events)),  -- what it is told of
  tries INTEGER NOT NULL DEFAULT 0,  -- that failed since it last took a message
  next_at REAL NOT NULL DEFAULT 0,  -- nothing is sent before, in seconds since 1970
  error TEXT,  -- of the newest try; NULL: it went well
  given_up_at TEXT  -- since when it is told nothing more; NULL: it is told
);

CREATE TABLE hook_face (
  hook_id INTEGER NOT NULL REFERENCES hook(id) ON DELETE CASCADE,
  round_id INTEGER NOT NULL REFERENCES round(id),
  sample_id INTEGER NOT NULL REFERENCES sample(id),
  at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  PRIMARY KEY (hook_id, round_id, sample_id)
) WITHOUT ROWID;

CREATE TABLE hook_message (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  hook_id INTEGER NOT NULL REFERENCES hook(id) ON DELETE CASCADE,
  message TEXT NOT NULL UNIQUE DEFAULT ('msg_' || lower(hex(randomblob(16)))),  -- the same in every try
  event TEXT NOT NULL,
  at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  data TEXT NOT NULL CHECK (json_valid(data)),  -- numbers and ids; no names of people or pictures
  tries INTEGER NOT NULL DEFAULT 0,
  delivered_at TEXT,  -- NULL: not yet
  error TEXT  -- of the newest try; NULL: it went well
);
CREATE INDEX hook_message_of_hook ON hook_message(hook_id, id);
CREATE INDEX hook_message_waiting ON hook_message(hook_id, id) WHERE delivered_at IS NULL;

CREATE TABLE learned_order (
  round_id INTEGER PRIMARY KEY REFERENCES round(id),
  answers INTEGER NOT NULL,  -- faces people had decided on
  seq INTEGER NOT NULL,  -- of the newest decision there was; the order follows from these and the scores
  made_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);

CREATE TABLE learned_place (
  round_id INTEGER NOT NULL REFERENCES round(id),
  place INTEGER NOT NULL,
  sample_id INTEGER NOT NULL REFERENCES sample(id),
  given_label INTEGER NOT NULL,
  proposed_label INTEGER,  -- NULL: none, or an audit item
  PRIMARY KEY (round_id, place)
) WITHOUT ROWID;

CREATE TABLE lease_tab (
  item INTEGER NOT NULL REFERENCES queue_item(id) ON DELETE CASCADE,
  tab TEXT NOT NULL,
  person_id INTEGER NOT NULL REFERENCES person(id) ON DELETE CASCADE,
  lease_until TEXT NOT NULL,
  PRIMARY KEY (item, tab)
) WITHOUT ROWID;
CREATE INDEX lease_tab_end ON lease_tab(lease_until);
CREATE INDEX lease_tab_person ON lease_tab(person_id);

CREATE TABLE opinion (
  sample_id INTEGER NOT NULL REFERENCES sample(id),
  source_id INTEGER NOT NULL REFERENCES opinion_source(id),
  label INTEGER REFERENCES class(number),  -- the likeliest class
  probabilities BLOB,  -- little-endian float16, one per class; NULL: the source has features alone
  features BLOB,  -- little-endian float16, principal components of the model's features; NULL: it has none
  PRIMARY KEY (sample_id, source_id),
  CHECK ((label IS NULL) = (probabilities IS NULL)),
  CHECK (probabilities IS NOT NULL OR features IS NOT NULL)
) WITHOUT ROWID;

CREATE TABLE opinion_source (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL CHECK (kind IN ('csv', 'npz', 'onnx')),
  about TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(about)),  -- how the file was read; of onnx: the model's hash
  added_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);

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

CREATE TABLE person (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE COLLATE NOCASE CONSTRAINT "a name is not blank" CHECK (trim(name) <> ''),
  role TEXT NOT NULL CONSTRAINT "role is annotator or lead" CHECK (role IN ('annotator', 'lead')),
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-0 seconds'))
, password_hash TEXT, active INTEGER NOT NULL DEFAULT 1 CHECK (active IN (0, 1)), seen_at TEXT);
CREATE TRIGGER unseal_person_delete AFTER DELETE ON person
WHEN NOT EXISTS (SELECT 1 FROM seal WHERE subject = 'person' AND part = OLD.id AND digest IS NULL)
BEGIN
  DELETE FROM seal WHERE subject = 'person' AND part = OLD.id;
  INSERT INTO seal VALUES ('person', OLD.id, NULL);
END;
CREATE TRIGGER unseal_person_insert AFTER INSERT ON person
WHEN NOT EXISTS (SELECT 1 FROM seal WHERE subject = 'person' AND part = NEW.id AND digest IS NULL)
BEGIN
  DELETE FROM seal WHERE subject = 'person' AND part = NEW.id;
  INSERT INTO seal VALUES ('person', NEW.id, NULL);
END;
CREATE TRIGGER unseal_person_update AFTER UPDATE OF name ON person
WHEN NOT EXISTS (SELECT 1 FROM seal WHERE subject = 'person' AND part = NEW.id AND digest IS NULL)
BEGIN
  DELETE FROM seal WHERE subject = 'person' AND part = NEW.id;
  INSERT INTO seal VALUES ('person', NEW.id, NULL);
END;

CREATE TABLE "person_change" (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  person_id INTEGER NOT NULL REFERENCES person(id),
  by_id INTEGER REFERENCES person(id),  -- who did it; NULL: the command line, or a first sign-in by name
  what TEXT NOT NULL CHECK (what IN ('added', 'role', 'password', 'deactivated', 'activated', 'token added',
    'token revoked')),
  role TEXT,  -- the role they have since then
  changed_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  CHECK ((role IS NOT NULL) = (what IN ('added', 'role')))
);
CREATE TRIGGER person_change_no_delete BEFORE DELETE ON person_change
BEGIN SELECT RAISE(ABORT, 'the log of people is append-only'); END;
CREATE TRIGGER person_change_no_update BEFORE UPDATE ON person_change
BEGIN SELECT RAISE(ABORT, 'the log of people is append-only'); END;

CREATE TABLE picture (
  sample_id INTEGER PRIMARY KEY REFERENCES sample(id),
  pixels BLOB NOT NULL,  -- the same where the pixels are
  looks BLOB NOT NULL,  -- a perceptual hash of 256 bits
  width INTEGER NOT NULL, height INTEGER NOT NULL,  -- of the face in its picture
  brightness_p99 REAL NOT NULL,  -- brightness that 1 % of the pixels lie above, 0..1
  brightness_p05 REAL NOT NULL,  -- brightness that 5 % lie below, 0..1
  sharpness REAL NOT NULL,  -- fine detail for each unit of coarse detail
  entropy REAL NOT NULL,  -- of the brightness, in bits
  colour REAL NOT NULL  -- largest difference between channels, 0..1
);
CREATE INDEX picture_pixels ON picture(pixels);

CREATE TABLE picture_issue (
  issue TEXT NOT NULL,
  sample_id INTEGER NOT NULL REFERENCES sample(id),
  PRIMARY KEY (issue, sample_id)
) WITHOUT ROWID;
CREATE INDEX picture_issue_of_sample ON picture_issue(sample_id);

CREATE TABLE problem (
  id INTEGER PRIMARY KEY,
  file TEXT NOT NULL,
  line INTEGER CHECK (line >= 1),
  found TEXT NOT NULL,
  allowed TEXT NOT NULL,
  kept INTEGER NOT NULL CHECK (kept IN (0, 1))
, reason TEXT, rows INTEGER NOT NULL DEFAULT 1 CHECK (rows >= 0));

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
CREATE INDEX queue_done ON queue_item(round_id, action) WHERE action IS NOT NULL AND listed = 1;
CREATE INDEX queue_done_alpha ON queue_item(round_id, action, alpha) WHERE action IS NOT NULL AND listed = 1;
CREATE INDEX queue_done_margin ON queue_item(round_id, action, margin DESC) WHERE action IS NOT NULL AND listed = 1;
CREATE INDEX queue_done_newest ON queue_item(round_id, action, answered_seq DESC)
  WHERE action IS NOT NULL AND listed = 1;
CREATE INDEX queue_done_pair ON queue_item(round_id, given_label, proposed_label, doubt)
  WHERE action IS NOT NULL AND listed = 1;
CREATE INDEX queue_done_person ON queue_item(round_id, answered_by, answered_seq)
  WHERE action IS NOT NULL AND listed = 1;
CREATE INDEX queue_doubt_alpha ON queue_item(round_id, doubt, given_label, proposed_label, alpha)
  WHERE action IS NULL AND listed = 1 AND doubt <> 0;
CREATE INDEX queue_doubt_margin ON queue_item(round_id, doubt, given_label, proposed_label, margin DESC)
  WHERE action IS NULL AND listed = 1 AND doubt <> 0;
CREATE INDEX queue_doubt_pair ON queue_item(round_id, doubt, given_label, proposed_label)
  WHERE action IS NULL AND listed = 1 AND doubt <> 0;
CREATE INDEX queue_free ON queue_item(round_id) WHERE action IS NULL AND listed = 1 AND lease_person IS NULL;
CREATE INDEX queue_lease_end ON queue_item(lease_until) WHERE lease_until IS NOT NULL;
CREATE INDEX queue_lease_person ON queue_item(lease_person, round_id) WHERE lease_person IS NOT NULL;
CREATE INDEX queue_leased ON queue_item(round_id) WHERE lease_person IS NOT NULL;
CREATE INDEX queue_open_alpha ON queue_item(round_id, given_label, proposed_label, alpha)
  WHERE action IS NULL AND listed = 1;
CREATE INDEX queue_open_margin ON queue_item(round_id, given_label, proposed_label, margin DESC)
  WHERE action IS NULL AND listed = 1;
CREATE INDEX queue_open_pair ON queue_item(round_id, given_label, proposed_label) WHERE action IS NULL AND listed = 1;
CREATE UNIQUE INDEX queue_reading ON queue_item(round_id, sample_id, slot, kind);
CREATE INDEX queue_repeat ON queue_item(reader, round_id) WHERE reader IS NOT NULL;
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
CREATE TRIGGER queue_removed AFTER DELETE ON queue_item WHEN OLD.listed = 1
BEGIN
  UPDATE queue_count SET n = n - 1 WHERE round_id = OLD.round_id AND kind = OLD.kind
    AND given_label = OLD.given_label AND proposed_label = coalesce(OLD.proposed_label, -1) AND doubt = OLD.doubt
    AND alpha_bin = min(19, CAST(OLD.alpha * 20 AS INTEGER)) AND action = coalesce(OLD.action, '');
END;

CREATE TABLE reference (
  sample_id INTEGER PRIMARY KEY REFERENCES sample(id),
  label INTEGER NOT NULL REFERENCES class(number)
);

CREATE TABLE round (
  id INTEGER PRIMARY KEY,
  parent INTEGER REFERENCES round(id) CHECK (parent < id),
  state TEXT NOT NULL CHECK (state IN ('running', 'review', 'closed', 'failed', 'cancelled')),
  config TEXT NOT NULL CHECK (json_valid(config)),
  code_version TEXT NOT NULL,
  started_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-0 seconds')),
  finished_at TEXT,  -- when it last stopped running, however it did
  heartbeat_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-0 seconds')),
  message TEXT,
  metrics TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(metrics))
, review TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(review)));
CREATE UNIQUE INDEX round_only_one_runs ON round(state) WHERE state = 'running';
CREATE TRIGGER round_closed_delete BEFORE DELETE ON round WHEN OLD.state = 'closed'
BEGIN SELECT RAISE(ABORT, 'a closed round is immutable'); END;
CREATE TRIGGER round_closed_update BEFORE UPDATE ON round WHEN OLD.state = 'closed'
BEGIN SELECT RAISE(ABORT, 'a closed round is immutable'); END;
CREATE TRIGGER unseal_round_delete AFTER DELETE ON round
WHEN NOT EXISTS (SELECT 1 FROM seal WHERE subject = 'round' AND part = OLD.id AND digest IS NULL)
BEGIN
  DELETE FROM seal WHERE subject = 'round' AND part = OLD.id;
  INSERT INTO seal VALUES ('round', OLD.id, NULL);
END;
CREATE TRIGGER unseal_round_insert AFTER INSERT ON round
WHEN NOT EXISTS (SELECT 1 FROM seal WHERE subject = 'round' AND part = NEW.id AND digest IS NULL)
BEGIN
  DELETE FROM seal WHERE subject = 'round' AND part = NEW.id;
  INSERT INTO seal VALUES ('round', NEW.id, NULL);
END;
CREATE TRIGGER unseal_round_update AFTER UPDATE OF parent, state, review ON round
WHEN NOT EXISTS (SELECT 1 FROM seal WHERE subject = 'round' AND part = NEW.id AND digest IS NULL)
BEGIN
  DELETE FROM seal WHERE subject = 'round' AND part = NEW.id;
  INSERT INTO seal VALUES ('round', NEW.id, NULL);
END;

CREATE TABLE round_file (
  round_id INTEGER NOT NULL REFERENCES round(id),
  name TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  PRIMARY KEY (round_id, name)
) WITHOUT ROWID;

CREATE TABLE sample (
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  path TEXT NOT NULL,
  split TEXT NOT NULL CONSTRAINT "split is train, val or test" CHECK (split IN ('train', 'val', 'test')),
  given_label INTEGER NOT NULL REFERENCES class(number),
  box_left INTEGER, box_top INTEGER, box_right INTEGER, box_bottom INTEGER, digest BLOB, added_in INTEGER REFERENCES data_change(id), vanished_in INTEGER REFERENCES data_change(id), withdrawn_in INTEGER REFERENCES data_change(id), erased_in INTEGER REFERENCES data_change(id),  -- pixels; right and bottom exclusive
  CONSTRAINT "a box has four sides and an area, or is absent" CHECK (
    coalesce(box_left, box_top, box_right, box_bottom) IS NULL
    OR (box_left < box_right AND box_top < box_bottom) IS TRUE)
);
CREATE INDEX sample_gone ON sample(id) WHERE vanished_in IS NOT NULL OR withdrawn_in IS NOT NULL;
CREATE TRIGGER sample_given_label BEFORE UPDATE OF given_label ON sample
WHEN NEW.given_label IS NOT OLD.given_label AND NOT EXISTS (
  SELECT 1 FROM given_version WHERE sample_id = OLD.id AND label = OLD.given_label
    AND replaced_in = (SELECT max(id) FROM data_change))
BEGIN SELECT RAISE(ABORT, 'the given label is never overwritten; decide, and read effective_label'); END;
CREATE TRIGGER unseal_sample_delete AFTER DELETE ON sample
WHEN NOT EXISTS (SELECT 1 FROM seal WHERE subject = 'sample' AND part = 0 AND digest IS NULL)
BEGIN
  DELETE FROM seal WHERE subject = 'sample' AND part = 0;
  INSERT INTO seal VALUES ('sample', 0, NULL);
END;
CREATE TRIGGER unseal_sample_insert AFTER INSERT ON sample
WHEN NOT EXISTS (SELECT 1 FROM seal WHERE subject = 'sample' AND part = 0 AND digest IS NULL)
BEGIN
  DELETE FROM seal WHERE subject = 'sample' AND part = 0;
  INSERT INTO seal VALUES ('sample', 0, NULL);
END;
CREATE TRIGGER unseal_sample_update AFTER UPDATE ON sample
WHEN NOT EXISTS (SELECT 1 FROM seal WHERE subject = 'sample' AND part = 0 AND digest IS NULL)
BEGIN
  DELETE FROM seal WHERE subject = 'sample' AND part = 0;
  INSERT INTO seal VALUES ('sample', 0, NULL);
END;

CREATE TABLE score (
  round_id INTEGER NOT NULL REFERENCES round(id),
  sample_id INTEGER NOT NULL REFERENCES sample(id),
  alpha REAL NOT NULL, p_given REAL NOT NULL, p_max REAL NOT NULL,
  predicted_label INTEGER NOT NULL,
  margin REAL NOT NULL, suspicion REAL NOT NULL,
  low_importance INTEGER NOT NULL CHECK (low_importance IN (0, 1)),
  proposed_label INTEGER,  -- NULL: no relabel is proposed
  trained_label INTEGER NOT NULL,
  probabilities BLOB NOT NULL, start_label INTEGER, second_label INTEGER, doubt INTEGER CHECK (doubt BETWEEN 0 AND 2), suspicious INTEGER NOT NULL DEFAULT 0 CHECK (suspicious IN (0, 1)),  -- little-endian float32, one per class
  PRIMARY KEY (round_id, sample_id)
) WITHOUT ROWID;
CREATE INDEX score_proposals ON score(round_id, suspicion DESC, sample_id, proposed_label)
  WHERE proposed_label IS NOT NULL;
CREATE TRIGGER score_delete BEFORE DELETE ON score
WHEN (SELECT state FROM round WHERE id = OLD.round_id) = 'closed'
BEGIN SELECT RAISE(ABORT, 'a closed round is immutable'); END;
CREATE TRIGGER score_insert BEFORE INSERT ON score
WHEN (SELECT state FROM round WHERE id = NEW.round_id) = 'closed'
BEGIN SELECT RAISE(ABORT, 'a closed round is immutable'); END;
CREATE TRIGGER score_update BEFORE UPDATE ON score
WHEN (SELECT state FROM round WHERE id = OLD.round_id) = 'closed'
BEGIN SELECT RAISE(ABORT, 'a closed round is immutable'); END;
CREATE TRIGGER unseal_score_delete AFTER DELETE ON score
WHEN NOT EXISTS (SELECT 1 FROM seal WHERE subject = 'score' AND part = OLD.round_id AND digest IS NULL)
BEGIN
  DELETE FROM seal WHERE subject = 'score' AND part = OLD.round_id;
  INSERT INTO seal VALUES ('score', OLD.round_id, NULL);
END;
CREATE TRIGGER unseal_score_insert AFTER INSERT ON score
WHEN NOT EXISTS (SELECT 1 FROM seal WHERE subject = 'score' AND part = NEW.round_id AND digest IS NULL)
BEGIN
  DELETE FROM seal WHERE subject = 'score' AND part = NEW.round_id;
  INSERT INTO seal VALUES ('score', NEW.round_id, NULL);
END;
CREATE TRIGGER unseal_score_update AFTER UPDATE ON score
WHEN NOT EXISTS (SELECT 1 FROM seal WHERE subject = 'score' AND part = NEW.round_id AND digest IS NULL)
BEGIN
  DELETE FROM seal WHERE subject = 'score' AND part = NEW.round_id;
  INSERT INTO seal VALUES ('score', NEW.round_id, NULL);
END;

CREATE TABLE seal (
  subject TEXT NOT NULL,  -- the table; schema: all definitions
  part INTEGER NOT NULL,  -- round, person: the row; score: the round; else 0
  digest TEXT,
  PRIMARY KEY (subject, part)
) WITHOUT ROWID;

CREATE TABLE session (
  token_hash TEXT PRIMARY KEY,
  person_id INTEGER NOT NULL REFERENCES person(id),
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-0 seconds')),
  expires_at TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE spelling (
  label INTEGER NOT NULL REFERENCES class(number),
  written TEXT NOT NULL,
  rows INTEGER NOT NULL CHECK (rows >= 1),
  PRIMARY KEY (label, written)
) WITHOUT ROWID;
CREATE TRIGGER unseal_spelling_delete AFTER DELETE ON spelling
WHEN NOT EXISTS (SELECT 1 FROM seal WHERE subject = 'spelling' AND part = 0 AND digest IS NULL)
BEGIN
  DELETE FROM seal WHERE subject = 'spelling' AND part = 0;
  INSERT INTO seal VALUES ('spelling', 0, NULL);
END;
CREATE TRIGGER unseal_spelling_insert AFTER INSERT ON spelling
WHEN NOT EXISTS (SELECT 1 FROM seal WHERE subject = 'spelling' AND part = 0 AND digest IS NULL)
BEGIN
  DELETE FROM seal WHERE subject = 'spelling' AND part = 0;
  INSERT INTO seal VALUES ('spelling', 0, NULL);
END;
CREATE TRIGGER unseal_spelling_update AFTER UPDATE ON spelling
WHEN NOT EXISTS (SELECT 1 FROM seal WHERE subject = 'spelling' AND part = 0 AND digest IS NULL)
BEGIN
  DELETE FROM seal WHERE subject = 'spelling' AND part = 0;
  INSERT INTO seal VALUES ('spelling', 0, NULL);
END;

CREATE TABLE vote (
  sample_id INTEGER NOT NULL REFERENCES sample(id),
  annotator TEXT NOT NULL,  -- empty where the data set has counts alone
  label INTEGER REFERENCES class(number),  -- NULL: an answer that is no class, named in other
  other TEXT NOT NULL,
  votes INTEGER NOT NULL CHECK (votes >= 1),
  CHECK ((label IS NULL) = (other <> '')),
  UNIQUE (sample_id, annotator, label, other)
);
CREATE TRIGGER unseal_vote_delete AFTER DELETE ON vote
WHEN NOT EXISTS (SELECT 1 FROM seal WHERE subject = 'vote' AND part = 0 AND digest IS NULL)
BEGIN
  DELETE FROM seal WHERE subject = 'vote' AND part = 0;
  INSERT INTO seal VALUES ('vote', 0, NULL);
END;
CREATE TRIGGER unseal_vote_insert AFTER INSERT ON vote
WHEN NOT EXISTS (SELECT 1 FROM seal WHERE subject = 'vote' AND part = 0 AND digest IS NULL)
BEGIN
  DELETE FROM seal WHERE subject = 'vote' AND part = 0;
  INSERT INTO seal VALUES ('vote', 0, NULL);
END;
CREATE TRIGGER unseal_vote_update AFTER UPDATE ON vote
WHEN NOT EXISTS (SELECT 1 FROM seal WHERE subject = 'vote' AND part = 0 AND digest IS NULL)
BEGIN
  DELETE FROM seal WHERE subject = 'vote' AND part = 0;
  INSERT INTO seal VALUES ('vote', 0, NULL);
END;

CREATE TABLE workspace (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  id TEXT NOT NULL,  -- goes with the folder wherever it is moved; browsers keep unsent answers under it
  place TEXT NOT NULL  -- of the file review.db when it was last served: a copy lies in another
);

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

CREATE VIEW live_decision AS
SELECT d.* FROM decision d WHERE d.action IN ('accept', 'keep', 'relabel', 'unsure', 'exclude') AND iif(EXISTS (SELECT 1 FROM decision u WHERE u.undoes = d.id), (
  WITH RECURSIVE chain(id) AS (
    SELECT d.id UNION ALL SELECT u.id FROM chain JOIN decision u ON u.undoes = chain.id)
  SELECT count(*) FROM chain) % 2 = 1, 1);

CREATE VIEW live_mark AS
SELECT d.* FROM decision d WHERE d.action IN ('skip', 'flag', 'note') AND iif(EXISTS (SELECT 1 FROM decision u WHERE u.undoes = d.id), (
  WITH RECURSIVE chain(id) AS (
    SELECT d.id UNION ALL SELECT u.id FROM chain JOIN decision u ON u.undoes = chain.id)
  SELECT count(*) FROM chain) % 2 = 1, 1);

CREATE VIEW low_importance AS
SELECT c.round_id, c.sample_id, s.key, s.path,
  c.start_label AS given_label, (SELECT name FROM class WHERE number = c.start_label) AS given_name, c.predicted_label, (SELECT name FROM class WHERE number = c.predicted_label) AS predicted_name, c.proposed_label, (SELECT name FROM class WHERE number = c.proposed_label) AS proposed_name,
  c.alpha, c.margin, c.suspicion, s.given_label AS original_label, (SELECT name FROM class WHERE number = s.given_label) AS original_name, c.second_label, (SELECT name FROM class WHERE number = c.second_label) AS second_name,
  CASE c.doubt WHEN 0 THEN 'none' WHEN 1 THEN 'mislabelled' WHEN 2 THEN 'ambiguous' END AS doubt
FROM score c JOIN sample s ON s.id = c.sample_id WHERE c.low_importance = 1;

CREATE VIEW open_proposals AS
SELECT p.* FROM proposal p
WHERE p.round_id IN (SELECT id FROM round WHERE state = 'review')
  AND p.sample_id NOT IN (SELECT id FROM sample WHERE withdrawn_in IS NOT NULL) AND NOT EXISTS (
  SELECT 1 FROM outcome o WHERE o.sample_id = p.sample_id AND o.round_id = p.round_id AND o.state = 'decided');

CREATE VIEW proposal AS
SELECT c.round_id, c.sample_id, s.key, s.path,
  c.start_label AS given_label, (SELECT name FROM class WHERE number = c.start_label) AS given_name, c.proposed_label, (SELECT name FROM class WHERE number = c.proposed_label) AS proposed_name,
  c.alpha, c.p_given, c.p_max, c.margin, c.suspicion, s.given_label AS original_label, (SELECT name FROM class WHERE number = s.given_label) AS original_name, c.second_label, (SELECT name FROM class WHERE number = c.second_label) AS second_name,
  CASE c.doubt WHEN 0 THEN 'none' WHEN 1 THEN 'mislabelled' WHEN 2 THEN 'ambiguous' END AS doubt
FROM score c JOIN sample s ON s.id = c.sample_id WHERE c.proposed_label IS NOT NULL;

CREATE VIEW suspicious AS
SELECT c.round_id, c.sample_id, s.key, s.path,
  c.start_label AS given_label, (SELECT name FROM class WHERE number = c.start_label) AS given_name, c.predicted_label, (SELECT name FROM class WHERE number = c.predicted_label) AS predicted_name,
  c.alpha, c.margin, c.suspicion, s.given_label AS original_label, (SELECT name FROM class WHERE number = s.given_label) AS original_name, c.second_label, (SELECT name FROM class WHERE number = c.second_label) AS second_name,
  CASE c.doubt WHEN 0 THEN 'none' WHEN 1 THEN 'mislabelled' WHEN 2 THEN 'ambiguous' END AS doubt
FROM score c JOIN sample s ON s.id = c.sample_id WHERE c.suspicious = 1;
