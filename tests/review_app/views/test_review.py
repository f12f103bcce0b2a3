"""The page Review: the grid gets what the address asks for, and the controls and the address say the same."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from review_app import database
from scn_core.records import QueueFilter
from scn_core.store.people.people import set_role
from scn_core.store.queue.counts import queue_counts
from scn_core.workspace.folder import Workspace
from tests.review_app.browserless import NewVisitor, grid, markup, person, words

OPEN = QueueFilter()


def shown(app: AppTest) -> dict[str, Any]:
    """What the grid is told to show."""
    (mounted,) = grid(app)
    told: dict[str, Any]
    (told,) = json.loads(mounted.proto.json)
    return told


def matching(where: QueueFilter) -> int:
    return database.call(queue_counts, 1, 1, where).matching


def test_the_grid_gets_the_round_the_person_and_the_classes(visitor: NewVisitor, workspace: Workspace) -> None:
    told = shown(visitor("ann", "lead").open())
    assert (told["round"], told["person"]) == (1, {"id": 1, "name": "ann", "role": "lead"})
    assert told["classes"] == workspace.settings().classes
    assert told["filter"] == asdict(OPEN)
    assert told["base"].startswith("/grid/")


def test_an_address_with_a_filter(visitor: NewVisitor) -> None:
    app = visitor().open(state="all", given="sad", alpha="0.20-0.50", flag="1", order="alpha", group="pair")
    wanted = QueueFilter("all", given=3, alpha_from=0.2, alpha_to=0.5, flagged=True, order="alpha", grouped=True)
    assert shown(app)["filter"] == asdict(wanted)
    assert app.selectbox(key="rv-filter-state").value == "all"
    assert app.selectbox(key="rv-filter-order").value == "alpha"
    assert app.selectbox(key="rv-filter-pair").value == (3, None, False)
    assert app.slider(key="rv-filter-alpha").value == (0.2, 0.5)
    assert [app.toggle(key=f"rv-filter-{name}").value for name in ("flag", "group")] == [True, True]
    assert "Newest answer" in app.selectbox(key="rv-filter-order").options
    assert "Filter (4)" in app.get("popover")[0].proto.popover.label


def test_options_say_how_many_faces_they_hold(visitor: NewVisitor) -> None:
    app = visitor().open()
    states = app.selectbox(key="rv-filter-state").options
    assert "Newest face" in app.selectbox(key="rv-filter-order").options, "there are no answers among them"
    assert states[:2] == ["To review", "Answered"], "answers in the grid do not draw this anew: no count grows stale"
    classes = app.selectbox(key="rv-filter-class").options
    assert f"happy ({matching(QueueFilter(label=1))})" in classes
    doubts = app.selectbox(key="rv-filter-doubt").options
    assert doubts[0] == f"doubted or not ({matching(OPEN)})"
    assert doubts[2] == f"ambiguous ({matching(QueueFilter(doubt='ambiguous'))})" != "ambiguous (0)"
    pair = app.selectbox(key="rv-filter-pair").options[1]
    number = int(pair.rpartition("(")[2].split()[0])
    assert f"({number} of {number})" in pair


CHANGES = [
    ("selectbox", "state", "keep", {"state": "keep"}),
    ("selectbox", "order", "newest", {"order": "newest"}),
    ("selectbox", "class", 1, {"class": "happy"}),
    ("selectbox", "doubt", "ambiguous", {"doubt": "ambiguous"}),
    ("selectbox", "round", 1, {"round": "1"}),
    ("slider", "alpha", (0.2, 0.35), {"alpha": "0.20-0.35"}),
    ("slider", "alpha", (0.5, 0.5), {"alpha": "0.50-0.55"}),
    ("slider", "alpha", (1.0, 1.0), {"alpha": "0.95-1.00"}),
    ("toggle", "flag", True, {"flag": "1"}),
    ("toggle", "group", True, {"group": "pair"}),
]


@pytest.mark.parametrize(("kind", "name", "value", "address"), CHANGES, ids=lambda v: str(v))
def test_a_control_changes_the_address_and_the_grid(
    kind: str, name: str, value: Any, address: dict[str, str], visitor: NewVisitor
) -> None:
    app = visitor().open()
    getattr(app, kind)(key=f"rv-filter-{name}").set_value(value).run()
    assert not app.exception
    assert app.query_params == address
    if name != "round":
        assert shown(app)["filter"] != asdict(OPEN)
    getattr(app, kind)(key=f"rv-filter-{name}").run()
    assert app.query_params == address


def test_choosing_a_pair_and_no_proposal(visitor: NewVisitor) -> None:
    app = visitor().open()
    control = app.selectbox(key="rv-filter-pair")
    pairs = [option for option in control.options if "no proposal" not in option]
    control.select(pairs[1]).run()
    told = shown(app)["filter"]
    assert (told["given"] is None, told["proposed"] is None, told["unproposed"]) == (False, False, False)
    unproposed = next(option for option in app.selectbox(key="rv-filter-pair").options if "no proposal" in option)
    app.selectbox(key="rv-filter-pair").select(unproposed).run()
    told = shown(app)["filter"]
    assert (told["given"] is None, told["proposed"], told["unproposed"]) == (False, None, True)
    assert app.query_params["proposed"] == "none"


def test_an_option_whose_count_has_changed_since_it_was_drawn(visitor: NewVisitor) -> None:
    app = visitor().open()
    for text in ("ambiguous (12,345)", "Nonsense (1)"):
        control = app.selectbox(key="rv-filter-doubt")
        control.options[2] = text
        control.set_value(text).run()
        assert app.query_params == {"doubt": "ambiguous"}


def test_two_changes_are_kept_together_and_cleared_together(visitor: NewVisitor) -> None:
    app = visitor().open(order="alpha")
    app.selectbox(key="rv-filter-state").set_value("all").run()
    app.selectbox(key="rv-filter-class").set_value(2).run()
    assert app.query_params == {"state": "all", "class": "surprise", "order": "alpha"}
    app.toggle(key="rv-filter-group").set_value(True).run()
    assert {button.key: button.label for button in app.button if str(button.key).startswith("rv-chip")} == {
        "rv-chip-class": "class surprise ✕",
        "rv-chip-group": "grouped by pair ✕",
    }
    app.button(key="rv-chip-group").click().run()
    assert app.query_params == {"state": "all", "class": "surprise", "order": "alpha"}
    app.button(key="rv-clear").click().run()
    assert app.query_params == {"order": "alpha"}
    assert shown(app)["filter"] == asdict(QueueFilter(order="alpha"))


def test_a_value_that_cannot_be_is_told_and_left_out(visitor: NewVisitor) -> None:
    app = visitor().open(state="**opened**", alpha="2-3")
    assert shown(app)["filter"] == asdict(OPEN)
    assert "Note: the address says state=**opened**; allowed: open, answered" in words(app)
    assert "alpha=2-3" in words(app)


def test_a_reviewer_from_the_address_is_an_option_even_without_answers(visitor: NewVisitor) -> None:
    app = visitor().open(reviewer="<i>bob</i>", state="all")
    assert app.selectbox(key="rv-filter-reviewer").value == "<i>bob</i>"
    assert shown(app)["filter"]["reviewer"] == "<i>bob</i>"
    assert "<i>" not in markup(app)


def test_coming_back_from_another_page_shows_the_same_faces(visitor: NewVisitor) -> None:
    ann = visitor()
    app = ann.open(state="all")
    app.switch_page("views/my_work.py")
    app.query_params.clear()
    ann.run()
    assert app.title[0].value == "My work"
    app.switch_page("views/review.py")
    ann.run()
    assert app.query_params == {"state": "all"}
    assert shown(app)["filter"]["state"] == "all"
    app.selectbox(key="rv-filter-state").set_value("open").run()
    assert app.query_params == {}


def test_the_frame_says_who_and_where(visitor: NewVisitor) -> None:
    app = visitor("<b>Ann</b> *x*", "lead").open()
    side = "\n".join(element.proto.body for element in app.sidebar.get("html"))
    assert "&lt;b&gt;Ann&lt;/b&gt; *x*, lead" in side
    assert "<b>Ann" not in side
    assert "round 1, review" in side
    assert 'href="/logout"' in side


def test_nobody_here_sees_a_way_in_that_leads_back(visitor: NewVisitor) -> None:
    app = visitor(None).open(state="all")
    assert "Sign in to review" in words(app)
    assert 'href="/login?next=/%3Fstate%3Dall"' in markup(app)
    assert grid(app) == []
    assert len(app.selectbox) == 0


def test_a_session_that_ends_takes_the_page_with_it(visitor: NewVisitor) -> None:
    ann = visitor()
    assert grid(ann.open())
    ann.lose_session()
    app = ann.run()
    assert grid(app) == []
    assert "kept in this browser" in words(app)


def test_leases_are_for_leads_whatever_the_menu_says(visitor: NewVisitor) -> None:
    ann = visitor("ann", "annotator")
    app = AppTest.from_file("../../../review_app/views/leases.py")  # the page itself, past the menu
    ann.app = app
    assert "This page is for leads" in words(ann.run())
    assert not app.button
    database.call_write(set_role, person("ann").id, "lead")
    assert "Nobody holds a face now" in words(ann.run())
