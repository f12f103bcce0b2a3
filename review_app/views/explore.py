"""Explore: all faces of a round on a map, faces that look alike near each other; for leads."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
import streamlit as st

from review_app.components.face_map import Chosen, face_map
from review_app.components.face_map.points import Points, by_class, by_value
from review_app.queries import explore as queries
from review_app.queries import workspace_state
from review_app.queries.explore import FaceMap
from review_app.queries.workspace_state import WorkspaceState
from review_app.settings import current
from review_app.views import messages, parts, round_choice
from review_app.views.filters import last_grouping
from scn_core.errors import counted
from scn_core.records import SPLITS, IntArray, RoundInfo
from scn_core.rounds.draw_map import WITHOUT, has_layout
from scn_core.store.people.people import Person
from scn_core.store.queue.area import AREA_WORDS, is_area
from scn_core.store.queue.counts import PairCount
from scn_core.store.reports.map_faces import FACE_STATES

_SHOWN = 24  # faces of a selection; no text here, Streamlit would show it
_LOOK_S = 10.0


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
            _map(person, info, found, now.classes.names)


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


def _map(person: Person, info: RoundInfo, found: FaceMap, classes: Sequence[str]) -> None:
    faces = found.faces
    by = [
        "Given label",
        "Proposed label",
        "Suspicion",
        "State",
        "Split",
        *(f"Opinion: {name}" for name in faces.opinions),
    ]
    colour = st.selectbox("Coloured by", by, key="rv-explore-colour", width=320)
    st.text(
        f"{_splits(found)}. Draw around faces to open them for review, Shift adds to what is selected; click one to "
        "see it. Faces that look alike to the network lie near each other; distances between groups mean little."
    )
    withheld = int(faces.withheld.sum())
    text, texts = _texts(found, classes)
    if colour == "Suspicion":
        points = by_value(found.x, found.y, faces.suspicion, text, texts, faces.sample_id, "suspicion")
    else:
        group, groups, none = {
            "Given label": (faces.given, classes, ""),
            "Proposed label": (faces.proposed, classes, "no proposal"),
            "State": (faces.state, FACE_STATES, ""),
            "Split": (faces.split, SPLITS, ""),
        }.get(colour) or (faces.opinions[colour.removeprefix("Opinion: ")], classes, "no opinion")
        if none and withheld:
            group, groups = np.where(faces.withheld, len(groups), group), (*groups, "withheld")
        points = by_class(found.x, found.y, group, groups, text, texts, faces.sample_id, none=none)
    label = f"Map of {counted(len(found.x), 'face')}, coloured by {colour.lower()}"
    _chosen(person, info, found, points, label)
    if withheld:
        st.text(
            f"{counted(withheld, 'audit face')} not yet answered: what the network and other models say of them is "
            "withheld, and they are coloured by label and state alone."
        )
    if found.method is not None and found.method.name == "PCA" and not has_layout():
        st.text(f"Drawn {WITHOUT}.")
    elif found.method is not None:
        parts.small(f"Drawn by {found.method}.")


@st.fragment
def _chosen(person: Person, info: RoundInfo, found: FaceMap, points: Points, label: str) -> None:
    """The map and what is chosen on it. Choosing draws these alone anew, from what the page has read."""
    kept = f"rv-explore-chosen-{info.id}"
    with st.container(key="rv-wide-map"), st.container(key="rv-pair-map"):
        left, right = st.columns([3, 1])
    with left:
        before = st.session_state.get(kept) or _of_address()
        chosen = st.session_state[kept] = face_map(points, label, before, f"rv-explore-map-{info.id}", info.id)
    with right, messages.shown():
        if chosen.area is not None:
            _selection(person, info, found, chosen.area)
        else:
            _one(found, chosen.face, points)


def _of_address() -> Chosen:
    """What the address says is selected, as after the browser's Back; the map keeps it there."""
    area = st.query_params.get("area")
    if area is not None and not is_area(area):
        messages.note(f"the address says area={area}; allowed: {AREA_WORDS}")
        return Chosen()
    return Chosen(area)


def _splits(found: FaceMap) -> str:
    """As in "900 training faces, 100 of val and 50 of test"."""
    train, *held_out = np.bincount(found.faces.split, minlength=len(SPLITS)).tolist()
    others = [f"{count:,} of {split}" for count, split in zip(held_out, SPLITS[1:], strict=True) if count]
    return " and ".join([", ".join([counted(train, "training face"), *others[:-1]]), *others[-1:]])


def _texts(found: FaceMap, classes: Sequence[str]) -> tuple[IntArray, list[str]]:
    """(N,) place in the list of what faces say of themselves, which many say in the same words; and the list."""
    faces, many = found.faces, len(classes) + 1
    share = np.where(np.isnan(faces.suspicion), -1, np.rint(np.nan_to_num(faces.suspicion) * 100)).astype(np.int64)
    same = ((share + 1) * many + faces.given) * many + faces.proposed + 1
    _, first, text = np.unique(same * len(FACE_STATES) + faces.state, return_index=True, return_inverse=True)
    columns = (faces.given[first], faces.proposed[first], share[first], faces.state[first])
    return text, [
        f"{classes[given]}{f' → {classes[proposed]}' if proposed >= 0 else ''}"
        f"{'' if percent < 0 else f', suspicion {percent / 100:.2f}'}, {FACE_STATES[state]}"
        for given, proposed, percent, state in zip(*(column.tolist() for column in columns), strict=True)
    ]


def _one(found: FaceMap, face: int | None, points: Points) -> None:
    if face is None or face not in found.faces.sample_id:
        st.text("Nothing is selected.")
        return
    parts.large_face(face, f"face {face}")
    if points.faces is not None and len(rows := np.flatnonzero(points.faces == face)):
        st.text(points.texts[points.text[rows[0]]])
    st.html(f'<p><a href="{parts.sample_link(face)}">All about this face</a></p>')


def _selection(person: Person, info: RoundInfo, found: FaceMap, area: str) -> None:
    rows = found.inside(area)
    pairs = queries.pairs_in(info.id, person.id, area)
    with st.container(key="rv-map-chosen"):
        _opened(info, len(rows), pairs, area)
    st.text("The address of the page that opens can be passed on: it shows everybody the same part of the map.")
    order = np.argsort(-np.nan_to_num(found.faces.suspicion[rows]), kind="stable")[:_SHOWN]
    parts.thumbs(found.faces.sample_id[rows[order]].tolist(), "selected")


def _opened(info: RoundInfo, faces: int, pairs: Sequence[PairCount], area: str) -> None:
    """How many are selected, and the links that open them; at the lower edge of a phone, which the map fills."""
    st.subheader(counted(faces, "face"), anchor=False)
    to_review, queued = sum(pair.open for pair in pairs), sum(pair.total for pair in pairs)
    if to_review:
        words = f"Review {counted(to_review, 'face')}: {counted(sum(pair.open > 0 for pair in pairs), 'pair')}"
        link = parts.review_link(words, round=str(info.id), area=area, **last_grouping())
        st.html(f"<p><strong>{link.text}</strong></p>")
    else:
        st.text("None of them is to review.")
    if queued:
        words = f"Show all {counted(queued, 'face')}, answered ones too"
        link = parts.review_link(words, round=str(info.id), area=area, state="all")
        st.html(f"<p>{link.text}</p>")


if __name__ == "__main__":  # as Streamlit runs it
    page()
