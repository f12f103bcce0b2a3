"""What a round's folder says of one face, and that damage is met with silence."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from scn_core.rounds.artifacts import (
    NEIGHBOURS,
    FaceDynamics,
    Neighbours,
    face_dynamics,
    face_neighbours,
    predictions,
    write_neighbours,
)
from scn_core.scn.suspicion import DYNAMICS
from scn_core.store.rounds.states import get_round
from scn_core.workspace.backup.make import backups_in
from scn_core.workspace.folder import Workspace

EPOCHS = 5
IDS = np.array([3, 4, 9, 12], np.int64)


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    """A round of four faces and five epochs."""
    place = Workspace(tmp_path)
    folder = place.round_folder(1)
    folder.mkdir(parents=True)
    np.savez(folder / "faces.npz", sample_id=IDS, rows=IDS - 1)
    np.save(folder / "dynamics.npy", dynamics())
    write_neighbours(folder, neighbours())
    return place


def dynamics() -> np.ndarray:
    seen = np.zeros((EPOCHS, len(IDS)), DYNAMICS)
    for epoch in range(EPOCHS):
        for column in range(len(IDS)):
            seen[epoch, column] = (column / 8, 0.5 - epoch / 16, epoch / 8)
    return seen


def neighbours() -> np.ndarray:
    rows = np.zeros(3, NEIGHBOURS)
    rows["sample_id"] = [12, 3, 9]
    rows["other_label"] = [2, 0, 6]
    rows["given"] = [[1, 2, 5, 6, 7, 8], [4, -1, -1, -1, -1, -1], [-1] * 6]
    rows["other"] = [[10, 11, 20, 21, 22, 23], [5, 4, 3, 2, 1, 7], [8, 7, -1, -1, -1, -1]]
    return rows


def test_the_column_of_a_face_is_its_place_among_those_trained_on(place: Workspace) -> None:
    assert face_dynamics(place, 1, 9) == FaceDynamics([0.25] * 5, [0.0, 0.0, 0.0, 0.0625, 0.25])
    assert face_dynamics(place, 1, 12) == FaceDynamics([0.375] * 5, [0.0, 0.0, 0.0, 0.0625, 0.25])


@pytest.mark.parametrize(("round_id", "sample_id"), [(1, 5), (1, 0), (1, 13), (1, -1), (1, 2**70), (2, 9), (0, 9)])
def test_what_was_not_trained_on_has_no_dynamics(round_id: int, sample_id: int, place: Workspace) -> None:
    assert face_dynamics(place, round_id, sample_id) is None
    assert face_neighbours(place, round_id, sample_id) is None


def test_a_round_at_work_shows_the_epochs_behind_it(place: Workspace) -> None:
    seen = dynamics()
    seen[2:] = 0
    np.save(place.round_folder(1) / "dynamics.npy", seen)
    found = face_dynamics(place, 1, 9)
    assert found is not None
    assert (len(found.alpha), len(found.margin)) == (2, 2)
    np.save(place.round_folder(1) / "dynamics.npy", np.zeros_like(seen))
    assert face_dynamics(place, 1, 9) is None


def test_neighbours_come_nearest_first_without_the_padding(place: Workspace) -> None:
    assert face_neighbours(place, 1, 12) == Neighbours([1, 2, 5, 6, 7, 8], [10, 11, 20, 21, 22, 23], 2)
    assert face_neighbours(place, 1, 3) == Neighbours([4], [5, 4, 3, 2, 1, 7], 0)
    assert face_neighbours(place, 1, 9) == Neighbours([], [8, 7], 6)
    assert face_neighbours(place, 1, 4) is None


def test_nothing_unfinished_is_left(place: Workspace) -> None:
    assert sorted(entry.name for entry in place.round_folder(1).iterdir()) == [
        "dynamics.npy",
        "faces.npz",
        "neighbours.npy",
    ]


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def cut(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 3 // 4])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 8] = b"\xff" * 8
    content[12:40] = b"?" * 28
    path.write_bytes(content)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "gone": Path.unlink,
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_text("hello"),
    "cut": cut,
    "flipped": flip,
    "numbers": lambda path: path.write_bytes(_saved(np.arange(40.0))),
    "table": lambda path: path.write_bytes(_saved(np.zeros((EPOCHS, 2)))),
    "scalar": lambda path: path.write_bytes(_saved(np.array(7))),
    "objects": lambda path: path.write_bytes(_saved(np.array([{}, {}], dtype=object))),
    "folder": folder,
}


def _saved(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", ["dynamics.npy", "faces.npz"])
def test_damage_gives_no_dynamics(name: str, damage: str, place: Workspace) -> None:
    DAMAGES[damage](place.round_folder(1) / name)
    assert face_dynamics(place, 1, 9) is None


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_gives_no_neighbours(damage: str, place: Workspace) -> None:
    DAMAGES[damage](place.round_folder(1) / "neighbours.npy")
    assert face_neighbours(place, 1, 9) is None


def test_files_that_do_not_belong_together_give_nothing(place: Workspace) -> None:
    np.save(place.round_folder(1) / "dynamics.npy", np.ones((EPOCHS, 5), DYNAMICS))
    assert face_dynamics(place, 1, 9) is None


def test_what_is_no_number_gives_nothing(place: Workspace) -> None:
    """JSON has no word for it."""
    seen = dynamics()
    seen["alpha"][1, 2] = np.nan
    seen["p_other"][1, 3] = np.inf
    np.save(place.round_folder(1) / "dynamics.npy", seen)
    assert face_dynamics(place, 1, 9) is None
    assert face_dynamics(place, 1, 12) is None
    assert face_dynamics(place, 1, 4) is not None


def test_a_round_s_end_is_followed_by_a_backup(reviewed: Workspace) -> None:
    made = [(each.cause, each.revision, each.whole) for each in backups_in(reviewed.backups)]
    assert made == [("round", "r1-d0", False)]


def test_what_a_round_sees_of_held_out_faces_is_kept(reviewed: Workspace) -> None:
    found = predictions(reviewed, 1)
    assert found is not None
    with reviewed.database(read_only=True) as db:
        metrics = get_round(db, 1).metrics
        rows = db.execute("SELECT id, given_label, split FROM sample WHERE split <> 'train' ORDER BY id").fetchall()
    assert [(number, label) for number, label, _ in rows] == [*zip(found.sample_id, found.label, strict=True)]
    right = found.predicted == found.label
    for split in ("val", "test"):
        inside = [each == split for *_, each in rows]
        assert metrics[f"{split}_accuracy"] == pytest.approx(right[inside].mean())
    (reviewed.round_folder(1) / "held_out.npy").write_bytes(b"damaged")
    assert predictions(reviewed, 1) is None
