"""An address that asks for what there is not: the page says so and what it shows instead, and shows the rest."""

from __future__ import annotations

from scn_core.workspace.folder import Workspace
from tests.review_app.browserless import NewVisitor, words
from tests.review_workspace import add_round

WRONG: dict[str, tuple[dict[str, str], list[str]]] = {
    "my_work": ({"round": "<b>"}, ["round=<b>; allowed: 1, 2; this is round 2"]),
    "quality": ({"compare": "tea"}, ["round 2 has nothing of what the address compares"]),
    "sample": (
        {"compare": "decided", "row": "sad"},
        ["the address asks for faces of a comparison that there is none of"],
    ),
    "rounds": ({"show": "compare", "first": "99"}, ["first=99; allowed: 1, 2; this is round 1"]),
    "team": ({"person": "99", "kind": "tea"}, ["person=99, and nobody", "kind=tea; allowed: all, answers"]),
}
RIGHT = {
    "my_work": {"round": "1"},
    "sample": {"compare": "decided", "row": "sad", "column": "anger"},
    "rounds": {"show": "compare", "first": "1", "second": "2"},
}


def test_what_cannot_be_shown_is_said(visitor: NewVisitor, workspace: Workspace) -> None:
    add_round(workspace, seed=1)
    lead = visitor("lea", "lead")
    for page, (address, sentences) in WRONG.items():
        told = words(lead.open(page, **address))
        assert all(sentence in told for sentence in sentences), (page, told)
    for page, address in RIGHT.items():
        assert "Note:" not in words(lead.open(page, **address)), page
    assert "show=tea; allowed: new-round, all-rounds, compare" in words(lead.open("rounds", show="tea"))
