"""The page Quality: what a lead reads, from the first answer on, and who may see it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from html import unescape
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from sqlite_utils import Database
from streamlit.testing.v1 import AppTest

from review_app import database
from review_app.settings import AppSettings, current
from review_app.views import parts
from scn_core.config import ReviewSettings
from scn_core.records import Answer, Decision
from scn_core.review.quality.figures import quality
from scn_core.store.decisions.record import record_decisions
from scn_core.store.people.people import set_role
from scn_core.store.rounds.states import close_round, fail_round, get_round, start_round
from scn_core.workspace.folder import Workspace
from tests.review_app.browserless import NewVisitor, Visitor, markup, person, words
from tests.review_workspace import add_round, repeat_faces

CHARTS = {
    "rv-label-errors",
    "rv-class-errors",
    "rv-pace",
    "rv-doubt-answers",
    "rv-reviewer-answers",
    "rv-reviewer-rates",
    "rv-alpha",
    "rv-alpha-margin",
}


def answer(name: str, faces: list[int], action: Answer, *, round_id: int = 1) -> None:
    """The same answer to several faces; a label where the answer needs one."""
    person(name)

    def write(db: Database) -> None:
        sql = "SELECT start_label, proposed_label FROM score WHERE round_id = ? AND sample_id = ?"
        for face in faces:
            start, proposed = db.execute(sql, (round_id, face)).fetchone()
            label = {"accept": proposed, "keep": start}.get(action)
            record_decisions(db, [Decision(str(uuid.uuid4()), round_id, face, name, action, label)])

    database.call_write(write)


def faces(kind: str, *, round_id: int = 1) -> list[int]:
    """Faces asked about as that, in the order of the queue."""
    sql = "SELECT sample_id FROM queue_item WHERE round_id = ? AND kind = ? AND listed = 1 ORDER BY id"
    return database.call(lambda db: [row[0] for row in db.execute(sql, (round_id, kind))])


def shown_charts(app: AppTest) -> set[str]:
    return {key for key in CHARTS for chart in app.get("plotly_chart") if chart.proto.id.endswith(f"-{key}")}


def links(app: AppTest) -> str:
    return "\n".join(link.proto.label for link in app.get("page_link"))


def test_before_the_first_answer(visitor: NewVisitor) -> None:
    app = visitor("lea", "lead").open("quality")
    seen = words(app)
    assert "there is no estimate yet" in seen
    assert "6 faces drawn at random, 10 needed" in seen
    assert "No face is decided" in seen
    assert "Nobody has answered in this round" in seen
    assert shown_charts(app) == {"rv-alpha", "rv-alpha-margin"}


def test_a_review_in_figures(visitor: NewVisitor) -> None:
    lead = visitor("lea", "lead")
    lead.open()
    database.call_write(close_round, 1)
    add_round(current().workspace, audit=30)
    drawn, proposed = faces("audit", round_id=2), faces("proposal", round_id=2)
    answer("<b>ann</b>", drawn[:20], "keep", round_id=2)
    answer("<b>ann</b>", proposed[:20], "accept", round_id=2)
    answer("bob", proposed[20:25], "exclude", round_id=2)
    app = lead.open("quality")
    assert not app.exception
    assert shown_charts(app) == CHARTS
    numbers = {each.label: each.value for each in app.metric}
    assert (numbers["Faces decided"], numbers["Wrong labels found"]) == ("45", "25")
    seen = words(app)
    assert "<b>ann</b>" in seen
    assert "before the review" in seen
    assert "No face has two readings" in seen
    assert "Right: estimated by the consensus" in seen
    found = database.call_slow(quality, database.call(get_round, 2)).reviewers
    assert {each.name: each.right is not None for each in found} == {"<b>ann</b>": False, "bob": False}


def test_why_its_numbers_and_those_of_others_differ(visitor: NewVisitor) -> None:
    """A copy that the queue does not hold is decided too, and faces answered unsure are in no class."""
    ann, lead = visitor("ann"), visitor("lea", "lead")
    lead.open()
    asked = faces("proposal")[0]
    sql = "SELECT sample_id FROM score WHERE sample_id NOT IN (SELECT sample_id FROM queue_item) ORDER BY 1 LIMIT 1"
    (outside,) = database.call(lambda db: db.execute(sql).fetchone())
    answer("ann", [asked], "keep")
    assert "not in the queue" not in words(ann.open("my_work"))
    answer("ann", [outside], "unsure")
    for page in (lead.open("quality"), ann.open("my_work")):
        assert "1 face of these is not in the queue: copies answered together with another face" in words(page)
    seen = words(lead.open("quality"))
    assert {each.label: each.value for each in lead.app.metric}["Faces decided"] == "2"
    assert "1 face answered unsure is left out" in seen
    assert "Left out" not in seen, "of no face nothing is said"
    lead.app.selectbox(key="rv-compare").set_value("label before the round against the proposed one")
    assert "Left out: 6 faces that must not be known before the answer" in words(lead.run())


def test_two_readings(visitor: NewVisitor) -> None:
    lead = visitor("lea", "lead")
    lead.open()
    database.call_write(close_round, 1)
    add_round(current().workspace, review=ReviewSettings(readings=2))
    proposed = faces("proposal", round_id=2)[::2]  # each is there twice
    answer("ann", proposed[:4], "accept", round_id=2)
    answer("bob", proposed[:4], "keep", round_id=2)
    app = lead.open("quality")
    assert not app.exception
    assert "4 faces answered differently" in links(app)
    assert "Krippendorff's alpha" in words(app)
    answer("ann", proposed[4:10], "accept", round_id=2)
    answer("bob", proposed[4:10], "accept", round_id=2)
    seen = words(lead.open("quality"))
    assert "from 20 readings of 10 faces" in seen
    assert "ann and bob" in seen


def test_cells_of_a_matrix_lead_to_their_faces(visitor: NewVisitor) -> None:
    lead = visitor("lea", "lead")
    lead.open()
    proposed = faces("proposal")
    answer("ann", proposed[:3], "exclude")
    app = lead.open("quality")
    (cell, title, number) = re.findall(r'href="/\?([^"]*)" title="([^"]*)">(\d+)<', markup(app))[0]
    asked = dict(parse_qsl(unescape(cell)))
    assert (asked["round"], asked["state"]) == ("1", "all")
    assert re.fullmatch(rf"{number} faces?, label before \w+, decided excluded", title)
    grid = lead.open("review", **asked)
    assert {button.label for button in grid.button} >= {parts.letters(title.split(", ", 1)[1]) + " ✕"}
    before, *_ = title.split("before ")[1].split(",")
    asked = {"round": "1", "compare": "decided", "row": before, "column": "excluded"}
    listed = lead.open("sample", **asked)
    assert f"label before {asked['row']}, decided excluded" in words(listed)
    shown = {int(face) for face in re.findall(r"/samples\?sample=(\d+)", markup(listed))}
    assert shown
    assert shown <= set(proposed[:3])
    assert f"In the grid: {len(shown)} that the round asks about" in markup(listed)
    answer("ann", proposed[3:], "exclude")
    listed = lead.app.run()  # within the seconds that the matrix may be old
    more = set(re.findall(r"/samples\?sample=(\d+)", markup(listed)))
    assert len(more) > len(shown)
    assert f": {len(more)} faces, label before {before}" in words(listed)
    assert f"In the grid: {len(more)} that the round asks about" in markup(listed)
    app = lead.open("quality", compare="proposed")
    assert re.findall(r'href="/\?round=1&amp;state=all&amp;given=\w+&amp;proposed=\w+"', markup(app))
    assert "This page is for leads" in words(visitor("ann").open("sample", **asked))
    assert "Which face?" in words(lead.open("sample", **(asked | {"row": "joy"})))


def test_rounds_are_chosen(visitor: NewVisitor) -> None:
    lead = visitor("lea", "lead")
    lead.open()
    database.call_write(close_round, 1)
    add_round(current().workspace)
    app = lead.open("quality")
    assert app.selectbox(key="rv-quality-round").value == 2
    app = lead.open("quality", round="1")
    assert app.selectbox(key="rv-quality-round").value == 1
    assert "This round is closed" in words(app)
    assert "waits for" not in words(app)
    app.selectbox(key="rv-quality-round").select(2)
    app = lead.run()
    assert app.query_params["round"] == "2"
    assert "This round is closed" not in words(app)
    said = words(lead.open("quality", round="1", compare="proposed"))  # some are audit faces of round 2
    assert "audit faces of a round in review" in said
    assert "This round is closed and stays as it is: they are counted again once that is answered." in said


def test_without_a_round_that_ended(empty: Workspace, use_workspace: Callable[[Workspace], AppSettings],
                         monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    use_workspace(empty)
    lead = Visitor(monkeypatch, person("lea", "lead"))
    assert "No round yet" in words(lead.open("quality"))
    number = database.call_write(start_round, {"epochs": 3}, code_version="test")
    assert "Round 1 is training" in words(lead.open("quality"))
    database.call_write(fail_round, number, "the disk is full")
    assert "the disk is full" in words(lead.open("quality"))


def test_it_is_for_leads_whatever_the_menu_says(visitor: NewVisitor) -> None:
    ann = visitor("ann", "annotator")
    app = AppTest.from_file("../../../review_app/views/quality.py")  # the page itself, past the menu
    ann.app = app
    assert "This page is for leads" in words(ann.run())
    assert not app.get("plotly_chart")
    database.call_write(set_role, person("ann").id, "lead")
    assert ann.run().get("plotly_chart")


def test_what_is_sent_does_not_grow_with_the_faces(
    drawn: Workspace,
    visitor: NewVisitor,
    use_workspace: Callable[[Workspace], AppSettings],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    lead = visitor("lea", "lead")
    lead.open()
    answer("ann", faces("proposal")[:40], "accept")
    few = sent(lead.open("quality"))
    database.close()
    workspace = repeat_faces(drawn, tmp_path / "many", 4000)
    add_round(workspace, proposals=2500, low=1000, audit=20)
    use_workspace(workspace)
    lead = Visitor(monkeypatch, person("lea", "lead"))
    answer("ann", faces("proposal")[:1500], "accept")
    app = lead.open("quality")
    assert shown_charts(app) >= CHARTS - {"rv-label-errors"}
    assert sent(app) < few + 20_000


def sent(app: AppTest) -> int:
    """Bytes of the figures."""
    return sum(len(chart.proto.SerializeToString()) for chart in app.get("plotly_chart"))
