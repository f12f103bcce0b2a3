"""What reads files and requests gets damaged ones: a clear refusal or a sound result, never a traceback or a 5xx.

INPUTS: how many each reader gets. An input follows from the reader's name and its number alone, see `mutations`.
"""

from __future__ import annotations

import asyncio
import io
import json
import re
import shutil
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, MutableMapping
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, features
from sqlite_utils import Database

from review_app import database, settings
from review_app.settings import AppSettings
from scn_core.datasets.images import check_picture
from scn_core.datasets.registry import DATASETS
from scn_core.datasets.source import Source
from scn_core.datasets.thumbnail_images import large_face, make_thumbnail, wrong_thumbnail
from scn_core.errors import DataError
from scn_core.exchange.export.formats import FormatName
from scn_core.exchange.export.write import ExportOptions, export_labels
from scn_core.exchange.import_decisions.import_plan import plan_import
from scn_core.workspace.backup.archive import extract_archive
from scn_core.workspace.backup.make import make_backup
from scn_core.workspace.backup.restore import restore
from scn_core.workspace.folder import Workspace
from scn_core.workspace.toml import change_table, read_settings
from tests.browser.forks import Forks
from tests.browser.server import Served
from tests.faults.mutations import INPUTS, Inputs, Mutation, csv_cells, json_values, report, tried
from tests.review_app.visitor import BASE, Visitor, keep
from tests.review_workspace import add_round

RESTORED = 20
"""One in so many backups is restored whole, the others are only unpacked."""
TOGETHER = 64
"""Connections at once."""
PATIENCE_S = 3
"""For a server that waits for more; no reply is then no fault."""


