"""Every key of the key table, from the key to the row."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.desk import Desk, focused

CLASSES = 7


def answers(desk: Desk) -> list[tuple[int, str, int | None]]:
    """What is stored: sample, action, label."""
    return [(row.sample, row.action, row.label) for row in desk.decisions()]


def test_every_answer_key_stores_its_answer_and_moves_on(desk: Desk) -> None:
    wanted = []
    for key in ("a", "x", *map(str, range(1, CLASSES + 1)), "u", "e", "s"):
        sample = next(s for s in desk.proposed() if desk.tile(s).state == "open")
        asked = desk.question(sample)
        desk.go_to(sample).press(key)
        assert desk.current().sample != sample, f"{key!r} stayed on its face"
        wanted.append((sample, *meant(key, asked.given, asked.proposed)))
        state = desk.tile(sample).state
        assert state == wanted[-1][1], f"{key!r}: the tile shows {state}"
    desk.stored(len(wanted))
    assert answers(desk) == wanted
    desk.saved()
    assert all(row.live and row.bulk is None for row in desk.decisions())


def meant(key: str, given: int, proposed: int | None) -> tuple[str, int | None]:
    """A number that is the proposed or the given class says the same as A or X."""
    plain = {"u": "unsure", "e": "exclude", "s": "skip"}
    if key in plain:
        return plain[key], None
    label = {"a": proposed, "x": given}.get(key, int(key) - 1 if key.isdigit() else None)
    return ("accept" if label == proposed else "keep" if label == given else "relabel"), label


def test_accept_without_a_proposal_relabels_to_the_likeliest_other_class(desk: Desk) -> None:
    page = desk.page
    page.goto(f"{desk.served.url}/?proposed=none")
    desk.ready()
    sample = desk.current().sample
    assert desk.question(sample).proposed is None
    suggested = page.locator(f".app .tile[data-sample='{sample}'] .suggested > span")
    name = suggested.inner_text()
    assert f"no proposal, perhaps {name}" in desk.tile(sample).label
    desk.press("a", "x")
    kept = desk.stored(2)[1].sample
    ((label,),) = desk.served.rows("SELECT number FROM class WHERE name = ?", name)
    assert answers(desk) == [
        (sample, "relabel", label),
        (kept, "keep", desk.question(kept).given),
    ]
    shown = desk.served.rows("SELECT shown ->> 'proposed', shown ->> 'kind' FROM decision WHERE sample_id = ?", sample)
    assert shown[0][0] is None


def answers_after(desk: Desk, count: int) -> list[tuple[int, str, int | None]]:
    desk.stored(count)
    return answers(desk)


def test_other_keys_answer_nothing(desk: Desk) -> None:
    keys = ("8", "9", "0", "q", "Control+x", "Alt+x", "Meta+u")
    for key in keys:
        here = desk.current()
        desk.press(key)
        assert desk.current() == here, key
        desk.press("u")  # the next row would come after whatever the key had stored
    assert [row.action for row in desk.stored(len(keys))] == ["unsure"] * len(keys)


def test_flag_and_note_stay_on_the_face_and_leave_it_open(desk: Desk) -> None:
    sample = desk.current().sample
    desk.press("f")
    assert "flagged" in desk.tile(sample).label
    desk.press("n")
    box = desk.page.get_by_role("dialog", name="note on face")
    box.get_by_role("textbox").fill("<b>two</b> people, R & C")
    desk.press("Enter")
    expect(box).to_have_count(0)
    assert desk.current().sample == sample
    assert desk.tile(sample).state == "open"
    assert "note: <b>two</b> people, R & C" in desk.tile(sample).label
    rows = desk.stored(2)
    assert [(row.sample, row.action, row.text) for row in rows] == [
        (sample, "flag", None),
        (sample, "note", "<b>two</b> people, R & C"),
    ]
    desk.press("f")
    assert "flagged" not in desk.tile(sample).label
    undo = desk.stored(3)[-1]
    assert (undo.action, undo.undoes) == ("undo", rows[0].id)


def test_letters_in_a_note_answer_nothing(desk: Desk) -> None:
    desk.press("n")
    desk.page.keyboard.type("axuesfzh12?")
    desk.press("Escape")
    assert focused(desk.page) == "tile"
    desk.press("u")
    assert [row.action for row in desk.stored(1)] == ["unsure"]


def test_undo_and_redo_keys(desk: Desk) -> None:
    for times, (key, again) in enumerate(
        (("z", "Shift+Z"), ("Backspace", "Shift+Z"), ("Control+z", "Control+Shift+Z"), ("Meta+z", "Meta+Shift+Z"))
    ):
        sample = desk.samples()[times]
        desk.go_to(sample).press("u", key)
        assert desk.tile(sample).state == "open", key
        assert desk.current().sample == sample, key
        desk.press(again)
        assert desk.tile(sample).state == "unsure", key
        first, undo, redo = desk.stored(3 * times + 3)[-3:]
        assert (undo.undoes, redo.undoes) == (first.id, undo.id), key
        assert first.live


def test_arrows_home_and_end_move(desk: Desk) -> None:
    samples = desk.samples()
    tops = desk.page.locator(".app .grid .tile").evaluate_all("t => t.map(tile => tile.getBoundingClientRect().top)")
    columns = tops.count(tops[0])
    assert 2 <= columns < len(samples)
    for key, at in (
        ("ArrowRight", 1), ("ArrowLeft", 0), ("ArrowLeft", 0), ("ArrowDown", columns), ("ArrowUp", 0), ("ArrowUp", 0),
        ("End", len(samples) - 1), ("ArrowRight", len(samples) - 1), ("Home", 0),
    ):  # fmt: skip
        desk.press(key)
        assert samples.index(desk.current().sample) == at, key
        assert focused(desk.page) == "tile"


def test_page_keys_turn_pages_to_and_fro(desk: Desk) -> None:
    first = desk.samples()
    second = desk.next_page().samples()
    assert not set(first) & set(second)
    desk.press("PageUp")
    desk.until(lambda: desk.samples() == first, "the first page")
    desk.press("PageDown")
    desk.until(lambda: desk.samples() == second, "the second page")


def test_space_and_enter_turn_a_page_on_which_nothing_is_left_and_a_held_key_none(desk: Desk) -> None:
    page, onward = desk.page, desk.page.get_by_role("button", name="next page", exact=True)
    expect(onward).to_be_hidden()
    first, *others = desk.samples()
    desk.press("Space")
    assert desk.current().sample == others[0], "Space moves on"
    desk.press(*("x" for _ in others), "Space")
    expect(desk.message).to_contain_text("this is the last face to review on this page")
    assert (desk.current().sample, desk.tile(first).state) == (first, "open"), "and skips nothing"
    for key in ("Space", "Enter", None):
        desk.until(lambda: desk.pages_come() >= 2, "the page after this one")
        done = desk.samples()
        desk.press("Shift+X")
        expect(desk.message).to_contain_text("page done")
        assert desk.samples() == done
        if key:
            page.keyboard.down("u")
            page.keyboard.down("u")  # the second one repeats, as that of a key held down
            page.keyboard.up("u")
            expect(desk.message).to_have_text("page done: Space for the next page; move to a face to change its answer")
            desk.press("s", "1", key)
        else:
            onward.click()
        desk.until(lambda: desk.samples() not in ([], done), "the next page")  # noqa: B023
        assert {tile.state for tile in desk.tiles()} == {"open"}
        assert focused(page) == "tile"
        expect(onward).to_be_hidden()
    page.evaluate(
        """() => { const at = document.activeElement.shadowRoot.activeElement;
        at.dispatchEvent(new KeyboardEvent("keydown", { key: " ", repeat: true, bubbles: true, composed: true })) }"""
    )
    rows = desk.decisions()
    desk.press("Shift+X", "ArrowLeft", "Enter")  # about the face that the arrow leads to
    zoom = page.get_by_role("dialog", name="one face")
    expect(zoom).to_be_visible()
    assert all(row.action == "keep" for row in rows)
    desk.press("u", "e")
    expect(zoom.get_by_role("status")).to_contain_text("page done: PgDn")
    desk.saved()
    assert [row.action for row in desk.decisions()[-2:]] == ["keep", "unsure"]


def test_a_left_hand_chooses_its_letters_and_keeps_them(desk: Desk) -> None:
    page = desk.page
    sheet = page.get_by_role("dialog", name="keys")
    desk.press("h")
    sheet.get_by_role("button", name="left hand").click()
    sheet.get_by_role("button", name="another letter for exclude").click()
    desk.press("1")
    expect(sheet).to_contain_text("choose a letter")
    desk.press("t", "Escape")
    page.reload()
    desk.ready()
    expect(page.locator(".app [data-command=accept] kbd").first).to_have_text("Q")
    asked = [(sample, desk.question(sample)) for sample in desk.proposed()[:4]]
    for (sample, _), key in zip(asked, ("q", "w", "e", "t"), strict=True):
        desk.go_to(sample).press(key)
    desk.go_to(asked[0][0]).press("a", "h")
    expect(sheet.get_by_role("button", name="T: another letter for exclude")).to_be_visible()
    desk.stored(4)
    (first, one), (second, two), (third, _), (fourth, _) = asked
    wanted = [(first, "accept", one.proposed), (second, "keep", two.given), (third, "unsure", None)]
    assert answers(desk) == [*wanted, (fourth, "exclude", None)]


def test_the_key_sheet_names_every_key_and_gives_the_keyboard_back(desk: Desk) -> None:
    sheet = desk.page.get_by_role("dialog", name="keys")
    for times, key in enumerate(("h", "?")):
        desk.press(key)
        expect(sheet).to_be_visible()
        said = sheet.inner_text()
        for cap in ("A", "X", "1", str(CLASSES), "U", "E", "S", "Space", "Z", "Backspace", "⇧Z", "Ctrl-Z", "F", "N",
                    "⇧A", "PgDn", "Enter", "H", "?"):  # fmt: skip
            assert cap in said.split(), cap
        desk.press("a")  # means nothing here
        desk.press("Escape")
        expect(sheet).to_be_hidden()
        assert focused(desk.page) == "tile", key
        desk.press("u")
        assert [row.action for row in desk.stored(times + 1)] == ["unsure"] * (times + 1), key


def test_the_zoom_shows_all_that_is_known_and_takes_answers(desk: Desk) -> None:
    page = desk.page
    sample = desk.proposed()[0]
    desk.go_to(sample).press("Enter")
    zoom = page.get_by_role("dialog", name="one face")
    for heading in ("Probabilities", "Over the epochs", "Confident faces nearby", "History"):
        expect(zoom.get_by_role("heading", name=heading)).to_be_visible()
    large = zoom.locator(f"img[src='/face/{sample}']")
    desk.until(lambda: large.evaluate("i => i.complete && i.naturalWidth > 0"), "the large face")
    near = zoom.locator(".near img")
    near.last.scroll_into_view_if_needed()
    desk.until(lambda: near.evaluate_all("all => all.every(i => i.complete && i.naturalWidth > 0)"), "neighbours")
    assert near.count() >= 2
    desk.press("a")
    desk.until(lambda: desk.current().sample != sample, "the next face")
    following = desk.current().sample
    expect(zoom.locator(f"img[src='/face/{following}']")).to_have_count(1)
    desk.press("ArrowLeft", "Escape")
    expect(zoom).to_be_hidden()
    assert focused(page) == "tile"
    assert answers_after(desk, 1) == [(sample, "accept", desk.question(sample).proposed)]


def test_streamlit_does_not_hear_the_grids_keys(desk: Desk) -> None:
    """R would run the script again, C would ask whether to clear caches."""
    runs = desk.page.evaluate("() => { window.kept = document.querySelector('.stApp'); return true }")
    assert runs
    desk.press("c", "r", "C", "R", "u")
    desk.stored(1)
    expect(desk.page.get_by_role("dialog")).to_have_count(0)
    assert focused(desk.page) == "tile"


def test_every_tile_of_a_burst_reacts_and_every_answer_is_stored(desk: Desk) -> None:
    """Sixty keys as fast as the browser takes them, over the ends of pages."""
    wanted: list[int] = []
    while len(wanted) < 60:
        open_faces = [tile.sample for tile in desk.tiles() if tile.state == "open"][: 60 - len(wanted)]
        desk.press(*("u" for _ in open_faces))
        assert {desk.tile(sample).state for sample in open_faces} == {"unsure"}
        wanted += open_faces
        if len(wanted) < 60:
            desk.next_page()
    assert [row.sample for row in desk.stored(60)] == wanted
    desk.saved()
    assert desk.outbox() == []
