"""Rounds that are in review when another one enters it: what becomes of them is said before it is done, and after."""

from __future__ import annotations

from collections.abc import Callable

from sqlite_utils import Database

from scn_core.store.queue.undecided import undecided_faces
from scn_core.store.rounds.better_round import validation_change
from scn_core.store.rounds.states import EarlierRounds, get_round, in_review

Say = Callable[[str], None]


def say_what_will_be(db: Database, say: Say, *, close_earlier: bool) -> None:
    """Which rounds are in review, and what the end of another one does to them."""
    for number in in_review(db):
        fate = (
            "its review ends when this round does, unless this one comes out worse; --no-close-earlier leaves it open"
            if close_earlier
            else "it stays in review until a lead closes it"
        )
        say(f"round {number} is in review with {undecided_faces(db, number)}; {fate}")


def say_what_was_done(db: Database, number: int, earlier: EarlierRounds, say: Say) -> None:
    """What became of them now that round `number` is in review, and the figures that decided it."""
    for each in earlier.closed:
        change = validation_change(get_round(db, number), get_round(db, each))
        say(f"round {each} is closed: round {number} takes its place" + ("" if change is None else f" ({change})"))
    for each in earlier.kept:
        change = validation_change(get_round(db, number), get_round(db, each))
        say(
            f"round {number} came out worse than round {each} ({change}): both stay in review, "
            f"people are given the faces of round {each}; close the one you do not want"
        )
