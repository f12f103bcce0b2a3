"""Figures that documents quote, against the raw files that they are from."""

from __future__ import annotations

import json
import math
import re
from collections import defaultdict
from pathlib import Path
from statistics import mean, variance
from typing import Any

from benchmarks import alike, second_readings, small_sets
from benchmarks.cleaning.tables import spread
from scn_core import __version__

ROOT = Path(__file__).parents[2]
README = (ROOT / "benchmarks/README.md").read_text(encoding="utf-8")


def raw(name: str) -> Any:
    return json.loads((ROOT / f"benchmarks/results/{name}.json").read_text(encoding="utf-8"))


def words(document: str) -> str:
    """A document without its line breaks."""
    return " ".join((ROOT / document).read_text(encoding="utf-8").split())


def test_small_sets() -> None:
    report = raw("small_sets")
    for table in small_sets.tables(report):
        assert table in README
    shares = {
        (what, key): [row[what][key] for row in report["rounds"] if row["dataset"] != "demo"]
        for what in ("given_wrong", "proposed_right")
        for key in ("said", "is")
    }
    method = words("docs/method.md")
    for what, said in (("given_wrong", "suspicion of the proposals was"), ("proposed_right", "a proposal is right")):
        pattern = rf"{said} (\.\d\d) to (\.\d\d)[^.]* where (\.\d\d) to (\.\d\d)"
        (found,) = re.findall(pattern, method)
        ends = [end(shares[what, key]) for key in ("said", "is") for end in (min, max)]
        assert list(found) == [f"{value:.2f}"[1:] for value in ends]
    faces = [row["proposed_right"] for row in report["rounds"] if row["dataset"] == "ferplus"]
    ends = [round(100 * end(row[key] for row in faces)) for key in ("is", "said") for end in (min, max)]
    assert "on 1,600, {} to {} % of the proposals were right, where the program said {} to {} %".format(*ends) in words(
        "README.md"
    )


def test_how_much_trainings_on_few_faces_differ() -> None:
    pairs = raw("small_sets")["pairs"]
    threads, rows, *seeds = [
        (*(f"{pair['largest_difference'][name]:.2f}"[1:] for name in ("suspicion", "alpha")), pair["same_proposals"])
        for pair in pairs
    ]
    training = (ROOT / "docs/training.md").read_text(encoding="utf-8")
    assert "| {} | {} | 426 and 421 | {} |".format(*threads) in training
    assert "| {} | {} | 261 and 311 | {} |".format(*rows) in training
    columns = list(zip(*seeds, strict=True))
    ranges = [f"{min(column)} to {max(column)}" for column in columns]
    assert "| the seed, six pairs | the same | {} | {} | 426 to 520 | {} |".format(*ranges) in training


def test_answering_alike_faces_second_readings_and_crowdlab() -> None:
    """Standard deviations are those of samples, n - 1, in all tables."""
    found = raw("alike")
    assert alike.table([alike.Arm(**arm) for arm in found["arms"]]) in README
    assert alike.purity_table(found["same_truth"]) in README
    assert second_readings.table([second_readings.Arm(**arm) for arm in raw("second_readings")["arms"]]) in README
    cells = raw("crowdlab")["cells"]
    for votes, method in {(cell["votes"], cell["method"]) for cell in cells}:
        these = [cell for cell in cells if (cell["votes"], cell["method"]) == (votes, method)]
        right, calibration = (spread([cell[name] for cell in these]) for name in ("right", "calibration"))
        assert f"| {votes} | {method} | {right} | {calibration} |" in README


def test_what_twenty_answers_change() -> None:
    """Of the average precision, by kind of labels, as the sentence above their table says."""
    gained = defaultdict[str, dict[int, float]](dict)
    kinds = {f"{cell['noise']}, {cell.get('epochs')}" for cell in raw("label_cleaning")["cells"]}
    for kind in kinds:
        cells = [c for c in raw("label_cleaning")["cells"] if f"{c['noise']}, {c.get('epochs')}" == kind]
        for answers in (20, 300):
            gains = [cell["answered"][f"AP after {answers}"] - cell["answered"]["AP after 0"] for cell in cells]
            gained[kind][answers] = round(mean(gains), 3)
    said = " ".join(README.split())
    after_20, after_300 = ({kind: found[answers] for kind, found in gained.items()} for answers in (20, 300))
    real, flipped = after_20.pop("real, None"), after_20.pop("symmetric-30, None")
    most = max(map(abs, after_20.values()))
    assert f"raise AP by {_plain(real)} on real labels and by {_plain(flipped)} on symmetric-30" in said
    assert f"within {_plain(most)} on the other kinds" in said
    least = min(after_300, key=lambda kind: after_300[kind])
    assert (least, max(after_300, key=lambda kind: after_300[kind])) == ("cifar10n, None", "real, None")
    assert f"by {_plain(after_300[least])} on cifar10n to {_plain(after_300['real, None'])} on real labels" in said


