"""The part of the page Team about backups: those there are, and one made now."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

import streamlit as st

from review_app.commands import team as commands
from review_app.queries import team as queries
from review_app.settings import current
from review_app.views import messages, parts
from review_app.views.parts import Html
from scn_core.disk import sizes
from scn_core.workspace.backup.archive import Cause
from scn_core.workspace.backup.make import BackupFile

_SHOWN = 20
_CAUSES: dict[Cause, str] = {
    "manual": "asked for",
    "import": "before an import",
    "round": "at a round's end",
    "migration": "before a new version",
    "restore": "before a restore",
    "deleted": "its database was deleted",
    "damaged": "no backup: its database is damaged",
}


def show() -> None:
    """The button, and a table of backups, the newest first; before them, that the database is gone."""
    st.subheader("Backups", anchor=False)
    if why := queries.missing_database():
        messages.show("No answers are stored now", why)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Make a backup now", key="rv-backup-go", on_click=_made)
        st.text(
            "Database, settings and files of rounds, while everybody works on; pictures are not in it. It holds names, "
            "answers and password hashes: keep it where only you can read it."
        )
    found = queries.backups()
    if found:
        head = ("Made", "Why", "By", "Decisions", "Holds", "Size", "File")
        parts.table("Backups", head, [_row(each) for each in found[:_SHOWN]])
    if len(found) > _SHOWN:
        st.text(f"{len(found) - _SHOWN:,} older ones are in the workspace's folder backups.")


def _made() -> None:
    with st.spinner("Making a backup"):
        messages.remember(commands.back_up())


def _row(backup: BackupFile) -> Sequence[Html | str]:
    return (
        parts.moment(backup.made_at),
        _CAUSES[backup.cause],
        backup.by or "–",
        "–" if backup.decisions is None else f"{backup.decisions:,}",
        "files of rounds too" if backup.whole else "database and settings",
        sizes(backup.bytes)[0],
        parts.file_link(current().url(f"/api/backup/{quote(backup.name)}"), backup.name),
    )
