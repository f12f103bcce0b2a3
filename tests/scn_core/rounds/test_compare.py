from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from scn_core.class_names import ClassVocabulary
from scn_core.errors import WorkspaceError
from scn_core.intervals import paired_difference
from scn_core.records import NO_ALPHA, SPLITS, IntArray, Manifest, RoundScores, Sample
from scn_core.rounds.artifacts import write_predictions
from scn_core.rounds.compare import ALPHA_BINS, QUANTILES, SHOWN, Faces, compare, movements
from scn_core.rounds.compare_accuracy import change_words, validation_against
from scn_core.store.queue.withdraw import withdraw_faces
from scn_core.store.rounds.states import close_round, finish_round, start_round
from scn_core.store.samples import get_sample, insert_manifest
from scn_core.store.scores import ScoreColumns, score_columns
from scn_core.store.sqlite_errors import database_path
from scn_core.workspace.folder import Workspace
from tests.templates import new_database
from tests.undoubted import undoubted

LABELS = st.integers(0, 2)
# start, predicted, proposed, alpha, suspicion, low: of a face in one round
FACE = st.tuples(
    LABELS, LABELS, st.integers(-1, 2), st.floats(0, 1, width=32), st.floats(0, 1, width=32), st.booleans()
)
ROUND = st.dictionaries(st.integers(1, 12), FACE, max_size=12)
Round = dict[int, tuple[Any, ...]]


@pytest.fixture
def two_rounds(tmp_path: Path) -> Iterator[Database]:
    """Forty faces, the fifth of which began round 2 with another label; ten of val and ten of test."""
    db = new_database(tmp_path / "review.db")
    splits = {"train": range(40), "val": range(40, 50), "test": range(50, 60)}
    samples = tuple(Sample(f"{i}.jpg", f"{i}.jpg", 0, split) for split in SPLITS for i in splits[split])
    insert_manifest(db, Manifest("toy", tmp_path, ClassVocabulary(("happy", "sad", "fear")), samples))
    for number in (1, 2):
        start = np.zeros(40, np.int64)
        start[4] = 2 * (number - 1)
        finish_round(db, start_round(db, {}, code_version="1"), scores(start, number), {"train_accuracy": 0.5})
    yield db
    db.close()


def scores(start: IntArray, seed: int) -> RoundScores:
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet(np.ones(3), len(start)).astype(np.float32)
    p_given, p_max = probabilities[np.arange(len(start)), start], probabilities.max(1)
    alpha = (rng.integers(0, 41, len(start)) / 40).astype(np.float32)  # on the borders of the bins
    return RoundScores(
        sample_id=np.arange(1, len(start) + 1), start_label=start, alpha=alpha, p_given=p_given, p_max=p_max,
        predicted_label=probabilities.argmax(1), margin=p_max - p_given, suspicion=p_max, low_importance=alpha < 0.3,
        proposed_label=np.full(len(start), -1), trained_label=start, probabilities=probabilities,
        **undoubted(len(start)),
    )  # fmt: skip


def columns(faces: Round) -> ScoreColumns:
    ids = sorted(faces)
    start, predicted, proposed, alpha, suspicion, low = zip(*(faces[i] for i in ids), strict=True) if ids else ((),) * 6
    labels = [np.array(values, np.int64) for values in (ids, start, predicted, proposed)]
    return ScoreColumns(
        labels[0], labels[1], labels[2], labels[3],
        np.array(alpha, np.float32), np.array(suspicion, np.float32), np.array(low, np.bool_),
    )  # fmt: skip


def first(faces: list[tuple[float, int]], before: Round, after: Round) -> Faces:
    """Of (weight, sample id) pairs."""
    shown = [i for _, i in sorted(faces, key=lambda face: (-face[0], face[1]))][:SHOWN]
    return Faces(len(faces), tuple(shown), tuple((before[i][0], after[i][0]) for i in shown))


