"""A trainer in a process of its own and a lead elsewhere: cancelled while it works, asleep, gone on with."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from scn_core.errors import WorkspaceError
from scn_core.rounds import train as trainer
from scn_core.rounds.lifecycle import Resume
from scn_core.rounds.train import train_round
from scn_core.store.rounds import states as store
from scn_core.workspace.folder import Workspace
from tests.scn_core.conftest import PATIENCE_S, Recorder, flags, settings
from tests.scn_core.forks import Forked

# The command line with batches that take half a second, so that no epoch ends while a test looks on.
SLOW = """
import sys, time
from scn_core.cli import main as cli; from scn_core.rounds import train as rounds
from scn_core.training import loop

augment = loop.augment
def slowly(*arguments):
    time.sleep(0.5)
    return augment(*arguments)
loop.augment = slowly
rounds._HEARTBEAT_S = 1
sys.argv = ["scn_core", "train", *sys.argv[1:]]
cli.main()
"""
CHOSEN = settings(batch_size=2, epochs=1)


@pytest.fixture
def slow(workspace: Workspace) -> Iterator[Forked]:
    """A trainer in the middle of its first epoch."""
    started = Forked("-c", SLOW, workspace.path, *flags(CHOSEN))
    deadline = time.monotonic() + PATIENCE_S
    while not (workspace.round_folder(1) / "dynamics.npy").exists():
        assert started.is_alive(), started.end().err
        assert time.monotonic() < deadline
        time.sleep(0.1)
    yield started
    with suppress(ProcessLookupError):
        os.kill(started.pid, signal.SIGKILL)


def cancel(workspace: Workspace) -> None:
    with workspace.database() as db:
        store.cancel_round(db, 1, "the lead said so")


def assert_cancelled_early(workspace: Workspace) -> None:
    with workspace.database(read_only=True) as db:
        info = store.get_round(db, 1)
        assert (info.state, info.message) == ("cancelled", "the lead said so")
        assert store.epochs(db, 1) == [], "the trainer went on to the end of its epoch"


def test_a_lead_waits_seconds_not_epochs() -> None:
    assert trainer._HEARTBEAT_S <= 5


def test_a_cancelled_trainer_ends_at_its_next_heartbeat_and_can_be_gone_on_with(
    workspace: Workspace, slow: Forked
) -> None:
    cancel(workspace)
    done = slow.end()
    assert (done.code, "round 1 was cancelled from elsewhere; --resume continues it" in done.err) == (1, True)
    assert_cancelled_early(workspace)
    resumed = train_round(workspace, Resume(), Recorder())
    assert (resumed.id, resumed.state, resumed.config["batch_size"]) == (1, "review", 2)


def test_a_round_is_not_gone_on_with_while_its_old_trainer_lives(workspace: Workspace, slow: Forked) -> None:
    """Asleep it hears of nothing, but it holds the lock; awake it ends, and leaves the round as it found it."""
    os.kill(slow.pid, signal.SIGSTOP)
    cancel(workspace)
    with pytest.raises(WorkspaceError, match="another trainer is at work here"):
        train_round(workspace, Resume(), Recorder())
    assert_cancelled_early(workspace)
    os.kill(slow.pid, signal.SIGCONT)
    assert slow.end().code == 1
    assert_cancelled_early(workspace)
    assert train_round(workspace, Resume(), Recorder()).state == "review"
