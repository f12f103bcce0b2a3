"""What a restore would replace, and what of that the backup does not have: it is not lost unasked."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from scn_core.errors import WorkspaceError, counted, error_text, listed
from scn_core.store.backup import Contents, contents_of, decisions_missing, opened_copy
from scn_core.store.check import broken_file
from scn_core.store.decisions.imports import workspace_mark
from scn_core.store.newest_decision import newest_file, noted_newest
from scn_core.store.sqlite_errors import UNREADABLE, is_passing
from scn_core.store.taken_out import TakenOut, taken_out_since
from scn_core.workspace.backup.archive import DATABASE
from scn_core.workspace.folder import Workspace
from scn_core.workspace.served import is_served

_NAMED = 5
_TAKE_ANOTHER = (
    "take the backup with most decisions (backup --list counts them), or, while a server runs that still has the "
    "database open, the one that it makes, which its log names"
)


@dataclass(frozen=True)
class Old:
    """What is known of the state to be replaced."""

    contents: Contents | None = None
    """None: there is no database, or it cannot be read."""
    unreadable: str = ""
    lost: dict[str, int] = field(default_factory=dict)
    other: bool = False
    """It is another workspace than the one in the backup."""
    taken_out: TakenOut | None = None
    """What is out of it, and not out of the backup; None: nothing tells."""
    unseen: str = ""
    """What was saved and is neither in a file here nor in the backup."""


def look_at(copy: Path, new: Path, mark: str) -> Old:
    """What a copy of the state to be replaced holds that the backup does not."""
    try:
        with opened_copy(copy) as db:
            if wrong := broken_file(db):
                return Old(unreadable=wrong[0])
            other = workspace_mark(db) != mark
            return Old(contents_of(db), "", decisions_missing(db, new), other,
                        None if other else taken_out_since(db, new))  # fmt: skip
    except (*UNREADABLE, WorkspaceError, StopIteration) as error:
        if is_passing(error):
            raise
        found = error.__cause__ or error  # the way on that the error names is for the copy
        return Old(unreadable=str(found).removeprefix(f"{copy}: ") or "it is of no workspace")


def look_for_unseen(workspace: Workspace, old: Old, new: Contents) -> Old:
    """The same, with what is known to be in no file: by the note of the newest decision, and by a server that has a
    deleted database open still, where no note is left."""
    noted = noted_newest(workspace.database_file)
    deleted = not workspace.database_file.exists() and is_served(workspace.path)
    there = new.newest if old.contents is None else max(old.contents.newest, new.newest)
    unseen = ""
    if noted > there:
        unseen = f"decisions up to number {noted:,} that were saved here, where the backup ends with {new.newest:,}"
    elif deleted and not newest_file(workspace.database_file).exists():
        unseen = f"a {DATABASE} that was deleted, and nothing that says which decisions were saved in it"
    if unseen and deleted:
        unseen += "; a server that runs here has it open still, with all of them"
    return replace(old, unseen=unseen)


def refuse_loss(file: Path, workspace: Workspace, old: Old, new: Contents, force: bool) -> None:
    """Raises WorkspaceError where the backup lacks what is there, or that cannot be told."""
    if force:
        return
    found = [f"a {DATABASE} that cannot be read ({old.unreadable})"] if old.unreadable else []
    found += [old.unseen] if old.unseen else []
    if old.other:
        found.append("another workspace than the one in the backup")
    if old.lost:
        found.append(f"{by_person(old.lost)}, which the backup does not have")
    if newer := newer_rounds(old, new):
        named = listed([str(number) for number in newer[:_NAMED]], len(newer))
        found.append(f"round{'' if len(newer) == 1 else 's'} {named}, trained since the backup was made")
    if found:
        do = "to replace it nevertheless, add --force: a backup of what is there is made before, where it can be read"
        if old.unseen:
            do = f"{_TAKE_ANOTHER}; to go on without what is lost, add --force"
        raise WorkspaceError(error_text(str(workspace.path), "; ".join(found), f"what {file.name} has too", do))


def newer_rounds(old: Old, new: Contents) -> list[int]:
    """Rounds that the backup does not have, or that began at another time there: another one of that number."""
    there = {} if old.contents is None else old.contents.rounds
    return [number for number, began in sorted(there.items()) if new.rounds.get(number) != began]


def by_person(decisions: dict[str, int]) -> str:
    """Decisions by person as text, with how many there are in all."""
    named = [f"{count:,} of {name}" for name, count in list(decisions.items())[:_NAMED]]
    return f"{counted(sum(decisions.values()), 'decision')} ({listed(named, len(decisions))})"
