"""The page Rounds: a lead starts, follows, cancels, resumes, closes and compares rounds."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from sqlite_utils import Database
from streamlit.testing.v1 import AppTest

from review_app import database
from review_app import trainer_process as trainer
from review_app.queries.rounds import problems
from review_app.settings import AppSettings
from review_app.trainer_process import Started
from scn_core.config import ReviewSettings, TrainSettings
from scn_core.records import Decision, QueueFilter
from scn_core.rounds.artifacts import write_predictions
from scn_core.store.decisions.record import record_decisions
from scn_core.store.people.people import ensure_person, set_role
from scn_core.store.queue.counts import queue_counts
from scn_core.store.queue.undecided import NOT_SENT, undecided_faces
from scn_core.store.reports.figures import doubt_bins
from scn_core.store.rounds import states as rounds
from scn_core.store.rounds.states import close_round, finish_round, get_round, latest_round, start_round
from scn_core.store.scores import score_columns
from scn_core.workspace.folder import Workspace
from scn_core.workspace.toml import change_table
from tests.review_app.browserless import NewVisitor, Visitor, grid, markup, person, words
from tests.review_app.test_trainer_process import ended
from tests.review_app.views.test_review_states import page_links, report
from tests.review_workspace import add_round, plausible_scores

Use = Callable[[Workspace], AppSettings]


def keys(app: AppTest, kind: str = "button") -> set[str]:
    return {str(element.key) for element in app.get(kind)}


def press(visitor: Visitor, key: str) -> AppTest:
    visitor.app.button(key=key).click()
    return visitor.run()


@contextmanager
def at_work(workspace: Workspace) -> Iterator[None]:
    """A trainer of a terminal, as far as a page can tell."""
    with workspace.training_lock():
        yield


@pytest.fixture
def broken(workspace: Workspace) -> Workspace:
    """`train` fails before there is a round, and without torch: its database is the folder's, its toml has a fault."""
    change_table(workspace.settings_file, "train", {"epoch": 3})
    return workspace


def one_more(db: Database) -> bool:
    newest = latest_round(db)
    return newest is not None and newest.id > 1


def second_round(db: Database, changed: dict[int, int], *, val_accuracy: float = 0.75, **config: Any) -> int:
    """Round 2 in review; `changed` are labels it began with, seen as the network sees them too."""
    scores = plausible_scores(db, proposals=30, low=10, seed=4)
    start, seen, proposed = scores.start_label.copy(), scores.predicted_label.copy(), scores.proposed_label.copy()
    for sample, label in changed.items():
        at = int(scores.sample_id.searchsorted(sample))
        start[at] = seen[at] = label
        proposed[at] = -1
    second = replace(scores, start_label=start, predicted_label=seen, proposed_label=proposed)
    number = start_round(db, {"epochs": 8, "image_size": 64} | config, code_version="1", parent=1)
    metrics = {"train_accuracy": 0.8, "val_accuracy": val_accuracy, "test_accuracy": None}
    metrics |= {"proposals": 30, "relabelled": 1234}
    finish_round(db, number, second, metrics, audit=4)
    return number


def test_it_is_for_leads(visitor: NewVisitor, workspace: Workspace) -> None:
    app = visitor("ann").open("rounds")
    assert "This page is for leads" in words(app)
    assert not app.button
    lead = visitor("lea", "lead")
    assert "rv-start" in keys(lead.open("rounds"))
    lose_role(lead)
    app = press(lead, "rv-start")
    assert "allowed: a lead" in words(app), "the role counts when the button is pressed"
    assert trainer.last_started(workspace) is None


def lose_role(lead: Visitor) -> None:
    assert lead.person is not None
    database.call_write(set_role, lead.person.id, "annotator")


def test_the_form_begins_with_the_file_then_the_newest_round(visitor: NewVisitor, workspace: Workspace) -> None:
    change_table(workspace.settings_file, "train", {"epochs": 40, "weights": "imagenet", "lr": 0.02})
    lead = visitor("lea", "lead")
    app = lead.open("rounds")
    assert app.number_input(key="rv-train-epochs").value == 40, "workspace.toml"
    assert app.number_input(key="rv-train-image_size").value == 64, "round 1"
    assert app.number_input(key="rv-train-batch_size").value == TrainSettings().batch_size, "neither"
    assert app.selectbox(key="rv-train-weights").value == "imagenet"
    shown = keys(app, "number_input") | keys(app, "selectbox") | keys(app, "checkbox") | keys(app, "radio")
    assert "rv-train-lr" not in shown
    assert "rv-train-relabel_from" not in shown, "of mode auto alone"
    assert "workspace.toml and in the round before (--lr 0.02), or their defaults." in words(app)
    assert "Audit faces among them are asked about without theirs" in words(lead.open("rounds", show="all-rounds"))


