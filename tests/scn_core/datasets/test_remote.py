"""Pictures elsewhere are copied once, several at a time and patiently, and what cannot be had is told."""

from __future__ import annotations

import errno
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scn_core.datasets.remote import FetchSettings, Remote
from scn_core.datasets.storage import FORBIDDEN, GONE, UNFETCHED, Wrong, refusal, stamp_of
from scn_core.errors import DataError, DiskFullError, UsageError
from tests.faulty_storage import FaultyFileSystem, storage

QUICK = FetchSettings(waits_s=(0.0, 0.0), give_up_after=4)


@pytest.fixture
def files() -> Iterator[FaultyFileSystem]:
    with storage() as made:
        yield made


@pytest.fixture
def remote(files: FaultyFileSystem, tmp_path: Path) -> Iterator[Remote]:
    for number in range(8):
        files.pipe_file(f"/faces/a/{number}.jpg", bytes([number]) * 100)
    with Remote("faulty://faces", tmp_path / "copies", QUICK) as made:
        yield made


def test_a_copy_is_made_once_and_again_only_when_the_file_changed(remote: Remote, files: FaultyFileSystem) -> None:
    copy = remote.copies / "a/1.jpg"
    for _ in range(2):
        assert remote.fetch("a/1.jpg") is None
        assert copy.read_bytes() == b"\1" * 100
    assert files.read == {"/faces/a/1.jpg": 1}
    files.pipe_file("/faces/a/1.jpg", b"new")
    assert remote.fetch("a/1.jpg") is None
    assert copy.read_bytes() == b"new"
    assert files.read == {"/faces/a/1.jpg": 2}


@pytest.mark.parametrize("fault", [OSError(errno.EIO, "500"), TimeoutError("slow"), ConnectionError("cut")])
def test_what_may_pass_is_tried_again(remote: Remote, files: FaultyFileSystem, fault: Exception) -> None:
    files.faults["/faces/a/1.jpg"] = [fault, fault]
    assert remote.fetch("a/1.jpg") is None
    assert (remote.copies / "a/1.jpg").read_bytes() == b"\1" * 100
    assert files.read["/faces/a/1.jpg"] == 3


def test_what_will_not_come_is_told_and_not_tried_again(remote: Remote, files: FaultyFileSystem) -> None:
    files.faults["/faces/a/1.jpg"] = [PermissionError("403")] * 9
    files.faults["/faces/a/2.jpg"] = [OSError(errno.EIO, "https://ann:secret@h/500")] * 9
    wrong = [remote.fetch(name) for name in ("a/1.jpg", "a/2.jpg", "a/none.jpg", "a", f"a/{'x' * 300}.jpg")]
    assert [each and each.reason for each in wrong[:4]] == [FORBIDDEN, UNFETCHED, GONE, GONE]
    assert wrong[1] is not None
    assert "***@h/500" in wrong[1].words
    assert files.read == {"/faces/a/1.jpg": 1, "/faces/a/2.jpg": 3}
    assert [each.name for each in remote.copies.rglob("*.jpg")] == []


def test_a_name_too_long_for_a_file_here_is_told(remote: Remote, files: FaultyFileSystem) -> None:
    files.pipe_file(f"/faces/a/{'x' * 300}.jpg", b"1")
    wrong = remote.fetch(f"a/{'x' * 300}.jpg")
    assert wrong is not None
    assert wrong.words == "a name that no file here can have"


def test_storage_that_does_not_answer_ends_the_reading_and_keeps_what_came(
    remote: Remote, files: FaultyFileSystem
) -> None:
    assert remote.fetch("a/0.jpg") is None
    for number in range(1, 8):
        files.faults[f"/faces/a/{number}.jpg"] = [OSError(errno.EIO, "down")] * 9
    assert [remote.fetch(f"a/{number}.jpg") is None for number in (1, 2)] == [False, False]
    assert remote.fetch("a/none.jpg") is not None  # an answer: it is there after all
    assert [remote.fetch(f"a/{number}.jpg") is None for number in (3, 4, 5)] == [False, False, False]
    with pytest.raises(DataError, match=r"faulty://faces: found no answer .*down.*; what was fetched is kept"):
        remote.fetch("a/6.jpg")
    assert (remote.copies / "a/0.jpg").is_file()


def test_a_copy_of_before_will_do_where_the_storage_does_not_answer(remote: Remote, files: FaultyFileSystem) -> None:
    assert remote.fetch("a/1.jpg") is None
    files.pipe_file("/faces/a/1.jpg", b"new")
    files.faults["/faces/a/1.jpg"] = [OSError(errno.EIO, "down")] * 9
    assert remote.fetch("a/1.jpg") is None
    assert (remote.copies / "a/1.jpg").read_bytes() == b"\1" * 100


