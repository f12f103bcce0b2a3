from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import click
import pytest

from scn_core.cli.run import run
from scn_core.datasets.source import Source
from scn_core.disk import check_room, naming_full_disk, sizes
from scn_core.errors import DiskFullError
from scn_core.files import write_bytes
from scn_core.store.connection import create_database, open_database, transaction
from scn_core.store.thumbnail_cache import Thumb, Thumbs
from scn_core.workspace.folder import create_workspace
from tests.scn_core.conftest import REPOSITORY, fill


def test_sizes_are_told_apart() -> None:
    assert sizes(1_260_000_000, 2_000_000_000) == ("1.3 GB", "2.0 GB")
    assert sizes(1_260_000_000, 1_270_000_000) == ("1,260 MB", "1,270 MB")
    assert sizes(65_400_000, 66_100_000) == ("65 MB", "66 MB")
    assert sizes(0, 3_100_000) == ("0 MB", "3 MB")
    assert sizes(12, 345) == ("12 bytes", "345 bytes")


def test_room_that_is_there_is_no_error(tmp_path: Path) -> None:
    check_room(tmp_path / "not" / "there" / "yet", 1, "one byte")


def test_errors_of_another_kind_pass(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="Permission"), naming_full_disk(tmp_path):
        raise OSError(errno.EACCES, "Permission denied")
    with pytest.raises(sqlite3.OperationalError), naming_full_disk(tmp_path):
        sqlite3.connect(":memory:").execute("SELECT nothing")


def test_a_file_that_does_not_fit_leaves_the_old_one(small_disk: Path) -> None:
    path = small_disk / "labels.csv"
    write_bytes(path, b"old")
    with pytest.raises(DiskFullError) as told:
        write_bytes(path, b"x" * 9_000_000)
    found = f"2 MB free on the disk at {small_disk}, which has 2 MB"
    assert str(told.value) == f"{path}: found {found}; allowed: 9 MB; make room there"
    assert [(entry.name, entry.read_bytes()) for entry in small_disk.iterdir()] == [("labels.csv", b"old")]


def test_a_database_says_that_the_disk_is_full(small_disk: Path) -> None:
    path, thumbs = small_disk / "review.db", Thumbs(small_disk / "thumbs.db")
    create_database(path).close()
    fill(small_disk)
    full = rf"\.db: found 0 bytes free on the disk at {small_disk}, which has 2 MB"
    with pytest.raises(DiskFullError, match=full):  # no room for the index of the WAL: SQLite reports an I/O error
        open_database(path, read_only=True)
    with pytest.raises(DiskFullError, match=full):
        thumbs.put([Thumb(1, b"made of", b"x" * 100_000)])
    (small_disk / "fill").unlink()
    with open_database(path) as db:
        db.execute("CREATE TABLE long (text)")
        with pytest.raises(DiskFullError, match=full), transaction(db):
            db.execute("INSERT INTO long VALUES (zeroblob(3000000))")


@pytest.mark.parametrize("place", ["ws", "new/ws"])
def test_an_init_that_does_not_fit_leaves_nothing(small_disk: Path, place: str) -> None:
    fill(small_disk, leaving=100_000)
    before = sorted(small_disk.iterdir())
    with pytest.raises(DiskFullError, match=f"free on the disk at {small_disk}"):
        create_workspace(small_disk / place, "demo", Source(), demo_faces=70)
    assert not (small_disk / place).exists()
    assert [entry for entry in sorted(small_disk.iterdir()) if entry.name != "new"] == before


def test_a_full_disk_that_nobody_names_is_explained(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    @click.group()
    def cli() -> None: ...

    @cli.command()
    def fails() -> None:
        with Path("/dev/full").open("wb", buffering=0) as output:
            output.write(b"labels")

    monkeypatch.setattr("sys.argv", ["x", "fails"])
    with pytest.raises(SystemExit):
        run(cli, "scn_core")
    assert capsys.readouterr().err.startswith("error: found a full disk: that of what the output is written to, or ")


_WITHOUT_LOCKS = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
static int locked(const char *name, int file, int command, void *what) {
    if (command != F_SETLK && command != F_SETLKW)
        return ((int (*)(int, int, ...))dlsym(RTLD_NEXT, name))(file, command, what);
    errno = ENOLCK;
    return -1;
}
#define REPLACED(name) int name(int file, int command, ...) { \\
    va_list rest; va_start(rest, command); void *what = va_arg(rest, void *); va_end(rest); \\
    return locked(#name, file, command, what); }
REPLACED(fcntl)
REPLACED(fcntl64)
"""
"""A library that has the system say of every lock what NFS says where it is mounted without them."""


@pytest.mark.skipif(shutil.which("cc") is None or sys.platform != "linux", reason="needs a C compiler and Linux")
def test_a_file_system_without_locks_is_refused(tmp_path: Path) -> None:
    create_database(tmp_path / "review.db").close()
    (tmp_path / "locks.c").write_text(_WITHOUT_LOCKS)
    library = tmp_path / "locks.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, tmp_path / "locks.c", "-ldl"], check=True)
    code = "from pathlib import Path; from scn_core.store.connection import open_database as o; o(Path('review.db'))"
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {"LD_PRELOAD": str(library), "PYTHONPATH": str(REPOSITORY)},
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    found = "WorkspaceError: .: found a file system without locks (No locks available); allowed: a local disk"
    assert found in done.stderr
