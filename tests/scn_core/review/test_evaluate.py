"""The measures against slow references written from their definitions, and the whole on a case done by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from scn_core.class_names import FERPLUS_8, ClassVocabulary
from scn_core.cli.reports import describe_evaluation
from scn_core.errors import DataError, WorkspaceError
from scn_core.records import IntArray, Manifest, RoundScores, Sample
from scn_core.review.evaluate import SHARES, detector, evaluate, label_accuracy, proposal_quality
from scn_core.review.reference_labels import read_reference
from scn_core.store.connection import transaction
from scn_core.store.opinions import add_source, insert_opinions
from scn_core.store.rounds.states import finish_round, start_round
from scn_core.store.samples import insert_manifest, insert_references
from tests.templates import new_database
from tests.undoubted import undoubted

Case = tuple[list[float], list[bool], list[int]]

NAMES = ClassVocabulary(("happy", "sad", "fear"))


def reference_average_precision(ranking: list[float], wrong: list[bool]) -> float:
    """Sum over distinct scores, from the highest: (recall here - recall before) * precision of all at or above."""
    total, recall_before = 0.0, 0.0
    for threshold in sorted(set(ranking), reverse=True):
        at_or_above = [w for score, w in zip(ranking, wrong, strict=True) if score >= threshold]
        recall = sum(at_or_above) / sum(wrong)
        total += (recall - recall_before) * sum(at_or_above) / len(at_or_above)
        recall_before = recall
    return total


def reference_auroc(ranking: list[float], wrong: list[bool]) -> float:
    """Share of (wrong, right) pairs in which the wrong one scores higher; equal scores count half."""
    bad = [score for score, w in zip(ranking, wrong, strict=True) if w]
    good = [score for score, w in zip(ranking, wrong, strict=True) if not w]
    return sum((b > g) + 0.5 * (b == g) for b in bad for g in good) / (len(bad) * len(good))


def reference_hits(ranking: list[float], wrong: list[bool], k: int) -> float:
    """Expected number of wrong ones among the first k, equal scores in random order."""
    hits, left = 0.0, k
    for threshold in sorted(set(ranking), reverse=True):
        tied = [w for score, w in zip(ranking, wrong, strict=True) if score == threshold]
        taken = min(left, len(tied))
        hits, left = hits + taken * sum(tied) / len(tied), left - taken
    return hits


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Scores with ties, at least one wrong and one right label, given classes."""
    n = draw(st.integers(2, 40))
    ranking = draw(st.lists(st.sampled_from([i / 16 for i in range(17)]), min_size=n, max_size=n))
    wrong = draw(st.lists(st.booleans(), min_size=n, max_size=n).filter(lambda w: any(w) and not all(w)))
    return ranking, wrong, draw(st.lists(st.integers(0, 2), min_size=n, max_size=n))


@settings(deadline=None)
@given(cases())
def test_detectors_are_their_definitions(case: Case) -> None:
    ranking, wrong, given_labels = case
    found = detector(np.array(ranking), np.array(wrong), np.array(given_labels))
    assert found.average_precision == pytest.approx(reference_average_precision(ranking, wrong))
    assert found.auroc == pytest.approx(reference_auroc(ranking, wrong))
    assert found.precision_at_k == pytest.approx(reference_hits(ranking, wrong, sum(wrong)) / sum(wrong))
    assert found.precision_at_500 is None
    areas, sizes = [], []
    for label in set(given_labels):
        rows = [i for i, g in enumerate(given_labels) if g == label]
        of_class = [wrong[i] for i in rows]
        if any(of_class) and not all(of_class):
            areas.append(reference_auroc([ranking[i] for i in rows], of_class))
            sizes.append(len(rows))
    within = sum(a * n for a, n in zip(areas, sizes, strict=True)) / sum(sizes) if areas else None
    assert found.auroc_within_classes == (within if within is None else pytest.approx(within))


def test_precision_at_a_fixed_depth_counts_the_highest() -> None:
    ranking = np.arange(2500.0)
    wrong = ranking >= 2300
    found = detector(ranking, wrong, np.zeros(2500, np.int64))
    assert (found.precision_at_k, found.precision_at_500, found.precision_at_2000) == (1.0, 200 / 500, 200 / 2000)
    fewer = detector(ranking[:1999], wrong[:1999], np.zeros(1999, np.int64))
    assert fewer.precision_at_2000 is None
    assert fewer.precision_at_500 == 0


