"""The page Explore: the map, its colours, and what it says where there is no map; for leads."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from colorsys import rgb_to_hsv
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from review_app.components.face_map import Chosen, chosen, points
from review_app.queries import explore as queries
from review_app.queries.explore import FaceMap
from review_app.settings import current
from tests.review_app.browserless import NewVisitor, markup, words
from tests.review_workspace import add_round


def test_the_map_in_every_colour_and_what_is_said_where_there_is_none(visitor: NewVisitor) -> None:
    lead = visitor("lea", "lead")
    app = lead.open("explore")
    assert not app.exception
    assert "Nothing is selected." in words(app)
    assert "6 audit faces not yet answered: " in words(app)
    assert "Split" in app.selectbox[0].options
    for colour in app.selectbox[0].options:
        app.selectbox[0].set_value(colour).run()
        assert not app.exception, colour
    folder = current().workspace.round_folder(1)
    (folder / "map.npy").unlink()
    assert "The map of round 1 is being drawn" in words(lead.open("explore"))
    (folder / "features.npy").unlink()
    assert "Round 1 kept no features" in words(lead.open("explore"))


def test_it_opens_on_the_newest_round_with_features_and_says_so(visitor: NewVisitor) -> None:
    lead = visitor("lea", "lead")
    add_round(current().workspace)
    for name in ("map.npy", "features.npy"):
        (current().workspace.round_folder(2) / name).unlink()
    said = words(lead.open("explore", round="2"))
    assert "Round 2 kept no features" in said
    assert "Round 1 has a map" in said
    app = lead.open("explore")
    assert app.selectbox(key="rv-explore-round").value == 1
    assert "Round 1 is the newest that kept features; round 2 has no map." in words(app)
    assert "Coloured by" in [box.label for box in app.selectbox]


def test_it_is_for_leads(visitor: NewVisitor) -> None:
    assert "This page is for leads" in words(visitor("bob").open("explore"))


def test_an_area_holds_the_faces_that_are_in_it(visitor: NewVisitor) -> None:
    visitor("lea", "lead").open()
    found = queries.map_of(1)
    assert isinstance(found, FaceMap)
    rows = found.inside("0,0_500,0_500,1000_0,1000")
    assert rows.tolist() == np.flatnonzero(found.x < 500).tolist()


def test_what_a_browser_says_was_chosen_is_an_area_a_face_or_nothing() -> None:
    assert chosen({"area": "1,1_2,1_2,2", "face": None}) == Chosen(area="1,1_2,1_2,2")
    assert chosen({"area": None, "face": 7}) == Chosen(face=7)
    senseless: list[object] = [
        None, [], "1,1_2,1_2,2", {}, {"area": "1,1_2,1"}, {"area": 5}, {"area": ["1,1_2,1_2,2"]},
        {"face": -1}, {"face": True}, {"face": "7"}, {"face": 2**40}, {"face": 0.5},
    ]  # fmt: skip
    assert [chosen(each) for each in senseless] == [Chosen()] * len(senseless)


def test_what_is_chosen_stays_in_other_colours_and_when_somebody_comes_back(visitor: NewVisitor) -> None:
    lead = visitor("lea", "lead")
    app = lead.open("explore")
    first = shown(app)
    app.session_state["rv-explore-chosen-1"] = Chosen(area="0,0_1000,0_1000,1000_0,1000")
    app = lead.run()
    assert "The address of the page that opens can be passed on" in words(app)
    assert shown(app) == first, "not sent again"
    assert "group=" not in markup(app), "as plain as the queue was"
    app.session_state["rv-last-filter"] = {"group": "pair", "doubt": "ambiguous"}
    assert re.search(r'href="/\?round=1&amp;area=[^"]*&amp;group=pair">Review [0-9]+ faces: ', markup(lead.run()))
    app.selectbox(key="rv-explore-colour").set_value("State").run()
    assert "The address of the page that opens can be passed on" in words(app)
    assert shown(app)["label"].endswith(", coloured by state")
    app.switch_page("views/review.py")
    lead.run()
    app.switch_page("views/explore.py")
    app = lead.run()
    assert shown(app)["area"] == "0,0_1000,0_1000,1000_0,1000", "the line is drawn again"
    face = int(np.frombuffer(b64decode(first["faces"]), "<u4")[0])
    app.session_state["rv-explore-chosen-1"] = Chosen(face=face)
    assert "All about this face" in markup(lead.run())


def test_the_address_says_what_is_selected(visitor: NewVisitor) -> None:
    """The map keeps it there, so that the browser's Back from the faces brings it back."""
    lead, area = visitor("lea", "lead"), "0,0_1000,0_1000,1000_0,1000"
    app = lead.open("explore", round="1", area=area)
    assert (shown(app)["area"], shown(app)["round"]) == (area, 1)
    assert "The address of the page that opens can be passed on" in words(app)
    app = lead.open("explore", area="1,1_<b>")
    assert not app.exception
    assert shown(app)["area"] is None
    assert "the address says area=1,1_<b>" in "\n".join([words(app), *(each.value for each in app.warning)])


