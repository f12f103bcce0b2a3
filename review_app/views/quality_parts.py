"""What the page Quality shows, section by section."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from review_app.charts import doubt as of_doubt
from review_app.charts import quality as charts
from review_app.charts import reviewers as of_people
from review_app.views import navigation, parts
from scn_core.errors import counted
from scn_core.intervals import Measured, Rate
from scn_core.records import RoundInfo
from scn_core.review.quality.agreement import Agreement
from scn_core.review.quality.figures import Quality
from scn_core.review.quality.reviewers import Reviewer
from scn_core.review.workspace_consensus import ANSWERS_NEEDED
from scn_core.store.reports.figures import ScoreBins

if TYPE_CHECKING:
    from plotly.graph_objects import Figure
    from streamlit.delta_generator import DeltaGenerator


def label_errors(found: Quality) -> None:
    """The estimate from the faces drawn at random: as of now in numbers, over the reviews as curves."""
    now = found.estimate
    if now.before is None:
        return  # the advice says why
    st.subheader("How wrong the labels are", anchor=False)
    rows = (
        ("before the review", now.before),
        (f"after it, {counted(now.reviewed, 'face')} decided and {now.found:,} corrected", now.after),
        ("among the faces nobody decided", now.left),
    )
    parts.table(
        "Estimated label errors",
        ("Wrong labels", "Share", "95 % interval", "Faces"),
        [(what, *_rate(rate)) for what, rate in rows],
    )
    _chart(
        charts.label_errors(found.curve, dark=parts.is_dark()),
        "rv-label-errors",
        "Estimated share of wrong labels against the number of decided faces",
    )
    unsure = f", {now.unsure:,} of them unsure and not counted as wrong" if now.unsure else ""
    are = "is" if now.answered == 1 else "are"
    parts.small(
        f"Estimated from faces drawn at random, whatever the network thinks of them: {now.answered:,} of {now.drawn:,} "
        f"{are} decided{unsure}. What people decide is taken as right; what they corrected is counted, not estimated."
    )


def decided(found: Quality, *, closed: bool) -> None:
    """What people decided, in which classes, how fast."""
    st.subheader("What was decided", anchor=False)
    progress = found.progress
    if not progress.decided and not progress.conflicts:
        st.text(
            "No face is decided."
            if closed
            else f"No face is decided; the queue waits for {counted(progress.open, 'answer')}."
        )
        return
    shown = {
        "Faces decided": f"{progress.decided:,}",
        "Wrong labels found": f"{progress.corrected:,}",
        "Wrong labels per hour of work": "–" if progress.per_hour is None else f"{progress.per_hour:,.0f}",
        "Time worked": parts.duration(progress.minutes * 60) if progress.minutes else "–",
    }
    if not closed:
        shown["Answers the queue waits for"] = f"{progress.open:,}"
    parts.metrics(shown)
    if progress.outside:
        parts.small(
            f"{parts.outside_words(progress.outside)} The grid counts each person's answers to the queue alone."
        )
    if progress.conflicts and not closed:
        label = f"{counted(progress.conflicts, 'face')} answered differently, for a lead to settle"
        st.page_link(navigation.adjudicate(), label=label)
    dark = parts.is_dark()
    left, right = _pair("decided")
    with left:
        _titled("Wrong labels by class, among the faces decided")
        _chart(charts.class_rates(found.class_errors, dark=dark), "rv-class-errors", "Share of wrong labels by class")
        are = "is" if progress.unsure == 1 else "are"
        unsure = f" {counted(progress.unsure, 'face')} answered unsure {are} left out." if progress.unsure else ""
        parts.small(
            f"People were asked about doubtful faces first: these shares are higher than those of all faces.{unsure}"
        )
    with right:
        _titled("Faces decided over time")
        zone, words = parts.time_zone()
        over_time = charts.pace(found.steps, zone=zone, zone_words=words, dark=dark)
        _chart(over_time, "rv-pace", "Faces decided over time, corrected and as they were")
    if found.doubts:
        _titled("How each kind of doubt was answered")
        shown_answers = of_doubt.answers_by_doubt(found.doubts, dark=dark)
        _chart(shown_answers, "rv-doubt-answers", "Shares of faces corrected, kept and unsure by kind of doubt")
        parts.small(
            "Where the kinds are real, most likely mislabelled faces are corrected, most ambiguous ones kept or unsure."
        )


def people(found: Quality) -> None:
    """The reviewers side by side, and how well they agree."""
    st.subheader("Reviewers", anchor=False)
    if not found.reviewers:
        st.text("Nobody has answered in this round.")
        return
    parts.table("Reviewers", _HEAD, map(_reviewer, found.reviewers))
    parts.small(
        "Agrees with others: with what others decided, of the faces that a lead settled or that enough other readers "
        "decided without this person. A face that two readers decide by agreeing says nothing of either."
    )
    parts.small(
        "Right: estimated by the consensus of everybody's answers and what models say, from the answers of all rounds; "
        f"shown once {ANSWERS_NEEDED} of a person's answers are to faces that somebody else labelled too."
    )
    dark = parts.is_dark()
    left, right = _pair("people")
    with left:
        _titled("What they answer")
        _chart(of_people.answers(found.reviewers, dark=dark), "rv-reviewer-answers", "Shares of each answer")
    with right:
        _titled("How often they accept, agree, and repeat themselves")
        _chart(of_people.rates(found.reviewers, dark=dark), "rv-reviewer-rates", "Rates of each reviewer")
    _agreement(found.agreement)


def network(bins: ScoreBins, info: RoundInfo) -> None:
    """What the network made of all training faces; nothing of a round made from opinions, which has no network."""
    if info.opinion_words:
        return
    st.subheader("What the network sees", anchor=False)
    dark = parts.is_dark()
    left, right = _pair("network")
    boundary = "" if bins.boundary is None else f"; the groups meet at {bins.boundary:.3f}"
    with left:
        _titled(f"Distribution of alpha{boundary}")
        _chart(charts.alpha_bars(bins, dark=dark), "rv-alpha", "Distribution of alpha by group")
    with right:
        _titled("Alpha against margin, few to many faces")
        shown = charts.alpha_margin(bins, margin_relabel=info.config.get("margin_relabel"), dark=dark)
        _chart(shown, "rv-alpha-margin", "Alpha against margin")
        if "margin_relabel" in info.config:
            parts.small("Proposals lie above the orange line; outside the group only the surest faces have one.")


_HEAD = ("Who", "Answers", "A minute", "Median", "Accepts", "Agrees with others", "Repeats alike", "Right")


def _reviewer(each: Reviewer) -> tuple[str, ...]:
    seconds = "–" if each.median_s is None else f"{each.median_s:.1f} s"
    shares = (_of(each.accepted), _of(each.agreed), _of(each.consistent))
    right = "–" if each.right is None else f"{each.right:.0%}"
    pace = "–" if each.per_minute is None else f"{each.per_minute:.1f}"
    return (each.name, f"{each.answers:,}", pace, seconds, *shares, right)


def _agreement(found: Agreement) -> None:
    _titled("Agreement")
    if not found.faces:
        st.text(
            "No face has two readings. How many people read each face, blind to each other, is set on the page Rounds; "
            "it holds from the next round on."
        )
        return
    alpha = _figure(found.alpha)
    st.text(
        f"Krippendorff's alpha {alpha}, from {counted(found.readings, 'reading')} of {counted(found.faces, 'face')}"
    )
    rows = [
        (f"{pair.one} and {pair.other}", f"{pair.faces:,}", f"{pair.same:,}", _figure(pair.kappa))
        for pair in found.pairs
    ]
    parts.table("Pairs of reviewers", ("Pair", "Faces read by both", "Same answer", "Cohen's kappa"), rows)


def _figure(found: Measured | None) -> str:
    return "not defined" if found is None else f"{found.value:.2f} ({found.low:.2f} to {found.high:.2f})"


def _of(rate: Rate | None) -> str:
    return "–" if rate is None else f"{rate.value:.0%} of {rate.of:,}"


def _rate(rate: Rate | None) -> Sequence[str]:
    if rate is None:
        return ("–", "–", "–")
    faces = f"{rate.faces:,.0f} ({rate.faces_low:,.0f} to {rate.faces_high:,.0f}) of {rate.of:,}"
    return (f"{rate.value:.1%}", f"{rate.low:.1%} to {rate.high:.1%}", faces)


def _pair(key: str) -> Sequence[DeltaGenerator]:
    """Two places beside each other, or beneath where there is no room."""
    with st.container(key=f"rv-pair-{key}"):
        return st.columns(2, gap="medium")


def _titled(text: str) -> None:
    st.markdown(f"**{text}**")


def _chart(figure: Figure, key: str, alt: str) -> None:
    st.plotly_chart(figure, key=key, config={"displayModeBar": False}, alt=alt)
