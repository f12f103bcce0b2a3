from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from scn_core.errors import WorkspaceError
from scn_core.store.thumbnail_cache import Thumb, Thumbs

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture
def thumbs(tmp_path: Path) -> Thumbs:
    return Thumbs(tmp_path / "thumbs.db")


def test_what_was_put_is_got_by_id_and_fingerprint(thumbs: Thumbs) -> None:
    assert thumbs.get({1: b"a"}) == {}
    thumbs.put([Thumb(1, b"a", b"one"), Thumb(2, b"b", b"two"), Thumb(7, b"c", b"seven")])
    assert thumbs.get({1: b"a", 2: b"other", 7: b"c", 9: b"d"}) == {1: b"one", 7: b"seven"}
    assert thumbs.having({1: b"a", 2: b"other", 7: b"c", 9: b"d"}) == {1, 7}
    assert thumbs.get({}) == {}
    assert thumbs.having({}) == set()


def test_a_thumbnail_of_a_changed_picture_takes_the_place_of_the_old_one(thumbs: Thumbs) -> None:
    thumbs.put([Thumb(1, b"old", b"one")])
    thumbs.put([Thumb(1, b"new", b"another")])
    assert thumbs.get({1: b"old"}) == {}
    assert thumbs.get({1: b"new"}) == {1: b"another"}


def test_a_put_that_fails_leaves_all_as_it_was(thumbs: Thumbs) -> None:
    thumbs.put([Thumb(1, b"a", b"one")])

    def half() -> object:
        yield Thumb(1, b"b", b"another")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        thumbs.put(half())  # type: ignore[arg-type]
    assert thumbs.get({1: b"a"}) == {1: b"one"}


def test_many_threads_write_and_read_at_once(thumbs: Thumbs) -> None:
    """From the first moment on: all of them may find that there is no file yet."""

    def work(worker: int) -> int:
        mine = {worker * 100 + i: bytes([worker, i]) for i in range(40)}
        for number, fingerprint in mine.items():
            thumbs.put([Thumb(number, fingerprint, fingerprint * 500), Thumb(0, b"shared", b"the same")])
            assert thumbs.get({0: b"shared"}) == {0: b"the same"}
        return len(thumbs.get(mine))

    with ThreadPoolExecutor(12) as pool:
        assert list(pool.map(work, range(1, 13))) == [40] * 12


WRITER = """
import sys
from pathlib import Path
from scn_core.store.thumbnail_cache import Thumb, Thumbs
thumbs, worker = Thumbs(Path(sys.argv[1])), int(sys.argv[2])
sys.stdin.readline()
for i in range(100):
    thumbs.put([Thumb(i, b"x", b"picture" * 200), Thumb(1000 * worker + i, b"x", b"mine")])
    assert i in thumbs.having({i: b"x"})
"""


def test_several_processes_may_make_the_same_ones_at_once(thumbs: Thumbs) -> None:
    running = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(thumbs.path), str(worker)],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for worker in (1, 2, 3)
    ]
    for each in running:
        assert each.stdin is not None
        each.stdin.write(b"go\n")
        each.stdin.flush()
    ended = [(each.communicate(timeout=300)[1].decode(), each.returncode) for each in running]
    assert ended == [("", 0)] * 3
    wanted = {1000 * worker + i: b"x" for worker in (0, 1, 2, 3) for i in range(100)}
    assert thumbs.having(wanted) == wanted.keys()
    with closing(sqlite3.connect(thumbs.path)) as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_two_that_begin_the_file_at_once_do_not_empty_it(thumbs: Thumbs) -> None:
    """One is about to make the table, finds another at it, waits, and must then take what it finds."""
    with closing(sqlite3.connect(thumbs.path, isolation_level=None)) as faster, ThreadPoolExecutor(1) as pool:
        faster.execute("BEGIN IMMEDIATE")
        waiting = pool.submit(thumbs.get, {1: b"a"})
        time.sleep(0.3)
        faster.execute("CREATE TABLE thumb (sample_id INTEGER PRIMARY KEY, fingerprint BLOB, webp BLOB)")
        faster.execute("INSERT INTO thumb VALUES (1, ?, ?)", (b"a", b"one"))
        faster.execute("PRAGMA user_version = 1")
        faster.execute("COMMIT")
        assert waiting.result(timeout=60) == {1: b"one"}


def test_readers_do_not_wait_for_a_writer(thumbs: Thumbs) -> None:
    thumbs.put([Thumb(1, b"a", b"one")])
    with closing(sqlite3.connect(thumbs.path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("DELETE FROM thumb")
        assert thumbs.get({1: b"a"}) == {1: b"one"}


def test_a_file_of_another_version_is_emptied(thumbs: Thumbs) -> None:
    with closing(sqlite3.connect(thumbs.path)) as db:
        db.executescript("CREATE TABLE thumb (id, jpeg); INSERT INTO thumb VALUES (1, 'x'); PRAGMA user_version = 99")
    assert thumbs.get({1: b"a"}) == {}
    thumbs.put([Thumb(1, b"a", b"one")])
    assert thumbs.get({1: b"a"}) == {1: b"one"}


def test_a_removed_file_is_made_anew(thumbs: Thumbs) -> None:
    thumbs.put([Thumb(1, b"a", b"one")])
    thumbs.path.unlink()
    assert thumbs.get({1: b"a"}) == {}
    assert thumbs.path.exists()


def test_nothing_is_left_open(thumbs: Thumbs) -> None:
    thumbs.put([Thumb(1, b"a", b"one")])
    thumbs.get({1: b"a"})
    links = [os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd") if _is_link(fd)]  # noqa: PTH115, PTH208
    assert [link for link in links if "thumbs.db" in link] == []
    assert [entry.name for entry in thumbs.path.parent.iterdir()] == ["thumbs.db"]


def _is_link(fd: str) -> bool:
    return os.path.lexists(f"/proc/self/fd/{fd}")


def test_damage_is_told_with_what_to_do(thumbs: Thumbs, tmp_path: Path) -> None:
    thumbs.path.write_bytes(b"not a database" * 1000)
    with pytest.raises(WorkspaceError, match=r"thumbs\.db: the file is damaged; remove it, the thumbnails are made"):
        thumbs.get({1: b"a"})
    with pytest.raises(WorkspaceError, match=r"thumbs\.db: the file cannot be opened"):
        Thumbs(tmp_path / "no folder" / "thumbs.db").put([Thumb(1, b"a", b"one")])
