"""A path may be written in several ways; each names the same picture, and none one outside of the root."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scn_core.datasets.paths import control_character, find_path, leads_out, path_forms, relative_path

ROOT = Path("/data/pictures")
_NAME = st.text(
    st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp"), exclude_characters="/\\#?"), min_size=1, max_size=8
).filter(lambda name: name.strip() == name and name not in (".", "..") and name[1:2] != ":")
_PATH = st.lists(_NAME, min_size=1, max_size=3).map("/".join)
_WAYS: dict[str, Callable[[str], str]] = {
    "as it is": lambda path: path,
    "./": lambda path: f"./{path}",
    "//": lambda path: path.replace("/", "//"),
    "backslashes": lambda path: path.replace("/", "\\"),
    "absolute": lambda path: f"{ROOT}/{path}",
    "percent": quote,
    "blanks around": lambda path: f" {path} ",
    "NFC": lambda path: unicodedata.normalize("NFC", path),
    "NFD": lambda path: unicodedata.normalize("NFD", path),
    "Label Studio": lambda path: f"/data/local-files/?d={quote(path)}",
    "file address": lambda path: f"file://{quote(f'{ROOT}/{path}')}",
}


@pytest.mark.parametrize("way", _WAYS)
@given(path=_PATH, form=st.sampled_from(["NFC", "NFD"]))
def test_every_way_to_write_a_path_finds_the_picture_that_is_there(way: str, path: str, form: str) -> None:
    there = unicodedata.normalize(form, path)  # type: ignore[arg-type]
    if relative_path(there) != there:
        return
    assert find_path(_WAYS[way](there), {there}.__contains__, ROOT) == there


@given(st.text(max_size=30))
def test_no_form_leaves_the_root_and_each_comes_once(text: str) -> None:
    forms = list(path_forms(text, ROOT))
    assert len(forms) == len(set(forms))
    for form in forms:
        assert os.path.normpath(ROOT / form).startswith(f"{ROOT}/")
        assert relative_path(form) == form


@pytest.mark.parametrize(
    "text", ["%2e%2e/a.jpg", "..%2fa.jpg", "/x/local-files/?d=../a.jpg", "/data/pictures/../a.jpg"]
)
def test_ways_out_stay_closed(text: str) -> None:
    assert [form for form in path_forms(text, ROOT) if ".." in form.split("/") or form == "a.jpg"] == []


def test_a_name_as_it_is_wins_over_what_it_might_mean() -> None:
    there = {"100%25.jpg", "100%.jpg", "a\\b.jpg", "a/b.jpg"}
    assert find_path("100%25.jpg", there.__contains__) == "100%25.jpg"
    assert find_path("a\\b.jpg", there.__contains__) == "a\\b.jpg"


def test_where_nothing_is_there_the_path_as_written_is_told() -> None:
    assert find_path("sub\\a.jpg", set[str]().__contains__) == "sub\\a.jpg"
    assert find_path("/elsewhere/a.jpg", set[str]().__contains__, ROOT) is None


@pytest.mark.parametrize(
    "name",
    ["9.41\u202fPM.jpg", "a\u00a0b.jpg", "a\u3000b.jpg", "\U0001f468\u200d\U0001f469.jpg", "\u0645\u06cc\u200c.jpg"],
)
def test_blanks_and_joiners_of_other_scripts_are_parts_of_names(name: str) -> None:
    assert relative_path(f"sub/{name}") == f"sub/{name}"


@pytest.mark.parametrize(("name", "character"), [("a\x07", "U+0007"), ("a\udcfc", "U+DCFC"), ("a\u2028", "U+2028")])
def test_a_control_character_is_named(name: str, character: str) -> None:
    assert relative_path(name) is None
    assert control_character(name) == character


def test_a_link_that_leads_to_itself_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    assert not leads_out(tmp_path.resolve(), "a/0.jpg")
