"""What the page Rounds writes, all of it as a lead."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st
from sqlite_utils import Database

from review_app import trainer_process as trainer
from review_app.auth.sessions import signed_in
from review_app.commands.writer import SESSION_ENDED, in_writer
from review_app.database import call_write
from review_app.queries.workspace_state import forget
from review_app.settings import current
from scn_core.config import ReviewSettings, TrainSettings
from scn_core.errors import ScnError
from scn_core.permissions import in_our_words
from scn_core.rounds.from_opinions import make_round_from_opinions
from scn_core.store.connection import transaction
from scn_core.store.events import keep_event, log_event
from scn_core.store.people.people import Person
from scn_core.store.rounds import states as rounds


def start(settings: TrainSettings) -> str | None:
    """Begin a round; the reason where it was refused. What the trainer finds wrong later is in its log."""
    return as_lead(lambda lead: _begin(lead, settings))


def make_from_opinions(*, close_earlier: bool) -> tuple[str | None, list[str]]:
    """Make a round of what other models say, without training; the reason where it was refused, and what became of
    earlier rounds."""
    said: list[str] = []
    return as_lead(lambda lead: _make_from_opinions(lead, close_earlier, said.append)), said


def resume() -> str | None:
    """Go on with the newest unfinished round; the reason where it was refused."""
    return as_lead(lambda lead: _begin(lead, None))


def stop() -> str | None:
    """End a trainer that has no round yet; the reason where it was refused."""
    return as_lead(lambda lead: trainer.stop(current().workspace))


def cancel(round_id: int) -> str | None:
    """End a round in training; the reason where it was refused. Its trainer hears of it within seconds."""
    return in_writer(_cancel, round_id)


def close(round_id: int) -> str | None:
    """End the review of a round; the reason where it was refused."""
    return in_writer(_close, round_id)


def set_rules(rules: ReviewSettings) -> str | None:
    """Write table [review] of workspace.toml; the reason where it was refused."""
    return in_writer(_set_rules, rules)


def as_lead(act: Callable[[Person], None]) -> str | None:
    """In this script's thread, as it may wait for another trainer's end: nobody's answers shall wait with it."""
    try:
        person = signed_in(st.context.cookies)
        refused = SESSION_ENDED if person is None else refusal_unless_lead(person)
        if person is not None and refused is None:
            act(person)
    except ScnError as error:
        refused = str(error)
    except OSError as error:
        refused = str(in_our_words(error))
    forget()
    return refused


def refusal_unless_lead(person: Person) -> str | None:
    """The reason why this person may not do what leads alone may, or None."""
    return None if person.role == "lead" else f"{person.name} is {person.role}; allowed: a lead"


def _begin(lead: Person, settings: TrainSettings | None) -> None:
    trainer.start(current().workspace, settings, by=lead.name)
    call_write(keep_event, "training started", {"resume": settings is None}, by=lead.id)


def _make_from_opinions(lead: Person, close_earlier: bool, say: Callable[[str], None]) -> None:
    workspace = current().workspace
    settings = TrainSettings.merged(workspace.settings().train, {"close_earlier": close_earlier})
    make_round_from_opinions(workspace, settings, by=lead.id, say=say)


def _cancel(db: Database, person: Person, round_id: int) -> str | None:
    if refused := refusal_unless_lead(person):
        return refused
    rounds.cancel_round(db, round_id, f"cancelled by {person.name}", by=person.id)
    return None


def _close(db: Database, person: Person, round_id: int) -> str | None:
    if refused := refusal_unless_lead(person):
        return refused
    rounds.close_round(db, round_id, by=person.id)
    return None


def _set_rules(db: Database, person: Person, rules: ReviewSettings) -> str | None:
    if refused := refusal_unless_lead(person):
        return refused
    with transaction(db):  # neither without the other
        log_event(db, "rules changed", rules.as_dict(), by=person.id)
        current().workspace.write_review(rules)
    return None
