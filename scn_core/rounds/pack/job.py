"""A round to be trained on another machine: the faces, the labels as of now, the settings."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlite_utils import Database

from scn_core import __version__
from scn_core.class_names import ClassVocabulary
from scn_core.config import ReviewSettings, TrainSettings, still_options
from scn_core.datasets.paths import leads_out, relative_path
from scn_core.disk import naming_full_disk
from scn_core.errors import DataError, UsageError, WorkspaceError, error_text
from scn_core.records import BoolArray, Box, Sample
from scn_core.rounds.inputs import FACES, faces_now, fix_faces
from scn_core.rounds.pack.archive import Stamp, check_stamp, unpack_archive, write_archive
from scn_core.store.check import require_sound
from scn_core.store.connection import snapshot
from scn_core.store.current_labels import revision
from scn_core.store.decisions.imports import workspace_mark
from scn_core.store.samples import AllSamples, classes, data_hash, iter_samples
from scn_core.workspace.folder import Workspace

KIND = "job of self-cure-labels"
SAMPLES, START = "samples.jsonl", "start-weights"
LIMITS = {SAMPLES: 16 << 30, FACES: 16 << 30, START: 16 << 30}
"""Members of a job and how many bytes each may have. `start-weights` is empty where the round starts from no file."""
SHIPPED = (".safetensors", ".pt", ".pth")
_NAMED_FEW = 3


@dataclass(frozen=True)
class Job:
    """What a job is about."""

    id: str
    data_set: str
    """Hash over classes and sample keys."""
    dataset: str
    classes: list[str]
    samples: int
    """Of all splits."""
    settings: TrainSettings
    review: ReviewSettings
    """The workspace's when it was packed; training follows its rules for unsure and ambiguous faces."""
    parent: int | None
    """The newest round with scores by then."""
    revision: str
    """Where the labels stood, as exports tell it."""
    code_version: str
    follow_links: bool = False
    """Pictures may lie behind links that lead out of the root."""
    data_sha256: str = ""
    """Of the data set, for the round's record; empty in jobs of earlier versions."""
    workspace: str = ""
    """Name of the folder it was packed in, for people; empty in jobs of earlier versions."""
    workspace_mark: str = ""
    """Tells the workspace and its copies from all others; empty likewise."""


def pack_job(workspace: Workspace, settings: TrainSettings, out: Path) -> Job:
    """Writes what the next round trains on into `out`. The same folder's name, revision and options give the
    same bytes.

    Reference labels stay at home. Raises UsageError for weights to start from that are not there.
    """
    now = workspace.settings()
    with (
        workspace.database(read_only=True) as db,
        snapshot(db),
        TemporaryDirectory() as folder,
        naming_full_disk(Path(folder)),
    ):
        require_sound(db)
        samples, faces, start = (Path(folder) / name for name in (SAMPLES, FACES, START))
        fix_faces(Path(folder), faces_now(db, now.review.unsure, now.review.ambiguous, settings.soft_labels))
        with samples.open("w", encoding="utf-8") as file:
            file.writelines(_lines(db, Path(now.root)))
        _copy_start_weights(settings, start)
        stand = revision(db)
        about = {
            "data_set": data_set_hash(db),
            "dataset": now.dataset,
            "classes": list(classes(db).names),
            "samples": len(AllSamples(db)),
            "settings": settings.as_dict(),
            "review": now.review.as_dict(),
            "parent": stand.round or None,
            "revision": str(stand),
            "code_version": __version__,
            "follow_links": now.source.get("follow_links") is True,
            "data_sha256": data_hash(db),
            "workspace": workspace.path.resolve().name,
            "workspace_mark": workspace_mark(db),
        }
        return job_of(write_archive(out, KIND, about, {SAMPLES: samples, FACES: faces, START: start}), out)


def open_job(path: Path, folder: Path) -> tuple[Stamp, Job]:
    """Checks a job whole, and leaves its members in an empty folder. Raises DataError."""
    stamp = unpack_archive(path, KIND, LIMITS, folder)
    return stamp, job_of(stamp, path)


