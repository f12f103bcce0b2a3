"""Pictures in a real S3 server on loopback, which fails, cuts connections, changes meanwhile and knows nobody."""

from __future__ import annotations

import logging
import socket
import struct
import threading
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from scn_core.datasets.remote import FetchSettings
from scn_core.datasets.source import source_said
from scn_core.errors import DataError
from scn_core.workspace.folder import Workspace, create_workspace
from scn_core.workspace.update import update
from tests.scn_core.datasets.conftest import Draw, draw  # noqa: F401 (a fixture)

NAMES = [f"{label}/{number}.png" for label in ("happy", "sad") for number in range(5)]
ERRORS = {
    "InternalError": "500 Internal Server Error", "SlowDown": "503 Slow Down", "AccessDenied": "403 Forbidden",
    "ExpiredToken": "400 Bad Request", "InvalidAccessKeyId": "403 Forbidden",
}  # fmt: skip


class _Faulty:
    """What stands before the server."""

    def __init__(self) -> None:
        # Here, as every process that runs tests imports this file: it takes a quarter of a second.
        from moto.moto_server.werkzeug_app import create_backend_app

        self.app: Callable[..., Iterable[bytes]] = create_backend_app("s3")
        self.address = ""
        self.faults: dict[str, list[str]] = {}
        """By the name of a key, one for each time its content is asked for."""
        self.before: dict[str, Callable[[], None]] = {}
        """Done once the content is asked for."""
        self.rejects = ""
        """What is said to all that is asked."""
        self.accepts = 0
        """So often content is given before that."""
        self.asked = Counter[str]()
        self.lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        key, content = environ["PATH_INFO"].partition("/faces/")[2], environ["REQUEST_METHOD"] == "GET"
        with self.lock:
            given = bool(key) and content
            if self.rejects and self.accepts == 0:
                return self._error(self.rejects, start, content)
            if given:
                self.accepts -= self.accepts > 0
                self.asked[key] += 1
        if not given:
            return self.app(environ, start)
        self.before.pop(key, lambda: None)()
        fault = self.faults[key].pop(0) if self.faults.get(key) else ""
        if fault in ERRORS:
            return self._error(fault, start, content)
        if fault == "reset":
            connection = environ["werkzeug.socket"]
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.shutdown(socket.SHUT_RD)  # so that no further request is waited for
            raise ConnectionResetError
        answer = self.app(environ, start)
        if fault == "cut":
            whole = b"".join(answer)
            return [whole[: len(whole) // 2]]
        return answer

    def ask(self, method: str, path: str, content: bytes | None = None, kind: str = "image/png") -> None:
        """Put or delete something, past all faults."""
        signed = "AWS4-HMAC-SHA256 Credential=ann/20261128/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"
        headers = {"Content-Type": kind, "Authorization": signed}  # the server does not check what is signed
        asked = urllib.request.Request(f"{self.address}/faces/{path}", content, headers, method=method)
        with urllib.request.urlopen(asked, timeout=60):
            pass

    def _error(self, code: str, start: Callable[..., Any], content: bool) -> list[bytes]:
        body = f"<Error><Code>{code}</Code><Message>told: {code}</Message></Error>".encode() if content else b""
        start(ERRORS[code], [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])
        return [body]


@pytest.fixture
def bucket(
    draw: Draw,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[_Faulty]:
    from werkzeug.serving import make_server

    faulty = _Faulty()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with make_server("127.0.0.1", 0, faulty, threaded=True) as server:
        faulty.address = f"http://127.0.0.1:{server.server_port}"
        for name, value in {
            "AWS_ENDPOINT_URL": faulty.address, "AWS_ACCESS_KEY_ID": "ann", "AWS_SECRET_ACCESS_KEY": "secret-word",
            "AWS_DEFAULT_REGION": "us-east-1", "AWS_MAX_ATTEMPTS": "1",
        }.items():  # fmt: skip
            monkeypatch.setenv(name, value)
        monkeypatch.setattr("scn_core.datasets.remote.DEFAULTS", FetchSettings(waits_s=(0.0, 0.0)))
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            faulty.ask("PUT", "")
            for number, name in enumerate(NAMES):
                faulty.ask("PUT", name, draw(name, number).read_bytes())
            yield faulty
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A list of all pictures, of one that is not there, and of a folder."""
    file = tmp_path / "labels.csv"
    rows = [f"s3://faces/{name},{name.partition('/')[0]}\n" for name in (*NAMES, "sad/none.png", "sad")]
    file.write_text("path,label\n" + "".join(rows), encoding="utf-8")
    return file


def test_a_bucket_with_faults_is_read_to_its_end(
    bucket: _Faulty,
    draw: Draw,  # noqa: F811
    tmp_path: Path,
) -> None:
    reset, slow, cut, denied, vanishes, changes, page, misnamed, fails, _ = NAMES
    bucket.faults = {
        reset: ["reset"] * 2, slow: ["InternalError", "SlowDown"], cut: ["cut"], denied: ["AccessDenied"],
        fails: ["InternalError"] * 3,
    }  # fmt: skip
    bucket.before[vanishes] = lambda: bucket.ask("DELETE", vanishes)
    other = draw("other.png", 20, (30, 30)).read_bytes()
    bucket.before[changes] = lambda: bucket.ask("PUT", changes, other)
    bucket.ask("PUT", page, b"<html>sign in</html>")
    bucket.ask("PUT", misnamed, (tmp_path / misnamed).read_bytes(), "text/html")
    manifest = create_workspace(tmp_path / "ws", "folder", source_said({"root": "s3://faces"}))
    left_out = {
        denied: "a picture that may not be read", vanishes: "no such picture", page: "a picture that cannot be used",
        fails: "a picture that could not be fetched",
    }  # fmt: skip
    assert [sample.path for sample in manifest.samples] == [name for name in NAMES if name not in left_out]
    assert {problem.file: problem.reason for problem in manifest.problems} == left_out
    assert sum(problem.rows for problem in manifest.problems) == len(left_out)
    assert bucket.asked == dict.fromkeys(NAMES, 1) | {reset: 3, slow: 3, cut: 2, fails: 3}
    ws = Workspace(tmp_path / "ws")
    for sample in manifest.samples:
        there = other if sample.path == changes else (tmp_path / sample.path).read_bytes()
        assert (ws.pictures() / sample.path).read_bytes() == there
    bucket.asked.clear()
    done = update(ws).changes
    assert (done.new.keys, done.changed.count, done.pictures, done.vanished.count) == ((denied, fails), 0, 0, 0)
    assert bucket.asked == {denied: 1, fails: 1}  # what was read is not read again
    assert "secret-word" not in ws.settings_file.read_text(encoding="utf-8")


def test_keys_of_a_list_that_are_missing_are_counted(bucket: _Faulty, table: Path, tmp_path: Path) -> None:
    manifest = create_workspace(tmp_path / "ws", "csv", source_said({"root": "s3://faces", "csv": str(table)}))
    assert [sample.path for sample in manifest.samples] == NAMES
    assert [problem.reason for problem in manifest.problems] == ["no such picture"] * 2


def test_credentials_that_are_accepted_no_more_end_the_reading_and_nothing_vanishes(
    bucket: _Faulty, table: Path, tmp_path: Path
) -> None:
    said = source_said({"root": "s3://faces", "csv": str(table)})
    told = "s3://faces: found credentials that .* not accept .told: {}.; what was fetched is kept: renew them"
    bucket.rejects, bucket.accepts = "ExpiredToken", 4
    with pytest.raises(DataError, match=told.format("ExpiredToken")):
        create_workspace(tmp_path / "ws", "csv", said)
    bucket.rejects = ""
    assert len(create_workspace(tmp_path / "ws", "csv", said).samples) == len(NAMES)
    assert bucket.asked == dict.fromkeys(NAMES, 1)
    bucket.rejects, bucket.accepts = "InvalidAccessKeyId", 0
    with pytest.raises(DataError, match=told.format("InvalidAccessKeyId")):
        update(Workspace(tmp_path / "ws"))
    bucket.rejects = ""
    assert not update(Workspace(tmp_path / "ws")).changes.any
