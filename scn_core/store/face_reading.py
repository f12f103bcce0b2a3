"""A later reading of the data set, and which of its faces are which of the workspace's.

In this order, each face of the workspace once:

    1. the key, and box and path agree as well
    2. the same box in the picture of the same path
    3. the key, where it is a name: that of the data set, or of the one face that its picture has and had
    4. of faces that were taken out: a box of the picture that shares more than half of the area that both cover;
       no answer goes along, and nobody comes back because a box was corrected
    5. the same box in the same picture by its content, under another path

A number that is only the place of a row in its picture is no name: rows are sorted and deleted. What none of them
finds is a new face.
"""

from __future__ import annotations

from itertools import count

from sqlite_utils import Database

from scn_core.records import Manifest
from scn_core.store.samples import sample_values
from scn_core.store.votes import vote_values

_READING = """
CREATE TEMP TABLE reading (
  place INTEGER PRIMARY KEY, written TEXT NOT NULL UNIQUE, path TEXT, split TEXT, label INTEGER,
  box_left INTEGER, box_top INTEGER, box_right INTEGER, box_bottom INTEGER, digest BLOB,
  reference INTEGER, numbered INTEGER NOT NULL, sample_id INTEGER, moved INTEGER NOT NULL DEFAULT 0,
  new_id INTEGER, key TEXT
)
"""
_COLUMNS = "place, written, path, split, label, box_left, box_top, box_right, box_bottom, digest, reference, numbered"
_READING_VOTE = (
    "CREATE TEMP TABLE reading_vote (place INTEGER, annotator TEXT, label INTEGER, other TEXT, votes INTEGER)"
)
SAME_BOX = (
    "r.box_left IS s.box_left AND r.box_top IS s.box_top AND r.box_right IS s.box_right "
    "AND r.box_bottom IS s.box_bottom"
)
"""Of a face r of the reading and a sample s."""
_SAME_AS_OTHER = SAME_BOX.replace("s.", "o.")
_FREE = "NOT EXISTS (SELECT 1 FROM temp.reading t WHERE t.sample_id = s.id)"
# Keys are the path, or the path, '#' and a number, so the index of keys finds the faces of a picture.
_OF_PICTURE = "(s.path = r.path AND (s.key = r.path OR s.key > r.path || '#' AND s.key < r.path || '$'))"
_AGREED = (
    "UPDATE temp.reading AS r SET sample_id = "
    f"(SELECT id FROM sample s WHERE s.key = r.written AND s.path = r.path AND {SAME_BOX})"
)
_SAME_BOX_OF_PICTURE = f"""
UPDATE temp.reading SET sample_id = m.id FROM (
  SELECT r.place, min(s.id) AS id FROM temp.reading r CROSS JOIN sample s ON {_OF_PICTURE} AND {SAME_BOX}
  WHERE r.sample_id IS NULL AND {_FREE} AND NOT EXISTS (SELECT 1 FROM temp.reading o
    WHERE o.path = r.path AND o.place <> r.place AND o.sample_id IS NULL AND {_SAME_AS_OTHER})
  GROUP BY r.place HAVING count(*) = 1
) m WHERE m.place = reading.place
"""
_NAMED = f"""
UPDATE temp.reading AS r SET sample_id = (SELECT id FROM sample s WHERE s.key = r.written AND {_FREE})
WHERE sample_id IS NULL AND (NOT numbered OR written = path
  AND NOT EXISTS (SELECT 1 FROM temp.reading o WHERE o.path = r.path AND o.place <> r.place)
  AND NOT EXISTS (SELECT 1 FROM sample s WHERE {_OF_PICTURE} AND s.key <> r.path))
"""
_SHARED = (
    "max(0, min(r.box_right, s.box_right) - max(r.box_left, s.box_left)) "
    "* max(0, min(r.box_bottom, s.box_bottom) - max(r.box_top, s.box_top))"
)
_AREAS = (
    "(r.box_right - r.box_left) * (r.box_bottom - r.box_top) + (s.box_right - s.box_left) * (s.box_bottom - s.box_top)"
)
_TAKEN_OUT = f"""
UPDATE temp.reading SET sample_id = m.id FROM (
  SELECT min(r.place) AS place, s.id FROM temp.reading r CROSS JOIN sample s ON {_OF_PICTURE}
  WHERE r.sample_id IS NULL AND r.numbered AND s.withdrawn_in IS NOT NULL AND {_FREE} AND 3 * {_SHARED} > {_AREAS}
  GROUP BY s.id
) m WHERE m.place = reading.place
"""
# In a folder data set a corrected label is a picture moved to another folder. Only where no other face has that
# picture and box. CROSS JOIN keeps the order of the tables: the few that are gone lead, and an index finds their
# pictures.
_MOVED = f"""
UPDATE temp.reading SET moved = 1, sample_id = m.id FROM (
  SELECT r.place, min(s.id) AS id FROM sample s CROSS JOIN temp.reading r ON r.digest = s.digest AND {SAME_BOX}
  WHERE r.sample_id IS NULL AND s.id NOT IN (SELECT sample_id FROM temp.reading WHERE sample_id IS NOT NULL)
    AND NOT EXISTS (SELECT 1 FROM temp.reading o WHERE o.digest = r.digest AND o.place <> r.place
      AND {_SAME_AS_OTHER})
  GROUP BY r.place HAVING count(*) = 1
) m WHERE m.place = reading.place
"""
_NEW_IDS = """
UPDATE temp.reading SET new_id = n.id FROM (
  SELECT place, (SELECT coalesce(max(id), 0) FROM sample) + row_number() OVER (ORDER BY place) AS id
  FROM temp.reading WHERE sample_id IS NULL
) n WHERE n.place = reading.place
"""
# A face keeps its key; in a picture that was moved, its number.
_KEYS = """
UPDATE temp.reading AS r SET key = CASE
  WHEN sample_id IS NULL OR moved AND NOT numbered THEN written
  WHEN NOT moved THEN (SELECT key FROM sample WHERE id = sample_id)
  ELSE (SELECT CASE WHEN substr(s.key, 1, length(s.path) + 1) = s.path || '#'
    THEN r.path || substr(s.key, length(s.path) + 1) ELSE r.path END FROM sample s WHERE s.id = sample_id) END
"""
# New among faces that are or were known: places among the rows say nothing about which numbers are taken. Nor do the
# keys of a workspace where faces were erased: nobody knows theirs.
_WITHOUT_KEY = f"""
SELECT place, path, coalesce(sample_id, new_id) FROM temp.reading r
WHERE sample_id IS NULL AND numbered AND (
    EXISTS (SELECT 1 FROM sample s WHERE {_OF_PICTURE})
    OR EXISTS (SELECT 1 FROM temp.reading o WHERE o.path = r.path AND o.moved)
    OR written <> path AND EXISTS (SELECT 1 FROM sample WHERE withdrawn_in IS NOT NULL AND erased_in IS NOT NULL))
  OR (sample_id IS NULL OR moved) AND (
    EXISTS (SELECT 1 FROM sample s WHERE s.key = r.key AND s.id IS NOT r.sample_id
      AND NOT EXISTS (SELECT 1 FROM temp.reading o WHERE o.sample_id = s.id AND o.moved))
    OR EXISTS (SELECT 1 FROM temp.reading o WHERE o.key = r.key AND o.place <> r.place))
ORDER BY place
"""