def shown(app: AppTest) -> dict[str, Any]:
    """What the map is given."""
    (data,) = json.loads(app.get("bidi_component")[0].proto.json)
    assert isinstance(data, dict)
    return data


def test_seven_classes_have_colours_that_are_told_apart() -> None:
    count, x = np.arange(7), np.linspace(0, 1, 7, dtype=np.float32)
    shown = points.by_class(x, x, count, list("abcdefg"), count, list("abcdefg"), count, none="")
    assert len(set(shown.colours)) == 7
    channels = [[int(each[at : at + 2], 16) / 255 for at in (1, 3, 5)] for each in shown.colours]
    hues = sorted(rgb_to_hsv(*each)[0] * 360 for each in channels)
    assert min(np.diff([*hues, hues[0] + 360])) > 25


def test_above_so_many_faces_a_square_stands_for_all_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    x, y = (rng.uniform(0, 1000, 500).astype(np.float32) for _ in "xy")
    group, faces = rng.integers(-1, 2, 500), np.arange(500)
    texts = [str(face) for face in faces]
    whole = points.by_class(x, y, group, ["sad", "a<b>"], faces, texts, faces, none="none")
    assert whole.names == ("none", "sad", "a<b>")
    assert len(set(whole.colours)) == 3
    assert whole.faces is not None
    assert sorted(whole.faces.tolist()) == faces.tolist()
    assert (whole.x == x[whole.faces]).all()
    assert [whole.texts[i] for i in whole.text.tolist()] == [str(face) for face in whole.faces.tolist()]
    named = [whole.names[i] for i in whole.colour.tolist()]
    assert named == [("none", "sad", "a<b>")[group[face] + 1] for face in whole.faces.tolist()]
    known = named.index("sad"), named.index("a<b>")
    assert named[: min(known)] == ["none"] * (named.count("none")), "at the bottom"
    assert named[min(known) :] != sorted(named[min(known) :]), "no class lies above all others"
    monkeypatch.setattr(points, "MOST_POINTS", 100)
    monkeypatch.setattr(points, "_CELLS", 5)
    binned = points.by_class(x, y, group, ["sad", "happy"], faces, texts, faces, none="none")
    assert (len(binned.x), binned.faces) == (25, None)
    total = sum(int(binned.texts[i].split()[0]) for i in binned.text.tolist())
    assert total == 500, "every face is in one square"
    value = rng.uniform(0, 1, 500).astype(np.float32)
    value[:10] = np.nan
    shaded = points.by_value(x, y, value, faces, texts, faces, "suspicion")
    assert len(shaded.x) == 25
    assert sum(int(shaded.texts[i].split()[0]) for i in shaded.text.tolist()) == 490
    assert (np.diff(shaded.colour) >= 0).all(), "the highest on top"
    assert len(shaded.colours) > shaded.colour.max()
