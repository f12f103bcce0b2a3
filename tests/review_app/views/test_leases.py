"""The page Leases: a lead sees who holds what, and gives it back."""

from __future__ import annotations

from review_app import database
from scn_core.records import QueueFilter
from scn_core.store.people.people import set_role
from scn_core.store.queue.leases import claim_items, leases
from scn_core.store.rounds.states import close_round
from tests.review_app.browserless import NewVisitor, person, words


def held() -> dict[str, int]:
    return {lease.person: lease.items for lease in database.call(leases, 1)}


def claim(name: str, faces: int) -> int:
    holder = person(name).id
    database.call_write(claim_items, 1, holder, QueueFilter(), limit=faces)
    return holder


def test_one_is_released(visitor: NewVisitor) -> None:
    lead = visitor("lea", "lead")
    ann, _ = claim("ann", 5), claim("*bob*", 3)
    before = held()
    app = lead.open("leases")
    assert f"ann: {before['ann']} faces, until" in words(app)
    assert f"*bob*: {before['*bob*']} faces" in words(app)
    app.button(key=f"rv-release-{ann}").click()
    app = lead.run()
    assert held() == {"*bob*": before["*bob*"]}
    assert "ann:" not in words(app)


def test_all_are_released(visitor: NewVisitor) -> None:
    lead = visitor("lea", "lead")
    claim("ann", 5)
    claim("bob", 3)
    lead.open("leases").button(key="rv-release-all").click()
    app = lead.run()
    assert held() == {}
    assert "Nobody holds a face now" in words(app)


def test_a_lead_no_more_releases_nothing(visitor: NewVisitor) -> None:
    lead = visitor("lea", "lead")
    ann = claim("ann", 5)
    app = lead.open("leases")
    assert lead.person is not None
    database.call_write(set_role, lead.person.id, "annotator")
    app.button(key=f"rv-release-{ann}").click()
    app = lead.run()
    assert held().get("ann")
    assert "allowed: a lead" in words(app)


def test_without_a_round_in_review(visitor: NewVisitor) -> None:
    lead = visitor("lea", "lead")
    lead.open()
    database.call_write(close_round, 1)
    assert "No round is in review" in words(lead.open("leases"))
