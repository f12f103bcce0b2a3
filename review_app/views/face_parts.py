"""What the page Samples shows of a face, part by part."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from review_app import charts, queries
from review_app.queries import Face
from review_app.views import parts
from review_app.views.parts import ACTION_WORDS, Html
from scn_core.store.one_face import FaceScore
from scn_core.store.people import Person

_PLAIN_CHART = {"displayModeBar": False}


def facts(face: Face, viewer: Person, classes: Sequence[str]) -> None:
    """Key, labels and where the face stands in the queue."""
    sample, label, item = face.stored.sample, face.label, face.item
    why = "nobody answered: the given label stands"
    if label.action is not None:
        why = f"{ACTION_WORDS[label.action]} by {label.person}, round {label.round}, {parts.moment(label.decided_at)}"
    now = "excluded" if label.excluded else classes[label.label]
    words = "shown after your answer" if face.hides_label(viewer) else f"{now} ({why})"
    rows = [
        ("Key", sample.key),
        ("Number", str(face.stored.id)),
        ("Split", sample.split),
        ("Given label", classes[sample.given_label]),
        ("Label now", words),
    ]
    if item is not None:
        state = "open" if item.action is None else ACTION_WORDS[item.action]
        kind = item.kind.replace("_", " ")
        rows.append((f"Queue, round {item.round}", f"{kind}, {state}"))
        held = f"held until {parts.moment(item.lease_until, seconds=True)}" if item.lease_until else "held by nobody"
        rows.append(("Lease", held))
    parts.facts(rows)


def scores(face: Face, classes: Sequence[str]) -> None:
    """What each round says of the face, and one of them in full."""
    numbers = [score.round for score in face.scores]
    chosen = st.selectbox("Round", numbers, key="rv-sample-round") if len(numbers) > 1 else numbers[0]
    score = next(score for score in face.scores if score.round == chosen)
    _numbers(score, classes)
    given = face.stored.sample.given_label
    st.plotly_chart(
        charts.probability_bars(
            classes, score.probabilities, given=given, proposed=score.proposed_label, dark=parts.is_dark()
        ),
        key="rv-bars",
        config=_PLAIN_CHART,
        alt=f"Class probabilities in round {chosen}",
    )
    files = queries.face_files(score.round, face.stored.id)
    if files.dynamics is not None:
        st.plotly_chart(
            charts.dynamics(files.dynamics.alpha, files.dynamics.margin, dark=parts.is_dark()),
            key="rv-dynamics",
            config=_PLAIN_CHART,
            alt=f"Alpha and margin over the epochs of round {chosen}",
        )
    if files.neighbours is not None:
        for title, label, ids in (
            ("given class", given, files.neighbours.given),
            ("other class", files.neighbours.other_label, files.neighbours.other),
        ):
            if ids:
                st.text(f"Confident faces like this one, {title}: {parts.name_of(classes, label)}")
                parts.thumbs(ids, parts.name_of(classes, label))


def log(face: Face, viewer: Person, classes: Sequence[str]) -> None:
    """Every answer and mark, newest first, but for those the viewer may not see before an answer of their own."""
    rows: list[Sequence[Html | str]] = []
    for recorded in reversed(face.history):
        said = recorded.decision
        if face.hides(recorded, viewer):
            continue
        words = parts.said(said, classes)
        rows.append(
            (
                parts.moment(recorded.decided_at),
                said.person,
                f"round {said.round}",
                words if recorded.live or said.action == "undo" else parts.gone(words),
            )
        )
    st.subheader("History", anchor=False)
    if rows:
        parts.table("History", ("When", "Who", "Round", "What"), rows)
    else:
        st.text("Nobody has said anything about this face yet.")


def _numbers(score: FaceScore, classes: Sequence[str]) -> None:
    shown = {
        "Alpha": f"{score.alpha:.2f}",
        "Margin": f"{score.margin:.2f}",
        "Suspicion": f"{score.suspicion:.2f}",
    }
    parts.metrics(shown)
    proposed = "no relabel proposed" if score.proposed_label is None else f"proposed: {classes[score.proposed_label]}"
    group = "low-importance group" if score.low_importance else "high-importance group"
    st.text(f"Round {score.round}, {proposed}; predicted: {classes[score.predicted_label]}; {group}")
