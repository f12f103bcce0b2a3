"""Pictures in a real S3 server on loopback, which fails, is slow, cuts connections and lacks keys."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from moto.server import DomainDispatcherApplication, create_backend_app

from scn_core.datasets.remote import FetchSettings
from scn_core.datasets.source import source_said
from scn_core.workspace.folder import Workspace, create_workspace
from scn_core.workspace.update import update
from tests.scn_core.datasets.conftest import Draw, draw  # noqa: F401 (a fixture)

NAMES = [f"{label}/{number}.png" for label in ("happy", "sad") for number in range(5)]


class _Faulty:
    """What stands before the server. `faults`: by the name of a key, one for each time its content is asked for."""

    def __init__(self, app: Callable[..., Iterable[bytes]]) -> None:
        self.app = app
        self.faults: dict[str, list[str]] = {}
        self.asked = Counter[str]()

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        key = environ["PATH_INFO"].partition("/faces/")[2]
        if environ["REQUEST_METHOD"] != "GET" or not key:
            return self.app(environ, start)
        self.asked[key] += 1
        fault = self.faults[key].pop(0) if self.faults.get(key) else ""
        if fault.isdecimal():
            start(f"{fault} fault", [("Content-Length", "0")])
            return [b""]
        if fault == "slow":
            time.sleep(0.2)
        content = self.app(environ, start)
        if fault == "cut":
            whole = b"".join(content)
            return [whole[: len(whole) // 2]]
        return content


@pytest.fixture
def bucket(
    draw: Draw,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[_Faulty]:
    import boto3
    from werkzeug.serving import make_server

    faulty = _Faulty(DomainDispatcherApplication(create_backend_app))
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, faulty, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}", "AWS_ACCESS_KEY_ID": "ann",
        "AWS_SECRET_ACCESS_KEY": "secret-word", "AWS_DEFAULT_REGION": "us-east-1", "AWS_MAX_ATTEMPTS": "1",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("scn_core.datasets.remote.DEFAULTS", FetchSettings(waits_s=(0.0, 0.0)))
    client = boto3.client("s3")
    client.create_bucket(Bucket="faces")
    for number, name in enumerate(NAMES):
        client.put_object(Bucket="faces", Key=name, Body=draw(name, number).read_bytes())
    yield faulty
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_bucket_with_faults_is_read_to_its_end(bucket: _Faulty, tmp_path: Path) -> None:
    bucket.faults = {
        NAMES[0]: ["500", "503"], NAMES[1]: ["cut"], NAMES[2]: ["slow"], NAMES[3]: ["403"], NAMES[4]: ["500"] * 50,
    }  # fmt: skip
    manifest = create_workspace(tmp_path / "ws", "folder", source_said({"root": "s3://faces"}))
    left_out = [NAMES[3], NAMES[4]]
    assert [sample.path for sample in manifest.samples] == [name for name in NAMES if name not in left_out]
    assert [(problem.file, problem.reason) for problem in manifest.problems] == [
        (NAMES[3], "a picture that may not be read"),
        (NAMES[4], "a picture that could not be fetched"),
    ]
    ws = Workspace(tmp_path / "ws")
    for sample in manifest.samples:
        assert (ws.pictures() / sample.path).read_bytes() == (tmp_path / sample.path).read_bytes()
    bucket.faults.clear()
    bucket.asked.clear()
    assert update(ws).changes.new.count == 2
    assert bucket.asked == dict.fromkeys(left_out, 1)  # what was read is not read again
    assert "secret-word" not in ws.settings_file.read_text(encoding="utf-8")


def test_keys_of_a_list_that_are_missing_are_counted(bucket: _Faulty, tmp_path: Path) -> None:
    table = tmp_path / "labels.csv"
    names = [*NAMES, "sad/none.png", "sad"]
    text = "path,label\n" + "".join(f"s3://faces/{name},{name.partition('/')[0]}\n" for name in names)
    table.write_text(text, encoding="utf-8")
    manifest = create_workspace(tmp_path / "ws", "csv", source_said({"root": "s3://faces", "csv": str(table)}))
    assert [sample.path for sample in manifest.samples] == NAMES
    assert [problem.reason for problem in manifest.problems] == ["no such picture"] * 2
