"""POST /api/alike: faces to review that look like one, within what the person may be given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from review_app.settings import AppSettings
from scn_core.rounds.features import FEATURES_FILE, open_features
from scn_core.workspace.folder import Workspace
from tests.review_app.visitor import Page, Visitor, keep, rows


@pytest.fixture
def ann(workspace: Workspace, use_workspace: Callable[[Workspace], AppSettings]) -> Visitor:
    return Visitor(use_workspace(workspace)).sign_in("ann")


def alike(visitor: Visitor, sample: int, **more: Any) -> list[dict[str, Any]]:
    answer = visitor.post("/api/alike", {"round": 1, "sample": sample, "limit": 8} | more)
    assert answer.status_code == 200, answer.text
    return Page(answer.content).tiles


def nearest(workspace: Workspace, sample: int) -> list[int]:
    """All faces, most alike first, by a plain sort."""
    features = open_features(workspace, 1)
    assert features is not None
    values = features.values.astype(np.float32)
    cosines = values @ values[features.row(sample)]
    return [int(number) for number in features.sample_id[np.argsort(-cosines, kind="stable")] if number != sample]


def proposed(visitor: Visitor) -> dict[str, Any]:
    return next(tile for tile in visitor.page(limit=60).tiles if tile["kind"] == "proposal")


def test_faces_come_most_alike_first_and_leased_to_nobody_else(ann: Visitor, workspace: Workspace) -> None:
    bob = Visitor(ann.settings).sign_in("bob")
    held = [tile["sample"] for tile in bob.page(limit=5).tiles]
    asked = rows(workspace, "SELECT DISTINCT sample_id FROM queue_item WHERE listed = 1 AND kind <> 'audit'")
    free = {sample for (sample,) in asked} - set(held)
    sample = min(free)
    found = [tile["sample"] for tile in alike(ann, sample)]
    assert found == [number for number in nearest(workspace, sample) if number in free][:8]
    leased = rows(
        workspace, "SELECT sample_id FROM queue_item q JOIN person p ON p.id = lease_person WHERE name = 'ann'"
    )
    assert {number for (number,) in leased} == set(found)
    assert not set(found) & {tile["sample"] for tile in alike(bob, held[0], limit=200)}


def test_those_of_a_pair_alone(ann: Visitor) -> None:
    tile = proposed(ann)
    found = alike(ann, tile["sample"], pair=True, limit=200)
    assert found
    assert {(each["given"], each["proposed"]) for each in found} == {(tile["given"], tile["proposed"])}
    answers = [keep(each, bulk="6d1f4f57-0b8c-4e3e-8d43-0a8c1f2b3c4d") for each in found]
    assert ann.decide(*answers).json()["refused"] == []
    assert alike(ann, tile["sample"], pair=True, limit=200) == []


def test_an_audit_face_is_neither_asked_from_nor_given(ann: Visitor, workspace: Workspace) -> None:
    drawn = {sample for (sample,) in rows(workspace, "SELECT sample_id FROM queue_item WHERE kind = 'audit'")}
    assert not drawn & {tile["sample"] for tile in alike(ann, proposed(ann)["sample"], limit=200)}
    refused = ann.post("/api/alike", {"round": 1, "sample": min(drawn), "limit": 5})
    assert (refused.status_code, refused.json()["code"]) == (409, "blind")


@pytest.mark.parametrize("damage", ["none kept", "damaged", "zeros"])
def test_a_round_without_features_says_so(ann: Visitor, workspace: Workspace, damage: str) -> None:
    tile = proposed(ann)
    file = workspace.round_folder(1) / FEATURES_FILE
    shape = np.load(file).shape
    if damage == "none kept":
        file.unlink()
    elif damage == "damaged":
        file.write_bytes(b"x")
    else:
        np.save(file, np.zeros(shape, np.float16))
    refused = ann.post("/api/alike", {"round": 1, "sample": tile["sample"], "limit": 5})
    assert (refused.status_code, refused.json()["code"]) == (409, "no_features")
    assert ("this face has" if damage == "zeros" else "round 1 kept no features") in refused.json()["error"]


def test_what_there_is_not(ann: Visitor) -> None:
    for body, code in (({"round": 9}, "no_round"), ({"sample": 99_999}, "not_found"), ({"limit": 0}, "bad_request")):
        assert ann.post("/api/alike", {"round": 1, "sample": 1, "limit": 5} | body).json()["code"] == code
