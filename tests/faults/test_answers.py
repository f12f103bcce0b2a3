"""The server is killed while people answer: what it said it has, it has, once and in order; the rest is sent again."""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx2 as httpx
import pytest

from scn_core.store.projections import check
from scn_core.workspace.folder import Workspace
from tests.browser.server import Served
from tests.review_workspace import add_round, repeat_faces

PEOPLE = 4
FACES = 4000


class Answering(threading.Thread):
    """A person who answers one face after the other, and sends an answer until the server says it has it."""

    def __init__(self, url: str, person: str, faces: list[int]) -> None:
        super().__init__(daemon=True)
        self.url, self.person, self.faces = url, person, faces
        self.sent: list[str] = []
        self.lost = 0
        """Answers of the server that did not come."""
        self.enough = threading.Event()

    def run(self) -> None:
        with httpx.Client(base_url=self.url, headers={"Origin": self.url}, timeout=30) as client:
            client.post("/login", data={"name": self.person})
            client.headers["X-Review-Token"] = client.get("/api/token").raise_for_status().json()["token"]
            for face in self.faces:
                if self.enough.is_set():
                    return
                self._answer(client, face)

    def _answer(self, client: httpx.Client, face: int) -> None:
        decision = {
            "id": str(uuid.uuid4()), "round": 1, "sample": face, "action": "unsure", "label": None, "undoes": None,
            "text": None, "bulk": None, "blind": False, "ms": 500, "shown": {},
        }  # fmt: skip
        while True:
            try:
                answer = client.post("/api/decisions", json={"decisions": [decision]})
                break
            except httpx.TransportError:
                self.lost += 1
                time.sleep(0.05)
        assert answer.json()["saved"] == [decision["id"]], answer.text
        self.sent.append(str(decision["id"]))


@pytest.fixture
def served(_drawn: Path, tmp_path: Path) -> Iterator[Served]:
    workspace = repeat_faces(Workspace(_drawn), tmp_path / "ws", FACES)
    add_round(workspace, proposals=FACES // 2, low=FACES // 4, audit=20)
    served = Served(workspace)
    yield served
    served.kill()


def test_every_answer_is_stored_once(served: Served, kills: int) -> None:
    asked = [int(str(row[0])) for row in served.rows("SELECT DISTINCT sample_id FROM queue_item")]
    people = [Answering(served.url, f"person {i}", asked[i::PEOPLE]) for i in range(PEOPLE)]
    for each in people:
        each.start()
    chance = random.Random(0)
    for _ in range(kills):
        time.sleep(chance.uniform(0.1, 1.5))
        served.restart()
    time.sleep(0.5)
    for each in people:
        each.enough.set()
        each.join(timeout=60)
        assert not each.is_alive()
    assert sum(each.lost for each in people) >= kills, "nobody noticed"
    for each in people:
        assert [row.id for row in served.decisions(each.person)] == each.sent != []
    assert served.rows("PRAGMA integrity_check") == [("ok",)]
    counted = served.rows("SELECT action, sum(n) FROM queue_count WHERE n > 0 GROUP BY action ORDER BY 1")
    there = "SELECT coalesce(action, ''), count(*) FROM queue_item WHERE listed GROUP BY 1 ORDER BY 1"
    assert counted == served.rows(there)
    with served.workspace.database() as db:
        assert check(db) == []
    minutes = served.rows("SELECT sum(n) FROM answer_count")
    assert minutes == [(sum(len(each.sent) for each in people),)]
