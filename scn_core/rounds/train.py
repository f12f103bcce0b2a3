"""A round from beginning to end; the only place that knows the order of its steps.

effective labels -> pixels -> train -> clean pass -> neighbours -> thumbnails -> scores, proposals and queue in one
transaction -> review
"""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from sqlite_utils import Database

from scn_core.class_names import ClassVocabulary
from scn_core.config import ReviewSettings, SoftLabels, TrainSettings
from scn_core.datasets.pixels import NAMED, Pictures, faces_to_decode, look_for_pictures, pixel_cache
from scn_core.disk import naming_full_disk
from scn_core.errors import DataError, TrainingError, WorkspaceError, counted, error_text, listed
from scn_core.records import BoolArray, EpochReport, IntArray, PixelArray, RoundInfo, RoundScores
from scn_core.rounds.artifacts import round_file_hashes
from scn_core.rounds.compare_accuracy import validation_against
from scn_core.rounds.disk_space import RoundSize, ask_for_room
from scn_core.rounds.distributed_worker import tell_followers
from scn_core.rounds.earlier import say_what_was_done, say_what_will_be
from scn_core.rounds.inputs import FACES, RoundFaces, data_of, faces_now, fix_faces, stored_faces
from scn_core.rounds.lifecycle import (
    FromJob,
    New,
    Resume,
    Start,
    begin_folder,
    create_round,
    drop_beginning,
    recording_outcome,
    resume_round,
    unfinished_round,
)
from scn_core.rounds.network import save_network
from scn_core.rounds.opinions_used import opinions_used
from scn_core.rounds.score_and_propose import score_faces
from scn_core.rounds.training_outputs import round_metrics, save_features, save_held_out_features, save_neighbours
from scn_core.scn.memorising import describe_memorising
from scn_core.scn.model import SelfCureNetwork, build_model
from scn_core.scn.suspicion import describe_few_faces
from scn_core.shell import command_line
from scn_core.store.check import require_sound_now
from scn_core.store.connection import snapshot
from scn_core.store.opinions import opinions_on
from scn_core.store.queue.build_queue import plan_queue
from scn_core.store.rounds import states as store
from scn_core.store.rounds.better_round import AGAINST
from scn_core.store.samples import AllSamples, classes, samples_among, withdrawn_samples
from scn_core.training.check import check_training
from scn_core.training.checkpoint import drop_checkpoint
from scn_core.training.collapse import collapse_warning
from scn_core.training.data import StepReport, TrainingData
from scn_core.training.device import choose_compute, putting_threads_back, use_threads
from scn_core.training.distributed import ALONE, Team, within_memory
from scn_core.training.loop import Training
from scn_core.training.neighbours import unit_features
from scn_core.workspace.backup.make import backup_after_round
from scn_core.workspace.folder import Workspace
from scn_core.workspace.thumbnails import write_thumbnails

_HEARTBEAT_S = 5
"""How soon a round that was cancelled from elsewhere ends."""


class Watcher(Protocol):
    """Who follows a round; the command line draws bars from it."""

    def message(self, text: str) -> None:
        """Something worth reading now."""

    def decoded(self, faces: int, total: int) -> None:
        """`faces` more of `total` pictures are in the pixel cache."""

    def thumbnails(self, faces: int, total: int) -> None:
        """`faces` more of `total` thumbnails are in thumbs.db."""

    def step(self, report: StepReport, epochs: int) -> None:
        """Where the current epoch is, about twice a second."""

    def epoch(self, report: EpochReport, epochs: int) -> None:
        """An epoch is done, and in the database."""


