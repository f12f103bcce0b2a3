"""The trainer as a process: begun once, refused twice, and known of by whoever asks."""

from __future__ import annotations

import fcntl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from review_app import database
from review_app import trainer_process as trainer
from review_app.settings import AppSettings
from scn_core.cli.main import cli
from scn_core.config import TrainSettings
from scn_core.errors import WorkspaceError
from scn_core.store.rounds import states as rounds
from scn_core.workspace.folder import Workspace
from scn_core.workspace.toml import change_table

Use = Callable[[Workspace], AppSettings]
PATIENCE_S = 120
"""For processes on a machine that is busy with other things."""
QUICK = TrainSettings(
    image_size=32, epochs=6, batch_size=32, backbone="mobilenet_v3_small", device="cpu", precision="fp32"
)


@pytest.fixture
def here(empty: Workspace, use_workspace: Use) -> Iterator[Workspace]:
    """The workspace this process serves; no trainer outlives the test."""
    use_workspace(empty)
    yield empty
    trainer.stop(empty)
    newest = database.call(rounds.latest_round)
    if newest is not None and newest.state == "running" and trainer.at_work(empty):
        database.call_write(rounds.cancel_round, newest.id)
    ended(empty)


@pytest.fixture
def broken(here: Workspace) -> Workspace:
    """workspace.toml names an option that there is not: `train` ends before it imports torch."""
    change_table(here.settings_file, "train", {"epoch": 3})
    return here


def until(ask: Callable[[], object], what: str, workspace: Workspace) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not ask():
        assert time.monotonic() < deadline, (what, trainer.log_tail(workspace))
        time.sleep(0.05)


def ended(workspace: Workspace) -> None:
    until(lambda: not trainer.at_work(workspace), "the trainer to end", workspace)


