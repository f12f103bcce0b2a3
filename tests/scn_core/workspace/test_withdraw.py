"""Faces that are taken out: nothing of them is asked, shown, exported or kept."""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from sqlite_utils import Database

from scn_core import dataframes
from scn_core.config import ReviewSettings
from scn_core.datasets.pixels import pixel_cache
from scn_core.erase import erase
from scn_core.errors import DataError, WorkspaceError
from scn_core.exchange.export.write import ExportOptions, export_labels
from scn_core.records import Action, Decision, QueueFilter
from scn_core.review.evaluate import evaluate
from scn_core.review.quality.audit_estimate import estimate
from scn_core.review.quality.figures import quality
from scn_core.review.workspace_consensus import workspace_consensus
from scn_core.rounds.artifacts import Neighbours
from scn_core.rounds.inputs import faces_now
from scn_core.store.current_labels import LabelFilter, label_counts, revision
from scn_core.store.decisions.adjudication import conflicts, outcome_counts
from scn_core.store.decisions.record import history, record_decisions
from scn_core.store.people.people import ensure_person
from scn_core.store.projections import check
from scn_core.store.queue.browse import items_of, page_items
from scn_core.store.queue.counts import queue_counts
from scn_core.store.queue.draw_audit import drawn_by_label
from scn_core.store.queue.learned_order import scored_faces
from scn_core.store.queue.leases import claim_items
from scn_core.store.reports.corrections import decided_groups
from scn_core.store.reports.figures import doubt_bins, score_bins
from scn_core.store.rounds.states import SCORED, close_round, which_round
from scn_core.store.samples import AllSamples, StoredSample, get_sample, not_taken_out
from scn_core.store.scores import count_open_proposals, count_proposals, score_columns, scores
from scn_core.store.seals import broken_seals
from scn_core.workspace.folder import Workspace
from scn_core.workspace.thumbnails import large_face_of, thumbnails_of
from scn_core.workspace.withdraw import withdraw
from tests.review_workspace import add_round
from tests.scn_core.conftest import Run


def say(db: Database, face: int, action: Action, label: int | None = None, person: str = "ann") -> None:
    ensure_person(db, person)
    record_decisions(db, [Decision(str(uuid.uuid4()), 1, face, person, action, label)])


def queued(db: Database, kind: str = "proposal") -> StoredSample:
    (number,) = db.execute("SELECT sample_id FROM queue_item WHERE kind = ? AND listed = 1", (kind,)).fetchone()
    found = get_sample(db, number)
    assert found is not None
    return found


@pytest.mark.parametrize("kind", ["proposal", "audit"])
def test_an_open_face_is_asked_of_nobody_any_more(workspace: Workspace, kind: str) -> None:
    add_round(workspace, proposals=20, low=10)
    with workspace.database() as db:
        face = queued(db, kind)
        ann = ensure_person(db, "ann")
        before = len(page_items(db, 1, ann.id, QueueFilter(), limit=500)[0])
        proposals = count_open_proposals(db, 1)
    withdraw(workspace, [face.sample.key])
    with workspace.database() as db:
        left = page_items(db, 1, ann.id, QueueFilter(), limit=500)[0]
        assert len(left) == before - 1
        assert face.id not in {item.sample_id for item in left}
        assert face.id not in {item.sample_id for item in claim_items(db, 1, ann.id, QueueFilter(), limit=500).items}
        assert face.id not in faces_now(db).sample_id
        assert count_open_proposals(db, 1) == proposals - (kind == "proposal")
        assert check(db) == []
        with pytest.raises(WorkspaceError, match="which was taken out; allowed: faces that"):
            say(db, face.id, "unsure")  # of a page that was on screen meanwhile
        assert check(db) == []


