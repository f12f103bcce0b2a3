"""Through every door of the grid: several readings are blind to each other, and a repeat looks like any open face."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from review_app import database
from review_app.settings import AppSettings
from scn_core.config import ReviewSettings
from scn_core.erase import erase
from scn_core.store.queue import draw_repeats
from scn_core.store.rounds.states import close_round
from scn_core.workspace.folder import Workspace
from scn_core.workspace.withdraw import withdraw
from tests.review_app.visitor import Page, Visitor, keep, rows
from tests.review_workspace import add_round

Use = Callable[[Workspace], AppSettings]


@pytest.fixture
def start(empty: Workspace, use_workspace: Use) -> Callable[..., Visitor]:
    """start(readings=2): ann at a round with these rules."""

    def begin(**review: Any) -> Visitor:
        add_round(empty, review=ReviewSettings(**review))
        return Visitor(use_workspace(empty)).sign_in("ann")

    return begin


def tile_of(visitor: Visitor, sample: int) -> dict[str, Any]:
    answer = visitor.post("/api/tiles", {"round": 1, "samples": [sample]})
    assert answer.status_code == 200, answer.text
    (tile,) = Page(answer.content).tiles
    return tile


def about(visitor: Visitor, sample: int, round_id: int = 1) -> dict[str, Any]:
    found = visitor.get(f"/api/sample/{sample}?round={round_id}")
    assert found.status_code == 200, found.text
    return found.json()  # type: ignore[no-any-return]


def said(visitor: Visitor, sample: int) -> list[tuple[str, str]]:
    return [(row["by"], row["action"]) for row in about(visitor, sample)["history"]]


@pytest.mark.parametrize("take_out", [withdraw, erase])
def test_no_door_shows_a_face_that_was_taken_out(
    start: Callable[..., Visitor], take_out: Callable[[Workspace, list[str]], object]
) -> None:
    """Fewer readings are asked for then, and the one that was in is not blind any more."""
    ann = start(readings=2)
    bob = Visitor(ann.settings).sign_in("bob")
    tile = next(tile for tile in ann.page(limit=60).tiles if tile["kind"] == "proposal")
    ann.decide(keep(tile, action="exclude", label=None), keep(tile, action="note", label=None, text="Ada's brother"))
    take_out(ann.settings.workspace, [tile["key"]])
    for visitor in (ann, bob):
        for where in ({"state": "all"}, {"state": "answered"}, {"state": "answered", "reviewer": "ann"}):
            assert tile["sample"] not in [each["sample"] for each in visitor.page(filter=where, limit=200).tiles]
        assert Page(visitor.post("/api/tiles", {"round": 1, "samples": [tile["sample"]]}).content).tiles == []
        for door in (f"/api/sample/{tile['sample']}?round=1", f"/face/{tile['sample']}", f"/thumb/{tile['sample']}"):
            assert visitor.get(door).status_code == 404


def test_no_door_shows_an_answer_before_all_readings_are_in(start: Callable[..., Visitor]) -> None:
    ann = start(readings=2)
    bob, eve = (Visitor(ann.settings).sign_in(name) for name in ("bob", "eve"))
    tile = next(tile for tile in ann.page(limit=60).tiles if tile["kind"] == "proposal")
    face, exclude = tile["sample"], keep(tile, action="exclude", label=None)
    ann.decide(exclude, keep(tile, action="note", label=None, text="a hat"))
    doors: list[dict[str, Any]] = [{"state": state} for state in ("answered", "exclude", "all")]
    doors += [{"state": "answered", "reviewer": "ann"}, {"state": "all", "order": "newest"}]
    for where in doors:
        seen = [tile for tile in bob.page(filter=where, limit=200).tiles if tile["action"]]
        assert seen == []
        assert face in [tile["sample"] for tile in ann.page(filter=where, limit=200).tiles if tile["action"]]
    bobs = tile_of(bob, face)
    assert (bobs["action"], bobs["by"], bobs["note"], bobs["noteBy"]) == (None, None, None, None)
    assert said(bob, face) == said(eve, face) == []
    assert about(bob, face)["unread"]
    assert bob.get("/api/history?round=1").json() == {"undo": [], "redo": []}
    assert said(ann, face) == [("ann", "exclude"), ("ann", "note")]
    assert tile_of(ann, face)["action"] == "exclude"
    ann.decide(keep(tile, action="undo", label=None, undoes=exclude["id"]))
    assert said(bob, face) == []
    ann.decide(keep(tile))
    bob.decide(keep(tile))
    for visitor in (ann, bob, eve):
        assert len(said(visitor, face)) == 5
        assert not about(visitor, face)["unread"]
    found = [tile["sample"] for tile in bob.page(filter={"state": "answered", "reviewer": "ann"}, limit=9).tiles]
    assert found == [face]
    assert tile_of(bob, face)["note"] == "a hat"


def test_no_number_tells_that_a_face_was_read(start: Callable[..., Visitor]) -> None:
    """Of a tile, a page's cursor and a lease: they are those of a reader who is the first."""
    ann = start(readings=2)
    bob, eve = (Visitor(ann.settings).sign_in(name) for name in ("bob", "eve"))
    doors: list[dict[str, Any]] = [
        {"state": "all", "order": order} for order in ("suspicion", "alpha", "margin", "newest")
    ]

    def seen(visitor: Visitor) -> list[Any]:
        pages = [visitor.page(filter=where, limit=limit) for where in doors for limit in (1, 2, 3, 60)]
        found = [(page.header["cursor"], [(tile["sample"], tile["item"]) for tile in page.tiles]) for page in pages]
        rest = [visitor.page(filter=where, limit=60, cursor=pages[0].header["cursor"]).tiles for where in doors[:1]]
        return [found, [[tile["sample"] for tile in tiles] for tiles in rest]]

    before = seen(bob)
    first = ann.page(limit=3).tiles
    ann.decide(*(keep(tile) for tile in first[:2]))
    assert seen(bob) == before
    second = bob.page(limit=3).tiles
    assert [tile["item"] for tile in second] == [tile["item"] for tile in first]
    asked = {"renew": [tile["item"] for tile in second], "release": []}
    assert bob.post("/api/lease", asked).json()["held"] == asked["renew"]
    assert eve.post("/api/lease", asked).json()["held"] == asked["renew"][:0]
    bob.post("/api/lease", {"renew": [], "release": asked["renew"][:1]})
    assert eve.post("/api/lease", asked).json()["held"] == asked["renew"][:1]


