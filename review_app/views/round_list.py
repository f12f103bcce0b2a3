"""All rounds side by side in one table."""

from __future__ import annotations

import streamlit as st

from review_app.queries.workspace_state import WorkspaceState
from review_app.views import parts
from review_app.views.parts import Html
from scn_core.records import RoundInfo

_HEAD = (
    "Round", "State", "Began", "Trained", "Epochs", "Training", "Validation", "Test", "Proposals",
    "Low importance", "Suspicious, no proposal",
)  # fmt: skip
_COUNTS = ("proposals", "low_importance", "suspicious")


def table(now: WorkspaceState) -> None:
    """The rounds, newest first."""
    if not now.rounds:
        st.text("No round yet.")
        return
    parts.table("All rounds", _HEAD, [_row(info) for info in now.rounds])
    st.text("Accuracies are the last epoch's; no epoch is chosen by them.")
    st.text(
        "Proposals are those of the trainer. Audit faces among them are asked about without theirs, so the pages for "
        "review count fewer. Suspicious, no proposal: faces outside the low-importance group that people are asked "
        "about for their suspicion alone."
    )
    for info in now.rounds:
        worse = parts.worse_words(info, now.rounds)
        for words in filter(
            None,
            (
                worse,
                parts.auto_words(info),
                info.opinion_words,
                info.pooled_words,
                info.missing_words,
                *info.caveats,
            ),
        ):
            st.text(f"Round {info.id}, {words}")


def _row(info: RoundInfo) -> list[Html | str]:
    metrics = info.metrics
    seconds = metrics.get("seconds")
    scored = info.state in ("review", "closed")
    return [
        parts.round_link(info) if scored else parts.unbroken(parts.round_name(info)),
        parts.unbroken(info.state),
        parts.moment(info.started_at),
        "–" if seconds is None or info.opinion_words else parts.duration(seconds),
        str(info.config.get("epochs", "–")),
        *(parts.share(metrics.get(f"{name}_accuracy")) for name in ("train", "val", "test")),
        *("–" if metrics.get(name) is None else f"{metrics[name]:,}" for name in _COUNTS),
    ]
