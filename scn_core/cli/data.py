"""`python -m scn_core update`, `relocate`, `withdraw`, `erase`: a data set that grew, changed, moved or lost faces."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import click

from scn_core.cli.confirm import YES, confirm
from scn_core.cli.options import JSON, PLACE, WORKSPACE
from scn_core.cli.progress import Counter, draw_anew
from scn_core.erase import erase
from scn_core.errors import UsageError, counted, error_text, listed
from scn_core.store.queue.withdraw import ids_of
from scn_core.workspace.folder import Workspace
from scn_core.workspace.relocate import check_list, relocate, relocate_list
from scn_core.workspace.update import update
from scn_core.workspace.withdraw import withdraw

_NAMED = 5


@click.command("update")
@WORKSPACE
@click.option("--csv", type=PLACE, help="The list, where it has another name, place or address than the one before.")
@click.option("--dry-run", is_flag=True, help="Print the balance, write nothing.")
@JSON
def update_command(workspace: Path, csv: Path | str | None, dry_run: bool, as_json: bool) -> None:
    """Read the data set again, as init did: new faces, changed given labels, faces that are gone.

    Every decision is kept. A changed given label is a new version beside the old one; new faces come with the next
    round.
    """
    place = Workspace(workspace)
    with Counter("reading", "face") as bar:
        done = update(place, csv=csv, dry_run=dry_run, progress=bar.advance)
    if not dry_run and done.changes.any:
        draw_anew(place)
    click.echo(json.dumps(done.as_dict()) if as_json else done.describe())


@click.command("relocate")
@WORKSPACE
@click.option("--root", type=PLACE, help="Folder or address where the pictures are now.")
@click.option("--csv", type=PLACE, help="Where the list of the data set is now.")
@click.option("--force", is_flag=True, help="Even where pictures are missing or differ.")
@JSON
def relocate_command(
    workspace: Path, root: Path | str | None, csv: Path | str | None, force: bool, as_json: bool
) -> None:
    """Say where the pictures are now, once all of them are found there with the content they had; or the list."""
    if root is None and csv is None:
        raise click.UsageError("Missing option '--root' or '--csv'.")
    place = Workspace(workspace)
    if csv is not None:
        check_list(place, csv)
    found, lines = {}, []
    if root is not None:
        with Counter("comparing", "picture") as bar:
            done = relocate(place, root, force=force, progress=bar.advance)
        draw_anew(place)
        found, lines = done.as_dict(), [done.describe(), f"root is now {done.root}"]
    if csv is not None:
        found["csv"] = relocate_list(place, csv)
        lines.append(f"the list is now {found['csv']}; see what it would change with update --dry-run")
    click.echo(json.dumps(found) if as_json else "\n".join(lines))


@click.command("withdraw")
@WORKSPACE
@click.argument("faces", metavar="FACE...", nargs=-1, required=True)
@YES
@JSON
def withdraw_command(workspace: Path, faces: tuple[str, ...], yes: bool, as_json: bool) -> None:
    """Take faces out for good, as where consent was withdrawn. FACE is a key, as exports write it.

    They are in no round, queue or export any more, and their thumbnails and decoded pictures are erased. There is no
    way back. Their names stay, so that `update` leaves them out; `erase` takes the names too.
    """
    _require_known(workspace, faces)
    confirm(
        f"{_named(faces)} will be in no round, queue or export any more; thumbnails and decoded pictures are erased.",
        yes=yes,
    )
    done = withdraw(Workspace(workspace), faces)
    click.echo(json.dumps(done.as_dict()) if as_json else done.describe())


@click.command("erase")
@WORKSPACE
@click.option("--key", "keys", multiple=True, metavar="KEY", help="A face, as exports write its key; repeat it.")
@click.option("--keys-file", type=click.Path(path_type=Path), help="One key a line.")
@YES
@JSON
def erase_command(workspace: Path, keys: tuple[str, ...], keys_file: Path | None, yes: bool, as_json: bool) -> None:
    """Take faces out as `withdraw` does, and their names too: nothing of the pictures is left in the workspace.

    What people decided about them stays in the log under a name that says nothing. There is no way back. What is left
    to delete by hand is printed: the picture files, exports, backups.
    """
    wanted = [*keys, *_lines(keys_file)]
    if not wanted:
        raise UsageError(error_text("erase", "no face", "--key KEY or --keys-file FILE"))
    _require_known(workspace, wanted)
    confirm(
        f"{_named(wanted)} will be in no round, queue or export any more; thumbnails, decoded pictures, features and "
        "names are erased.",
        yes=yes,
    )
    done = erase(Workspace(workspace), wanted)
    click.echo(json.dumps(done.as_dict()) if as_json else done.describe())


def _require_known(workspace: Path, keys: Sequence[str]) -> None:
    """Raises DataError for a face that is unknown, before anybody is asked whether it shall go."""
    with Workspace(workspace).database(read_only=True) as db:
        ids_of(db, keys)


def _named(keys: Sequence[str]) -> str:
    return f"{counted(len(keys), 'face')} ({listed(list(keys[:_NAMED]), len(keys))})"


def _lines(file: Path | None) -> list[str]:
    try:
        text = "" if file is None else file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            error_text("--keys-file", f"{file} ({error})", "a file of UTF-8 text, one key a line")
        ) from error
    return [line for line in text.splitlines() if line.strip()]