def test_answers_stay_in_the_log_and_the_queue_stays_right(workspace: Workspace) -> None:
    add_round(workspace, proposals=20, low=10, review=ReviewSettings(readings=3))
    with workspace.database() as db:
        face = queued(db)
        for person in ("ann", "bob", "cyd"):
            say(db, face.id, "unsure", person=person)
        ann = ensure_person(db, "ann")
        first = history(db, face.id)[0].decision.id
        record_decisions(
            db, [Decision("back", 1, face.id, "ann", "undo", undoes=first)]
        )  # her slot, the first, is open
    withdraw(workspace, [face.sample.key])
    with workspace.database(read_only=True) as db:
        slots = db.execute("SELECT slot FROM queue_item WHERE sample_id = ? ORDER BY 1", (face.id,)).fetchall()
        assert slots == [(0,), (1,)]
        assert len(history(db, face.id)) == 4
        assert check(db) == []
        (item,) = items_of(db, 1, ann.id, [face.id])
        assert item.withdrawn


@pytest.mark.parametrize("closed", [False, True])
def test_no_page_and_no_count_has_it(workspace: Workspace, closed: bool) -> None:
    add_round(workspace, proposals=20, low=10)
    everything = QueueFilter(state="all")
    with workspace.database() as db:
        face, ann = queued(db), ensure_person(db, "ann")
        if closed:
            close_round(db, 1)
        else:
            say(db, face.id, "exclude")
        before = queue_counts(db, 1, ann.id, everything)
    withdraw(workspace, [face.sample.key])
    with workspace.database(read_only=True) as db:
        page, _ = page_items(db, 1, ann.id, everything, limit=500)
        counts = queue_counts(db, 1, ann.id, everything)
        assert face.id not in {item.sample_id for item in page}
        assert counts.matching == len(page) == before.matching - 1
        assert counts.states["exclude"] == 0
        assert check(db) == []


def test_a_conflict_about_it_needs_nobody(workspace: Workspace) -> None:
    add_round(workspace, proposals=20, low=10, review=ReviewSettings(readings=2))
    with workspace.database() as db:
        face = queued(db)
        say(db, face.id, "exclude", person="ann")
        say(db, face.id, "unsure", person="bob")
        assert (outcome_counts(db, 1).conflict, len(conflicts(db, 1))) == (1, 1)
    withdraw(workspace, [face.sample.key])
    with workspace.database(read_only=True) as db:
        assert (outcome_counts(db, 1).conflict, len(conflicts(db, 1))) == (0, 0)


def test_no_export_or_table_has_it(workspace: Workspace, tmp_path: Path) -> None:
    add_round(workspace, proposals=20, low=10)
    with workspace.database() as db:
        face = queued(db)
        key = face.sample.key
        say(db, face.id, "exclude")
        stood = str(revision(db))
    withdraw(workspace, [key])
    with workspace.database(read_only=True) as db:
        for form in ("csv", "jsonl", "label-studio", "fiftyone"):
            export_labels(db, tmp_path / form, ExportOptions(form, LabelFilter(excluded=True)))
            assert key not in (tmp_path / form).read_text(encoding="utf-8")
        assert key not in set(dataframes.labels(db)["key"])
        assert label_counts(db, LabelFilter()).withdrawn == 1
        assert (stood, str(revision(db))) == ("r1-d1", "r1-d1-u1")


def counts_of(db: Database) -> dict[str, int]:
    """How many faces each figure of round 1 is of."""
    found, bins = quality(db, which_round(db, 1, *SCORED)), score_bins(db, 1)
    return {
        "scores": len(scores(db, 1).sample_id),
        "compare": len(score_columns(db, 1).sample_id),
        "learned order": len(scored_faces(db, 1)[0]),
        "evaluate": evaluate(db).faces,
        "consensus": len(workspace_consensus(db, 1).sample_id),
        "alpha and margin": int(bins.high.sum() + bins.low.sum()),
        "doubts": int(doubt_bins(db, 1).sum()),
        "estimate": found.estimate.faces,
        "estimate, reviewed": found.estimate.reviewed,
        "decided": found.progress.decided,
        "decided of a class": sum(each.wrong.of for each in found.class_errors if each.wrong),
        "answers of doubts": sum(each.faces for each in found.doubts),
        "steps": int(found.steps.changed.sum() + found.steps.unchanged.sum()),
        "groups": int(decided_groups(db, 1).faces.sum()),
        "proposals": count_proposals(db, 1),
    }


