"""A person's picture must go: afterwards no file of the workspace holds it or its name, and all else goes on."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import numpy as np
import pytest

from scn_core.datasets.pixels import pixel_cache
from scn_core.erase import erase
from scn_core.errors import DataError
from scn_core.exchange.export.write import ExportOptions, export_into
from scn_core.records import Decision
from scn_core.rounds.artifacts import face_neighbours, round_file_hashes
from scn_core.rounds.features import open_features
from scn_core.rounds.inputs import faces_now
from scn_core.store.connection import transaction
from scn_core.store.current_labels import LabelFilter, label_counts
from scn_core.store.decisions.record import history, record_decisions
from scn_core.store.events import events
from scn_core.store.people.people import ensure_person
from scn_core.store.projections import check
from scn_core.store.rounds.files import record_files
from scn_core.store.samples import AllSamples, StoredSample, get_sample
from scn_core.workspace.folder import Workspace
from scn_core.workspace.relocate import relocate
from scn_core.workspace.thumbnails import thumbnails_of
from tests.review_workspace import add_round
from tests.scn_core.conftest import Run

FORMER = "before/it-moved.jpg"


@pytest.fixture
def answered(workspace: Workspace) -> tuple[Workspace, StoredSample, bytes]:
    """A workspace that has been worked in, a face that people answered, and some bytes of its thumbnail."""
    add_round(workspace, proposals=20, low=10)
    with workspace.database() as db:
        pixel_cache(workspace.pixels, AllSamples(db), workspace.pictures(), 16)
        (number,) = db.execute("SELECT sample_id FROM queue_item WHERE kind = 'proposal' AND listed = 1").fetchone()
        face = get_sample(db, number)
        assert face is not None
        ensure_person(db, "ann")
        record_decisions(db, [Decision(str(uuid.uuid4()), 1, face.id, "ann", "unsure")])
        db.execute("UPDATE problem SET found = ?", (f"in {face.sample.path}: 2 faces",))
        db.execute(
            "INSERT INTO data_change (kind, seq, balance) VALUES ('update', 0, ?)",
            (
                json.dumps(
                    {"new": {"count": 1, "keys": [face.sample.key, "other.jpg"]}, "former_keys": {FORMER: face.id}}
                ),
            ),
        )
        export_into(db, workspace.exports, ExportOptions("jsonl", LabelFilter()))
        with transaction(db):
            record_files(db, 1, round_file_hashes(workspace.round_folder(1)))
    (workspace.round_folder(1) / "log.txt").write_text(f"{face.sample.path}: a damaged picture\n")
    (workspace.path / "backups").mkdir()
    (workspace.path / "backups" / "old.db").write_bytes(b"pages")
    (workspace.path / "replaced-2026-11-27-161337").mkdir()  # as a restore leaves it
    webp = thumbnails_of(workspace, [face])[face.id]
    assert isinstance(webp, bytes)
    return workspace, face, webp[30:70]


def holding(folder: Path, wanted: bytes) -> set[str]:
    return {
        str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and wanted in path.read_bytes()
    }


def test_no_file_holds_the_face_or_its_name(answered: tuple[Workspace, StoredSample, bytes], run: Run) -> None:
    workspace, face, pixels = answered
    name = face.sample.path.encode()
    assert holding(workspace.path, name) > {"review.db", "rounds/0001/log.txt"}
    assert holding(workspace.path, pixels) >= {"thumbs.db"}
    keys = workspace.path.parent / "keys.txt"
    keys.write_text(f"\ufeff{face.sample.key}\r\n\n", encoding="utf-8")
    done = run("erase", workspace.path, "--yes", "--keys-file", keys, "--json")
    told = json.loads(done.out)
    assert (done.code, told["erased"], told["pictures"]) == (0, 1, [face.sample.path])
    by_hand = set(told["by_hand"])
    assert holding(workspace.path, pixels) == set()
    assert holding(workspace.path, FORMER.encode()) == set()
    assert holding(workspace.path, name) == by_hand - {"backups/old.db", "replaced-2026-11-27-161337"}
    assert {"rounds/0001/log.txt", "backups/old.db", "replaced-2026-11-27-161337"} < by_hand
    assert any(each.startswith("exports/") for each in by_hand)
    assert np.load(workspace.pixels / "pixels-16.npy")[face.id - 1].any() == False  # noqa: E712 (numpy's)


def test_the_log_goes_on_without_the_name(
    answered: tuple[Workspace, StoredSample, bytes], tmp_path: Path, run: Run
) -> None:
    workspace, face, _ = answered
    near = face_neighbours(workspace, 1, face.id + 1) or face_neighbours(workspace, 1, face.id)
    assert near is not None
    neighbour = near.given[0]
    with workspace.database(read_only=True) as db:
        other = get_sample(db, neighbour)
        before = db.execute("SELECT count(*) FROM decision").fetchone()
    assert other is not None
    erase(workspace, [face.sample.key, other.sample.key])
    rows = np.load(workspace.round_folder(1) / "neighbours.npy")
    assert face.id not in rows["sample_id"]
    assert neighbour not in rows["given"]
    assert (np.diff((rows["given"] < 0).astype(int), axis=1) >= 0).all(), "the rest moved up"
    features = open_features(workspace, 1)
    assert features is not None
    assert not features.values[np.isin(features.sample_id, [face.id, neighbour])].any()
    with workspace.database(read_only=True) as db:
        assert db.execute("SELECT count(*) FROM decision").fetchone() == before
        assert [row.decision.action for row in history(db, face.id)] == ["unsure"]
        assert db.execute("SELECT key, path, digest FROM sample WHERE id = ?", (face.id,)).fetchall() == [
            (f"erased/{face.id}", f"erased/{face.id}", None)
        ]
        assert check(db) == []
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        assert face.id not in faces_now(db).sample_id
        assert label_counts(db, LabelFilter()).withdrawn == 2
        assert [event.what for event in events(db)][:3] == ["faces erased", "faces withdrawn", "faces withdrawn"]
    assert (checked := run("check", workspace.path)).code == 0, checked.out
    relocate(workspace, workspace.pictures())
    again = tmp_path / "job.zip"
    assert run("round", "pack", workspace.path, "--out", again).code == 0


def test_all_or_none_and_no_second_time(answered: tuple[Workspace, StoredSample, bytes], run: Run) -> None:
    workspace, face, _ = answered
    with pytest.raises(DataError, match=r"found face 'nobody\.jpg'"):
        erase(workspace, [face.sample.key, "nobody.jpg"])
    with workspace.database(read_only=True) as db:
        assert get_sample(db, face.id) == face
    assert (
        "delete their files and their lines in the data set's list"
        in run("erase", workspace.path, "--yes", "--key", face.sample.key).out
    )
    gone = run("erase", workspace.path, "--yes", "--key", face.sample.key)
    assert (gone.code, gone.out) == (1, "")
    assert run("erase", workspace.path).code == 2
