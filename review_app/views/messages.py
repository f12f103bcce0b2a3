"""Every state in which there is nothing to show, in one place. Each says what is so, and what to do next."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape
from typing import NoReturn
from urllib.parse import urlencode, urlsplit

import streamlit as st

from review_app.auth.login import path_to
from review_app.auth.sessions import signed_in, ticket_path
from review_app.charts.rounds import training as training_chart
from review_app.queries import faces
from review_app.queries import workspace_state as queries
from review_app.queries.workspace_state import WorkspaceState
from review_app.settings import current
from review_app.views import navigation, parts
from review_app.views.wording import in_words_of_pages
from scn_core.errors import ScnError
from scn_core.permissions import OF_A_SERVER, refusals_in_our_words
from scn_core.records import EpochReport, RoundInfo
from scn_core.shell import command_line
from scn_core.store.people.people import Person, Role

FOLLOW_S = 2.0
"""How often a page looks at a round in training."""
_ENDED = {"failed": "failed", "cancelled": "was cancelled"}
_NOTICE = "rv-notice"


def show(title: str, text: str = "", command: str = "") -> None:
    """A framed message. `title` is ours; `text` and `command` may hold anyone's words: shown letter by letter."""
    with st.container(border=True):
        st.subheader(title, anchor=False)
        if text:
            st.text(text)
        if command:
            st.code(command, language=None, wrap_lines=True)


def note(problem: str) -> None:
    """Something in the address that cannot be shown, and what is shown instead. It may hold anyone's words."""
    st.text(f"Note: {problem}")


def remember(text: str | None, title: str = "That was not stored") -> None:
    """Keep what a callback has to say for the page that follows it."""
    if text:
        st.session_state[_NOTICE] = title, in_words_of_pages(text)


def show_remembered() -> None:
    """Show it, once."""
    if notice := st.session_state.pop(_NOTICE, None):
        show(*notice)


@contextmanager
def shown() -> Iterator[None]:
    """Turns this project's errors within, and those of the system about files, into a message with a button that
    tries again."""
    try:
        with refusals_in_our_words(OF_A_SERVER):
            yield
    except ScnError as error:
        show(
            "The workspace did not answer",
            f"{error}\nNothing you answered is lost: the page keeps it and sends it again.",
        )
        st.button("Try again", type="primary", key="rv-retry")


def require(role: Role = "annotator") -> Person:
    """Who is here, asked anew; where they may not see this, the page says why and ends."""
    person = signed_in(st.context.cookies)
    if person is None:
        signed_out()
    if role == "lead" and person.role != "lead":
        show("This page is for leads", f"You are signed in as {person.name}, {person.role}. Ask a lead, or go back.")
        st.page_link(navigation.review(), label="Review faces")
        st.stop()
    return person


def signed_out() -> NoReturn:
    """Nobody is signed in, or the session has ended."""
    show(
        "Sign in to review",
        "Nobody is signed in here, or the session of this page has ended: you signed out, or somebody else has signed "
        "in in this browser. Then reload the page to go on as that person. Answers that were not saved yet are kept in "
        "this browser and are sent when the same person signs in again.",
    )
    if current().auth == "oidc":
        _sign_in_elsewhere()
    else:
        # A link of ours, because Streamlit's opens another tab.
        st.html(f'<p><a href="{escape(path_to(_here()))}"><strong>Sign in</strong></a></p>')
    st.stop()


def no_round() -> None:
    """Nothing has been trained, or made from opinions."""
    show(
        "No round yet", f"Faces to review come from a round, trained or made from opinions. {_ask('start one')}".strip()
    )
    _to_rounds("Start a round")


def no_such_round(asked: int, now: WorkspaceState) -> None:
    """The address names a round that is not there."""
    show(f"There is no round {asked}", "These rounds are there:" if now.rounds else "")
    list_rounds(now.rounds)


def list_rounds(rounds: tuple[RoundInfo, ...]) -> None:
    """Links to the rounds."""
    for info in rounds:
        st.page_link(
            navigation.review(), label=f"{parts.round_name(info)}: {info.state}", query_params={"round": str(info.id)}
        )


def ended(info: RoundInfo, *, stale: bool) -> None:
    """A round that gave no scores."""
    if stale:
        heard = parts.moment(info.heartbeat_at)
        title, text = f"Round {info.id} has stopped without a word", f"Its trainer was last heard of at {heard}."
    else:
        title, text = f"Round {info.id} {_ENDED.get(info.state, info.state)}", info.message or ""
    show(title, f"{text}\nIt can go on from its last checkpoint. {_ask('resume it')}".strip())
    _to_rounds("Resume it")


