"""The row of controls above the grid. They show what the address says, and a change goes into the address."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import streamlit as st

from review_app import state
from review_app.queries.workspace_state import WorkspaceState
from review_app.state import Asked
from review_app.views import confusion, parts
from scn_core.class_names import short_names
from scn_core.errors import counted
from scn_core.picture_records import ISSUE_WORDS
from scn_core.records import QueueDoubt, QueueFilter, QueueOpinions, QueueOrder, QueuePicture, QueueState
from scn_core.store.queue.cells import read_cell
from scn_core.store.queue.counts import PairCount, QueueCounts

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

STATES: dict[QueueState, str] = {
    "open": "To review", "answered": "Answered", "accept": "Accepted", "keep": "Kept", "relabel": "Relabelled",
    "unsure": "Unsure", "exclude": "Excluded", "skipped": "Skipped by me", "all": "All",
}  # fmt: skip
ORDERS: dict[QueueOrder, str] = {
    "suspicion": "Most suspicious", "alpha": "Lowest alpha", "margin": "Widest margin", "newest": "Newest answer",
}  # fmt: skip
DOUBTS: dict[QueueDoubt, str] = {
    "all": "doubted or not",
    "mislabelled": parts.DOUBT_WORDS["mislabelled"],
    "ambiguous": parts.DOUBT_WORDS["ambiguous"],
}
PICTURES: dict[QueuePicture, str] = {
    "all": "good or bad", "any": "bad in any way", **dict[QueuePicture, str](ISSUE_WORDS.items()),
}  # fmt: skip
OPINIONS: dict[QueueOpinions, str] = {
    "all": "whatever they say",
    "disagree": "disagree with the label",
    "agree": "agree with each other, not with the label",
}
Pair = tuple[int | None, int | None, bool]
"""Given label, proposed label, and whether there must be no proposal."""
ANY_PAIR: Pair = (None, None, False)
ANY_NUMBER, ANYONE = -1, ""
"""Options that stand for no condition; None would show as nothing chosen."""
Change = Callable[[Asked, Any], Asked]
_PAIR_LETTERS = 11
"""Of a class's name in a pair: on a phone there is room for two of them and the counts."""
_ADDRESS, _ROW = "rv-filtered-address", "rv-filter-row"
_UNFOLDED = ("state", "order")
LAST = "rv-last-filter"
"""In the session: the address of the page Review that was shown last."""


def row(asked: Asked, now: WorkspaceState) -> DeltaGenerator:
    """State and order, what is filtered by, and a button that shows the rest: `fold` puts it into what is returned."""
    _renew()
    where = asked.where
    words = ORDERS | (
        {"newest": "Newest face"} if where.state in ("open", "skipped") else {}
    )  # nothing is answered yet
    orders = {order: word for order, word in words.items() if _weighed(asked, now) or order != "alpha"}
    with st.container(key="rv-filters", horizontal=True, vertical_alignment="center"):
        # Without counts: the grid answers faces without drawing this row anew, and its line says what is to review.
        _select("State", "state", STATES, where.state, now, lambda a, v: _where(a, state=v))
        _select("Order", "order", orders, where.order, now, lambda a, v: _where(a, order=v))
        on = state.active(where)
        folded = st.popover(f"**Filter ({len(on)})**" if on else "Filter")
    if on:
        _chips(where, on, now.classes.names)
    return folded


def above_area(where: QueueFilter, names: Sequence[str]) -> DeltaGenerator:
    """What stands above faces from the map: a button that groups them, and a place for `words_of_area`, which are known
    once all is counted."""
    with st.container(key="rv-from-map", horizontal=True, vertical_alignment="center"):
        place = st.empty()
        place.subheader("From the map", anchor=False, width="content")
        if not where.grouped:
            st.button("Group by pair", key="rv-group-area", on_click=_group, args=(names,))
    return place


def words_of_area(counts: QueueCounts) -> str:
    """How many faces were drawn around on the map, answered or not, so that it stays true, and of how many pairs."""
    pairs = [pair for pair in counts.pairs if pair.total > 0]
    return f"From the map: {counted(sum(pair.total for pair in pairs), 'face')}, {counted(len(pairs), 'pair')}"


def last_grouping() -> dict[str, str]:
    """What the address says of grouping, as the person last chose on the page Review."""
    last: Mapping[str, str] = st.session_state.get(LAST) or {}
    return {name: value for name, value in last.items() if name == "group"}


def fold(folded: DeltaGenerator, asked: Asked, counts: QueueCounts, now: WorkspaceState) -> None:
    """The other controls, with how many faces each would show; without alpha where the round has none."""
    with folded:
        with st.container(key="rv-folded"):
            _folded(asked, counts, now, weighed=_weighed(asked, now))
        st.button("Clear filters", key="rv-clear", on_click=clear, args=(now.classes.names,))


