"""What is an address, what lies below one, and that no secret in one is shown or kept."""

from __future__ import annotations

import pytest

from scn_core.datasets.addresses import below_address, checked_address, is_address, parent_address
from scn_core.datasets.rows import Row, make_row
from scn_core.errors import DataError, UsageError, masked
from scn_core.import_balance import Problem


@pytest.mark.parametrize("text", ["s3://b/a", "gs://b", "https://h/a", "memory://a", "zip://a::s3://b/c.zip"])
def test_addresses_are_told_from_paths(text: str) -> None:
    assert is_address(text)


@pytest.mark.parametrize("text", ["a/b.jpg", "/a/b", "C:/a", "C:\\a", "file:///a/b", "a:b", "~/a", "", None, 3])
def test_paths_are_no_addresses(text: object) -> None:
    assert not is_address(text)


def test_no_secret_in_an_address_is_shown() -> None:
    said = "https://ann:pass@h:8000/a/b.jpg?X-Amz-Signature=abc&e=1 and s3://b/c"
    assert masked(said) == "https://***@h:8000/a/b.jpg?*** and s3://b/c"
    assert str(DataError(said)) == masked(said)
    assert str(Problem("list.csv", 3, said, said)).count("Signature") == 0
    assert masked("abfs://container@account/a is 3 of 4?") == "abfs://container@account/a is 3 of 4?"


@pytest.mark.parametrize("address", ["https://ann:pass@h/a", "https://h/a?signature=pass"])
def test_no_secret_in_an_address_is_kept(address: str) -> None:
    with pytest.raises(UsageError, match=r"--root: found https://.*\*\*\*.*; allowed: .* environment") as raised:
        checked_address("--root", address)
    assert "pass@" not in str(raised.value)
    assert "=pass" not in str(raised.value)


def test_an_address_has_one_form_and_a_folder_around_it() -> None:
    assert checked_address("--root", "s3://b/a/") == "s3://b/a"
    assert checked_address("--root", "https://") == "https://"
    assert parent_address("s3://b/a/l.csv") == "s3://b/a"
    assert parent_address("s3://b") == "s3://"


def test_what_lies_below_an_address() -> None:
    assert below_address("s3://b/a", "s3://b/a/c/1%20.jpg") == "c/1%20.jpg"
    assert below_address("https://h/a", "https://h/a/c/1%20.jpg") == "c/1 .jpg"
    assert below_address("https://", "https://h/a/1.jpg") == "h/a/1.jpg"
    for elsewhere in ("s3://b/ab/1.jpg", "https://b/a/1.jpg", "s3://b/a", "s3://b/a/1.jpg?sign=1"):
        assert below_address("s3://b/a", elsewhere) is None
    assert below_address(None, "s3://b/a/1.jpg") is None


def test_a_list_may_have_addresses_below_the_root_and_no_others() -> None:
    row = make_row("l.csv", 2, "s3://b/a/c/1.jpg", 0, "train", address="s3://b/a")
    assert isinstance(row, Row)
    assert (row.sample.key, row.sample.path) == ("c/1.jpg", "c/1.jpg")
    for path in ("s3://b/other/1.jpg", "s3://b/a/../other/1.jpg", "http://169.254.169.254/a", "s3://b/a/1.jpg?s=1"):
        assert isinstance(make_row("l.csv", 2, path, 0, "train", address="s3://b/a"), Problem)
    out = make_row("l.csv", 2, "https://h/a/%2e%2e/%2e%2e/secret.jpg", 0, "train", address="https://h/a")
    assert isinstance(out, Problem)
    lone = make_row("l.csv", 2, "s3://b/a/1.jpg", 0, "train")
    assert isinstance(lone, Problem)
    assert "--root with the address" in lone.allowed
