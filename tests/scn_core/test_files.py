"""A file is replaced whole or stays as it was, and there is one way to do it."""

from __future__ import annotations

import ast
import fcntl
import os
import re
import signal
import stat
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scn_core.files import create_private, put_in_place, remove, replaced, write_bytes, write_text

ROOT = Path(__file__).parents[2]

INTERRUPTED = """
import sys
from pathlib import Path
from scn_core.files import replaced

with replaced(Path(sys.argv[1])) as file:
    file.write(b"half of it")
    file.flush()
    print("writing", flush=True)
    sys.stdin.read()
"""


@settings(deadline=None, max_examples=30)  # a disk may take its time
@given(st.lists(st.binary(max_size=50), max_size=8), st.one_of(st.none(), st.binary(max_size=100)))
def test_what_was_written_is_there_and_nothing_else(pieces: list[bytes], before: bytes | None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a[1] file.csv")
        if before is not None:
            path.write_bytes(before)
        with replaced(path) as file:
            for piece in pieces:
                file.write(piece)
                assert (path.read_bytes() if path.exists() else None) == before
        assert {each.name: each.read_bytes() for each in path.parent.iterdir()} == {path.name: b"".join(pieces)}


@settings(deadline=None, max_examples=30)
@given(st.text())
def test_a_text_comes_back_as_it_was(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "text")
        write_text(path, text)
        assert path.read_bytes() == text.encode()


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
@pytest.mark.parametrize("before", [None, b"old"])
@pytest.mark.parametrize("durable", [True, False])
def test_an_error_in_the_middle_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, error: type[BaseException], before: bytes | None, durable: bool
) -> None:
    path = tmp_path / "file"
    if before is not None:
        path.write_bytes(before)

    def write() -> None:
        with replaced(path, durable=durable) as file:
            file.write(b"half of it")
            raise error

    with pytest.raises(error):
        write()
    left = {each.name: each.read_bytes() for each in tmp_path.iterdir()}
    assert left == ({} if before is None else {"file": before})


def writing(path: Path) -> subprocess.Popen[str]:
    """A process in the middle of replacing a file; it goes on when its stdin is closed."""
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, path], cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "writing\n"
    return process


def parts(folder: Path) -> list[Path]:
    return [*folder.glob(".*.part")]


def test_what_a_killed_process_left_goes_with_the_next_replacement(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with writing(path) as process:
        process.send_signal(signal.SIGKILL)
    assert path.read_bytes() == b"old"
    (left,) = parts(tmp_path)
    write_bytes(tmp_path / "another", b"new")
    assert parts(tmp_path) == [left]
    write_bytes(path, b"new")
    assert parts(tmp_path) == []
    assert path.read_bytes() == b"new"


def test_what_a_killed_process_left_goes_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with writing(path) as process:
        process.send_signal(signal.SIGKILL)
    assert parts(tmp_path)
    remove(path)
    remove(path)
    assert list(tmp_path.iterdir()) == []


def test_a_file_taken_for_abandoned_before_its_lock_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, real = tmp_path / "file", fcntl.flock
    removed: list[Path] = []

    def flock(file: IO[bytes], kind: int) -> None:
        if not removed:  # another process comes first
            removed.extend(parts(tmp_path))
            removed[0].unlink()
        real(file, kind)

    monkeypatch.setattr(fcntl, "flock", flock)
    write_bytes(path, b"x")
    assert removed
    assert {each.name: each.read_bytes() for each in tmp_path.iterdir()} == {"file": b"x"}


def test_what_another_process_is_writing_stays(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with writing(path) as process:
        (part,) = parts(tmp_path)
        write_bytes(path, b"mine")
        assert parts(tmp_path) == [part]
        process.communicate("")
    assert process.returncode == 0
    assert path.read_bytes() == b"half of it", "the last to end wins"
    assert parts(tmp_path) == []


def test_the_mode_is_that_of_the_file_before_or_of_a_new_one(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_bytes(tmp_path / "new", b"")
        (tmp_path / "plain").touch()
        assert (tmp_path / "new").stat().st_mode == (tmp_path / "plain").stat().st_mode
        for mode in (0o600, 0o644, 0o664, 0o444):
            path = tmp_path / f"{mode:o}"
            path.touch()
            path.chmod(mode)
            with replaced(path) as file:
                assert Path(file.name).stat().st_mode & 0o077 & ~mode == 0, "nobody may read it meanwhile either"
                file.write(b"x")
            assert path.stat().st_mode & 0o777 == mode
    finally:
        os.umask(before)


def test_a_private_file_is_made_once(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    create_private(path, b"first")
    create_private(path, b"second")
    assert {each.name: each.read_bytes() for each in tmp_path.iterdir()} == {"secret": b"first"}
    assert path.stat().st_mode & 0o777 == 0o600


def test_disk_comes_before_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No power cut in a test: what the system is asked for, in which order."""
    path, asked = tmp_path / "file", []
    real = os.fsync

    def fsync(number: int) -> None:
        asked.append((stat.S_ISDIR(os.fstat(number).st_mode), path.exists()))
        real(number)

    monkeypatch.setattr(os, "fsync", fsync)
    write_bytes(path, b"x")
    assert asked == [(False, False), (True, True)]
    asked.clear()
    path.unlink()
    (tmp_path / "part").write_bytes(b"x")
    put_in_place(tmp_path / "part", path)
    assert asked == [(False, False), (True, True)]


def replacements(source: str) -> list[str]:
    """Calls that put a file in another's place. str.replace has two arguments, dataclasses.replace names."""
    return [
        ast.unparse(node)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and (
            (node.func.attr == "replace" and len(node.args) == 1 and not node.keywords)
            or re.fullmatch(r"os\.(replace|renames?|link|fsync)", ast.unparse(node.func))
            or node.func.attr in ("rename", "hardlink_to")
        )
    ]


FOLDERS = {"workspace/folder.py", "workspace/moves.py", "rounds/pack/away.py", "rounds/pack/home.py"}
"""Here it is folders that are renamed, and files that are moved from one into another."""


def test_nobody_else_replaces_files() -> None:
    found = {
        str(source.relative_to(package)): calls
        for package in (ROOT / "scn_core", ROOT / "review_app")
        for source in package.rglob("*.py")
        if (calls := replacements(source.read_text(encoding="utf-8")))
    }
    assert found.pop("files.py"), "the walk sees them"
    assert found.keys() <= FOLDERS, found
    assert all(re.search(r"\.rename\(", call) for calls in found.values() for call in calls), found