def test_what_does_not_go_together_is_told_beside(visitor: NewVisitor) -> None:
    lead = visitor("lea", "lead")
    app = lead.open("rounds")
    assert not app.button(key="rv-start").disabled
    app.selectbox(key="rv-train-relabel").set_value("auto")
    app = lead.run()
    app.number_input(key="rv-train-epochs").set_value(8)
    app.number_input(key="rv-train-relabel_from").set_value(8)
    app = lead.run()
    assert "allowed: less than the 8 epochs" in words(app)
    assert app.button(key="rv-start").disabled
    app.number_input(key="rv-train-relabel_from").set_value(7)
    assert not lead.run().button(key="rv-start").disabled


def test_without_torch_no_training_is_offered(visitor: NewVisitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scn_core.workspace.status.find_spec", lambda name: None)
    lead = visitor("lea", "lead")
    database.call_write(start_round, {"epochs": 30}, code_version="1")
    app = lead.open("rounds")
    assert app.button(key="rv-start").disabled
    assert app.button(key="rv-resume").disabled
    assert "found no torch, as in an installation for reviewing alone; allowed: an installation with torch" in words(
        app
    )


def test_what_is_changed_just_before_the_click_counts(visitor: NewVisitor, workspace: Workspace) -> None:
    lead = visitor("lea", "lead")
    app = lead.open("rounds")
    app.selectbox(key="rv-train-relabel").set_value("auto")
    app.number_input(key="rv-train-epochs").set_value(8)
    press(lead, "rv-start")  # the page has not been drawn anew with them
    assert trainer.last_started(workspace) is None, "10 is the epoch after which labels change"


def test_problems_name_the_option() -> None:
    assert problems(TrainSettings(), 2) == {}
    assert problems(TrainSettings(weights="imagenet"), 2) == {}
    assert problems(TrainSettings(relabel_from=40), 2) == {}, "of mode auto alone"
    assert problems(TrainSettings(), 1).keys() == {"faces"}
    for file in ("/no/such/file.pt", "/tmp" + "x" * 300):
        assert problems(TrainSettings(weights=file), 2).keys() == {"weights"}


def test_it_says_what_the_round_would_train_on(visitor: NewVisitor, workspace: Workspace) -> None:
    with workspace.database() as db:
        scores = score_columns(db, 1)
        ids, labels = scores.sample_id.tolist(), scores.start_label.tolist()
        said = [("relabel", (labels[0] + 1) % 7), ("keep", labels[1]), ("exclude", None), ("unsure", None)]
        ensure_person(db, "bob")
        record_decisions(
            db,
            [
                Decision(str(uuid.uuid4()), 1, face, "bob", action, label)  # type: ignore[arg-type]
                for face, (action, label) in zip(ids, said, strict=False)
            ],
        )
    lead = visitor("lea", "lead")
    app = lead.open("rounds")
    shown = {metric.label: metric.value for metric in app.metric}
    assert shown == {
        "Labels people changed": "1", "Labels they confirmed": "1", "Excluded": "1", "Unsure": "1",
        "Answered, not decided": "0",
    }  # fmt: skip
    assert f"Round 2 would train on {len(ids) - 1:,} faces" in words(app)
    assert "Unsure faces are trained on under the given label" in words(app)
    workspace.write_review(ReviewSettings(unsure="leave_out"))
    app = lead.run()
    assert f"Round 2 would train on {len(ids) - 2:,} faces" in words(app)
    assert "Unsure faces are left out" in words(app)


def test_a_trainer_that_fails_at_once_says_why(visitor: NewVisitor, workspace: Workspace) -> None:
    lead = visitor("lea", "lead")
    lead.open("rounds")
    change_table(workspace.settings_file, "train", {"epoch": 3})  # read by the trainer anew
    app = press(lead, "rv-start")
    ended(workspace)
    app = lead.run()
    assert "The trainer ended before there was a round to follow" in words(app)
    assert "found option 'epoch'; allowed:" in words(app)
    assert "No round can be started before this is corrected" in words(app)
    assert not database.call(one_more)


def test_a_failure_is_forgotten_when_a_round_begins_elsewhere(visitor: NewVisitor, broken: Workspace) -> None:
    trainer_of(broken, after=1, resume=False)
    lead = visitor("lea", "lead")
    assert "The trainer ended before there was a round to follow" in words(lead.open("rounds"))
    database_round(broken, "the disk is full")
    app = lead.run()
    assert "The trainer ended before" not in words(app)
    assert "the disk is full" in words(app)


def test_a_resumption_that_failed_says_why(visitor: NewVisitor, workspace: Workspace) -> None:
    number = database_round(workspace, "the disk is full")
    with workspace.database() as db, db.conn:  # long ago: that is not for a clock of milliseconds to tell
        db.execute("UPDATE round SET finished_at = '2026-01-01T00:00:00.000Z' WHERE id = ?", (number,))
    trainer_of(workspace, after=number, resume=True)
    app = visitor("lea", "lead").open("rounds")
    assert "The trainer ended before there was a round to follow" in words(app)
    assert "no such *checkpoint*" in words(app)
    with workspace.database() as db:  # it went on after all, and failed later
        rounds.resume_round(db, number)
        rounds.fail_round(db, number, "the disk is full again")
    app = visitor("lea", "lead").open("rounds")
    assert "The trainer ended before" not in words(app)
    assert "the disk is full again" in words(app)


def trainer_of(workspace: Workspace, *, after: int, resume: bool) -> None:
    """What one that was begun from a page, and failed, has left."""
    (workspace.path / "trainer.log").write_text("error: no such *checkpoint*\n", encoding="utf-8")
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    began = Started(pid=1, by="lea", at=now, after=after, resume=resume)
    (workspace.path / "trainer.json").write_text(json.dumps(asdict(began)), encoding="utf-8")


def test_a_round_at_work_is_followed_and_cancelled(visitor: NewVisitor, workspace: Workspace) -> None:
    lead = visitor("lea", "lead")
    with at_work(workspace):
        config = TrainSettings(relabel="auto", epochs=30).as_dict()
        number = database.call_write(start_round, config, code_version="1")
        app = lead.open("rounds")
        assert "Round 2 (auto) is training" in words(app)
        assert "rv-start" not in keys(app)
        for epoch in (1, 2):
            database.call_write(rounds.record_epoch, number, replace(report(epoch), relabelled=17))
        app = lead.run()
        assert "epoch 2 of 30" in app.get("progress")[0].proto.text
        assert "labels changed by the network during training, 17; none of it is kept" in words(app)
        assert len(app.get("plotly_chart")) == 3
        assert '<progress value="2" max="30"' in markup(app), "in the menu"
        press(lead, "rv-cancel")
        info = database.call(get_round, number)
        assert (info.state, info.message) == ("cancelled", "cancelled by lea")
        assert "A trainer is at work, but no round is in training" in words(lead.run()), "it has not heard of it yet"
    app = lead.run()
    assert "Round 2 (auto) was cancelled" in words(app)
    assert "2 of 30 epochs are done" in words(app)
    assert {"rv-resume", "rv-start"} <= keys(app)


def test_a_round_whose_trainer_is_no_more_is_resumed(visitor: NewVisitor, broken: Workspace) -> None:
    lead = visitor("lea", "lead")
    database.call_write(start_round, {"epochs": 30}, code_version="1")
    app = lead.open("rounds")
    assert "Round 2 has stopped" in words(app)
    assert "Its trainer is no more" in words(app), "at once: nobody holds the lock"
    press(lead, "rv-resume")
    ended(broken)
    began = trainer.last_started(broken)
    assert began is not None
    assert (began.by, began.after, began.resume) == ("lea", 2, True)


def test_a_second_start_is_refused_whoever_was_first(
    visitor: NewVisitor, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trainer, "ENDING_S", 0.2)
    lead = visitor("lea", "lead")
    lead.open("rounds")
    with at_work(workspace):
        app = press(lead, "rv-start")
    assert "a trainer is at work here already, started from a page or in a terminal" in words(app)
    assert trainer.last_started(workspace) is None


def waiting() -> int:
    return database.call(queue_counts, 1, person("lea").id, QueueFilter()).matching


def test_several_readings_of_a_face_are_one_face_to_review(
    visitor: NewVisitor, use_workspace: Use, empty: Workspace
) -> None:
    add_round(empty, review=ReviewSettings(readings=3))
    use_workspace(empty)
    lead = visitor("lea", "lead")
    record = [Decision(str(uuid.uuid4()), 1, face, "lea", "unsure") for (face,) in database.call(queued)[:2]]
    database.call_write(record_decisions, record)
    faces = len(database.call(queued))
    assert f"Round 1 is in review: {faces} faces to review (" in words(lead.open("rounds"))
    shown = lead.open("review")
    assert shown.selectbox(key="rv-filter-state").options[0] == "To review"
    metrics = {metric.label: metric.value for metric in lead.open("my_work").metric}
    assert (metrics["Faces today"], metrics["Faces to review"]) == ("2", str(faces - 2))


def queued(db: Database) -> list[tuple[int]]:
    return list(db.execute("SELECT DISTINCT sample_id FROM queue_item WHERE listed = 1 ORDER BY 1"))


def test_a_round_is_closed_after_one_more_click(visitor: NewVisitor) -> None:
    lead = visitor("lea", "lead")
    app = lead.open("rounds")
    left = database.call(undecided_faces, 1)
    assert left.to_review == waiting()
    assert f"Round 1 is in review: {left}." in words(app)
    app = press(lead, "rv-close-1")
    assert f"Closing round 1 ends its review for good, with {left}. They keep the label they have" in words(app)
    assert f"answers can no longer be changed or taken back. {NOT_SENT}" in words(app)
    press(lead, "rv-close-not")
    assert database.call(get_round, 1).state == "review"
    press(lead, "rv-close-1")
    app = press(lead, "rv-close-now")
    assert database.call(get_round, 1).state == "closed"
    assert "is in review" not in words(app)
    assert {"Round 1 is closed", f"It ended with {left.at_the_end}."} <= set(words(app).splitlines())


def test_a_start_says_what_becomes_of_the_round_in_review(visitor: NewVisitor, workspace: Workspace) -> None:
    lead = visitor("lea", "lead")
    app = lead.open("rounds")
    left = database.call(undecided_faces, 1)
    assert app.radio(key="rv-train-close_earlier").label == "When round 2 ends, the review of round 1"
    assert app.radio(key="rv-train-close_earlier").options == ["ends", "goes on until a lead closes it"]
    assert any(f"it would end with {left}, which keep the label they have" in text.value for text in app.text)
    assert app.radio(key="rv-train-close_earlier").value is True
    change_table(workspace.settings_file, "train", {"close_earlier": False})
    assert lead.open("rounds").radio(key="rv-train-close_earlier").value is False
    database.call_write(close_round, 1)
    assert "rv-train-close_earlier" not in keys(lead.open("rounds"), "radio"), "there is nothing to close"


def test_a_round_that_came_out_worse_is_marked_and_the_earlier_one_goes_on(visitor: NewVisitor) -> None:
    def finish(db: Database) -> None:
        db.execute("UPDATE round SET metrics = json_set(metrics, '$.val_accuracy', 0.859) WHERE id = 1")
        second_round(db, {}, val_accuracy=0.286)

    database.call_write(finish)
    lead = visitor("lea", "lead")
    worse = "came out worse than round 1: validation 85.9% to 28.6%, -57.3 points"
    app = lead.open("rounds", show="all-rounds")
    assert words(app).count(worse) == 2, "where it is in review, and in the list"
    assert json.loads(grid(lead.open())[0].proto.json)[0]["round"] == 1, "people go on with the earlier one"
    lead.open("rounds")
    press(lead, "rv-close-2")
    app = press(lead, "rv-close-now")
    assert [database.call(get_round, number).state for number in (1, 2)] == ["review", "closed"]
    assert worse not in words(app)


def test_a_lead_no_more_changes_no_rules(visitor: NewVisitor, workspace: Workspace) -> None:
    lead = visitor("lea", "lead")
    lead.open("rounds", show="rules-of-review")
    lead.app.number_input(key="rv-rules-readings").set_value(3)
    lead.run()
    lose_role(lead)
    assert "allowed: a lead" in words(press(lead, "rv-rules-save"))
    assert workspace.settings().review == ReviewSettings()


def test_a_lead_no_more_closes_no_round(visitor: NewVisitor) -> None:
    lead = visitor("lea", "lead")
    lead.open("rounds")
    press(lead, "rv-close-1")
    lose_role(lead)
    assert "allowed: a lead" in words(press(lead, "rv-close-now"))
    assert database.call(get_round, 1).state == "review"


def test_a_lead_no_more_cancels_and_resumes_nothing(visitor: NewVisitor, workspace: Workspace) -> None:
    lead = visitor("lea", "lead")
    database.call_write(start_round, {"epochs": 30}, code_version="1")
    with at_work(workspace):
        lead.open("rounds")
        lose_role(lead)
        assert "allowed: a lead" in words(press(lead, "rv-cancel"))
    assert database.call(get_round, 2).state == "running"
    assert lead.person is not None
    database.call_write(set_role, lead.person.id, "lead")
    lead.run()
    lose_role(lead)
    assert "allowed: a lead" in words(press(lead, "rv-resume"))
    assert trainer.last_started(workspace) is None


def test_rules_are_written_into_the_file(visitor: NewVisitor, workspace: Workspace) -> None:
    lead = visitor("lea", "lead")
    app = lead.open("rounds", show="rules-of-review")
    assert app.button(key="rv-rules-save").disabled
    unsure = app.selectbox(key="rv-rules-unsure")
    assert unsure.options[1] == "not trained on", "no word of the file"
    app.number_input(key="rv-rules-readings").set_value(2)
    lead.run()
    app.selectbox(key="rv-rules-unsure").set_value("soften")  # just before the click: the page is not drawn anew
    app = press(lead, "rv-rules-save")
    assert workspace.settings().review == ReviewSettings(readings=2, unsure="soften")
    assert "Saved in workspace.toml." in words(app)


def test_two_rounds_are_compared(visitor: NewVisitor, workspace: Workspace) -> None:
    lead = visitor("lea", "lead")
    app = lead.open("rounds", show="compare")
    assert "Two rounds have to be trained to the end" in words(app)
    with workspace.database() as db:
        first = score_columns(db, 1)
        cured = int(first.sample_id[0])
        second_round(db, {cured: (int(first.start_label[0]) + 1) % 7}, relabel="auto")
        held_out = np.array([row[0] for row in db.execute("SELECT id FROM sample WHERE split = 'test' ORDER BY id")])
    for number in (1, 2):
        workspace.round_folder(number).mkdir(exist_ok=True)
        write_predictions(workspace.round_folder(number), held_out, held_out % 7, (held_out % 7) * (number - 1))
    app = lead.open("rounds", show="compare")
    assert "1 label changed between them" in words(app)
    assert "Cured: 1" in words(app)
    assert f'href="/samples?sample={cured}"' in markup(app)
    assert "Round 2, auto: labels changed by the network during training, 1,234; none" in words(app)
    assert "of 1 face with a corrected label rank" in words(app)
    assert f"Of {len(held_out)} faces of test that both rounds were asked about, the later one alone gets" in words(app)
    assert len(app.get("plotly_chart")) == 3
    app = lead.open("rounds", show="compare", first="2", second="1")
    assert "1 label changed between them" in words(app), "the earlier one first"


def test_all_rounds_are_listed(visitor: NewVisitor, workspace: Workspace) -> None:
    with workspace.database() as db:
        close_round(db, 1)
        second_round(db, {}, relabel="auto")
    lead = visitor("lea", "lead")
    app = lead.open("rounds", show="all-rounds")
    assert 'href="/?round=2" class="rv-whole">Round 2 (auto)</a>' in markup(app)
    assert {"80.0%", "75.0%", "review", "closed"} <= set(words(app).splitlines())
    assert page_links(app) == ["Review it"]
    assert "by heart" not in words(app), "a round of an older version does not say"
    with workspace.database() as db:
        db.execute(
            "UPDATE round SET metrics = json_set(metrics, '$.learned_by_heart', 'by heart from 6 on', "
            "'$.few_faces', 'trained on 9 faces') WHERE id = 2"
        )
    shown = words(lead.open("rounds", show="all-rounds"))
    assert "Round 2, by heart from 6 on" in shown
    assert "Round 2, trained on 9 faces" in shown


def test_the_two_kinds_of_doubt_of_the_newest_round(visitor: NewVisitor, workspace: Workspace) -> None:
    with workspace.database(read_only=True) as db:
        faces = doubt_bins(db, 1).sum(0)
    app = visitor("lea", "lead").open("rounds", show="all-rounds")
    assert f"{faces[1]} faces likely mislabelled" in words(app)
    assert f"{faces[2]} ambiguous" in words(app)
    assert min(faces[1:]) > 0
    assert len(app.get("plotly_chart")) == 1


def test_messages_of_a_trainer_stay_text(visitor: NewVisitor, workspace: Workspace) -> None:
    number = database_round(workspace, "no face; *correct* <b>the</b> data set")
    app = visitor("lea", "lead").open("rounds")
    assert f"Round {number} failed" in words(app)
    assert "no face; *correct* <b>the</b> data set" in words(app)
    assert "<b>the" not in markup(app)


def database_round(workspace: Workspace, message: str) -> int:
    with workspace.database() as db:
        number = start_round(db, {"epochs": 3}, code_version="1")
        rounds.fail_round(db, number, message)
        return number
