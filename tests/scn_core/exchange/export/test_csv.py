from __future__ import annotations

import csv
import json
import uuid
from pathlib import Path

import pytest
from sqlite_utils import Database

from scn_core.config import ReviewSettings
from scn_core.datasets.registry import read_manifest
from scn_core.datasets.source import Source
from scn_core.exchange.export.manifest import manifest_file
from scn_core.exchange.export.manifest import read_manifest as manifest_of_export
from scn_core.exchange.export.row_values import COLUMNS
from scn_core.exchange.export.write import ExportOptions, export_labels
from scn_core.records import Box, Decision, Manifest, Sample
from scn_core.store.current_labels import LabelFilter, Undecided
from scn_core.store.decisions.record import record_decisions
from scn_core.store.people.people import ensure_person
from scn_core.store.samples import insert_manifest
from tests.scn_core.exchange.export.labelled import PATHS, RISKY, add_round, begin, decide, draw, rows

PLAIN = ExportOptions()


def test_without_decisions_it_is_what_was_given(db: Database, manifest: Manifest, tmp_path: Path) -> None:
    insert_manifest(db, manifest)
    made = export_labels(db, tmp_path / "out.csv", PLAIN)
    assert (made.counts.rows, made.counts.changed, made.counts.excluded) == (len(PATHS), 0, 0)
    found = rows(tmp_path / "out.csv")
    assert tuple(found[0]) == COLUMNS
    assert found[0] == dict.fromkeys(COLUMNS, "") | {
        "path": "a.png", "label": "happy", "split": "train", "given_label": "happy", "changed": "0",
        "source": "given", "adjudicated": "0", "decisions": "0", "key": "a.png",
    }  # fmt: skip
    assert [row["split"] for row in found[-2:]] == ["val", "test"]


def test_a_face_whose_newest_readings_differ_says_so_beside_its_older_label(
    db: Database, manifest: Manifest, tmp_path: Path
) -> None:
    begin(db, manifest)
    decide(db, 1, "keep", 0)
    add_round(db, manifest, review=ReviewSettings(readings=2))
    decide(db, 1, "relabel", 1, round_id=2)
    decide(db, 1, "keep", 0, round_id=2, person="bob")
    for face, label in ((2, 1), (3, 0)):
        decide(db, face, "keep", label, round_id=2)
    decide(db, 3, "relabel", 1, round_id=2, person="bob")
    made = export_labels(db, tmp_path / "out.csv", PLAIN)
    found = [(r["source"], r["undecided"], r["round"], r["reviewers"]) for r in rows(tmp_path / "out.csv")[:4]]
    assert found == [
        ("keep", "conflict", "1", "ann"),
        ("waiting", "waiting", "2", "ann"),
        ("conflict", "conflict", "2", "ann; bob"),
        ("given", "", "", ""),
    ]
    assert made.counts.undecided == {"conflict": 2, "waiting": 1}
    words: dict[Undecided, str] = {"waiting": "waiting", "conflict": "in conflict"}
    said = "2 in conflict, 1 of them decided in an earlier round, whose label stands; 1 waiting"
    assert made.counts.undecided_words(words) == said
    assert manifest_of_export(manifest_file(tmp_path / "out.csv")).counts == made.counts


def test_each_answer_shows(db: Database, manifest: Manifest, tmp_path: Path) -> None:
    begin(db, manifest)
    decide(db, 1, "accept", 1)
    decide(db, 2, "relabel", 0, person="bob")
    decide(db, 3, "keep", 0)
    decide(db, 4, "unsure")
    decide(db, 5, "exclude")
    made = export_labels(db, tmp_path / "out.csv", PLAIN)
    assert (made.counts.rows, made.counts.changed, made.counts.excluded) == (len(PATHS) - 1, 2, 1)
    found = rows(tmp_path / "out.csv")
    said = [(r["label"], r["given_label"], r["changed"], r["source"], r["reviewers"], r["decisions"]) for r in found]
    assert said[:5] == [
        ("sad", "happy", "1", "accept", "ann", "1"),
        ("happy", "sad", "1", "relabel", "bob", "1"),
        ("happy", "happy", "0", "keep", "ann", "1"),
        ("sad", "sad", "0", "unsure", "ann", "1"),
        ("sad", "sad", "0", "given", "", "0"),
    ]
    assert {row["round"] for row in found[:4]} == {"1"}
    assert found[0]["decided_at"].endswith("Z")
    assert [row["margin"] for row in found[:3]] == ["0.0", "0.01", "0.02"]
    assert PATHS[4] not in {row["key"].removeprefix("./") for row in found}
    export_labels(db, tmp_path / "all.csv", ExportOptions(where=LabelFilter(excluded=True)))
    assert [(r["label"], r["source"]) for r in rows(tmp_path / "all.csv")][4] == ("happy", "exclude")


def test_who_took_the_file_stands_beside_whom_it_names(db: Database, manifest: Manifest, tmp_path: Path) -> None:
    begin(db, manifest)
    lea, ann = (ensure_person(db, name).id for name in ("lea", "ann"))
    for number, by in ((1, None), (2, lea)):
        about = {"imported": "in.csv"} | ({"by": by} if by else {})
        answer = Decision(str(uuid.uuid4()), 1, number, "ann", "unsure", shown=json.dumps(about))
        record_decisions(db, [answer])
    decide(db, 3, "unsure")
    assert ann != lea
    for pseudonyms, names in ((False, ("ann", "lea")), (True, ("reviewer-1", "a lead"))):
        export_labels(db, tmp_path / "out.csv", ExportOptions(pseudonyms=pseudonyms))
        found = [(row["reviewers"], row["imported_by"]) for row in rows(tmp_path / "out.csv")]
        assert found[:4] == [(names[0], "a command"), names, (names[0], ""), ("", "")]


