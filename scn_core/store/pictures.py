"""What the pixels of faces measure: bad pictures, and faces whose pictures are the same pixel by pixel.

Nothing here leaves a face out: what is wrong with a picture is said, listed and filtered by, and people decide.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sqlite_utils import Database

from scn_core.picture_records import PICTURE_ISSUES, PictureIssue, PictureMeasures
from scn_core.records import BoolArray, IntArray
from scn_core.store.columns import read_columns
from scn_core.store.schema.expressions import PRESENT

_GREY = "colour < 0.04"
_ALL = f"SELECT {{}} FROM picture p JOIN sample s ON s.id = p.sample_id WHERE {PRESENT}"
_MEDIAN = _ALL.format("min(p.width, p.height)") + f" ORDER BY 1 LIMIT 1 OFFSET ({_ALL.format('count(*)')}) / 2"
_FLAT = "brightness_p99 - brightness_p05 < 0.25"
_WRONG: dict[PictureIssue, str] = {
    "dark": f"brightness_p99 < 0.32 AND {_FLAT}",
    "bright": f"brightness_p05 > 0.68 AND {_FLAT}",
    "blurred": "sharpness < 0.43",
    "empty": "entropy < 5.5",
    "odd_shape": "min(width, height) < 0.35 * max(width, height)",
    "tiny": f"min(width, height) < max(24, 0.25 * ({_MEDIAN}))",
    "grey": f"{_GREY} AND ({_ALL.format(f'avg({_GREY})')}) < 0.1",
}
"""SQL over a row of table picture. The first four were chosen on FER2013 (docs/decisions/0064), the rest on no data.
Brightness alone would tell skin colour: what makes a face hard to judge is how little its parts differ.
What is far follows from features instead: see `record_far`."""
_COMMON, _FEWEST = 1 / 3, 100
"""What is wrong with more than this share of a data set's pictures is how they are, and marks none; from so many on."""
_COLUMNS = ", ".join(PictureMeasures._fields)


@dataclass(frozen=True, slots=True)
class BadPicture:
    """A face whose picture has something wrong with it."""

    sample_id: int
    key: str
    path: str
    split: str
    given_label: int
    issues: tuple[PictureIssue, ...]
    measures: PictureMeasures


@dataclass(frozen=True, slots=True)
class SamePixels:
    """A face with the same pixels as another one."""

    sample_id: int
    key: str
    split: str
    label: int
    """As it is now."""
    excluded: bool


@dataclass(frozen=True)
class Looks:
    """The hashes of N faces that were looked at, as columns ordered by sample id."""

    sample_id: IntArray
    pixels: npt.NDArray[np.uint64]
    looks: npt.NDArray[np.uint64]
    """(N, 4): 256 bits each."""


def insert_measures(db: Database, measured: Iterable[tuple[int, bytes]]) -> None:
    """Write packed measures by sample id, in place of earlier ones; empty: nobody looked. Within a transaction."""
    row = f"INSERT OR REPLACE INTO picture (sample_id, {_COLUMNS}) VALUES (?{', ?' * len(PictureMeasures._fields)})"
    db.conn.executemany(row, ((number, *PictureMeasures.unpack(packed)) for number, packed in measured if packed))
    db.execute("DELETE FROM picture WHERE sample_id IN (SELECT id FROM sample WHERE withdrawn_in IS NOT NULL)")
    derive_issues(db)


def derive_issues(db: Database) -> None:
    """Table picture_issue anew from table picture, but for what is far and what is common. Within a transaction."""
    db.execute("DELETE FROM picture_issue WHERE issue <> 'far'")
    db.execute(f"INSERT INTO picture_issue {_by_measures(db)}")


def issues_are_current(db: Database) -> bool:
    """Whether the faces are marked by the rules of this version; those of another leave theirs in the table."""
    marked, measured = "SELECT issue, sample_id FROM picture_issue WHERE issue <> 'far'", _by_measures(db)
    differ = f"SELECT 1 FROM ({marked} EXCEPT {measured}) UNION ALL SELECT 1 FROM ({measured} EXCEPT {marked}) LIMIT 1"
    return db.execute(differ).fetchone() is None


def _by_measures(db: Database) -> str:
    """SQL: issue and face of all that the measures of pictures have wrong, but for what is common."""
    common = common_issues(db)
    rules = [f"SELECT '{issue}', sample_id FROM picture WHERE {rule}" for issue, rule in _WRONG.items()
             if issue not in common]  # fmt: skip
    return "SELECT * FROM (" + " UNION ALL ".join(["SELECT NULL AS issue, NULL AS sample_id WHERE 0", *rules]) + ")"


def record_far(db: Database, sample_ids: IntArray) -> int:
    """Mark these faces as far from all others, in place of those marked before; how many are marked.

    Faces that were not looked at or were taken out are left out. Within a transaction.
    """
    db.execute("DELETE FROM picture_issue WHERE issue = 'far'")
    db.execute(
        "INSERT INTO picture_issue SELECT 'far', s.id FROM json_each(?) f JOIN sample s ON s.id = f.value "
        f"JOIN picture p ON p.sample_id = s.id WHERE {PRESENT}",
        (json.dumps(sample_ids.tolist()),),
    )
    return int(db.execute("SELECT count(*) FROM picture_issue WHERE issue = 'far'").fetchone()[0])


def forget_pictures(db: Database, sample_ids: Iterable[int]) -> None:
    """Forget what was measured of faces that are taken out. Within a transaction."""
    for number in sample_ids:
        db.execute("DELETE FROM picture WHERE sample_id = ?", (number,))
        db.execute("DELETE FROM picture_issue WHERE sample_id = ?", (number,))


