"""What came with the data set beside one label a face: the balance of the import, and the votes of several people."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlite_utils import Database

from scn_core.class_names import canonical
from scn_core.import_balance import Balance, Spelling
from scn_core.records import FloatArray, IntArray, Manifest, Vote
from scn_core.store.columns import read_columns


@dataclass(frozen=True)
class VoteCounts:
    """How often each answer was given to each face, as columns of equal length, ordered by sample id."""

    sample_id: IntArray
    answer: IntArray
    """Class number; the answers that are no class have numbers above."""
    votes: IntArray


def insert_what_was_read(db: Database, manifest: Manifest, sample_ids: Iterable[int]) -> None:
    """Spellings and votes of a manifest whose classes and samples are in the database; `sample_ids`: one a sample."""
    spelt = ((manifest.classes.find(each.name), each.written, each.rows) for each in manifest.spellings)
    db.conn.executemany("INSERT INTO spelling VALUES (?, ?, ?)", spelt)
    db.conn.executemany("INSERT INTO vote VALUES (?, ?, ?, ?, ?)", vote_values(manifest, sample_ids))


def vote_values(manifest: Manifest, numbers: Iterable[int]) -> Iterator[tuple[Any, ...]]:
    """The number of a face, annotator, label, other and count of every vote, as table `vote` has them.

    `numbers`: one a sample.
    """
    for number, sample in zip(numbers, manifest.samples, strict=True):
        for vote in sample.votes:
            yield number, vote.annotator, vote.label, vote.other, vote.count


def spellings(db: Database) -> set[Spelling]:
    """How the data set writes its classes."""
    sql = "SELECT s.written, c.name, s.rows FROM spelling s JOIN class c ON c.number = s.label"
    return {Spelling(*row) for row in db.execute(sql)}


def import_balance(db: Database) -> Balance | None:
    """What the newest reading of the data set saw and what became of it; None: from before reasons were kept."""
    if db.execute("SELECT EXISTS (SELECT 1 FROM problem WHERE reason IS NULL)").fetchone()[0]:
        return None
    # The last reading took what has not vanished in it, and was not taken out before it.
    taken = db.execute(
        "SELECT count(*) FROM sample WHERE vanished_in IS NULL AND (withdrawn_in IS NULL OR withdrawn_in > "
        "coalesce((SELECT max(id) FROM data_change WHERE kind = 'update'), 0))"
    ).fetchone()[0]
    further = db.execute(
        "SELECT count(*) - count(DISTINCT sample_id) FROM vote WHERE annotator <> '' AND sample_id IN "
        "(SELECT id FROM sample WHERE vanished_in IS NULL)"
    ).fetchone()[0]
    left_out = db.execute(
        "SELECT reason, sum(rows) FROM problem WHERE kept = 0 AND rows > 0 GROUP BY reason ORDER BY 2 DESC, 1"
    ).fetchall()
    spellings = db.execute(
        "SELECT s.written, c.name, s.rows FROM spelling s JOIN class c ON c.number = s.label ORDER BY c.number, s.rows "
        "DESC, s.written"
    )
    return Balance(taken, further, dict(left_out), tuple(Spelling(*row) for row in spellings))


def names_as_written(db: Database) -> tuple[str, ...]:
    """The classes by number, each in the spelling that most rows of the data set have; its name where none is known."""
    rows = db.execute(
        "SELECT coalesce((SELECT written FROM spelling WHERE label = number ORDER BY rows DESC, written LIMIT 1), "
        "name) FROM class ORDER BY number"
    )
    return tuple(name for (name,) in rows)


def numbers_as_written(db: Database) -> dict[str, int]:
    """Spelling of the data set, in the form of `canonical` -> class number, of those that mean one class."""
    found: dict[str, set[int]] = defaultdict(set)
    for number, written in db.execute("SELECT label, written FROM spelling"):
        found[canonical(written)].add(number)
    return {written: numbers.pop() for written, numbers in found.items() if len(numbers) == 1}


def has_votes(db: Database) -> bool:
    """Whether any face came with several people's labels."""
    return bool(db.execute("SELECT EXISTS (SELECT 1 FROM vote)").fetchone()[0])


def votes_between(db: Database, first: int, last: int) -> dict[int, list[Vote]]:
    """Sample id -> its votes, of the faces first to last that have any."""
    found: dict[int, list[Vote]] = defaultdict(list)
    sql = "SELECT sample_id, label, annotator, other, votes FROM vote WHERE sample_id BETWEEN ? AND ? ORDER BY rowid"
    for sample_id, *vote in db.execute(sql, (first, last)):
        found[sample_id].append(Vote(*vote))
    return found