@pytest.mark.parametrize("wrong", [[True, True, False, False, False, False], [False] * 4 + [True] * 2])
def test_the_order_of_the_faces_in_the_file_is_worth_nothing(wrong: list[bool]) -> None:
    found = detector(np.zeros(6), np.array(wrong), np.zeros(6, np.int64))
    assert found.average_precision == pytest.approx(1 / 3)
    assert found.precision_at_k == pytest.approx(1 / 3)
    assert found.auroc == 0.5


@pytest.mark.parametrize("all_wrong", [False, True])
def test_what_is_not_defined_is_none(all_wrong: bool) -> None:
    found = detector(np.arange(4.0), np.full(4, all_wrong), np.zeros(4, np.int64))
    assert found.auroc is None
    assert found.auroc_within_classes is None
    assert found.average_precision == (1.0 if all_wrong else None)
    assert found.precision_at_k == (1.0 if all_wrong else None)


def test_proposals_by_hand() -> None:
    #                 right           wrong, mended       wrong, to a wrong class  wrong, missed  right, spoilt
    truth = np.array([0, 0, 1,        0, 1, 2,            2,                       1, 1,          2])  # fmt: skip
    labels = np.array([0, 0, 1,       1, 0, 0,            0,                       0, 2,          2])  # fmt: skip
    proposed = np.array([-1, -1, -1,  0, 1, 2,            1,                       -1, -1,        0])  # fmt: skip
    found = proposal_quality(proposed, truth, labels != truth)
    assert (found.count, found.precision, found.recall, found.label_right) == (5, 4 / 5, 4 / 6, 3 / 5)


def test_no_proposals_and_no_errors_have_no_shares() -> None:
    none = proposal_quality(np.full(3, -1), np.array([0, 1, 2]), np.array([True, False, False]))
    assert (none.count, none.precision, none.recall, none.label_right) == (0, None, 0.0, None)
    clean = proposal_quality(np.array([1, -1]), np.array([0, 1]), np.array([False, False]))
    assert (clean.precision, clean.recall, clean.label_right) == (0.0, None, 0.0)


@settings(deadline=None)
@given(cases())
def test_label_accuracy_lies_between_doing_nothing_and_the_oracle(case: Case) -> None:
    ranking, wrong, _ = case
    n, before = len(wrong), 1 - sum(wrong) / len(wrong)
    curves = label_accuracy({"ours": np.array(ranking)}, np.array(wrong))
    assert set(curves) == {"ours", "oracle", "random"}
    for place, share in enumerate(SHARES):
        reviewed = round(share * n)
        ours, oracle, random = (curves[name][place] for name in ("ours", "oracle", "random"))
        assert ours == pytest.approx(before + reference_hits(ranking, wrong, reviewed) / n)
        assert before - 1e-9 <= ours <= oracle + 1e-9
        assert oracle == pytest.approx(min(1.0, before + reviewed / n))
        assert random == pytest.approx(before + (1 - before) * reviewed / n)
    for curve in curves.values():
        assert curve == pytest.approx(sorted(curve))


# Reference files


def reference_file(folder: Path, text: str | bytes) -> Path:
    file = folder / "reference.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def test_references_are_read_in_any_spelling(tmp_path: Path) -> None:
    file = reference_file(
        tmp_path, '\ufeffsplit,Label,path\r\ntrain,Happiness,"a,b.jpg"\r\n,sad,./c.jpg\r\n,,d.jpg\r\n\r\n,sad,c.jpg\r\n'
    )
    assert read_reference(file, FERPLUS_8) == {"a,b.jpg": 1, "c.jpg": 3}