def _weighed(asked: Asked, now: WorkspaceState) -> bool:
    info = now.find(asked.round)
    return info is None or info.opinion_words is None


def _renew() -> None:
    """New folded controls where the address was changed by anything but them: Back, a chip, a link.

    Streamlit tells a control its new value only while it is on screen. A folded one would go on sending the value
    before, with every run, those on a timer too; that counts as a change, and writes the old filter into the address.
    """
    here = st.query_params.to_dict()
    if here != st.session_state.setdefault(_ADDRESS, here):
        st.session_state[_ROW] = st.session_state.get(_ROW, 0) + 1
    st.session_state[_ADDRESS] = here


def _chips(where: QueueFilter, on: Sequence[str], names: Sequence[str]) -> None:
    """What is filtered and grouped by, each with a cross that ends it."""
    with st.container(key="rv-chips", horizontal=True, vertical_alignment="center"):
        for condition in on:
            words = parts.letters(_condition(condition, where, names))
            st.button(f"{words} ✕", key=f"rv-chip-{condition}", on_click=_drop, args=(condition, names))


def _condition(name: str, where: QueueFilter, names: Sequence[str]) -> str:
    """One condition in the words of a chip."""
    words = {
        "pair": _pair_words(where.given, where.proposed, where.unproposed, names),
        "class": f"class {_side(where.label, names)}",
        "doubt": DOUBTS[where.doubt],
        "picture": PICTURES[where.picture],
        "opinions": f"other models {OPINIONS[where.opinions]}",
        "reviewer": f"answered by {where.reviewer}",
        "alpha": f"alpha {where.alpha_from:.2f} to {where.alpha_to:.2f}",
        "flag": "flagged",
        "note": "with a note",
        "area": "drawn on the map",
        "cell": _cell(where, names),
        "faces": "certain faces",
        "group": "grouped by pair",
    }
    return words[name]


def _cell(where: QueueFilter, names: Sequence[str]) -> str:
    cell = None if where.cell is None else read_cell(where.cell, 1)
    return "" if cell is None else confusion.words_of(cell, names)


def _drop(condition: str, classes: Sequence[str]) -> None:
    asked = state.read(st.query_params.to_dict(), classes)
    kept = replace(asked, where=state.without(asked.where, condition))
    st.query_params.from_dict(state.write(kept, classes))


def _folded(asked: Asked, counts: QueueCounts, now: WorkspaceState, *, weighed: bool) -> None:
    where, names = asked.where, now.classes.names
    rounds = {ANY_NUMBER: "the one in review"} | {info.id: parts.round_state(info) for info in now.scored}
    _select("Round", "round", rounds, _number(asked.round), now, lambda a, v: replace(a, round=_known(v)))
    pair = (where.given, where.proposed, where.unproposed)
    _select("Given → proposed (to review of all)", "pair", _pairs(counts.pairs, names, pair), pair, now, _set_pair)
    classes = {ANY_NUMBER: "every class"} | {
        i: f"{name} ({counts.classes.get(i, 0):,})" for i, name in enumerate(names)
    }
    _select(
        "Class, given or proposed", "class", classes, _number(where.label), now, lambda a, v: _where(a, label=_known(v))
    )
    doubts = {each: f"{word} ({counts.doubts[each]:,})" for each, word in DOUBTS.items()}
    _select("Doubt", "doubt", doubts, where.doubt, now, lambda a, v: _where(a, doubt=v))
    bad = counts.pictures
    pictures = {each: word if bad is None else f"{word} ({bad[each]:,})" for each, word in PICTURES.items()}
    _select("Picture", "picture", pictures, where.picture, now, lambda a, v: _where(a, picture=v))
    if where.area is not None:
        _toggle("Only in the area drawn on the map", "area", True, now, _without("area"))
    if where.cell is not None:
        _toggle(parts.letters(f"Only {_cell(where, names)}"), "cell", True, now, _without("cell"))
    if where.faces is not None:
        _toggle("Only certain faces", "faces", True, now, _without("faces"))
    if now.opinions or where.opinions != "all":
        _select("Other models", "opinions", OPINIONS, where.opinions, now, lambda a, v: _where(a, opinions=v))
    people = {ANYONE: "anyone"} | {name: f"{name} ({n:,})" for name, n in counts.reviewers.items()}
    asked_for = where.reviewer or ANYONE
    people.setdefault(asked_for, f"{asked_for} (0)")
    _select("Answered by", "reviewer", people, asked_for, now, lambda a, v: _where(a, reviewer=v or None))
    if weighed:
        _keep("alpha", (where.alpha_from, where.alpha_to))
        st.slider(
            "Importance weight, alpha", 0.0, 1.0, step=state.ALPHA_STEP, format="%.2f", key=_key("alpha"),
            on_change=_changed, args=("alpha", None, names, _set_alpha),
        )  # fmt: skip
    _toggle(f"Flagged only ({counts.flagged:,})", "flag", where.flagged, now, lambda a, v: _where(a, flagged=v))
    _toggle(f"With a note only ({counts.noted:,})", "note", where.noted, now, lambda a, v: _where(a, noted=v))
    _toggle("Group by given → proposed", "group", where.grouped, now, lambda a, v: _where(a, grouped=v))


