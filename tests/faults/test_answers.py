"""The server is killed while people answer: what it said it has, it has, once and in order; the rest is sent again."""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

import httpx2 as httpx
import pytest

from scn_core.store.connection import snapshot
from scn_core.store.projections import check
from scn_core.workspace.folder import Workspace
from tests.browser.forks import Forks
from tests.browser.server import Served, eventually
from tests.review_workspace import add_round, repeat_faces

PEOPLE = 4
FACES = 800
COUNTED = "SELECT action, sum(n) FROM queue_count WHERE n > 0 GROUP BY action ORDER BY 1"
THERE = "SELECT coalesce(action, ''), count(*) FROM queue_item WHERE listed GROUP BY 1 ORDER BY 1"


class Answering(threading.Thread):
    """A person who answers one face after the other, again and again, and sends an answer until the server says it has
    it."""

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
            for face in cycle(self.faces):
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
                if answer.status_code == 200:
                    break
                # Without a token, or with one of ten minutes ago; 503: another program has the database.
                assert answer.status_code in (401, 503), answer.text
                if answer.status_code == 401:
                    client.headers["X-Review-Token"] = client.get("/api/token").raise_for_status().json()["token"]
            except httpx.TransportError:
                self.lost += 1
            time.sleep(0.05)
        assert answer.json()["saved"] == [decision["id"]], answer.text
        self.sent.append(str(decision["id"]))


@pytest.fixture
def served(_drawn: Path, tmp_path: Path) -> Iterator[Served]:
    workspace = repeat_faces(Workspace(_drawn), tmp_path / "ws", FACES)
    add_round(workspace, proposals=FACES // 2, low=FACES // 4, audit=20)
    forks = Forks()
    served = Served(workspace, forks=forks)
    yield served
    served.kill()
    forks.end()


def derived_tables_are_right(served: Served) -> None:
    """While people go on answering."""
    assert served.rows("PRAGMA integrity_check") == [("ok",)]
    with served.workspace.database(read_only=True) as db:
        assert check(db) == []
        with snapshot(db):
            counted, there = (db.execute(sql).fetchall() for sql in (COUNTED, THERE))
    assert counted == there


def test_every_answer_is_stored_once(served: Served, kills: int) -> None:
    asked = [int(str(row[0])) for row in served.rows("SELECT DISTINCT sample_id FROM queue_item")]
    people = [Answering(served.url, f"person {i}", asked[i::PEOPLE]) for i in range(PEOPLE)]
    for each in people:
        each.start()
    eventually(lambda: all(each.sent for each in people), "everybody's first answer")
    chance = random.Random(0)
    for _ in range(kills):
        time.sleep(chance.uniform(0.1, 1.5))
        served.restart()
        derived_tables_are_right(served)
    time.sleep(0.5)
    for each in people:
        each.enough.set()
        each.join(timeout=60)
        assert not each.is_alive()
    assert sum(each.lost for each in people) >= kills, "nobody noticed"
    for each in people:
        assert [row.id for row in served.decisions(each.person)] == each.sent != []
    derived_tables_are_right(served)
    minutes = served.rows("SELECT sum(n) FROM answer_count")
    acknowledged = sum(len(each.sent) for each in people)
    assert minutes == [(acknowledged,)]
    lost = sum(each.lost for each in people)
    print(f"{kills} kills, {PEOPLE} people: {acknowledged:,} answers acknowledged, {lost:,} replies lost")
