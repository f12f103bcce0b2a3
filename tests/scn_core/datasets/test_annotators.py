"""Several people's labels of a face: all are kept, and one follows from them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scn_core.datasets import csv_table
from scn_core.datasets.annotators import given_label
from scn_core.datasets.registry import read_manifest
from scn_core.datasets.rows import Row
from scn_core.datasets.source import Source
from scn_core.errors import DataError, UsageError
from scn_core.records import Manifest, Vote

Draw = Callable[..., Path]


@pytest.fixture
def read(tmp_path: Path, draw: Draw) -> Callable[..., Manifest]:
    """read(['a happy ann', ...]) imports a table of these rows, pictures drawn for each path."""

    def _read(rows: list[str], **options: object) -> Manifest:
        lines = ["path,label,annotator,split,truth"]
        for row in rows:
            path, label, annotator, split, truth = [*row.split(), *["-"] * 3][:5]
            draw(f"{path}.png", sum(map(ord, path)))
            cells = [f"{path}.png", label, annotator, split.replace("-", "train"), truth.replace("-", "")]
            lines.append(",".join(cells))
        file = tmp_path / "labels.csv"
        file.write_text("\n".join(lines) + "\n")
        source = Source(csv=file, annotator_column="annotator", reference_column="truth", **options)  # type: ignore[arg-type]
        return read_manifest("csv", source)

    return _read


def test_a_class_that_only_votes_name_is_a_class(read: Callable[..., Manifest]) -> None:
    """Nobody's majority, and all its votes are kept: agreement and exported votes are those of the data."""
    rows = [f"{path} {label} {who}" for path, label in (("a", "happy"), ("b", "sad")) for who in ("ann", "bob")]
    manifest = read([*rows, "a neutral eve", "b neutral eve"])
    assert manifest.classes.names == ("neutral", "happy", "sad")
    assert [sample.given_label for sample in manifest.samples] == [1, 2]
    assert [Counter(vote.label for vote in sample.votes) for sample in manifest.samples] == [{1: 2, 0: 1}, {2: 2, 0: 1}]
    assert "no train face is labelled neutral, which 2 votes name" in manifest.notes[-1]
    with pytest.raises(
        DataError, match="no usable train face of class neutral"
    ):  # a vote on a test face teaches nothing
        read([*rows, "c sad ann test", "c sad bob test", "c neutral eve test"])


def test_a_table_of_counts_becomes_one_of_votes_as_the_guide_does_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    guide = (Path(__file__).parents[3] / "data/README.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```text\n(votes = .*?)^```", guide, re.DOTALL | re.MULTILINE)
    monkeypatch.chdir(tmp_path)
    Path("votes.csv").write_text("path,happy,sad,fear\na.jpg,2,1,0\nb.jpg,0,0,3\n")
    exec(block, {"pd": pd})
    source = Source(csv=Path("crowd.csv"), annotator_column="worker")
    names, rows = csv_table.vocabulary(source).names, csv_table.read(source)
    found = {
        row.sample.key: sorted("none" if vote.label is None else names[vote.label] for vote in row.sample.votes)
        for row in rows
        if isinstance(row, Row)
    }
    assert found == {"a.jpg": ["happy", "happy", "sad"], "b.jpg": ["fear"] * 3}


def test_the_given_label_is_the_one_most_people_gave(read: Callable[..., Manifest]) -> None:
    manifest = read(["a happy ann", "b sad ann", "a sad bob", "a sad cy", "b happy bob", "c happy bob"])
    assert [(sample.path, sample.given_label) for sample in manifest.samples] == [
        ("a.png", 1),
        ("b.png", 1),
        ("c.png", 0),
    ]
    assert manifest.samples[0].votes == (Vote(0, "ann"), Vote(1, "bob"), Vote(1, "cy"))
    assert manifest.problems == ()
    assert {(each.written, each.rows) for each in manifest.spellings} == {("happy", 3), ("sad", 3)}


_TIE = ["b happy ann", "b sad bob", "a sad ann", "a sad bob", "a happy cy"]


def test_a_tie_goes_to_the_earlier_row(read: Callable[..., Manifest]) -> None:
    assert [sample.given_label for sample in read([*_TIE, "d happy ann"]).samples] == [0, 1, 0]


def test_by_the_majority_a_tie_is_left_out(read: Callable[..., Manifest]) -> None:
    manifest = read([*_TIE, "d happy ann"], label_rule="majority")
    assert [(sample.path, sample.given_label) for sample in manifest.samples] == [("a.png", 1), ("d.png", 0)]
    (problem,) = manifest.problems
    assert (problem.rows, problem.found) == (
        2, "2 rows left out: no label with more than half of the votes (--label-rule majority) (b.png, ...)",
    )  # fmt: skip


def test_one_vote_is_drawn_with_the_untied_plurality_as_reference(read: Callable[..., Manifest]) -> None:
    rows = [f"a{n} {'sad' if who == 'ann' else 'happy'} {who}" for n in range(40) for who in ("ann", "bob", "cy")]
    manifest = read(rows, label_rule="vote", seed=3)
    drawn = Counter(sample.given_label for sample in manifest.samples)
    assert 5 <= drawn[1] <= 25
    assert {sample.reference_label for sample in manifest.samples} == {0}
    assert manifest.samples == read(rows, label_rule="vote", seed=3).samples


def test_rows_at_odds_are_told_and_the_others_count(read: Callable[..., Manifest]) -> None:
    rows = ["a happy ann train sad", "a happy ann", "a sad bob val", "a sad cy train happy", "a sad di", "b sad ann"]
    manifest = read([*rows, "b odd bob"], classes=("happy", "sad"))
    assert manifest.samples[0].votes == (Vote(0, "ann"), Vote(1, "di"))
    assert manifest.samples[0].reference_label == 1
    assert [(problem.line, problem.reason) for problem in manifest.problems] == [
        (3, "a face and annotator met before"),
        (4, "rows of a face at odds"),
        (5, "rows of a face at odds"),
        (8, "a label that is no class"),
    ]


def test_a_rule_needs_the_column(tmp_path: Path) -> None:
    (tmp_path / "l.csv").write_text("path,label\na.png,happy\n")
    with pytest.raises(UsageError, match="--label-rule: found majority without --annotator-column"):
        read_manifest("csv", Source(csv=tmp_path / "l.csv", label_rule="majority"))


def test_without_the_column_a_second_row_says_how_to_take_it(tmp_path: Path, draw: Draw) -> None:
    for name in ("a", "b"):
        draw(f"{name}.png", ord(name))
    (tmp_path / "l.csv").write_text("path,label,who\na.png,happy,ann\nb.png,sad,ann\na.png,sad,bob\n")
    (problem,) = read_manifest("csv", Source(csv=tmp_path / "l.csv")).problems
    assert "--annotator-column" in problem.allowed


@given(st.lists(st.integers(0, 3), min_size=1, max_size=9), st.floats(0, 1, exclude_max=True))
def test_rules_against_their_definitions(votes: list[int], luck: float) -> None:
    counts = Counter(votes)
    most = max(counts.values())
    plurality = given_label(votes, "plurality")
    assert plurality == next(label for label in votes if counts[label] == most)
    majority = given_label(votes, "majority")
    assert majority == (plurality if 2 * most > len(votes) else None)
    assert given_label(votes, "vote", luck) in votes