def test_of_several_faces_in_a_picture_the_key_says_which(tmp_path: Path) -> None:
    rows = "path,label,key,x\na.jpg,sad,a.jpg#0,\n./a.jpg,fear,a.jpg#1,\nb.jpg,happy,b.jpg,\nc.jpg,sad,17,\n"
    truth = {"a.jpg#0": 1, "a.jpg#1": 2, "b.jpg": 0, "c.jpg": 1}
    assert read_reference(reference_file(tmp_path, rows), NAMES) == truth
    keys = "Key,label\n" + "".join(f"{key},{NAMES.names[label]}\n" for key, label in truth.items())
    assert read_reference(reference_file(tmp_path, keys), NAMES) == truth
    with pytest.raises(DataError, match=r"another label for 'a\.jpg'; allowed: one a face; .* a column key"):
        read_reference(reference_file(tmp_path, "path,label\na.jpg,sad\na.jpg,fear\n"), NAMES)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "reference.csv: found an empty file"),
        ("path,truth\na.jpg,sad\n", "reference.csv: found columns path, truth; allowed: a header with label as well"),
        ("path,label\na.jpg,sad\nb.jpg,joyless\n", "reference.csv, line 3: found label 'joyless'; allowed: happy, sad"),
        ('path,label\n"a\n.jpg",sad\n', r"reference.csv, line 2: found path 'a\\n.jpg'; allowed: the key of a face"),
        ("path,label\n,sad\n", "reference.csv, line 2: found path ''"),
        ("path,label\n\na.jpg\n", "reference.csv, line 3: found 1 cells; allowed: as many as in the header"),
        ("path,label\na.jpg,sad\n./a.jpg,fear\n", "reference.csv, line 3: found another label for 'a.jpg'"),
        (b"path,label\n\xff.jpg,sad\n", "reference.csv: found bytes that are not UTF-8"),
    ],
)
def test_what_is_wrong_with_a_reference_is_told_with_its_line(text: str | bytes, error: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=error):
        read_reference(reference_file(tmp_path, text), NAMES)


def test_a_missing_reference_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"--reference: found no file .*gone\.csv"):
        read_reference(tmp_path / "gone.csv", NAMES)


# A whole round, by hand: ten training faces 0..9 given classes 0, 1, 2, 0, ...; suspicion falls from 0.9 to 0.


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    opened = new_database(tmp_path / "review.db")
    samples = [Sample(f"{i}.jpg", f"{i}.jpg", i % 3, "train") for i in range(10)]
    samples += [Sample("v.jpg", "v.jpg", 0, "val")]
    insert_manifest(opened, Manifest("toy", tmp_path, NAMES, tuple(samples)))
    yield opened
    opened.close()


def finish(db: Database, *, keep: int = 10, start: IntArray | None = None, trained: IntArray | None = None) -> None:
    """A round with scores of the first `keep` faces; 0 and 1 have proposals of class 2."""
    falling = (np.arange(9, -1, -1) / 10).astype(np.float32)[:keep]
    proposed = np.where(np.arange(keep) < 2, 2, -1)
    given_labels = np.arange(keep) % 3
    start = given_labels if start is None else start
    thirds = np.full((keep, 3), 1 / 3, np.float32)
    found = RoundScores(
        sample_id=np.arange(1, keep + 1), start_label=start, alpha=1 - falling, p_given=falling, p_max=falling,
        predicted_label=given_labels, margin=falling, suspicion=falling, low_importance=falling > 0.5,
        proposed_label=proposed, trained_label=start if trained is None else trained, probabilities=thirds,
        **undoubted(keep),
    )  # fmt: skip
    finish_round(db, start_round(db, {}, code_version="1"), found, {})


# Faces 0 and 3 are wrong; 8 and 9 have no reference; one row is for validation and one for nobody.
REFERENCE = "path,label\n0.jpg,fear\n1.jpg,sad\n2.jpg,fear\n3.jpg,fear\n4.jpg,sad\n5.jpg,fear\n6.jpg,happy\n"
REFERENCE += "7.jpg,sad\n8.jpg,\nv.jpg,happy\nx.jpg,happy\n"


def test_a_round_by_hand(db: Database, tmp_path: Path) -> None:
    finish(db)
    found = evaluate(db, reference_file(tmp_path, REFERENCE))
    assert (found.round, found.faces, found.wrong, found.unmatched) == (1, 8, 2, 2)
    for order in (found.alpha, found.margin, found.suspicion):
        assert order is not None
        assert order.average_precision == pytest.approx((1 + 2 / 4) / 2)
        assert order.auroc == pytest.approx(10 / 12)
        assert order.precision_at_k == 0.5
    assert found.class_error_rate.auroc == pytest.approx((6 + 6 - 0.5 * 2) / 12)
    assert "opinions" not in found.as_dict(), "there is none, so scripts read what they always read"
    assert (found.proposals.count, found.proposals.precision, found.proposals.recall) == (2, 0.5, 0.5)
    assert found.proposals.label_right == 0.5
    assert found.label_accuracy["suspicion"] == [0.75, 0.75 + 1 / 8, 0.75 + 1 / 8, 0.75 + 1 / 8, 1.0]
    assert list(found.label_accuracy) == ["suspicion", "margin", "alpha", "oracle", "random"]


