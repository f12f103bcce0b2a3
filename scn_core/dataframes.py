"""What a workspace holds, as pandas tables for `scn_core.api`. docs/python.md describes every column.

A class is a category by its name, in the order of the class numbers; what may be missing is <NA>, NaN or NaT.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, get_args

import numpy as np
import pandas as pd
from sqlite_utils import Database

from scn_core.datasets.box_columns import SIDES
from scn_core.inference.predictions import Prediction, cells, columns
from scn_core.picture_records import PictureIssue
from scn_core.records import ACTIONS, DOUBTS, NO_ALPHA, SPLITS, QueueFilter, QueueItem, QueueKind
from scn_core.review.duplicates.find import KINDS, Duplicates
from scn_core.review.workspace_consensus import WorkspaceConsensus
from scn_core.store import current_labels as label_store
from scn_core.store import scores as score_store
from scn_core.store.connection import snapshot
from scn_core.store.decisions.record import whole_log
from scn_core.store.opinions import SourceKind, opinion_sources
from scn_core.store.pictures import bad_pictures
from scn_core.store.queue.browse import page_items
from scn_core.store.samples import classes, iter_samples

_PAGE = 5_000
_NOBODY = 0
"""Of no person's number: what anyone may see of the queue."""


def labels(db: Database) -> pd.DataFrame:
    """All faces by their number, with the label each has now."""
    with snapshot(db):
        names = classes(db).names
        people = label_store.reviewer_names(db)
        rows = list(label_store.iter_labels(db, label_store.LabelFilter(excluded=True)))
    return pd.DataFrame(
        {
            "key": _text(row.key for row in rows),
            "path": _text(row.path for row in rows),
            "split": _one_of(SPLITS, (row.split for row in rows)),
            "given_label": _classes(names, (row.given_label for row in rows)),
            "label": _classes(names, (row.label for row in rows)),
            "changed": _flags(row.label != row.given_label for row in rows),
            "excluded": _flags(row.excluded for row in rows),
            "source": _one_of(get_args(label_store.LabelSource), (row.source for row in rows)),
            "undecided": _one_of(get_args(label_store.Undecided), (row.undecided for row in rows)),
            "adjudicated": _flags(row.adjudicated for row in rows),
            "people": pd.Series([tuple(people[number] for number in row.people) for row in rows], dtype="object"),
            "round": _whole(row.round for row in rows),
            "decided_at": _moments(row.decided_at for row in rows),
            "alpha": _shares(row.alpha for row in rows),
            "margin": _shares(row.margin for row in rows),
            "proposed_label": _classes(names, (row.proposed_label for row in rows)),
        }
    )


def scores(db: Database, round_id: int) -> pd.DataFrame:
    """What a round says of its training faces, by their number."""
    with snapshot(db):
        names = classes(db).names
        keys = _keys(db)
        found = score_store.scores(db, round_id)
    columns = {
        "key": _text(keys[number] for number in found.sample_id.tolist()),
        "start_label": _classes(names, found.start_label.tolist()),
        "predicted_label": _classes(names, found.predicted_label.tolist()),
        "proposed_label": _classes(names, found.proposed_label.tolist()),
        "second_label": _classes(names, found.second_label.tolist()),
        "trained_label": _classes(names, found.trained_label.tolist()),
        "alpha": np.where(found.alpha == NO_ALPHA, np.float32(np.nan), found.alpha),
        "p_given": found.p_given,
        "p_max": found.p_max,
        "margin": found.margin,
        "suspicion": found.suspicion,
        "doubt": pd.Categorical.from_codes(found.doubt.tolist(), categories=pd.Index(DOUBTS)),
        "low_importance": found.low_importance,
        "suspicious": found.suspicious,
    }
    return pd.DataFrame(columns | {f"prob_{name}": found.probabilities[:, place] for place, name in enumerate(names)})


