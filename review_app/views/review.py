"""The grid of doubtful faces, and what takes its place while there are none."""

from __future__ import annotations

from dataclasses import asdict, replace
from functools import partial

import streamlit as st

from review_app import state
from review_app.components.review_grid import GridData, review_grid
from review_app.queries import workspace_state as queries
from review_app.queries.workspace_state import WorkspaceState
from review_app.settings import current
from review_app.state import Asked
from review_app.views import filters, messages
from scn_core.errors import ScnError
from scn_core.records import QueueFilter, RoundInfo
from scn_core.store.people.people import Person

NEWS_S = 10.0  # how often the page looks for a round in training or a new one; no text here, Streamlit would show it


def page() -> None:
    """The page Review."""
    person = messages.require()
    messages.missing_folder()
    now = queries.workspace_state()
    _return_to_last_filter()
    asked = state.read(st.query_params.to_dict(), now.classes.names)
    for problem in asked.problems:
        messages.note(problem)
    info = now.find(asked.round)
    if not now.rounds:
        messages.no_round()
    elif info is None:
        messages.no_such_round(asked.round or 0, now)
    elif info.state in ("review", "closed"):
        _news(info.id)
        _grid(person, asked, info, now)
    elif info.state == "running" and not now.stale:
        messages.training(info.id)
        messages.list_rounds(tuple(now.scored))
    else:
        messages.ended(info, stale=now.stale)
        messages.list_rounds(tuple(now.scored))


def _without_alpha(asked: Asked) -> Asked:
    """What an address asks of a round that has no alpha: it may be of another round."""
    where = asked.where
    if not state.narrowed(where) and where.order != "alpha":
        return asked
    messages.note("alpha in the address is ignored, as this round has none")
    order = "suspicion" if where.order == "alpha" else where.order
    return replace(asked, where=replace(where, alpha_from=0.0, alpha_to=1.0, order=order))


def _grid(person: Person, asked: Asked, info: RoundInfo, now: WorkspaceState) -> None:
    if info.state == "closed":
        messages.read_only(info)
        if asked.where.state in ("open", "skipped"):  # nothing of a closed round can be leased
            asked = replace(asked, where=replace(asked.where, state="all"))
    if info.opinion_words:
        st.text(f"Round {info.id}, {info.opinion_words}.")
        asked = _without_alpha(asked)
    where = asked.where
    folded, told = filters.row(asked, now), st.container()
    heading = None if where.area is None else filters.above_area(where, now.classes.names)
    # The grid first, whose pictures are fetched while all faces are counted. Also beneath a message: what was just
    # answered is saved and taken back from here.
    review_grid(
        GridData(
            workspace=current().workspace_id,
            person=person,
            round=info.id,
            classes=now.classes.names,
            filter=asdict(where),
        ),
        key="rv-grid",
    )
    counts = queries.counts(info.id, person.id, where)
    filters.fold(folded, asked, counts, now)
    if heading is not None:
        heading.subheader(filters.words_of_area(counts), anchor=False, width="content")
    if counts.matching == 0:
        with told:
            _nothing(info, person, where, now)


def _nothing(info: RoundInfo, person: Person, where: QueueFilter, now: WorkspaceState) -> None:
    open_faces = queries.counts(info.id, person.id, QueueFilter()).matching
    if open_faces == 0 and where.state == "open":
        messages.all_answered(info)
    else:
        messages.nothing_matches(open_faces, partial(filters.clear, now.classes.names))


@st.fragment(run_every=NEWS_S)
def _news(shown: int) -> None:
    """What goes on beside the round that is shown: one in training, or one that people answer now."""
    try:
        now = queries.workspace_state()
    except ScnError:  # what the page shows stays, and the grid tries again by itself
        return
    newest, due = now.newest, now.find(None)
    if newest is not None and newest.id != shown and newest.state == "running" and not now.stale:
        st.text(f"Round {newest.id} is training: epoch {len(now.epochs)} of {newest.config.get('epochs', '?')}.")
    elif due is not None and due.state == "review" and due.id != shown:
        here = now.find(shown)
        if here is not None and here.state == "review":
            words = f"Rounds {shown:d} and {due.id:d} are both in review; people get the faces of round {due.id:d}."
        else:
            words = f"Round {due.id:d} is in review now. All answers saved in round {shown:d} are safe."
        st.html(f'<p>{words} <a href="?round={due.id:d}"><strong>Go to round {due.id:d}</strong></a></p>')


def _return_to_last_filter() -> None:
    """Coming back from another page shows what was shown before; an address that says something wins."""
    asked = st.query_params.to_dict()
    came_from_elsewhere = st.session_state.get("rv-page") != "review"
    if not asked and came_from_elsewhere and (last := st.session_state.get(filters.LAST)):
        st.query_params.from_dict(last)
        asked = last
    st.session_state["rv-page"] = "review"
    st.session_state[filters.LAST] = asked


if __name__ == "__main__":  # as Streamlit runs it
    page()
