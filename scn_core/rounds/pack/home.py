"""Back home: a result becomes a round in review, as if it had been trained here."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlite_utils import Database

from scn_core.disk import naming_full_disk
from scn_core.errors import DataError, WorkspaceError, error_text
from scn_core.files import sync_folder, sync_tree
from scn_core.records import RoundInfo
from scn_core.rounds.artifacts import round_file_hashes
from scn_core.rounds.compare_accuracy import validation_against
from scn_core.rounds.earlier import Say, say_what_was_done, say_what_will_be
from scn_core.rounds.pack.job import Job, data_set_hash
from scn_core.rounds.pack.result import WEBP, Result, files_of, job_of_result, open_result
from scn_core.rounds.pack.since import Since, changed_since
from scn_core.store.decisions.imports import workspace_mark
from scn_core.store.rounds.better_round import AGAINST
from scn_core.store.rounds.states import EarlierRounds, get_round, receive_round, rounds
from scn_core.store.samples import AllSamples, StoredSample, iter_samples
from scn_core.workspace.backup.make import backup_after_round
from scn_core.workspace.folder import Workspace
from scn_core.workspace.thumbnails import keep_thumbnails

_UNPACKING = "unpacking-"


@dataclass(frozen=True)
class Unpacked:
    """What a result became."""

    round: RoundInfo
    thumbnails: int
    """Of faces whose picture is here."""
    again: bool
    """The round was in the database, but its files were not in place: an unpacking was cut off between the two."""
    set_aside: Path | None
    """Where the files now lie that were in the folder of the round before it was unpacked; None: there were none."""
    closed: list[int]
    """Numbers of the rounds whose review ended as this one takes their place."""
    kept: list[int]
    """Those that stay in review as this one came out worse, though it was to close them."""
    since: Since
    """What people did after the job was packed."""
    no_backup: str | None
    """Why no backup was made of the round; None: one was, or backups are turned off."""


def unpack_result(
    workspace: Workspace,
    path: Path,
    on_wait: Callable[[str], None] | None = None,
    *,
    close_earlier: bool | None = None,
    say: Say = lambda words: None,
) -> Unpacked:
    """Writes the round of a result into a workspace: scores, proposals, queue, files, thumbnails.

    Its queue follows the rules of review that the workspace has now. `close_earlier`: end the review of earlier rounds;
    None: as the job says. `say` is told which these are, before and after it is done, and what people did after the
    job was packed. Stopped at any time, there is
    either no such round or, called again, a whole one. Other programs that write are waited for, see
    `Workspace.database`.

    Raises DataError for a file that is damaged or of another data set, WorkspaceError while a round runs and for a
    result that is here already.
    """
    review = workspace.settings().review
    with (
        workspace.training_lock(),
        workspace.database(on_wait=on_wait) as db,
        _room(workspace) as temporary,
        naming_full_disk(workspace.path),
    ):
        folder = Path(temporary)
        _check_home(db, job_of_result(path), path)  # before anything is unpacked
        result = open_result(path, folder)
        ready = _round_files(folder, result)
        there = _round_of(db, result)
        if there is not None and workspace.round_folder(there.id).exists():
            raise WorkspaceError(error_text(str(path), f"the job of round {there.id}, which is here", "a job once"))
        kept = keep_thumbnails(workspace, _thumbnails(db, folder, result))  # before anybody is shown its faces
        close_earlier = result.job.settings.close_earlier if close_earlier is None else close_earlier
        since = changed_since(db, result.job.revision, result.scores)
        if str(since):
            say(str(since))
        if there is None:
            say_what_will_be(db, say, close_earlier=close_earlier)
        metrics = result.metrics | {"job": result.job.id, AGAINST: validation_against(workspace, db, ready)}
        number, earlier = (there.id, EarlierRounds([], [])) if there is not None else receive_round(
            db, result.config, result.epochs, result.scores, metrics,
            code_version=result.code_version, parent=result.job.parent,
            audit=result.job.settings.audit_faces(len(result.scores.sample_id)),
            seed=result.job.settings.seed, settled=result.settled,
            close_earlier=close_earlier, files=round_file_hashes(ready),
            review=replace(review, unsure=result.job.review.unsure, ambiguous=result.job.review.ambiguous),
        )  # fmt: skip
        say_what_was_done(db, number, earlier, say)
        aside = workspace.set_aside(number)
        ready.rename(workspace.round_folder(number))
        sync_folder(ready.parent.parent)
        no_backup = backup_after_round(workspace, db)
        return Unpacked(get_round(db, number), kept, there is not None, aside, *earlier, since, no_backup)


def _room(workspace: Workspace) -> TemporaryDirectory[str]:
    """A folder beside those of the rounds; what an unpacking that was killed left there is removed."""
    parent = workspace.round_folder(1).parent
    parent.mkdir(exist_ok=True)
    for left in parent.glob(f"{_UNPACKING}*"):
        shutil.rmtree(left)
    return TemporaryDirectory(prefix=_UNPACKING, dir=parent)


def _check_home(db: Database, job: Job, path: Path) -> None:
    """Raises DataError for the round of another workspace; a copy of one, as from a backup, is not another."""
    if job.workspace_mark not in ("", mark := workspace_mark(db)):
        made, here = (f"made {moment[:19]} UTC" for moment in (job.workspace_mark, mark))
        found = f"a round of another workspace ({job.workspace!r}, {made}; this one was {here})"
        raise DataError(error_text(str(path), found, "a job packed in this workspace", "unpack it there"))
    if job.samples > len(AllSamples(db)) or data_set_hash(db, job.samples) != job.data_set:
        raise DataError(
            error_text(
                str(path),
                f"a round over another data set ({job.samples:,} faces, {', '.join(job.classes)})",
                "a job packed in this workspace",
            )
        )


def _round_of(db: Database, result: Result) -> RoundInfo | None:
    return next((info for info in rounds(db) if info.metrics.get("job") == result.job.id), None)


def _round_files(folder: Path, result: Result) -> Path:
    """The folder of the round, ready to be put in place."""
    ready = folder / "round"
    ready.mkdir()
    for name in files_of(folder):
        (folder / name).rename(ready / name)
    (ready / "config.json").write_text(json.dumps(result.config, indent=2) + "\n", encoding="utf-8")
    sync_tree(ready)  # before the database says that there is such a round
    return ready


def _thumbnails(db: Database, folder: Path, result: Result) -> Iterator[tuple[StoredSample, bytes]]:
    with (folder / WEBP).open("rb") as pictures:
        webp = {number: pictures.read(size) for number, size in result.thumbs.tolist()}
    yield from ((stored, webp[stored.id]) for stored in iter_samples(db) if stored.id in webp)