def zombie(pid: int) -> bool:
    """Whether it has ended and nobody took note."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_what_goes_wrong_before_there_is_a_round_is_told(broken: Workspace) -> None:
    trainer.start(broken, QUICK, by="lea")
    ended(broken)
    assert trainer.error(trainer.log_tail(broken)).startswith(
        "workspace.toml, table [train]: found option 'epoch'; allowed: "
    )
    began = trainer.last_started(broken)
    assert began is not None
    assert (began.by, began.after, began.resume) == ("lea", 0, False)
    until(lambda: not zombie(began.pid), "somebody to take note of its end", broken)
    trainer.start(broken, None, by="bob")
    ended(broken)
    assert len([line for line in trainer.log_tail(broken) if line.startswith("error")]) == 1, "a log of its own"


def test_of_many_at_once_one_is_begun(here: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trainer, "ENDING_S", 0.0)
    together, begun = threading.Barrier(6), []

    def start(name: str) -> None:
        together.wait()
        try:
            trainer.start(here, QUICK, by=name)
        except WorkspaceError:
            return
        begun.append(name)

    people = [threading.Thread(target=start, args=(f"lead {i}",)) for i in range(6)]
    for each in people:
        each.start()
    for each in people:
        each.join()
    began = trainer.last_started(here)
    assert began is not None
    assert begun == [began.by]


def test_it_is_begun_cancelled_and_goes_on(here: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def newest_is(state: str, epochs: int) -> bool:
        def ask(db: Database) -> bool:
            newest = rounds.latest_round(db)
            return newest is not None and newest.state == state and len(rounds.epochs(db, newest.id)) >= epochs

        return database.call(ask)

    trainer.start(here, QUICK, by="lea")
    with monkeypatch.context() as patch:
        patch.setattr(trainer, "ENDING_S", 0.0)
        with pytest.raises(WorkspaceError, match="a trainer is at work here already"):
            trainer.start(here, QUICK, by="bob")
    until(lambda: newest_is("running", 1), "an epoch", here)
    with monkeypatch.context() as patch:
        patch.setattr(trainer, "ENDING_S", PATIENCE_S)
        before = time.monotonic()
        with pytest.raises(WorkspaceError, match="a trainer is at work here already"):
            trainer.start(here, None, by="bob")
        assert time.monotonic() - before < PATIENCE_S, "a round that runs is not waited for"
        database.call_write(rounds.cancel_round, 1, "lea changed her mind")
        trainer.start(here, None, by="bob")  # waits for the other one's end
    until(lambda: newest_is("review", QUICK.epochs), "round 1 to be in review", here)
    ended(here)
    assert trainer.log_tail(here)[-1].startswith("next: ")
    assert database.call(rounds.get_round, 1).config["epochs"] == QUICK.epochs


def test_one_that_was_started_in_a_terminal_is_in_the_way_too(
    broken: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trainer, "ENDING_S", 0.3)
    with broken.training_lock():
        assert trainer.at_work(broken)
        with pytest.raises(WorkspaceError, match="started from a page or in a terminal"):
            trainer.start(broken, QUICK, by="lea")
    assert trainer.last_started(broken) is None
    trainer.start(broken, QUICK, by="lea")


def test_one_that_began_a_moment_ago_is_in_the_way_too(broken: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trainer, "ENDING_S", 0.3)
    with (broken.path / "trainer.log").open("wb") as log:
        fcntl.flock(log, fcntl.LOCK_EX)
        log.write(b"what it says\n")
        log.flush()
        assert trainer.at_work(broken)
        with pytest.raises(WorkspaceError, match="a trainer is at work here already"):
            trainer.start(broken, QUICK, by="lea")
        assert trainer.log_tail(broken) == ["what it says"]
    assert not trainer.at_work(broken)


def test_one_that_is_about_to_end_is_waited_for(broken: Workspace) -> None:
    began, free = threading.Event(), threading.Event()

    def train() -> None:
        with broken.training_lock():
            began.set()
            free.wait(PATIENCE_S)

    other = threading.Thread(target=train)
    other.start()
    began.wait()
    threading.Timer(0.4, free.set).start()
    trainer.start(broken, QUICK, by="lea")
    other.join()
    ended(broken)
    assert "epoch" in trainer.error(trainer.log_tail(broken))


def test_one_without_a_round_is_stopped(here: Workspace) -> None:
    trainer.start(here, QUICK, by="lea")
    assert trainer.at_work(here), "from its first moment on"
    trainer.stop(here)  # while it imports
    ended(here)
    assert database.call(rounds.latest_round) is None


TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF, exclude_characters="\x7f"), min_size=1)


@settings(max_examples=60, deadline=None)
@given(
    st.builds(
        TrainSettings,
        epochs=st.integers(1, 10_000),
        lr=st.floats(0, 100),
        learn_margin_rank=st.booleans(),
        backbone=TEXT,
        weights=st.none() | TEXT.filter(lambda text: text != "none"),
        relabel=st.sampled_from(["review", "auto", "off"]),
    )
)
def test_flags_say_all_of_the_settings(chosen: TrainSettings) -> None:
    around = click.Context(cli, **cli.context_settings)  # click keeps how the first call asked for help
    context = cli.commands["train"].make_context("train", ["ws", *trainer.flags(chosen)], parent=around)
    options = {name: value for name, value in context.params.items() if name not in ("workspace", "resume")}
    assert TrainSettings.merged({"weights": "imagenet", "epochs": 7}, options) == chosen


@pytest.mark.parametrize(
    ("tail", "said"),
    [
        (["torch: error: no", "error: --weights: no file", "  it was here"], "--weights: no file\n  it was here"),
        (["Error: No such option"], "No such option"),
        (["Traceback", "  x", "RuntimeError: boom"], "RuntimeError: boom"),
        ([], "it ended without a word"),
    ],
)  # fmt: skip
def test_the_error_at_the_end_of_a_log(tail: list[str], said: str) -> None:
    assert trainer.error(tail) == said
