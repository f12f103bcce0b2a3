"""Commands of one workspace, called with a folder of several: the loop that messages and the guide give."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.scn_core.conftest import REPOSITORY, Run

GUIDE = REPOSITORY / "docs/administration.md"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that looks like two workspaces, beside what is none."""
    for name in ("raf", "two words"):
        (tmp_path / "srv/scn/workspaces" / name).mkdir(parents=True)
        (tmp_path / "srv/scn/workspaces" / name / "workspace.toml").touch()
    (tmp_path / "srv/scn/workspaces/images").mkdir()
    return tmp_path / "srv/scn/workspaces"


def asked_by(script: str, tmp_path: Path) -> list[str]:
    """What a shell script asks of the program, with a stand-in that ends with exit code 1."""
    for program in (tmp_path / "srv/scn/current/bin/scn", tmp_path / "python"):
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(f'#!/bin/sh\nprintf "%s|" "$@" >> {tmp_path}/asked\necho >> {tmp_path}/asked\nexit 1\n')
        program.chmod(0o755)
    done = subprocess.run(
        ["sh", "-c", script], env=os.environ | {"PATH": f"{tmp_path}:/usr/bin:/bin"}, capture_output=True, text=True
    )
    assert done.stderr == ""
    return (tmp_path / "asked").read_text().splitlines()


@pytest.mark.parametrize("words", [("backup",), ("check",), ("round", "list")])
def test_a_folder_of_workspaces_is_called_so_and_a_loop_is_printed(
    folder: Path, tmp_path: Path, run: Run, words: tuple[str, ...]
) -> None:
    done = run(*words, folder)
    assert done.code == 2
    assert f"{folder}: found no workspace but a folder of 2 workspaces (raf, two words)" in done.err
    loop = done.err.partition("with the options you need: ")[2]
    call = "|".join(("-m", "scn_core", *words))
    assert asked_by(loop, tmp_path) == [f"{call}|{folder}/{name}|" for name in ("raf", "two words")]


@pytest.mark.parametrize(("name", "calls"), [("each workspace", ["backup", "check"]), ("cron for each", ["check"])])
def test_the_loops_of_the_guide_reach_every_workspace(
    folder: Path, tmp_path: Path, name: str, calls: list[str]
) -> None:
    found = re.search(rf"<!-- {name} -->\n```\w+\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    (tmp_path / "mnt/backups").mkdir(parents=True)
    script = found[1].removeprefix("30 3 * * *").replace("/srv", f"{tmp_path}/srv").replace("/mnt", f"{tmp_path}/mnt")
    asked = [line.split("|")[:-1] for line in asked_by(script, tmp_path)]
    assert [words[:2] for words in asked] == [
        [call, f"{folder}/{each}"] for each in ("raf", "two words") for call in calls
    ]
    kept = [words[words.index("--out") + 1] for words in asked if words[0] == "backup"]
    assert len(set(kept)) == len(kept), "a folder for each"
    assert all(Path(each).is_dir() for each in kept)
