"""Many reviewers at once over HTTP: real sessions and tokens, one answer a second each, a page when theirs runs out."""

from __future__ import annotations

import asyncio
import json
import random
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

import httpx2 as httpx

from scn_core.workspace.thumbnails import UNDRAWN

PAGES = (12, 28)
"""Faces a page, from and to: windows differ, and small pages are turned several times in a minute."""
ARRIVE_S = 5
"""Everybody sits down within so long."""
RENEW_EVERY_S = 30
RESEND_S = 0.5
REDRAW_S = 0.1
"""As the grid does."""


@dataclass
class Seen:
    """What one reviewer was given and has answered."""

    name: str
    faces: list[int] = field(default_factory=list)
    """Sample ids in the order given; once for each page they came in."""
    sent: list[str] = field(default_factory=list)
    """Ids of the answers the server said it has."""
    answer_ms: list[float] = field(default_factory=list)
    page_ms: list[float] = field(default_factory=list)
    """Until the faces of a page were there, some without their picture where it was not drawn yet."""
    pictures_ms: list[float] = field(default_factory=list)
    """Until all its pictures were."""
    refused: list[str] = field(default_factory=list)
    failed: str = ""
    """What ended this reviewer before the time was up."""
    busy: int = 0
    """How often another program was writing, so that the same was sent again; the times above hold the waiting."""


def simulate(url: str, round_id: int, *, people: int, seconds: float) -> list[Seen]:
    """Lets `people` review for so long."""
    return asyncio.run(_all(url, round_id, people, seconds))


async def _all(url: str, round_id: int, people: int, seconds: float) -> list[Seen]:
    start = asyncio.Event()
    reviewers = [_Reviewer(url, round_id, f"simulated {i}", random.Random(i)) for i in range(people)]
    tasks = [asyncio.create_task(reviewer.work(start, seconds)) for reviewer in reviewers]
    start.set()
    for reviewer, end in zip(reviewers, await asyncio.gather(*tasks, return_exceptions=True), strict=True):
        if isinstance(end, BaseException):  # minutes of figures are not lost for one
            reviewer.seen.failed = repr(end)
    return [reviewer.seen for reviewer in reviewers]


class _Reviewer:
    def __init__(self, url: str, round_id: int, name: str, chance: random.Random) -> None:
        self.url, self.round_id, self.chance = url, round_id, chance
        self.seen = Seen(name)
        self.page = chance.randint(*PAGES)
        self.token = ""
        self.tiles: list[dict[str, Any]] = []

    async def work(self, start: asyncio.Event, seconds: float) -> Seen:
        async with httpx.AsyncClient(base_url=self.url, headers={"Origin": self.url}, timeout=60) as client:
            await self._sign_in(client)
            await start.wait()
            await asyncio.sleep(ARRIVE_S * self.chance.random())
            begun = time.monotonic()
            renewed = begun
            for second in range(round(seconds)):
                await asyncio.sleep(max(0.0, begun + second - time.monotonic()))
                if not self.tiles:
                    await self._turn_page(client)
                if time.monotonic() - renewed > RENEW_EVERY_S:
                    renewed = time.monotonic()
                    await self._post(client, "/api/lease", {"renew": [t["item"] for t in self.tiles], "release": []})
                await self._answer(client, self.tiles.pop(0))
        return self.seen

    async def _sign_in(self, client: httpx.AsyncClient) -> None:
        answer = await client.post("/login", data={"name": self.seen.name})
        assert answer.status_code in (200, 302, 303), f"log-in: {answer.status_code} {answer.text[:200]}"
        await self._renew_token(client)

    async def _renew_token(self, client: httpx.AsyncClient) -> None:
        self.token = (await client.get("/api/token")).raise_for_status().json()["token"]

    async def _turn_page(self, client: httpx.AsyncClient) -> None:
        where = {"state": "open", "order": "suspicion"}
        asked = {"round": self.round_id, "filter": where, "limit": self.page, "have": [], "cursor": None}
        begun = time.perf_counter()
        answer = await self._post(client, "/api/page", asked)
        self.seen.page_ms.append((time.perf_counter() - begun) * 1000)
        self.tiles = unpack(answer.content)["items"]
        left = _undrawn(self.tiles)
        while left:  # as the grid does
            await asyncio.sleep(REDRAW_S)
            drawn = await self._post(client, "/api/tiles", {"round": self.round_id, "samples": left})
            left = _undrawn(unpack(drawn.content)["items"])
        self.seen.pictures_ms.append((time.perf_counter() - begun) * 1000)
        assert self.tiles, "the queue of the benchmark ran out"
        self.seen.faces += [tile["sample"] for tile in self.tiles]

    async def _answer(self, client: httpx.AsyncClient, tile: dict[str, Any]) -> None:
        proposed = tile["proposed"]
        accept = proposed is not None and self.chance.random() < 0.7
        decision = {
            "id": str(uuid.uuid4()), "round": self.round_id,
            "sample": tile["sample"], "action": "accept" if accept else "keep",
            "label": proposed if accept else tile["given"], "undoes": None, "text": None, "bulk": None,
            "blind": tile["blind"], "ms": 900, "shown": {},
        }  # fmt: skip
        begun = time.perf_counter()
        answer = await self._post(client, "/api/decisions", {"decisions": [decision]})
        self.seen.answer_ms.append((time.perf_counter() - begun) * 1000)
        said = answer.json()
        self.seen.sent += said["saved"]
        self.seen.refused += [refusal["error"] for refusal in said["refused"]]

    async def _post(self, client: httpx.AsyncClient, path: str, body: dict[str, Any]) -> httpx.Response:
        while True:
            answer = await client.post(path, json=body, headers={"X-Review-Token": self.token})
            if answer.status_code == 401 and answer.json()["code"] == "token_expired":  # after ten minutes
                await self._renew_token(client)
            elif answer.status_code == 503:
                self.seen.busy += 1
                await asyncio.sleep(RESEND_S)
            else:
                break
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text[:300]}"
        return answer


def _undrawn(tiles: list[dict[str, Any]]) -> list[int]:
    return [tile["sample"] for tile in tiles if tile["missing"] == UNDRAWN]


def unpack(packed: bytes) -> dict[str, Any]:
    """The header of a packed page."""
    length = int.from_bytes(packed[:4], "big")
    header: dict[str, Any] = json.loads(packed[4 : 4 + length])
    return header
