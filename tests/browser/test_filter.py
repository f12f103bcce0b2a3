"""The filter lives in the address bar: links, controls, reloads and the back button all show the same faces."""

from __future__ import annotations

from itertools import pairwise
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page, expect

from tests.browser.desk import Desk, choose, focused

ASKED = "SELECT sample_id FROM queue_item WHERE action IS NULL AND "


def asked(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def faces(desk: Desk, where: str) -> set[int]:
    return {int(row[0]) for row in desk.served.rows(ASKED + where)}  # type: ignore[call-overload]


def go(desk: Desk, query: str) -> Desk:
    desk.page.goto(f"{desk.served.url}/?{query}")
    return desk.ready()


def test_a_link_shows_its_faces(desk: Desk) -> None:
    for query, where in (
        ("given=sad&proposed=happy", "given_label = 3 AND proposed_label = 1"),
        ("class=fear", "6 IN (given_label, proposed_label)"),
        ("proposed=none", "proposed_label IS NULL"),
        ("alpha=0.20-0.30", "alpha BETWEEN 0.2 AND 0.3"),
        ("doubt=ambiguous", "doubt = 2"),
    ):
        shown = go(desk, query).samples()
        assert shown, query
        assert set(shown) <= faces(desk, where), query


def test_orders(desk: Desk) -> None:
    for query, column, falling in (
        ("", "priority", True),
        ("order=alpha", "alpha", False),
        ("order=margin", "margin", True),
    ):
        shown = go(desk, query).samples()
        values = {
            row[0]: row[1] for row in desk.served.rows(f"SELECT sample_id, {column} FROM queue_item WHERE listed = 1")
        }
        found = [float(values[sample]) for sample in shown]  # type: ignore[arg-type]
        assert found == sorted(found, reverse=falling), query


def test_groups_put_pairs_side_by_side(desk: Desk) -> None:
    shown = [desk.question(sample) for sample in go(desk, "group=pair").samples()]
    pairs = [(question.given, question.proposed) for question in shown]
    assert len(set(pairs)) == 1 + sum(a != b for a, b in pairwise(pairs))


def test_controls_write_the_address_and_reload_and_back_keep_to_it(desk: Desk) -> None:
    page = desk.page
    desk.press("u")
    desk.stored(1)
    first = desk.samples()
    choose(page, "State", "Answered")
    page.wait_for_url("**state=answered**")
    desk.until(lambda: desk.samples() not in ([], first), "answered faces")
    desk.until(lambda: focused(page) == "tile", "the keyboard to come back")
    choose(page, "Order", "Newest answer")
    page.wait_for_url("**order=newest**")
    assert asked(page) == {"state": ["answered"], "order": ["newest"]}
    desk.until(lambda: desk.samples()[:1] == first[:1], "the newest answer first")
    page.reload()
    desk.ready()
    assert desk.samples()[0] == first[0]
    choose(page, "State", "To review")
    desk.until(lambda: "state" not in asked(page), "an address without a state")
    page.go_back()
    desk.until(lambda: asked(page).get("state") == ["answered"], "the address before")
    desk.until(lambda: desk.samples()[:1] == first[:1], "the faces before")
    desk.until(lambda: focused(page) == "tile", "the keyboard to come back")


def test_what_back_and_a_chip_end_does_not_return_by_itself(desk: Desk) -> None:
    page = desk.page
    folded = page.get_by_test_id("stPopoverBody")
    chip = page.get_by_role("button", name="grouped by pair")
    for end, words, order in ((page.go_back, "Widest margin", ["margin"]), (chip.click, "Lowest alpha", ["alpha"])):
        page.get_by_test_id("stPopoverButton").click()
        folded.get_by_text("Group by given → proposed").click()
        page.wait_for_url("**group=pair**")
        page.keyboard.press("Escape")
        expect(folded).to_be_hidden()
        end()
        desk.until(lambda: "group" not in asked(page), "an address without groups")
        expect(chip).to_be_hidden()
        choose(page, "Order", words)  # sends all controls again, as a timer does
        page.wait_for_url(f"**order={order[0]}**")
        assert asked(page) == {"order": order}
        expect(chip).to_be_hidden()


def test_keys_come_back_from_the_filters_and_mean_the_grid_where_they_mean_nothing(desk: Desk) -> None:
    page = desk.page
    folded = page.get_by_test_id("stPopoverBody")
    page.get_by_test_id("stPopoverButton").click()
    expect(folded.get_by_text("Group by given → proposed")).to_be_in_viewport(ratio=1)
    expect(folded.get_by_role("button", name="Clear filters")).to_be_in_viewport(ratio=1)
    desk.press("a", "x")  # about faces behind it
    choose(page, "Doubt", "ambiguous")
    page.wait_for_url("**doubt=ambiguous**")
    wanted = faces(desk, "doubt = 2")
    desk.until(lambda: desk.samples() and set(desk.samples()) <= wanted, "ambiguous faces")
    expect(folded).to_be_visible()  # for another filter
    desk.press("Escape")
    expect(folded).to_be_hidden()
    desk.until(lambda: focused(page) == "tile", "the keyboard to come back")
    page.get_by_role("link", name="Sign out").focus()
    desk.press("f")
    expect(desk.message).to_contain_text("flagged")
    assert focused(page) == "tile"
    desk.press("f")
    order = page.get_by_role("combobox", name="Order")
    order.focus()
    desk.press("x", "Escape")
    desk.until(lambda: focused(page) == "tile", "the keyboard to come back from a drop-down left with Esc")
    order.click()
    page.get_by_role("option", selected=True).click()
    desk.until(lambda: focused(page) == "tile", "the keyboard to come back from a choice that changes nothing")
    desk.press("u")
    assert [row.action for row in desk.stored(3)] == ["flag", "undo", "unsure"]


def test_an_address_that_cannot_be_says_so_and_shows_faces(desk: Desk) -> None:
    page = desk.page
    go(desk, "order=<b>up</b>&alpha=7&state=maybe&class=joy")
    for word in ("order=<b>up</b>", "alpha=7", "state=maybe", "class=joy"):
        expect(page.get_by_text(word)).to_be_visible()
    assert desk.samples()


def test_flagged_faces_and_ones_reviewer(desk: Desk) -> None:
    flagged, answered = desk.samples()[:2]
    desk.press("f")
    desk.go_to(answered).press("e")
    desk.stored(2)
    go(desk, "flag=1&state=all")
    assert flagged in desk.samples()
    go(desk, f"state=answered&reviewer={desk.person}")
    assert desk.samples() == [answered]
    go(desk, "state=exclude&order=newest")
    assert desk.samples()[0] == answered
