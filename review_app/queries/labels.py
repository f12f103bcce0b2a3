"""What the page Labels reads."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

import streamlit as st
from sqlite_utils import Database

from review_app.database import call_slow
from review_app.queries.workspace_state import SLOW_S
from review_app.settings import current
from scn_core.exchange.export.formats import FormatName
from scn_core.exchange.export.manifest import ExportManifest
from scn_core.exchange.export.write import ExportOptions, Preview, exports_in, preview, usable_formats
from scn_core.exchange.import_decisions.import_plan import ImportPlan, plan_import
from scn_core.exchange.import_decisions.label_studio import named_accounts
from scn_core.import_balance import Balance
from scn_core.review.quality.votes import VoteAgreement, vote_agreement
from scn_core.store.decisions.imports import TakenImport, taken_imports
from scn_core.store.people.people import Person
from scn_core.store.votes import import_balance

_KEPT_S = 600
"""What a data set's paths and classes allow changes with `update` alone."""


def preview_of(options: ExportOptions) -> Preview:
    """Counts and first rows of an export, at most SLOW_S old."""
    return _preview(current().workspace_id, options)


def formats() -> list[FormatName]:
    """The formats that the labels of this data set can be written in."""
    return _formats(current().workspace_id)


def exports() -> list[ExportManifest]:
    """The files that were made, the newest first."""
    return exports_in(current().workspace.exports)


def plan_of(upload: bytes, name: str, person: Person, *, adjudicate: bool, accounts: str = "") -> ImportPlan:
    """What taking an uploaded file would do, as it is now. Raises ScnError for what is no such file.

    `accounts`: whose Label Studio's accounts are, such as '1=ann, 2=bob'.
    """
    named = named_accounts(text for text in accounts.split(",") if text.strip())
    return call_slow(plan_upload, upload, name, person, adjudicate, Path(current().workspace.settings().root), named)


def plan_upload(
    db: Database, upload: bytes, name: str, person: Person, adjudicate: bool, root: Path | None = None,
    accounts: Mapping[str, str] | None = None,
) -> ImportPlan:  # fmt: skip
    """The same within a worker's thread."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "upload.csv")
        file.write_bytes(upload)
        return plan_import(
            db, file, person=person.name, adjudicate=adjudicate, name=_plain(name), root=root, annotators=accounts,
            by=person.id,
        )  # fmt: skip


def imports(round_id: int) -> list[TakenImport]:
    """The imports of decisions into a round, the newest first, at most SLOW_S old."""
    return _imports(current().workspace_id, round_id)


@st.cache_data(ttl=SLOW_S, max_entries=4, show_spinner=False)
def _imports(workspace_id: str, round_id: int) -> list[TakenImport]:
    return call_slow(taken_imports, round_id)


@st.cache_data(ttl=SLOW_S, max_entries=4, show_spinner=False)
def _origin(workspace_id: str) -> tuple[Balance | None, VoteAgreement | None]:
    return call_slow(lambda db: (import_balance(db), vote_agreement(db)))


def origin() -> tuple[Balance | None, VoteAgreement | None]:
    """What the import of the data set saw, None where that was not kept yet, and the agreement of its votes."""
    return _origin(current().workspace_id)


@st.cache_data(ttl=_KEPT_S, max_entries=4, show_spinner=False)
def _formats(workspace_id: str) -> list[FormatName]:
    return call_slow(usable_formats)


def forget() -> None:
    """Drop what is cached, after a write that the page must show."""
    _preview.clear()
    _imports.clear()


def _plain(name: str) -> str:
    """A file's name as a log may keep it."""
    return re.sub(r"[^\w. ()+-]", "_", name)[-100:] or "upload.csv"


@st.cache_data(ttl=SLOW_S, max_entries=32, show_spinner="Counting")
def _preview(workspace_id: str, options: ExportOptions) -> Preview:
    return call_slow(preview, options)