def test_what_follows_is_the_rounds_own_rule(start: Callable[..., Visitor], empty: Workspace) -> None:
    ann = start(readings=1)
    text = empty.settings_file.read_text(encoding="utf-8")
    empty.settings_file.write_text(text.replace("readings = 1", "readings = 2"), encoding="utf-8")
    bob = Visitor(ann.settings).sign_in("bob")
    tile = ann.page(limit=1).tiles[0]
    ann.decide(keep(tile))
    assert said(bob, tile["sample"]) == [("ann", "keep")]


def test_a_page_of_a_closed_round_shows_each_face_once_and_is_full(start: Callable[..., Visitor]) -> None:
    ann = start(readings=2)
    database.call_write(close_round, 1)
    page = ann.page(limit=40)
    rest = ann.page(limit=200, cursor=page.header["cursor"])
    faces = [tile["sample"] for tile in page.tiles + rest.tiles]
    assert (len(page.tiles), rest.header["cursor"]) == (40, None)
    asked = database.call(lambda db: db.execute("SELECT count(DISTINCT sample_id) FROM queue_item").fetchone()[0])
    assert len(faces) == len(set(faces)) == asked
    assert (page.header["open"], page.header["pace"]["left"]) == (0, 0), "nobody can review them any more"


def test_a_repeat_is_like_any_open_tile_until_it_is_answered(
    start: Callable[..., Visitor], monkeypatch: pytest.MonkeyPatch, empty: Workspace
) -> None:
    monkeypatch.setattr(draw_repeats, "ANSWERS_BETWEEN", 2)
    ann = start(repeats=0.2)
    first: dict[int, dict[str, Any]] = {}
    for limit in (4, 3):
        page = ann.page(limit=limit)
        first |= {tile["sample"]: tile for tile in page.tiles}
        ann.decide(*(keep(tile) for tile in page.tiles))
    ann.decide(*(keep(tile, action="flag", label=None) for tile in first.values()))
    page = ann.page(limit=5)
    (again,) = [tile for tile in page.tiles if tile["sample"] in first]
    once = first[again["sample"]]
    assert len(page.tiles) == 5
    same = set(once) - {"thumb"}
    assert {name: again[name] for name in same} == {name: once[name] for name in same}
    assert set(again) == set(once)
    face = again["sample"]
    held = {"renew": [again["item"]], "release": []}
    assert ann.post("/api/lease", held).json()["held"] == held["renew"]
    ann.post("/api/lease", {"renew": [], "release": held["renew"]})
    assert rows(empty, "SELECT count(*) FROM queue_item WHERE kind = 'repeat' AND lease_person IS NULL") == [(1,)]
    assert face in [tile["sample"] for tile in ann.page(limit=5).tiles]
    assert tile_of(ann, face)["item"] == once["item"]
    assert about(ann, face)["history"] == []
    left = ann.page(limit=1).header["open"]
    answer = ann.decide(keep(again, action="unsure", label=None, id=str(uuid.uuid4()))).json()
    assert answer["refused"] == []
    header = ann.page(limit=1).header
    assert answer["pace"]["left"] == left == header["open"]
    # In no number, and the page is told to let none move with the answer.
    assert answer["progress"] == {name: header[name] for name in ("open", "checked", "wrong")}
    assert (header["checked"], header["repeats"]) == (len(first), True)
    assert said(ann, face) == [("ann", "keep"), ("ann", "flag"), ("ann", "unsure")]
    assert tile_of(ann, face)["action"] == "unsure"
    found = rows(empty, "SELECT action FROM queue_item WHERE kind = 'repeat'")
    assert found == [("unsure",)]


