"""The same revision gives the same bytes; what is counted is what is written; what is written is what the log says."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import shutil
from collections import Counter
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from scn_core.config import ReviewSettings
from scn_core.exchange.export.formats import FormatName
from scn_core.exchange.export.manifest import read_manifest
from scn_core.exchange.export.write import ExportOptions, export_labels, preview
from scn_core.records import Decision, Manifest
from scn_core.store.connection import open_database, snapshot
from scn_core.store.current_labels import LabelFilter, iter_labels, label_counts, reviewer_names, revision
from scn_core.store.sqlite_errors import database_path
from tests.scn_core.exchange.export.labelled import add_round, begin, decide, toy_manifest
from tests.templates import new_database

TRAINED = 8
PEOPLE = ("ann", "bob", "eve")

answers = st.lists(
    st.tuples(
        st.sampled_from([1, 2, 3, TRAINED]),
        st.sampled_from(PEOPLE),
        st.sampled_from(["accept", "keep", "relabel", "unsure", "exclude", "flag", "undo", "next round"]),
    ),
    max_size=14,
)
filters = st.builds(
    LabelFilter,
    split=st.sampled_from([None, "train", "val", "test"]),
    changed=st.booleans(),
    decided=st.booleans(),
    label=st.sampled_from([None, None, 0, 1]),
    round=st.sampled_from([None, None, 1, 2]),
    excluded=st.booleans(),
)


def play(db: Database, manifest: Manifest, story: list[tuple[int, str, str]]) -> None:
    """People answer in turn; an undo takes back a person's newest answer that stands; what does not fit is left out."""
    stands: dict[str, list[Decision]] = {person: [] for person in PEOPLE}
    current = 1
    for face, person, action in story:
        if action == "next round":
            current = add_round(db, manifest, review=ReviewSettings(readings=2))
        elif action == "undo":
            if stands[person]:
                last = stands[person].pop()
                decide(db, last.sample_id, "undo", None, person, undoes=last.id, round_id=last.round)
        elif not (action == "accept" and face == TRAINED):  # no proposal
            given_label = manifest.samples[face - 1].given_label
            label = {"accept": 1 - given_label, "keep": given_label, "relabel": 1 - given_label}.get(action)
            stands[person].append(decide(db, face, action, label, person, round_id=current))


def fresh(path: Path, story: list[tuple[int, str, str]]) -> Database:
    path.unlink(missing_ok=True)
    db = new_database(path)
    manifest = toy_manifest(path.parent)
    begin(db, manifest, review=ReviewSettings(readings=2))
    play(db, manifest, story)
    return db


@settings(max_examples=12, deadline=None)
@given(
    story=answers,
    where=filters,
    name=st.sampled_from(["csv", "jsonl", "npz", "label-studio", "fiftyone"]),
    pseudonyms=st.booleans(),
)
def test_the_same_revision_exports_the_same_bytes(
    tmp_path_factory: pytest.TempPathFactory,
    story: list[tuple[int, str, str]],
    where: LabelFilter,
    name: FormatName,
    pseudonyms: bool,
) -> None:
    """From the workspace, from a copy of it opened for reading, and again after it went on and came back."""
    folder = tmp_path_factory.mktemp("same")
    there = 1 + any(action == "next round" for *_, action in story)  # of a round that is not there nothing is written
    where = replace(where, round=where.round and min(where.round, there))
    options = ExportOptions(name, where, pseudonyms)
    with closing(fresh(folder / "review.db", story)) as db:
        made = export_labels(db, folder / "one", options)
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copy(folder / "review.db", folder / "copy.db")
        again = export_labels(db, folder / "one", options)
        preview(db, options)
    with closing(open_database(folder / "copy.db", read_only=True)) as db:
        (folder / "other").mkdir()
        third = export_labels(db, folder / "other/one", options)
    assert made == again == third
    assert (folder / "one").read_bytes() == (folder / "other/one").read_bytes()
    manifests = [(folder / where / "one.manifest.json").read_bytes() for where in (".", "other")]
    assert manifests[0] == manifests[1]
    assert hashlib.sha256((folder / "one").read_bytes()).hexdigest() == made.sha256


@settings(max_examples=12, deadline=None)
@given(story=answers, wheres=st.lists(filters, min_size=5, max_size=5))
def test_counts_are_those_of_the_rows(
    tmp_path_factory: pytest.TempPathFactory, story: list[tuple[int, str, str]], wheres: list[LabelFilter]
) -> None:
    folder = tmp_path_factory.mktemp("counts")
    with closing(fresh(folder / "review.db", story)) as db:
        everything = list(iter_labels(db, LabelFilter(excluded=True)))
        for where in wheres:
            rows = list(iter_labels(db, where, page=3))
            counts = label_counts(db, where)
            assert rows == [row for row in everything if fits(row, where)]
            assert counts.rows == len(rows)
            assert counts.sources == Counter(row.source for row in rows)
            pairs = Counter((row.given_label, row.label) for row in rows if row.label != row.given_label)
            assert {(c.given_label, c.label): c.count for c in counts.changes} == pairs
            assert counts.changed == pairs.total()
            left_out = [row for row in everything if row.excluded and fits(row, where, excluded=True)]
            assert counts.excluded == len(left_out)