@st.fragment(run_every=FOLLOW_S)
def training(round_id: int) -> None:
    """A round at work, followed as it goes on."""
    with shown():
        now = queries.workspace_state()
        info = now.find(round_id)
        if info is None or info.state != "running" or now.stale:
            st.rerun()
        st.subheader(f"{parts.round_name(info)} is training", anchor=False)
        progress(info, now.epochs)
        if now.epochs:
            st.plotly_chart(
                training_chart(now.epochs, dark=parts.is_dark()),
                key="rv-training",
                config={"displayModeBar": False},
                alt="Accuracy over the epochs",
            )


def all_answered(info: RoundInfo) -> None:
    """Nothing of the round waits for an answer."""
    show(
        f"Every face of round {info.id} is answered",
        "Look at the answers with the filter, or go on: the next round trains on them. "
        f"{_ask('start it and take out the labels')}".strip(),
    )
    _to_rounds("Start the next round")
    if _is_lead():
        st.page_link(navigation.labels(), label="Take out the labels")


def nothing_matches(open_faces: int, clear: Callable[[], None]) -> None:
    """The filter leaves no face; the grid beneath says so in large letters, this is the way out."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.text(f"No face matches this filter; the round has {open_faces:,} to review.")
        st.button("Clear filters", key="rv-clear-here", on_click=clear)


def read_only(info: RoundInfo) -> None:
    """A closed round."""
    st.text(f"Round {info.id} is closed: its answers can be looked at, not changed.")


def no_such_face(asked: str) -> None:
    """The address or the search names no face."""
    show("No such face", f"Nothing is called {asked!r}. Search by a part of the key, or by the face's number.")


def missing_folder() -> None:
    """Says so where the folder of the pictures is not there."""
    if root := faces.missing_folder():
        show(
            "The pictures are not there",
            f"There is no folder {root}. Mount it or put it back; if the pictures were moved, say where they are now:",
            f"{command_line('relocate', current().workspace.path)} --root DIR",
        )


def taken_out(when: str) -> None:
    """A face that is in no round any more, and whose picture is not shown."""
    show("Taken out", f"This face was taken out on {when}. It is in no round or export, and its picture is not shown.")


def missing_picture(path: str, why: str) -> None:
    """A face whose picture cannot be shown."""
    show("No picture", f"{path}: {why}. Put the file back into the data set's folder, then reload this page.")


def not_trained_on(split: str) -> None:
    """A face that no round has scored."""
    show("No scores", f"No round has scored this face (split: {split}). Only training faces are scored and reviewed.")


def _here() -> str:
    """The address shown, so that signing in leads back to it."""
    query = urlencode(st.query_params.to_dict())
    return (urlsplit(st.context.url or "").path or "/") + (f"?{query}" if query else "")


def _sign_in_elsewhere() -> None:
    """By OpenID Connect: Streamlit knows the user, and our own session begins with a ticket for that name."""
    if not st.user.is_logged_in:
        st.button("Sign in", type="primary", key="rv-sign-in", on_click=st.login)
        return
    if path := ticket_path(st.user.to_dict()):
        st.html(f'<p><a href="{escape(path)}"><strong>Continue as {escape(str(st.user.email))}</strong></a></p>')
    else:
        show(
            "Your account has no verified e-mail address",
            "Ask whoever runs the sign-in service, or use another account.",
        )
    with st.container(horizontal=True):
        st.button("Use another account", key="rv-other-account", on_click=st.login)
        st.button("Sign out there", key="rv-sign-out", on_click=st.logout)


def progress(info: RoundInfo, epochs: tuple[EpochReport, ...]) -> None:
    """How far a round in training is, and its last epoch's figures."""
    total = int(info.config.get("epochs", 0))
    st.progress(min(len(epochs) / total, 1.0) if total else 0.0, f"epoch {len(epochs)} of {total or '?'}")
    if not epochs:
        st.text("The first epoch has not ended yet. This page follows by itself.")
        return
    last, recent = epochs[-1], epochs[-5:]
    left = (total - len(epochs)) * sum(report.seconds for report in recent) / len(recent)
    validated = [report.val_accuracy for report in epochs if report.val_accuracy is not None]
    shown = {
        "Loss": f"{last.loss:.3f}",
        "Accuracy": f"{last.accuracy:.1%}",
        "Validation": f"{validated[-1]:.1%}" if validated else "–",
        "Faces per second": f"{last.faces_per_s:,.0f}",
        "Time left": parts.duration(max(left, 0)),
    }
    parts.metrics(shown)


def _ask(for_what: str) -> str:
    """Whom to turn to, for those who cannot do it themselves."""
    return "" if _is_lead() else f"Ask a lead to {for_what}."


def _to_rounds(label: str) -> None:
    if _is_lead():
        st.page_link(navigation.rounds(), label=label)


def _is_lead() -> bool:
    person = signed_in(st.context.cookies)
    return person is not None and person.role == "lead"
