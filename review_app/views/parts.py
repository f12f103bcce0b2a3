"""Pieces of pages as HTML. Names, notes, keys and class names are other people's text: everything is escaped here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from html import escape
from urllib.parse import urlencode
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

from review_app.settings import current
from scn_core.errors import counted
from scn_core.records import Action, Decision, Doubt, EpochReport, QueueKind, RoundInfo
from scn_core.store.rounds.better_round import validation_change

ACTION_WORDS: dict[Action, str] = {
    "accept": "accepted",
    "keep": "kept",
    "relabel": "relabelled",
    "unsure": "unsure",
    "exclude": "excluded",
    "skip": "skipped",
    "flag": "flagged",
    "note": "note",
    "undo": "taken back",
}
KIND_WORDS: dict[QueueKind, str] = {
    "proposal": "proposal",
    "low_importance": "low importance",
    "suspicious": "outside the low-importance group, but suspicious",
    "audit": "audit",
    "repeat": "repeat",
}
DOUBT_WORDS: dict[Doubt, str] = {
    "none": "not doubted",
    "mislabelled": "likely mislabelled",
    "ambiguous": "ambiguous",
}
_SIZES = ((6, " rv-six"), (4, " rv-four"))  # of tables, by their columns
_SHORT_WORD = 12
"""Letters of a word that a cell of a table never breaks, however long the others are."""
_MARKDOWN = re.compile(r"[!-/:-@\[-`{-~]")


@dataclass(frozen=True)
class Html:
    """Markup made here, of escaped parts: what a table shows as it is."""

    text: str


def large_face(sample_id: int, alt: str) -> None:
    """The face as large as the picture gives it."""
    st.html(f'<div class="rv-face">{_picture(f"/face/{sample_id:d}", alt, 420)}</div>')


def thumbs(sample_ids: Iterable[int], word: str, below: Sequence[str] = ()) -> None:
    """Small faces in a row, each a link to its page; `below`: words for each."""
    links = "".join(
        f'<li><a href="{sample_link(i)}">{_picture(f"/thumb/{i:d}", f"{word}, face {i:d}", 84)}</a>'
        + (f"<div>{escape(below[place])}</div></li>" if place < len(below) else "</li>")
        for place, i in enumerate(sample_ids)
    )
    st.html(f'<ul class="rv-faces">{links}</ul>')


def row(sample_id: int, alt: str, lines: Sequence[Html | str]) -> None:
    """A small face and lines of text beside it."""
    text = "".join(f"<div>{_cell(line)}</div>" for line in lines)
    picture = _picture(f"/thumb/{sample_id:d}", alt, 64)
    st.html(f'<div class="rv-row">{picture}<div>{text}</div></div>')


def table(name: str, head: Sequence[str], rows: Iterable[Sequence[Html | str]]) -> None:
    """A plain table that readers aloud know as one; where many columns have no room it is a list, with the head's words
    before each cell."""
    top = "".join(f'<th scope="col">{escape(word)}</th>' for word in head)
    size = next((words for least, words in _SIZES if len(head) >= least), "")
    if not size:
        roles, begin = ("", "", ""), ["<td>"] * len(head)
    else:  # the style sheet's other layout would take the roles away
        roles = ' role="table"', ' role="rowgroup"', ' role="row"'
        begin = [f'<td role="cell" data-head="{escape(word)}">' for word in head]
    table, group, row = roles
    body = "".join(
        f"<tr{row}>" + "".join(f"{start}{_cell(cell)}</td>" for start, cell in zip(begin, cells, strict=True)) + "</tr>"
        for cells in rows
    )
    st.html(
        f'<div class="rv-scroll" tabindex="0" role="group" aria-label="{escape(name)}">'
        f'<table class="rv-table{size}"{table}>'
        f"<thead{group}><tr{row}>{top}</tr></thead><tbody{group}>{body}</tbody></table></div>"
    )


def facts(pairs: Iterable[tuple[str, str]]) -> None:
    """Names of things and what they are, as a table with a head at the left."""
    body = "".join(f'<tr><th scope="row">{escape(name)}</th><td>{escape(value)}</td></tr>' for name, value in pairs)
    st.html(f'<table class="rv-table rv-facts"><tbody>{body}</tbody></table>')


def metrics(shown: Mapping[str, str]) -> None:
    """A few numbers in a row that wraps."""
    with st.container(horizontal=True, gap="medium"):
        for label, value in shown.items():
            st.metric(label, value, width="content")


def quiet(text: str) -> Html:
    """Less important text."""
    return Html(f'<span class="rv-quiet">{escape(text)}</span>')


def nowrap(text: str) -> Html:
    """Text that stays on one line."""
    return Html(f'<span class="rv-still">{escape(text)}</span>')


def unbroken(text: str) -> Html:
    """A word of a table that is not to be broken over lines."""
    return Html(f'<span class="rv-whole">{escape(text)}</span>')


def struck_out(text: str) -> Html:
    """Text of something taken back."""
    return Html(f'<s class="rv-gone">{escape(text)}</s>')


def link(sample_id: int, text: str) -> Html:
    """A link to a face's page."""
    return Html(f'<a href="{sample_link(sample_id)}">{escape(text)}</a>')


def review_link(text: str, **asked: str) -> Html:
    """A link to the page Review with a filter, as its address says it."""
    return Html(f'<a href="{escape(current().url(f"/?{urlencode(asked)}"))}">{escape(text)}</a>')


