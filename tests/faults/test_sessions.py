"""Many people who come, review, leave and come back: what the server holds for them does not grow with the hours.

`make test` plays a few minutes of a few people; `make faults` as many answers as SESSION_ANSWERS says, of 50 people.
1,800 answers each are an hour of work at an answer in two seconds, played as fast as the machine goes.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import httpx2 as httpx
import numpy as np
import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from benchmarks.review_load import unpack
from scn_core.config import ReviewSettings
from scn_core.workspace.folder import Workspace
from tests.browser.server import Served, eventually
from tests.review_workspace import add_round, repeat_faces

ANSWERS = int(os.environ.get("SESSION_ANSWERS", "40"))
"""Of each person."""
PEOPLE = 50 if ANSWERS >= 200 else 6
STRETCH = min(100, ANSWERS // 2)
"""Answers between coming and leaving."""
PAGE = 20
MEASURED = 40 if ANSWERS >= 200 else 4
"""How often the server is counted, at even steps of the answers."""
LEAVING = ("closes the window", "gives the faces back", "signs out")


class Counted(Served):
    """A server that says what it holds."""

    def launch(self, command: list[str], log: IO[bytes]) -> subprocess.Popen[bytes]:
        self.counts = self.workspace.path.parent / "counts.jsonl"
        self.counts.touch()
        ours = [sys.executable, "-m", "tests.faults.counted_server", *command[3:]]
        environment = os.environ | {"COUNTS": str(self.counts)}
        return subprocess.Popen(ours, cwd=self.repository, stdout=log, stderr=log, env=environment)

    def count(self) -> dict[str, float]:
        """What it holds now, rows of the database with it."""
        lines = len(self.counts.read_text().splitlines())
        assert isinstance(self.process, subprocess.Popen)
        self.process.send_signal(signal.SIGUSR1)
        eventually(lambda: self.counts.read_text().count("\n") > lines, "the server's counts")
        found: dict[str, float] = json.loads(self.counts.read_text().splitlines()[-1])
        for name, sql in {
            "sessions": "SELECT count(*) FROM session",
            "leases": "SELECT count(*) FROM queue_item WHERE lease_person IS NOT NULL",
            "answers": "SELECT count(*) FROM decision",
        }.items():
            found[name] = int(str(self.rows(sql)[0][0]))
        return found


class Person:
    """Someone at the grid: the page's websocket, faces, answers, and the ways to leave."""

    def __init__(self, url: str, number: int) -> None:
        self.url, self.name, self.chance = url, f"person {number}", random.Random(number)
        self.saved = 0
        self.visits = 0
        self.streamlit = ""
        """The session that Streamlit gave to the last page."""

    async def work(self) -> None:
        async with httpx.AsyncClient(base_url=self.url, headers={"Origin": self.url}, timeout=120) as client:
            signed_in = False
            while self.saved < ANSWERS:
                if not signed_in:
                    await self._sign_in(client)
                cookie = "; ".join(f"{cookie.name}={cookie.value}" for cookie in client.cookies.jar)
                async with connect(
                    self.url.replace("http", "ws", 1) + "/_stcore/stream", origin=Origin(self.url),
                    additional_headers={"Cookie": cookie}, subprotocols=self._subprotocols(), max_size=None,
                    open_timeout=120, ping_interval=None,
                ) as page:  # fmt: skip
                    self.visits += 1
                    await self._draw(page)
                    signed_in = await self._review(client, min(self.saved + STRETCH, ANSWERS))

    async def _sign_in(self, client: httpx.AsyncClient) -> None:
        assert (await client.post("/login", data={"name": self.name})).status_code == 303
        assert (await client.get("/")).status_code == 200
        await self._take_token(client)

    async def _take_token(self, client: httpx.AsyncClient) -> None:
        client.headers["X-Review-Token"] = (await client.get("/api/token")).raise_for_status().json()["token"]

    def _subprotocols(self) -> list[Subprotocol]:
        """Half of the pages that come back say which session was theirs, as after a break of the network."""
        back = [self.streamlit] if self.streamlit and self.chance.random() < 0.5 else []
        return [Subprotocol(word) for word in ("streamlit", "none", *back)]

    async def _draw(self, page: ClientConnection) -> None:
        """Has the page drawn, as a browser that has opened it does."""
        message = BackMsg()
        message.rerun_script.query_string = ""
        await page.send(message.SerializeToString())
        while True:
            told = ForwardMsg.FromString(await asyncio.wait_for(page.recv(), 120))
            if told.WhichOneof("type") == "new_session":
                self.streamlit = told.new_session.initialize.session_id
            if told.WhichOneof("type") == "script_finished":
                return

    async def _review(self, client: httpx.AsyncClient, until: int) -> bool:
        """Answers, then leaves; whether it is still signed in."""
        tiles: list[dict[str, Any]] = []
        while self.saved < until:
            if not tiles:
                where = {"state": "open", "order": "suspicion"}
                asked = {"round": 1, "filter": where, "limit": PAGE, "have": [], "cursor": None}
                tiles = unpack((await self._post(client, "/api/page", asked)).content)["items"]
                assert tiles, "the queue has run out"
            many = self.chance.randint(1, 5)  # what was answered while the last request was on its way
            answers, tiles = [self._answer(tile) for tile in tiles[:many]], tiles[many:]
            said = (await self._post(client, "/api/decisions", {"decisions": answers})).json()
            assert said["saved"] == [answer["id"] for answer in answers], said
            self.saved += len(answers)
        way = self.chance.choice(LEAVING)
        if way == LEAVING[1]:
            await self._post(client, "/api/lease", {"renew": [], "release": [tile["item"] for tile in tiles]})
        if way == LEAVING[2]:
            assert (await client.post("/logout")).status_code == 303
        return way != LEAVING[2]

    def _answer(self, tile: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": str(uuid.UUID(int=self.chance.getrandbits(128), version=4)), "round": 1, "sample": tile["sample"],
            "action": "keep", "label": tile["given"], "undoes": None, "text": None, "bulk": None,
            "blind": tile["blind"], "ms": 2000, "shown": {},
        }  # fmt: skip

    async def _post(self, client: httpx.AsyncClient, path: str, body: dict[str, Any]) -> httpx.Response:
        while True:
            with suppress(httpx.TransportError):  # a connection that the server has closed, as nobody used it
                answer = await client.post(path, json=body)
                if answer.status_code not in (401, 503):
                    break
                if answer.status_code == 401:  # the token is ten minutes old
                    await self._take_token(client)
            await asyncio.sleep(0.1)
        assert answer.status_code == 200, (path, answer.text)
        return answer