@settings(max_examples=300, deadline=None)
@given(ROUND, ROUND)
def test_every_face_is_where_its_labels_say(before: Round, after: Round) -> None:
    changes: Counter[tuple[int, int]] = Counter()
    cured, fell_back, doubtful, left, entered = [], [], [], [], []
    for i in before.keys() & after.keys():
        start, _, _, alpha, suspicion, low = before[i]
        new, seen, proposed, now, suspicion_now, low_now = after[i]
        if start != new:
            changes[start, new] += 1
            if proposed not in (-1, new):
                fell_back.append((suspicion_now, i))
            elif seen == new:
                cured.append((suspicion, i))
            else:
                doubtful.append((suspicion_now, i))
        rise = float(np.float32(now) - np.float32(alpha))
        if low and not low_now:
            left.append((rise, i))
        if low_now and not low:
            entered.append((-rise, i))
    found = movements(columns(before), columns(after))
    assert {(change.before, change.after): change.faces for change in found.changes} == changes
    assert [change.faces for change in found.changes] == sorted(changes.values(), reverse=True)
    assert [found.cured, found.fell_back, found.doubtful] == [
        first(cured, before, after),
        first(fell_back, before, after),
        first(doubtful, before, after),
    ]
    assert [found.left_low, found.entered_low] == [first(left, before, after), first(entered, before, after)]
    assert found.only_first == len(before.keys() - after.keys())
    assert found.only_second == len(after.keys() - before.keys())
    assert found.both == len(before.keys() & after.keys())


WEIGHED = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8), st.booleans()), min_size=1, max_size=12)


@settings(max_examples=200, deadline=None)
@given(WEIGHED)
def test_corrected_faces_are_held_against_others_of_the_same_rank(faces: list[tuple[int, int, bool]]) -> None:
    def ranks(of: int) -> list[float]:
        values = [face[of] for face in faces]
        return [(sum(v < mine for v in values) + sum(v <= mine for v in values)) / 2 / len(values) for mine in values]

    before = columns({i: (0, 0, -1, a / 8, 0.5, True) for i, (a, _, _) in enumerate(faces, 1)})
    after = columns({i: (int(new), 0, -1, b / 8, 0.5, True) for i, (_, b, new) in enumerate(faces, 1)})
    found = movements(before, after).importance
    first, second = ranks(0), ranks(1)
    corrected = [i for i, face in enumerate(faces) if face[2]]
    stayed = [i for i, face in enumerate(faces) if not face[2]]
    if not corrected or not stayed:
        assert found is None
        return
    assert found is not None
    assert found.faces == len(corrected)
    assert found.corrected.before == pytest.approx(np.quantile([first[i] for i in corrected], QUANTILES))
    assert found.corrected.after == pytest.approx(np.quantile([second[i] for i in corrected], QUANTILES))
    assert found.corrected.gained == pytest.approx(np.mean([second[i] > first[i] for i in corrected]))
    off = [min(abs(first[i] - first[j]) for j in stayed) for i in corrected]
    reach = np.quantile([first[i] for i in corrected], QUANTILES)
    assert np.abs(np.array(found.others.before) - reach).max() <= max(off) + 1e-9
    nearest = [
        {j for j in stayed if abs(first[i] - first[j]) == least} for i, least in zip(corrected, off, strict=True)
    ]
    if all(len(others) == 1 for others in nearest):
        others = [j for (j,) in nearest]
        assert found.others.after == pytest.approx(np.quantile([second[j] for j in others], QUANTILES))
        assert found.others.gained == pytest.approx(np.mean([second[j] > first[j] for j in others]))


def test_a_round_without_weights_says_nothing_of_importance() -> None:
    before = columns({1: (0, 0, -1, NO_ALPHA, 0.5, False), 2: (0, 0, -1, NO_ALPHA, 0.5, False)})
    after = columns({1: (1, 1, -1, 0.5, 0.5, False), 2: (0, 0, -1, 0.5, 0.5, False)})
    assert movements(before, after).importance is None


def test_more_faces_are_counted_than_named() -> None:
    faces = 3 * SHOWN
    before = columns({i: (0, 0, -1, 0.2, i / 100, True) for i in range(1, faces + 1)})
    after = columns(dict.fromkeys(range(1, faces + 1), (1, 1, -1, 0.9, 0.1, False)))
    cured = movements(before, after).cured
    assert cured.count == faces
    assert cured.sample_ids == tuple(range(faces, faces - SHOWN, -1)), "the most suspicious"


def test_two_rounds_of_a_workspace(two_rounds: Database) -> None:
    found = compare(Workspace(database_path(two_rounds).parent), two_rounds, 1, 2)
    assert found.accuracy == (), "they kept nothing of it"
    for figures in (found.first, found.second):
        scores = score_columns(two_rounds, figures.info.id)
        by_hand = Counter(min(int(float(alpha) * ALPHA_BINS), ALPHA_BINS - 1) for alpha in scores.alpha)
        assert dict(enumerate(figures.alpha.tolist())) == {i: by_hand[i] for i in range(ALPHA_BINS)}
        low = scores.alpha[scores.low_importance]
        assert (figures.low_importance, figures.faces) == (len(low), len(scores.sample_id))
        assert figures.boundary == (max(low) if len(low) else None)
    assert [(change.before, change.after, change.faces) for change in found.moved.changes] == [(0, 2, 1)]


