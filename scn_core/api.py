"""A workspace in a notebook or a script: `import scn_core as scn`, `ws = scn.open("work/raf")`.

Every call opens the database and closes it again, so a workspace may be open here, in the browser and in a trainer at
once. All errors are of `scn_core.errors`; they name options as the command line does (`--epochs` is `epochs=`).
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import pandas as pd

from scn_core import arguments, dataframes
from scn_core.api_opinions import WithOpinions
from scn_core.cli.backup import written_backup
from scn_core.cli.labels import check_export, check_options, log_export, say_where_empty, take_backed_up
from scn_core.cli.network import ask_network, exported_model
from scn_core.cli.pictures import copies_table, pictures_table
from scn_core.cli.progress import Counter, RoundBars, draw_anew
from scn_core.cli.reports import describe_import
from scn_core.cli.threads import settle_threads
from scn_core.config import TrainSettings
from scn_core.erase import Erasure, erase
from scn_core.errors import UsageError, error_text
from scn_core.exchange.export.formats import FORMAT_NAMES, FORMATS, FormatName
from scn_core.exchange.export.manifest import ExportManifest, Spelled
from scn_core.exchange.export.write import ExportOptions, export_labels
from scn_core.exchange.import_decisions.import_plan import ImportPlan, plan_import, record_rows
from scn_core.exchange.import_decisions.undo_import import UndoPlan, plan_undo_of_file
from scn_core.records import SPLITS, Answer, FloatArray, QueueFilter, QueueOrder, QueueState, RoundInfo, Split
from scn_core.review.quality.votes import vote_agreement
from scn_core.review.workspace_consensus import workspace_consensus
from scn_core.store.current_labels import LabelFilter
from scn_core.store.rounds.states import SCORED, get_round, round_to_answer, which_round
from scn_core.store.votes import import_balance
from scn_core.workspace.folder import create_workspace
from scn_core.workspace.relocate import Relocation, relocate
from scn_core.workspace.status import Status, status_of
from scn_core.workspace.update import Update, update
from scn_core.workspace.withdraw import Withdrawal, withdraw

if TYPE_CHECKING:  # scikit-learn behind it takes a second to import
    from scn_core.review.evaluate import Evaluation

__all__ = ["OpenWorkspace", "init", "open"]


def open(path: str | Path) -> OpenWorkspace:
    """The workspace in a folder. Raises WorkspaceError where there is none; `init` makes one."""
    found = OpenWorkspace(Path(path).expanduser())
    found.folder.settings()
    return found


def init(
    path: str | Path,
    *,
    dataset: str,
    noise: str | None = None,
    strict: bool = False,
    faces: int = 2000,
    progress: bool = True,
    **source: Any,
) -> OpenWorkspace:
    """Read a data set into a new workspace, as `python -m scn_core init` does.

    Args:
        path: a new folder, or one that holds no workspace yet.
        dataset: as `python -m scn_core init --help` lists them: raf-db, ferplus, folder, csv, demo, ...
        noise: flips training labels: symmetric:RATE, pair:RATE or confusion:FILE.
        strict: raise DataError if any row or picture cannot be used; otherwise it is left out and counted in
            `status().problems`.
        faces: demo: how many faces to draw.
        progress: on standard error, draw a bar and say in the end what became of every row and file.
        **source: where the data set lies and how it is read: the fields of `scn_core.datasets.source.Source`, such as
            root, csv, label_column and classes; root and csv may be addresses, such as s3://bucket/faces.

    Raises UsageError for an option that does not exist or does not apply, DataError for files that are not there or
    not as they should be, WorkspaceError where there is a workspace already.
    """
    read = arguments.source_of(source)
    made = OpenWorkspace(Path(path).expanduser())
    with Counter("reading", "face", hidden=not progress) as bar:
        manifest = create_workspace(
            made.path, dataset, read, noise=noise, strict=strict, demo_faces=faces, progress=bar.advance
        )
    if progress:
        with made.folder.database(read_only=True) as db:
            print(describe_import(manifest, import_balance(db), vote_agreement(db)), file=sys.stderr)
    return made


@dataclass(frozen=True)
class OpenWorkspace(WithOpinions):
    """A workspace. What its tables hold, column by column, is in docs/python.md.

    Whoever can read the folder sees every answer here, those of readings that are blind to each other too.
    """

    path: Path

    def status(self) -> Status:
        """Where the workspace stands: data set, faces, the newest round and its epochs, proposals and answers."""
        with self.folder.database(read_only=True) as db:
            return status_of(self.folder, db)

    def train(self, *, resume: bool = False, progress: bool = True, **options: Any) -> RoundInfo:
        """Train a round and leave it in review: importance weights, scores and proposals for every training face.

        Ctrl-C, or the notebook's stop button, cancels the round; `resume=True` goes on with it.

        Args:
            resume: go on with the newest round, which failed or was cancelled, with its own options; of these,
                `ask_room` may be said anew.
            progress: draw a bar, and write a line for each epoch, on standard error.
            **options: of the round, as in docs/training.md (epochs=12, image_size=64, device="cuda"); what is not
                said is as in table [train] of workspace.toml, or the default.

        Raises UsageError for an option that does not exist or is out of range, WorkspaceError while another trainer is
        at work or where there is nothing to resume, TrainingError where training cannot go on.
        """
        if resume and (others := [name for name in options if name != "ask_room"]):
            raise UsageError(
                f"train: found {others[0]} with resume=True; a round goes on with the options it began with; allowed: "
                "ask_room"
            )
        settings = TrainSettings.merged(self.folder.settings().train, options, source="train")
        settle_threads()  # as the command does
        from scn_core.rounds.lifecycle import New, Resume
        from scn_core.rounds.train import train_round

        bars = RoundBars(hidden=not progress)
        try:
            return train_round(self.folder, Resume(options.get("ask_room")) if resume else New(settings), bars)
        finally:
            bars.close()

    def update(self, *, csv: str | Path | None = None, dry_run: bool = False, progress: bool = True) -> Update:
        """Read the data set again, as `python -m scn_core update` does: every decision is kept.

        `csv`: the list, where it has another name or place now. With `dry_run` nothing is written; `progress` draws a
        bar and writes the balance on standard error. Raises UsageError for `csv` of a data set without such a list,
        WorkspaceError while a trainer is at work, DataError for new classes or files that are not as they should be.
        """
        with Counter("reading", "face", hidden=not progress) as bar:
            done = update(self.folder, csv=arguments.place_of(csv), dry_run=dry_run, progress=bar.advance)
        if not dry_run and done.changes.any:
            draw_anew(self.folder, hidden=not progress)
        if progress:
            print(done.describe(), file=sys.stderr)
        return done

    def relocate(self, root: str | Path, *, force: bool = False, progress: bool = True) -> Relocation:
        """Say where the pictures are now: the folder, or its address, that paths of faces are relative to.

        All of them must be there with the content they had (DataError, and nothing is changed), unless `force` is set.
        Raises UsageError where there is no such folder, and WorkspaceError while a trainer is at work.
        """
        with Counter("comparing", "picture", hidden=not progress) as bar:
            done = relocate(self.folder, arguments.place_of(root) or "", force=force, progress=bar.advance)
        draw_anew(self.folder, hidden=not progress)
        return done

    def withdraw(self, key: str | Iterable[str]) -> Withdrawal:
        """Take faces out for good, as where consent was withdrawn: in no round, queue, table or export any more.

        `key`: a face's key as the tables have it, or several. There is no way back. Raises DataError for a key that is
        unknown, and WorkspaceError while a trainer is at work; nothing is changed then.
        """
        return withdraw(self.folder, arguments.keys_of(key))

    def backup(self, out: str | Path | None = None, *, pictures: bool = False, progress: bool = True) -> Path:
        """Write database, settings and files of rounds into one zip file, while others work; returns where it is.

        `out`: the file, or a folder that is there [the workspace's folder backups]. `pictures`: those of all faces too.
        """
        return written_backup(self.folder, arguments.path_of(out), pictures=pictures, progress=progress)

    def erase(self, key: str | Iterable[str]) -> Erasure:
        """`withdraw`, and take out the names too: nothing of the faces is left but what the answer says."""
        return erase(self.folder, arguments.keys_of(key))

    def labels(self) -> pd.DataFrame:
        """All faces with the label each has now, where it comes from and who decided it; a row a face.

        Without those that the data set has no more, and those that were taken out.
        """
        with self.folder.database(read_only=True) as db:
            return dataframes.labels(db)

    def scores(self, *, round: int | None = None) -> pd.DataFrame:
        """What a round says of each of its training faces, with a column of probabilities for each class.

        Without faces that were taken out since.

        `round`: which one, by default the newest that ended. Raises WorkspaceError where there is no such round.
        """
        with self.folder.database(read_only=True) as db:
            return dataframes.scores(db, which_round(db, round, *SCORED).id)

    def decisions(self, *, round: int | None = None) -> pd.DataFrame:
        """The log of what people decided, oldest first: answers, marks, and what took them back.

        `round`: of this round alone; WorkspaceError where there is no such round.
        """
        with self.folder.database(read_only=True) as db:
            return dataframes.decisions(db, None if round is None else get_round(db, round).id)

    def consensus(self, *, round: int | None = None, opinions: Sequence[FloatArray] = ()) -> pd.DataFrame:
        """What everybody's answers, the data set's votes, the network and other models come to; a row a face.

        `round`: whose probabilities, by default of the newest that ended. `opinions`: (N, C) probabilities of models
        that the workspace has no opinions of, for the faces of `scores()` in its order; NaN where they say nothing.
        Raises WorkspaceError where there is no such round, UsageError for opinions of another shape, or that are none.
        """
        with self.folder.database(read_only=True) as db:
            found = workspace_consensus(db, which_round(db, round, *SCORED).id, arguments.opinion_arrays(opinions))
            return dataframes.consensus(found, db)

    def duplicates(self) -> pd.DataFrame:
        """The faces of every group of copies."""
        return copies_table(self.folder)

    def pictures(self, *, issue: str | None = None) -> pd.DataFrame:
        """Faces whose pictures are hard to judge; `issue`: dark, ... alone; UsageError for what is none."""
        return pictures_table(self.folder, issue)

    def queue(
        self, *, round: int | None = None, state: QueueState = "open", order: QueueOrder = "suspicion",
        limit: int | None = None,
    ) -> pd.DataFrame:  # fmt: skip
        """The faces a round asks people about; a row an answer that is asked for, so several for a face read often.

        An audit face shows no more here than in the browser until it is answered.

        Args:
            round: which one, by default the one that `decide` answers, or else the newest that ended.
            state: open, answered, skipped, all, or an answer (accept, keep, relabel, unsure, exclude).
            order: suspicion, alpha, margin or newest, as in the browser.
            limit: the first so many rows; None: all.

        Raises WorkspaceError where there is no such round, state or order, UsageError for a limit below 0.
        """
        if limit is not None and limit < 0:
            raise UsageError(error_text("limit", str(limit), "0 or more, or None for all"))
        with self.folder.database(read_only=True) as db:
            chosen = (round_to_answer(db) if round is None else None) or which_round(db, round, *SCORED)  # as `decide`
            return dataframes.queue(db, chosen.id, QueueFilter(state=state, order=order), limit)

    def decide(
        self,
        key: str | Iterable[str],
        action: Answer | Iterable[Answer] | Iterable[str],
        label: str | float | Iterable[str | float | None] | None = None,
        *, person: str, round: int | None = None,
    ) -> int:  # fmt: skip
        """Answer one or many faces of the round in review, all or none; of a person's answers the newest counts.

        Args:
            key: a face's key as the tables have it, or several, such as a column of a table.
            action: accept the proposed label, keep the given one, relabel, unsure or exclude; one for all faces, or
                one for each.
            label: class name or number: needed to relabel, allowed where accept or keep mean it; one for all faces or
                one for each, None or NaN where there is none.
            person: whose answers these are; somebody new is added as an annotator without a password.
            round: which of the rounds in review, by default the one that the browser opens.

        Returns how many. Raises UsageError for lists of different lengths and what is no text, WorkspaceError where the
        round is not in review, and DataError naming the first answer that does not fit.
        """
        keys = arguments.keys_of(key)
        actions, labels = arguments.one_each(action, len(keys)), arguments.one_each(label, len(keys))
        with self.folder.database() as db:
            rows = [
                {"key": each, "action": arguments.cell_text("action", what), "label": arguments.class_text(db, to)}
                for each, what, to in zip(keys, actions, labels, strict=True)
            ]
            return record_rows(db, rows, person=arguments.cell_text("person", person), origin="python", round_id=round)

    def export(
        self, out: str | Path, format: FormatName = "csv", *, split: Split | None = None, changed: bool = False,
        decided: bool = False, label: str | int | None = None, round: int | None = None, excluded: bool = False,
        pseudonyms: bool = False, spelling: Spelled = "project", copies: bool = False, image_prefix: str | None = None,
        force: bool = False,
    ) -> ExportManifest:  # fmt: skip
        """Write the labels as they are now to a file or folder, with OUT.manifest.json beside; returns what that says.

        Args:
            out: the file, or for class-folders and hugging-face a new folder; the folder it lies in must be there.
            format: csv, jsonl, raf-db, class-folders, hugging-face, label-studio, fiftyone or npz.
            split: train, val or test alone.
            changed: only faces whose label is another than the given one.
            decided: only faces that people decided about.
            label: only faces whose label is this class now, by name or number.
            round: only faces that people decided in this round. An export without a row says so on standard error.
            excluded: faces that people excluded too.
            pseudonyms: reviewer-1, reviewer-2, ... in place of names.
            spelling: class names as everywhere here (project), or as the data set writes them (dataset).
            copies: of class-folders and hugging-face: copy pictures rather than link to them.
            image_prefix: of label-studio: the address before a picture's path; None: local files.
            force: replace a file that is not as an export left it.

        Raises UsageError where the folder is not there, the file may not be replaced, there is no such format, split
        or class, or the format cannot hold a face; WorkspaceError where there is no such round.
        """
        place = arguments.export_place(out)
        arguments.check_choices(
            format=(format, FORMAT_NAMES), split=(split, SPLITS), spelling=(spelling, get_args(Spelled))
        )
        check_options(format, copies=copies, image_prefix=image_prefix)
        check_export("export", place, self.folder, force=force, folder=FORMATS[format].lay is not None)
        pictures = Path(self.folder.settings().root)
        with self.folder.database(read_only=True) as db:
            where = LabelFilter(split, changed, decided, arguments.class_number(db, label), round, excluded)
            options = ExportOptions(format, where, pseudonyms, spelling, copies, image_prefix)
            made = export_labels(db, place, options, pictures=pictures)
        log_export(self.folder, format, made.revision)
        say_where_empty(made.counts, made.where)
        return made

    def import_decisions(
        self, file: str | Path, *, person: str | None = None, annotators: Mapping[str, str] | None = None,
        path_column: str | None = None, label_column: str | None = None, adjudicate: bool = False,
        dry_run: bool = False,
    ) -> ImportPlan:  # fmt: skip
        """Take decisions made elsewhere into the round in review, each only once; none where a row has a problem.

        A long file is written in pieces; an import that was interrupted is finished by the same call.

        Args:
            file: a CSV of answers, an export with labels changed since, or what Label Studio or FiftyOne exported.
            person: who decided, where a row does not say.
            annotators: Label Studio's number or address of a person -> their name here.
            path_column: the column to read as path.
            label_column: the column to read as label, or the control of Label Studio.
            adjudicate: the answers settle the faces whatever reviewers said; of leads only.
            dry_run: write nothing; the plan lists every problem.

        Returns the plan: its decisions, which are taken unless `dry_run`, and what has no effect. Raises DataError for
        a file that is none of these, or naming the first row that cannot be taken; WorkspaceError where no round is in
        review.
        """
        place = Path(file).expanduser()
        with self.folder.database(read_only=dry_run) as db:
            plan = plan_import(
                db, place, person=person, adjudicate=adjudicate, root=Path(self.folder.settings().root),
                path_column=path_column, label_column=label_column, annotators=annotators,
            )  # fmt: skip
            if not dry_run:
                take_backed_up(self.folder, db, plan)
            return plan

    def undo_import(self, file: str | Path, *, dry_run: bool = False) -> UndoPlan:
        """Take back what was imported from a file, whoever its answers are of; people's own answers stay.

        The file is known by its content. With `dry_run` nothing is written. Raises WorkspaceError where it was never
        imported or its round is over, DataError where it cannot be read.
        """
        with self.folder.database(read_only=dry_run) as db:
            plan = plan_undo_of_file(db, Path(file).expanduser())
            if not dry_run:
                take_backed_up(self.folder, db, plan)
            return plan

    def predict(
        self, pictures: str | Path | Iterable[str | Path], *, root: str | Path | None = None, round: int | None = None,
        device: str = "auto", progress: bool = True,
    ) -> pd.DataFrame:  # fmt: skip
        """What a round's network says of other pictures, a row each; docs/models.md has the columns.

        `pictures`: a folder or its address, a list (`root`: what its paths are relative to), a picture, or several.
        Raises UsageError, DataError or WorkspaceError where the command `predict` has an error.
        """
        where = arguments.place_of(root)
        asked = ask_network(
            self.folder, arguments.pictures_of(pictures), root=where, number=round, device=device, hidden=not progress
        )
        return dataframes.predictions(asked.predictions, asked.classes, boxed=asked.pictures.boxed)

    def export_model(self, out: str | Path, *, round: int | None = None, force: bool = False) -> dict[str, Any]:
        """Write a round's network to a file .onnx or .pt2 (UsageError for others), and return its metadata."""
        return exported_model(self.folder, Path(out).expanduser(), number=round, force=force)

    def evaluate(self, reference: str | Path | None = None, *, round: int | None = None) -> Evaluation:
        """How well a round finds wrong labels, against reference labels.

        `reference`: CSV with columns path,label; None: the labels that `init` kept. `round`: the newest that ended, or
        which one. Raises DataError where the CSV does not fit, WorkspaceError where there is no round or no reference.
        """
        from scn_core.review.evaluate import evaluate

        with self.folder.database(read_only=True) as db:
            root = Path(self.folder.settings().root)
            return evaluate(db, arguments.path_of(reference), round_id=round, root=root)
