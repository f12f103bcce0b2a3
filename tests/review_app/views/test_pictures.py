"""The page Pictures: copies with different labels, leaks, and pictures that are hard to judge; for leads."""

from __future__ import annotations

import re
from functools import partial
from html import unescape
from urllib.parse import parse_qsl

from sqlite_utils import Database

from review_app import database
from scn_core.store.pictures import derive_issues
from tests.review_app.browserless import NewVisitor, markup, words


def test_a_set_without_copies(visitor: NewVisitor) -> None:
    app = visitor("lea", "lead").open("pictures")
    assert not app.exception
    assert "No face is in the data set twice" in words(app)
    assert not app.metric


def test_of_pictures_that_nobody_looked_at_nothing_is_said(visitor: NewVisitor) -> None:
    lead = visitor("lea", "lead")
    lead.open()

    def forget(db: Database, *, but: int) -> int:
        db.execute("DELETE FROM picture WHERE sample_id > ?", (but,))
        (faces,) = db.execute("SELECT count(*) FROM sample").fetchone()
        return int(faces)

    faces = database.call_write(partial(forget, but=2))
    seen = words(lead.open("pictures"))
    assert f"{faces - 2} pictures of {faces} not looked at yet" in seen
    assert "What follows is of the other 2.\nNone of them is there twice." in seen
    database.call_write(partial(forget, but=0))
    seen = words(lead.open("pictures"))
    assert re.search(rf"{faces} pictures of {faces} not looked at yet, .* pictures ", seen)
    assert not re.search("twice|No picture|What follows", seen)


def test_copies_leaks_and_bad_pictures(visitor: NewVisitor) -> None:
    lead = visitor("lea", "lead")
    lead.open()

    def change(db: Database) -> None:
        first = "(SELECT min(id) FROM sample WHERE split = '{}' AND given_label = {} AND {})"
        asked = "id IN (SELECT sample_id FROM queue_item WHERE listed = 1)"
        same = ", ".join(
            first.format(*each) for each in (("train", 1, asked), ("train", 3, asked), ("test", 1, "TRUE"))
        )
        db.execute(f"UPDATE picture SET pixels = x'0000000000000000', brightness_p99 = 0.1 WHERE sample_id IN ({same})")
        derive_issues(db)

    database.call_write(change)
    app = lead.open("pictures")
    assert not app.exception
    numbers = {each.label: each.value for each in app.metric}
    assert (numbers["Exact copies, groups"], numbers["Exact, not settled"]) == ("1", "1")
    seen = words(app)
    assert "1 of" in seen
    assert "have the same pixels as a training face" in seen
    (group,) = [line for line in seen.splitlines() if line.startswith("Same pixels, ")]
    head = "Same pixels, train and test disagree now: "
    assert sorted(group.removeprefix(head).split("; ")) == ["1 of test: happy", "1 of train: happy", "1 of train: sad"]
    assert "Very dark\n: 3" in seen
    assert "picture=dark" in markup(app)
    (asked,) = re.findall(r'href="/\?([^"]*)">2 of these 3 faces in the grid<', markup(app))
    grid = lead.open("review", **dict(parse_qsl(unescape(asked))))
    assert "certain faces ✕" in [button.label for button in grid.button]
    assert "Nothing matches" not in words(grid)


def test_every_group_can_be_reached(visitor: NewVisitor) -> None:
    """21 of them; all but one have one label, and nothing is wrong with these but that they are copies."""
    lead = visitor("lea", "lead")
    lead.open()

    def make(db: Database) -> list[tuple[int, int]]:
        sql = "SELECT group_concat(id) FROM sample GROUP BY given_label"
        of_class = [list(map(int, faces.split(","))) for (faces,) in db.execute(sql)]
        same = [pair for faces in of_class for pair in zip(faces[1::2], faces[2::2], strict=False)]
        groups = [(of_class[0][0], of_class[1][0]), *same[:20]]
        for number, (one, two) in enumerate(groups):
            values = (number.to_bytes(8), one, two)
            db.execute("UPDATE picture SET pixels = ? WHERE sample_id IN (?, ?)", values)
        return [(min(group), max(group)) for group in groups]

    groups = database.call_write(make)

    def listed() -> list[tuple[int, int]]:
        shown = [int(face) for face in re.findall(r'alt="copy, face (\d+)"', markup(lead.app))]
        return list(zip(shown[::2], shown[1::2], strict=True))

    lead.open("pictures")
    seen = listed()
    assert seen[0] == groups[0], "different labels first"
    assert "Groups 1 to 20 of 21" in words(lead.app)
    assert ": 2 of train: " in words(lead.app), "not each of them by itself"
    lead.app.button(key="rv-groups-after").click()
    lead.run()
    assert sorted(seen + listed()) == sorted(groups)
    assert [button.key for button in lead.app.main.button] == ["rv-groups-before"]
    lead.app.button(key="rv-groups-before").click()
    assert "Groups 1 to 20 of 21" in words(lead.run())
    assert "Groups 21 to 21 of 21" in words(lead.open("pictures", **{"from": "999"}))
