"""Faces and people that a restored backup brought back, although they were taken out after it was made."""

from __future__ import annotations

from scn_core.erase import erase
from scn_core.store.erase import compact
from scn_core.store.people.people import erase_person, find_person, set_active
from scn_core.store.taken_out import TakenOut
from scn_core.workspace.folder import Workspace
from scn_core.workspace.withdraw import withdraw


def take_out_again(workspace: Workspace, back: TakenOut) -> None:
    """Withdraw and erase the faces, erase and deactivate the people, as was done before; what is out already stays so.

    Raises WorkspaceError where the database is damaged or in use; calling it again goes on.
    """
    if back.withdrawn:
        withdraw(workspace, back.withdrawn)
    if back.erased:
        erase(workspace, back.erased)
    with workspace.database() as db:
        for name in back.people_deactivated:
            if (person := find_person(db, name)) is not None:
                set_active(db, person.id, False)
        for name in back.people_erased:
            if (person := find_person(db, name)) is not None:
                erase_person(db, person.id)
        if back.people_erased:
            compact(db)
