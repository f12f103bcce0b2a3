from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from scn_core.records import IntArray
from scn_core.review.quality.agreement import agreement, cohen, krippendorff
from tests.scn_core.review.quality.reviewed import Reviewed


def slow_krippendorff(faces: list[list[int]]) -> float | None:
    """From the definition: the table of coincidences of all ordered pairs of values within a face."""
    together: dict[tuple[int, int], float] = {}
    for values in faces:
        for a, b in permutations(values, 2):
            together[a, b] = together.get((a, b), 0) + 1 / (len(values) - 1)
    total = sum(together.values())
    of = {a: sum(n for (one, _), n in together.items() if one == a) for a, _ in together}
    expected = sum(of[a] * of[b] for a in of for b in of if a != b) / (total - 1) if total > 1 else 0
    return 1 - sum(n for (a, b), n in together.items() if a != b) / expected if expected else None


def slow_cohen(pairs: list[tuple[int, int]]) -> float | None:
    n = len(pairs)
    same = sum(a == b for a, b in pairs) / n
    chance = sum(sum(a == v for a, _ in pairs) * sum(b == v for _, b in pairs) for v in range(5)) / n**2
    return None if chance == 1 else (same - chance) / (1 - chance)


@settings(deadline=None)
@given(faces=some.lists(some.lists(some.integers(0, 4), min_size=2, max_size=5), min_size=2, max_size=20))
def test_alpha_is_krippendorffs(faces: list[list[int]]) -> None:
    found = krippendorff(np.array([np.bincount(values, minlength=5) for values in faces]))
    expected = slow_krippendorff(faces)
    if expected is None:
        assert found is None
    else:
        assert found is not None
        assert found.value == pytest.approx(expected)
        assert found.low - 1e-9 <= found.value <= found.high + 1e-9


def test_alpha_of_an_example_worked_by_hand() -> None:
    """Ten faces, two readers, who differ on four: D_o = 4 / 10, D_e = 1 - (14 * 13 + 6 * 5) / (20 * 19)."""
    counts = np.array([[2, 0]] * 5 + [[0, 2]] * 1 + [[1, 1]] * 4)
    found = krippendorff(counts)
    assert found is not None
    assert found.value == pytest.approx(1 - 0.4 / (1 - 212 / 380))


@settings(deadline=None)
@given(pairs=some.lists(some.tuples(some.integers(0, 4), some.integers(0, 4)), min_size=1, max_size=30))
def test_kappa_is_cohens(pairs: list[tuple[int, int]]) -> None:
    one, other = np.array(pairs, np.int64).T
    found, expected = cohen(one, other), slow_cohen(pairs)
    assert (found.value if found else None) == (None if expected is None else pytest.approx(expected))


@pytest.mark.parametrize(("rate", "faces", "readers"), [(0.05, 40, 2), (0.3, 200, 2), (0.3, 40, 4)])
def test_intervals_cover_the_agreement_there_is(rate: float, faces: int, readers: int) -> None:
    rng = np.random.default_rng(3)

    def read(count: int) -> IntArray:
        """(readers, count) answers of people who each pick at random at this rate."""
        shown = rng.integers(0, 5, count)
        return np.where(rng.random((readers, count)) < rate, rng.integers(0, 5, (readers, count)), shown)

    truth = (1 - rate) ** 2  # of two answers both have to be right to agree by more than chance; labels are even
    inside = {"kappa": 0, "alpha": 0}
    for _ in range(300):
        said = read(faces)
        table = np.stack([(said == answer).sum(0) for answer in range(5)], 1)
        for name, found in (("kappa", cohen(said[0], said[1])), ("alpha", krippendorff(table))):
            inside[name] += found is not None and found.low <= truth <= found.high
    assert min(inside.values()) >= 0.92 * 300, inside


def test_nobody_differing_is_no_certainty() -> None:
    found = krippendorff(np.array([[2, 0], [0, 2]] * 5))
    assert found is not None
    assert (found.value, found.high) == (1, 1)
    assert found.low < 0.6


def test_readings_are_each_persons_newest_answers_by_what_they_say() -> None:
    made = Reviewed(readings=2)
    first, second, third, *_ = made.queue()
    made.answer(first, "ann", "exclude")  # taken back by a newer answer
    made.answer(first, "ann")
    made.answer(first, "bob", "relabel", int(made.truth[first - 1]))  # the same label by another way
    made.answer(second, "ann", "unsure")
    made.answer(second, "bob", "exclude")
    made.answer(second, "eve", "exclude", adjudicates=True)  # settles it, and is no reading
    made.undo(made.answer(third, "bob"))
    made.answer(third, "ann")
    found = agreement(made.db, 1)
    assert (found.faces, found.readings) == (2, 4)
    assert [(pair.one, pair.other, pair.faces, pair.same) for pair in found.pairs] == [("ann", "bob", 2, 1)]
    assert found.alpha is not None
    expected = slow_krippendorff([[0, 0], [1, 2]])
    assert found.alpha.value == pytest.approx(expected)


def test_one_reading_a_face_says_nothing_of_agreement() -> None:
    made = Reviewed()
    for number in made.queue()[:5]:
        made.answer(number)
    found = agreement(made.db, 1)
    assert (found.faces, found.readings, found.alpha, found.pairs) == (0, 0, None, ())
