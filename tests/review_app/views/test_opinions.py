"""Opinions of other models on the pages: a round made of them, and what they say of a face."""

from __future__ import annotations

from scn_core.store.events import events
from scn_core.store.rounds.states import rounds
from scn_core.workspace.folder import Workspace
from tests.review_app.browserless import NewVisitor, markup, words
from tests.review_workspace import add_opinions


def test_a_lead_makes_a_round_of_them_and_every_page_says_what_it_is(visitor: NewVisitor, workspace: Workspace) -> None:
    lead = visitor("lea", "lead")
    assert "Make a round from opinions" not in [button.label for button in lead.open("rounds").button]
    add_opinions(workspace)
    app = lead.open("rounds")
    app.radio(key="rv-train-close_earlier").set_value(False)
    app = lead.run()
    assert "Round 1 then stays in review, as chosen above" in words(app)
    app.button(key="rv-from-opinions").click()
    said = words(lead.run())
    assert "The round is made" in said
    assert "it stays in review until a lead closes it" in said
    with workspace.database(read_only=True) as db:
        made = rounds(db)[0]
        (face,) = db.execute("SELECT sample_id FROM score WHERE round_id = 2 AND proposed_label IS NOT NULL").fetchone()
        assert rounds(db)[1].state == "review"
    assert (made.id, made.state) == (2, "review")
    said = "made from opinions of first, second, without training: there is no alpha"
    assert made.opinion_words == said
    assert said in words(lead.open("rounds", show="all-rounds"))
    assert said in words(lead.open("quality", round="2"))
    review = lead.open("review", round="2")
    assert said in words(review)
    assert "Importance weight, alpha" not in [slider.label for slider in review.slider]
    assert "Other models" in [box.label for box in review.selectbox]
    asked = words(lead.open("review", round="2", alpha="0.20-0.60", order="alpha"))
    assert "alpha in the address is ignored" in asked
    assert "No face matches" not in asked
    about = lead.open("sample", sample=str(face))
    assert "Other models" in words(about)
    assert '<th scope="col">Round 2</th><th scope="col">first</th><th scope="col">second</th>' in markup(about)
    assert "there is no alpha" in words(about)


def test_a_round_of_them_closes_the_earlier_one_in_the_name_of_the_lead(
    visitor: NewVisitor, workspace: Workspace
) -> None:
    lead = visitor("lea", "lead")
    add_opinions(workspace)
    app = lead.open("rounds")
    assert "Round 1 then is closed, as chosen above" in words(app)
    app.button(key="rv-from-opinions").click()
    assert "round 1 is closed: round 2 takes its place" in words(lead.run())
    with workspace.database(read_only=True) as db:
        (closed,) = [event for event in events(db) if event.what == "round closed"]
    assert (closed.by, dict(closed.about)) == ("lea", {"round": 1, "as_ended": 2})