def fits(row: Any, where: LabelFilter, *, excluded: bool | None = None) -> bool:
    decided = row.source in ("accept", "keep", "relabel", "unsure", "exclude")
    return bool(
        (where.split is None or row.split == where.split)
        and (not where.changed or row.label != row.given_label)
        and (not where.decided or decided)
        and (where.label is None or row.label == where.label)
        and (where.round is None or (decided and row.round == where.round))
        and (not row.excluded or (where.excluded if excluded is None else excluded))
    )


@settings(max_examples=12, deadline=None)
@given(story=answers)
def test_rows_are_what_the_views_and_the_log_say(
    tmp_path_factory: pytest.TempPathFactory, story: list[tuple[int, str, str]]
) -> None:
    folder = tmp_path_factory.mktemp("rows")
    with closing(fresh(folder / "review.db", story)) as db:
        for row in iter_labels(db, LabelFilter(excluded=True)):
            label, action, round_id, excluded, at = db.execute(
                "SELECT label, action, round_id, excluded, decided_at FROM effective_label WHERE sample_id = ?",
                (row.sample_id,),
            ).fetchone()
            assert (row.label, row.excluded, row.decided_at) == (label, bool(excluded), at)
            log = db.execute(
                "SELECT round_id, person_id, seq FROM live_decision WHERE sample_id = ? ORDER BY seq", (row.sample_id,)
            ).fetchall()
            if not log:
                assert (row.source, row.round, row.people) == ("given", None, ())
                continue
            counted = round_id or max(entry[0] for entry in log)
            newest = {person: seq for number, person, seq in log if number == counted}
            assert row.people == tuple(sorted(newest, key=newest.__getitem__))
            assert row.round == counted
            assert (row.source == action) if action else row.source in ("waiting", "conflict")


def test_an_export_is_of_one_moment(db: Database, manifest: Manifest) -> None:
    """Somebody answers while the rows are read, page by page."""
    begin(db, manifest)
    with closing(open_database(database_path(db))) as reader, snapshot(reader):
        stand, rows = revision(reader), iter_labels(reader, LabelFilter(), page=2)
        seen = [next(rows)]
        decide(db, 5, "accept", 1)
        seen += rows
        assert (revision(reader), {row.source for row in seen}) == (stand, {"given"})
    assert {row.source for row in iter_labels(db, LabelFilter())} == {"given", "accept"}


def test_revisions_name_the_newest_decision_and_round(db: Database, manifest: Manifest) -> None:
    begin(db, manifest)
    assert str(revision(db)) == "r1-d0"
    decide(db, 1, "accept", 1)
    assert str(revision(db)) == "r1-d1"
    add_round(db, manifest)
    assert str(revision(db)) == "r2-d1"


def test_pseudonyms_follow_the_order_of_first_answers_and_stay(db: Database, manifest: Manifest) -> None:
    begin(db, manifest)
    decide(db, 1, "flag", person="zoe")
    first = decide(db, 2, "unsure", person="bob")
    decide(db, 1, "accept", 1, person="ann")
    assert sorted(reviewer_names(db, pseudonyms=True).values()) == ["reviewer-1", "reviewer-2"]
    before = reviewer_names(db, pseudonyms=True)
    decide(db, 2, "undo", person="bob", undoes=first.id)
    decide(db, 3, "keep", 0, person="zoe")
    decide(db, 3, "keep", 0, person="bob")
    after = reviewer_names(db, pseudonyms=True)
    assert before.items() <= after.items()
    names = reviewer_names(db)
    assert {names[person]: said for person, said in after.items()} == {
        "bob": "reviewer-1", "ann": "reviewer-2", "zoe": "reviewer-3"
    }  # fmt: skip


@pytest.mark.parametrize("name", ["csv", "jsonl", "label-studio", "fiftyone"])
def test_with_pseudonyms_no_name_is_in_the_files(
    name: FormatName, db: Database, manifest: Manifest, tmp_path: Path
) -> None:
    begin(db, manifest)
    decide(db, 1, "accept", 1, person="Ann Example")
    export_labels(db, tmp_path / "out", ExportOptions(name, pseudonyms=True))
    text = (tmp_path / "out").read_text() + (tmp_path / "out.manifest.json").read_text()
    assert "Example" not in text
    assert ("reviewer-1" in text) == (name in ("csv", "jsonl", "label-studio"))


def test_the_manifest_says_what_the_file_is_and_reads_back(db: Database, manifest: Manifest, tmp_path: Path) -> None:
    begin(db, manifest)
    decide(db, 1, "accept", 1)
    decide(db, 2, "exclude")
    made = export_labels(db, tmp_path / "out.csv", ExportOptions(where=LabelFilter(split="train", label=1)))
    said = json.loads((tmp_path / "out.csv.manifest.json").read_text(encoding="utf-8"))
    data = (tmp_path / "out.csv").read_bytes()
    assert said["sha256"] == hashlib.sha256(data).hexdigest()
    assert (said["file"], said["bytes"], said["revision"]) == ("out.csv", len(data), "r1-d2")
    assert said["options"]["format"] == "csv"
    assert (said["options"]["split"], said["options"]["label"]) == ("train", "sad")
    assert said["changes"] == [{"given": "happy", "label": "sad", "count": 1}]
    assert said["rows"] == len(list(csv.DictReader(io.StringIO(data.decode()))))
    assert asdict(read_manifest(tmp_path / "out.csv.manifest.json")) == asdict(made)
