"""The figures of a round's quality, as the page and the command show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from sqlite_utils import Database

from scn_core.intervals import Rate, share
from scn_core.records import RoundInfo
from scn_core.review.quality.advice import Advice, advise
from scn_core.review.quality.agreement import Agreement, agreement
from scn_core.review.quality.audit_estimate import AuditEstimate, estimate, estimate_curve
from scn_core.review.quality.expected_corrections import Outlook, outlook
from scn_core.review.quality.reviewers import Reviewer, reviewers
from scn_core.store.decisions.adjudication import outcome_counts
from scn_core.store.reports.figures import (
    DecidedCount,
    DecidedSteps,
    DoubtAnswers,
    ScoreBins,
    decided_counts,
    decided_outside,
    decided_steps,
    doubt_answers,
    open_readings,
    timed_work,
)
from scn_core.store.samples import classes


@dataclass(frozen=True)
class ClassErrors:
    """How many decided faces of a class had a wrong label."""

    label: int
    """The class they began the round with."""
    name: str
    wrong: Rate | None
    """Of the decided ones; unsure ones are left out. None where there is none."""


@dataclass(frozen=True)
class Progress:
    """How far the review of a round has come, and what it found."""

    decided: int
    """Faces, unsure ones included."""
    corrected: int
    """Of these, with another label now, or excluded."""
    conflicts: int
    """Faces that reviewers answered differently; a lead has not settled them yet."""
    open: int
    """Answers that the queue still waits for; none once the round is closed."""
    minutes: int
    """In which a person gave an answer whose time was measured, as the browser does, added up over people."""
    outside: int = 0
    """Of the decided faces, those that the queue does not hold: copies answered with a face of it, and faces answered
    on the page Samples. The grid counts the queue alone."""
    unsure: int = 0
    """Of the decided faces; `class_errors` leaves them out."""
    timed: int = 0
    """Of the corrected faces, those that somebody answered within these minutes."""

    @property
    def per_hour(self) -> float | None:
        """Corrections an hour of a person's work; None before the first answer whose time was measured."""
        return self.timed / self.minutes * 60 if self.minutes else None


@dataclass(frozen=True)
class Quality:
    """Everything people look at to judge a round: its review, and who reviewed it."""

    round: int
    classes: tuple[str, ...]
    advice: Advice
    curve: tuple[AuditEstimate, ...]
    """Label errors after so many reviews; the last one is as of now."""
    outlook: Outlook | None
    progress: Progress
    decided: tuple[DecidedCount, ...]
    class_errors: tuple[ClassErrors, ...]
    """By class number, all classes."""
    doubts: tuple[DoubtAnswers, ...]
    """How each kind of doubt was answered."""
    steps: DecidedSteps
    reviewers: tuple[Reviewer, ...]
    agreement: Agreement

    @property
    def estimate(self) -> AuditEstimate:
        """As of now."""
        return self.curve[-1]


def quality(db: Database, info: RoundInfo) -> Quality:
    """The figures of a round that is in review or closed."""
    names = classes(db).names
    decided = decided_counts(db, info.id)
    progress = _progress(db, info, decided)
    curve = estimate_curve(db, info.id) or [estimate(db, info.id)]
    ahead = outlook(db, info.id)
    return Quality(
        round=info.id,
        classes=names,
        advice=advise(info.state, curve[-1], ahead, waiting=progress.open, classes=names),
        curve=tuple(curve),
        outlook=ahead,
        progress=progress,
        decided=tuple(decided),
        class_errors=class_errors(decided, names),
        doubts=tuple(doubt_answers(db, info.id)),
        steps=decided_steps(db, info.id),
        reviewers=tuple(reviewers(db, info.id)),
        agreement=agreement(db, info.id),
    )


def class_errors(decided: Sequence[DecidedCount], names: Sequence[str]) -> tuple[ClassErrors, ...]:
    """By class of the label the round began with; excluded faces had a wrong label, unsure ones are left out."""
    wrong, reviewed = np.zeros(len(names), np.int64), np.zeros(len(names), np.int64)
    for count in decided:
        if count.action != "unsure":
            reviewed[count.start_label] += count.faces
            wrong[count.start_label] += count.faces if count.changes else 0
    return tuple(ClassErrors(i, name, share(int(wrong[i]), int(reviewed[i]))) for i, name in enumerate(names))


def as_dict(found: Quality, bins: ScoreBins) -> dict[str, Any]:
    """All figures as plain values for JSON, the counts of alpha and margin included."""
    return asdict(found) | {
        "per_hour": found.progress.per_hour,
        "steps": {**asdict(found.steps), "changed": found.steps.changed.tolist(),
                  "unchanged": found.steps.unchanged.tolist()},
        "alpha_margin": {"high": bins.high.tolist(), "low": bins.low.tolist(), "boundary": bins.boundary},
    }  # fmt: skip


def _progress(db: Database, info: RoundInfo, decided: Sequence[DecidedCount]) -> Progress:
    work = timed_work(db, info.id)
    return Progress(
        decided=sum(count.faces for count in decided),
        corrected=sum(count.faces for count in decided if count.changes),
        conflicts=outcome_counts(db, info.id).conflict,
        open=open_readings(db, info.id) if info.state == "review" else 0,
        minutes=work.minutes,
        outside=decided_outside(db, info.id),
        unsure=sum(count.faces for count in decided if count.action == "unsure"),
        timed=work.corrected,
    )
