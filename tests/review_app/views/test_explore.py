"""The page Explore: the map, its colours, and what it says where there is no map; for leads."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from review_app.charts import map as charts
from review_app.charts.selection import area_of, faces_of, kept_area
from review_app.queries import explore as queries
from review_app.queries.explore import FaceMap
from review_app.settings import current
from scn_core.store.queue.area import AREA_POINTS, is_area
from tests.review_app.browserless import NewVisitor, words
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


def test_what_was_drawn_becomes_an_area_of_few_whole_numbers() -> None:
    around = np.linspace(0, 2 * np.pi, 500)
    lasso = {"x": (500 + 400 * np.cos(around)).tolist(), "y": (500 + 700 * np.sin(around)).tolist()}
    area = area_of({"selection": {"lasso": [lasso], "box": [], "points": []}})
    assert area is not None
    assert is_area(area)
    assert area.count("_") == AREA_POINTS - 1
    box = {"x": [10.2, 90.7], "y": [-5, 2_000]}
    assert area_of({"selection": {"box": [box]}}) == "10,0_91,0_91,1000_10,1000"
    nothings: list[dict[str, Any] | None] = [
        None, {}, {"selection": {}}, {"selection": {"lasso": [{"x": [1, 2], "y": [1, 2]}]}},
    ]  # fmt: skip
    assert [area_of(nothing) for nothing in nothings] == [None] * 4
    points = [{"x": 1, "y": 2}, {"x": 1, "y": 2, "customdata": 7}]
    assert faces_of({"selection": {"points": points}}) == [7]


def test_a_selection_stays_in_other_colours_until_something_else_is_selected() -> None:
    kept = kept_area(None, "by label", None, clicked=False)
    kept = kept_area(kept, "by label", "1,1_2,1_2,2", clicked=False)
    for figure in ("by state", "by state", "by label"):
        kept = kept_area(kept, figure, None, clicked=False)
        assert kept.area == "1,1_2,1_2,2"
    assert kept_area(kept, "by label", None, clicked=True).area is None
    other = kept_area(kept, "by label", "5,5_6,5_6,6", clicked=False)
    assert other.area == "5,5_6,5_6,6"
    assert kept_area(other, "by label", None, clicked=False).area is None, "taken away on the figure itself"


@pytest.mark.parametrize("dark", [False, True])
def test_above_so_many_faces_a_square_stands_for_all_in_it(dark: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    x, y = (rng.uniform(0, 1000, 500).astype(np.float32) for _ in "xy")
    group, faces = rng.integers(-1, 2, 500), np.arange(500)
    texts = [str(face) for face in faces]
    whole = charts.by_class(x, y, group, ["sad", "a<b>"], texts, faces, none="none", dark=dark)
    assert sum(len(trace.x) for trace in whole.data) == 500
    assert [trace.name for trace in whole.data] == ["none", "sad", "a&lt;b&gt;"]
    assert set().union(*(trace.customdata for trace in whole.data)) == set(range(500))
    monkeypatch.setattr(charts, "MOST_POINTS", 100)
    monkeypatch.setattr(charts, "_CELLS", 5)
    binned = charts.by_class(x, y, group, ["sad", "happy"], texts, faces, none="none", dark=dark)
    assert sum(len(trace.x) for trace in binned.data) == 25
    shown = sum(int(text.split()[0]) for trace in binned.data for text in trace.text)
    assert shown == 500, "every face is in one square"
    value = rng.uniform(0, 1, 500).astype(np.float32)
    value[:10] = np.nan
    (trace,) = charts.by_value(x, y, value, texts, faces, "suspicion", dark=dark).data
    assert len(trace.x) == 25
    assert sum(int(text.split()[0]) for text in trace.text) == 490
