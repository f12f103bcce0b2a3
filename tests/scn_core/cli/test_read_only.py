"""A workspace in a folder that cannot be written to: an archive, a read-only mount, a colleague's."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scn_core.workspace.folder import Workspace
from tests.review_workspace import add_round, draw_workspace
from tests.scn_core.conftest import PATIENCE_S, REPOSITORY

MAY_NOT = "found a folder that this user may not write to; allowed: one that may be written to"

_COMMANDS = """
import json, sys
from click.testing import CliRunner
from review_app.cli import cli as review
from scn_core.cli.main import cli
from scn_core.errors import ScnError
told = []
for words in json.load(sys.stdin):
    ended = CliRunner().invoke(review if words[0] in ("serve", "person", "token") else cli, words)
    told.append([ended.exit_code, ended.output if ended.exception is None else str(ended.exception)])
import scn_core as scn
workspace = scn.open(sys.argv[1])
try:
    told.append([0, f"{len(workspace.labels())} {len(workspace.scores())} {workspace.status().proposals}"])
except ScnError as error:
    told.append([1, str(error)])
print(json.dumps(told))
"""

Outside = Callable[..., list[tuple[int, str]]]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace = draw_workspace(tmp_path_factory.mktemp("trained") / "ws", faces=70)
    add_round(workspace, proposals=20, low=10)
    return workspace


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Outside]:
    """outside(commands, ws, ...): exit code and output of each, and of the Python API, for a user who may only read."""
    changed: list[Path] = []

    def run(commands: list[list[str]], *workspaces: Workspace) -> list[tuple[int, str]]:
        changed.extend(path for each in workspaces for path in (each.path, *each.path.iterdir()))
        for path in changed:
            path.chmod(path.stat().st_mode & ~0o222)
        ran = subprocess.run(
            [*_without_rights_of_root(), sys.executable, "-c", _COMMANDS, str(workspaces[0].path)],
            input=json.dumps(commands), cwd=REPOSITORY, capture_output=True, text=True, timeout=PATIENCE_S, check=False,
        )  # fmt: skip
        assert ran.returncode == 0, ran.stderr
        return [(code, said) for code, said in json.loads(ran.stdout)]

    yield run
    for path in changed:
        path.chmod(path.stat().st_mode | 0o200)


def _without_rights_of_root() -> list[str]:
    """Root may write everywhere, whatever the modes say, unless it gives up that capability."""
    if os.geteuid() != 0:
        return []
    if shutil.which("setpriv") is None:
        pytest.skip("as root, needs setpriv to give up the right to write everywhere")
    dropped = "-dac_override,-dac_read_search"
    return ["setpriv", f"--inh-caps={dropped}", f"--bounding-set={dropped}"]


def copied(workspace: Workspace, path: Path, *names: str) -> Workspace:
    path.mkdir()
    for name in names or [entry.name for entry in workspace.path.iterdir() if entry.is_file()]:
        shutil.copy(workspace.path / name, path / name)
    return Workspace(path)


def test_what_only_reads_works_and_the_rest_says_why_not(trained: Workspace, tmp_path: Path, outside: Outside) -> None:
    workspace = copied(trained, tmp_path / "ws", "workspace.toml", "review.db")
    shutil.copytree(trained.path / "rounds", workspace.path / "rounds")
    ws, out = str(workspace.path), tmp_path / "labels.csv"
    only_reads = [
        "status",
        "proposals",
        "evaluate",
        "quality",
        "consensus",
        "round list",
        "person list",
        "token list",
        "check",
    ]
    reading = [
        *([*words.split(), ws] for words in only_reads),
        ["export", ws, "--out", str(out)],
        ["round", "pack", ws, "--out", str(tmp_path / "job.zip")],
        ["clean", ws, "--dry-run"],
    ]
    writing = [["train", ws], ["order", ws], ["round", "close", ws], ["clean", ws], ["serve", ws], ["simulate", ws]]
    writing.append(["backup", ws])
    told = outside(reading + writing, workspace)
    read, refused, api = told[: len(reading)], told[len(reading) : -1], told[-1]
    assert [code for code, _ in read] == [0] * len(reading), read
    assert out.read_text(encoding="utf-8").count("\n") == 71
    assert api == (0, "70 56 20")
    assert [(code, MAY_NOT in said) for code, said in refused] == [(1, True)] * len(writing), refused
    assert {entry.name for entry in workspace.path.iterdir()} == {"workspace.toml", "review.db", "rounds"}


def test_what_is_still_in_the_wal_is_read_or_asked_for(trained: Workspace, tmp_path: Path, outside: Outside) -> None:
    with trained.database() as db:
        db.execute("INSERT INTO person (name, role) VALUES ('ann', 'lead')")  # in the WAL, as the database stays open
        whole = copied(trained, tmp_path / "whole")
        without_index = copied(trained, tmp_path / "part", "workspace.toml", "review.db", "review.db-wal")
    commands = [["person", "list", str(whole.path)], ["status", str(without_index.path)]]
    (listed, people), (code, said), _ = outside(commands, whole, without_index)
    assert (listed, people.split()[:2]) == (0, ["ann", "lead"])
    assert code == 1
    assert "review.db-wal, with changes that are not in review.db yet" in said
    assert "copy the folder, both files together" in said


def test_an_older_schema_says_how_it_is_brought_up_to_date(
    trained: Workspace, tmp_path: Path, outside: Outside
) -> None:
    workspace = copied(trained, tmp_path / "ws", "workspace.toml", "review.db")
    with workspace.database() as db:
        db.execute("DELETE FROM _sqlite_migrations WHERE name = (SELECT max(name) FROM _sqlite_migrations)")
    (code, said), _ = outside([["status", str(workspace.path)]], workspace)
    assert code == 1
    assert "reading does not change it; the server brings it up to date when it opens it" in said
    assert "where the folder may not be written to, copy it first" in said
