from __future__ import annotations

import tomllib
from dataclasses import asdict
from pathlib import Path
from typing import Any, get_args

import pytest
import tomli_w
from hypothesis import example, given, settings
from hypothesis import strategies as st

from scn_core.config import DecidedBy, ReviewSettings, UnsureRule
from scn_core.errors import WorkspaceError
from scn_core.workspace.toml import change_table

BY_HAND = """\
dataset = "demo"  # drawn
root = "faces"

[ review ]  # agreed on Monday
# two of us
readings = 2

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
        "[ review ]  # agreed on Monday\n# two of us\nreadings = 2",
        '[ review ]  # agreed on Monday\ndecided_by = "lead"\n# two of us\nreadings = 3',
    )


@settings(max_examples=80, deadline=None)
@example({"root": "a\x85\u2028[review]"}, ReviewSettings(readings=2))
@given(st.dictionaries(NAMES, st.one_of(VALUES, st.dictionaries(NAMES, VALUES, max_size=3)), max_size=4), REVIEWS)
def test_nothing_else_changes(file: Path, rest: dict[str, Any], review: ReviewSettings) -> None:
    rest = {name: value for name, value in rest.items() if name != "review"}
    for before in ({}, {"review": asdict(ReviewSettings())}):
        file.write_text(tomli_w.dumps(rest | before), encoding="utf-8")
        change_table(file, "review", review.as_dict())
        assert tomllib.loads(file.read_text(encoding="utf-8")) == rest | {"review": review.as_dict()}


@pytest.mark.parametrize(
    "text",
    [
        "review = { readings = 2 }\n",
        "review.readings = 2\n",
        'note = """\n[review]\n"""\n',
        "[review]\nreadings = [\n  1,\n]\n",
    ],
)
def test_what_cannot_be_changed_line_by_line_is_left_alone(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")
    with pytest.raises(WorkspaceError, match=r"workspace\.toml: found table review written in a way"):
        change_table(file, "review", {"readings": 3})
    assert file.read_text(encoding="utf-8") == text
    assert [path.name for path in file.parent.iterdir()] == ["workspace.toml"]
