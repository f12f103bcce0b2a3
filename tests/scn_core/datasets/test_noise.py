from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scn_core.class_names import RAF_DB, ClassVocabulary
from scn_core.datasets.noise import NoiseSpec, flip_labels, parse_noise, read_rates, shares, with_noise
from scn_core.errors import UsageError
from scn_core.records import IntArray, Manifest, Sample

THREE = ClassVocabulary(("happy", "sad", "fear"))

_labels = st.lists(st.integers(0, len(RAF_DB) - 1), max_size=200).map(lambda given: np.array(given, np.int64))
_rates = st.floats(0, 1)
_seeds = st.integers(0, 2**31 - 1)


@given(_labels, _rates, _seeds, st.sampled_from(["symmetric", "pair"]))
def test_exactly_so_many_labels_flip_and_none_to_itself(given: IntArray, rate: float, seed: int, kind: str) -> None:
    before = given.copy()
    noisy, flipped = flip_labels(given, parse_noise(f"{kind}:{rate}"), RAF_DB, seed)
    assert flipped.sum() == round(rate * len(given)) == (noisy != given).sum()
    assert ((noisy >= 0) & (noisy < len(RAF_DB))).all()
    assert (given == before).all(), "the given labels are never written to"
    if kind == "pair":
        assert (noisy[flipped] == (given[flipped] + 1) % len(RAF_DB)).all()


def test_symmetric_noise_reaches_every_other_class_alike() -> None:
    given = np.zeros(60_000, np.int64)
    noisy, _ = flip_labels(given, NoiseSpec("symmetric", 1.0), RAF_DB, 0)
    counts = np.bincount(noisy, minlength=7)
    assert counts[0] == 0
    assert (np.abs(counts[1:] - 10_000) < 500).all()


@given(_labels, _rates, _seeds)
def test_the_seed_alone_decides(given: IntArray, rate: float, seed: int) -> None:
    spec = NoiseSpec("symmetric", rate)
    first, _ = flip_labels(given, spec, RAF_DB, seed)
    np.random.default_rng(1).random()
    second, _ = flip_labels(given, spec, RAF_DB, seed)
    assert (first == second).all()


def test_another_seed_flips_others() -> None:
    given, spec = np.zeros(1000, np.int64), NoiseSpec("pair", 0.5)
    assert (flip_labels(given, spec, RAF_DB, 1)[1] != flip_labels(given, spec, RAF_DB, 2)[1]).any()


@given(st.integers(0, 10_000), st.lists(st.integers(0, 100), min_size=2, max_size=9).filter(any))
def test_shares_add_up_and_are_off_by_less_than_one(count: int, weights: list[int]) -> None:
    rates = np.array(weights) / sum(weights)
    parts = shares(count, rates)
    assert parts.sum() == count
    assert (np.abs(parts - count * rates) < 1).all()


def _rates_file(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "rates.csv"
    file.write_text(text)
    return file


def test_confusion_shares_out_every_class_by_its_row(tmp_path: Path) -> None:
    file = _rates_file(tmp_path, "fear,happy,sad\n1,0,0\n0.25,0.5,0.25\n0,0.34,0.66\n")
    given = np.repeat([0, 1, 2], [10, 50, 20]).astype(np.int64)
    noisy, flipped = flip_labels(given, parse_noise(f"confusion:{file}"), THREE, 0)
    assert [np.bincount(noisy[given == label], minlength=3).tolist() for label in range(3)] == [
        [5, 3, 2],  # 5, 2.5, 2.5: the lower class gets the odd one
        [17, 33, 0],
        [0, 0, 20],
    ]
    assert (flipped == (noisy != given)).all()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "happy,sad\n1,0\n0,1\n",
        "happy,sad,joy\n1,0,0\n0,1,0\n0,0,1\n",
        "happy,sad,fear\n1,0,0\n0,1,0\n",
        "happy,sad,fear\n1,0,0\n0,0.9,0\n0,0,1\n",
        "happy,sad,fear\n1,0,0\n-1,2,0\n0,0,1\n",
        "happy,sad,fear\n1,0,0\n0,one,0\n0,0,1\n",
        "happy,sad,fear\n1,0,0\n0,1\n0,0,1\n",
        "happy,sad,fear\nnan,0,0\n0,1,0\n0,0,1\n",
    ],
)
def test_tables_that_do_not_fit_the_classes(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match="allowed: a header with the classes happy, sad, fear"):
        read_rates(_rates_file(tmp_path, text), THREE)


@pytest.mark.parametrize(
    "text", ["", "symmetric", "symmetric:", "symmetric:1.1", "pair:-0.1", "pair:nan", "other:0.1", "confusion:"]
)
def test_bad_specs_name_what_is_allowed(text: str) -> None:
    with pytest.raises(UsageError, match=r"--noise: found .*allowed: symmetric:RATE, pair:RATE .*confusion:FILE"):
        parse_noise(text)


def test_only_train_labels_flip_and_the_label_before_is_the_reference() -> None:
    samples = tuple(Sample(f"{n}", f"{n}", 0, "train" if n < 10 else "val") for n in range(20))
    known = Sample("known", "known", 1, "train", reference_label=2)
    manifest = Manifest("csv", Path("root"), THREE, (*samples, known))
    noisy = with_noise(manifest, NoiseSpec("pair", 1.0), 0).samples
    assert [sample.given_label for sample in noisy] == [1] * 10 + [0] * 10 + [2]
    assert [sample.reference_label for sample in noisy] == [0] * 10 + [None] * 10 + [2]
    assert [sample.key for sample in noisy] == [sample.key for sample in manifest.samples]
    assert manifest.samples[0].given_label == 0
