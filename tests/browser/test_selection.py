"""Many faces at once: by Shift and arrows, by Shift and Ctrl with clicks, by drawing a rectangle."""

from __future__ import annotations

from playwright.sync_api import Locator, expect

from tests.browser.desk import Desk


def selected(desk: Desk) -> list[int]:
    return [tile.sample for tile in desk.tiles() if tile.selected]


def node(desk: Desk, sample: int) -> Locator:
    return desk.page.locator(f".app .grid .tile[data-sample='{sample}']")


def test_shift_and_arrows_extend_and_escape_clears(desk: Desk) -> None:
    samples = desk.samples()
    desk.press("Home", "ArrowRight", "Shift+ArrowRight", "Shift+ArrowRight")
    assert selected(desk) == samples[1:4]
    desk.press("Shift+ArrowLeft")
    assert selected(desk) == samples[1:3]
    desk.press("Shift+End")
    assert selected(desk) == samples[1:]
    desk.press("Escape")
    assert selected(desk) == []
    assert desk.current().sample == samples[-1]
    desk.press("u", "Control+a")
    assert selected(desk) == samples[:-1]


def test_clicks_with_shift_and_ctrl(desk: Desk) -> None:
    samples = desk.samples()
    desk.go_to(samples[1])
    assert selected(desk) == []
    node(desk, samples[4]).click(modifiers=["Shift"])
    assert selected(desk) == samples[1:5]
    node(desk, samples[2]).click(modifiers=["Control"])
    node(desk, samples[6]).click(modifiers=["Control"])
    assert selected(desk) == [samples[1], samples[3], samples[4], samples[6]]
    desk.go_to(samples[0])
    assert selected(desk) == []


def test_a_rectangle_drawn_with_the_mouse(desk: Desk) -> None:
    samples = desk.samples()
    first, last = node(desk, samples[0]).bounding_box(), node(desk, samples[2]).bounding_box()
    assert first is not None
    assert last is not None
    mouse = desk.page.mouse
    mouse.move(first["x"] + 20, first["y"] + 20)
    mouse.down()
    mouse.move(last["x"] + 30, last["y"] + 40, steps=5)
    mouse.up()
    desk.until(lambda: selected(desk) == samples[:3], "three faces in the rectangle")
    desk.press("u")
    rows = desk.stored(3)
    assert {row.sample for row in rows} == set(samples[:3])
    assert len({row.bulk for row in rows}) == 1
    assert rows[0].bulk is not None


def test_a_selection_is_answered_as_one_and_taken_back_as_one(desk: Desk) -> None:
    chosen = desk.proposed()[:4]
    for sample in chosen:
        node(desk, sample).click(modifiers=["Control"])
    assert selected(desk) == chosen
    desk.press("Shift+A")
    assert {desk.tile(sample).state for sample in chosen} == {"accept"}
    rows = desk.stored(4)
    assert {(row.sample, row.label) for row in rows} == {(s, desk.question(s).proposed) for s in chosen}
    assert len({row.bulk for row in rows} - {None}) == 1
    desk.press("z")
    assert {desk.tile(sample).state for sample in chosen} == {"open"}
    assert selected(desk) == chosen
    expect(desk.message).to_contain_text("undone: 4")
    expect(desk.message).to_contain_text("4 selected")
    undone = desk.stored(8)[4:]
    assert {row.undoes for row in undone} == {row.id for row in rows}
    assert not any(row.live for row in desk.decisions())
    desk.press("Shift+Z")
    desk.stored(12)
    assert sum(row.live for row in desk.decisions()) == 4
    assert selected(desk) == []
    assert {desk.tile(sample).state for sample in chosen} == {"accept"}
    for number, keys in enumerate((["h", "Escape"], ["ArrowRight"], ["Space"], ["f", "f"])):
        desk.press("z")
        assert selected(desk) == chosen
        desk.press(*keys)
        assert selected(desk) == [], f"{keys} let the selection go that the undo brought back"
        if number < 3:
            desk.press("Shift+Z")
    desk.press("u")
    desk.saved()
    assert len([row for row in desk.decisions() if row.action == "unsure"]) == 1


