"""Messages that other programs are to be told, until they were."""

from __future__ import annotations

from sqlite_utils import Database

TABLES = """
-- A receiver that workspace.toml names, as of the last start of the server.
CREATE TABLE hook (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE COLLATE NOCASE,
  events TEXT NOT NULL CHECK (json_valid(events)),  -- what it is told of
  tries INTEGER NOT NULL DEFAULT 0,  -- that failed since it last took a message
  next_at REAL NOT NULL DEFAULT 0,  -- nothing is sent before, in seconds since 1970
  error TEXT,  -- of the newest try; NULL: it went well
  given_up_at TEXT  -- since when it is told nothing more; NULL: it is told
);
-- What one of them is to be told, written in the transaction of what it tells of; sent in the order of ids.
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
CREATE INDEX hook_message_waiting ON hook_message(hook_id, id) WHERE delivered_at IS NULL;
CREATE INDEX hook_message_of_hook ON hook_message(hook_id, id);
-- Faces whose outcome changed, until a message tells of many of them at once.
CREATE TABLE hook_face (
  hook_id INTEGER NOT NULL REFERENCES hook(id) ON DELETE CASCADE,
  round_id INTEGER NOT NULL REFERENCES round(id),
  sample_id INTEGER NOT NULL REFERENCES sample(id),
  at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  PRIMARY KEY (hook_id, round_id, sample_id)
) WITHOUT ROWID;
"""


def migrate(db: Database) -> None:
    """Adds the tables."""
    db.executescript(TABLES)
