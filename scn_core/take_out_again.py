"""Faces and people that a backup would bring back, although they were taken out after it was made."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sqlite_utils import Database

from scn_core.erase import record_changed_files
from scn_core.rounds.artifacts import forget_faces
from scn_core.store.erase import compact, erase_names
from scn_core.store.people.people import erase_person, find_person, set_active
from scn_core.store.queue.withdraw import withdraw_faces
from scn_core.store.rounds.files import recorded_files
from scn_core.store.samples import find_sample
from scn_core.store.taken_out import TakenOut


def take_out_again(db: Database, back: TakenOut, folder_of: Callable[[int], Path]) -> None:
    """Withdraw and erase the faces, erase and deactivate the people of a database that is about to be put in place.

    `folder_of`: the folder that the files of a round are in. Thumbnails and decoded pictures went when they were taken
    out the first time, and a backup has none. Raises WorkspaceError where the database is damaged.
    """
    withdraw_faces(db, [*back.withdrawn, *back.erased])
    erased = {stored.id for key in back.erased if (stored := find_sample(db, key)) is not None}
    if erased:
        for number in recorded_files(db):
            forget_faces(folder_of(number), erased)
        record_changed_files(db, folder_of)
        erase_names(db, erased)
    for name in back.people_deactivated:
        if (person := find_person(db, name)) is not None:
            set_active(db, person.id, False)
    for name in back.people_erased:
        if (person := find_person(db, name)) is not None:
            erase_person(db, person.id)
    if erased or back.people_erased:
        compact(db)
