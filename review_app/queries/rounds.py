"""What the page Rounds reads."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from typing import Literal

import streamlit as st
from sqlite_utils import Database

from review_app import trainer_process as trainer
from review_app.database import call, call_slow
from review_app.queries.workspace_state import SLOW_S
from review_app.settings import current
from review_app.trainer_process import Started
from scn_core.config import ReviewSettings, TrainSettings
from scn_core.errors import UsageError, counted
from scn_core.records import EpochReport, RoundInfo
from scn_core.rounds.compare import Comparison, compare
from scn_core.store.rounds import states as store_rounds
from scn_core.store.rounds.training_set import TrainingSet, training_set
from scn_core.workspace.status import why_no_training

_KEPT_S = 600
"""Scores of a round never change."""
_OF_ONE_ROUND = {"device", "precision", "threads", "close_earlier"}
"""Options that say nothing about the next round: it may be trained elsewhere, and begins with another one in review."""


Phase = Literal["idle", "starting", "running", "ending"]
"""starting: a trainer was begun from a page and has no round yet; ending: one is at work and no round runs, be it that
it has heard of its end, draws thumbnails, or was begun in a terminal a moment ago."""


@dataclass(frozen=True)
class Training:
    """What is being trained, or was last."""

    phase: Phase
    newest: RoundInfo | None
    epochs: tuple[EpochReport, ...]
    """Of the newest round."""
    failure: str | None = None
    """Why the trainer begun last ended before it came to a round."""
    tail: tuple[str, ...] = ()
    """The end of what the newest round's trainer, or one that is starting, wrote; empty for one of a terminal."""
    by: str | None = None
    """Who began it from a page."""

    @property
    def running(self) -> RoundInfo | None:
        """The round in training."""
        return self.newest if self.phase == "running" else None

    @property
    def unfinished(self) -> RoundInfo | None:
        """The round that could go on now. One that says it runs has lost its trainer."""
        newest = self.newest if self.phase == "idle" else None
        return newest if newest and newest.state in ("running", "failed", "cancelled") else None


def now() -> Training:
    """What is being trained, as it is at this moment."""
    workspace = current().workspace
    # In this order: a round that says it runs after nobody was found at work has no trainer any more.
    busy = trainer.at_work(workspace)
    newest, epochs = call(_newest)
    began = trainer.last_started(workspace)
    waited_for = began is not None and not _arrived(began, newest)
    phase: Phase = "idle"
    if busy:
        phase = "running" if newest and newest.state == "running" else "starting" if waited_for else "ending"
    its_own = began is not None and newest is not None and newest.id == began.after + (not began.resume)
    if began is None or not (waited_for or its_own):
        return Training(phase, newest, epochs)
    tail = trainer.log_tail(workspace)
    failure = trainer.error(tail) if waited_for and phase == "idle" else None
    return Training(phase, newest, epochs, failure, tuple(tail), began.by)


def _arrived(began: Started, newest: RoundInfo | None) -> bool:
    """Whether a trainer has come as far as its round."""
    if newest is None or newest.id < began.after + (not began.resume):
        return False
    before = began.resume and newest.id == began.after and newest.finished_at is not None
    return not (before and str(newest.finished_at) < began.at)


def to_train_on() -> TrainingSet:
    """What the next round would train on, at most SLOW_S old."""
    return _training_set(current().workspace_id)


def rules() -> ReviewSettings:
    """Table [review] of workspace.toml, as it is now."""
    return current().workspace.settings().review


def usual_settings() -> TrainSettings:
    """What a form begins with: workspace.toml, then what the newest trained round was trained with."""
    configured = current().workspace.settings().train
    newest = next((info for info in call(store_rounds.rounds) if info.opinion_words is None), None)
    known = {setting.name for setting in fields(TrainSettings)} - _OF_ONE_ROUND
    before = {name: value for name, value in (newest.config if newest else {}).items() if name in known}
    try:
        return TrainSettings.merged(before, configured)
    except UsageError:  # an option of another version of this program
        return TrainSettings.merged(configured)


def cannot_train() -> str | None:
    """Why no round can be trained by this installation; None: one can."""
    return why_no_training()


def problems(settings: TrainSettings, faces: int) -> dict[str, str]:
    """What does not go together, by the name of the option to change; empty where the round can be started."""
    found: dict[str, str] = {}
    if (reason := cannot_train()) is not None:
        found["training"] = reason
    if faces < 2:
        found["faces"] = f"found {faces} to train on; allowed: 2 or more; take back some of the exclusions"
    if settings.relabel == "auto" and settings.relabel_from >= settings.epochs:
        found["relabel_from"] = (
            f"found {settings.relabel_from}, which leaves no epoch to train on changed labels; allowed: less than the "
            f"{counted(settings.epochs, 'epoch')}"
        )
    if settings.weights not in (None, "imagenet") and not os.path.isfile(str(settings.weights)):  # noqa: PTH113 (names too long)
        found["weights"] = f"found no file {settings.weights}; allowed: none, imagenet, or a file on this server"
    return found


def comparison(first: int, second: int) -> Comparison:
    """Two rounds side by side."""
    return _comparison(current().workspace_id, first, second)


def _newest(db: Database) -> tuple[RoundInfo | None, tuple[EpochReport, ...]]:
    newest = store_rounds.latest_round(db)
    return newest, () if newest is None else tuple(store_rounds.epochs(db, newest.id))


@st.cache_data(ttl=SLOW_S, max_entries=4, show_spinner=False)
def _training_set(workspace_id: str) -> TrainingSet:
    return call_slow(training_set)


@st.cache_data(ttl=_KEPT_S, max_entries=8, show_spinner=False)
def _comparison(workspace_id: str, first: int, second: int) -> Comparison:
    return call_slow(lambda db: compare(current().workspace, db, first, second))