def _pairs(pairs: Sequence[PairCount], names: Sequence[str], chosen: Pair) -> dict[Pair, str]:
    options, short = {ANY_PAIR: "every pair"}, short_names(names, _PAIR_LETTERS)
    for each in pairs:
        options[(each.given, each.proposed, each.proposed is None)] = f"({each.open:,} of {each.total:,})"
    options.setdefault(chosen, "(0)")  # an address may ask for one side of a pair, or for a pair there is none of
    return {
        (given, proposed, none): words
        if (given, proposed, none) == ANY_PAIR
        else f"{_pair_words(given, proposed, none, short)} {words}"
        for (given, proposed, none), words in options.items()
    }


def _pair_words(given: int | None, proposed: int | None, unproposed: bool, names: Sequence[str]) -> str:
    """As above the faces of the grid: "anger → sad", "anger, no proposal"."""
    side = _side(given, names)
    return f"{side}, no proposal" if unproposed else f"{side} → {_side(proposed, names)}"


def _number(value: int | None) -> int:
    return ANY_NUMBER if value is None else value


def _known(value: int) -> int | None:
    return None if value == ANY_NUMBER else value


def _side(label: int | None, names: Sequence[str]) -> str:
    return "any" if label is None else names[label]


def _select(label: str, name: str, options: Mapping[Any, str], value: Any, now: WorkspaceState, change: Change) -> None:
    _keep(name, value if value in options else next(iter(options)))
    st.selectbox(
        label,
        list(options),
        format_func=lambda option: options.get(option, str(option)),
        key=_key(name),
        on_change=_changed,
        args=(name, dict(options), now.classes.names, change),
        label_visibility="collapsed" if name in _UNFOLDED else "visible",
    )


def _toggle(label: str, name: str, value: bool, now: WorkspaceState, change: Change) -> None:
    _keep(name, value)
    st.toggle(label, key=_key(name), on_change=_changed, args=(name, None, now.classes.names, change))


def _key(name: str) -> str:
    again = 0 if name in _UNFOLDED else st.session_state.get(_ROW, 0)
    return f"rv-filter-{name}-{again}" if again else f"rv-filter-{name}"


def _keep(name: str, value: Any) -> None:
    st.session_state[_key(name)] = value


def _changed(name: str, options: Mapping[Any, str] | None, classes: Sequence[str], change: Change) -> None:
    value = st.session_state[_key(name)]
    if options is not None and value not in options:
        # The browser names an option by its text; the count in it may have changed since it was drawn.
        bare = str(value).rpartition(" (")[0]
        value = next((option for option, text in options.items() if text.rpartition(" (")[0] == bare), None)
        if value not in options:
            return
    asked = state.read(st.query_params.to_dict(), classes)
    st.query_params.from_dict(state.write(change(asked, value), classes))
    st.session_state[_ADDRESS] = st.query_params.to_dict()


def _group(classes: Sequence[str]) -> None:
    asked = state.read(st.query_params.to_dict(), classes)
    st.query_params.from_dict(state.write(_where(asked, grouped=True), classes))


def clear(classes: Sequence[str]) -> None:
    """Show every open face again, ungrouped, in the order chosen."""
    asked = state.read(st.query_params.to_dict(), classes)
    kept = replace(Asked().where, order=asked.where.order)
    st.query_params.from_dict(state.write(Asked(asked.round, kept), classes))


def _where(asked: Asked, **changes: Any) -> Asked:
    return replace(asked, where=replace(asked.where, **changes))


def _without(condition: str) -> Change:
    return lambda asked, kept: asked if kept else replace(asked, where=state.without(asked.where, condition))


def _set_pair(asked: Asked, pair: Pair) -> Asked:
    given, proposed, none = pair
    return _where(asked, given=given, proposed=proposed, unproposed=none)


def _set_alpha(asked: Asked, ends: tuple[float, float]) -> Asked:
    steps = round(1 / state.ALPHA_STEP)
    low, high = (round(end * steps) for end in ends)
    if low == high:  # an empty range would show nothing: take the step above, or the last one
        low, high = (low, low + 1) if low < steps else (steps - 1, steps)
    return _where(asked, alpha_from=low / steps, alpha_to=high / steps)