def train_round(workspace: Workspace, start: Start, watcher: Watcher, *, team: Team = ALONE) -> RoundInfo:
    """Trains a round and leaves it in review, its scores and proposals in the database.

    The first process of a team does that; the others call `follow_round` meanwhile.

    A round that begins begins in an empty folder: what lies there is set aside, and the watcher is told where.
    Ctrl-C (KeyboardInterrupt) marks the round as cancelled and passes through; any error marks it as failed. Both can
    be resumed. While another program writes to the database the round waits, as long as it takes, and says so.

    Raises WorkspaceError while another trainer is at work, or where there is nothing to resume, and DiskFullError where
    the disk has no room for the round.
    """
    with workspace.training_lock(), putting_threads_back(), workspace.database(on_wait=watcher.message) as db:
        require_sound_now(db)
        store.mark_dead_round_failed(db)
        review = workspace.settings().review  # now: hours later the file may be half edited
        unfinished = None
        if isinstance(start, Resume):
            unfinished = unfinished_round(workspace, db)
            asks = unfinished.settings.ask_room if start.ask_room is None else start.ask_room
            settings = replace(unfinished.settings, ask_room=asks)
            review = replace(review, unsure=unfinished.unsure, ambiguous=unfinished.ambiguous)
        else:
            settings = start.settings
        settings = _with_threads(settings, watcher, resumed=unfinished is not None)
        # Before the round begins: a wrong option then leaves no failed round in the way of an unfinished one.
        choose_compute(settings, team.local_rank)
        model = build_model(settings, len(classes(db)), afresh=unfinished is None or unfinished.epochs == 0)
        number = store.next_number(db) if unfinished is None else unfinished.number
        folder = workspace.round_folder(number)
        with snapshot(db):
            data = {} if isinstance(start, FromJob) else data_of(db)  # of a job: its home says
            faces = _faces(start, folder, db, review, settings.soft_labels)
        pictures, faces, missing = _with_pictures(workspace, db, start, settings, faces)
        check_training(settings, len(faces.rows), team)
        decode = faces_to_decode(workspace.pixels, settings.image_size, pictures, faces.wanted(len(pictures.marks)))
        held_out = len(faces.val_rows) + len(faces.test_rows)
        size = RoundSize(decode, len(faces.rows), held_out, len(classes(db)), model)
        ask_for_room(workspace.pixels, folder, settings, size)
        if unfinished is None:
            aside = workspace.set_aside(number, keep=FACES if isinstance(start, FromJob) else None)
            if aside is not None:
                watcher.message(
                    f"round {number}: {folder} held files of a round that the database does not know; now in {aside}"
                )
            number = create_round(db, settings, review, missing, data)
        else:
            resume_round(db, unfinished)
        with recording_outcome(db, number, team), within_memory(), naming_full_disk(folder):
            begin_folder(folder, store.get_round(db, number))
            _Job(workspace, db, number, settings, review, watcher, team).run(faces, model, pictures, start)
        return store.get_round(db, number)


def _with_threads(settings: TrainSettings, watcher: Watcher, *, resumed: bool) -> TrainSettings:
    """The settings with the number of threads, which torch has from here on; the round's record keeps it."""
    usual = use_threads(0)
    threads = use_threads(settings.threads)
    if resumed and threads != usual:
        watcher.message(
            f"--resume: {counted(threads, 'thread')}, as the round began with; OMP_NUM_THREADS, or the cores that are "
            f"free now, would give it {usual:,}"
        )
    return replace(settings, threads=threads)


def _faces(start: Start, folder: Path, db: Database, review: ReviewSettings, soft_labels: SoftLabels) -> RoundFaces:
    """The faces to train on. A round that stopped before it had fixed its own takes those of now."""
    stored = stored_faces(folder, db) if isinstance(start, Resume | FromJob) else None
    if stored is not None and (gone := int(np.isin(stored.sample_id, withdrawn_samples(db)).sum())):
        raise WorkspaceError(
            f"{folder}: found {gone:,} of the round's faces taken out since it began; allowed: none; begin a "
            "new round: train without --resume"
        )
    if stored is None and isinstance(start, FromJob):
        raise WorkspaceError(
            error_text(str(folder), "no faces of the job", "those it brought", "run it in a new folder")
        )
    return stored or faces_now(db, review.unsure, review.ambiguous, soft_labels)


def _with_pictures(
    workspace: Workspace, db: Database, start: Start, settings: TrainSettings, faces: RoundFaces
) -> tuple[Pictures, RoundFaces, int]:
    """The pictures of a round's faces, the faces that have one, and how many have none.

    Raises WorkspaceError where their folder is not there, and DataError where pictures are missing that must not be.
    """
    root, samples = workspace.pictures(), AllSamples(db)
    pictures = look_for_pictures(samples, root, faces.wanted(len(samples)))
    if not pictures.missing_count:
        return pictures, faces, 0
    if not (isinstance(start, New) and settings.allow_missing):
        raise DataError(
            f"{root}: found {pictures.missing_count:,} of the round's pictures missing: "
            f"{listed(pictures.missing, pictures.missing_count)}; {_remedy(workspace, start)}"
        )
    return pictures, faces.without(pictures.marks == 0), pictures.missing_count


