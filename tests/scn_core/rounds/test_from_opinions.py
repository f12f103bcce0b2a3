"""A round made of opinions alone: a whole round, but for alpha, which it has not and says so."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import scn_core as scn
from scn_core.records import QueueFilter
from scn_core.review.learn_order import learn_order
from scn_core.rounds.artifacts import face_neighbours
from scn_core.rounds.features import open_features
from scn_core.rounds.from_opinions import make_round_from_opinions
from scn_core.scn.opinions import opinion_weights
from scn_core.store.connection import transaction
from scn_core.store.opinions import add_source, insert_opinions, opinions_on
from scn_core.store.queue.browse import page_items
from scn_core.store.queue.counts import queue_counts
from scn_core.store.rounds.states import get_round
from scn_core.store.samples import iter_samples
from scn_core.store.scores import scores
from scn_core.workspace.check import check_workspace
from scn_core.workspace.folder import Workspace
from tests.review_workspace import add_opinions, add_round
from tests.scn_core.conftest import REPOSITORY, Run


@pytest.fixture
def made(workspace: Workspace) -> Workspace:
    """A round of two opinions that have features, in review."""
    add_opinions(workspace, features=True)
    info = make_round_from_opinions(workspace)
    assert (info.id, info.state) == (1, "review")
    assert info.opinion_words == "made from opinions of first, second, without training: there is no alpha"
    return workspace


def test_it_is_a_round_with_proposals_queue_audit_faces_and_neighbours(made: Workspace) -> None:
    with made.database(read_only=True) as db:
        ids = {number for (number,) in db.execute("SELECT sample_id FROM score")}
        train = {number for (number,) in db.execute("SELECT id FROM sample WHERE split = 'train'")}
        assert ids == {number for number in train if number % 10}  # add_opinions leaves out each tenth
        kinds = dict(db.execute("SELECT kind, count(*) FROM queue_item GROUP BY kind").fetchall())
        assert kinds.keys() == {"proposal", "audit"}
        rows = db.execute("SELECT sample_id, start_label, proposed_label FROM score WHERE proposed_label IS NOT NULL")
        proposed = rows.fetchall()
        assert proposed
        assert all(face % 2 == 0 and other == (start + 1) % 7 for face, start, other in proposed)  # where both agree
        near = face_neighbours(made, 1, proposed[0][0])
        assert near is not None
        assert near.other_label == proposed[0][2]
        assert near.given
        assert all(face % 2 for face in near.given)  # faces whose label the opinions confirm
        features = open_features(made, 1)
        assert features is not None
        assert {*features.sample_id.tolist()} == ids
        assert all(features.row(number) is not None for number in ids)
    assert all(each.ok for each in check_workspace(made))


def test_a_folder_that_was_left_over_is_in_nobodys_way(workspace: Workspace) -> None:
    """As after a kill: the folder is there, empty or with files, and no round of that number."""
    add_opinions(workspace)
    left = workspace.round_folder(1)
    left.mkdir(parents=True)
    assert make_round_from_opinions(workspace).id == 1
    left = workspace.round_folder(2)
    left.mkdir()
    (left / "config.json").write_text("cut off")
    assert make_round_from_opinions(workspace).id == 2
    assert (left.with_name("0002-left-1") / "config.json").read_text() == "cut off"
    assert "made_from_opinions" in json.loads((left / "config.json").read_text())


def test_alpha_is_absent_wherever_it_would_stand(made: Workspace, run: Run, tmp_path: Path) -> None:
    ws = scn.open(made.path)
    assert ws.scores().alpha.isna().all()
    assert ws.queue().alpha.isna().all()
    out = tmp_path / "labels.csv"
    assert ws.export(out).without_alpha == (1,)
    assert json.loads(out.with_name("labels.csv.manifest.json").read_text())["rounds_without_alpha"] == [1]
    with made.database(read_only=True) as db:
        page, _ = page_items(db, 1, 0, QueueFilter())
        assert {item.alpha for item in page} == {None}
        assert queue_counts(db, 1, 0, QueueFilter(order="alpha")).matching == len(page)
    found = ws.evaluate()
    assert found.alpha is None
    assert set(found.opinions) == {"first", "second"}
    assert set(found.label_accuracy) == {"suspicion", "margin", "opinion first", "opinion second", "oracle", "random"}
    for command in ("evaluate", "proposals", "status"):
        assert run(command, made.path).code == 0
    assert "there is no alpha" in run("status", made.path).out
    assert "made from opinions of first, second" in run("round", "list", made.path).out


def test_people_answer_it_as_any_other_and_a_trained_round_can_follow(made: Workspace) -> None:
    ws = scn.open(made.path)
    queue = ws.queue()
    asked = queue[queue.kind == "proposal"]
    assert ws.decide(asked.key[:10], "accept", person="ann") == 10
    assert ws.decide(asked.key[10:20], "keep", person="ann") == 10
    with made.database() as db:
        learned = learn_order(db, 1)
        assert learned is not None
        assert learned.answers == 20
    assert add_round(made) == 2
    assert ws.scores(round=2).alpha.notna().all()


def test_the_command_needs_no_torch_and_says_what_is_missing(workspace: Workspace, run: Run) -> None:
    refused = run("round", "from-opinions", workspace.path)
    assert refused.code == 1
    assert "no opinion on any training face" in refused.err
    assert "opinion add" in refused.err
    add_opinions(workspace)
    code = (
        "import sys; sys.argv[1:] = ['round', 'from-opinions', sys.argv[1]]\n"
        "from scn_core.cli.main import cli\ncli(standalone_mode=False)\nassert 'torch' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, workspace.path], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "round 1, made from opinions of first, second" in done.stdout


def test_noise_makes_no_round_and_is_left_out_of_one(workspace: Workspace) -> None:
    with workspace.database() as db:
        ids = np.array([each.id for each in iter_samples(db)])
        noise = np.random.default_rng(0).dirichlet(np.ones(7), len(ids)).astype(np.float32)
        with transaction(db):
            insert_opinions(db, add_source(db, "noise", "npz", {}), ids, noise, None)
    with pytest.raises(scn.WorkspaceError, match=r"no more than by chance \(noise\); allowed: one that"):
        make_round_from_opinions(workspace)
    add_opinions(workspace)
    info = make_round_from_opinions(workspace)
    assert info.config["made_from_opinions"] == ["first", "second"]
    assert info.opinion_words == (
        "made from opinions of first, second, without training: there is no alpha "
        "(left out, agreeing with the labels no more than by chance: noise)"
    )
    with workspace.database(read_only=True) as db:
        assert not db.execute("SELECT 1 FROM score WHERE sample_id % 10 = 0").fetchall()  # of these noise alone speaks


def test_other_commands_say_that_it_has_no_network_and_which_round_has(
    made: Workspace, run: Run, tmp_path: Path
) -> None:
    asked = ("export-model", made.path, "--out", tmp_path / "model.pt2")
    found = "round 1, which was made from opinions and has no network; allowed: a round that was trained; "
    assert f"{found}train one first" in run(*asked).err
    add_round(made)
    assert f"{found}round 2 has one: --round 2" in run(*asked, "--round", 1).err
    out = tmp_path / "faces.csv"
    assert (
        f"{found}round 2 has one" in run("predict", made.path, "--pictures", tmp_path, "--out", out, "--round", 1).err
    )


def test_it_says_which_rounds_it_closes(made: Workspace, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    left = run("round", "from-opinions", made.path, "--no-close-earlier").err
    assert left.startswith("round 1 is in review with ")
    assert left.endswith("; it stays in review until a lead closes it\n")
    closed = run("round", "from-opinions", made.path).err
    for number in (1, 2):
        assert f"round {number} is in review with " in closed
        assert f"round {number} is closed: round 3 takes its place\n" in closed
    assert closed.count("--no-close-earlier leaves it open\n") == 2
    ws = scn.open(made.path)
    capsys.readouterr()
    ws.round_from_opinions(progress=False)
    assert capsys.readouterr().err == ""
    ws.round_from_opinions()
    said = capsys.readouterr().err
    assert said.startswith("round 4 is in review with ")
    assert said.endswith("round 4 is closed: round 5 takes its place\n")


def test_its_record_tells_which_opinions_it_was_made_with(made: Workspace) -> None:
    """Their numbers, which may be others under the same name, and what they counted."""
    with made.database() as db:
        first, second = get_round(db, 1).metrics["opinions"]
        faces = scores(db, 1)
        said = opinions_on(db, faces.sample_id).probabilities[1]
        with transaction(db):  # one number, and no likeliest class, is another
            other = said[said.argmax(axis=1) != 0][:1].astype("<f2")
            other[0, 0] = 0
            face = int(faces.sample_id[said.argmax(axis=1) != 0][0])
            where = "source_id = 2 AND sample_id = ?"
            db.execute(f"UPDATE opinion SET probabilities = ? WHERE {where}", (other.tobytes(), face))
    weights = opinion_weights(faces.start_label, [said])
    assert (second["name"], second["faces"], second["weight"]) == ("second", len(said), round(weights[0], 4))
    assert second["kappa"] == pytest.approx(second["weight"] ** 0.5, abs=1e-3)
    assert second["sha256"] == hashlib.sha256(said.astype("<f2").tobytes()).hexdigest()
    later = make_round_from_opinions(made).metrics["opinions"]
    assert later[0] == first
    assert later[1]["sha256"] != second["sha256"]
    assert later[1] | {"sha256": second["sha256"]} == second


def test_the_same_opinions_make_the_same_round(made: Workspace) -> None:
    assert make_round_from_opinions(made).id == 2
    columns = "sample_id, suspicion, margin, proposed_label, probabilities"
    with made.database(read_only=True) as db:
        tables = [
            db.execute(f"SELECT {columns} FROM score WHERE round_id = ? ORDER BY sample_id", (number,)).fetchall()
            for number in (1, 2)
        ]
    assert tables[0] == tables[1] != []
