"""The grid's routes as the grid uses them, on a real workspace with a round in review."""

from __future__ import annotations

import asyncio
import io
import json
import shutil
import uuid
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

from review_app import database, grid_files
from review_app.api import pages
from review_app.database import Limits
from review_app.settings import AppSettings
from scn_core.records import QUEUE_ORDERS, QueueFilter
from scn_core.review.learn_order import learn_order
from scn_core.store.connection import transaction
from scn_core.store.opinions import add_source, insert_opinions
from scn_core.store.queue.counts import queue_counts
from scn_core.store.queue.leases import LEASE_S
from scn_core.store.reports.figures import decided_counts, timed_work
from scn_core.store.rounds.states import close_round
from scn_core.workspace.folder import Workspace
from tests.another_writer import AnotherWriter
from tests.review_app.visitor import Page, Visitor, keep, rows
from tests.review_workspace import add_opinions, add_round, copy_workspace

Use = Callable[[Workspace], AppSettings]


@pytest.fixture
def ann(workspace: Workspace, use_workspace: Use) -> Visitor:
    return Visitor(use_workspace(workspace)).sign_in("ann")


@pytest.fixture
def bob(ann: Visitor) -> Visitor:
    return Visitor(ann.settings).sign_in("bob")


def open_faces(workspace: Workspace) -> int:
    """A face with an audit item beside another is asked about once."""
    return int(rows(workspace, "SELECT count(DISTINCT sample_id) FROM queue_item WHERE action IS NULL")[0][0])


# Pages


def test_a_page_holds_leased_tiles_and_their_pictures(ann: Visitor, workspace: Workspace) -> None:
    page = ann.page(limit=12)
    assert len(page.tiles) == 12
    header = page.header
    assert (header["lost"], header["cursor"], header["lease_s"]) == ([], None, LEASE_S)
    assert header["round"] == {"id": 1, "state": "review"}
    assert header["open"] == open_faces(workspace)
    for tile in page.tiles:
        picture = Image.open(io.BytesIO(page.thumb(tile)))
        assert (picture.format, picture.size) == ("WEBP", (128, 128))
        assert tile["missing"] is None
    leased = rows(workspace, "SELECT id FROM queue_item WHERE lease_person IS NOT NULL")
    assert {tile["item"] for tile in page.tiles} == {item for (item,) in leased}
    suspicions = [tile["suspicion"] for tile in page.tiles if tile["suspicion"] is not None]
    assert suspicions == sorted(suspicions, reverse=True)


