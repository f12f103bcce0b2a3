"""`python -m scn_core quality`: the page's figures for a terminal and for scripts."""

from __future__ import annotations

import csv
import json
import uuid
from pathlib import Path

import pytest

import scn_core as scn
from scn_core.records import Answer, Decision
from scn_core.review.quality.figures import quality
from scn_core.store.decisions.record import record_decisions
from scn_core.store.people.people import ensure_person
from scn_core.store.rounds.states import get_round
from scn_core.workspace.folder import Workspace
from tests.review_workspace import add_round, draw_workspace
from tests.scn_core.conftest import Run


@pytest.fixture(scope="module")
def reviewed(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """One round, half of whose queue ann has answered: every proposal accepted, all else kept."""
    workspace = draw_workspace(tmp_path_factory.mktemp("quality") / "ws")
    number = add_round(workspace, audit=30)
    with workspace.database() as db:
        ensure_person(db, "ann")
        sql = (
            "SELECT q.sample_id, c.start_label, q.proposed_label FROM queue_item q JOIN score c "
            "ON c.round_id = q.round_id AND c.sample_id = q.sample_id WHERE listed = 1 ORDER BY q.id LIMIT 45"
        )
        for face, start, proposed in db.execute(sql).fetchall():
            action: Answer = "keep" if proposed is None else "accept"
            label = start if proposed is None else proposed
            record_decisions(db, [Decision(str(uuid.uuid4()), number, face, "ann", action, label)])
    return workspace


def test_it_prints_what_the_page_shows(reviewed: Workspace, run: Run) -> None:
    with reviewed.database(read_only=True) as db:
        found = quality(db, get_round(db, 1))
    ended = run("quality", reviewed.path)
    assert ended.code == 0
    lines = ended.out.splitlines()
    assert lines[0].startswith(f"round 1: 45 faces decided, {found.progress.corrected} corrected; the queue waits for ")
    assert lines[1] == f"{found.advice.title}. {found.advice.text}"
    assert found.estimate.before is not None
    assert f"before review{found.estimate.before.value:>13.1%}" in ended.out
    assert any(line.startswith(f"ann{45:>23,}{'-':>10}") for line in lines)  # nobody measured how long they took
    assert "per hour" not in ended.out
    assert (found.progress.minutes, found.progress.per_hour) == (0, None)
    for kind in found.doubts:
        assert f"{kind.doubt:<18}{kind.faces:>8,}{kind.corrected / kind.faces:>11.0%}" in ended.out
    assert {kind.doubt for kind in found.doubts} > {"mislabelled"}


def test_a_script_reads_all_of_it(reviewed: Workspace, run: Run) -> None:
    ended = run("quality", reviewed.path, "--round", 1, "--json")
    told = json.loads(ended.out)
    assert told["round"] == 1
    assert told["progress"]["decided"] == 45 == sum(each["faces"] for each in told["decided"])
    assert told["curve"][-1]["reviewed"] == 45
    assert sum(told["steps"]["changed"]) == told["progress"]["corrected"]
    cells = told["alpha_margin"]
    with reviewed.database(read_only=True) as db:
        (faces,) = db.execute("SELECT count(*) FROM score").fetchone()
    assert sum(map(sum, cells["high"])) + sum(map(sum, cells["low"])) == faces
    assert told["reviewers"][0]["name"] == "ann"


def test_the_consensus_for_a_terminal_a_script_and_a_spreadsheet(reviewed: Workspace, run: Run, tmp_path: Path) -> None:
    out = tmp_path / "consensus.csv"
    ended = run("consensus", reviewed.path, "--out", out)
    assert ended.code == 0
    told = json.loads(run("consensus", reviewed.path, "--round", 1, "--json").out)
    assert told["answered"] == 45
    assert told["people"] == [{"name": "ann", "annotator": False, "answers": 45, "right": None}]  # nobody else answered
    assert ended.out.startswith(
        f"round 1: {told['faces']} faces, 45 of them with answers; the consensus is another than"
    )
    assert f"ann{45:>25}{'-':>8}" in ended.out
    with out.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == told["faces"]
    assert sum(row["label"] != row["consensus_label"] for row in rows) == told["other"]
    again = told["read_again"]
    assert [each["worth"] for each in again] == sorted((each["worth"] for each in again), reverse=True)
    assert all(each["answers"] > 0 and f"{each['worth']:>8.3f}  {each['key']}  " in ended.out for each in again)
    assert 0 < len(again) <= 10
    refused = run("consensus", reviewed.path, "--out", out)
    assert refused.code == 2
    assert f"--out: found {out}, which is there already; allowed: a new name, or --force" in refused.err
    assert run("consensus", reviewed.path, "--out", out, "--force").code == 0
    assert "consensus" in run("log", reviewed.path).out
    frame = scn.open(reviewed.path).consensus()
    assert frame["key"].tolist() == [row["key"] for row in rows]
    assert frame["consensus_label"].tolist() == [row["consensus_label"] for row in rows]
    for column in ("probability", "prob_happy", "prob_anger"):
        assert frame[column].tolist() == pytest.approx([float(row[column]) for row in rows], abs=1e-5)


def test_before_any_answer(tmp_path: Path, run: Run) -> None:
    workspace = draw_workspace(tmp_path / "ws", faces=70)
    ended = run("quality", workspace.path)
    assert ended.code == 1
    assert "found no round in state review or closed (rounds: none)" in ended.err
    add_round(workspace, proposals=10, low=5, audit=3)
    ended = run("quality", workspace.path)
    assert "There is no estimate" in ended.out or "no estimate yet" in ended.out
    json.loads(run("quality", workspace.path, "--json").out)
    ended = run("quality", workspace.path, "--round", 7)
    assert ended.code == 1
    assert "found round 7; allowed: 1 to 1" in ended.err
    assert "nobody has answered yet" in run("consensus", workspace.path).out