def job_of(stamp: Stamp, path: Path) -> Job:
    """What the stamp of a job is about. Raises DataError for one that this version did not write."""
    content: dict[str, Any] = dict(stamp.about)
    try:
        settings = TrainSettings.merged(still_options(content.pop("settings"), source=str(path)), source=str(path))
        review = ReviewSettings.from_table(content.pop("review"), source=str(path))
        job = Job(id=stamp.id, settings=settings, review=review, **content)
        ClassVocabulary(tuple(job.classes))
        numbers = (job.samples, 0 if job.parent is None else job.parent)
        right = all(isinstance(number, int) for number in numbers) and isinstance(job.follow_links, bool)
        texts = (*job.classes, job.dataset, job.data_set, job.revision, job.data_sha256, job.workspace,
                 job.workspace_mark)  # fmt: skip
        right = right and all(isinstance(text, str) for text in texts)
    except (AttributeError, KeyError, TypeError, UsageError, WorkspaceError) as error:
        raise DataError(f"{path}: {error}; allowed: what `round pack` of this version ({__version__}) wrote") from error
    if not right:
        raise DataError(error_text(str(path), "a manifest that `round pack` did not write", "one it wrote"))
    return job


def job_in(content: object, path: Path) -> Job:
    """The job that a result says it comes from."""
    return job_of(check_stamp(content, path, KIND), path)


def stamp_values(stamp: Stamp) -> dict[str, Any]:
    """A stamp as plain values, for the manifest of a result."""
    return asdict(stamp)


def data_set_hash(db: Database, first: int | None = None) -> str:
    """SHA-256, in hex, over class names and sample keys with their splits, all in order; of the `first` samples alone,
    as those of later updates come behind them."""
    seen = hashlib.sha256(json.dumps(list(classes(db).names)).encode())
    for stored in islice(iter_samples(db), first):
        seen.update(json.dumps([stored.sample.key, stored.sample.split]).encode() + b"\n")
    return seen.hexdigest()


def read_samples(file: Path, root: Path, wanted: BoolArray, *, follow_links: bool = False) -> list[Sample]:
    """The samples of a job in order. Raises DataError naming what is not under `root` as it was when packed.

    `wanted`: which of them the job's round looks at; pictures of others need not be there.
    """
    samples: list[Sample] = []
    lacking: list[str] = []
    try:
        with file.open(encoding="utf-8") as lines:
            for line in lines:
                key, path, split, label, box, size = json.loads(line)
                samples.append(Sample(key, path, label, split, None if box is None else Box(*box)))
                needed = len(samples) <= len(wanted) and wanted[len(samples) - 1]
                if needed and (fault := _fault(root, path, size, follow_links)):
                    lacking.append(f"{path} ({fault})")
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise DataError(f"{file.name}: found no samples of a job ({error}); pack the job anew") from error
    if lacking:
        shown = "; ".join(lacking[:_NAMED_FEW])
        raise DataError(
            f"--root: {root} lacks {len(lacking):,} of {wanted.sum():,} faces as they were packed: {shown}; "
            "allowed: a folder with all of them under the same paths; copy what is missing"
        )
    return samples


def _lines(db: Database, root: Path) -> Iterator[str]:
    for stored in iter_samples(db):
        sample, box = stored.sample, stored.sample.box
        sides = None if box is None else [box.left, box.top, box.right, box.bottom]
        try:
            size = (root / sample.path).stat().st_size
        except OSError:  # the pictures need not be here
            size = None
        yield json.dumps([sample.key, sample.path, sample.split, sample.given_label, sides, size]) + "\n"


def _fault(root: Path, path: str, size: int | None, follow_links: bool) -> str | None:
    if relative_path(path) != path or (not follow_links and leads_out(root, path)):
        return "leads out of the folder"
    try:
        found = (root / path).stat().st_size
    except OSError:
        return "not there"
    return None if size in (None, found) else f"{found:,} bytes, packed with {size:,}"


def _copy_start_weights(settings: TrainSettings, to: Path) -> None:
    """A file to start from goes along: its path says nothing on the other machine."""
    if settings.weights is None or settings.weights == "imagenet":
        to.touch()
        return
    source = Path(settings.weights).expanduser()
    if source.suffix not in SHIPPED or not source.is_file():
        raise UsageError(
            error_text("--weights", repr(settings.weights), f"imagenet, or a file with {', '.join(SHIPPED)}")
        )
    shutil.copyfile(source, to)
