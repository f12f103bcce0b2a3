"""Groups of copies: pixel by pixel the same, or so much alike that they may be; with different labels; across splits.

An exact copy with another label is a certain error, of one of the two. A face of val or test with an exact copy among
the training faces is a leak: the network has seen it, so accuracy measured on it says too much. Near copies are for
people to look at: no figure counts them as errors or leaks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from heapq import heapify, heappop, heappush
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
from sqlite_utils import Database

from scn_core.records import SPLITS, BoolArray, EffectiveLabels, IntArray, Predictions, Split
from scn_core.review.duplicates.near_pairs import most_bits, near_pairs
from scn_core.store.connection import snapshot
from scn_core.store.decisions.record import effective_labels
from scn_core.store.pictures import Looks, looks, not_looked_at

Kind = Literal["exact", "near"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True)
class Copies:
    """A group of faces that are copies of each other."""

    kind: Kind
    """exact: the same pixels; near: the hash of one of them is nearly that of every other, and not all have the same
    pixels: to look at, as they may be different faces. A face may be in more than one near group."""
    sample_ids: tuple[int, ...]
    """Rising."""
    splits: tuple[Split, ...]
    given: tuple[int, ...]
    """Labels of the data set."""
    label: tuple[int, ...]
    """Labels as they are now."""
    excluded: tuple[bool, ...]

    @property
    def labels_differ(self) -> bool:
        """By the data set. Of exact copies one is certainly wrong."""
        return len(set(self.given)) > 1

    @property
    def settled(self) -> bool:
        """Labels do not differ, or not any more: of the faces that are not excluded."""
        return len({label for label, out in zip(self.label, self.excluded, strict=True) if not out}) <= 1

    @property
    def disagreeing_splits(self) -> tuple[Split, ...]:
        """The splits of the group whose faces have different labels now, train first; empty: they do not."""
        now: dict[Split, set[int]] = {}
        for split, label, out in zip(self.splits, self.label, self.excluded, strict=True):
            if not out:
                now.setdefault(split, set()).add(label)
        apart = len(now) > 1 and len(set(map(frozenset, now.values()))) > 1
        return tuple(split for split in SPLITS if split in now) if apart else ()

    @property
    def leaks(self) -> bool:
        """Exact copies in train and also in val or test."""
        return self.kind == "exact" and "train" in self.splits and len(set(self.splits)) > 1


@dataclass(frozen=True)
class Leak:
    """What exact copies among the training faces do to the accuracy that one split measures."""

    split: Split
    faces: int
    """Of the split."""
    leaked: int
    """Of these, with an exact copy among the training faces."""
    accuracy: float | None = None
    """Of the round on all faces of the split; None: the round kept no predictions for it."""
    accuracy_without: float | None = None
    """On those that are not leaked."""


@dataclass(frozen=True)
class Duplicates:
    """The copies in a data set."""

    faces: int
    """That were looked at."""
    not_looked_at: int
    """Faces of a workspace of an earlier version; `scn pictures` looks at them."""
    groups: tuple[Copies, ...]
    """Exact before near; within, groups of different labels first, then leaks, then the largest."""
    leaks: tuple[Leak, ...]
    """Of val and test, where there are leaked faces; near copies are none."""

    def of(self, kind: Kind) -> list[Copies]:
        """The groups of one kind."""
        return [group for group in self.groups if group.kind == kind]

    def counts(self) -> dict[str, int]:
        """Groups by kind, of them those of different labels, of these those not settled; exact ones that leak."""
        found: dict[str, int] = {}
        for kind in KINDS:
            groups = self.of(kind)
            found[kind] = len(groups)
            found[f"{kind}_faces"] = len({face for group in groups for face in group.sample_ids})
            found[f"{kind}_labels_differ"] = sum(group.labels_differ for group in groups)
            found[f"{kind}_unsettled"] = sum(group.labels_differ and not group.settled for group in groups)
        found["exact_leaks"] = sum(group.leaks for group in self.of("exact"))
        return found

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON, with sample ids."""
        return {
            "faces": self.faces,
            "not_looked_at": self.not_looked_at,
            "counts": self.counts(),
            "leaks": [asdict(leak) for leak in self.leaks],
            "groups": [
                asdict(group) | {"labels_differ": group.labels_differ, "settled": group.settled, "leaks": group.leaks}
                for group in self.groups
            ],
        }


