"""Commands of one workspace, called with a folder of several: the loop that messages and the guide give."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scn_core.conftest import REPOSITORY, Run

GUIDE = REPOSITORY / "docs/administration.md"


NOBODY = 65534


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that another user may enter, too."""
    made = Path(tempfile.mkdtemp(dir="/tmp"))
    made.chmod(0o777)
    yield made
    shutil.rmtree(made)


@pytest.fixture
def folder(place: Path) -> Iterator[Path]:
    """A folder that looks like three workspaces, of which one may not be entered, beside what is none."""
    found = place / "srv/scn/workspaces"
    for name in ("closed", "raf", "two words"):
        (found / name).mkdir(parents=True)
        (found / name / "workspace.toml").touch()
    (found / "images").mkdir()
    (found / "closed").chmod(0)
    yield found
    (found / "closed").chmod(0o700)


def asked_by(script: str, place: Path, *, fails: str = "*", code: int | None = None) -> list[str]:
    """What a shell script of a user who is not root asks of the program, with a stand-in that ends with exit code 1 for
    words like `fails`. `code`: what the script ends with."""
    for program in (place / "srv/scn/current/bin/scn", place / "python"):
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(f'#!/bin/sh\nprintf "%s|" "$@" >> {place}/asked\necho >> {place}/asked\n'
                           f'case "$*" in {fails}) exit 1;; esac\n')  # fmt: skip
        program.chmod(0o755)
    if os.geteuid() == 0:
        for each in place.rglob("*"):
            os.chown(each, 0 if each.name == "closed" else NOBODY, -1)
    done = subprocess.run(
        ["sh", "-c", script], env=os.environ | {"PATH": f"{place}:/usr/bin:/bin"}, capture_output=True, text=True,
        user=NOBODY if os.geteuid() == 0 else None, cwd="/",
    )  # fmt: skip
    assert done.stderr == ""
    assert code in (None, done.returncode)
    return (place / "asked").read_text().splitlines()


@pytest.mark.parametrize("words", [("backup",), ("check",), ("round", "list")])
def test_a_folder_of_workspaces_is_called_so_and_a_loop_is_printed(
    folder: Path, place: Path, run: Run, words: tuple[str, ...]
) -> None:
    done = run(*words, folder)
    assert done.code == 2
    assert f"{folder}: found no workspace but a folder of 3 workspaces (closed, raf, two words)" in done.err
    loop = done.err.partition("with the options you need: ")[2]
    call = "|".join(("-m", "scn_core", *words))
    assert asked_by(loop, place) == [f"{call}|{folder}/{name}/|" for name in ("closed", "raf", "two words")]


@pytest.mark.parametrize(("name", "calls"), [("each workspace", ["check", "backup"]), ("cron for each", ["check"])])
def test_the_loops_of_the_guide_reach_every_workspace(folder: Path, place: Path, name: str, calls: list[str]) -> None:
    found = re.search(rf"<!-- {name} -->\n```\w+\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    (place / "mnt/backups").mkdir(parents=True)
    assert name == "each workspace" or "%" not in found[1], "which ends a line of a crontab"
    script = found[1].removeprefix("30 3 * * *").replace("/srv", f"{place}/srv").replace("/mnt", f"{place}/mnt")
    asked = [line.split("|")[:-1] for line in asked_by(script, place, fails="*raf*", code=1)]
    assert [(words[0], words[1].rstrip("/")) for words in asked] == [
        (call, f"{folder}/{each}") for each in ("closed", "raf", "two words") for call in calls
    ]
    kept = [words[words.index("--out") + 1] for words in asked if words[0] == "backup"]
    assert len(set(kept)) == len(kept), "a folder for each"
    assert all(Path(each).is_dir() for each in kept)
    keeping = [Path(words[1]).name for words in asked if "--keep" in words]
    assert keeping == (["closed", "two words"] if "backup" in calls else []), (
        "nothing is removed where something is wrong"
    )
    asked_by(script, place, fails="nothing", code=0)
