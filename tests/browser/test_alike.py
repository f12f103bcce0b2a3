"""More like this: G and Shift-G, what is answered there, and the way back."""

from __future__ import annotations

import os

import numpy as np
from playwright.sync_api import expect

from scn_core.rounds.features import FEATURES_FILE, forget_features, open_features
from tests.browser.desk import Desk, Question
from tests.browser.server import Served
from tests.browser.test_accessibility import findings, turn_dark


def pair(question: Question) -> tuple[int, int | None]:
    return question.given, question.proposed


def look_alike(desk: Desk, key: str) -> tuple[list[int], list[int]]:
    """Samples before and after the key, once the page of faces like the current one is there."""
    before, current = desk.samples(), desk.current().sample
    desk.press(key)
    desk.until(lambda: desk.samples() != before and desk.samples()[0] == current, "faces like it")
    desk.ready()
    return before, desk.samples()


def test_faces_of_the_same_pair_are_answered_at_once(desk: Desk) -> None:
    desk.ready()
    first = desk.proposed()[0]
    asked = desk.question(first)
    desk.go_to(first)
    before, (_, *others) = look_alike(desk, "Shift+G")
    assert others
    assert {pair(desk.question(sample)) for sample in others} == {pair(asked)}
    expect(desk.message).to_contain_text("like it, most alike first")
    desk.go_to(others[1]).press("x", "Shift+A")  # an exception, then the rest
    desk.saved()
    rows = desk.stored(len(others) + 1)
    assert [(row.sample, row.action) for row in rows[:1]] == [(others[1], "keep")]
    assert {(row.action, row.label) for row in rows[1:]} == {("accept", asked.proposed)}
    assert len({row.bulk for row in rows[1:]}) == 1
    assert {row.sample for row in rows[1:]} == {first, *others} - {others[1]}
    desk.press("z")
    desk.saved()
    assert [row.action for row in desk.decisions() if row.live] == ["keep"]
    desk.press("PageDown")
    desk.until(lambda: desk.samples() == before, "the page that was left")


def test_more_like_this_from_the_zoom(desk: Desk, shared: Served) -> None:
    page = desk.ready().page
    sample = desk.current().sample
    desk.press("Enter")
    zoom = page.get_by_role("dialog", name="one face")
    with page.expect_popup() as opened:
        zoom.get_by_title("open face").first.click()
    opened.value.wait_for_url("**/samples?sample=*", wait_until="commit")
    opened.value.close()
    desk.press("g")
    expect(zoom).to_be_hidden()
    desk.until(lambda: len(desk.samples()) > 1 and desk.samples()[0] == sample, "faces like it")
    desk.ready()
    features = open_features(shared.workspace, 1)
    assert features is not None
    rows = np.searchsorted(features.sample_id, desk.samples())
    cosines = features.values[rows].astype("f4") @ features.values[rows[0]].astype("f4")
    assert (cosines[1:] <= cosines[0] + 1e-3).all()
    assert (cosines[2:] <= cosines[1:-1] + 1e-3).all()
    desk.press("g")  # again: only its pair
    expect(desk.message).to_contain_text("answer the exceptions")
    assert {pair(desk.question(each)) for each in desk.samples()} == {pair(desk.question(sample))}
    for dark in (False, True):
        turn_dark(page, dark)
        page.wait_for_timeout(300)
        assert findings(page, colours_only=dark) == []


def test_back_of_the_browser_leaves_faces_like_one_and_the_page_says_so(desk: Desk) -> None:
    page = desk.ready().page
    address, (before, alike) = page.url, look_alike(desk, "g")
    way = page.get_by_role("group", name="faces that look alike")
    expect(way).to_be_visible()
    desk.press("Shift+G")
    expect(desk.message).to_contain_text("answer the exceptions")
    page.go_back()
    page.wait_for_function("history.state?.scnAlike?.length === 1")
    desk.until(lambda: desk.samples() == alike, "all that look like it")
    page.go_back()
    desk.until(lambda: desk.samples() == before, "the page that was left")
    expect(way).to_be_hidden()
    look_alike(desk, "g")
    desk.press("g")
    expect(desk.message).to_contain_text("answer the exceptions")
    way.get_by_role("button", name="back to the queue").click()
    desk.until(lambda: desk.samples() == before, "the page that was left")
    page.wait_for_function("!history.state?.scnAlike?.length")  # what was left in another way leaves no step behind
    assert page.url == address
    look_alike(desk, "g")
    desk.press("g")
    expect(desk.message).to_contain_text("answer the exceptions")
    desk.press("PageDown")
    desk.until(lambda: desk.samples() == before, "the page that was left")


def test_a_face_without_features_says_why_there_is_nothing_like_it(desk: Desk, shared: Served) -> None:
    folder, before = shared.workspace.round_folder(1), desk.ready().samples()
    kept = folder / "kept.npy"
    os.link(folder / FEATURES_FILE, kept)
    try:
        forget_features(folder, [desk.current().sample])
        desk.press("g")
        expect(desk.message).to_contain_text("no faces like this one: this face has no features")
        assert desk.samples() == before
    finally:  # others meet the same face
        kept.replace(folder / FEATURES_FILE)
