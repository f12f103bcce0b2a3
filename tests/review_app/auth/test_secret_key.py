"""The workspace's secret: made once, for one reader."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from review_app.auth.secret_key import read_secret
from scn_core.errors import WorkspaceError
from scn_core.files import create_private


def test_it_is_made_once_with_mode_600(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        secret = read_secret(tmp_path)
    finally:
        os.umask(before)
    assert len(secret) == 32
    assert read_secret(tmp_path) == secret
    assert stat.S_IMODE((tmp_path / "secret.key").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secret.key"]
    other = tmp_path / "other"
    other.mkdir()
    assert read_secret(other) != secret


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_one_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    read_secret(tmp_path)
    (tmp_path / "secret.key").chmod(mode)
    with pytest.raises(WorkspaceError, match=rf"secret.key: found mode {mode:o}, so others may read it; allowed: 600"):
        read_secret(tmp_path)


@pytest.mark.parametrize("content", [b"", b"abc", b"00" * 31, b"\xff" * 64, b"zz" * 32])
def test_a_file_that_holds_none_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "secret.key").write_bytes(content)
    (tmp_path / "secret.key").chmod(0o600)
    with pytest.raises(WorkspaceError, match="found no secret"):
        read_secret(tmp_path)


def test_servers_that_start_at_once_agree(tmp_path: Path) -> None:
    found: list[bytes] = []
    threads = [threading.Thread(target=lambda: found.append(read_secret(tmp_path))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["secret.key"]


def test_a_server_that_comes_second_does_not_replace_it(tmp_path: Path) -> None:
    secret = read_secret(tmp_path)
    create_private(tmp_path / "secret.key", b"another")  # it had seen none a moment ago
    assert read_secret(tmp_path) == secret
    assert [path.name for path in tmp_path.iterdir()] == ["secret.key"]