def file_link(address: str, text: str) -> Html:
    """A link that saves what is there as a file."""
    return Html(f'<a href="{escape(address)}" download>{escape(text)}</a>')


def sample_link(sample_id: int) -> str:
    """The address of a face's page."""
    return current().url("/samples?" + urlencode({"sample": sample_id}))


def _picture(path: str, alt: str, size: int) -> str:
    source = escape(current().url(path))
    return f'<img src="{source}" alt="{escape(alt)}" loading="lazy" width="{size}" height="{size}">'


def letters(text: str) -> str:
    """For labels of buttons, which read Markdown: the text as it is, letter by letter."""
    return _MARKDOWN.sub(r"\\\g<0>", text)


def is_dark() -> bool:
    """Whether the browser shows the dark theme."""
    return st.context.theme.type == "dark"


def number(text: str | None) -> int | None:
    """A whole number as an address says it; None for anything else."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 16 else None


def name_of(classes: Sequence[str], label: int | None) -> str:
    """The class's name, or a dash."""
    return "–" if label is None else classes[label]


def describe(decision: Decision, classes: Sequence[str]) -> str:
    """What a decision says, in words: sad, accepted."""
    word = ("settled, " if decision.adjudicates else "") + ACTION_WORDS[decision.action]
    if decision.label is not None:
        return f"{classes[decision.label]}, {word}"
    return f"{word}: {decision.text}" if decision.text else word


def moment(stamp: str | None, *, seconds: bool = False) -> str:
    """A stamp of the database in the browser's time, to the minute or second; today's without the day.

    Where the browser does not say its time zone, or nothing is known of it here, in UTC, which it then says.
    """
    if stamp is None:
        return "–"
    zone, name = time_zone()
    try:
        at = datetime.fromisoformat(stamp).astimezone(zone)
    except (ValueError, OverflowError):  # of decisions made elsewhere
        return stamp
    clock = at.strftime("%H:%M:%S" if seconds else "%H:%M") + name
    return clock if at.date() == datetime.now(zone).date() else f"{at:%Y-%m-%d} {clock}"


def time_zone() -> tuple[tzinfo, str]:
    """That of the browser, and what follows its times: nothing, as people expect their own."""
    try:
        named = st.context.timezone
        return (ZoneInfo(named), "") if named else (UTC, " UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return UTC, " UTC"


def duration(seconds: float) -> str:
    """A length of time in words: 40 s, 12 min, 3 h 5 min."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def share(value: float | None) -> str:
    """A share as a percentage, or a dash."""
    return "–" if value is None else f"{value:.1%}"


def small(text: str) -> None:
    """Less important text, a line of its own."""
    st.html(quiet(text).text)


def problem(text: str) -> None:
    """What is wrong with something a person has set."""
    st.html(f'<div class="rv-problem" role="alert">{escape(text)}</div>')


def is_auto(info: RoundInfo) -> bool:
    """Whether the network changed labels while it trained the round."""
    return info.config.get("relabel") == "auto"


def round_name(info: RoundInfo) -> str:
    """Round 2, Round 2 (auto) or Round 2 (opinions)."""
    kind = " (auto)" if is_auto(info) else " (opinions)" if info.opinion_words else ""
    return f"Round {info.id}{kind}"


def round_state(info: RoundInfo) -> str:
    """For choices and lists: round 2 (auto), closed."""
    return f"{round_name(info).lower()}, {info.state}"


def outside_words(faces: int) -> str:
    """That some of the faces counted are in no queue."""
    are = "is" if faces == 1 else "are"
    return (
        f"{counted(faces, 'face')} of these {are} not in the queue: copies answered together with another face, or "
        "answered on the page Samples."
    )


def round_link(info: RoundInfo) -> Html:
    """Its number as a link to its faces."""
    return Html(
        f'<a href="{escape(current().url(f"/?round={info.id:d}"))}" class="rv-whole">{escape(round_name(info))}</a>'
    )


def auto_words(info: RoundInfo, epochs: Sequence[EpochReport] = ()) -> str | None:
    """What is to be known of a round in mode auto, or None of any other."""
    if not is_auto(info):
        return None
    changed = epochs[-1].relabelled if epochs else info.metrics.get("relabelled")
    many = "labels changed by the network during training" + ("" if changed is None else f", {changed:,}")
    return f"auto: {many}; none of it is kept"


def worse_words(info: RoundInfo, rounds: Sequence[RoundInfo]) -> str | None:
    """That a round came out worse than one in review, or than the one it followed; None: it did not."""
    before = [each for each in rounds if each.state == "review" or each.id == info.parent]
    for each in before:
        change = validation_change(info, each)
        if change is not None and change.is_worse:
            return f"came out worse than round {each.id}: {change}"
    return None


def training_line(info: RoundInfo | None, epochs: Sequence[EpochReport], *, stale: bool) -> str:
    """How far a round in training is, as markup for the menu; empty while none is."""
    if info is None or info.state != "running" or stale:
        return ""
    done, total = len(epochs), int(info.config.get("epochs", 0))
    return (
        f'<div class="rv-training">{escape(round_name(info))} is training<br>'
        f'<progress value="{done:d}" max="{max(total, 1):d}" aria-label="epochs done"></progress><br>'
        f'<span class="rv-quiet">epoch {done:d} of {total:d}</span></div>'
    )


def _cell(value: Html | str) -> str:
    if isinstance(value, Html):
        return value.text
    return unbroken(value).text if value.isalpha() and len(value) <= _SHORT_WORD else escape(value)