def duplicates(db: Database, predictions: Predictions | None = None) -> Duplicates:
    """Find all copies. `predictions`: of a round, to say what leaks do to its accuracy.

    35,000 faces take a second; nothing is written.
    """
    with snapshot(db):
        hashes, labels, unseen = looks(db), effective_labels(db), len(not_looked_at(db))
    exact = _numbered(hashes.pixels)
    pairs = _near_pairs(hashes, exact)
    rows = labels.sample_id.searchsorted(hashes.sample_id)
    groups = [
        *_groups("exact", _members(exact), rows, labels),
        *_groups("near", _grouped(pairs, exact), rows, labels),
    ]
    trained = np.zeros(exact.max(initial=-1) + 1, np.bool_)
    trained[exact[labels.split[rows] == "train"]] = True
    leaks = tuple(_leaks(trained[exact], hashes, labels, predictions))
    return Duplicates(len(hashes.sample_id), unseen, tuple(groups), leaks)


def _numbered(marks: npt.NDArray[np.uint64]) -> IntArray:
    """(N,) numbers that are the same where the marks are."""
    found: IntArray = np.unique(marks, return_inverse=True)[1].astype(np.int64)
    return found


def _near_pairs(hashes: Looks, exact: IntArray) -> IntArray:
    """(M, 2) numbers of exact copies whose hashes are nearly the same.

    One of the same pixels stands for all, so that a thousand copies of one picture are not half a million pairs.
    """
    _, first = np.unique(exact, return_index=True)
    looks = hashes.looks[first]
    return near_pairs(looks, most_bits(looks))


def _grouped(pairs: IntArray, exact: IntArray) -> Iterator[IntArray]:
    """Places of the faces of each group: one face and all that are nearly the same as it.

    The face with most of these that are in no group yet begins. Pairs are not followed from face to face: the ends of
    such a chain need not look alike. A face all of whose copies are in groups makes one with these, so that each face
    with a near copy is in a group.
    """
    both = np.concatenate([pairs, pairs[:, ::-1]])
    both = both[np.lexsort(both.T[::-1])]
    asked, begin, count = np.unique(both[:, 0], return_index=True, return_counts=True)
    near = {one: both[start : start + many, 1] for one, start, many in zip(asked.tolist(), begin, count, strict=True)}
    order = np.argsort(exact, kind="stable")
    ends = np.bincount(exact, minlength=1).cumsum()
    grouped: set[int] = set()
    waiting = [(-len(others), one) for one, others in near.items()]
    heapify(waiting)
    while waiting:
        free, one = heappop(waiting)
        if one in grouped:
            continue
        others = [other for other in near[one].tolist() if other not in grouped]
        if len(others) < -free:
            heappush(waiting, (-len(others), one))
            continue
        numbers = [one, *(others or near[one].tolist())]
        grouped.update(numbers)
        yield np.sort(np.concatenate([order[ends[each - 1] if each else 0 : ends[each]] for each in numbers]))


def _groups(kind: Kind, groups: Iterable[IntArray], rows: IntArray, labels: EffectiveLabels) -> list[Copies]:
    found = []
    for members in groups:
        at = rows[members]
        columns = (labels.sample_id, labels.split, labels.given_label, labels.label, labels.excluded)
        found.append(Copies(kind, *(tuple(column[at].tolist()) for column in columns)))
    return sorted(
        found, key=lambda group: (not group.labels_differ, not group.leaks, -len(group.sample_ids), group.sample_ids)
    )


def _members(number: IntArray) -> Iterator[IntArray]:
    """Places of the faces of each number that more than one has."""
    order = np.argsort(number, kind="stable")
    starts = np.flatnonzero(np.diff(number[order], prepend=-1))
    for members in np.split(order, starts[1:]):
        if len(members) > 1:
            yield members


def _leaks(
    trained: BoolArray, hashes: Looks, labels: EffectiveLabels, predictions: Predictions | None
) -> Iterator[Leak]:
    """`trained`: (N,) whether a face has such a copy among the training faces, or is one of them."""
    split = labels.split[labels.sample_id.searchsorted(hashes.sample_id)]
    for name in SPLITS[1:]:
        held_out = split == name
        leaked = hashes.sample_id[held_out & trained]
        if len(leaked):
            both = (None, None) if predictions is None else _accuracies(predictions, hashes.sample_id[held_out], leaked)
            yield Leak(name, int(held_out.sum()), len(leaked), *both)


def _accuracies(found: Predictions, faces: IntArray, leaked: IntArray) -> tuple[float | None, float | None]:
    right, inside = found.predicted == found.label, np.isin(found.sample_id, faces)
    without = inside & ~np.isin(found.sample_id, leaked)
    whole, rest = (float(right[part].mean()) if part.any() else None for part in (inside, without))
    return whole, rest