def predictions(found: Iterable[Prediction], names: Sequence[str], *, boxed: bool) -> pd.DataFrame:
    """What a network says of pictures, in their order; the columns of `scn_core.inference.predictions`."""
    head = columns(names, boxed=boxed)
    rows = zip(*(cells(each, names, boxed=boxed) for each in found), strict=True)
    frame = pd.DataFrame(dict(zip(head, map(list, rows), strict=True)), columns=pd.Index(head))
    kinds: dict[str, Any] = dict.fromkeys(head, "float32") | {name: "Int64" for name in SIDES if boxed}
    kinds |= {"path": "string", "problem": "string", "predicted_label": pd.CategoricalDtype(list(names))}
    return frame.astype(kinds)


def opinions(db: Database) -> pd.DataFrame:
    """The other models whose opinions there are, oldest first."""
    rows = opinion_sources(db)
    return pd.DataFrame(
        {
            "name": _text(row.name for row in rows),
            "kind": _one_of(get_args(SourceKind), (row.kind for row in rows)),
            "faces": _integers(row.faces for row in rows),
            "features": _integers(row.features for row in rows),
            "added_at": _moments(row.added_at for row in rows),
        }
    )


def decisions(db: Database, round_id: int | None) -> pd.DataFrame:
    """The log of a round, or of all, oldest first."""
    with snapshot(db):
        names = classes(db).names
        keys = _keys(db)
        rows = [(row.decision, row) for row in whole_log(db, round_id)]
    return pd.DataFrame(
        {
            "id": _text(decision.id for decision, _ in rows),
            "round": _integers(decision.round for decision, _ in rows),
            "key": _text(keys[decision.sample_id] for decision, _ in rows),
            "person": _text(decision.person for decision, _ in rows),
            "imported_by": _text(row.importer for _, row in rows),
            "action": _one_of(ACTIONS, (decision.action for decision, _ in rows)),
            "label": _classes(names, (decision.label for decision, _ in rows)),
            "live": _flags(row.live for _, row in rows),
            "decided_at": _moments(row.decided_at for _, row in rows),
            "milliseconds": _whole(decision.milliseconds for decision, _ in rows),
            "adjudicates": _flags(decision.adjudicates for decision, _ in rows),
            "text": _text(decision.text for decision, _ in rows),
            "undoes": _text(decision.undoes for decision, _ in rows),
        }
    )


def queue(db: Database, round_id: int, where: QueueFilter, limit: int | None) -> pd.DataFrame:
    """The items of a round's queue under a filter, in its order."""
    with snapshot(db):
        names = classes(db).names
        rows = list(_items(db, round_id, where, limit))

    def shown(name: str) -> list[Any]:
        """What the network says, but of an audit face before it is answered."""
        return [None if row.blind else getattr(row, name) for row in rows]

    return pd.DataFrame(
        {
            "key": _text(row.key for row in rows),
            "path": _text(row.path for row in rows),
            "kind": _one_of(get_args(QueueKind), (row.kind for row in rows)),
            "start_label": _classes(names, (row.given_label for row in rows)),
            "proposed_label": _classes(names, shown("proposed_label")),
            "second_label": _classes(names, shown("second_label")),
            "alpha": _shares(shown("alpha")),
            "margin": _shares(shown("margin")),
            "suspicion": _shares(shown("suspicion")),
            "doubt": _one_of(DOUBTS, shown("doubt")),
            "action": _one_of(ACTIONS, (row.action for row in rows)),
            "label": _classes(names, (row.label for row in rows)),
            "person": _text(row.answered_by for row in rows),
            "answered_at": _moments(row.answered_at for row in rows),
            "flagged": _flags(row.flagged for row in rows),
        }
    )


