"""A database that was deleted while the server has it open is nowhere else: the server makes a backup of it at once."""

from __future__ import annotations

import logging
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from sqlite_utils import Database

from review_app.database import call_slow, was_moved
from review_app.keeper import Keeper
from review_app.settings import current
from scn_core.errors import WorkspaceError
from scn_core.files import scratch_file
from scn_core.permissions import in_our_words
from scn_core.shell import command_line
from scn_core.store.newest_decision import note_newest
from scn_core.workspace.backup.make import DamagedBackup, make_backup
from scn_core.workspace.folder import Workspace

AGAIN_AFTER_S = 60.0
"""After a backup that could not be made, as on a full disk."""


class LastCopyKeeper(Keeper):
    """Saves a review.db once that was moved away, deleted or replaced, alone or with the whole folder. No answer is
    taken any more, so it has all."""

    name = "copy"
    what = (
        f"review.db was moved away, deleted or replaced, and no backup was made of it; again in {AGAIN_AFTER_S:.0f} s"
    )
    _made = False

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace)
        self._settings = self._settings_now()

    def due(self) -> Sequence[str] | None:
        """Nothing for a process of its own: nobody else can read it. In a slow reader's thread, as those do."""
        if self._made:
            return None
        if not was_moved():
            self._settings = self._settings_now() or self._settings
            return None
        if current().behind_hub and not self._workspace.path.is_dir():  # a workspace is taken from a hub so
            return None
        self._rests_until = time.monotonic() + AGAIN_AFTER_S
        damage = ""
        try:
            made = call_slow(self._back_up)
        except DamagedBackup as error:
            if error.kept is None:
                raise
            made, damage = error.kept, f"; {error}"
        self._made = True
        restore = command_line("restore", made, self._workspace.path)
        when = "put that back" if current().behind_hub else "stop the server and put that back"
        if made.parent == Path(tempfile.gettempdir()):
            when = f"copy it to another place, as files there may go with the server; then {when}"
        words = (
            f"review.db was moved away, deleted or replaced; all that was saved in it is in {made}; {when}: {restore}"
            f"{damage}"
        )
        self._log.say("last copy saved", words, level=logging.ERROR)
        return None

    def _settings_now(self) -> bytes | None:
        """What workspace.toml says: without it a backup is of no use where the whole folder is gone."""
        with suppress(OSError):
            return self._workspace.settings_file.read_bytes()
        return None

    def _back_up(self, db: Database) -> Path:
        failed = []
        for place in self._places():
            try:
                made = self._made_in(place, db)
            except DamagedBackup:
                raise
            except (WorkspaceError, OSError) as error:
                failed.append(str(in_our_words(error) if isinstance(error, OSError) else error))
            else:
                with suppress(WorkspaceError, OSError):
                    note_newest(db)  # which may be deleted too, and by which a restore of less is refused
                return made
        raise WorkspaceError("; nor elsewhere: ".join(failed))

    def _places(self) -> Iterator[Path]:
        """Where it is looked for, then where the server may write otherwise: beside a folder that is gone, which is not
        made anew, as it may only have been moved; and where temporary files go."""
        folder = self._workspace.path
        yield self._workspace.backups if folder.is_dir() else folder.absolute().parent
        yield Path(tempfile.gettempdir())

    def _made_in(self, place: Path, db: Database) -> Path:
        if place != self._workspace.backups and not place.is_dir():
            raise WorkspaceError(f"{place}: no such folder")
        if self._workspace.settings_file.exists() or self._settings is None:
            out = None if place == self._workspace.backups else place
            return make_backup(self._workspace, db, "deleted", out=out, whole=False)
        if place == self._workspace.backups:
            place.mkdir(exist_ok=True)
        with scratch_file(place / self._workspace.settings_file.name) as settings:
            settings.write_bytes(self._settings)
            return make_backup(self._workspace, db, "deleted", out=place, whole=False, settings=settings)