def read_faces(db: Database, manifest: Manifest) -> None:
    """The reading as temporary tables, each face with the sample it is, and with the key it has from now on.

    `sample_id` is NULL for a new face, which gets `new_id`. `moved`: the same picture under another path.
    """
    db.execute(_READING)
    rows = ((place, *sample_values(s), s.reference_label, s.numbered) for place, s in enumerate(manifest.samples))
    places = ", ".join("?" * len(_COLUMNS.split(",")))
    db.conn.executemany(f"INSERT INTO reading ({_COLUMNS}) VALUES ({places})", rows)
    db.execute(_READING_VOTE)
    votes = vote_values(manifest, range(len(manifest.samples)))
    db.conn.executemany("INSERT INTO reading_vote VALUES (?, ?, ?, ?, ?)", votes)
    db.execute("CREATE INDEX temp.reading_vote_place ON reading_vote(place)")
    db.execute(_AGREED)
    for column in ("path", "digest", "sample_id"):
        db.execute(f"CREATE INDEX temp.reading_{column} ON reading({column})")
    for step in (_SAME_BOX_OF_PICTURE, _NAMED, _TAKEN_OUT, _MOVED, _NEW_IDS, _KEYS):
        db.execute(step)
    db.execute("CREATE INDEX temp.reading_key ON reading(key)")
    _number(db)


def forget_reading(db: Database) -> None:
    """Drop the temporary tables."""
    db.execute("DROP TABLE temp.reading")
    db.execute("DROP TABLE temp.reading_vote")


def _number(db: Database) -> None:
    """Gives a face that needs a number its own id: no other face of the picture has it or ever had it."""
    taken = "SELECT 1 FROM sample WHERE key = :key UNION ALL SELECT 1 FROM temp.reading WHERE key = :key"
    for place, path, number in db.execute(_WITHOUT_KEY).fetchall():
        keys = (f"{path}#{each}" for each in count(number))
        key = next(key for key in keys if db.execute(taken, {"key": key}).fetchone() is None)
        db.execute("UPDATE temp.reading SET key = ? WHERE place = ?", (key, place))
