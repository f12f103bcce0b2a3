"""Pictures behind a real web server: they are fetched below the root alone, whatever lists and redirects say."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from scn_core.datasets.remote import FetchSettings
from scn_core.datasets.source import Source, source_said
from scn_core.errors import UsageError
from scn_core.workspace.folder import Workspace, create_workspace
from scn_core.workspace.update import update
from tests.scn_core.datasets.conftest import Draw, draw  # noqa: F401 (a fixture)

NAMES = ["plain.png", "a b#c%20.png", "fails twice.png", "cut once.png", "forbidden.png", "gone.png", "led out.png"]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        self.asked = Counter[str]()
        super().__init__(("127.0.0.1", 0), partial(_Handler, directory=str(folder)))

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(SimpleHTTPRequestHandler):
    server: _Server

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        path = self.translate_path(self.path)
        name = Path(path).name
        self.server.asked[self.path] += 1
        asked = self.server.asked[self.path]
        if name == "led out.png":
            self.send_response(302)
            self.send_header("Location", "/secret.png")
            self.end_headers()
        elif name == "forbidden.png":
            self.send_error(403)
        elif name == "fails twice.png" and asked <= 2:
            self.send_error(503)
        elif name == "cut once.png" and asked == 1:
            content = Path(path).read_bytes()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: len(content) // 2])
        else:
            super().do_GET()


@pytest.fixture
def server(draw: Draw, tmp_path: Path) -> Iterator[_Server]:  # noqa: F811
    draw("www/secret.png", 99)
    for number, name in enumerate(NAMES):
        if name != "gone.png":
            draw(f"www/faces/{name}", number)
    with _Server(tmp_path / "www") as made:
        threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01}).start()
        yield made
        made.shutdown()


def test_pictures_are_fetched_below_the_root_alone(
    server: _Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scn_core.datasets.remote.DEFAULTS", FetchSettings(waits_s=(0.0,) * 4))
    out = ["../secret.png", f"{server.address}/secret.png", "%2e%2e/secret.png", "http://localhost/secret.png"]
    table = tmp_path / "labels.csv"
    rows = [f"{name},{'happy' if place % 2 else 'sad'}\n" for place, name in enumerate([*NAMES, *out])]
    table.write_text("path,label\n" + "".join(rows), encoding="utf-8")
    create_workspace(tmp_path / "ws", "csv", source_said({"root": f"{server.address}/faces", "csv": str(table)}))
    ws = Workspace(tmp_path / "ws")
    assert {path.name for path in ws.pictures().rglob("*")} == set(NAMES[:4])
    assert (ws.pictures() / NAMES[1]).read_bytes() == (tmp_path / "www/faces" / NAMES[1]).read_bytes()
    assert "/secret.png" not in server.asked
    reasons = Counter(update(ws, dry_run=True).left_out)
    assert reasons == {
        "a picture that could not be fetched": 1,  # led out
        "a picture that may not be read": 1,
        "no such picture": 2,  # one is a name with percent signs, and no way out
        "a path that names nothing under the root": 1,
        "an address outside of the root": 2,
    }
    assert server.asked["/faces/plain.png"] == 1


def test_a_web_server_lists_no_folders(server: _Server, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"found http://.*, which cannot be listed; allowed: a list of pictures"):
        create_workspace(tmp_path / "ws", "folder", Source(root_address=server.address))