def consensus(found: WorkspaceConsensus, db: Database) -> pd.DataFrame:
    """What people and models come to, a row a face."""
    with snapshot(db):
        names, keys = classes(db).names, _keys(db)
    result = found.found
    columns = {
        "key": _text(keys[number] for number in found.sample_id.tolist()),
        "given_label": _classes(names, found.given_label.tolist()),
        "label": _classes(names, found.label.tolist()),
        "consensus_label": _classes(names, result.label.tolist()),
        "probability": result.probability.astype(np.float32),
        "answers": result.votes,
        "worth": result.worth.astype(np.float32),
    }
    shares = result.probabilities.astype(np.float32)
    return pd.DataFrame(columns | {f"prob_{name}": shares[:, place] for place, name in enumerate(names)})


def duplicates(db: Database, found: Duplicates) -> pd.DataFrame:
    """The faces of every group of copies, in the order of the groups."""
    with snapshot(db):
        names, keys = classes(db).names, _keys(db)
    rows = [(number, group, place) for number, group in enumerate(found.groups, 1) for place in range(len(group.given))]
    return pd.DataFrame(
        {
            "group": _integers(number for number, _, _ in rows),
            "kind": _one_of(KINDS, (group.kind for _, group, _ in rows)),
            "key": _text(keys[group.sample_ids[place]] for _, group, place in rows),
            "split": _one_of(SPLITS, (group.splits[place] for _, group, place in rows)),
            "given_label": _classes(names, (group.given[place] for _, group, place in rows)),
            "label": _classes(names, (group.label[place] for _, group, place in rows)),
            "excluded": _flags(group.excluded[place] for _, group, place in rows),
            "labels_differ": _flags(group.labels_differ for _, group, _ in rows),
            "settled": _flags(group.settled for _, group, _ in rows),
            "leaks": _flags(group.leaks for _, group, _ in rows),
        }
    )


def pictures(db: Database, issue: PictureIssue | None) -> pd.DataFrame:
    """Faces whose pictures have something wrong with them, and what they measure."""
    with snapshot(db):
        names, rows = classes(db).names, bad_pictures(db, issue)
    measures = ("width", "height", "brightness_p99", "brightness_p05", "sharpness", "entropy", "colour")
    return pd.DataFrame(
        {
            "key": _text(row.key for row in rows),
            "path": _text(row.path for row in rows),
            "split": _one_of(SPLITS, (row.split for row in rows)),
            "given_label": _classes(names, (row.given_label for row in rows)),
            "issues": _text(", ".join(row.issues) for row in rows),
        }
        | {name: np.array([getattr(row.measures, name) for row in rows], np.float32) for name in measures}
    )


def _items(db: Database, round_id: int, where: QueueFilter, limit: int | None) -> Iterator[QueueItem]:
    after, left = None, limit
    while left is None or left > 0:
        page, after = page_items(
            db, round_id, _NOBODY, where, after=after, limit=_PAGE if left is None else min(left, _PAGE)
        )
        yield from page
        left = None if left is None else left - len(page)
        if after is None:
            return


def _keys(db: Database) -> Mapping[int, str]:
    return {stored.id: stored.sample.key for stored in iter_samples(db)}


def _classes(names: Sequence[str], numbers: Iterable[int | None]) -> Any:
    """None and -1: no class."""
    codes = [-1 if number is None else number for number in numbers]
    return pd.Categorical.from_codes(codes, categories=pd.Index(list(names)))


def _one_of(words: Sequence[str], values: Iterable[str | None]) -> Any:
    return pd.Categorical(list(values), categories=list(words))


def _text(values: Iterable[str | None]) -> Any:
    return pd.array(list(values), dtype="string")


def _whole(values: Iterable[int | None]) -> Any:
    return pd.array(list(values), dtype="Int64")


def _integers(values: Iterable[int]) -> Any:
    return np.fromiter(values, np.int64)


def _flags(values: Iterable[bool]) -> Any:
    return np.fromiter(values, np.bool_)


def _shares(values: Iterable[float | None]) -> Any:
    return np.array([np.nan if value is None else value for value in values], np.float32)


def _moments(values: Iterable[str | None]) -> Any:
    """UTC, ISO-8601, in milliseconds."""
    return pd.to_datetime(pd.Series(list(values), dtype="object"), utc=True).dt.as_unit("ms")