def not_looked_at(db: Database) -> IntArray:
    """The faces of the data set whose pictures were not measured, rising: those of older versions' workspaces."""
    sql = f"SELECT id FROM sample WHERE {PRESENT} AND id NOT IN (SELECT sample_id FROM picture) ORDER BY id"
    (sample_id,) = read_columns(db.execute(sql), np.int64)
    return sample_id


def common_issues(db: Database) -> dict[PictureIssue, float]:
    """What more than a third of the data set's pictures have wrong with them, with their share, most first.

    That is a property of the data set and no exception: no face is marked with it. None where under 100 were looked at.
    """
    sums = ", ".join(f"sum({wrong})" for wrong in _WRONG.values())
    looked_at, *counts = db.execute(_ALL.format(f"count(*), {sums}")).fetchone()
    shares = {issue: count / looked_at for issue, count in zip(_WRONG, counts, strict=True) if looked_at >= _FEWEST}
    return {issue: share for issue, share in sorted(shares.items(), key=lambda each: -each[1]) if share > _COMMON}


def count_issues(db: Database) -> dict[PictureIssue, int]:
    """Faces of the data set by what is wrong with their pictures; all named."""
    sql = (
        f"SELECT i.issue, count(*) FROM picture_issue i JOIN sample s ON s.id = i.sample_id WHERE {PRESENT} GROUP BY 1"
    )
    found = dict(db.execute(sql).fetchall())
    return {issue: found.get(issue, 0) for issue in PICTURE_ISSUES}


def count_copies(db: Database) -> int:
    """Groups of faces of the data set with the same pixels."""
    sql = f"SELECT count(*) FROM (SELECT 1 {_ALL.partition('{}')[2]} GROUP BY p.pixels HAVING count(*) > 1)"
    return int(db.execute(sql).fetchone()[0])


def bad_pictures(db: Database, issue: PictureIssue | None = None, *, limit: int = -1) -> list[BadPicture]:
    """Faces of the data set whose pictures have something wrong, by id; `issue`: this alone; -1: all of them."""
    columns = ", ".join(f"p.{name}" for name in PictureMeasures._fields)
    sql = f"""
        SELECT s.id, s.key, s.path, s.split, s.given_label, group_concat(i.issue), {columns}
        FROM picture_issue i JOIN sample s ON s.id = i.sample_id JOIN picture p ON p.sample_id = s.id
        WHERE {PRESENT} AND (:issue IS NULL OR s.id IN (SELECT sample_id FROM picture_issue WHERE issue = :issue))
        GROUP BY s.id ORDER BY s.id LIMIT :limit
        """
    rows = db.execute(sql, {"issue": issue, "limit": limit})
    return [
        BadPicture(number, key, path, split, given, _in_order(issues), PictureMeasures(*measures))
        for number, key, path, split, given, issues, *measures in rows
    ]


def _in_order(issues: str) -> tuple[PictureIssue, ...]:
    return tuple(issue for issue in PICTURE_ISSUES if issue in issues.split(","))


def looks(db: Database) -> Looks:
    """The hashes of every face of the data set that was looked at."""
    sql = f"SELECT p.sample_id, p.pixels, p.looks FROM picture p JOIN sample s ON s.id = p.sample_id WHERE {PRESENT}"
    ids, parts = [], []
    for number, *packed in db.execute(f"{sql} ORDER BY 1"):
        ids.append(number)
        parts.extend(packed)
    words = np.frombuffer(b"".join(parts), "<u8").reshape(-1, 5).astype(np.uint64)
    return Looks(np.array(ids, np.int64), words[:, 0], words[:, 1:])


def exact_copies(db: Database, sample_ids: IntArray) -> IntArray:
    """(N,) for each face the number of its group among these of the same pixels, 0 and up; -1: it is the only one."""
    sql = (
        "SELECT sample_id, dense_rank() OVER (ORDER BY pixels) FROM picture "
        "WHERE pixels IN (SELECT pixels FROM picture GROUP BY pixels HAVING count(*) > 1) ORDER BY sample_id"
    )
    sample_id, number = read_columns(db.execute(sql), np.int64, np.int64)
    group = np.full(len(sample_ids), -1, np.int64)
    inside = np.isin(sample_ids, sample_id)
    group[inside] = number[sample_id.searchsorted(sample_ids[inside])]
    _, place, count = np.unique(group, return_inverse=True, return_counts=True)
    return np.where(count[place] > 1, group, -1)


def same_pixels(db: Database, sample_id: int) -> list[SamePixels]:
    """The other faces of the data set with the same pixels, in all splits, by sample id; without those taken out."""
    rows = db.execute(
        "SELECT e.sample_id, e.key, e.split, e.label, e.excluded FROM picture p JOIN picture o ON o.pixels = p.pixels "
        "AND o.sample_id <> p.sample_id JOIN sample s ON s.id = o.sample_id AND s.withdrawn_in IS NULL "
        "JOIN effective_label e ON e.sample_id = o.sample_id WHERE p.sample_id = ? ORDER BY 1",
        (sample_id,),
    )
    return [SamePixels(number, key, split, label, bool(out)) for number, key, split, label, out in rows]


def contradicted(group: IntArray, label: IntArray) -> BoolArray:
    """(N,) whether a face has an exact copy with another label. `group`: (N,), of `exact_copies`; `label`: (N,)."""
    groups = group.max(initial=-1) + 2  # one more, the last: what faces without a copy, of group -1, write to
    low, high = np.full(groups, np.iinfo(np.int64).max), np.full(groups, -1)
    np.minimum.at(low, group, label)
    np.maximum.at(high, group, label)
    found: BoolArray = (group >= 0) & (low[group] < high[group])
    return found
