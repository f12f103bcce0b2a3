"""Two rounds side by side: accuracies, labels, importance weights, and which faces moved."""

from __future__ import annotations

import streamlit as st

from review_app.charts import rounds as charts
from review_app.queries import rounds as reading
from review_app.queries.workspace_state import WorkspaceState
from review_app.views import messages, parts
from scn_core.errors import counted
from scn_core.records import RoundInfo
from scn_core.rounds.compare import Comparison, Faces, Importance, RoundFigures, importance_words
from scn_core.rounds.compare_accuracy import change_words

_CHART = {"displayModeBar": False}


def two(now: WorkspaceState) -> None:
    """The choice of two rounds, and what changed from one to the other."""
    scored = {info.id: info for info in now.scored}
    if len(scored) < 2:
        st.text("Two rounds have to be trained to the end before they can be compared.")
        return
    earlier, later = _choice(scored)
    found = reading.comparison(earlier, later)
    _numbers(found)
    _labels(found, now.classes.names)
    if found.first.info.opinion_words or found.second.info.opinion_words:
        return
    st.subheader("Importance weights", anchor=False)
    st.plotly_chart(
        charts.alpha_distributions(found, dark=parts.is_dark()),
        key="rv-alphas", config=_CHART, alt="Share of the faces by importance weight, in both rounds",
    )  # fmt: skip
    st.text("A thin line marks the highest weight of a round's low-importance group.")
    moved = found.moved
    if moved.importance:
        _importance(moved.importance, earlier, later)
    _faces(f"Left the low-importance group after round {earlier}", moved.left_low, now.classes.names)
    _faces(f"Entered it in round {later}", moved.entered_low, now.classes.names)


def _importance(found: Importance, earlier: int, later: int) -> None:
    st.markdown("**Did corrected faces gain importance?**")
    st.text(importance_words(found, earlier, later))
    st.plotly_chart(
        charts.importance_ranks(found, earlier, later, dark=parts.is_dark()),
        key="rv-ranks", config=_CHART, alt="Ranks by importance weight in both rounds, of corrected and other faces",
    )  # fmt: skip
    st.text("A box holds the middle half of the faces, its whiskers eight of ten.")


def _choice(scored: dict[int, RoundInfo]) -> tuple[int, int]:
    """Two rounds, the earlier one first, kept in the address."""
    numbers = sorted(scored)
    for name, usual in (("first", numbers[-2]), ("second", numbers[-1])):
        address = st.query_params.get(name)
        asked = parts.number(address)
        st.session_state[f"rv-{name}"] = asked if asked in scored else usual
        if address is not None and asked not in scored:
            known = ", ".join(map(str, numbers))
            messages.note(f"the address says {name}={address}; allowed: {known}; this is round {usual}")
    with st.container(horizontal=True):
        for name, label in (("first", "From"), ("second", "To")):
            st.selectbox(
                label, numbers, key=f"rv-{name}", format_func=lambda n: parts.round_name(scored[n]), on_change=_turn,
                width=220,
            )  # fmt: skip
    first, second = sorted((st.session_state["rv-first"], st.session_state["rv-second"]))
    return (first, second) if first != second else (numbers[-2], numbers[-1])


def _turn() -> None:
    chosen = {name: str(st.session_state[f"rv-{name}"]) for name in ("first", "second")}
    st.query_params.from_dict({"show": "compare"} | chosen)


def _numbers(found: Comparison) -> None:
    sides = (found.first, found.second)
    parts.table(
        "Two rounds",
        ("", *(parts.round_name(side.info) for side in sides)),
        [
            *(
                (f"{word} accuracy", *(parts.share(side.info.metrics.get(f"{name}_accuracy")) for side in sides))
                for name, word in (("train", "Training"), ("val", "Validation"), ("test", "Test"))
            ),
            ("Faces scored", *(f"{side.faces:,}" for side in sides)),
            ("Low-importance group", *(f"{side.low_importance:,}" for side in sides)),
            ("Proposals", *(_proposals(side) for side in sides)),
        ],
    )
    for change in found.accuracy:
        st.text(change_words(change))
    if found.worse:
        st.text(found.worse)
    for side in sides:
        if words := parts.auto_words(side.info) or side.info.opinion_words:
            st.text(f"Round {side.info.id}, {words}")


def _proposals(side: RoundFigures) -> str:
    found = side.info.metrics.get("proposals")
    return "–" if found is None else f"{found:,}"


def _labels(found: Comparison, classes: tuple[str, ...]) -> None:
    moved, later = found.moved, found.second.info.id
    st.subheader(f"{counted(moved.changed, 'label')} changed between them", anchor=False)
    gone = f" {counted(moved.only_first, 'face')} of the first alone." if moved.only_first else ""
    came = f" {counted(moved.only_second, 'face')} of the second alone." if moved.only_second else ""
    st.text(f"By what people decided, among {counted(moved.both, 'face')} that are in both rounds.{gone}{came}")
    if not moved.changed:
        return
    st.plotly_chart(
        charts.label_changes(moved.changes, classes, dark=parts.is_dark()),
        key="rv-changes", config=_CHART, alt="Faces by the label they had and the one they got",
    )  # fmt: skip
    if len(moved.changes) > charts.CHANGES_SHOWN:
        st.text(f"The {charts.CHANGES_SHOWN} most frequent of {len(moved.changes)} pairs.")
    _faces("Cured", moved.cured, classes, f"Round {later}'s network sees the new label too.")
    _faces(
        "Fell back",
        moved.fell_back,
        classes,
        f"Round {later} doubts them again: it proposes another label than the new one.",
    )
    _faces(
        "Still doubtful", moved.doubtful, classes,
        f"Round {later} sees another class, but is not sure enough to propose it.",
    )  # fmt: skip


def _faces(title: str, faces: Faces, classes: tuple[str, ...], words: str = "") -> None:
    st.markdown(f"**{title}: {faces.count:,}** {words}")
    if faces.sample_ids:
        named = [classes[new] if old == new else f"{classes[old]} → {classes[new]}" for old, new in faces.labels]
        parts.thumbs(faces.sample_ids, title, named)
        if faces.count > len(faces.sample_ids):
            st.text(f"The first {len(faces.sample_ids)} of {faces.count:,}.")