def test_answers_that_decide_nothing_leave_the_given_label_and_say_so(
    db: Database, manifest: Manifest, tmp_path: Path
) -> None:
    begin(db, manifest, review=ReviewSettings(readings=2))
    decide(db, 3, "accept", 1)
    for person in ("bob", "ann"):
        decide(db, 1, "accept", 1, person=person)
        decide(db, 2, "keep" if person == "ann" else "accept", 1 if person == "ann" else 0, person=person)
        decide(db, 4, "keep" if person == "ann" else "accept", 1 if person == "ann" else 0, person=person)
    decide(db, 4, "relabel", 0, person="lea", adjudicates=True)
    export_labels(db, tmp_path / "out.csv", PLAIN)
    said = [
        (r["label"], r["source"], r["adjudicated"], r["reviewers"], r["round"]) for r in rows(tmp_path / "out.csv")[:4]
    ]
    assert said == [
        ("sad", "accept", "0", "bob; ann", "1"),
        ("sad", "conflict", "0", "bob; ann", "1"),
        ("happy", "waiting", "0", "ann", "1"),
        ("happy", "relabel", "1", "bob; ann; lea", "1"),
    ]
    assert rows(tmp_path / "out.csv")[1]["decided_at"] == ""


def test_a_label_keeps_the_round_and_the_scores_it_was_decided_on(
    db: Database, manifest: Manifest, tmp_path: Path
) -> None:
    begin(db, manifest)
    decide(db, 1, "accept", 1)
    add_round(db, manifest, alpha=0.25)
    export_labels(db, tmp_path / "out.csv", PLAIN)
    found = rows(tmp_path / "out.csv")
    assert [(r["round"], r["alpha"]) for r in found[:2]] == [("1", "0.5"), ("", "0.25")]
    assert found[-1]["alpha"] == ""


def test_no_cell_is_run_by_a_spreadsheet(db: Database, manifest: Manifest, tmp_path: Path) -> None:
    begin(db, manifest)
    decide(db, 1, "accept", 1, person='=HYPERLINK("http://evil","x")')
    decide(db, 2, "unsure", person="+ann")
    export_labels(db, tmp_path / "out.csv", PLAIN)
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as text:
        cells = {cell for row in csv.reader(text) for cell in row}
    assert not [cell for cell in cells if cell[:1] in {*"=+-@\t\r\n＝＋－＠"}]
    assert """'=HYPERLINK("http://evil","x")""" in cells
    assert {f"./{path}" for path in RISKY} <= cells


def test_it_reads_back_as_the_same_labels(db: Database, manifest: Manifest, tmp_path: Path) -> None:
    draw(manifest)
    begin(db, manifest)
    decide(db, 1, "accept", 1)
    decide(db, 5, "exclude")
    export_labels(db, tmp_path / "out.csv", PLAIN)
    again = read_manifest("csv", Source(csv=tmp_path / "out.csv"), strict=True)
    expected = {sample.path: (sample.given_label, sample.split) for sample in manifest.samples}
    expected["a.png"] = (1, "train")
    del expected[PATHS[4]]
    assert {sample.path: (sample.given_label, sample.split) for sample in again.samples} == expected
    assert again.classes == manifest.classes


def test_boxes_are_written_where_there_are_some(db: Database, manifest: Manifest, tmp_path: Path) -> None:
    draw(manifest)
    boxed = [
        Sample(f"{path}#{n}", path, n, "train", Box(n, 2, 15, 16)) for path in ("a.png", "=1+1.png") for n in range(2)
    ]
    insert_manifest(db, Manifest("toy", tmp_path, manifest.classes, (*boxed, *manifest.samples[2:])))
    export_labels(db, tmp_path / "out.csv", PLAIN)
    again = read_manifest("csv", Source(csv=tmp_path / "out.csv"), strict=True)
    assert again.samples == (*boxed, *manifest.samples[2:])
    found = rows(tmp_path / "out.csv")
    assert tuple(found[0]) == (*COLUMNS, "left", "top", "right", "bottom")
    assert [found[0][side] for side in ("left", "top", "right", "bottom")] == ["0", "2", "15", "16"]
    assert found[0]["key"] == "a.png#0"
    assert found[4]["left"] == ""


def test_a_file_there_is_replaced_whole(db: Database, manifest: Manifest, tmp_path: Path) -> None:
    insert_manifest(db, manifest)
    (tmp_path / "out.csv").write_text("old " * 10_000)
    export_labels(db, tmp_path / "out.csv", PLAIN)
    assert len(rows(tmp_path / "out.csv")) == len(PATHS)
    assert not list(tmp_path.glob("*.part"))


def test_a_failure_leaves_the_old_files_and_no_part(db: Database, manifest: Manifest, tmp_path: Path) -> None:
    """It breaks off at the last row."""
    insert_manifest(db, manifest)
    export_labels(db, tmp_path / "out.csv", PLAIN)
    before = {file.name: file.read_bytes() for file in tmp_path.glob("out.csv*")}
    assert len(before) == 2
    written = iter(range(1, len(PATHS)))

    def fail_at_last(faces: int) -> None:
        if not next(written, 0):
            raise OSError("no disk any more")

    with pytest.raises(OSError, match="no disk"):
        export_labels(db, tmp_path / "out.csv", PLAIN, progress=fail_at_last)
    assert {file.name: file.read_bytes() for file in tmp_path.glob("out.csv*")} == before
