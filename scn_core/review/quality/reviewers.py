"""Each reviewer of a round: how much, how fast, what they answer, and how far they agree with themselves and others."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from sqlite_utils import Database

from scn_core.intervals import Rate, share
from scn_core.records import Answer, BoolArray
from scn_core.review.workspace_consensus import workspace_consensus
from scn_core.store.decisions.readings import RoundReadings, people_of, round_readings
from scn_core.store.decisions.repeats import Repeat, repeats


@dataclass(frozen=True)
class Reviewer:
    """One person's answers in a round; the newest to each face counts, adjudications are left out."""

    person_id: int
    name: str
    answers: int
    """Faces answered; the sum of the next five."""
    accept: int
    keep: int
    relabel: int
    unsure: int
    exclude: int
    proposals: int
    """Faces answered with a proposal in sight."""
    accepted: Rate | None
    """Of these: answered with the proposed label."""
    minutes: int
    """Minutes with an answer in them whose time was measured, as the browser does."""
    per_minute: float | None
    """Such answers in such a minute; None: no time was measured, as of answers that Python or a file brought."""
    median_s: float | None
    """Median seconds an answer took; answers to several faces at once are left out."""
    repeats: int
    """Hidden repeats answered."""
    consistent: Rate | None
    """Of these: answered as the first time."""
    compared: int
    """Faces that others decided: a lead, or readers who are as many as decide without this person."""
    agreed: Rate | None
    """Of these: this person's answer is the decided one."""
    right: float | None = None
    """How often this person is right by the consensus of people and network, 0..1, from their answers in all rounds;
    None: too few of them name a class of a face that somebody else labelled too."""

    def share(self, action: Answer) -> float:
        """Share of an answer among this person's answers, 0..1."""
        return getattr(self, action) / self.answers if self.answers else 0.0


def reviewers(db: Database, round_id: int) -> list[Reviewer]:
    """Everybody with an answer that stands in the round, most answers first."""
    seen, again = round_readings(db, round_id), repeats(db, round_id)
    found = [_reviewer(seen, again, *person) for person in people_of(db, round_id)]
    if not found:
        return []
    people = workspace_consensus(db, round_id, answered=True).people
    right = {each.person_id: each.right for each in people if each.person_id is not None}
    return [replace(each, right=right.get(each.person_id)) for each in found if each.answers]


def _reviewer(
    seen: RoundReadings, again: list[Repeat], person_id: int, name: str, timed: int, minutes: int
) -> Reviewer:
    mine = seen.person_id == person_id
    action, offered, compared = seen.action[mine], seen.offered[mine], seen.decided[mine] != -3
    took = seen.milliseconds[mine & (seen.milliseconds >= 0)]
    own = [repeat for repeat in again if repeat.person_id == person_id]

    def count(flags: BoolArray) -> int:
        return int(flags.sum())

    return Reviewer(
        person_id=person_id,
        name=name,
        answers=len(action),
        accept=count(action == "accept"),
        keep=count(action == "keep"),
        relabel=count(action == "relabel"),
        unsure=count(action == "unsure"),
        exclude=count(action == "exclude"),
        proposals=count(offered),
        accepted=share(count(seen.took[mine] & offered), count(offered)),
        minutes=minutes,
        per_minute=timed / minutes if minutes else None,
        median_s=float(np.median(took)) / 1000 if len(took) else None,
        repeats=len(own),
        consistent=share(sum(map(_alike, own)), len(own)),
        compared=count(compared),
        agreed=share(count(compared & (seen.decided[mine] == seen.says[mine])), count(compared)),
    )


def _alike(repeat: Repeat) -> bool:
    first, again = (repeat.first_action, repeat.first_label), (repeat.again_action, repeat.again_label)
    return first[1] == again[1] if first[1] is not None else first == again
