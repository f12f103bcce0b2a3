"""Opinions in the database: kept by source, filtered by, taken out with the faces they are about."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import scn_core as scn
from scn_core.records import QueueFilter
from scn_core.review import learn_order as learning
from scn_core.review.learn_order import change_probability, evidence
from scn_core.review.opinion_evidence import opinion_evidence
from scn_core.store.opinions import opinion_sources, opinions_of_face, opinions_on, remove_source
from scn_core.store.queue.browse import page_items
from scn_core.store.queue.counts import queue_counts
from scn_core.store.queue.learned_order import TrainingExamples, scored_faces
from scn_core.workspace.backup.restore import restore
from scn_core.workspace.check import check_workspace
from scn_core.workspace.folder import Workspace
from tests.review_workspace import add_opinions, add_round


@pytest.fixture
def said(workspace: Workspace) -> Workspace:
    """A round in review, and two opinions that have features."""
    add_round(workspace, audit=20)
    add_opinions(workspace, features=True)
    return workspace


def test_the_filter_finds_what_they_say_and_tells_nothing_of_audit_faces(said: Workspace) -> None:
    with said.database(read_only=True) as db:
        queue = db.execute("SELECT sample_id FROM queue_item WHERE listed = 1 AND kind <> 'audit'").fetchall()
        faces = {number for (number,) in queue if number % 10}
        agree = {number for number in faces if number % 2 == 0}
        for opinions, due in (("agree", agree), ("disagree", agree | {n for n in faces if n % 3 == 0})):
            where = QueueFilter(opinions=opinions)  # type: ignore[arg-type]
            page, _ = page_items(db, 1, 0, where, limit=1_000)
            assert {item.sample_id for item in page} == due
            assert queue_counts(db, 1, 0, where).matching == len(due)
        with pytest.raises(scn.WorkspaceError, match="opinions maybe; allowed: all, disagree, agree"):
            page_items(db, 1, 0, QueueFilter(opinions="maybe"))  # type: ignore[arg-type]


def test_a_single_opinion_agrees_with_no_other(said: Workspace) -> None:
    with said.database() as db:
        remove_source(db, "second")
        assert page_items(db, 1, 0, QueueFilter(opinions="agree"))[0] == []
        assert page_items(db, 1, 0, QueueFilter(opinions="disagree"))[0]
        with pytest.raises(scn.WorkspaceError, match="found 'second'; allowed: 'first'"):
            remove_source(db, "second")


@pytest.mark.parametrize("how", ["withdraw", "erase"])
def test_what_is_said_of_a_face_goes_with_it(said: Workspace, how: str) -> None:
    ws = scn.open(said.path)
    key = ws.queue().key[0]
    with said.database(read_only=True) as db:
        (face,) = db.execute("SELECT id FROM sample WHERE key = ?", (key,)).fetchone()
        (other,) = db.execute("SELECT id FROM sample WHERE id % 10 AND id <> ? LIMIT 1", (face,)).fetchone()
        before = len(opinions_of_face(db, other))
    getattr(ws, how)(key)
    with said.database(read_only=True) as db:
        assert db.execute("SELECT count(*) FROM opinion WHERE sample_id = ?", (face,)).fetchone() == (0,)
        assert len(opinions_of_face(db, other)) == before == 2


def test_a_copy_from_a_backup_has_them(said: Workspace, tmp_path: Path) -> None:
    ws = scn.open(said.path)
    file = ws.backup(tmp_path / "backup.zip", progress=False)
    restore(file, Workspace(tmp_path / "restored"))
    with said.database(read_only=True) as db, Workspace(tmp_path / "restored").database(read_only=True) as copy:
        assert opinion_sources(copy) == opinion_sources(db) != []
        assert copy.execute("SELECT * FROM opinion").fetchall() == db.execute("SELECT * FROM opinion").fetchall()


def test_the_learned_order_learns_from_them_and_without_any_is_as_before(said: Workspace) -> None:
    with said.database() as db:
        ids, label, suspicion, probabilities = scored_faces(db, 1)
        columns = opinion_evidence(opinions_on(db, ids))
        assert [column.shape[1] for column in columns] == [7, 7, 7, 7]  # log-probabilities, then features
        assert all(np.allclose(column[ids % 10 == 0], 0) for column in columns)
        plain, told = (learning.Faces(ids, label, suspicion, probabilities, None, each) for each in ((), columns))
        # People change the label of exactly those faces on which both opinions see another class.
        answer = np.where((ids % 2 == 0) & (ids % 10 != 0), (label + 1) % 7, label)
        examples = TrainingExamples(ids[::2], answer[::2], 1)
        blind, seeing = (change_probability(faces, examples) for faces in (plain, told))
        assert blind is not None
        assert seeing is not None
        wrong, rest = answer != label, np.arange(len(ids)) % 2 == 1
        gap = [doubt[rest & wrong].mean() - doubt[rest & ~wrong].mean() for doubt in (blind, seeing)]
        assert gap[1] > gap[0] + 0.2
        before = evidence(plain)
        remove_source(db, "first")
        remove_source(db, "second")
        none = opinions_on(db, ids)
        assert not none
        assert evidence(
            learning.Faces(ids, label, suspicion, probabilities, None, opinion_evidence(none))
        ).tobytes() == (before.tobytes())


def test_check_finds_a_row_that_is_cut_off(said: Workspace) -> None:
    with said.database() as db:
        db.execute(
            "UPDATE opinion SET probabilities = substr(probabilities, 1, 8) WHERE sample_id = 1 AND source_id = 1"
        )
    found = {each.name: each.found for each in check_workspace(said)}
    assert found["references"] == ("opinion 'first': 1 of its rows are too long or too short",)
