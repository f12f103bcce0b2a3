"""Tables with a row for each label that somebody gave to a face: every label kept as a vote, one of them given.

The given label, by --label-rule:

    plurality   (default) the label most people gave; among as many the one whose first row comes first in the table
    majority    the label that more than half of them gave; a face without is left out
    vote        train: one vote drawn by the seed, with an untied plurality as reference; val and test: the plurality
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from scn_core.datasets.rows import Entry, LeftOut, Row
from scn_core.datasets.source import LabelRule
from scn_core.import_balance import Problem
from scn_core.records import Vote

_NO_MAJORITY = "no label with more than half of the votes (--label-rule majority)"


@dataclass
class _Face:
    """A face as far as its rows were read."""

    first: Row
    votes: dict[str, int] = field(default_factory=dict)
    """Annotator -> label, in the order of the rows."""
    written: list[tuple[int, str]] = field(default_factory=list)
    reference: int | None = None


def by_face(rows: Iterable[tuple[Entry, str]], rule: LabelRule | None, seed: int) -> Iterator[Entry]:
    """One Row a face, with all its votes, in the order of the first rows; before them what cannot be read.

    Args:
        rows: each with the annotator's name.
        rule: how the given label follows from the votes; None: plurality.
        seed: of the draw of rule vote.
    """
    faces: dict[str, _Face] = {}
    for row, annotator in rows:
        if not isinstance(row, Row):
            yield row
        elif not annotator:
            yield Problem(row.file, row.line, "no annotator", "a name in every row", reason="a label of nobody")
        else:
            face = faces.setdefault(row.sample.key, _Face(row, reference=row.sample.reference_label))
            problem = _at_odds(face, row, annotator)
            if problem is None:
                face.votes[annotator] = row.sample.given_label
                face.written += row.written
            else:
                yield problem
    draw = np.random.default_rng(seed)
    for face in faces.values():
        yield _settled(face, rule or "plurality", draw.random())


def given_label(votes: list[int], rule: LabelRule, luck: float = 0.0) -> int | None:
    """The label that follows from votes in the order of the table, by a rule; None where it gives none.

    `luck`, in [0, 1), is what rule vote draws by.
    """
    if rule == "vote":
        return votes[int(luck * len(votes))]
    label, most = Counter(votes).most_common(1)[0]  # of as many the one met first
    return label if rule == "plurality" or 2 * most > len(votes) else None


def _at_odds(face: _Face, row: Row, annotator: str) -> Problem | None:
    sample, first = row.sample, face.first.sample
    where = f"first in line {face.first.line}"
    if annotator in face.votes:
        found = f"{sample.key} of {annotator} a second time, {where}; this one is left out"
        return Problem(
            row.file, row.line, found, "one row a face and annotator", reason="a face and annotator met before"
        )
    if (sample.split, sample.box) != (first.split, first.box):
        found = f"{sample.key} with another split or box, {where}; this one is left out"
        return Problem(row.file, row.line, found, "the same in all rows of a face", reason="rows of a face at odds")
    if sample.reference_label is not None:
        if face.reference not in (None, sample.reference_label):
            found = f"{sample.key} with another reference label, {where}; this one is left out"
            return Problem(row.file, row.line, found, "the same in all rows of a face", reason="rows of a face at odds")
        face.reference = sample.reference_label
    return None


def _settled(face: _Face, rule: LabelRule, luck: float) -> Entry:
    first, votes = face.first, list(face.votes.values())
    drawn = rule == "vote" and first.sample.split == "train"
    label = given_label(votes, rule if drawn or rule != "vote" else "plurality", luck)
    if label is None:
        return LeftOut(first.file, _NO_MAJORITY, "a label by the rule", first.sample.key, len(votes))
    reference = face.reference
    if rule == "vote" and reference is None:
        counts = Counter(votes).most_common(2)
        reference = counts[0][0] if len(counts) == 1 or counts[0][1] > counts[1][1] else None
    kept = tuple(Vote(vote, annotator) for annotator, vote in face.votes.items())
    sample = replace(first.sample, given_label=label, reference_label=reference, votes=kept)
    return Row(sample, first.file, first.line, tuple(face.written), len(votes))
