"""On the other machine: a workspace made from a job, a round trained in it, and what it leaves as a result."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
from sqlite_utils import Database

from scn_core.class_names import ClassVocabulary
from scn_core.disk import naming_full_disk
from scn_core.errors import UsageError, WorkspaceError, error_text
from scn_core.files import make_private_folder, sync_folder, sync_tree
from scn_core.records import Manifest, RoundInfo, RoundScores
from scn_core.rounds.artifacts import NEIGHBOURS_FILE
from scn_core.rounds.inputs import FACES, wanted_faces
from scn_core.rounds.pack.archive import Stamp, write_archive
from scn_core.rounds.pack.job import SAMPLES, START, Job, open_job, read_samples, stamp_values
from scn_core.rounds.pack.result import EPOCHS, KIND, METRICS, SCORES, THUMBS, WEBP, files_of, scores_table
from scn_core.store.connection import create_database
from scn_core.store.rounds.faces import queued_samples
from scn_core.store.rounds.states import epochs, get_round, latest_round
from scn_core.store.samples import StoredSample, insert_manifest, iter_samples
from scn_core.store.scores import scores
from scn_core.workspace.folder import Workspace
from scn_core.workspace.thumbnails import thumbnails_of
from scn_core.workspace.toml import begin_settings

if TYPE_CHECKING:  # torch is behind it
    from scn_core.rounds.train import Watcher

_STAMP = "job.json"
_TOGETHER = 1024


def run_job(path: Path, root: Path, out: Path, work: Path, watcher: Watcher) -> Stamp:
    """Trains the round of a job and packs what it leaves into `out`. Called again, it goes on where it stopped.

    Args:
        path: what `pack_job` wrote.
        root: folder with the pictures, under the paths they have at home.
        out: the file to write.
        work: folder of the workspace, made where it is not there; holds the checkpoint and the decoded pictures.
        watcher: hears of the training.

    Raises DataError for a damaged job and for pictures that lack or differ, WorkspaceError where `work` holds another
    job, and whatever training raises.
    """
    if not root.is_dir():
        raise UsageError(error_text("--root", f"no folder {root}", "the folder of the faces"))
    root = root.resolve()
    with TemporaryDirectory(prefix="job-", dir=_parent(work)) as folder, naming_full_disk(work):
        stamp, job = open_job(path, Path(folder))
        wanted = wanted_faces(Path(folder), job.samples)
        samples = read_samples(Path(folder) / SAMPLES, root, wanted, follow_links=job.follow_links)
        place = Workspace(work)
        if not place.settings_file.exists():
            _build(place, Path(folder), job, Manifest(job.dataset, root, ClassVocabulary(tuple(job.classes)),
                                                      tuple(samples)), stamp)  # fmt: skip
    _check_same(place, stamp)
    _place_root(place, job, root)
    number = _train(place, job, watcher)
    return _pack(place, number, stamp, out)


def _parent(work: Path) -> Path:
    work.parent.mkdir(parents=True, exist_ok=True)
    return work.parent


def _build(place: Workspace, folder: Path, job: Job, manifest: Manifest, stamp: Stamp) -> None:
    """A workspace of the job, whole or not at all."""
    if place.path.exists():
        raise WorkspaceError(
            error_text("--work", f"{place.path}, which is no workspace", "a new folder", "name another")
        )
    unfinished = Workspace(folder / "work")
    make_private_folder(unfinished.path)  # as any workspace
    unfinished.round_folder(1).mkdir(parents=True)
    db = create_database(unfinished.database_file)
    try:
        insert_manifest(db, manifest)
    finally:
        db.close()
    shutil.move(folder / FACES, unfinished.round_folder(1) / FACES)
    if job.settings.weights not in (None, "imagenet"):
        shutil.move(folder / START, _start_weights(unfinished, job))
    (unfinished.path / _STAMP).write_text(json.dumps(stamp_values(stamp)), encoding="utf-8")
    _place_root(unfinished, job, manifest.root)
    sync_tree(unfinished.path)
    unfinished.path.rename(place.path)
    sync_folder(place.path.parent)


def _place_root(place: Workspace, job: Job, root: Path) -> None:
    """Where the pictures are may change between two runs."""
    values = {"dataset": job.dataset, "root": str(root), "classes": job.classes, "review": job.review.as_dict()}
    begin_settings(place.settings_file, values)


def _start_weights(place: Workspace, job: Job) -> Path:
    return place.path / f"{START}{Path(str(job.settings.weights)).suffix}"


def _check_same(place: Workspace, stamp: Stamp) -> None:
    try:
        same = json.loads((place.path / _STAMP).read_text(encoding="utf-8"))["id"] == stamp.id
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        same = False
    if not same:
        raise WorkspaceError(error_text("--work", f"{place.path} of another job", "a folder of its own for each job"))


def _train(place: Workspace, job: Job, watcher: Watcher) -> int:
    """The number of the round, trained to its end."""
    with place.database(read_only=True) as db:
        newest = latest_round(db)
    if newest is not None and newest.state == "review":
        return newest.id
    from scn_core.rounds.lifecycle import FromJob, Resume  # these import torch
    from scn_core.rounds.train import train_round

    settings = job.settings
    if settings.weights not in (None, "imagenet"):
        settings = replace(settings, weights=str(_start_weights(place, job).resolve()))
    return train_round(place, FromJob(settings) if newest is None else Resume(), watcher).id


def _pack(place: Workspace, number: int, job: Stamp, out: Path) -> Stamp:
    round_folder = place.round_folder(number)
    with place.database(read_only=True) as db, TemporaryDirectory() as temporary, naming_full_disk(Path(temporary)):
        folder, info, seen = Path(temporary), get_round(db, number), scores(db, number)
        np.save(folder / SCORES, scores_table(seen), allow_pickle=False)
        _write_json(folder / EPOCHS, [asdict(report) for report in epochs(db, number)])
        _write_json(folder / METRICS, info.metrics)
        _write_thumbnails(folder, place, _shown(db, info, seen, round_folder))
        made = {name: folder / name for name in (SCORES, EPOCHS, METRICS, THUMBS, WEBP)}
        about = {"job": stamp_values(job), "config": info.config, "code_version": info.code_version}
        return write_archive(out, KIND, about, made | {name: round_folder / name for name in files_of(round_folder)})


def _shown(db: Database, info: RoundInfo, seen: RoundScores, folder: Path) -> Iterator[StoredSample]:
    """The faces that people may look at: those asked about, and their neighbours."""
    rows = np.load(folder / NEIGHBOURS_FILE, allow_pickle=False)
    doubtful = seen.sample_id[seen.low_importance | seen.suspicious | (seen.proposed_label >= 0)]
    wanted = {*queued_samples(db, info.id).tolist(), *doubtful.tolist()}
    wanted |= {*rows["given"].ravel().tolist(), *rows["other"].ravel().tolist()}
    return (stored for stored in iter_samples(db) if stored.id in wanted)


def _write_thumbnails(folder: Path, place: Workspace, shown: Iterable[StoredSample]) -> None:
    """thumbs.npy: (T, 2) sample id and bytes of each picture; thumbs.webp: the pictures, one after the other."""
    rows: list[tuple[int, int]] = []
    source = iter(shown)
    with (folder / WEBP).open("wb") as pictures:
        while part := list(islice(source, _TOGETHER)):
            for number, picture in sorted(thumbnails_of(place, part).items()):
                if isinstance(picture, bytes):
                    rows.append((number, pictures.write(picture)))
    np.save(folder / THUMBS, np.array(rows, np.int64).reshape(-1, 2), allow_pickle=False)


def _write_json(file: Path, values: object) -> None:
    file.write_text(json.dumps(values, allow_nan=False), encoding="utf-8")
