"""`scn-review client ...` where no server is asked: help, and what is said of wrong options."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from review_app.cli import cli
from review_app.client.command import client
from scn_core.errors import UsageError

URL = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def without_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REVIEW_URL", "REVIEW_TOKEN"):
        monkeypatch.delenv(name, raising=False)


def run(*words: object) -> Result:
    return CliRunner().invoke(cli, ["client", *map(str, words)])


@pytest.mark.parametrize("command", sorted(client.commands))
def test_help_needs_no_server(command: str) -> None:
    helped = run(command, "--help")
    assert (helped.exit_code, helped.output.startswith("Usage: ")) == (0, True), helped.exception


def test_an_address_is_needed_to_ask() -> None:
    refused = run("status")
    assert (type(refused.exception), "set REVIEW_URL" in str(refused.exception)) == (UsageError, True)


def test_a_token_is_needed_to_ask(tmp_path: Path) -> None:
    empty = tmp_path / "token"
    empty.write_text("\n")
    for options in ((), ("--token-file", empty)):
        refused = run("--url", URL, *options, "status")
        assert type(refused.exception) is UsageError
        assert str(refused.exception).endswith("no token: set REVIEW_TOKEN or --token-file")


def test_no_password_of_an_address_is_shown() -> None:
    for url in ("http://ann:hunter2@127.0.0.1:9", "http://ann:hun@ter2@x", "ann:hunter2@x"):
        refused = str(run("--url", url, "status").exception)
        assert "found an address with a name or password in it" in refused
        assert "ter2" not in refused


def test_an_address_that_is_none_is_refused_at_once() -> None:
    for url in ("http://127.0.0.1:port", "http://[::1", "http://:80", "127.0.0.1:8501"):
        assert type(run("--url", url, "status").exception) is UsageError
