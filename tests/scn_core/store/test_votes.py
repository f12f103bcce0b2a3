"""What an import saw, and the labels of several people, as the database keeps them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlite_utils import Database

from scn_core.class_names import ClassVocabulary
from scn_core.import_balance import Balance, Problem, Spelling
from scn_core.records import Manifest, Sample, Vote
from scn_core.review.quality.votes import vote_agreement
from scn_core.store.samples import insert_manifest
from scn_core.store.votes import FaceVotes, face_votes, import_balance, names_as_written, vote_shares, votes_between
from tests.templates import new_database

ANN, BOB, CY = "ann", "bob", "cy"


@pytest.fixture
def blank(tmp_path: Path) -> Iterator[Database]:
    opened = new_database(tmp_path / "review.db")
    yield opened
    opened.close()


def manifest(*votes: tuple[Vote, ...], problems: tuple[Problem, ...] = ()) -> Manifest:
    samples = tuple(Sample(f"{n}.jpg", f"{n}.jpg", n % 2, "train", votes=each) for n, each in enumerate(votes))
    spellings = (Spelling("Joy", "happy", 3), Spelling("Happiness", "happy", 1), Spelling("Sad", "sad", 2))
    return Manifest("toy", Path("faces"), ClassVocabulary(("happy", "sad")), samples, problems, spellings)


def test_seen_is_what_was_taken_and_what_was_left_out(blank: Database) -> None:
    problems = (
        Problem("l.csv", 3, "x", "y", reason="no label"),
        Problem("l.csv", 4, "x", "y", reason="no such picture", rows=2),
        Problem("l.csv", 5, "x", "y", kept=True),
        Problem("l.csv", 6, "x", "y", reason="no label"),
    )
    insert_manifest(blank, manifest((Vote(0, ANN), Vote(1, BOB), Vote(0, CY)), (), (), problems=problems))
    balance = import_balance(blank)
    assert balance is not None
    assert (balance.seen, balance.taken, balance.further) == (9, 3, 2)
    assert dict(balance.left_out) == {"no label": 2, "no such picture": 2}
    assert balance.joined == {"happy": ["Joy", "Happiness"]}
    assert balance.renamed == {"sad": "Sad"}
    assert balance.lines() == [
        "seen: 9 rows and files = 3 faces taken + 2 further labels of these + 4 left out",
        "  2 no label",
        "  2 no such picture",
        "joined: Joy, Happiness -> happy",
        "renamed: Sad -> sad",
    ]
    assert names_as_written(blank) == ("Joy", "Sad")


def test_an_import_from_before_reasons_were_kept_has_no_balance(blank: Database) -> None:
    insert_manifest(blank, manifest(()))
    blank.execute("INSERT INTO problem (file, line, found, allowed, kept) VALUES ('l', 1, 'x', 'y', 0)")
    assert import_balance(blank) is None


def test_every_vote_is_kept(blank: Database) -> None:
    votes = (Vote(0, ANN), Vote(1, BOB), Vote(1, other="", count=7), Vote(None, other="unknown", count=3))
    insert_manifest(blank, manifest((), votes))
    assert votes_between(blank, 1, 9) == {2: list(votes)}


def test_agreement_counts_answers_that_are_no_class_too(blank: Database) -> None:
    insert_manifest(
        blank,
        manifest(
            (Vote(0, count=9), Vote(None, other="NF")),
            (Vote(1, count=10),),
            (Vote(None, other="unknown", count=6), Vote(None, other="NF", count=4)),
            (Vote(1),),
        ),
    )
    found = vote_agreement(blank)
    assert found is not None
    assert (found.faces, found.votes, found.annotators, found.unanimous) == (3, 30, 0, 1)
    assert found.alpha is not None
    # by hand: disagreement 1 - (9*8)/90 = .2, 0, 1 - (6*5 + 4*3)/90; expected from 9, 10, 6, 5 of 30
    observed = (0.2 + 0 + (1 - 42 / 90)) / 3
    expected = 1 - (9 * 8 + 10 * 9 + 6 * 5 + 5 * 4) / (30 * 29)
    assert found.alpha.value == pytest.approx(1 - observed / expected)


def test_one_label_a_face_says_nothing_of_agreement(blank: Database) -> None:
    insert_manifest(blank, manifest((), (Vote(1, ANN),)))
    assert vote_agreement(blank) is None


@given(
    st.dictionaries(st.text(min_size=1, max_size=9), st.integers(1, 9), max_size=5),
    st.integers(0, 9),
    st.integers(0, 9),
)
def test_the_sum_holds_whatever_was_left_out(left_out: dict[str, int], taken: int, further: int) -> None:
    balance = Balance(taken, further, left_out, ())
    assert balance.seen == taken + further + sum(left_out.values())
    assert replace(balance, taken=taken + 1).seen == balance.seen + 1


def test_shares_count_all_votes_and_are_even_without_any(blank: Database) -> None:
    insert_manifest(blank, manifest((Vote(0, count=7), Vote(1), Vote(None, other="NF", count=2)), (), (Vote(1, ANN),)))
    shares = vote_shares(blank, np.array([1, 2]), 2)
    assert shares is not None
    assert np.allclose(shares, [[8 / 12, 2 / 12], [0.5, 0.5]])


def test_without_votes_there_are_no_shares(blank: Database) -> None:
    insert_manifest(blank, manifest((), ()))
    assert vote_shares(blank, np.array([1, 2]), 2) is None
    assert face_votes(blank, [1, 2]) == {}


def test_the_votes_of_a_face_are_summed_over_people(blank: Database) -> None:
    votes = (Vote(0, ANN), Vote(1, BOB), Vote(1, CY), Vote(None, "dan", "NF"))
    insert_manifest(blank, manifest(votes, (), (Vote(1, count=10),)))
    found = face_votes(blank, [3, 1, 1])
    assert found == {1: FaceVotes({1: 2, 0: 1}, {"NF": 1}), 3: FaceVotes({1: 10}, {})}
    assert list(found[1].labels) == [1, 0]
    assert found[1].total == 4
