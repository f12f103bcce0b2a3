"""What has no way back is asked about at a terminal, and needs `--yes` where there is none."""

from __future__ import annotations

import os
import sys

import pytest

from scn_core.workspace.folder import Workspace
from tests.review_workspace import add_opinions, add_round
from tests.scn_core.conftest import Run

COMMANDS = [
    (("withdraw", "WS", "KEY"), "1 face (KEY) will be in no round, queue or export any more"),
    (
        ("erase", "WS", "--key", "KEY"),
        "1 face (KEY) will be in no round, queue or export any more; thumbnails, decoded",
    ),
    (("round", "close", "WS"), "The review of round 1 ends with "),
    (("opinion", "remove", "WS", "--name", "first"), "What first says of the faces is deleted"),
]


def test_what_has_no_way_back_is_asked_about(workspace: Workspace, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    add_round(workspace)
    add_opinions(workspace)

    def state() -> list[tuple[object, ...]]:
        with workspace.database(read_only=True) as db:
            sql = "SELECT count(*), (SELECT state FROM round), (SELECT count(*) FROM opinion_source) FROM sample "
            return db.execute(f"{sql} WHERE withdrawn_in IS NULL").fetchall()

    with workspace.database(read_only=True) as db:
        (key,) = db.execute("SELECT key FROM sample WHERE split = 'train' LIMIT 1").fetchone()
    before = state()
    keyboard, terminal = os.openpty()
    with os.fdopen(keyboard, "w", buffering=1) as typed, os.fdopen(terminal) as stdin:
        for command, words in COMMANDS:
            said = [key if each == "KEY" else workspace.path if each == "WS" else each for each in command]
            unasked = run(*said)
            assert (unasked.code, unasked.out) == (2, "")
            assert f"found no terminal to ask at. {words.replace('KEY', key)}" in unasked.err
            assert "There is no way back; allowed: --yes, to do it" in unasked.err
            with monkeypatch.context() as at_terminal:
                at_terminal.setattr(sys, "stdin", stdin)
                for no in ("n", ""):
                    typed.write(f"{no}\n")
                    done = run(*said)
                    assert (done.code, done.out) == (1, "")
                    assert f"{words.replace('KEY', key)}" in done.err
                    assert "There is no way back. Go on? [y/N]" in done.err
            assert state() == before
        with monkeypatch.context() as at_terminal:
            at_terminal.setattr(sys, "stdin", stdin)
            typed.write("y\n")
            assert run("withdraw", workspace.path, key).code == 0
    assert state() != before


@pytest.mark.parametrize(
    ("command", "found"),
    [
        (("withdraw", "WS", "happy/nope.png"), "found face 'happy/nope.png'"),
        (("erase", "WS", "--key", "happy/nope.png"), "found face 'happy/nope.png'"),
        (("opinion", "remove", "WS", "--name", "nope"), "opinion: found 'nope'"),
    ],
)
def test_what_there_is_not_is_not_asked_about(
    workspace: Workspace, run: Run, command: tuple[str, ...], found: str
) -> None:
    done = run(*(workspace.path if each == "WS" else each for each in command))
    assert (done.code, done.out) == (1, "")
    assert found in done.err
