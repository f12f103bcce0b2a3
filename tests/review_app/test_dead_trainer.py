"""A round whose trainer was killed is marked as failed by the running server, and whoever waits hears of it."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from review_app import database, dead_trainer, settings
from review_app.dead_trainer import DeadTrainerWatch
from review_app.server import keepers_of
from review_app.settings import AppSettings
from scn_core.hook_settings import HookSettings
from scn_core.store.hook_delivery import hook_messages, sync_hooks
from scn_core.store.rounds.states import STALE_AFTER_S, get_round, start_round
from scn_core.store.schema.expressions import ago
from scn_core.workspace.folder import Workspace

PATIENCE_S = 60


@pytest.fixture
def silent(workspace: Workspace, use_workspace: Callable[[Workspace], AppSettings]) -> Callable[[float], None]:
    """silent(seconds): round 2 runs, and was heard of so long ago; a hook wants to know."""
    use_workspace(workspace)
    with workspace.database() as db:
        sync_hooks(db, [HookSettings("ci", "https://ci.example.org", secret_env="X")])
        start_round(db, {"epochs": 3}, code_version="1")

    def last_heard(seconds: float) -> None:
        with workspace.database() as db:
            db.execute(f"UPDATE round SET heartbeat_at = {ago(int(seconds))} WHERE id = 2")

    return last_heard


def told(workspace: Workspace) -> list[tuple[str, object]]:
    return [(each.event, each.data["round"]) for each in database.call(hook_messages, "ci", limit=9)]


def test_a_round_whose_trainer_was_killed_fails_and_all_hear_of_it(
    silent: Callable[[float], None], workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    watch = DeadTrainerWatch(workspace)
    silent(STALE_AFTER_S - 60)
    assert watch.look() is None
    assert database.call(get_round, 2).state == "running"
    silent(STALE_AFTER_S + 1)
    assert watch.look() == 2
    info = database.call(get_round, 2)
    assert (info.state, info.message) == ("failed", "its trainer ended without a word; --resume continues it")
    assert told(workspace) == [("round.failed", 2)]
    assert "round 2 failed: its trainer ended without a word" in capsys.readouterr().err
    assert watch.look() is None
    assert told(workspace) == [("round.failed", 2)], "once"


def test_a_trainer_that_is_only_silent_keeps_its_round(silent: Callable[[float], None], workspace: Workspace) -> None:
    silent(STALE_AFTER_S + 1)
    with workspace.training_lock():
        assert DeadTrainerWatch(workspace).look() is None
    assert database.call(get_round, 2).state == "running"
    assert told(workspace) == []


def test_a_server_looks_as_long_as_it_runs(
    silent: Callable[[float], None], workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    (watch,) = [each for each in keepers_of(settings.current()) if isinstance(each, DeadTrainerWatch)]
    monkeypatch.setattr(dead_trainer, "LOOK_S", 0.01)
    silent(STALE_AFTER_S + 1)
    watch.start()
    deadline = time.monotonic() + PATIENCE_S
    while database.call(get_round, 2).state == "running":
        assert time.monotonic() < deadline
        time.sleep(0.01)
    watch.stop()