@pytest.fixture(scope="module")
def in_review(_drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A round in review and some answers; nothing here changes it."""
    path = tmp_path_factory.mktemp("readers") / "ws"
    workspace = Workspace(shutil.copytree(_drawn, path, ignore=shutil.ignore_patterns("images", "pixels")))
    add_round(workspace, proposals=40, low=10, audit=6)
    settings.use(AppSettings(workspace, b"a secret of thirty-two bytes, no"))
    ann = Visitor(settings.current()).sign_in("ann")
    ann.decide(*[keep(tile) for tile in ann.page(limit=20).tiles])
    database.close()
    return workspace


def exported(db: Database, folder: Path, name: FormatName) -> bytes:
    """The first rows of a file that `export` writes."""
    export_labels(db, folder / name, ExportOptions(format=name))
    return b"\n".join((folder / name).read_bytes().splitlines()[:6])


LISTS: dict[str, tuple[str, bytes, Mutation]] = {
    "csv": ("csv", b"path,split,label,left,top,right,bottom,key\na.png,train,happy,1,2,30,40,a.png#0\n"
            b"b/c.png,val,sad,,,,,\n\"d, e.png\",test,3,0,0,9,9,\n", csv_cells),
    "csv of annotators": ("csv", b"path;label;annotator\na.png;happy;ann\na.png;sad;bob\nb.png;sad;ann\n", csv_cells),
    "json": ("csv", b'{"path": "a.png", "label": "happy", "votes": {"happy": 7, "sad": 3}, "box": [1, 2, 30, 40]}\n'
             b'{"path": "b.png", "label": "sad", "split": "val", "key": "b.png#1"}', json_values),
    "label studio": ("csv", b'[{"id": 1, "data": {"image": "a.png", "path": "a.png", "label": "happy"}},'
                     b' {"id": 2, "data": {"faces": [{"path": "b.png", "label": "sad", "box": [0, 0, 9, 9]}]}}]',
                     json_values),
    "fiftyone": ("csv", b'{"classes": ["happy", "sad"], "labels": {"a.png": 0, "b": {"label": "sad", '
                 b'"attributes": {"path": "b.png", "key": "b"}}}}', json_values),
}  # fmt: skip
"""Reader of a list -> its data set, a sound list, a mutation."""


@pytest.mark.parametrize("name", LISTS)
def test_lists_of_labels(name: str, tmp_path: Path) -> None:
    dataset, seed, mutation = LISTS[name]
    file, reader = tmp_path / "list", DATASETS[dataset]
    source = Source(root=tmp_path, csv=file, annotator_column="annotator" if "annotators" in name else None)

    def read(content: bytes) -> None:
        file.write_bytes(content)
        reader.vocabulary(source)
        for _ in reader.read(source):
            pass

    tried(Inputs(name, [seed], mutation), read)


TASK = {
    "id": 3, "data": {"image": "x", "path": "PATH", "key": "PATH", "label": "happy"}, "annotations": [
        {"completed_by": {"id": 1, "email": "ann@example.org"}, "was_cancelled": False, "updated_at": "2026-01-01",
         "result": [{"id": "a", "type": "choices", "from_name": "label", "value": {"choices": ["sad"]}}]}]}  # fmt: skip


@pytest.mark.parametrize("name", ["import CSV", "import exported CSV", "import JSON", "import Label Studio"])
def test_files_of_decisions(name: str, in_review: Workspace, tmp_path: Path) -> None:
    with in_review.database(read_only=True) as db:
        paths = [path for (path,) in db.execute("SELECT path FROM sample WHERE split = 'train' LIMIT 4")]
        rows = [f"{path},relabel,happy,ann,why not\n" for path in paths]
        seeds = {
            "import CSV": ("path,action,label,person,note\n" + "".join(rows)).encode(),
            "import exported CSV": exported(db, tmp_path, "csv"),
            "import JSON": exported(db, tmp_path, "jsonl"),
            "import Label Studio": json.dumps([TASK]).replace("PATH", paths[0]).encode(),
        }
        mutation = csv_cells if "CSV" in name else json_values
        file = tmp_path / "decisions"

        def read(content: bytes) -> None:
            file.write_bytes(content)
            plan_import(db, file, person="ann").describe(["class"] * 20, done=False)

        tried(Inputs(name, [seeds[name]], mutation), read)


def test_settings(in_review: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "workspace.toml"
    seed = in_review.settings_file.read_bytes() + b"\n[backup]\nkeep = 3\n"

    def read(content: bytes) -> None:
        file.write_bytes(content)
        read_settings(file)
        change_table(file, "review", {"readings": 3})
        assert read_settings(file).review.readings == 3

    tried(Inputs("settings", [seed]), read)


def pictures() -> list[bytes]:
    """Of a face in all formats that are read."""
    face = Image.linear_gradient("L").resize((40, 24)).convert("RGB")
    ways: list[tuple[str, str, dict[str, Any]]] = [
        ("RGB", "PNG", {}), ("P", "PNG", {}), ("RGBA", "PNG", {}), ("I;16", "PNG", {}), ("RGB", "JPEG", {}),
        ("CMYK", "JPEG", {}), ("L", "JPEG", {"progressive": True}), ("RGB", "WEBP", {}), ("RGB", "BMP", {}),
        ("RGBA", "WEBP", {"lossless": True}), ("RGB", "TIFF", {"compression": "tiff_lzw"}), ("1", "TIFF", {}),
        ("P", "GIF", {}), *([("RGB", "AVIF", {})] if features.check("avif") else []),
    ]  # fmt: skip
    made = []
    for mode, kind, options in ways:
        file = io.BytesIO()
        exif = face.getexif()
        exif[0x0112] = 6
        face.convert("L" if mode == "I;16" else mode).convert(mode).save(file, kind, exif=exif, **options)
        made.append(file.getvalue())
    return made


def test_pictures(tmp_path: Path) -> None:
    """What `init` takes can be drawn; what it does not take ends neither it nor a page."""
    file = tmp_path / "picture"

    def read(content: bytes) -> None:
        file.write_bytes(content)
        wrong = check_picture(file, None).wrong
        if wrong is not None:
            raise DataError(f"a picture: {wrong}")
        make_thumbnail(file, None)
        large_face(file, None, 32)

    tried(Inputs("pictures", pictures()), read)


def test_thumbnails_from_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "face.png").write_bytes(pictures()[0])

    def read(content: bytes) -> None:
        if wrong := wrong_thumbnail(content):
            raise DataError(f"a thumbnail: {wrong}")

    tried(Inputs("thumbnails", [make_thumbnail(tmp_path / "face.png", None)]), read)


def test_backups(in_review: Workspace, tmp_path: Path) -> None:
    with in_review.database() as db:
        whole = make_backup(in_review, db, out=tmp_path).read_bytes()
    alone = in_review.database_file.read_bytes()
    count = 0

    def read(content: bytes) -> None:
        nonlocal count
        count += 1
        file, folder = tmp_path / "backup.zip", tmp_path / "new"
        file.write_bytes(content)
        try:
            if count % RESTORED and not content.startswith(b"SQLite"):
                folder.mkdir()
                extract_archive(file, folder, lambda more: None)
            else:
                restore(file, Workspace(shutil.copytree(in_review.path, folder)), force=True)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    tried(Inputs("backups", [whole, whole, whole, whole, alone]), read)


class App:
    """The app's routes, called as the server calls them."""

    def __init__(self, visitor: Visitor) -> None:
        self.app = visitor.app
        self.cookie = "; ".join(f"{name}={value}" for name, value in visitor.client.cookies.items())
        self._runner = asyncio.Runner()

    def status(self, method: str, path: str, body: bytes = b"", **headers: bytes) -> int:
        """Of the response; an error that the app does not catch is raised. `headers`: none of an empty one."""
        sent = {
            "host": b"127.0.0.1:8501", "origin": BASE.encode(), "content-type": b"application/json",
            "content-length": str(len(body)).encode(), "cookie": self.cookie.encode(),
        } | headers  # fmt: skip
        where, _, query = path.partition("?")
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
            "path": where, "raw_path": where.encode(), "query_string": query.encode("utf-8", "surrogateescape"),
            "root_path": "", "client": ("127.0.0.1", 50000), "server": ("127.0.0.1", 8501),
            "headers": [(name.replace("_", "-").encode(), value) for name, value in sent.items() if value],
        }  # fmt: skip
        answers: list[MutableMapping[str, Any]] = []
        parts = iter([{"type": "http.request", "body": body, "more_body": False}])

        async def receive() -> MutableMapping[str, Any]:
            return next(parts, {"type": "http.disconnect"})

        async def send(message: MutableMapping[str, Any]) -> None:
            answers.append(message)

        async def ask() -> None:
            await self.app(scope, receive, send)

        self._runner.run(ask())
        return int(answers[0]["status"])

    def close(self) -> None:
        self._runner.close()


