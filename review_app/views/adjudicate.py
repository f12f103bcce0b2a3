"""Faces that reviewers answered differently, one at a time, for a lead to settle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from review_app.commands.decisions import set_live
from review_app.queries import adjudicate as faces
from review_app.queries import workspace_state as queries
from review_app.queries.workspace_state import WorkspaceState
from review_app.views import adjudicate_face, messages, navigation, parts
from scn_core.errors import counted
from scn_core.records import RoundInfo
from scn_core.store.decisions.adjudication import Disputed, OutcomeCounts, Settled
from scn_core.store.people.people import Person

PAGE = 10


def page() -> None:
    """The page Adjudicate."""
    person = messages.require("lead")
    st.session_state["rv-page"] = "adjudicate"
    st.title("Adjudicate", anchor=False)
    now = queries.workspace_state()
    info = now.find(None)
    in_review = info is not None and info.state == "review"
    left = faces.left_by_closed_rounds(info.id if info is not None and in_review else None)
    if info is None or not in_review:
        waiting = (
            f" {counted(left, 'face')} in conflict when {'its' if left == 1 else 'their'} round was closed keep"
            f"{'s' if left == 1 else ''} the label of before. Start another round: those it does not ask about again "
            "are settled here while it is in review."
        )
        messages.show(
            "No round is in review", f"Conflicts are settled while a round is in review.{waiting if left else ''}"
        )
        st.page_link(navigation.rounds(), label="Look at the rounds")
    elif info.review.get("readings", 1) == 1 and not left and not faces.settled_faces(info.id, before=None, limit=1)[0]:
        messages.show(
            f"Each face of round {info.id} is read once",
            "With one reading there is nothing to disagree about. How many people read each face is set on the page "
            "Rounds, or as readings in table [review] of workspace.toml; it holds from the next round on.",
        )
        st.page_link(navigation.rounds(), label="Set the readings", query_params={"show": "rules-of-review"})
    else:
        _round(person, info, now, left)


def _round(person: Person, info: RoundInfo, now: WorkspaceState, left: int) -> None:
    counts = faces.counts(info.id)
    closed = {"In conflict in closed rounds": f"{left:,}"} if left else {}
    parts.metrics({"In conflict": f"{counts.conflict:,}", **closed, "Wait for more readings": f"{counts.waiting:,}",
                   "Decided": f"{counts.decided:,}"})  # fmt: skip
    face = _face(info)
    if face is None:
        _nothing(info, counts, left)
    else:
        adjudicate_face.show(person, face, now.classes.names)
    _settled(person, info, now)


def _face(info: RoundInfo) -> Disputed | None:
    """The one the address names, else the next one that was not put off."""
    asked = parts.number(st.query_params.get("sample"))
    named = None if asked is None else faces.one(info.id, asked)
    if asked is not None and named is None:
        messages.note(f"face {asked} of round {info.id} is not in conflict; the next one is shown")
    after = parts.number(st.query_params.get("after")) or 0
    return named or faces.next_conflict(info.id, after=after)


def _nothing(info: RoundInfo, counts: OutcomeCounts, left: int) -> None:
    if counts.conflict or left:
        messages.show("These were all", f"Put off and still in conflict: {counts.conflict + left:,}.")
        st.button("From the first again", key="rv-adj-again", on_click=adjudicate_face.go, args=(None, None))
    elif counts.waiting:
        messages.show(
            f"No conflict in round {info.id} now",
            f"Faces that wait for more readings: {counts.waiting:,}. Those that get different answers come here.",
        )
    else:
        messages.show(f"No conflict in round {info.id} now", "Nothing waits for more readings either.")
        st.page_link(navigation.review(), label="Review faces")


def _settled(person: Person, info: RoundInfo, now: WorkspaceState) -> None:
    """What was settled, each to be taken back by whoever did it and settled anew by any lead."""
    before = parts.number(st.query_params.get("before"))
    found, older = faces.settled_faces(info.id, before=before, limit=PAGE)
    if not found and before is None:
        return
    st.subheader("Settled", anchor=False)
    last = _last(person, found)
    if before is None and last is not None:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button("Undo the last", key="rv-adj-undo", shortcut="z", on_click=_undo, args=(person, info.id))
            st.text(f"{last.key}: {_words(last, now.classes.names)}")
    for each in found:
        _settled_row(person, each, now)
    with st.container(horizontal=True):
        if before is not None:
            st.button("Newest", key="rv-adj-newest", on_click=_older, args=(None,))
        if older is not None:
            st.button("Show older", key="rv-adj-older", on_click=_older, args=(older,))


def _last(person: Person, found: Sequence[Settled]) -> Settled | None:
    """Their newest; where it settled copies too, that of the face they saw, which was stored first."""
    mine = [each for each in found if each.live and each.decision.person == person.name]
    bulk = mine[0].decision.bulk if mine else None
    together = [each for each in mine if bulk is not None and each.decision.bulk == bulk]
    return next(iter(together[-1:] or mine), None)


def _undo(person: Person, round_id: int) -> None:
    # Looked up when pressed: in haste the key is there before the page shows the newest answer.
    last = _last(person, faces.settled_faces(round_id, before=None, limit=PAGE)[0])
    if last is not None:
        _set_live(last)


def _settled_row(person: Person, each: Settled, now: WorkspaceState) -> None:
    decision, what = each.decision, _words(each, now.classes.names)
    replaced = "" if each.counts or not each.live else " · replaced by a newer one"
    lines: list[parts.Html | str] = [
        what if each.live else parts.struck_out(what),
        parts.quiet(f"{each.key} · {decision.person} · {parts.moment(each.decided_at)}{replaced}"),
    ]
    with st.container(horizontal=True, vertical_alignment="center", key=f"rv-settled-{each.seq}"):
        parts.row(decision.sample_id, each.key, lines)
        if decision.person == person.name:
            word = "Take back" if each.live else "Bring back"
            st.button(word, key=f"rv-adj-live-{each.seq}-{each.live}", on_click=_set_live, args=(each,))
        st.page_link(navigation.adjudicate(), label="Look again", query_params={"sample": str(decision.sample_id)})


def _words(each: Settled, classes: Sequence[str]) -> str:
    arrow = ": " if each.decision.label is None else " → "
    return f"{classes[each.given_label]}{arrow}{parts.describe(replace(each.decision, adjudicates=False), classes)}"


def _set_live(each: Settled) -> None:
    refused = set_live(each.decision, live=not each.live)
    messages.remember(refused)
    if refused is None and each.live:
        adjudicate_face.go(each.decision.sample_id, None)


def _older(before: int | None) -> None:
    st.query_params.from_dict({} if before is None else {"before": str(before)})


if __name__ == "__main__":  # as Streamlit runs it
    page()