def _remedy(workspace: Workspace, start: Start) -> str:
    """What to do where pictures are missing or damaged."""
    if isinstance(start, FromJob):
        return "put them back"
    if isinstance(start, Resume):
        return "put them back, or begin a new round: train without --resume"
    place = workspace.path
    return (
        "put them back, or train on the rest with --allow-missing; "
        f"if their folder is elsewhere now: {command_line('relocate', place)} --root FOLDER; "
        f"if they were renamed or left the data set: {command_line('update', place)}; "
        f"to take faces out without a way back: {command_line('withdraw', place)} FACE"
    )


class _Job:
    """One round at work."""

    def __init__(
        self,
        workspace: Workspace,
        db: Database,
        number: int,
        settings: TrainSettings,
        review: ReviewSettings,
        watcher: Watcher,
        team: Team,
    ) -> None:
        self.workspace, self.db, self.number, self.team = workspace, db, number, team
        self.settings, self.review, self.watcher = settings, review, watcher
        self.folder = workspace.round_folder(number)
        self.classes: ClassVocabulary = classes(db)
        self.reports = store.epochs(db, number)
        self.missing: int = store.get_round(db, number).config.get("missing_faces", 0)
        self._heard = time.monotonic()

    def run(self, faces: RoundFaces, model: SelfCureNetwork, pictures: Pictures, start: Start) -> None:
        """All steps of the round, each once; a resumed one trains on from the folder's checkpoint."""
        resume = isinstance(start, Resume)
        if model.loaded is not None:
            self._say(f"--weights {self.settings.weights}: {model.loaded}")
        if self.settings.soft_labels == "votes" and not faces.targets.any():
            self._say("--soft-labels votes: no face has two votes or more; each is trained on its label, as without")
        pixels, faces = self._decode(pictures, faces, start)
        fix_faces(self.folder, faces)
        data = TrainingData(
            pixels, faces.rows, faces.labels, faces.val_rows, faces.val_labels, faces.softness, faces.targets
        )
        tell_followers(self.team, self.number, self.settings, len(self.classes), pixels, resume=resume)
        training = Training(self.settings, data, model, self.folder, alive=self._beat, team=self.team)
        self.watcher.message(
            f"round {self.number}: {self.settings.backbone} at {self.settings.image_size} px on "
            f"{training.compute.describe()}, {counted(self.settings.threads, 'thread')}{self.team.describe()}; "
            f"{counted(len(faces.rows), 'face')} to train on, {len(faces.val_rows):,} to validate; "
            f"{training.faces.describe()}"
        )
        say_what_will_be(self.db, self.watcher.message, close_earlier=self.settings.close_earlier)
        with self.team.together():
            result = training.run(resume=resume, on_epoch=self._on_epoch, on_step=self._on_step)
        by_heart = describe_memorising(result.averaged[0], result.averaged[-1], self.settings.epochs)
        if by_heart is not None:
            self._say(by_heart)
        few_faces = describe_few_faces(len(faces.rows))
        if few_faces is not None:
            self._say(few_faces)
        save_network(self.folder, training.eval_model, self.settings, self.classes)
        warnings = [warning for report in self.reports if (warning := self._warning(report)) is not None]
        metrics = round_metrics(self.folder, training, pixels, faces, result, self.reports)
        metrics |= {"few_faces": few_faces, "learned_by_heart": by_heart, "warnings": warnings}
        metrics |= {"missing_faces": self.missing}
        opinions = opinions_on(self.db, faces.sample_id)
        scores, rule = score_faces(result, faces, self.settings, opinions.probabilities)
        metrics["opinions"] = opinions_used(opinions.names, opinions.probabilities, scores.start_label)
        features = unit_features(training.eval_model, training.faces, training.compute, self._beat)
        if self.settings.keep_features:
            save_features(self.folder, features, self._beat)
            save_held_out_features(self.folder, training, pixels, faces, self._beat)
        neighbours = save_neighbours(self.folder, scores, rule, features, training.initial, self._beat)
        self._draw_thumbnails(scores, faces.settled, neighbours)
        self._finish(scores, faces.settled, metrics)

    def _decode(self, pictures: Pictures, faces: RoundFaces, start: Start) -> tuple[PixelArray, RoundFaces]:
        """All pictures, a row a sample, and the faces whose picture can be decoded."""
        samples, root = AllSamples(self.db), self.workspace.pictures()
        wanted = faces.wanted(len(samples))
        total = int(wanted.sum())

        def progress(faces: int) -> None:
            self.watcher.decoded(faces, total)
            self._beat()

        pixels, broken = pixel_cache(
            self.workspace.pixels, samples, root, self.settings.image_size, wanted=wanted, pictures=pictures,
            progress=progress,
        )  # fmt: skip
        if broken:
            named = listed([words for _, words in broken[:NAMED]], len(broken))
            if not (isinstance(start, New) and self.settings.allow_missing):
                raise DataError(
                    f"{root}: found {len(broken):,} of the round's pictures that cannot be decoded: {named}; "
                    f"{_remedy(self.workspace, start)}"
                )
            unusable = np.zeros(len(samples), np.bool_)
            unusable[[place for place, _ in broken]] = True
            faces = faces.without(unusable)
            self.missing += len(broken)
            check_training(self.settings, len(faces.rows), self.team)
        if self.missing:
            self._say(f"--allow-missing: {counted(self.missing, 'face')} left out, as pictures are missing or damaged")
        return pixels, faces

    def _on_step(self, report: StepReport) -> None:
        self.watcher.step(report, self.settings.epochs)

    def _beat(self) -> None:
        if time.monotonic() - self._heard > _HEARTBEAT_S:
            self._heard = time.monotonic()
            if not store.heartbeat(self.db, self.number):
                raise TrainingError(f"round {self.number} was cancelled from elsewhere; --resume continues it")

    def _on_epoch(self, report: EpochReport) -> None:
        store.record_epoch(self.db, self.number, report)
        self._heard = time.monotonic()
        self.reports.append(report)
        self.watcher.epoch(report, self.settings.epochs)
        self._log(json.dumps(vars(report)))
        warning = self._warning(report)
        if warning is not None:
            self._say(warning)

    def _warning(self, report: EpochReport) -> str | None:
        weighted = report.epoch > self.settings.weighting_from * self.settings.epochs
        warning = collapse_warning(report.alpha_mean, report.alpha_std) if weighted else None
        return None if warning is None else f"epoch {report.epoch}: {warning}"

    def _say(self, text: str) -> None:
        self.watcher.message(text)
        self._log(text)

    def _log(self, text: str) -> None:
        with (self.folder / "log.txt").open("a", encoding="utf-8") as log:
            log.write(f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} {text}\n")

    def _finish(self, scores: RoundScores, settled: BoolArray, metrics: dict[str, Any]) -> None:
        proposals = int((scores.proposed_label >= 0).sum())
        metrics |= {
            "proposals": proposals,
            "low_importance": int(scores.low_importance.sum()),
            "suspicious": int(scores.suspicious.sum()),
            AGAINST: validation_against(self.workspace, self.db, self.folder),
        }
        earlier = store.finish_round(
            self.db,
            self.number,
            scores,
            metrics,
            review=self.review,
            **self._queue(scores, settled),
            close_earlier=self.settings.close_earlier,
            files=round_file_hashes(self.folder),
        )
        if words := store.get_round(self.db, self.number).pooled_words:
            self._say(f"suspicion is {words}")
        say_what_was_done(self.db, self.number, earlier, self._say)
        drop_checkpoint(self.folder)
        drop_beginning(self.folder)
        if (failed := backup_after_round(self.workspace, self.db)) is not None:
            self._say(f"no backup was made at the round's end: {failed}")

    def _queue(self, scores: RoundScores, settled: BoolArray) -> dict[str, Any]:
        """What decides which faces people are asked about, beside the scores."""
        audit = self.settings.audit_faces(len(scores.sample_id))
        return {"audit": audit, "seed": self.settings.seed, "settled": settled}

    def _draw_thumbnails(self, scores: RoundScores, settled: BoolArray, neighbours: IntArray) -> None:
        """Of all that people may look at, before they may: pages that draw their own are slow. Never fails a round."""
        shown = np.union1d(plan_queue(scores, **self._queue(scores, settled)).sample_id, neighbours)

        def progress(faces: int) -> None:
            self.watcher.thumbnails(faces, len(shown))
            self._beat()

        try:
            unusable = write_thumbnails(self.workspace, samples_among(self.db, shown), progress)
        except KeyboardInterrupt:  # what was trained is whole: people had better review it than resume it
            self._say("thumbnails: stopped by hand; those that are missing are drawn when they are shown")
        except TrainingError:  # cancelled from elsewhere
            raise
        except Exception as error:  # a cache must not cost hours of training
            self._say(f"thumbnails: {error}; until then they are drawn when they are shown")
        else:
            if unusable:
                self._say(f"thumbnails: {unusable:,} of {counted(len(shown), 'face')} have no usable picture any more")