def test_how_far_suspicion_is_off_on_average() -> None:
    off = defaultdict[str, list[float]](list)
    for cell in raw("label_cleaning")["cells"]:
        off[f"{cell['noise']}, {cell.get('epochs')}"].append(
            mean(cell["suspicion"]["said"]) - mean(cell["suspicion"]["true"])
        )
    close = [off.pop(kind) for kind in ("single-vote, None", "symmetric-20, 30")]
    real = mean(off.pop("real, None"))
    said = " ".join(README.split())
    ends = [f"{end(map(mean, off.values())):.2f}"[1:] for end in (min, max)]
    assert f"suspicion is {-real:.2f}".replace("0.", ".") + " too low on average on real labels" in said
    assert f"right to {_plain(max(abs(mean(each)) for each in close))} on single votes" in said
    assert "{} to {} too high on the other kinds".format(*ends) in said
    low, high = (end(each for seeds in close for each in seeds) for end in (min, max))
    assert f"(single seeds {_plain(-low)} too low to {_plain(high)} too high)" in said


def test_long_trainings_and_the_worth_of_a_review() -> None:
    right = [
        f"{t['choices']['chosen']['proposals']['label_right']:.2f}"[1:] for t in raw("memorising")["trainings"].values()
    ]
    assert "{} and {} of the proposed labels are right, with 5,000 {} and {};".format(*right) in " ".join(
        README.split()
    )
    trained = [cell["trained"] for cell in raw("label_cleaning_2026-11-25")["cells"] if cell["noise"] == "real"]
    said, errors = words("benchmarks/label_cleaning.md"), list[float]()
    for name, shown in (("test_accuracy", "better in test accuracy"), ("macro_recall", "in macro recall")):
        later, first = ([each[which][name] for each in trained] for which in ("reviewed", "scn"))
        by_seed = [b - a for a, b in zip(first, later, strict=True)]
        ends = f"({_plain(min(by_seed))} to {_plain(max(by_seed))}"
        assert f"{_plain(mean(by_seed))} {shown} {ends}" in said
        errors.append(mean(by_seed) / math.sqrt((variance(first) + variance(later)) / len(first)))
    assert "{:.0f} and {:.1f} standard errors".format(*errors) in said


def test_the_intervals_of_the_audit() -> None:
    rows = raw("audit_coverage")["rows"]
    assert all(len(set(row["covered"].values())) == 1 for row in rows)  # the same reviews, so one share a row
    for data in {row["data"] for row in rows}:
        for cell in ("covered", "without"):
            shown = [
                " / ".join(
                    f"{100 * row['covered']['before']:.1f}" if cell == "covered" else f"{row['without']:,}"
                    for row in rows
                    if (row["data"], row["order"]) == (data, order)
                )
                for order in ("of the queue", "label by label")
            ]
            assert f"| {data} | {shown[0]} | {shown[1]} |" in README
    shares = [100 * row["covered"]["before"] for row in rows]
    gone = [row["without"] for row in rows if row["order"] == "label by label"]
    said = " ".join(README.split())
    assert f"The {len(rows)} shares lie between {min(shares):.1f} and {max(shares):.1f} %" in said
    assert f"label by label {min(gone)} to {max(gone)} of 2,000 did not" in said


def test_whether_faces_gain_importance() -> None:
    runs = [run["importance"] for run in raw("cured_importance")["runs"]]
    higher = [100 * (run["corrected"]["after"][2] - run["others"]["after"][2]) for run in runs]
    gained = [100 * (run["corrected"]["gained"] - run["others"]["gained"]) for run in runs]
    assert (
        f"{gained[0]:.0f} points and {gained[1]:.0f} more of them rank higher, and the median is {-higher[0]:.1f} "
        f"points lower and {higher[1]:.1f} higher" in words("docs/paper.md")
    )


def test_what_to_cite_of_the_program() -> None:
    cited = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {__version__}\n" in cited
    assert "\nlicense: Apache-2.0\n" in cited


def _plain(value: float) -> str:
    """As the documents write it: .012."""
    return f"{value:.3f}".removeprefix("0")
