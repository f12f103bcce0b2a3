"""Files of a stopped round that a disk or a person has damaged: `train --resume` names the file and a way on."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from scn_core.errors import WorkspaceError
from scn_core.rounds.inputs import stored_faces
from scn_core.rounds.lifecycle import New
from scn_core.rounds.train import train_round
from scn_core.store.rounds.states import get_round
from scn_core.training.checkpoint import Dynamics, load_checkpoint
from scn_core.workspace.folder import Workspace
from tests.scn_core.conftest import Recorder, Run, flags, settings

ARRAYS = ("passes.npy", "counts.npy", "dynamics.npy")
Damage = Callable[[bytes], bytes]


def empty(content: bytes) -> bytes:
    return b""


def garbage(content: bytes) -> bytes:
    return b"what is this\n" * 99


def truncated(content: bytes) -> bytes:
    return content[: len(content) // 2]


@pytest.fixture(scope="session")
def _stopped(_drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = shutil.copytree(_drawn, tmp_path_factory.mktemp("stopped") / "ws", ignore=shutil.ignore_patterns("images"))
    with pytest.raises(KeyboardInterrupt):
        train_round(Workspace(path), New(settings(epochs=3)), StopsAfterTwo())
    return path


class StopsAfterTwo(Recorder):
    """Ctrl-C after the second epoch: the checkpoint of the first is on disk."""

    def __init__(self) -> None:
        super().__init__(self._stop)

    def _stop(self, report: object) -> None:
        if len(self.epochs) == 2:
            raise KeyboardInterrupt


@pytest.fixture
def stopped(_stopped: Path, tmp_path: Path) -> Workspace:
    """Round 1 was stopped after an epoch of three."""
    return Workspace(shutil.copytree(_stopped, tmp_path / "stopped"))


@pytest.mark.parametrize(
    ("name", "damage"),
    [("checkpoint.pt", truncated), ("passes.npy", empty), ("counts.npy", garbage), ("dynamics.npy", truncated)],
)
def test_without_the_damaged_file_the_round_goes_on(stopped: Workspace, run: Run, name: str, damage: Damage) -> None:
    file = stopped.round_folder(1) / name
    file.write_bytes(damage(file.read_bytes()))
    done = run("train", stopped.path, "--resume")
    assert (done.code, done.out) == (1, "")
    assert f"{file}: found a damaged file, or one of another" in done.err
    assert "; remove it, then --resume" in done.err
    assert "Traceback" not in done.err
    file.unlink()
    done = run("train", stopped.path, "--resume")
    assert done.code == 0, done.err
    with stopped.database(read_only=True) as db:
        assert get_round(db, 1).state == "review"


def test_without_its_folder_a_round_is_trained_from_its_start(stopped: Workspace, run: Run) -> None:
    """A machine that ends as a round begins may leave its row in the database alone."""
    shutil.rmtree(stopped.round_folder(1))
    done = run("train", stopped.path, "--resume")
    assert done.code == 0, done.err
    assert {path.name for path in stopped.round_folder(1).iterdir()} >= {"config.json", "faces.npz", "log.txt"}


def test_without_its_faces_a_round_is_trained_anew(stopped: Workspace, run: Run) -> None:
    file = stopped.round_folder(1) / "faces.npz"
    file.write_bytes(truncated(file.read_bytes()))
    done = run("train", stopped.path, "--resume")
    assert done.code == 1
    assert f"{file}: found a damaged file; " in done.err
    assert "; train without --resume" in done.err
    assert "Traceback" not in done.err
    done = run("train", stopped.path, *flags(settings(epochs=1)))
    assert done.code == 0, done.err


@examples(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(["checkpoint.pt", "faces.npz", *ARRAYS]),
    keep=st.floats(0, 1),
    more=st.binary(max_size=80) | st.sampled_from([b"PK\x03\x04", b"\x93NUMPY\x01\x00"]),
)
@example(name="passes.npy", keep=0.9, more=b"")
@example(name="faces.npz", keep=0, more=b"\x93NUMPY\x01\x00")
@example(name="counts.npy", keep=0, more=b"PK\x03\x04")
def test_whatever_a_file_holds_it_is_used_or_refused(stopped: Workspace, name: str, keep: float, more: bytes) -> None:
    folder = stopped.round_folder(1)
    whole = (folder / name).read_bytes()
    (folder / name).write_bytes(whole[: int(keep * len(whole))] + more)
    said = None
    try:
        read(stopped, name)
    except WorkspaceError as error:
        said = str(error)
    found = (folder / name).read_bytes()
    (folder / name).write_bytes(whole)
    if said is not None:
        assert said.startswith(f"{folder / name}: found a damaged file")
    else:
        assert len(found) >= len(whole)


def read(workspace: Workspace, name: str) -> None:
    """As `train --resume` reads it."""
    folder = workspace.round_folder(1)
    if name == "checkpoint.pt":
        load_checkpoint(folder)
        return
    with workspace.database(read_only=True) as db:
        faces = stored_faces(folder, db)
    assert faces is not None
    if name in ARRAYS:
        Dynamics(folder, 3, len(faces.rows), 7, keep=True)
