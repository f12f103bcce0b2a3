"""How many labels of a round are wrong: before its review, after it, and among the faces nobody has looked at.

What people decide about a face is taken as the truth. Audit faces were drawn at random within strata, so they speak
for the faces nobody has looked at; wrong labels found by whatever choice of faces are known, not estimated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
from sqlite_utils import Database

from scn_core.intervals import Rate, wilson
from scn_core.records import IntArray
from scn_core.store.queue.draw_audit import (
    AuditStratum,
    DecidedFaces,
    audit_strata,
    count_audit_conflicts,
    decided_faces,
    drawn_by_label,
)

NEEDED = 10
"""Audit faces that have to be decided before there is an estimate."""
_EXPECTED = 5.0
"""Audit faces that would be decided by now in labels where none is: from here on it is no accident."""
_TRUSTED = 2.0
"""Wrong labels after which strata are half trusted to make the estimate as sharp as they say."""

_Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class AuditEstimate:
    """Wrong labels among the training faces of a round, as far as its review has come."""

    round: int
    faces: int
    """Training faces of the round."""
    reviewed: int
    """Of them decided."""
    found: int
    """Of the reviewed: the label was wrong (it got another one, or the face was excluded)."""
    drawn: int
    """Audit faces of the round."""
    answered: int
    """Audit faces decided."""
    wrong: int
    """Of these: the label was wrong."""
    unsure: int
    """Of these: people could not tell. Their labels are not counted as wrong."""
    conflicts: int
    """Audit faces whose readings differ. Until a lead settles them they count as not decided."""
    missing: tuple[int, ...]
    """Labels of which no audit face is decided though several would be by now: people review by filter, and what is
    decided does not speak for these. There is no estimate then."""
    before: Rate | None
    """Wrong labels among all faces before the review. None, as the next two: fewer than NEEDED audit faces decided."""
    after: Rate | None
    """Wrong labels that are still there, of all faces that are not excluded."""
    left: Rate | None
    """The same wrong labels, of the faces not decided yet."""


def estimate(db: Database, round_id: int) -> AuditEstimate:
    """The estimate from all that is decided by now."""
    return estimate_curve(db, round_id, points=1)[-1]


def estimate_curve(db: Database, round_id: int, points: int = 40) -> list[AuditEstimate]:
    """The estimate after 0 to all decided faces, in the order they were decided: `points` of them and one before.

    `conflicts` is that of now in all of them.
    """
    strata, drawn, decided = audit_strata(db, round_id), drawn_by_label(db, round_id), decided_faces(db, round_id)
    conflicts = count_audit_conflicts(db, round_id)
    ends = np.unique(np.linspace(0, len(decided.label), points + 1).round().astype(np.int64))
    return [estimate_from(round_id, strata, drawn, _first(decided, int(end)), conflicts) for end in ends]


def _first(decided: DecidedFaces, count: int) -> DecidedFaces:
    return DecidedFaces(*(getattr(decided, column.name)[:count] for column in fields(decided)))


def estimate_from(
    number: int, strata: Sequence[AuditStratum], drawn: IntArray, decided: DecidedFaces, conflicts: int = 0
) -> AuditEstimate:
    """The estimate from the strata of the audit, how many faces of each label it drew, and what is decided by now."""
    faces, reviewed, found = sum(s.faces for s in strata), len(decided.label), int(decided.wrong.sum())
    excluded, audit = int(decided.excluded.sum()), decided.audit
    missing = _missing(drawn, decided.label[audit])
    total = None if missing else _wrong_in_all(strata, drawn, decided)
    before = after = left = None
    if total is not None and faces:
        still = total - found
        before, after, left = _rate(total, faces), _rate(still, faces - excluded), _rate(still, faces - reviewed)
    return AuditEstimate(
        round=number,
        faces=faces,
        reviewed=reviewed,
        found=found,
        drawn=sum(s.drawn for s in strata),
        answered=int(audit.sum()),
        wrong=int((audit & decided.wrong).sum()),
        unsure=int((audit & decided.unsure).sum()),
        conflicts=conflicts,
        missing=missing,
        before=before,
        after=after,
        left=left,
    )


def _rate(number: _Floats, of: int) -> Rate:
    value, low, high = (float(each) / max(1, of) for each in number)
    return Rate(value, low, high, of)


def _missing(drawn: IntArray, answered: IntArray) -> tuple[int, ...]:
    expected = drawn * (len(answered) / max(1, drawn.sum()))
    none = (np.bincount(answered, minlength=len(drawn)) == 0) & (drawn > 0)
    return tuple(np.flatnonzero(none).tolist()) if expected[none].sum() >= _EXPECTED else ()


def _wrong_in_all(strata: Sequence[AuditStratum], drawn: IntArray, decided: DecidedFaces) -> _Floats | None:
    """(value, low, high): wrong labels among all faces of the round; None: too few audit faces are decided."""
    size = np.array([s.faces for s in strata], np.float64)

    def per_stratum(weights: npt.NDArray[np.generic]) -> _Floats:
        return np.bincount(decided.stratum, weights.astype(np.float64), minlength=len(strata)).astype(np.float64)

    found, seen = per_stratum(decided.wrong), per_stratum(np.ones(len(decided.label)))
    size = np.maximum(size, seen)  # which stratum a face was in that is taken out is not always known
    whole = size == seen
    if whole.all():
        return np.full(3, float(found.sum()))
    weight = _label_weights(drawn, decided) * decided.audit
    columns = [size, found, size - seen, per_stratum(decided.audit), per_stratum(decided.audit & decided.wrong)]
    columns += [per_stratum(weight), per_stratum(weight * decided.wrong), per_stratum(weight**2)]
    rows = _merged(np.stack(columns, 1)[~whole])
    if decided.audit.sum() < NEEDED or not rows[:, 3].all():
        return None
    faces, found_here, unseen, *answers = rows.T
    low, high = found_here.sum(), (found_here + unseen).sum()
    return np.asarray(np.clip(_share(faces, *answers) * faces.sum(), low, high) + found[whole].sum(), np.float64)


def _label_weights(drawn: IntArray, decided: DecidedFaces) -> _Floats:
    """(decided faces,) weights that give each label the part in the decided audit faces that it has in the drawn ones.

    People who review by filter decide on the audit faces of some labels first. One face a label is added on both
    sides, so that an accident of small numbers weighs little.
    """
    answered = np.bincount(decided.label[decided.audit], minlength=len(drawn))
    expected = drawn * (answered.sum() / max(1, drawn.sum()))
    return np.asarray((expected + 1) / (answered + 1), np.float64)[decided.label]


def _merged(rows: _Floats) -> _Floats:
    """Strata with fewer than two decided audit faces (column 3) joined with the next one, the last with that before."""
    kept: list[_Floats] = []
    for row in rows:
        if kept and kept[-1][3] < 2:
            kept[-1] = kept[-1] + row
        else:
            kept.append(row)
    if len(kept) > 1 and kept[-1][3] < 2:
        kept[-2:] = [kept[-2] + kept[-1]]
    return np.stack(kept)


def _share(
    faces: _Floats, answered: _Floats, wrong: _Floats, weight: _Floats, weight_wrong: _Floats, weight_2: _Floats
) -> _Floats:
    """(value, low, high) of the share of wrong labels in strata of `faces`.

    Wilson's interval with the number of draws that a simple sample of the same variance would have. The variance
    is that of a stratified sample, each rate drawn towards the mean by one face; while few wrong (or few right) labels
    are seen it is held near that of an unstratified sample, as an empty stratum would seem to be known for certain.
    """
    rate, draws = weight_wrong / weight, weight**2 / weight_2
    part, rest = faces / faces.sum(), 1 - answered / faces
    value = float((part * rate).sum())
    guarded = min(max(value, 0.5 / draws.sum()), 1 - 0.5 / draws.sum())
    smooth = (rate * draws + value) / (draws + 1)
    stratified = float((part**2 * rest * smooth * (1 - smooth) / draws).sum())
    simple = guarded * (1 - guarded) * float((part**2 * rest / draws).sum())
    few = min(wrong.sum(), answered.sum() - wrong.sum())
    variance = (few * stratified + _TRUSTED * max(stratified, simple)) / (few + _TRUSTED)
    low, high = wilson(value, guarded * (1 - guarded) / max(variance, 1e-12))
    return np.array([value, low, high])