@pytest.mark.parametrize("take_out", [withdraw, erase])
def test_no_score_or_figure_has_it(workspace: Workspace, take_out: Callable[[Workspace, list[str]], object]) -> None:
    add_round(workspace, proposals=20, low=10)
    with workspace.database() as db:
        face = queued(db)
        say(db, face.id, "exclude")
        before = counts_of(db)
    take_out(workspace, [face.sample.key])
    with workspace.database(read_only=True) as db:
        assert counts_of(db) == {name: count - 1 for name, count in before.items() if name != "consensus"} | {
            "consensus": before["consensus"]  # which had no excluded face before
        }
        table = dataframes.scores(db, 1)
        assert len(table) == before["scores"] - 1
        assert not {face.sample.key, f"erased/{face.id}"} & set(table["key"])
        near = Neighbours([face.id, 1000, 7, 3], [face.id], 2).among(partial(not_taken_out, db))
        assert near == Neighbours([7, 3], [], 2), "nor has a face that is like it"
        assert not broken_seals(db), "the rows that were sealed are still there"


def test_an_audit_face_that_is_out_speaks_for_no_other(workspace: Workspace) -> None:
    add_round(workspace, proposals=20, low=10, audit=30)
    with workspace.database() as db:
        face = queued(db, "audit")
        say(db, face.id, "unsure")
        before, drawn = estimate(db, 1), drawn_by_label(db, 1)
    withdraw(workspace, [face.sample.key])
    with workspace.database(read_only=True) as db:
        after = estimate(db, 1)
        assert (after.faces, after.drawn, after.answered) == (before.faces - 1, before.drawn - 1, 0)
        assert drawn_by_label(db, 1).sum() == drawn.sum() - 1


def test_no_picture_is_shown_or_kept(workspace: Workspace, run: Run) -> None:
    with workspace.database(read_only=True) as db:
        pixel_cache(workspace.pixels, AllSamples(db), workspace.pictures(), 16)
        faces = [stored for number in (1, 2) if (stored := get_sample(db, number)) is not None]
    webp = thumbnails_of(workspace, faces)[1]
    assert isinstance(webp, bytes)
    assert webp[20:60] in workspace.thumbs_file.read_bytes()
    done = run("withdraw", workspace.path, faces[0].sample.key, "--yes")
    assert done.code == 0
    assert "1 face is taken out; thumbnails and decoded pictures are erased" in done.out
    assert f"the picture files may be deleted now: {faces[0].sample.path}" in done.out
    with workspace.database(read_only=True) as db:
        gone = get_sample(db, 1)
        assert gone is not None
    assert thumbnails_of(workspace, [gone]) == {1: "taken out"}
    assert large_face_of(workspace, gone) == "taken out"
    with sqlite3.connect(workspace.thumbs_file) as thumbs:
        assert thumbs.execute("SELECT sample_id FROM thumb").fetchall() == [(2,)]
    assert webp[20:60] not in workspace.thumbs_file.read_bytes()
    pixels = np.load(workspace.pixels / "pixels-16.npy")
    assert not pixels[0].any()
    assert pixels[1].any()
    assert "taken out already" in run("withdraw", workspace.path, faces[0].sample.key, "--yes").out


def test_the_same_picture_under_another_name_is_told(workspace: Workspace, run: Run) -> None:
    with workspace.database() as db:
        db.execute("UPDATE sample SET digest = (SELECT digest FROM sample WHERE id = 1) WHERE id = 4")
        first, other = (stored.sample.key for n in (1, 4) if (stored := get_sample(db, n)) is not None)
    said = json.loads(run("withdraw", workspace.path, first, "--yes", "--json").out)
    assert (said["withdrawn"], said["same"]) == ([first], [other])


def test_all_or_none(workspace: Workspace) -> None:
    with workspace.database(read_only=True) as db:
        known = get_sample(db, 1)
        assert known is not None
    with pytest.raises(DataError, match=r"found face 'nobody\.jpg'; allowed: keys of faces"):
        withdraw(workspace, [known.sample.key, "nobody.jpg"])
    with workspace.training_lock(), pytest.raises(WorkspaceError, match="another trainer"):
        withdraw(workspace, [known.sample.key])
    with workspace.database(read_only=True) as db:
        assert label_counts(db, LabelFilter()).withdrawn == 0
