"""A round by two processes, as torchrun starts them: one writes, and a killed one ends it so that it can go on."""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from scn_core.records import RoundInfo
from scn_core.store.rounds.states import epochs, get_round, latest_round
from scn_core.store.scores import scores
from scn_core.workspace.folder import Workspace
from tests.scn_core.conftest import PATIENCE_S, SETTINGS, Process, flags
from tests.scn_core.forks import COMMAND, run_forked

SHORT = replace(SETTINGS, backbone="squeezenet1_1", batch_size=16, epochs=3)


def round_of(workspace: Workspace, number: int = 1) -> RoundInfo:
    with workspace.database(read_only=True) as db:
        return get_round(db, number)


def wait_for(what: Callable[[], object]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < until, "nothing happened"
        time.sleep(0.02)


def second_process(torchrun: int) -> int:
    """The process id of rank 1 among the children of torchrun."""
    for child in Path(f"/proc/{torchrun}/task/{torchrun}/children").read_text(encoding="ascii").split():
        if b"\0RANK=1\0" in b"\0" + Path(f"/proc/{child}/environ").read_bytes():
            return int(child)
    raise AssertionError("no second process")


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="finds the process to kill in /proc")
def test_a_killed_process_ends_the_round_and_resume_goes_on(
    workspace: Workspace, process: Callable[..., Process]
) -> None:
    torchrun = process(
        "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", 2, "-m", "scn_core", "train",
        workspace.path, *flags(replace(SHORT, epochs=400)),
    )  # fmt: skip
    checkpoint = workspace.round_folder(1) / "checkpoint.pt"
    wait_for(checkpoint.exists)
    os.kill(second_process(torchrun.popen.pid), signal.SIGKILL)
    assert torchrun.end().code != 0
    stopped = round_of(workspace)
    assert stopped.state in ("failed", "cancelled", "running")  # running: killed before it could say so
    assert not workspace.is_training()
    with workspace.database() as db:
        behind = [report.epoch for report in epochs(db, 1)]
        db.execute("UPDATE round SET config = json_set(config, '$.epochs', ?) WHERE id = 1", (behind[-1] + 2,))
        db.conn.commit()
    resumed = run_forked(COMMAND, "train", workspace.path, "--resume", processes=2)
    assert resumed.code == 0, resumed.err
    assert "in 2 processes" in resumed.err
    with workspace.database(read_only=True) as db:
        assert [report.epoch for report in epochs(db, 1)] == list(range(1, behind[-1] + 3))
        assert len(scores(db, 1).sample_id) == len(np.load(workspace.round_folder(1) / "faces.npz")["rows"])
    assert round_of(workspace).state == "review"
    assert not checkpoint.exists()


def test_what_cannot_be_ends_all_processes(workspace: Workspace) -> None:
    done = run_forked(COMMAND, "train", workspace.path, *flags(replace(SHORT, batch_size=17)), processes=2)
    assert done.code != 0
    assert "--batch-size: found 17 faces a step for 2 processes; allowed: a multiple of 2" in done.err
    with workspace.database(read_only=True) as db:
        assert latest_round(db) is None


@pytest.mark.parametrize(("processes", "full"), [(1, 0), (2, 0), (2, 1)])
def test_whoever_ran_out_of_memory_says_so_and_what_to_do(workspace: Workspace, processes: int, full: int) -> None:
    """It is what is printed and what the round says, whichever process it was; nobody speaks of lost companions."""
    worker = Path(__file__).with_name("full_worker.py")
    done = run_forked(worker, "train", workspace.path, *flags(SHORT), processes=processes, FULL_RANK=str(full))
    stopped = round_of(workspace)
    own = (
        "out of memory (CUDA out of memory. Tried to allocate 2.00 GiB.); begin the round anew with a smaller "
        "--batch-size or --image-size, or with --resident file"
    )
    whose = "" if full == 0 else f"process {full} of {processes}: "
    assert done.code != 0
    assert stopped.state == "failed"
    assert (stopped.message or "").startswith(whose + own)
    assert f"error: {own}" in done.err
    assert "lost the others" not in done.err
