"""`python -m scn_core export` and `import-decisions`: corrected labels out, decisions made elsewhere in."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import get_args

import click
from sqlite_utils import Database

from scn_core.class_names import ClassVocabulary
from scn_core.cli.log import log_done
from scn_core.cli.options import FORCE, JSON, WORKSPACE
from scn_core.cli.outputs import check_folder, check_output
from scn_core.cli.progress import Counter
from scn_core.errors import DataError, UsageError, counted, error_text
from scn_core.exchange.export.formats import FORMAT_NAMES, FORMATS, FormatName
from scn_core.exchange.export.manifest import Spelled, manifest_file, read_manifest
from scn_core.exchange.export.write import ExportOptions, Preview, export_labels, is_export, print_labels
from scn_core.exchange.export.write import preview as preview_of
from scn_core.exchange.import_decisions.import_plan import Planned, plan_import, take_import
from scn_core.exchange.import_decisions.label_studio import named_accounts
from scn_core.exchange.import_decisions.undo_import import plan_undo_of_file
from scn_core.records import Split
from scn_core.store.current_labels import LabelCounts, LabelFilter, Undecided
from scn_core.store.samples import classes
from scn_core.workspace.backup.make import automatic_backup
from scn_core.workspace.folder import Workspace

_PROBLEMS = 18
"""Listed where nothing but the problems was asked for: they fit on a screen."""


@click.command("export")
@WORKSPACE
@click.option(
    "--out", type=click.Path(path_type=Path), help="File or folder to write; OUT.manifest.json beside it; -: print."
)
@click.option(
    "--format", "name", type=click.Choice(FORMAT_NAMES), default="csv", show_default=True, help="How it is written."
)
@click.option("--split", type=click.Choice(get_args(Split)), help="This split alone.")
@click.option("--changed", is_flag=True, help="Only faces whose label is another than the given one.")
@click.option("--decided", is_flag=True, help="Only faces that people decided about.")
@click.option("--class", "class_name", help="Only faces whose label is this class now.")
@click.option("--round", "round_id", type=click.IntRange(1), help="Only faces decided in this round.")
@click.option("--excluded", is_flag=True, help="Faces that people excluded too.")
@click.option("--pseudonyms", is_flag=True, help="reviewer-1, reviewer-2, ... in place of names.")
@click.option(
    "--spelling",
    type=click.Choice(get_args(Spelled)),
    default="project",
    show_default=True,
    help="Class names as everywhere here, or as the data set writes them.",
)
@click.option("--copies", is_flag=True, help="Copy pictures into a folder of pictures, rather than link to them.")
@click.option("--image-prefix", help="label-studio: address before a picture's path [local files].")
@click.option("--preview", is_flag=True, help="Print counts and the first rows, write nothing.")
@FORCE
@JSON
def export_command(
    workspace: Path,
    out: Path | None,
    name: FormatName,
    split: Split | None,
    changed: bool,
    decided: bool,
    class_name: str | None,
    round_id: int | None,
    excluded: bool,
    pseudonyms: bool,
    spelling: Spelled,
    copies: bool,
    image_prefix: str | None,
    preview: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Write the corrected labels, and a manifest beside them."""
    if out is None and not preview:
        raise click.UsageError("Missing option '--out'; or take --preview.")
    place, printed = Workspace(workspace), str(out) == "-"
    check_options(name, copies=copies, image_prefix=image_prefix)
    if printed and as_json:
        raise UsageError(error_text("--out", "- and --json too", "one of them, as both print"))
    pictures = Path(place.settings().root)
    with place.database(read_only=True) as db:
        where = LabelFilter(split, changed, decided, _class(classes(db), class_name), round_id, excluded)
        options = ExportOptions(name, where, pseudonyms, spelling, copies, image_prefix)
        if preview or out is None:
            seen = preview_of(db, options)
            click.echo(json.dumps(seen.as_dict()) if as_json else _describe(seen))
            say_where_empty(seen.counts, where)
            return
        if printed:
            revision = print_labels(db, options, lambda piece: click.echo(piece, nl=False), pictures=pictures)
        else:
            check_export("--out", out, place, force=force, folder=FORMATS[name].lay is not None)
            with Counter("writing", "face") as bar:
                made = export_labels(db, out, options, pictures=pictures, progress=bar.advance)
            revision = made.revision
    log_export(place, name, revision)
    if printed:
        return
    click.echo(json.dumps(made.as_dict()) if as_json else f"{out}: {_counted(made.counts)}")
    say_where_empty(made.counts, made.where)


def say_where_empty(counts: LabelCounts, where: LabelFilter) -> None:
    """A line on standard error where an export has no row, with what a face would have to be."""
    if not counts.rows:
        click.echo(f"no face is exported: none is {where.describe()}", err=True)


def log_export(workspace: Workspace, format: str, revision: str) -> None:
    """Keeps in the log that labels were exported, and of which revision.

    Of a workspace that may only be read, nobody can.
    """
    log_done(workspace, "labels exported", {"format": format, "revision": revision})


