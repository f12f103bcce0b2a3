"""A round in training, followed as it goes on, and what became of one that ended."""

from __future__ import annotations

import streamlit as st

from review_app.charts import rounds as charts
from review_app.commands import rounds as commands
from review_app.queries import rounds as reading
from review_app.queries import workspace_state as queries
from review_app.queries.rounds import Training
from review_app.views import messages, parts
from review_app.views.wording import in_words_of_pages
from scn_core.records import EpochReport, RoundInfo

SEEN = "rv-rounds-seen"
"""What the rest of the page was drawn for."""
_CHART = {"displayModeBar": False}


def seen(training: Training) -> tuple[object, ...]:
    """What has to change before the rest of the page is drawn anew."""
    newest = training.newest
    return training.phase, newest and newest.id, newest and newest.state


@st.fragment(run_every=messages.FOLLOW_S)
def live() -> None:
    """What is at work now. When that ends or begins, the page around it is drawn anew."""
    with messages.shown():
        messages.require("lead")
        training = reading.now()
        if seen(training) != st.session_state.get(SEEN):
            queries.forget()
            st.rerun()
        if training.running:
            _running(training.running, training)
        elif training.phase == "starting":
            messages.show("A round is about to start", f"Begun by {training.by}; this takes some seconds.")
            st.button("Stop it", key="rv-stop", on_click=_stop)
            _tail(training)
        elif training.phase == "ending":
            messages.show("A trainer is at work, but no round is in training", "It ends soon, or will begin one.")
            _tail(training)
        else:
            _ended(training)


def _running(info: RoundInfo, training: Training) -> None:
    begun = f"begun by {training.by}, " if training.by else ""
    st.subheader(f"{parts.round_name(info)} is training", anchor=False)
    messages.progress(info, training.epochs)
    if words := parts.auto_words(info, training.epochs):
        st.text(words)
    if training.epochs:
        _curves(training.epochs)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.text(
            f"{info.config.get('backbone', '')} at {info.config.get('image_size', '?')} px, {begun}"
            f"since {parts.moment(info.started_at)}.",
            width="stretch",
        )
        st.button("Cancel training", key="rv-cancel", on_click=_cancel, args=(info.id,))
    _tail(training)


def _curves(epochs: tuple[EpochReport, ...]) -> None:
    figures = {
        "Loss": charts.losses(epochs, dark=parts.is_dark()),
        "Accuracy": charts.training(epochs, dark=parts.is_dark()),
        "Importance weights of the two groups": charts.alphas(epochs, dark=parts.is_dark()),
    }
    with st.container(key="rv-pair-curves"):  # one above the other where there is no room
        for (name, figure), column in zip(figures.items(), st.columns(len(figures)), strict=True):
            with column:
                st.plotly_chart(figure, key=f"rv-curve-{name}", config=_CHART, alt=f"{name} over the epochs")


def _tail(training: Training) -> None:
    if training.tail:
        with st.expander("What the trainer says", key="rv-tail", expanded=training.phase != "running"):
            st.code("\n".join(training.tail), language=None, wrap_lines=True)


def _ended(training: Training) -> None:
    if training.failure is not None:
        messages.show("The trainer ended before there was a round to follow", in_words_of_pages(training.failure))
    if info := training.unfinished:
        if info.state == "running":
            reason = "Its trainer is no more: the process was ended, or the machine was switched off."
        else:
            reason = info.message or ""
        messages.show(f"{parts.round_name(info)} {_WORDS[info.state]}", f"{reason}\n{_behind(info, training.epochs)}")
        missing = reading.cannot_train()
        st.button(
            "Resume it", key="rv-resume", type="primary", disabled=missing is not None, help=missing, on_click=_resume
        )
    if training.failure is not None or training.unfinished:
        _tail(training)


_WORDS = {"running": "has stopped", "failed": "failed", "cancelled": "was cancelled"}


def _behind(info: RoundInfo, epochs: tuple[EpochReport, ...]) -> str:
    total = info.config.get("epochs", "?")
    return f"{len(epochs)} of {total} epochs are done; it goes on from there, on the labels it began with."


def _cancel(round_id: int) -> None:
    messages.remember(commands.cancel(round_id))


def _resume() -> None:
    messages.remember(commands.resume())


def _stop() -> None:
    messages.remember(commands.stop())