@pytest.fixture
def served(_drawn: Path, tmp_path: Path) -> Iterator[Counted]:
    faces = max(2_000, PEOPLE * ANSWERS * 11 // 10)
    workspace = repeat_faces(Workspace(_drawn), tmp_path / "ws", faces)
    # One order of the queue: learning another is work that lasts longer, the more answers there are.
    add_round(workspace, proposals=faces * 3 // 4, low=faces // 4, audit=0, review=ReviewSettings(learn_every=0))
    served = Counted(workspace)
    yield served
    served.kill()


def test_what_the_server_holds_does_not_grow(served: Counted) -> None:
    people = [Person(served.url, number) for number in range(PEOPLE)]
    found: list[dict[str, float]] = []
    begun = time.monotonic()

    async def all_work() -> None:
        working = asyncio.gather(*(person.work() for person in people))
        while not working.done():
            done = sum(person.saved for person in people)
            if done >= len(found) * PEOPLE * ANSWERS // MEASURED:
                found.append(await asyncio.to_thread(served.count) | {"s": round(time.monotonic() - begun)})
                print(json.dumps(found[-1]), flush=True)
            await asyncio.sleep(0.2)
        await working

    asyncio.run(all_work())
    saved = sum(person.saved for person in people)
    assert served.count()["answers"] == saved
    second_half = found[len(found) // 2 :]
    for row in second_half:
        assert row["streamlit"] <= 2 * PEOPLE + 128, "those of open pages, and 128 that Streamlit remembers"
        assert row["leases"] <= PEOPLE * PAGE * 2
        assert row["sessions"] <= sum(person.visits for person in people)
    if ANSWERS >= 200:
        for name in ("descriptors", "threads", "streamlit", "leases", "objects", "memory_mb", "sqlite_mb"):
            print(name, *_trend([row[name] for row in second_half]))
    print(f"{PEOPLE} people, {sum(person.visits for person in people)} visits, {saved:,} answers")


def _trend(values: list[float]) -> tuple[float, float, float]:
    """Of values at even steps: the mean, what a straight line through them rises by from the first to the last, and the
    standard deviation around the line."""
    steps = np.arange(len(values))
    slope, start = np.polyfit(steps, values, 1)
    rest = np.array(values) - (start + slope * steps)
    return round(float(np.mean(values)), 1), round(float(slope * (len(values) - 1)), 1), round(float(rest.std()), 1)