def test_a_full_disk_is_no_fault_of_the_storage(remote: Remote, files: FaultyFileSystem) -> None:
    files.faults["/faces/a/1.jpg"] = [OSError(errno.ENOSPC, "no room")]
    with pytest.raises(DiskFullError):
        remote.fetch("a/1.jpg")


def test_what_is_too_large_for_a_picture_is_not_fetched(
    remote: Remote, files: FaultyFileSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scn_core.datasets.remote.MAX_BYTES", 99)
    wrong = remote.fetch("a/1.jpg")
    assert wrong is not None
    assert wrong.words == "a file of over 99 bytes"
    assert not files.read
    monkeypatch.setattr(FaultyFileSystem, "tells_size", False)
    assert remote.fetch("a/1.jpg") == wrong
    assert files.read == {"/faces/a/1.jpg": 1}
    assert not [path for path in remote.copies.parent.rglob("*") if path.is_file()]


def test_names_are_laid_out_as_long_and_old_as_the_files_and_empty(
    remote: Remote, files: FaultyFileSystem, tmp_path: Path
) -> None:
    files.pipe_file("/faces/labels.csv", b"path,label\n")
    files.pipe_file(f"/faces/a/{'x' * 300}.jpg", b"1")
    files.pipe_file("/faces/a/up\nside.jpg", b"1")
    files.pipe_file("/faces/a/forbidden.txt", b"1")
    files.faults["/faces/a/forbidden.txt"] = [PermissionError("403")]
    (tmp_path / "laid").mkdir()
    missing = [(len(name), wrong.words) for name, wrong in remote.lay_out(tmp_path / "laid")]
    nameless = "a name that no file here can have"
    assert missing == [(13, nameless), (306, nameless), (15, "no permission to read it")]
    laid = {path.relative_to(tmp_path / "laid").as_posix(): path for path in (tmp_path / "laid").rglob("*.*")}
    assert laid.keys() == {"labels.csv", *(f"a/{number}.jpg" for number in range(8))}
    assert laid["labels.csv"].read_bytes() == b"path,label\n"
    assert laid["a/3.jpg"].read_bytes() == bytes(100)
    assert files.read == {"/faces/labels.csv": 1, "/faces/a/forbidden.txt": 1}
    assert remote.fetch("a/3.jpg") is None
    assert (remote.copies / "a/3.jpg").stat().st_mtime_ns == laid["a/3.jpg"].stat().st_mtime_ns


def test_a_folder_that_is_not_there_is_said(files: FaultyFileSystem, tmp_path: Path) -> None:
    with (
        Remote("faulty://gone", tmp_path / "copies", QUICK) as remote,
        pytest.raises(DataError, match=r"faulty://gone: found no such folder; allowed: a folder that may be listed"),
    ):
        list(remote.names())


def test_a_folder_that_vanishes_while_others_are_listed_is_empty(remote: Remote, files: FaultyFileSystem) -> None:
    for name in ("0.jpg", "b/1.jpg"):
        files.pipe_file(f"/faces/{name}", b"1")
    names = remote.names()
    assert next(names) == "0.jpg"
    files.rm("/faces/b", recursive=True)
    assert list(names) == [f"a/{number}.jpg" for number in range(8)]


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("nothing://a", "found nothing://a .*; allowed: s3://, gs://"),
        ("gs://a", "gs://a: found that the package gcsfs is not installed .*; install it: pip install gcsfs"),
    ],
)
def test_a_package_that_is_missing_is_named(
    address: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "gcsfs", None)
    with pytest.raises(UsageError, match=said):
        Remote(address, tmp_path / "copies")


@pytest.mark.parametrize(
    "told",
    [
        {"LastModified": "2026-11-27T10:00:00+00:00"},
        {"Last-Modified": "Fri, 27 Nov 2026 10:00:00 GMT"},
        {"mtime": 1795773600.0},
        {"updated": "2026-11-27T10:00:00Z"},
    ],
)
def test_the_age_of_a_file_whatever_its_storage_calls_it(told: dict[str, object]) -> None:
    assert stamp_of({"size": 3, **told}) == (3, 1795773600 * 10**9)


class _AzureError(Exception):
    """As azure.core has it."""

    status_code = 403


@pytest.mark.parametrize(
    "error",
    [
        _AzureError("AuthorizationFailure"),
        OSError("Forbidden: https://storage.googleapis.com/faces/1.jpg\nann does not have storage.objects.get access"),
        PermissionError("AccessDenied"),
    ],
)
def test_no_permission_whatever_its_storage_calls_it(error: Exception) -> None:
    assert (refusal(error) or Wrong("", "")).reason == FORBIDDEN


def test_age_and_size_may_be_unknown() -> None:
    assert stamp_of({"size": None}) == (None, None)
    assert stamp_of({"size": 3, "updated": "yesterday"}) == (3, None)