def test_held_out_faces_that_both_rounds_were_asked_about_are_compared_in_pairs(two_rounds: Database) -> None:
    """By the labels of the later round; a face that only one of them was asked about does not count."""
    workspace = Workspace(database_path(two_rounds).parent)
    labels = np.zeros(20, np.int64)
    predicted = labels.copy()
    predicted[:4] = 1
    for number, ids, label in ((1, np.arange(41, 60), labels[:19]), (2, np.arange(42, 61), labels[1:])):
        workspace.round_folder(number).mkdir(parents=True)
        write_predictions(workspace.round_folder(number), ids, label, predicted[ids - 41])
    val, test = compare(workspace, two_rounds, 1, 2).accuracy
    assert (val.split, val.faces, val.first, val.second, val.gained, val.lost) == ("val", 9, 6 / 9, 6 / 9, 0, 0)
    label = labels[1:].copy()
    label[:1], predicted[2:5] = 1, (0, 0, 2)
    write_predictions(workspace.round_folder(2), np.arange(42, 61), label, predicted[1:])
    val, test = compare(workspace, two_rounds, 1, 2).accuracy
    assert (val.first, val.second, val.gained, val.lost) == (7 / 9, 8 / 9, 2, 1)
    assert (test.split, test.faces, test.first, test.second, test.difference.value) == ("test", 9, 1, 1, 0)
    assert val.difference == paired_difference(2, 1, 9)
    against = {"faces": 9, "gained": 2, "lost": 1, "first": 7 / 9, "second": 8 / 9}
    kept = validation_against(workspace, two_rounds, workspace.round_folder(2))
    assert kept["1"] == against, "what decides whether round 1 is closed"
    assert change_words(val).startswith(
        "Of 9 faces of val that both rounds were asked about, the later one alone gets 2 right, the earlier one alone "
        "1: 77.8% to 88.9%, +11.1 points ("
    )
    gone = get_sample(two_rounds, 59)
    assert gone is not None
    withdraw_faces(two_rounds, [gone.sample.key])
    assert {each.split: each.faces for each in compare(workspace, two_rounds, 1, 2).accuracy} == {
        split: 9 - (split == gone.sample.split) for split in ("val", "test")
    }


@settings(max_examples=100, deadline=None)
@given(*[st.integers(0, 40)] * 4)
def test_the_interval_of_pairs_is_walds_with_half_a_face_more_in_each_cell(a: int, b: int, c: int, d: int) -> None:
    faces = a + b + c + d
    if not faces:
        return
    pairs = [(1, 1)] * a + [(0, 1)] * b + [(1, 0)] * c + [(0, 0)] * d
    weighed = [(after - before, 1.0) for before, after in pairs] + [(each, 0.5) for each in (0, 1, -1, 0)]
    whole = sum(weight for _, weight in weighed)
    mean = sum(weight * each for each, weight in weighed) / whole
    variance = sum(weight * (each - mean) ** 2 for each, weight in weighed) / whole
    half = 1.959964 * (variance / whole) ** 0.5
    found = paired_difference(b, c, faces)
    assert found.value == pytest.approx((b - c) / faces)
    assert found.low == pytest.approx(max(-1, min(mean - half, found.value)))
    assert found.high == pytest.approx(min(1, max(mean + half, found.value)))


def test_the_interval_of_pairs_is_that_of_r() -> None:
    """diffpropci.mp(b = 40, c = 20, n = 160, conf.level = 0.95) of its package PropCIs."""
    found = paired_difference(20, 40, 160)
    assert found.low == pytest.approx(-0.21601726, abs=1e-6)
    assert found.high == pytest.approx(-0.03089632, abs=1e-6)


@pytest.mark.parametrize(
    ("pair", "said"),
    [
        ((1, 3), "found round 3 in state running; allowed: one in state review or closed"),
        ((2, 1), "found rounds 2 and 1"),
    ],
)
def test_what_cannot_be_compared(two_rounds: Database, pair: tuple[int, int], said: str) -> None:
    close_round(two_rounds, 2)
    start_round(two_rounds, {}, code_version="1")
    with pytest.raises(WorkspaceError, match=said):
        compare(Workspace(database_path(two_rounds).parent), two_rounds, *pair)
