"""`python -m scn_core backup` and `restore`: a copy of a workspace that people work in, and the way back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import click

from scn_core.cli.log import log_done
from scn_core.cli.options import FORCE, JSON, NEW_WORKSPACE, WORKSPACE
from scn_core.cli.outputs import check_output
from scn_core.cli.progress import Counter
from scn_core.disk import sizes
from scn_core.errors import UsageError, counted, error_text
from scn_core.shell import command_line
from scn_core.store.taken_out import TakenOut
from scn_core.take_out_again import take_out_again
from scn_core.workspace.backup.make import (
    BackupFile,
    Rotated,
    about_backup,
    backups_in,
    is_backup,
    keep_newest,
    make_backup,
)
from scn_core.workspace.backup.restore import restore
from scn_core.workspace.folder import Workspace

_SHOWN = 5
_MAKE_FOLDER = "make the folder or mount the disk first, or name a file that ends in .zip"
_PATH = click.Path(path_type=Path)


@click.command("backup")
@WORKSPACE
@click.option("--out", type=_PATH, help="File to write, or a folder that is there [the workspace's folder backups].")
@click.option("--keep", type=click.IntRange(1), help="Then remove all but so many of the newest backups made by hand.")
@click.option("--pictures", is_flag=True, help="With the pictures of all faces.")
@click.option("--list", "listing", is_flag=True, help="List the backups that there are, make none.")
@FORCE
@JSON
def backup_command(
    workspace: Path,
    out: Path | None,
    keep: int | None,
    pictures: bool,
    listing: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Write database, settings and files of rounds into one zip file, while people work.

    Names, password hashes and answers are in it, so only its owner may read it. Sessions, access tokens and secret.key
    are not: it lets nobody in.
    """
    place = Workspace(workspace)
    place.settings()  # that it is a workspace
    folder = place.backups if out is None else out
    if listing:
        found = backups_in(folder)
        click.echo(json.dumps([each.as_dict() for each in found]) if as_json else _table(found))
        return
    if out is not None and not out.is_dir() and keep is not None:
        what = f"--out {out}, {'a file' if out.exists() else 'which is not there'}"
        raise UsageError(error_text("--keep", what, "a folder that is there, in which to keep them", _MAKE_FOLDER))
    made = written_backup(place, out, pictures=pictures, force=force)
    older = Rotated([], []) if keep is None else keep_newest(folder, keep, like=made)
    about = about_backup(made)
    if as_json:
        click.echo(json.dumps(about.as_dict() | {"file": str(made)} | older._asdict()))
        return
    click.echo(f"{made}: {_described(about)}")
    if about.missing_pictures:
        click.echo(f"pictures that were not there: {about.missing_pictures:,}")
    if older.removed:
        click.echo(f"older backups removed: {', '.join(older.removed)}")
    if older.fuller:
        click.echo(
            f"warning: kept beside the newest {keep}, as files of rounds or pictures in them are in no newer one: "
            f"{', '.join(older.fuller)}; {command_line('check', workspace)} says which files are not there",
            err=True,
        )
    click.echo(f"to put it back: {command_line('restore', made, workspace)}")


def written_backup(
    workspace: Workspace, out: Path | None, *, pictures: bool, force: bool = False, progress: bool = True
) -> Path:
    """Make a backup asked for by a person, with a bar on standard error; where it is.

    Raises UsageError, naming `--out`, where it would replace what is no earlier backup.
    """
    if out is not None and not out.is_dir():
        if not out.exists() and out.suffix.lower() != ".zip":  # such as a disk that is not mounted
            what = f"{out}, which is not there"
            raise UsageError(error_text("--out", what, "a folder, or a file that ends in .zip", _MAKE_FOLDER))
        check_output("--out", out, ours=is_backup, workspace=workspace, force=force)
    with (
        workspace.database(read_only=True, as_it_is=not pictures) as db,
        Counter("backing up", "B", hidden=not progress, scaled=True) as bar,
    ):
        made = make_backup(workspace, db, out=out, pictures=pictures, progress=bar.advance, begins=bar.go_on)
    log_done(workspace, "backup made", {})
    return made


@click.command("restore")
@click.argument("file", metavar="FILE", type=_PATH)
@NEW_WORKSPACE
@click.option(
    "--force",
    is_flag=True,
    help="Even where answers or rounds are lost, or the backup is not as it was written.",
)
@click.option("--bring-back", is_flag=True, help="Leave in what was taken out after the backup was made.")
@JSON
def restore_command(file: Path, workspace: Path, force: bool, bring_back: bool, as_json: bool) -> None:
    """Put a backup in place of what WS holds, or into a new folder, once its hashes are checked.

    FILE is a backup, or a copy of a database alone. What is in WS is backed up first, and its files are set aside in a
    folder replaced-...; nothing is deleted. Faces and people that were taken out after the backup was made are taken
    out again. Stop the server and the trainer before.
    """
    place = Workspace(workspace)
    with Counter("restoring", "B", scaled=True) as bar:
        take_out = None if bring_back else take_out_again
        done = restore(file, place, force=force, take_out=take_out, progress=bar.advance)
    click.echo(json.dumps(done.as_dict()) if as_json else done.describe())
    if done.back and not as_json:
        again = f"taken out again, as it was after the backup was made: {done.back}; backups still hold it"
        click.echo(_back(place, done.back) if bring_back else again)


def _back(workspace: Workspace, back: TakenOut) -> str:
    """What a backup brought back, and the commands that take it out again."""
    lines = [f"back again, though taken out after the backup was made: {back}. To take it out:"]
    lines += [f"  {command_line('withdraw', workspace.path, key)}" for key in back.withdrawn[:_SHOWN]]
    lines += [f"  {command_line('erase', workspace.path, '--key', key)}" for key in back.erased[:_SHOWN]]
    for command, names in (("erase", back.people_erased), ("deactivate", back.people_deactivated)):
        shown = names[:_SHOWN]
        lines += [f"  {command_line('person', command, workspace.path, each, program='review_app')}" for each in shown]
    return "\n".join([*lines, f"at most {_SHOWN} of a kind are shown; restore --json names all"])


def _described(backup: BackupFile) -> str:
    parts = [sizes(backup.bytes)[0]]
    if backup.decisions is not None:
        parts.append(counted(backup.decisions, "decision"))
    parts.append("with the files of rounds" if backup.whole else "database and settings alone")
    return ", ".join([*parts, *(["with pictures"] if backup.pictures else [])])


def _table(found: Sequence[BackupFile]) -> str:
    if not found:
        return "no backups"
    return "\n".join(
        f"{each.made_at[:16].replace('T', ' ')}  {each.cause:<9}  {each.name}: {_described(each)}" for each in found
    )
