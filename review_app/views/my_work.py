"""What one person decided, newest first, and how fast."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from review_app.commands import decisions as commands
from review_app.queries import workspace_state as queries
from review_app.views import messages, navigation, parts
from review_app.views.parts import Html
from review_app.views.round_choice import scored_round
from scn_core.records import RoundInfo
from scn_core.store.decisions.undo import MyDecision
from scn_core.store.people.people import Person

PAGE = 30


def page() -> None:
    """The page My work."""
    person = messages.require()
    st.session_state["rv-page"] = "my-work"
    st.title("My work", anchor=False)
    now = queries.workspace_state()
    info = scored_round(now, key="rv-my-round")
    if info is None:
        messages.no_round()
        return
    _pace(person, info)
    before = parts.number(st.query_params.get("before"))
    found, older = queries.work_of(person.id, info.id, before=before, limit=PAGE)
    if not found:
        others = " Those of other rounds: choose the round above." if len(now.scored) > 1 else ""
        text = f"Answers, flags and notes you give in round {info.id} on the page Review are listed here.{others}"
        messages.show(f"Nothing of yours in round {info.id}", text)
        st.page_link(navigation.review(), label="Review faces")
    with st.container(key="rv-tiles-mine"):
        for mine in found:
            _row(mine, now.classes.names)
    with st.container(horizontal=True):
        if before is not None:
            st.button("Newest", key="rv-newest", on_click=_go, args=(info.id, None))
        if older is not None:
            st.button("Show older", key="rv-older", on_click=_go, args=(info.id, older))


def _pace(person: Person, info: RoundInfo) -> None:
    pace = queries.pace_of(info.id, person.id)
    shown = {
        "Faces today": f"{pace.today:,}",
        f"Faces answered in round {info.id}": f"{queries.answered_by(info.id, person.id):,}",
        "Per minute": "–" if pace.per_minute is None else f"{pace.per_minute:.1f}",
        "Faces to review": f"{pace.left:,}",
        "Time left": "–" if pace.seconds_left is None else parts.duration(pace.seconds_left),
    }
    parts.metrics(shown)
    if outside := queries.answered_outside(info.id, person.id):
        parts.small(f"{parts.outside_words(outside)} The grid does not count them.")


def _row(mine: MyDecision, classes: Sequence[str]) -> None:
    decision = mine.decision
    arrow = ": " if decision.label is None else " → "
    what = f"{classes[mine.given_label]}{arrow}{parts.describe(decision, classes)}"
    replaced = " · replaced by a newer answer" if mine.replaced else ""
    lines: list[Html | str] = [
        what if mine.live and not mine.replaced else parts.struck_out(what),
        parts.quiet(f"{mine.key} · round {decision.round} · {parts.moment(mine.decided_at)}{replaced}"),
    ]
    with st.container(horizontal=True, vertical_alignment="center", key=f"rv-mine-{mine.seq}"):
        parts.row(decision.sample_id, mine.key, lines)
        if mine.changeable:
            word = "Take back" if mine.live else "Bring back"
            st.button(word, key=f"rv-live-{mine.seq}", on_click=_set_live, args=(mine,))
        st.page_link(
            navigation.samples(),
            label="Change" if mine.changeable else "Look",
            query_params={"sample": str(decision.sample_id)},
        )


def _set_live(mine: MyDecision) -> None:
    messages.remember(commands.set_live(mine.decision, live=not mine.live))


def _go(round_id: int, before: int | None) -> None:
    at = {} if before is None else {"before": str(before)}
    st.query_params.from_dict({"round": str(round_id)} | at)


if __name__ == "__main__":  # as Streamlit runs it
    page()