def test_a_cured_face_says_what_it_was_and_keep_keeps_what_was_decided(
    start: Callable[..., Visitor], empty: Workspace
) -> None:
    ann = start()
    tile = next(tile for tile in ann.page(limit=60).tiles if tile["kind"] == "proposal")
    face, before = tile["sample"], tile["given"]
    assert (tile["original"], tile["since"]) == (before, None)
    new = next(label for label in range(7) if label not in (before, tile["proposed"]))
    ann.decide(keep(tile, action="relabel", label=new))
    database.call_write(close_round, 1)
    add_round(empty, audit=0)  # its scores doubt every label that is not what the face shows
    doubted = Page(ann.post("/api/tiles", {"round": 2, "samples": [face]}).content).tiles[0]
    assert {name: doubted[name] for name in ("given", "original", "since", "action")} == {
        "given": new, "original": before, "since": 1, "action": None,
    }  # fmt: skip
    assert doubted["proposed"] not in (new, None)
    refused = ann.decide(keep(doubted, round=2, label=before)).json()["refused"]
    assert "found keep with label" in refused[0]["error"]
    assert ann.decide(keep(doubted, round=2)).json()["refused"] == []
    database.call_write(close_round, 2)
    add_round(empty, audit=1000)
    drawn = Page(ann.post("/api/tiles", {"round": 3, "samples": [face]}).content).tiles[0]
    assert (drawn["blind"], drawn["given"], drawn["original"], drawn["since"]) == (True, new, None, None)
    ann.decide(keep(drawn, round=3))
    assert about(ann, face, 3)["since"] == 1


def test_a_cured_face_that_the_round_does_not_ask_about_has_its_new_label(
    start: Callable[..., Visitor], empty: Workspace
) -> None:
    ann = start()
    tile = next(tile for tile in ann.page(limit=60).tiles if tile["kind"] == "proposal")
    ann.decide(keep(tile, action="accept", label=tile["proposed"]))
    database.call_write(close_round, 1)
    add_round(empty, audit=0, proposals=10)
    found = about(ann, tile["sample"], 2)
    assert (found["item"], found["given"], found["original"]) == (None, tile["proposed"], tile["given"])
