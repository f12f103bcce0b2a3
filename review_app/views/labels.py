"""Corrected labels out, and decisions made elsewhere in, for leads."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

import streamlit as st

from review_app.commands import labels as commands
from review_app.queries import labels as queries
from review_app.queries import workspace_state
from review_app.queries.workspace_state import WorkspaceState
from review_app.settings import current
from review_app.views import labels_import, messages, parts
from review_app.views.parts import Html
from scn_core.exchange.export.formats import FORMATS
from scn_core.exchange.export.manifest import MANIFEST, ExportManifest
from scn_core.exchange.export.write import ExportOptions, Preview
from scn_core.records import SPLITS
from scn_core.store.current_labels import LabelFilter, Undecided

_CHANGES = 8  # pairs of classes listed; the rest are counted
_CONTROLS = ("format", "split", "class", "round", "changed", "decided", "excluded", "pseudonyms", "copies", "prefix")
_SOURCES = {
    "given": "not answered", "accept": "accepted", "keep": "kept", "relabel": "relabelled", "unsure": "unsure",
    "exclude": "excluded", "waiting": "waiting for another reading", "conflict": "in conflict",
}  # fmt: skip
_UNDECIDED: dict[Undecided, str] = {"waiting": _SOURCES["waiting"], "conflict": _SOURCES["conflict"]}


def page() -> None:
    """The page Labels."""
    person = messages.require("lead")
    st.session_state["rv-page"] = "labels"
    st.title("Labels", anchor=False)
    st.text("The labels as people have decided so far, as a file for whatever comes next. The data set stays as it is.")
    now = workspace_state.workspace_state()
    _controls(now)
    options = _chosen()
    seen = queries.preview_of(options)
    _counts(seen)
    _make(options, seen)
    _details(seen)
    _files(seen.revision)
    labels_import.show(person, now)
    _origin()


def _controls(now: WorkspaceState) -> None:
    scored = [info.id for info in now.scored]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(
            "Format", queries.formats(), format_func=lambda name: FORMATS[name].title, key="rv-labels-format", width=170
        )
        st.selectbox("Split", SPLITS, index=None, placeholder="all", key="rv-labels-split", width=130)
        st.selectbox(
            "Label now", range(len(now.classes)), index=None, placeholder="any", width=160, key="rv-labels-class",
            format_func=lambda number: now.classes.names[number],
        )  # fmt: skip
        st.selectbox(
            "Decided in", scored, index=None, placeholder="any round", width=160, key="rv-labels-round",
            format_func=lambda number: f"round {number}",
        )  # fmt: skip
    with st.container(horizontal=True, gap="medium"):
        st.checkbox("Changed labels only", key="rv-labels-changed")
        st.checkbox("Decided faces only", key="rv-labels-decided")
        st.checkbox("Excluded faces too", key="rv-labels-excluded")
        st.checkbox("Pseudonyms for people", key="rv-labels-pseudonyms")
        if FORMATS[st.session_state["rv-labels-format"]].lay is not None:
            st.checkbox("Copies of pictures, not links", key="rv-labels-copies")
    if st.session_state["rv-labels-format"] == "label-studio":
        st.text_input(
            "Address before a picture's path", key="rv-labels-prefix", placeholder="local files: /data/local-files/?d="
        )


def _origin() -> None:
    """What the import of the data set saw, and how far its own annotators agree."""
    balance, votes = queries.origin()
    if balance is None:
        return
    st.subheader("The data set as it was imported", anchor=False)
    st.text("\n".join([*balance.lines(), *([f"votes: {votes.describe()}"] if votes else [])]))


def _chosen() -> ExportOptions:
    """What the controls are set to."""
    values: dict[str, Any] = {name: st.session_state.get(f"rv-labels-{name}") for name in _CONTROLS}
    form = FORMATS[values["format"]]
    where = LabelFilter(
        values["split"], changed=values["changed"], decided=values["decided"], label=values["class"],
        round=values["round"], excluded=values["excluded"],
    )  # fmt: skip
    prefix = values["prefix"] if values["format"] == "label-studio" else None
    return ExportOptions(
        values["format"], where, values["pseudonyms"], copies=bool(values["copies"]) and form.lay is not None,
        image_prefix=prefix or None,
    )  # fmt: skip


def _counts(seen: Preview) -> None:
    counts = seen.counts
    shown = {"Faces": counts.rows, "Changed": counts.changed, "Excluded": counts.excluded}
    parts.metrics({name: f"{n:,}" for name, n in shown.items()})
    if counts.undecided:
        st.text(
            f"The newest answers decide nothing: {counts.undecided_words(_UNDECIDED)}. Column undecided says "
            "which; until they do, the label of before stands."
        )


def _details(seen: Preview) -> None:
    counts, names = seen.counts, seen.about.classes
    left, right = st.columns(2, gap="large")
    with left:
        _changes(seen)
    with right:
        rows = [(_SOURCES[source], f"{n:,}") for source, n in sorted(counts.sources.items(), key=lambda s: -s[1])]
        parts.table("Where the labels come from", ("Label from", "Faces"), rows)
    if seen.first:
        with st.expander("First rows"):
            parts.table("First rows", ("Face", "Split", "Given", "Label", "From", "By", "Round"), _rows(seen, names))


def _changes(seen: Preview) -> None:
    changes, names = seen.counts.changes, seen.about.classes
    listed = [(f"{names[c.given_label]} → {names[c.label]}", f"{c.count:,}") for c in changes[:_CHANGES]]
    if rest := changes[_CHANGES:]:
        listed.append((f"{len(rest)} other pairs", f"{sum(change.count for change in rest):,}"))
    parts.table("Changes", ("Change", "Faces"), listed or [("no label is changed", "")])


def _rows(seen: Preview, names: Sequence[str]) -> list[Sequence[Html | str]]:
    return [
        (
            parts.link(row.sample_id, row.key),
            row.split,
            names[row.given_label],
            names[row.label],
            _SOURCES[row.source] + (", settled by a lead" if row.adjudicated else ""),
            ", ".join(seen.about.people[person] for person in row.people) or "–",
            "–" if row.round is None else str(row.round),
        )
        for row in seen.first
    ]


def _make(options: ExportOptions, seen: Preview) -> None:
    chosen = FORMATS[options.format]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Make the file" if chosen.lay is None else "Make the folder", type="primary", key="rv-labels-make",
            on_click=_write, disabled=not seen.counts.rows,
        )  # fmt: skip
        st.text(f"{chosen.title}: {chosen.help}.")


def _write() -> None:
    refused = commands.make(_chosen())
    if refused:
        messages.remember(refused)
    else:
        messages.remember("It is the first of the list under Files.", "The labels are written")


def _files(revision: str) -> None:
    made = queries.exports()
    if not made:
        return
    st.subheader("Files", anchor=False)
    st.text(
        "Made here, kept in the workspace's folder exports. A manifest says what a file or folder holds, with its "
        "SHA-256. A folder of pictures is not downloaded: it lies on the server."
    )
    head = ("File", "Labels as of", "Faces", "Changed", "Filter", "Size", "Manifest")
    parts.table("Files", head, [_file(each, revision) for each in made])


def _file(made: ExportManifest, revision: str) -> Sequence[Html | str]:
    return (
        _download(made.file, made.file) if PurePath(made.file).suffix else parts.unbroken(f"exports/{made.file}"),
        "now" if made.revision == revision else parts.quiet(f"{made.revision}, older"),
        f"{made.counts.rows:,}",
        f"{made.counts.changed:,}",
        _said(made),
        f"{made.bytes / 1e6:,.1f} MB" if made.bytes >= 1e5 else f"{made.bytes / 1e3:,.1f} kB",
        _download(made.file + MANIFEST, made.sha256[:12]),
    )


def _said(made: ExportManifest) -> str:
    """The filter of a file in words."""
    where = made.where
    chosen = {
        f"split {where.split}": where.split is not None,
        "changed": where.changed,
        "decided": where.decided,
        "" if where.label is None else f"label {made.classes[where.label]}": where.label is not None,
        f"round {where.round}": where.round is not None,
        "with excluded": where.excluded,
        "pseudonyms": made.pseudonyms,
    }
    return ", ".join(text for text, is_so in chosen.items() if is_so) or "all"


def _download(name: str, text: str) -> Html:
    return parts.file_link(current().url(f"/api/export/{quote(name)}"), text)


if __name__ == "__main__":  # as Streamlit runs it
    page()
