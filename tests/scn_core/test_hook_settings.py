"""Tables [[hooks]] of workspace.toml."""

from __future__ import annotations

from pathlib import Path

import pytest

from scn_core.errors import WorkspaceError
from scn_core.hook_settings import HOOK_EVENTS, MOST_HOOKS
from scn_core.workspace.toml import change_root, change_table, read_settings

HEAD = 'dataset = "demo"\nroot = "faces"\nclasses = ["happy"]\n'
SECRET = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"
HOOKS = """
# told of the nightly round
[[hooks]]  # the build
name = "ci"
url = "https://ci.example.org/scn?job=7"
events = ["round.closed", "round.finished"] # no faces
secret_env = "CI_SECRET"

[[hooks]]
name = "here"
url = "http://127.0.0.1:9000/"
allow_http = true
secret_file = "hook.secret"
"""


def hook(**lines: str) -> str:
    """A table that is right but for these lines, as TOML values; an empty one is left out."""
    right = {"name": '"ci"', "url": '"https://ci.example.org/"', "secret_env": '"CI_SECRET"'}
    return "[[hooks]]\n" + "".join(f"{name} = {value}\n" for name, value in (right | lines).items() if value)


def test_what_the_tables_say(tmp_path: Path) -> None:
    file = tmp_path / "workspace.toml"
    file.write_text(HEAD + HOOKS, encoding="utf-8")
    ci, here = read_settings(file).hooks
    assert (ci.name, ci.place, ci.events) == ("ci", "https://ci.example.org/", ("round.finished", "round.closed"))
    assert (here.events, here.allow_http, here.secret_file) == (HOOK_EVENTS, True, "hook.secret")


def test_a_change_of_another_setting_leaves_hooks_and_comments(tmp_path: Path) -> None:
    file = tmp_path / "workspace.toml"
    file.write_text(HEAD + HOOKS, encoding="utf-8")
    before = read_settings(file).hooks
    change_table(file, "review", {"readings": 2})
    change_root(file, "elsewhere")
    assert HOOKS in file.read_text(encoding="utf-8")
    assert read_settings(file).hooks == before


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        ("hooks = 1\n", "a list"),
        ("hooks = [1]\n", "a table"),
        (hook(name=""), "no name"),
        (hook(name='"a b"'), "letters, digits"),
        (hook(name="7"), "text"),
        (hook(colour='"red"'), "key 'colour'"),
        (hook() + hook(name='"CI"'), "two with the name 'ci'"),
        (hook() * (MOST_HOOKS + 1), f"{MOST_HOOKS} or fewer"),
        (hook(events="[]"), "round.finished"),
        (hook(events='["round.begun"]'), "round.finished"),
        (hook(url='"ftp://ci.example.org/"'), "https://HOST/PATH"),
        (hook(url='"https:///path"'), "https://HOST/PATH"),
        (hook(url='"https://ci.example.org:port/"'), "https://HOST/PATH"),
        (hook(url='"https://ci.example.org/a b"'), "https://HOST/PATH"),
        (hook(url='"https://user:word@ci.example.org/"'), "without"),
        (hook(url='"http://127.0.0.1/"'), "allow_http = true"),
        (hook(secret_env=""), "one of secret_env and secret_file"),
        (hook(secret_file='"hook.secret"'), "secret_env and secret_file"),
        (hook(secret_env="", secret=f'"{SECRET}"'), "secret_in_clear = true"),
        (hook(secret_env="", secret="7"), "another type"),
    ],
)
def test_what_is_wrong_is_said_without_the_secret(tmp_path: Path, tables: str, said: str) -> None:
    file = tmp_path / "workspace.toml"
    file.write_text(HEAD + tables, encoding="utf-8")
    with pytest.raises(WorkspaceError) as refused:
        read_settings(file)
    assert said in str(refused.value)
    assert str(file) in str(refused.value)
    assert SECRET not in str(refused.value)


def test_a_secret_in_clear_has_to_be_wanted_and_is_not_printed(tmp_path: Path) -> None:
    file = tmp_path / "workspace.toml"
    text = hook(secret_env="", secret=f'"{SECRET}"', secret_in_clear="true")
    file.write_text(HEAD + text, encoding="utf-8")
    (found,) = read_settings(file).hooks
    assert found.secret == SECRET
    assert SECRET not in repr(found)
