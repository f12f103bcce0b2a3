"""`scn-review client ...` where no server is asked: help, and what is said of wrong options."""

from __future__ import annotations

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
