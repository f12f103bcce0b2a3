"""What types.js says of the routes' JSON is what the routes send: TypeScript sees one end alone."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from review_app.grid_files import FOLDER
from review_app.settings import AppSettings
from scn_core.workspace.folder import Workspace
from tests.review_app.visitor import Visitor, keep

TYPES = (FOLDER / "types.js").read_text(encoding="utf-8")


@pytest.fixture
def ann(workspace: Workspace, use_workspace: Callable[[Workspace], AppSettings]) -> Visitor:
    return Visitor(use_workspace(workspace)).sign_in("ann")


def properties(name: str) -> set[str]:
    """Of a typedef, written as a list of @property or as one object type of plain properties."""
    for comment in re.findall(r"/\*\*.*?\*/", TYPES, re.DOTALL):
        if re.search(rf"@typedef \{{object\}} {name}\b", comment):
            return set(re.findall(r"@property \{.*\} (\w+)", comment))
        if one_line := re.search(rf"@typedef \{{\{{(.*)\}}\}} {name}\b", comment):
            return set(re.findall(r"(?:^|, )(\w+):", one_line[1]))
    raise LookupError(name)


def test_pages_and_samples(ann: Visitor) -> None:
    page = ann.page(limit=60)
    assert set(page.header) == properties("PageHeader")
    assert set(page.tiles[0]) == properties("Tile")
    tile = next(tile for tile in page.tiles if not tile["blind"])
    ann.decide(keep(tile))
    about = ann.get(f"/api/sample/{tile['sample']}?round=1").json()
    assert set(about) == properties("Tile") - {"thumb", "missing"} | properties("SampleMore")
    assert set(about["history"][0]) == properties("PastDecision")


def test_decisions_and_history(ann: Visitor) -> None:
    tile = ann.page(limit=1).tiles[0]
    more = {"undoes": None, "text": None, "bulk": None, "before": None, "blind": tile["blind"], "ms": 1, "shown": {}}
    decision = keep(tile, **more)
    assert set(decision) == properties("Decision")
    answer = ann.decide(decision).json()
    assert answer["saved"] == [decision["id"]]
    assert set(answer) == properties("DecisionsResponse")
    assert set(answer["pace"]) == properties("Pace")
    assert set(answer["progress"]) == properties("Progress")
    units = ann.get("/api/history?round=1").json()
    assert set(units) == properties("HistoryResponse")
    assert set(units["undo"][0]) == properties("HistoryUnit")


def test_leases_tokens_and_refusals(ann: Visitor) -> None:
    page = ann.page(limit=1)
    asked = {"renew": [page.tiles[0]["item"]], "release": []}
    lease = ann.post("/api/lease", asked).json()
    assert set(lease) == properties("LeaseResponse")
    assert lease["progress"] is None
    ann.decide(keep(page.tiles[0]))
    progress = ann.post("/api/lease", asked | {"round": 1, "filter": {"grouped": True}}).json()["progress"]
    header = ann.page(limit=1).header
    assert progress == {name: header[name] for name in properties("Progress")}
    assert ann.post("/api/lease", asked | {"round": 99}).json()["progress"] is None
    assert set(ann.get("/api/token").json()) == properties("TokenResponse")
    assert properties("ErrorResponse") <= set(ann.post("/api/lease", {"renew": "all"}).json())
