"""What the next round makes of people's decisions: real rounds on drawn faces."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any, get_args

import numpy as np
import pytest

from scn_core.config import RelabelMode
from scn_core.records import Decision, RoundInfo, RoundScores
from scn_core.rounds.compare import compare
from scn_core.rounds.lifecycle import New, Resume
from scn_core.rounds.train import train_round
from scn_core.store.decisions.record import record_decisions
from scn_core.store.people.people import ensure_person
from scn_core.store.queue.undecided import undecided_faces
from scn_core.store.rounds import states as store
from scn_core.store.rounds.better_round import AGAINST
from scn_core.store.samples import iter_samples
from scn_core.store.scores import scores
from scn_core.workspace.folder import Workspace
from tests.scn_core.conftest import Recorder, settings


def train(workspace: Workspace, **changes: Any) -> RoundInfo:
    return train_round(workspace, New(settings(**changes)), Recorder())


def scores_of(workspace: Workspace, number: int = 1) -> RoundScores:
    with workspace.database(read_only=True) as db:
        return scores(db, number)


def answer(workspace: Workspace, answers: Mapping[int, tuple[Any, int | None]], *, round_id: int = 1) -> None:
    with workspace.database() as db:
        ensure_person(db, "ann")
        record_decisions(db, [Decision(str(uuid.uuid4()), round_id, i, "ann", *said) for i, said in answers.items()])


def queued(workspace: Workspace, number: int) -> dict[str, set[int]]:
    """Kind -> faces."""
    with workspace.database(read_only=True) as db:
        rows = db.execute("SELECT kind, sample_id FROM queue_item WHERE round_id = ?", (number,)).fetchall()
    return {kind: {i for k, i in rows if k == kind} for kind in ("proposal", "low_importance", "suspicious", "audit")}


def given_of(workspace: Workspace) -> dict[int, int]:
    with workspace.database(read_only=True) as db:
        return {s.id: s.sample.given_label for s in iter_samples(db) if s.sample.split == "train"}


def by_face(found: RoundScores, column: str) -> dict[int, int]:
    return dict(zip(found.sample_id.tolist(), getattr(found, column).tolist(), strict=True))


def test_a_round_closes_the_one_before_only_where_it_is_to(reviewed: Workspace) -> None:
    watcher = Recorder()
    train_round(reviewed, New(settings(epochs=1, close_earlier=False)), watcher)
    with reviewed.database() as db:
        assert [store.get_round(db, number).state for number in (1, 2)] == ["review", "review"]
        left = undecided_faces(db, 1)
        compared = {each.split: each for each in compare(reviewed, db, 1, 2).accuracy}
        kept = store.get_round(db, 2).metrics[AGAINST]
    assert f"round 1 is in review with {left}; it stays in review until a lead closes it" in watcher.messages
    assert {name: getattr(compared["val"], name) for name in kept["1"]} == kept["1"], "what decides is what is shown"


def use(workspace: Workspace, rule: str) -> None:
    text = workspace.settings_file.read_text(encoding="utf-8")
    lines = [f'unsure = "{rule}"' if line.startswith("unsure") else line for line in text.splitlines()]
    workspace.settings_file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_decisions_make_the_labels_of_the_next_round(reviewed: Workspace) -> None:
    found, given = scores_of(reviewed), given_of(reviewed)
    accepted = int(found.sample_id[found.proposed_label >= 0][0])
    proposal = by_face(found, "proposed_label")[accepted]
    excluded, relabelled, kept, unsure = [i for i in given if i != accepted][:4]
    other = (given[relabelled] + 1) % 7
    answer(
        reviewed,
        {
            accepted: ("accept", proposal),
            excluded: ("exclude", None),
            relabelled: ("relabel", other),
            kept: ("keep", given[kept]),
            unsure: ("unsure", None),
        },
    )
    second = train(reviewed, relabel="off")
    assert (second.id, second.parent, second.state) == (2, 1, "review")
    after = scores_of(reviewed, 2)
    wanted = {i: label for i, label in given.items() if i != excluded} | {accepted: proposal, relabelled: other}
    assert by_face(after, "start_label") == by_face(after, "trained_label") == wanted
    assert given_of(reviewed) == given
    with reviewed.database(read_only=True) as db:
        assert store.get_round(db, 1).state == "closed"
    assert scores_of(reviewed).start_label.tolist() == found.start_label.tolist()


@pytest.mark.parametrize("mode", get_args(RelabelMode))
def test_what_nobody_answered_changes_no_label(workspace: Workspace, mode: RelabelMode) -> None:
    """Neither proposals nor what mode auto trained on leave their round, whatever the mode of the next."""
    first = train(workspace, relabel=mode, relabel_from=1, margin_relabel=0.0, weighting_from=0.9, proposals="paper")
    found, given = scores_of(workspace), given_of(workspace)
    assert (first.metrics["proposals"] > 0) == (mode != "off")
    assert (found.trained_label != found.start_label).any() == (mode == "auto")
    (face,) = found.sample_id[:1].tolist()
    answer(workspace, {face: ("relabel", (given[face] + 2) % 7)})
    train(workspace, relabel="auto", relabel_from=2, epochs=1)
    after = scores_of(workspace, 2)
    wanted = given | {face: (given[face] + 2) % 7}
    assert by_face(found, "start_label") == given
    assert by_face(after, "start_label") == by_face(after, "trained_label") == wanted


def test_a_cured_face_comes_back_where_the_next_round_doubts_it(workspace: Workspace) -> None:
    """Doubt is measured against the label people decided on; what they turned down is not proposed again."""
    train(workspace, margin_relabel=0.0, beta=0.01, proposals="paper")
    first = scores_of(workspace)
    asked = first.sample_id[first.proposed_label >= 0].tolist()
    proposed, start = by_face(first, "proposed_label"), by_face(first, "start_label")
    kept, cured, relabelled, unsure = asked[::4], asked[1::4], asked[2::4], asked[3::4]
    elsewhere = {i: next(c for c in range(7) if c not in (start[i], proposed[i])) for i in relabelled}
    answers: dict[int, tuple[Any, int | None]] = {i: ("keep", start[i]) for i in kept}
    answers |= {i: ("accept", proposed[i]) for i in cured}
    answers |= {i: ("relabel", elsewhere[i]) for i in relabelled} | dict.fromkeys(unsure, ("unsure", None))
    answer(workspace, answers)
    train(workspace, margin_relabel=0.0, beta=0.01, proposals="paper")
    second = scores_of(workspace, 2)
    labels = start | {i: proposed[i] for i in cured} | elsewhere
    assert by_face(second, "start_label") == labels
    began = np.array(list(labels.values()))
    assert np.array_equal(second.p_given, second.probabilities[np.arange(len(began)), began])
    turned_down = {i: proposed[i] for i in (*kept, *relabelled)}
    predicted = by_face(second, "predicted_label")
    doubted = set(second.sample_id[second.low_importance & (second.margin > 0)].tolist())
    again = {i for i in doubted if turned_down.get(i) != predicted[i]}
    assert set(second.sample_id[second.proposed_label >= 0].tolist()) == again
    assert again & {*kept, *cured, *relabelled}, "no decided face is doubted: this test says nothing"
    assert again < doubted, "nothing was turned down: this test says nothing"
    settled = {*kept, *cured, *relabelled}
    queue = queued(workspace, 2)
    assert queue["proposal"] == again
    low = set(second.sample_id[second.low_importance].tolist())
    assert queue["low_importance"] == low - again - settled
    assert settled & low - again


@pytest.mark.parametrize("rule", ["given", "leave_out", "soften"])
def test_faces_nobody_can_tell_are_trained_on_by_the_rule(reviewed: Workspace, rule: str) -> None:
    given = given_of(reviewed)
    unsure = list(given)[::3]
    answer(reviewed, dict.fromkeys(unsure, ("unsure", None)))
    use(reviewed, rule)
    info = train(reviewed, epochs=1, audit_samples=0)
    after = scores_of(reviewed, 2)
    wanted = {i: label for i, label in given.items() if rule != "leave_out" or i not in unsure}
    assert by_face(after, "start_label") == by_face(after, "trained_label") == wanted
    config = json.loads((reviewed.round_folder(2) / "config.json").read_text(encoding="utf-8"))
    assert config["unsure"] == info.config["unsure"] == info.review["unsure"] == rule
    with np.load(reviewed.round_folder(2) / "faces.npz") as faces:
        softness = dict(zip(faces["sample_id"].tolist(), faces["softness"].tolist(), strict=True))
    assert softness == {i: 0.5 if rule == "soften" and i in unsure else 0.0 for i in wanted}


def test_a_round_that_goes_on_keeps_its_rule(reviewed: Workspace) -> None:
    """Even one stopped before it had fixed its faces."""
    gone = int(scores_of(reviewed).sample_id[0])
    answer(reviewed, {gone: ("unsure", None)})
    use(reviewed, "leave_out")
    with reviewed.database() as db:
        config = settings(epochs=1).as_dict() | {"unsure": "leave_out"}
        store.cancel_round(db, store.start_round(db, config, code_version="1"))
    reviewed.round_folder(2).mkdir()
    use(reviewed, "given")
    info = train_round(reviewed, Resume(), Recorder())
    assert (info.id, info.config["unsure"], info.review["unsure"]) == (2, "leave_out", "leave_out")
    assert gone not in scores_of(reviewed, 2).sample_id


def test_softened_faces_are_trained_on_otherwise(reviewed: Workspace) -> None:
    answer(reviewed, dict.fromkeys(list(given_of(reviewed))[::3], ("unsure", None)))
    losses: list[float] = []
    for rule in ("given", "soften", "given"):
        use(reviewed, rule)
        train(reviewed, epochs=1, audit_samples=0)
        with reviewed.database(read_only=True) as db:
            losses += [report.loss for report in store.epochs(db, 2 + len(losses))]
    assert losses[0] == losses[2] != losses[1]
