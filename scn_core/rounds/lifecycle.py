"""How a round begins, how one that stopped goes on, and how its row says what became of it."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import NamedTuple

import torch
import torchvision
from sqlite_utils import Database

from scn_core import __version__, made_with
from scn_core.config import AmbiguousRule, ReviewSettings, TrainSettings, UnsureRule, still_options
from scn_core.errors import TrainingError, WorkspaceError
from scn_core.files import make_folder, write_text
from scn_core.records import RoundInfo
from scn_core.store.rounds import states as store
from scn_core.training.checkpoint import load_checkpoint
from scn_core.training.distributed import Team
from scn_core.workspace.folder import Workspace

_BEGAN = "began"
"""File of a round's folder, until the round has ended: when the database says that it began."""


@dataclass(frozen=True)
class New:
    """Begin a round in an empty folder, on the labels as of now."""

    settings: TrainSettings


@dataclass(frozen=True)
class Resume:
    """Go on with the newest round, which failed or was cancelled: its settings, its faces, its last whole epoch."""

    ask_room: bool | None = None
    """Whether to ask for room on the disk this time; None: as the round's settings say."""


@dataclass(frozen=True)
class FromJob:
    """Begin a round on the faces that a job brought: faces.npz in the round's folder. Nothing else in it is used."""

    settings: TrainSettings


Start = New | Resume | FromJob
"""What a call of `train_round` is to begin or go on with."""


def create_round(
    db: Database, settings: TrainSettings, review: ReviewSettings, missing: int, data: Mapping[str, str]
) -> int:
    """A new round in state running; its number.

    `missing`: faces left out for lack of a picture. `data`: from `data_of`.
    """
    reviewed = store.latest_finished_round(db)
    versions = {"torch": torch.__version__, "torchvision": torchvision.__version__} | made_with.versions()
    config = settings.as_dict() | {"unsure": review.unsure, "ambiguous": review.ambiguous} | versions
    config |= data
    config |= {"missing_faces": missing} if missing else {}
    parent = None if reviewed is None else reviewed.id
    return store.start_round(db, config, code_version=__version__, parent=parent)


def begin_folder(folder: Path, info: RoundInfo) -> None:
    """Makes the folder of a round, with its settings and a note of when it began.

    Done again where a round goes on: the program or the machine may have ended before there was a folder.
    """
    make_folder(folder)
    write_text(folder / "config.json", json.dumps(info.config, indent=2) + "\n")
    write_text(folder / _BEGAN, info.started_at)


def drop_beginning(folder: Path) -> None:
    """Removes the note of when the round began: a finished round is not gone on with."""
    (folder / _BEGAN).unlink(missing_ok=True)


class Unfinished(NamedTuple):
    """A round to go on with."""

    number: int
    settings: TrainSettings
    unsure: UnsureRule
    ambiguous: AmbiguousRule
    """The rules for unsure and for ambiguous faces it began with."""
    epochs: int
    """Whole epochs behind it."""


def unfinished_round(workspace: Workspace, db: Database) -> Unfinished:
    """The newest round, to be gone on with.

    Raises WorkspaceError unless it failed or was cancelled, UsageError where it used an option that was removed since.
    """
    newest = store.latest_round(db)
    if newest is None or newest.state not in ("failed", "cancelled"):
        state = "there is no round yet" if newest is None else f"round {newest.id} is in state {newest.state}"
        raise WorkspaceError(f"--resume: {state}; allowed: a failed or cancelled round; train without --resume")
    folder = workspace.round_folder(newest.id)
    _check_own(folder, newest)
    checkpoint = load_checkpoint(folder)
    options = {setting.name for setting in fields(TrainSettings)}
    source = f"--resume: round {newest.id}"
    given = {name: value for name, value in still_options(newest.config, source=source).items() if name in options}
    settings = TrainSettings.merged(given, source=source)
    unsure, ambiguous = (newest.config.get(rule, "given") for rule in ("unsure", "ambiguous"))  # before there were any
    return Unfinished(newest.id, settings, unsure, ambiguous, 0 if checkpoint is None else checkpoint.epoch)


def resume_round(db: Database, unfinished: Unfinished) -> None:
    """Sets it running again."""
    store.resume_round(db, unfinished.number, after_epoch=unfinished.epochs)


def _check_own(folder: Path, info: RoundInfo) -> None:
    """Refuses a folder in which another round of that number began. Older programs left no note of when."""
    note = folder / _BEGAN
    began = note.read_text(encoding="utf-8", errors="replace") if note.exists() else info.started_at
    if began != info.started_at:
        raise WorkspaceError(
            f"--resume: found files of another round {info.id} in {folder}: it began at {began}, that of the database "
            f"at {info.started_at}, as after a backup was put back; train without --resume"
        )


@contextmanager
def recording_outcome(db: Database, number: int, team: Team) -> Iterator[None]:
    """However the round ends, its row says so.

    torchrun ends the others with SIGTERM where one process of a team has failed: the round has failed then, for the
    reason that one gave, and TrainingError says so in place of KeyboardInterrupt.
    """
    try:
        yield
    except KeyboardInterrupt as error:
        with _undisturbed():
            failure, running = team.failure(), store.get_round(db, number).state == "running"
            if running and failure is not None:
                store.fail_round(db, number, failure)
            elif running:
                store.cancel_round(db, number, "stopped by hand; --resume continues it")
        if failure is not None:
            raise TrainingError(failure) from error
        raise
    except BaseException as error:
        with _undisturbed():
            if store.get_round(db, number).state == "running":
                store.fail_round(db, number, str(error) or type(error).__name__)
        raise


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Within, a signal to end waits: a second one must not keep the row from saying what became of the round."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
