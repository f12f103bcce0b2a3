"""Explore: all faces of a round on a map, faces that look alike near each other; for leads."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
import streamlit as st

from review_app.charts import map as charts
from review_app.charts import selection
from review_app.queries import explore as queries
from review_app.queries import workspace_state
from review_app.queries.explore import FaceMap
from review_app.queries.workspace_state import WorkspaceState
from review_app.settings import current
from review_app.views import messages, parts, round_choice
from scn_core.errors import counted
from scn_core.records import SPLITS, QueueFilter, RoundInfo
from scn_core.rounds.draw_map import WITHOUT, has_layout
from scn_core.store.people.people import Person
from scn_core.store.reports.map_faces import FACE_STATES

_SHOWN = 24  # faces of a selection; no text here, Streamlit would show it
_LOOK_S = 10.0
_POINTER = ("Draw around faces", "Click a face")


def page() -> None:
    """The page Explore."""
    person = messages.require("lead")
    st.session_state["rv-page"] = "explore"
    st.title("Explore", anchor=False)
    now = workspace_state.workspace_state()
    with messages.shown():
        first = queries.round_with_features()
        info = round_choice.scored_round(now, key="rv-explore-round", first=first)
        if info is None:
            messages.no_round()
            return
        if info.id == first and info.id < now.scored[0].id:
            st.text(f"Round {info.id} is the newest that kept features; {_later(now, info.id)} no map.")
        found = queries.map_of(info.id)
        if found == "no features":
            _no_features(info, first)
        elif found == "being drawn":
            _wait(info.id)
        elif isinstance(found, FaceMap):
            _map(person, info, found, now)


def _later(now: WorkspaceState, round_id: int) -> str:
    later = [info.id for info in reversed(now.scored) if info.id > round_id]
    return f"round {later[0]} has" if len(later) == 1 else f"rounds {later[0]} to {later[-1]} have"


def _no_features(info: RoundInfo, other: int | None) -> None:
    why = (
        "A round made from opinions has them where the opinions were made with --embeddings."
        if info.opinion_words
        else "Rounds keep that unless they are trained with --no-keep-features, or were trained before there were maps."
    )
    messages.show(f"Round {info.id} kept no features", f"A map is drawn from what the network sees in each face. {why}")
    if other is not None:
        address = escape(current().url(f"/explore?round={other}"))
        st.html(f'<p><a href="{address}">Round {other} has a map</a></p>')


@st.fragment(run_every=_LOOK_S)
def _wait(round_id: int) -> None:
    if isinstance(queries.map_of(round_id), FaceMap):
        st.rerun()
    messages.show(
        f"The map of round {round_id} is being drawn",
        "It takes about a minute for 30,000 faces, in the background; this page shows it once it is there.",
    )


def _map(person: Person, info: RoundInfo, found: FaceMap, now: WorkspaceState) -> None:
    names, faces = now.classes.names, found.faces
    by = [
        "Given label",
        "Proposed label",
        "Suspicion",
        "State",
        "Split",
        *(f"Opinion: {name}" for name in faces.opinions),
    ]
    left, right = st.columns([1, 2], vertical_alignment="bottom")
    colour = left.selectbox("Coloured by", by, key="rv-explore-colour")
    pointer = right.segmented_control("With the pointer", _POINTER, key="rv-explore-pointer", default=_POINTER[0])
    lasso = pointer != _POINTER[1]
    st.text(
        f"{_splits(found)}; faces that look alike to the network lie near each other. Draw "
        f"around some to open them for review; with “{_POINTER[1]}”, click one to see it. Distances between groups "
        "mean little."
    )
    if withheld := int(faces.withheld.sum()):
        st.text(
            f"{counted(withheld, 'audit face')} not yet answered: what the network and other models say of them is "
            "withheld, and they are coloured by label and state alone."
        )
    if found.method is not None and found.method.name == "PCA" and not has_layout():
        st.text(f"Drawn {WITHOUT}.")
    elif found.method is not None:
        parts.small(f"Drawn by {found.method}.")
    texts = _texts(found, names)
    key = f"rv-explore-{info.id}-{colour}-{lasso}"
    dark = st.context.theme.type == "dark"
    if colour == "Suspicion":
        figure = charts.by_value(
            found.x, found.y, faces.suspicion, texts, faces.sample_id, "suspicion", lasso=lasso, dark=dark
        )
    else:
        group, groups, none = {
            "Given label": (faces.given, names, ""),
            "Proposed label": (faces.proposed, names, "no proposal"),
            "State": (faces.state, FACE_STATES, ""),
            "Split": (faces.split, SPLITS, ""),
        }.get(colour) or (faces.opinions[colour.removeprefix("Opinion: ")], names, "no opinion")
        if none and withheld:
            group, groups = np.where(faces.withheld, len(groups), group), (*groups, "withheld")
        figure = charts.by_class(
            found.x, found.y, group, groups, texts, faces.sample_id, none=none, lasso=lasso, dark=dark
        )
    chart, beside = st.columns([3, 1])
    with chart:
        event = st.plotly_chart(
            figure, key=key, on_select="rerun", selection_mode=("points", "box", "lasso"),
            config={"displaylogo": False, "scrollZoom": True},
            alt=f"Map of {counted(len(found.x), 'face')}, coloured by {colour.lower()}",
        )  # fmt: skip
    kept, drawn = f"rv-explore-kept-{info.id}", selection.area_of(event)
    clicked = selection.faces_of(event)
    st.session_state[kept] = selection.kept_area(st.session_state.get(kept), key, drawn, clicked=bool(clicked))
    with beside:
        _beside(person, info, found, st.session_state[kept].area, clicked, texts)
        if drawn is None and st.session_state[kept].area is not None:
            st.button("Clear the selection", key="rv-explore-clear", on_click=st.session_state.pop, args=(kept,))


def _splits(found: FaceMap) -> str:
    """As in "900 training faces, 100 of val and 50 of test"."""
    train, *held_out = np.bincount(found.faces.split, minlength=len(SPLITS)).tolist()
    others = [f"{count:,} of {split}" for count, split in zip(held_out, SPLITS[1:], strict=True) if count]
    return " and ".join([", ".join([counted(train, "training face"), *others[:-1]]), *others[-1:]])


def _texts(found: FaceMap, names: Sequence[str]) -> list[str]:
    faces = found.faces
    return [
        f"{names[given]}{f' → {names[proposed]}' if proposed >= 0 else ''}"
        f"{'' if np.isnan(suspicion) else f', suspicion {suspicion:.2f}'}, {FACE_STATES[state]}"
        for given, proposed, suspicion, state in zip(
            faces.given.tolist(), faces.proposed.tolist(), faces.suspicion.tolist(), faces.state.tolist(), strict=True
        )
    ]


def _beside(
    person: Person, info: RoundInfo, found: FaceMap, area: str | None, clicked: Sequence[int], texts: Sequence[str]
) -> None:
    if area is not None:
        _selection(person, info, found, area)
    elif clicked:
        (row,) = np.flatnonzero(found.faces.sample_id == clicked[0])[:1] or (None,)
        if row is not None:
            parts.large_face(clicked[0], f"face {clicked[0]}")
            st.text(texts[row])
            st.html(f'<p><a href="{parts.sample_link(clicked[0])}">All about this face</a></p>')
    else:
        st.text("Nothing is selected.")


def _selection(person: Person, info: RoundInfo, found: FaceMap, area: str) -> None:
    rows = found.inside(area)
    counts = workspace_state.counts(info.id, person.id, QueueFilter(state="all", area=area))
    st.subheader(counted(len(rows), "face"), anchor=False)
    to_review = counts.states["open"]
    pairs = counted(sum(pair.open > 0 for pair in counts.pairs), "pair")
    if to_review:
        words = f"Review {counted(to_review, 'face')}: {pairs}"
        link = parts.review_link(words, round=str(info.id), area=area, group="pair")
        st.html(f"<p><strong>{link.text}</strong></p>")
    else:
        st.text("None of them is to review.")
    if counts.matching:
        link = parts.review_link(f"All {counts.matching:,} in the queue", round=str(info.id), area=area, state="all")
        st.html(f"<p>{link.text}</p>")
    st.text("The address of the page that opens can be passed on: it shows everybody the same part of the map.")
    order = np.argsort(-np.nan_to_num(found.faces.suspicion[rows]), kind="stable")[:_SHOWN]
    parts.thumbs(found.faces.sample_id[rows[order]].tolist(), "selected")


if __name__ == "__main__":  # as Streamlit runs it
    page()