def vote_counts(db: Database) -> VoteCounts:
    """All votes, summed over people."""
    answers = "coalesce(v.label, (SELECT count(*) FROM class) + o.place)"
    cursor = db.execute(
        f"SELECT v.sample_id, {answers} AS answer, sum(v.votes) FROM vote v LEFT JOIN (SELECT other, row_number() OVER "
        "(ORDER BY other) - 1 AS place FROM vote GROUP BY other) o ON o.other = v.other AND v.label IS NULL "
        "GROUP BY v.sample_id, answer ORDER BY v.sample_id, answer"
    )
    return VoteCounts(*read_columns(cursor, np.int64, np.int64, np.int64))


@dataclass(frozen=True)
class NamedVotes:
    """The votes that name a class, by whom, as columns of equal length, ordered by sample id."""

    annotators: tuple[str, ...]
    """By number; "" stands for all whom the data set only counts."""
    sample_id: IntArray
    annotator: IntArray
    label: IntArray
    votes: IntArray


def named_votes(db: Database, *, answered: bool = False) -> NamedVotes:
    """Who gave which class to which face before the import; `answered`: only of faces that reviewers have answered."""
    names = [name for (name,) in db.execute("SELECT DISTINCT annotator FROM vote WHERE label IS NOT NULL ORDER BY 1")]
    among = " AND v.sample_id IN (SELECT sample_id FROM outcome)" if answered else ""
    cursor = db.execute(
        "SELECT v.sample_id, a.key, v.label, v.votes FROM vote v JOIN json_each(?) a ON a.value = v.annotator "
        f"WHERE v.label IS NOT NULL{among} ORDER BY v.sample_id, v.rowid",
        (json.dumps(names),),
    )
    return NamedVotes(tuple(names), *read_columns(cursor, np.int64, np.int64, np.int64, np.int64))


def vote_shares(db: Database, sample_id: IntArray, classes: int) -> FloatArray | None:
    """(N, classes) how often the votes on each of N faces name each class: (votes for it + 1) / (votes + classes).

    Votes that name no class count in the sum alone; a face without votes has the same share for every class. None where
    no face at all came with votes. `sample_id`: rising.
    """
    if not has_votes(db):
        return None
    named, total = _votes_for(db, sample_id, classes)
    shares: FloatArray = ((named + 1) / (total[:, None] + classes)).astype(np.float32)
    return shares


def class_votes(db: Database, sample_id: IntArray, classes: int) -> FloatArray:
    """(N, classes) votes for each class on each of N faces; those that name none are left out. `sample_id`: rising."""
    return _votes_for(db, sample_id, classes)[0]


def _votes_for(db: Database, sample_id: IntArray, classes: int) -> tuple[FloatArray, npt.NDArray[np.float64]]:
    """(N, classes) votes for each class, and (N,) votes in all."""
    counts = vote_counts(db)
    known = np.isin(counts.sample_id, sample_id)
    row, answer, votes = sample_id.searchsorted(counts.sample_id[known]), counts.answer[known], counts.votes[known]
    named, of_classes = np.zeros((len(sample_id), classes), np.float32), answer < classes
    named[row[of_classes], answer[of_classes]] = votes[of_classes]
    return named, np.asarray(np.bincount(row, votes, len(sample_id)), np.float64)


@dataclass(frozen=True)
class FaceVotes:
    """How one face was labelled before it came here."""

    labels: dict[int, int]
    """Class number -> votes, most votes first."""
    others: dict[str, int]
    """Answer that is no class -> votes, most votes first."""

    @property
    def total(self) -> int:
        """Votes of all answers."""
        return sum(self.labels.values()) + sum(self.others.values())


def face_votes(db: Database, sample_ids: Sequence[int]) -> dict[int, FaceVotes]:
    """Sample id -> its votes, summed over people, of those faces that have any."""
    sql = (
        "SELECT v.sample_id, v.label, v.other, sum(v.votes) FROM (SELECT DISTINCT value FROM json_each(?)) asked "
        "CROSS JOIN vote v ON v.sample_id = asked.value GROUP BY 1, 2, 3 ORDER BY 1, 4 DESC, 2, 3"
    )
    found: defaultdict[int, FaceVotes] = defaultdict(lambda: FaceVotes({}, {}))
    for sample_id, label, other, votes in db.execute(sql, (json.dumps(list(sample_ids)),)):
        if label is None:
            found[sample_id].others[other] = votes
        else:
            found[sample_id].labels[label] = votes
    return dict(found)


def annotator_count(db: Database) -> int:
    """How many people the votes name; 0 where they are counts alone."""
    return int(db.execute("SELECT count(DISTINCT annotator) FROM vote WHERE annotator <> ''").fetchone()[0])