def test_a_page_without_thumbnails_does_not_wait_for_all_of_them(
    ann: Visitor, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first is drawn; what is asked for again gets the next one each time."""
    workspace.thumbs_file.unlink()
    monkeypatch.setattr(pages, "_DRAW_S", 0.0)
    page = ann.page(limit=4)
    assert [tile["missing"] for tile in page.tiles] == [None, *["not drawn yet"] * 3]
    samples = [tile["sample"] for tile in page.tiles]
    again = Page(ann.post("/api/tiles", {"round": 1, "samples": samples}).content)
    assert [tile["missing"] for tile in again.tiles] == [None, None, *["not drawn yet"] * 2]
    assert again.thumb(again.tiles[0]) == page.thumb(page.tiles[0])


def test_a_tile_says_what_the_network_thinks(ann: Visitor, workspace: Workspace) -> None:
    tile = next(tile for tile in ann.page(limit=60).tiles if tile["kind"] == "proposal")
    key, given, proposed, alpha, margin = rows(
        workspace,
        "SELECT s.key, s.given_label, c.proposed_label, c.alpha, c.margin FROM score c JOIN sample s "
        "ON s.id = c.sample_id WHERE c.round_id = 1 AND s.id = ?",
        tile["sample"],
    )[0]
    assert (tile["key"], tile["given"], tile["proposed"]) == (key, given, proposed)
    assert (tile["alpha"], tile["margin"]) == (pytest.approx(alpha, abs=1e-4), pytest.approx(margin, abs=1e-4))
    chances = [chance for _, chance in tile["bars"]]
    assert tile["bars"][0][0] == proposed
    assert len(chances) == 3
    assert chances == sorted(chances, reverse=True)
    for name in ("action", "label", "by", "at", "decision", "flag", "note", "noteBy", "skip"):
        assert tile[name] is None
    assert (tile["flagged"], tile["blind"]) == (False, False)


def test_two_people_never_get_the_same_face(ann: Visitor, bob: Visitor) -> None:
    mine = [tile["sample"] for tile in ann.page(limit=30).tiles]
    theirs = [tile["sample"] for tile in bob.page(limit=200).tiles]
    assert len(mine) == 30
    assert not set(mine) & set(theirs)
    assert len(theirs) == len(set(theirs))


def test_the_next_page_is_another_and_a_reload_gives_the_same(ann: Visitor) -> None:
    first = [tile["item"] for tile in ann.page().tiles]
    second = [tile["item"] for tile in ann.page(have=first).tiles]
    assert not set(first) & set(second)
    assert [tile["item"] for tile in ann.page(limit=20).tiles] == first + second


def test_what_was_lost_is_told(ann: Visitor, bob: Visitor, workspace: Workspace) -> None:
    items = [tile["item"] for tile in ann.page(limit=5).tiles]
    with workspace.database() as db:
        db.execute("UPDATE queue_item SET lease_until = '2020-01-01T00:00:00.000Z' WHERE lease_person IS NOT NULL")
    taken = [tile["item"] for tile in bob.page(limit=5).tiles]
    assert taken == items
    assert sorted(ann.page(have=items).header["lost"]) == sorted(items)


def test_leases_are_renewed_and_given_back(ann: Visitor, bob: Visitor) -> None:
    items = [tile["item"] for tile in ann.page(limit=4).tiles]
    answer = ann.post("/api/lease", {"renew": items[:3], "release": items[3:]})
    assert answer.json() == {
        "held": items[:3], "lease_s": LEASE_S, "in_review": [1], "today": 0, "progress": None
    }  # fmt: skip
    assert [tile["item"] for tile in bob.page(limit=1).tiles] == items[3:]
    assert bob.post("/api/lease", {"renew": items[:3], "release": items[:3]}).json()["held"] == []
    assert ann.post("/api/lease", {"renew": items}).json()["held"] == items[:3]
    assert ann.post("/api/lease", {}).json()["held"] == []


def test_filters_and_orders_reach_the_store(ann: Visitor, workspace: Workspace) -> None:
    where = {"alpha_from": 0.2, "alpha_to": 0.4, "order": "alpha", "unproposed": True}
    page = ann.page(limit=200, filter=where)
    alphas = [tile["alpha"] for tile in page.tiles if not tile["blind"]]
    assert alphas
    assert alphas == sorted(alphas)
    assert all(0.2 <= alpha <= 0.4 for alpha in alphas)
    assert all(tile["proposed"] is None for tile in page.tiles)
    found = database.call(queue_counts, 1, 1, QueueFilter(alpha_from=0.2, alpha_to=0.4, unproposed=True))
    assert page.header["open"] == found.matching


def test_a_page_says_what_its_order_was_learned_from(ann: Visitor, workspace: Workspace) -> None:
    answered = ann.page(limit=25).tiles
    ann.decide(*[keep(tile) for tile in answered])
    assert ann.page().header["learned"] is None
    with workspace.database() as db:
        learn_order(db, 1)
    for learned in ({"order": "suspicion", "alpha_to": 0.9}, {"grouped": True}):
        page = ann.page(filter=learned)
        assert page.tiles
        assert page.header["learned"] == 25
    others = [{"order": order} for order in QUEUE_ORDERS if order != "suspicion"]
    for where in [*others, {"state": "answered"}, {"state": "all"}]:
        assert ann.page(filter=where).header["learned"] is None, where
    samples = [tile["sample"] for tile in answered[:3]]
    assert Page(ann.post("/api/tiles", {"round": 1, "samples": samples}).content).header["learned"] is None
    database.call_write(close_round, 1)
    assert ann.page().header["learned"] is None


@pytest.mark.parametrize("state", ["open", "all"])
@pytest.mark.parametrize("cursor", ["AAAA", "[" * 1_000])
def test_a_cursor_that_no_page_gave_is_refused(ann: Visitor, state: str, cursor: str) -> None:
    body = {"round": 1, "filter": {"state": state}, "limit": 5, "have": [], "cursor": cursor}
    answer = ann.post("/api/page", body)
    assert (answer.status_code, answer.json()["code"]) == (400, "refused")
    assert f"found the cursor '{cursor[:100]}'" in answer.json()["error"]


def test_answered_faces_are_listed_without_leases(ann: Visitor, bob: Visitor, workspace: Workspace) -> None:
    tiles = ann.page(limit=25).tiles
    ann.decide(*[keep(tile) for tile in tiles])
    ann.post("/api/lease", {"release": [tile["item"] for tile in tiles]})
    first = bob.page(limit=20, filter={"state": "answered"})
    rest = bob.page(limit=20, filter={"state": "answered"}, cursor=first.header["cursor"])
    assert (len(first.tiles), len(rest.tiles), rest.header["cursor"]) == (20, 5, None)
    assert {t["sample"] for t in first.tiles + rest.tiles} == {t["sample"] for t in tiles}
    tile = first.tiles[0]
    assert (tile["action"], tile["label"], tile["by"], tile["blind"]) == ("keep", tile["given"], "ann", False)
    assert tile["at"].endswith("Z")
    assert rows(workspace, "SELECT 1 FROM queue_item WHERE lease_person IS NOT NULL") == []


def test_a_closed_round_is_listed_and_says_so(ann: Visitor, workspace: Workspace) -> None:
    database.call_write(close_round, 1)
    page = ann.page(limit=5)
    assert len(page.tiles) == 5
    assert page.header["round"] == {"id": 1, "state": "closed"}
    assert rows(workspace, "SELECT 1 FROM queue_item WHERE lease_person IS NOT NULL") == []


def test_a_blind_tile_tells_nothing_before_it_is_answered(ann: Visitor, workspace: Workspace) -> None:
    page = ann.page(limit=200)
    audits = [tile for tile in page.tiles if tile["kind"] == "audit"]
    assert audits
    for tile in audits:
        assert tile["blind"]
        hidden = ("proposed", "second", "alpha", "margin", "suspicion", "doubt")
        assert [tile[name] for name in hidden] == [None] * len(hidden)
        assert tile["bars"] == []
    blind = audits[0]["sample"]
    about = ann.get(f"/api/sample/{blind}?round=1").json()
    assert about["blind"]
    for name in (*hidden, "dynamics", "neighbours"):
        assert about[name] is None
    assert (about["bars"], about["probabilities"]) == ([], [])
    ann.decide(keep(audits[0], blind=True))
    after = ann.get(f"/api/sample/{blind}?round=1").json()
    assert after["blind"] is False
    assert after["alpha"] is not None
    assert len(after["probabilities"]) == 7


def test_tiles_come_in_the_order_asked(ann: Visitor) -> None:
    samples = [tile["sample"] for tile in ann.page(limit=4).tiles][::-1]
    answer = ann.post("/api/tiles", {"round": 1, "samples": samples})
    assert answer.status_code == 200
    length = int.from_bytes(answer.content[:4], "big")
    assert [tile["sample"] for tile in json.loads(answer.content[4 : 4 + length])["items"]] == samples


def test_a_round_that_is_not_there(ann: Visitor, empty: Workspace, use_workspace: Use) -> None:
    for path, body in (
        ("/api/page", {"round": 9, "filter": {}, "limit": 5}),
        ("/api/tiles", {"round": 9, "samples": []}),
    ):
        answer = ann.post(path, body)
        assert (answer.status_code, answer.json()["code"]) == (404, "no_round")
        assert "found round 9; allowed: 1 to 1" in answer.json()["error"]
    assert ann.get("/api/history?round=9").json()["code"] == "no_round"
    assert ann.get("/api/sample/1?round=9").json()["code"] == "no_round"
    nobody = Visitor(use_workspace(empty)).sign_in("ann")
    assert "none yet; train first" in nobody.post("/api/page", {"round": 1, "limit": 1}).json()["error"]
    assert nobody.get("/health").json()["round"] is None


# Decisions


def test_what_is_acknowledged_is_stored(ann: Visitor, workspace: Workspace) -> None:
    tiles = ann.page(limit=3).tiles
    shown = {"alpha": 0.3, "place": [0, 1]}
    sent = [
        keep(tiles[0], ms=850, shown=shown),
        keep(tiles[1], action="relabel", label=3),
        keep(tiles[2], action="unsure", label=None),
    ]
    answer = ann.decide(*sent)
    assert answer.status_code == 200
    assert answer.json()["saved"] == [decision["id"] for decision in sent]
    assert answer.json()["refused"] == []
    assert set(answer.json()["pace"]) == {"today", "total", "per_minute", "left", "seconds_left"}
    assert (answer.json()["pace"]["today"], answer.json()["pace"]["total"]) == (3, 3)
    assert answer.json()["pace"]["left"] == open_faces(workspace)
    stored = rows(
        workspace,
        "SELECT d.id, p.name, d.action, d.label, d.milliseconds, d.shown FROM decision d JOIN person p "
        "ON p.id = d.person_id ORDER BY d.seq",
    )
    assert [row[:4] for row in stored] == [(d["id"], "ann", d["action"], d["label"]) for d in sent]
    assert stored[0][4] == 850
    assert json.loads(stored[0][5]) == shown


def test_pace_is_that_of_the_round_of_what_was_saved(ann: Visitor) -> None:
    one, two = ann.page(limit=2).tiles
    elsewhere = keep(two, round=7)
    answer = ann.decide(keep(one), elsewhere).json()
    assert (len(answer["refused"]), answer["pace"]["total"], answer["pace"]["today"]) == (1, 1, 1)
    assert answer["pace"]["left"] > 0
    assert ann.decide(elsewhere).json()["pace"] is None


def test_sending_again_changes_nothing(ann: Visitor, workspace: Workspace) -> None:
    sent = keep(ann.page(limit=1).tiles[0])
    first = ann.decide(sent).json()
    again = ann.decide(sent).json()
    assert first == again
    assert rows(workspace, "SELECT count(*) FROM decision") == [(1,)]


def test_what_fits_is_stored_beside_what_does_not(ann: Visitor, workspace: Workspace) -> None:
    tiles = ann.page(limit=2).tiles
    wrong = keep(tiles[0], label=(tiles[0]["given"] + 1) % 7)
    right = keep(tiles[1])
    answer = ann.decide(wrong, right).json()
    assert answer["saved"] == [right["id"]]
    assert answer["pace"]["total"] == 1
    assert [refusal["id"] for refusal in answer["refused"]] == [wrong["id"]]
    assert "allowed" in answer["refused"][0]["error"]
    assert rows(workspace, "SELECT id FROM decision") == [(right["id"],)]


def bulk_of(*tiles: dict[str, Any], **changes: Any) -> list[dict[str, Any]]:
    together = str(uuid.uuid4())
    return [keep(tile, bulk=together, before=tile["decision"], **changes) for tile in tiles]


@pytest.mark.parametrize("action", ["keep", "relabel", "unsure", "exclude"])
def test_no_bulk_answer_settles_an_audit_face(ann: Visitor, workspace: Workspace, action: str) -> None:
    tiles = ann.page(limit=200).tiles
    audit = [tile for tile in tiles if tile["kind"] == "audit"]
    other = next(tile for tile in tiles if tile["kind"] != "audit")
    assert audit
    label = {"keep": audit[0]["given"], "relabel": 0}.get(action)
    sent = bulk_of(audit[0], action=action, label=label) + bulk_of(other)
    answer = ann.decide(*sent).json()
    assert answer["saved"] == [sent[1]["id"]]
    assert [(refusal["id"], refusal["code"]) for refusal in answer["refused"]] == [(sent[0]["id"], "audit")]
    sql = "SELECT count(*) FROM queue_item WHERE kind = 'audit' AND action IS NOT NULL"
    assert rows(workspace, sql) == [(0,)]
    assert ann.decide(keep(audit[0])).json()["refused"] == []
    (again,) = ann.decide(*bulk_of(audit[0], action="unsure", label=None)).json()["refused"]  # nor changes its answer
    assert again["code"] == "audit"


def test_a_bulk_answer_leaves_what_was_answered_since_the_page_came(ann: Visitor, workspace: Workspace) -> None:
    tiles = [tile for tile in ann.page(limit=60).tiles if not tile["blind"]][:6]
    single = [keep(tiles[0], action="unsure", label=None), keep(tiles[1], action="relabel", label=5)]
    undone = keep(tiles[2], action="exclude", label=None)
    ann.decide(*single, undone, keep(tiles[2], action="undo", label=None, undoes=undone["id"]))
    sent = bulk_of(*tiles)
    answer = ann.decide(*sent).json()
    assert answer["saved"] == [decision["id"] for decision in sent[2:]]
    assert [(refusal["id"], refusal["code"]) for refusal in answer["refused"]] == [
        (sent[0]["id"], "answered"), (sent[1]["id"], "answered")
    ]  # fmt: skip
    assert ann.decide(*sent).json()["saved"] == answer["saved"]  # sent again by another tab: as it was
    live = "SELECT action FROM live_decision WHERE sample_id = ? ORDER BY seq"
    assert [rows(workspace, live, tile["sample"]) for tile in tiles[:2]] == [[("unsure",)], [("relabel",)]]
    # Who sees the answer may replace it, in bulk too; so may a single answer from any page.
    changed = [keep(tiles[0], bulk=str(uuid.uuid4()), before=single[0]["id"]), keep(tiles[1])]
    assert ann.decide(*changed).json()["refused"] == []


def test_a_bulk_answer_leaves_what_somebody_else_answered_since(ann: Visitor, bob: Visitor) -> None:
    tile = next(tile for tile in ann.page(limit=10).tiles if not tile["blind"])
    bob.decide(keep(tile, action="exclude", label=None))
    (refusal,) = ann.decide(*bulk_of(tile)).json()["refused"]
    assert refusal["code"] == "answered"
    assert ann.decide(keep(tile)).json()["refused"] == []  # one by one, a late answer counts


def test_a_lease_that_nobody_took_is_taken_up_again(ann: Visitor, bob: Visitor, workspace: Workspace) -> None:
    items = [tile["item"] for tile in ann.page(limit=4).tiles]
    samples = [tile["sample"] for tile in ann.page(limit=4).tiles]
    ann.post("/api/lease", {"renew": [], "release": items})  # as another browser of hers does when it goes
    assert bob.page(limit=1).tiles[0]["item"] == items[0]
    ann.decide({"id": str(uuid.uuid4()), "round": 1, "sample": samples[1], "action": "unsure", "label": None})
    ann.decide({"id": str(uuid.uuid4()), "round": 1, "sample": samples[2], "action": "skip", "label": None})
    assert ann.post("/api/lease", {"renew": items}).json()["held"] == items[3:]
    assert items[3] not in [tile["item"] for tile in bob.page(limit=200).tiles]


def test_every_answer_of_the_server_says_which_rounds_take_answers(ann: Visitor) -> None:
    tile = ann.page(limit=1).tiles[0]
    assert ann.page().header["in_review"] == [1]
    assert ann.decide(keep(tile)).json()["in_review"] == [1]
    database.call_write(close_round, 1)
    assert ann.post("/api/lease", {}).json()["in_review"] == []
    late = ann.decide(keep(tile)).json()
    assert (late["in_review"], [refusal["code"] for refusal in late["refused"]]) == ([], ["closed"])
    assert [refusal["code"] for refusal in ann.decide(keep(tile, round=9)).json()["refused"]] == ["no_round"]
    both = ann.post("/api/page", {"round": 1, "limit": 1, "filter": {"unproposed": True, "proposed": 1}})
    assert (both.status_code, both.json()["at"]) == (400, "filter.unproposed")


def test_undo_and_redo_as_units(ann: Visitor) -> None:
    tiles = [tile for tile in ann.page(limit=20).tiles if not tile["blind"]][:3]
    bulk = str(uuid.uuid4())
    alone, *together = keep(tiles[0]), keep(tiles[1], bulk=bulk), keep(tiles[2], bulk=bulk)
    ann.decide(alone)
    ann.decide(*together)
    units = ann.get("/api/history?round=1").json()
    assert [[d["id"] for d in unit["decisions"]] for unit in units["undo"]] == [
        [together[1]["id"], together[0]["id"]], [alone["id"]]
    ]  # fmt: skip
    assert [unit["bulk"] for unit in units["undo"]] == [bulk, None]
    assert units["redo"] == []
    undos = [keep(tile, action="undo", label=None, undoes=d["id"]) for tile, d in zip(tiles[1:], together, strict=True)]
    assert ann.decide(*undos).json()["saved"] == [undo["id"] for undo in undos]
    units = ann.get("/api/history?round=1").json()
    assert len(units["undo"]) == 1
    (redo,) = units["redo"]
    assert set(redo["redo_of"]) == {undo["id"] for undo in undos}


def test_a_note_is_kept_as_it_is(ann: Visitor) -> None:
    tile = ann.page(limit=1).tiles[0]
    text = "<b>not</b> a face?\n\"quoted\" & 'so' 漢 🙂"
    assert ann.decide(keep(tile, action="note", label=None, text=text)).json()["refused"] == []
    answer = ann.post("/api/tiles", {"round": 1, "samples": [tile["sample"]]})
    length = int.from_bytes(answer.content[:4], "big")
    (noted,) = json.loads(answer.content[4 : 4 + length])["items"]
    if not noted["blind"]:
        assert (noted["note"], noted["noteBy"]) == (text, "ann")
    past = ann.get(f"/api/sample/{tile['sample']}?round=1").json()["history"]
    assert [(row["action"], row["text"], row["by"], row["live"]) for row in past] == [("note", text, "ann", True)]


def test_an_answer_after_the_close_is_refused_by_name(ann: Visitor) -> None:
    tile = ann.page(limit=1).tiles[0]
    database.call_write(close_round, 1)
    answer = ann.decide(keep(tile))
    assert answer.status_code == 200
    assert answer.json()["saved"] == []
    assert "closed" in answer.json()["refused"][0]["error"]


def test_an_answer_of_a_closed_round_is_not_taken_back_in_the_next(ann: Visitor, workspace: Workspace) -> None:
    tile = next(tile for tile in ann.page(limit=60).tiles if tile["kind"] == "proposal")
    said = keep(tile)
    assert ann.decide(said).json()["refused"] == []
    add_round(workspace)
    database.call_write(close_round, 1)
    before = database.call(decided_counts, 1), database.call(timed_work, 1)
    undo = keep(tile, round=2, action="undo", label=None, undoes=said["id"])
    answer = ann.decide(undo)
    assert (answer.status_code, answer.json()["saved"]) == (200, [])
    (refused,) = answer.json()["refused"]
    assert refused["id"] == undo["id"]
    assert (
        "found an undo in round 2 of a decision of round 1, which is in state closed; allowed: a decision of round 2"
        in (refused["error"])
    )
    assert (database.call(decided_counts, 1), database.call(timed_work, 1)) == before


# Samples and pictures


def test_everything_about_a_sample(ann: Visitor) -> None:
    tile = next(tile for tile in ann.page(limit=60).tiles if tile["kind"] == "proposal")
    ann.decide(keep(tile))
    about = ann.get(f"/api/sample/{tile['sample']}?round=1").json()
    assert about["action"] == "keep"
    assert sum(about["probabilities"]) == pytest.approx(1, abs=0.01)
    assert len(about["dynamics"]["alpha"]) == len(about["dynamics"]["margin"]) == 8
    assert about["neighbours"] is None or set(about["neighbours"]) == {"given", "other", "otherLabel"}
    (row,) = about["history"]
    assert (row["by"], row["action"], row["label"], row["round"], row["live"]) == (
        "ann",
        "keep",
        tile["given"],
        1,
        True,
    )
    assert "thumb" not in about


def test_a_sample_the_round_does_not_ask_about(ann: Visitor, workspace: Workspace) -> None:
    ((val,),) = rows(workspace, "SELECT id FROM sample WHERE split = 'val' ORDER BY id LIMIT 1")
    ((calm,),) = rows(
        workspace,
        "SELECT sample_id FROM score WHERE sample_id NOT IN (SELECT sample_id FROM queue_item) LIMIT 1",
    )
    asked = ann.page(limit=1).tiles[0]
    for sample, known in ((val, False), (calm, True)):
        about = ann.get(f"/api/sample/{sample}?round=1").json()
        assert set(asked) - {"thumb", "missing"} <= set(about)
        assert (about["sample"], about["item"], about["blind"]) == (sample, None, False)
        assert (about["alpha"] is not None) == known


def test_votes_and_opinions_are_told_but_of_an_audit_face_before_its_answer(ann: Visitor, workspace: Workspace) -> None:
    tiles = ann.page(limit=200).tiles
    audit, other = (next(tile["sample"] for tile in tiles if (tile["kind"] == "audit") == is_so) for is_so in (1, 0))
    with workspace.database() as db, transaction(db):
        for face in (audit, other):
            given = [(face, 0, "", 1), (face, 3, "", 7), (face, None, "<NF>", 2)]
            db.conn.executemany("INSERT INTO vote VALUES (?, '', ?, ?, ?)", given)
        shares = np.full((2, 7), 0.1, np.float32) + np.eye(7, dtype=np.float32)[[2, 2]] * np.float32(0.3)
        insert_opinions(db, add_source(db, "theirs", "csv", {}), np.array([audit, other]), shares, None)
    names = workspace.settings().classes
    votes = [(3, names[3], 7), (None, "<NF>", 2), (0, names[0], 1)]
    hidden, shown = (ann.get(f"/api/sample/{face}?round=1").json() for face in (audit, other))
    assert hidden["votes"] == hidden["opinions"] == []
    assert [(each["source"], each["label"]) for each in shown["opinions"]] == [("theirs", 2)]
    assert shown["opinions"][0]["probabilities"] == pytest.approx([0.1, 0.1, 0.4, 0.1, 0.1, 0.1, 0.1], abs=1e-3)
    found = shown["votes"]
    assert found == [{"label": label, "answer": answer, "votes": n} for label, answer, n in votes]


def test_pictures_are_webp_and_for_the_session_alone(ann: Visitor) -> None:
    for path, size in (("/face/3", None), ("/thumb/3", (128, 128))):
        answer = ann.get(path)
        assert answer.headers["content-type"] == "image/webp"
        assert answer.headers["cache-control"] == "private, no-store"
        picture = Image.open(io.BytesIO(answer.content))
        assert picture.format == "WEBP"
        assert size is None or picture.size == size
        stranger = Visitor(ann.settings).get(path)
        assert (stranger.status_code, stranger.headers["cache-control"]) == (401, "no-store")
        missing = ann.get(path.replace("3", "100000"))
        assert (missing.status_code, missing.json()["code"]) == (404, "not_found")


def test_a_missing_picture_is_told(in_review: Workspace, use_workspace: Use, tmp_path: Any) -> None:
    workspace = copy_workspace(in_review, tmp_path / "own", images=False)
    root = tmp_path / "faces"
    shutil.copytree(in_review.settings().root, root)
    text = workspace.settings_file.read_text(encoding="utf-8")
    workspace.settings_file.write_text(text.replace(in_review.settings().root, str(root)), encoding="utf-8")
    ann = Visitor(use_workspace(workspace)).sign_in("ann")
    ((sample, path),) = rows(
        workspace, "SELECT sample_id, path FROM queue_item JOIN sample s ON s.id = sample_id LIMIT 1"
    )
    (root / path).unlink()
    for address in (f"/face/{sample}", f"/thumb/{sample}"):
        answer = ann.get(address)
        assert (answer.status_code, answer.json()["code"]) == (404, "no_picture")
        assert "no such picture" in answer.json()["error"]
    page = ann.page(limit=200)
    tile = next(tile for tile in page.tiles if tile["sample"] == sample)
    assert (tile["thumb"], tile["missing"]) == (None, "no such picture")
    answers = [keep(tile), keep(tile, action="unsure", label=None), keep(tile, action="skip", label=None)]
    answers.append(keep(tile, action="exclude", label=None))
    answer = ann.decide(*answers).json()
    assert [refusal["code"] for refusal in answer["refused"]] == ["unseen", "unseen"]
    assert "whose picture cannot be seen: no such picture; allowed: exclude, skip" in answer["refused"][0]["error"]
    assert answer["saved"] == [answers[2]["id"], answers[3]["id"]]
    others = [tile for tile in page.tiles if tile["thumb"] is not None]
    assert all(page.thumb(tile).startswith(b"RIFF") for tile in others)


# The grid's own files, health, trouble


def test_the_grids_files_are_kept_for_good_under_their_version(ann: Visitor) -> None:
    stranger = Visitor(ann.settings)
    answer = stranger.get(grid_files.modules_path() + "main.js")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert "immutable" in answer.headers["cache-control"]
    assert answer.content == (grid_files.FOLDER / "main.js").read_bytes()
    for path in (
        "/grid/0000000000000000/main.js",
        grid_files.modules_path() + "__init__.py",
        grid_files.modules_path() + "x.js",
    ):
        assert stranger.get(path).status_code == 404


def test_the_token_says_whose_it_is(ann: Visitor, bob: Visitor, workspace: Workspace) -> None:
    ids = dict(rows(workspace, "SELECT name, id FROM person"))
    assert [visitor.get("/api/token").json()["person"] for visitor in (ann, bob)] == [ids["ann"], ids["bob"]]


def test_health_tells_little(ann: Visitor) -> None:
    stranger = Visitor(ann.settings)
    assert stranger.get("/health").json() == {"ok": True, "workspace": ann.settings.workspace_id, "round": 1}


def test_while_another_program_writes_all_is_answered_and_worth_another_try(
    workspace: Workspace, use_workspace: Use, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "LIMITS", Limits(lock_s=0.05))
    ann = Visitor(use_workspace(workspace)).sign_in("ann")
    tile = ann.page(limit=1).tiles[0]
    stranger = Visitor(ann.settings)
    with AnotherWriter(workspace):
        for answer in (
            ann.decide(keep(tile)),
            ann.post("/api/page", {"round": 1, "filter": {}, "limit": 5}),
            ann.post("/api/lease", {"renew": [tile["item"]], "release": []}),
        ):
            assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "busy", "1")
        shown = stranger.log_in(name="bob")
        assert shown.status_code == 503
        assert "Another program is writing to the database; try again." in shown.text
        assert ann.post("/api/page", {"round": 1, "filter": {"state": "all"}, "limit": 5}).status_code == 200
        assert ann.get("/health").status_code == 200
    assert ann.decide(keep(tile)).json()["refused"] == []
    assert ann.page(limit=5).tiles
    assert stranger.log_in(name="bob").status_code == 303


def test_a_full_disk_is_told(ann: Visitor) -> None:
    tile = ann.page(limit=1).tiles[0]

    def fill(db: Any) -> None:
        (pages,) = db.execute("PRAGMA page_count").fetchone()
        db.execute(f"PRAGMA max_page_count = {pages}")

    database.call_write(fill)
    texts = [keep(tile, action="note", label=None, text="x" * 2000) for _ in range(100)]
    answer = ann.decide(*texts)
    assert (answer.status_code, answer.json()["code"]) == (507, "disk_full")
    assert ann.get("/api/history?round=1").json()["undo"] == []


def test_no_answer_goes_into_a_database_that_was_moved_away(ann: Visitor, workspace: Workspace) -> None:
    sent = keep(ann.page(limit=1).tiles[0])
    asyncio.run(database.open_all())
    file, aside = workspace.database_file, workspace.path / "aside.db"
    file.rename(aside)
    refused = ann.decide(sent)
    assert (refused.status_code, refused.json()["code"]) == (503, "not_ready")
    aside.rename(file)
    assert ann.decide(sent).json()["saved"] == [sent["id"]]


def test_details_of_a_face_that_is_an_open_audit_face_of_another_round_tell_nothing_in_this_one(
    ann: Visitor, workspace: Workspace
) -> None:
    add_opinions(workspace)
    add_round(workspace, proposals=0, low=0, audit=12, seed=5)
    (audits,) = zip(
        *rows(workspace, "SELECT sample_id FROM queue_item WHERE round_id = 2 AND kind = 'audit'"), strict=True
    )
    queued = {face for (face,) in rows(workspace, "SELECT sample_id FROM queue_item WHERE round_id = 1")}
    assert {face in queued for face in audits} == {True, False}
    for face in audits:
        detail = ann.get(f"/api/sample/{face}?round=1").json()
        assert detail["blind"] is True
        assert [detail[name] for name in ("proposed", "suspicion", "margin", "original")] == [None] * 4
        assert [detail[name] for name in ("probabilities", "opinions", "bars", "votes")] == [[]] * 4
        assert detail["kind"] in ("audit", None)
