"""Figures that documents quote, against the raw files that they are from."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from benchmarks import small_sets

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
        (what, key): [row[what][key] for row in report["rounds"]]
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