def test_an_opinion_called_as_an_order_of_ours_is_kept_apart_from_it(db: Database, tmp_path: Path) -> None:
    finish(db)
    reference = reference_file(tmp_path, REFERENCE)
    before, (face, sure) = evaluate(db, reference).label_accuracy, (np.arange(1, 11), np.eye(3, dtype=np.float32))
    names = [*before, "class error rate"]
    for name in names:  # each is sure of the given label of faces 0 and 3, the wrong ones, and doubts all others
        with transaction(db):
            given = np.where(np.isin(face, (1, 4)), (face - 1) % 3, face % 3)
            insert_opinions(db, add_source(db, name, "csv", {}), face, sure[given], None)
    found = evaluate(db, reference)
    assert {name: curve for name, curve in found.label_accuracy.items() if name in before} == before
    assert set(found.label_accuracy) - set(before) == {f"opinion {name}" for name in names}
    assert found.label_accuracy["opinion oracle"] == [0.75, 0.75, 0.75, 0.75, 0.75]
    words = [line.rsplit(maxsplit=5)[0] for line in describe_evaluation(found).splitlines() if line.count(".") == 5]
    assert sorted(words) == sorted([*before, *(f"opinion {name}" for name in names)]), "a row each in the last table"


def test_faces_left_out_of_the_round_are_unmatched(db: Database, tmp_path: Path) -> None:
    finish(db, keep=5)
    assert evaluate(db, reference_file(tmp_path, REFERENCE)).unmatched == 5


def test_the_newest_round_that_ended_is_measured_or_the_one_named(db: Database, tmp_path: Path) -> None:
    reference = reference_file(tmp_path, REFERENCE)
    with pytest.raises(WorkspaceError, match=r"found no round in state review or closed \(rounds: none\)"):
        evaluate(db, reference)
    finish(db)
    finish(db, keep=5)
    start_round(db, {}, code_version="1")
    assert evaluate(db, reference).round == 2
    assert evaluate(db, reference, round_id=1).faces == 8
    with pytest.raises(WorkspaceError, match="found round 3 in state running; allowed: one in state review or closed"):
        evaluate(db, reference, round_id=3)


def test_a_reference_for_other_faces_is_told(db: Database, tmp_path: Path) -> None:
    finish(db)
    with pytest.raises(DataError, match=r"no path names a training face; allowed: keys .*, such as 0\.jpg"):
        evaluate(db, reference_file(tmp_path, "path,label\nv.jpg,happy\nelse.jpg,sad\n"))


def test_without_a_file_the_references_of_the_import_count(db: Database) -> None:
    finish(db)
    with pytest.raises(WorkspaceError, match="keeps no reference labels; name a CSV of path,label with --reference"):
        evaluate(db)
    insert_references(db, [(1, 2), (2, 1), (11, 0)])
    found = evaluate(db)
    assert (found.faces, found.wrong, found.unmatched) == (2, 1, 1)


@pytest.mark.parametrize(("decided", "wrong"), [(0, 0), (1, 1)])
def test_right_is_the_label_the_round_began_with(db: Database, decided: int, wrong: int) -> None:
    """Face 0 is given class 0, which is right; people may have decided otherwise, and mode auto trained on another."""
    rest = np.arange(1, 10) % 3
    finish(db, start=np.array([decided, *rest]), trained=np.array([2, *rest]))
    insert_references(db, [(1, 0), (2, 1)])
    assert evaluate(db).wrong == wrong


def test_paths_of_a_reference_may_be_written_otherwise(db: Database, tmp_path: Path) -> None:
    finish(db)
    text = f"path;label\n.\\0.jpg;fear\n{tmp_path}/1.jpg;sad\n%32.jpg;fear\n./3.jpg;NaN\n"
    found = evaluate(db, reference_file(tmp_path, text), root=tmp_path)
    assert (found.faces, found.unmatched) == (3, 0)