class Seat:
    """Somebody signed in at the app on a copy of a workspace, and faces they may answer."""

    def __init__(self, workspace: Workspace) -> None:
        settings.use(AppSettings(workspace, b"a secret of thirty-two bytes, no"))
        self.ann = Visitor(settings.current()).sign_in("ann")
        self.app, self.token = App(self.ann), self.ann.token.encode()
        self.tiles = self.ann.page(limit=20).tiles


@pytest.fixture
def seat(in_review: Workspace, tmp_path: Path) -> Iterator[Seat]:
    seat = Seat(Workspace(shutil.copytree(in_review.path, tmp_path / "served")))
    yield seat
    seat.app.close()
    database.close()


def asked(name: str, inputs: Inputs, status: Callable[[bytes], int]) -> None:
    counted: Counter[str] = Counter()
    for number in range(INPUTS):
        try:
            found = status(inputs[number])
        except Exception as error:
            raise AssertionError(f"{name}, input {number}: {error!r}; {inputs[number][:2000]!r}") from error
        assert found < 500, (name, number, inputs[number][:2000])
        counted[str(found)] += 1
    report(name, counted)


@pytest.mark.parametrize("path", ["/api/page", "/api/tiles", "/api/lease", "/api/decisions"])
def test_bodies_of_requests(path: str, seat: Seat) -> None:
    tile = seat.tiles[0]
    note = keep(tile, id=str(uuid.UUID(int=5, version=4)), action="note", label=None, text="é")
    full: dict[str, Any] = {"undoes": None, "bulk": None, "blind": False, "ms": 500, "shown": {"a": [1]}}
    bodies: dict[str, list[dict[str, Any]]] = {
        "/api/page": [{"round": 1, "filter": {"state": "open", "order": "suspicion", "alpha_from": 0.1, "label": 1},
                       "limit": 5, "have": [1, 2], "cursor": None}],
        "/api/tiles": [{"round": 1, "samples": [1, tile["sample"]]}],
        "/api/lease": [{"renew": [tile["item"]], "release": [1, 2]}],
        "/api/decisions": [{"decisions": [keep(tile, **full, id=str(uuid.UUID(int=7, version=4))), note]}],
    }  # fmt: skip
    seeds = [json.dumps(body).encode() for body in bodies[path]]
    inputs = Inputs(f"POST {path}", seeds, json_values)
    asked(inputs.name, inputs, lambda body: seat.app.status("POST", path, body, x_review_token=seat.token))


