from __future__ import annotations

import tomllib
from dataclasses import asdict
from pathlib import Path
from typing import Any, get_args

import pytest
import tomlkit
from hypothesis import example, given, settings
from hypothesis import strategies as st

from scn_core.config import DecidedBy, ReviewSettings, UnsureRule
from scn_core.errors import WorkspaceError
from scn_core.workspace.toml import begin_settings, change_table, read_settings

BY_HAND = """\
dataset = "demo"  # drawn
root = "faces"

[ review ]  # agreed on Monday
# two of us
readings = 2  # at least

[train]
epochs = 40 # enough
review = "yes"
"""
NAMES = st.text("abcdefghijklmnopqrstuvwxyz_-09", min_size=1, max_size=6)
VALUES = st.one_of(
    st.integers(-5, 5), st.booleans(), st.text(max_size=8), st.floats(allow_nan=False), st.lists(st.text(max_size=4))
)
REVIEWS = st.builds(
    ReviewSettings,
    readings=st.integers(1, 9),
    decided_by=st.sampled_from(get_args(DecidedBy)),
    repeats=st.floats(0, 0.2),
    unsure=st.sampled_from(get_args(UnsureRule)),
)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("toml") / "workspace.toml"


def test_lines_that_are_not_its_own_stay_as_they_are(file: Path) -> None:
    file.write_text(BY_HAND, encoding="utf-8")
    change_table(file, "review", {"readings": 3, "decided_by": "lead"})
    assert file.read_text(encoding="utf-8") == BY_HAND.replace(
        "[ review ]  # agreed on Monday\n# two of us\nreadings = 2  # at least",
        '[ review ]  # agreed on Monday\n# two of us\nreadings = 3  # at least\ndecided_by = "lead"',
    )


@settings(max_examples=80, deadline=None)
@example({"root": "a\x85\u2028[review]"}, ReviewSettings(readings=2))
@given(st.dictionaries(NAMES, st.one_of(VALUES, st.dictionaries(NAMES, VALUES, max_size=3)), max_size=4), REVIEWS)
def test_nothing_else_changes(file: Path, rest: dict[str, Any], review: ReviewSettings) -> None:
    rest = {name: value for name, value in rest.items() if name != "review"}
    for before in ({}, {"review": asdict(ReviewSettings())}):
        file.write_text(tomlkit.dumps(rest | before), encoding="utf-8")
        change_table(file, "review", review.as_dict())
        assert tomllib.loads(file.read_text(encoding="utf-8")) == rest | {"review": review.as_dict()}


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("review = { readings = 2 }\n", "review = { readings = 3 }\n"),
        ("review.readings = 2  # two\n", "review.readings = 3  # two\n"),
        ("[review]\nreadings = [\n  1,\n]\n", "[review]\nreadings = 3\n"),
        ("[review]\r\nreadings = 2\r\n\r\n[train]\r\n", "[review]\r\nreadings = 3\r\n\r\n[train]\r\n"),
        ('note = """\n[review]\n"""\n', 'note = """\n[review]\n"""\n\n[review]\nreadings = 3\n'),
    ],
)
def test_every_way_to_write_a_table_is_changed_in_place(file: Path, text: str, changed: str) -> None:
    file.write_bytes(text.encode())
    change_table(file, "review", {"readings": 3})
    assert file.read_bytes().decode() == changed


@pytest.mark.parametrize("text", ["review = 1\n", "[[review]]\nreadings = 2\n"])
def test_what_is_no_table_is_left_alone(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")
    with pytest.raises(WorkspaceError, match=r"workspace\.toml: found table review written in a way"):
        change_table(file, "review", {"readings": 3})
    assert file.read_text(encoding="utf-8") == text
    assert [path.name for path in file.parent.iterdir()] == ["workspace.toml"]


def test_a_byte_order_mark_is_passed_over_and_gone_after_a_change(tmp_path: Path) -> None:
    file = tmp_path / "workspace.toml"
    begin_settings(file, {"dataset": "csv", "root": "x", "classes": ["a", "b"]})
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    assert read_settings(file).dataset == "csv"
    change_table(file, "review", {"readings": 2})
    assert read_settings(file).review.readings == 2