def check_options(name: FormatName, *, copies: bool, image_prefix: str | None) -> None:
    """Raises UsageError for an option that the format does not read."""
    if copies and FORMATS[name].lay is None:
        folders = ", ".join(each for each, form in FORMATS.items() if form.lay is not None)
        raise UsageError(error_text("--copies", f"format {name}", folders))
    if image_prefix is not None and name != "label-studio":
        raise UsageError(error_text("--image-prefix", f"format {name}", "label-studio"))


def check_export(flag: str, out: Path, workspace: Workspace, *, force: bool, folder: bool = False) -> None:
    """Raises UsageError, naming `flag`, where an export or its manifest would replace what it may not replace."""
    if folder:
        check_folder(flag, out, ours=is_export, workspace=workspace)
    else:
        check_output(flag, out, ours=is_export, workspace=workspace, force=force)
    check_output(flag, manifest_file(out), ours=_is_manifest, workspace=workspace, force=force)


def _is_manifest(path: Path) -> bool:
    try:
        return manifest_file(path.with_name(read_manifest(path).file)) == path
    except DataError:
        return False


def _class(vocabulary: ClassVocabulary, name: str | None) -> int | None:
    found = None if name is None else vocabulary.find(name)
    if name is not None and found is None:
        raise UsageError(error_text("--class", repr(name), vocabulary.allowed()))
    return found


def _counted(counts: LabelCounts) -> str:
    return f"{counted(counts.rows, 'face')}, {counts.changed:,} with a corrected label, {counts.excluded:,} excluded"


_UNDECIDED: dict[Undecided, str] = {"waiting": "waiting for another reading", "conflict": "in conflict"}


def _describe(seen: Preview) -> str:
    names, counts = seen.about.classes, seen.counts
    lines = [f"revision {seen.revision}: {_counted(counts)}"]
    lines.append("  labels from: " + ", ".join(f"{n:,} {source}" for source, n in sorted(counts.sources.items())))
    if counts.undecided:
        lines.append(f"  the newest answers decide nothing: {counts.undecided_words(_UNDECIDED)}")
    lines.extend(f"  {names[c.given_label]} -> {names[c.label]}: {c.count:,}" for c in counts.changes)
    lines.extend(f"{row.key}  {names[row.given_label]} -> {names[row.label]}  {row.source}" for row in seen.first)
    return "\n".join(lines)


@click.command("import-decisions")
@WORKSPACE
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--person", help="Who decided, where a row does not say.")
@click.option("--path-column", help="Column of pictures or keys [path or key].")
@click.option("--label-column", help="Column of labels [label].")
@click.option("--annotator", "annotators", multiple=True, metavar="ID=NAME", help="Who Label Studio's number ID is.")
@click.option("--adjudicate", is_flag=True, help="The answers settle the faces whatever reviewers said; of leads only.")
@click.option("--undo", is_flag=True, help="Take back what was imported from FILE; people's own answers stay.")
@click.option("--dry-run", is_flag=True, help="List every problem by line and what would change, write nothing.")
@JSON
def import_command(
    workspace: Path,
    file: Path,
    person: str | None,
    path_column: str | None,
    label_column: str | None,
    annotators: tuple[str, ...],
    adjudicate: bool,
    undo: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Take decisions made elsewhere into the round in review.

    FILE is a CSV with the columns path or key, action or label, and person and note where there are any; a file that
    export wrote, with labels changed since; or what Label Studio (JSON, JSON-MIN, CSV) or FiftyOne exported. Where a
    row has a problem, none is taken. Taken again, the file changes nothing; interrupted, it is taken again for the
    rest. --undo takes the whole import back, whoever its answers are of; imported once more, they are there again.
    """
    place = Workspace(workspace)
    if undo:
        if person or path_column or label_column or annotators or adjudicate:
            raise UsageError(error_text("--undo", "another option of reading the file", "--dry-run and --json"))
        _undo(place, file, dry_run=dry_run, as_json=as_json)
        return
    with place.database(read_only=dry_run) as db:
        names = classes(db).names
        plan = plan_import(
            db, file, person=person, adjudicate=adjudicate, root=Path(place.settings().root), path_column=path_column,
            label_column=label_column, annotators=named_accounts(annotators),
        )  # fmt: skip
        taken = 0 if dry_run or plan.problems else take_backed_up(place, db, plan)
    done = not dry_run and not plan.problems
    given = plan.describe(names, done=done, most=None if dry_run else _PROBLEMS)
    click.echo(json.dumps(plan.as_dict(names) | {"taken": taken}) if as_json else given)
    if plan.problems:
        sys.exit(1)


def take_backed_up(workspace: Workspace, db: Database, plan: Planned) -> int:
    """Write the decisions of a plan as `take_import` does, after a backup where there are any; how many."""
    if plan.decisions and not plan.problems:
        automatic_backup(workspace, db, "import")
    return take_import(db, plan)


def _undo(place: Workspace, file: Path, *, dry_run: bool, as_json: bool) -> None:
    with place.database(read_only=dry_run) as db:
        plan = plan_undo_of_file(db, file)
        taken_back = 0 if dry_run else take_backed_up(place, db, plan)
    click.echo(json.dumps(plan.as_dict() | {"taken_back": taken_back}) if as_json else plan.describe(done=not dry_run))