def test_cookies_and_tokens(seat: Seat) -> None:
    seeds = [seat.app.cookie.encode(), seat.token, b"Bearer " + seat.token, b"name=ann&password=x&next=%2F"]

    def status(word: bytes) -> int:
        found = [
            seat.app.status("GET", "/api/rounds", cookie=word),
            seat.app.status("POST", "/api/tiles", b'{"round":1,"samples":[1]}', x_review_token=word),
            seat.app.status("GET", "/api/rounds", cookie=b"", authorization=word),
            seat.app.status("POST", "/login", word, content_type=b"application/x-www-form-urlencoded"),
        ]
        return max(found)

    asked("cookies and tokens", Inputs("cookies and tokens", seeds), status)


def test_addresses(seat: Seat) -> None:
    seeds = [
        b"/api/history?round=1&before=5&limit=3", b"/api/sample/1?round=1", b"/api/export/csv-r1-d1.csv", b"/thumb/1",
        b"/face/1?v=2", b"/api/backup/x.zip", b"/grid/abc/main.js", b"/login?next=%2Fa", b"/login/ticket?t=abc.d.e",
        b"/api/rounds?limit=2&after=1",
    ]  # fmt: skip
    inputs = Inputs("addresses", seeds)
    asked(inputs.name, inputs, lambda path: seat.app.status("GET", "/" + path.decode("utf-8", "replace").lstrip("/")))


@pytest.fixture
def served(in_review: Workspace, tmp_path: Path) -> Iterator[Served]:
    forks = Forks()
    served = Served(Workspace(shutil.copytree(in_review.path, tmp_path / "served")), forks=forks)
    yield served
    served.kill()
    forks.end()


def test_raw_requests(served: Served) -> None:
    host = f"127.0.0.1:{served.port}".encode()
    head = b" HTTP/1.1\r\nHost: " + host + b"\r\nOrigin: http://" + host
    seeds = [
        b"GET /health" + head + b"\r\nAccept: text/html\r\nCookie: a=b; c=d\r\n\r\n",
        b"GET /" + head + b"\r\nX-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: https\r\nRange: bytes=0-5\r\n\r\n",
        b"POST /login" + head + b"\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 8\r\n\r\n"
        b"name=ann",
        b"POST /api/page" + head + b"\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"a\":\r\n2\r\n1}\r\n0\r\n\r\n",
        b"GET /_stcore/stream" + head + b"\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        b"GET /_stcore/health" + head + b"\r\nExpect: 100-continue\r\nIf-None-Match: \"x\"\r\n\r\n",
    ]  # fmt: skip
    inputs = Inputs("raw requests", seeds)
    last = b"GET /health" + head + b"\r\nConnection: close\r\n\r\n"
    counted: Counter[str] = Counter()

    async def send(number: int, places: asyncio.Semaphore) -> None:
        async with places:
            there, back = await asyncio.open_connection("127.0.0.1", served.port)
            found = b""
            try:
                back.write(inputs[number] + last)
                async with asyncio.timeout(PATIENCE_S):
                    while part := await there.read(65_536):
                        found += part
            except TimeoutError:
                counted["waited for more"] += 1
            except ConnectionError:
                counted["reset"] += 1
            finally:
                back.transport.abort()
        codes = re.findall(rb"HTTP/1\.1 (\d{3})", found)
        assert not [code for code in codes if code.startswith(b"5")], (number, inputs[number], found[:500])
        counted[codes[0].decode() if codes else "no reply"] += 1

    async def send_all() -> None:
        for first in range(0, INPUTS, 1_000):
            places = asyncio.Semaphore(TOGETHER)
            await asyncio.gather(*(send(number, places) for number in range(first, min(first + 1_000, INPUTS))))

    asyncio.run(send_all())
    assert "Traceback" not in served.log.read_text(errors="replace"), served.said()
    report(inputs.name, counted)