def test_accepting_the_rest_of_the_page_leaves_what_has_no_proposal(desk: Desk) -> None:
    page = desk.page
    page.goto(f"{desk.served.url}/?order=alpha")
    desk.ready()
    first, *rest = desk.samples()
    proposed = [sample for sample in desk.proposed() if sample != first]
    assert 0 < len(proposed) < len(rest), "the page should hold both kinds"
    desk.press("x", "Shift+A")
    assert desk.tile(first).state == "keep"
    assert [sample for sample in rest if desk.tile(sample).state == "accept"] == proposed
    assert {desk.tile(sample).state for sample in set(rest) - set(proposed)} == {"open"}
    desk.stored(1 + len(proposed))
    desk.press("Shift+X")
    assert "open" not in {tile.state for tile in desk.tiles()}
    rows = desk.stored(1 + len(rest))
    assert len({row.bulk for row in rows}) == 3  # none, the accepted, the kept
    desk.press("z", "z")
    rows = desk.stored(1 + 2 * len(rest))
    assert [row.sample for row in rows if row.live] == [first]


def test_selecting_moves_no_button(desk: Desk) -> None:
    """The words of two buttons change with the selection; at some widths that made a row of buttons more, or less."""
    bar = desk.page.locator(".app .toolbar")
    for width in range(1000, 1300, 15):
        desk.page.set_viewport_size({"width": width, "height": 800})
        heights = []
        for keys in (["Escape"], ["Home", "Shift+ArrowRight"], ["Shift+End"], ["Escape"]):
            desk.press(*keys)
            heights.append(bar.evaluate("bar => bar.offsetHeight"))
        assert len(set(heights)) == 1, f"at {width} px: {heights}"
    desk.page.set_viewport_size({"width": 1280, "height": 800})


def test_keeping_the_rest_by_buttons(desk: Desk) -> None:
    samples = desk.samples()
    desk.page.get_by_role("button", name="keep rest").click()
    rows = desk.stored(len(samples))
    assert {row.action for row in rows} == {"keep"}
    assert all(row.label == desk.question(row.sample).given for row in rows)
    desk.page.get_by_role("button", name="undo").click()
    desk.stored(2 * len(samples))
    assert not any(row.live for row in desk.decisions())


def test_no_key_reaches_a_face_outside_of_the_window(desk: Desk) -> None:
    before = desk.samples()
    page, large = desk.page, desk.page.get_by_role("button", name="large tiles")
    large.click()
    desk.until(lambda: 0 < len(desk.samples()) < len(before), "fewer faces")
    shown = desk.ready().samples()
    assert shown == before[: len(shown)]
    expect(desk.message).to_contain_text("the others are on the next page")
    assert page.locator(".app .grid").evaluate("grid => grid.scrollHeight <= grid.clientHeight + 1")
    desk.press("Shift+X")
    assert {row.sample for row in desk.stored(len(shown))} == set(shown)
    desk.press("PageDown")
    desk.until(lambda: desk.samples()[:1] == before[len(shown) : len(shown) + 1], "those that did not fit")
    second = desk.ready().samples()
    assert second == before[len(shown) : len(shown) + len(second)]
    page.get_by_role("button", name="medium tiles").click()
    rest = before[len(shown) :]
    desk.until(lambda: desk.samples() == rest, "the rest on one page")
    page.set_viewport_size({"width": 800, "height": 500})
    desk.until(lambda: 0 < len(desk.samples()) < len(rest), "as many as the smaller window holds")
    desk.until(
        lambda: page.locator(".app .grid").evaluate(
            "grid => [...grid.children].every(tile => tile.getBoundingClientRect().bottom <= innerHeight)"
        ),
        "every tile to be in the window",
    )
