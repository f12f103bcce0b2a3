"""Pages of the site that are made from the code: commands, Python, the client, HTTP routes."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from dataclasses import is_dataclass
from typing import Any

import click

import review_app.client
import scn_core
from review_app.api.openapi import openapi
from review_app.cli import cli as review_cli
from review_app.client import records
from scn_core.cli.main import cli as scn_cli


def commands() -> str:
    """Every command of both programs with its arguments and options."""
    lines = ["# Commands", "", "`scn` is `python -m scn_core`, `scn-review` is `python -m review_app`.", ""]
    for name, group in (("scn", scn_cli), ("scn-review", review_cli)):
        for words, command in walk(group, name):
            lines += _command(words, command)
    return "\n".join(lines)


def walk(group: click.Group, before: str) -> Iterator[tuple[str, click.Command]]:
    """The commands of a group and of its groups, with the words that call them."""
    for name, command in sorted(group.commands.items()):
        if isinstance(command, click.Group):
            yield from walk(command, f"{before} {name}")
        elif not command.hidden:
            yield f"{before} {name}", command


def _command(words: str, command: click.Command) -> Iterator[str]:
    context = click.Context(command, info_name=words)
    usage = " ".join(command.collect_usage_pieces(context))
    yield from ("", f"## {words}", "", f"`{words} {usage}`", "", inspect.cleandoc(command.help or ""), "")
    options = [each for each in command.params if isinstance(each, click.Option) and not each.hidden]
    if not options:
        return
    yield from ("| option | what it does |", "|---|---|")
    for option in options:
        flag, help_text = option.get_help_record(context) or ("", "")
        yield f"| `{_cell(flag)}` | {_cell(help_text)} |"


def python_api() -> str:
    """The names of `scn_core` with their docstrings, which the site's builder reads from the source."""
    names = [name for name in scn_core.__all__ if not name.startswith("__")]
    names.sort(key=lambda name: (name.endswith("Error"), name != "open", name != "init"))
    lines = [
        "# Python, name by name",
        "",
        "`import scn_core as scn`; [From Python](../docs/python.md) has examples.",
        "",
    ]
    return "\n".join([*lines, *_from_source(getattr(scn_core, name) for name in names)])


def client_api() -> str:
    """The names of `review_app.client`, and the records that its methods answer with."""
    names = [getattr(review_app.client, name) for name in review_app.client.__all__]
    answers = [each for each in vars(records).values() if is_dataclass(each) and each not in names]
    return "\n".join(
        [
            "# The client, name by name",
            "",
            "`from review_app.client import Client`; [Scripts over HTTP](../docs/scripts.md#in-python) has an example.",
            "",
            *_from_source(names),
            "## Answers",
            "",
            *_from_source(answers),
        ]
    )


def _from_source(found: Iterable[Any]) -> Iterator[str]:
    for each in found:
        yield from (f"::: {each.__module__}.{each.__qualname__}", "")


def http_routes() -> str:
    """The routes that scripts may call, as /openapi.json describes them."""
    described = openapi()
    lines = [
        "# HTTP, route by route",
        "",
        "As a server's `/openapi.json` describes them to programs; [Scripts over HTTP](../docs/scripts.md) has the "
        "fields and an example.",
    ]
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            lines += ["", f"## {method.upper()} {path}", "", *_operation(operation)]
    return "\n".join(lines)


def _operation(operation: dict[str, Any]) -> Iterator[str]:
    yield from (operation.get("summary", ""), "", operation.get("description", ""), "")
    yield from ("| status | meaning |", "|---|---|")
    for status, response in operation["responses"].items():
        yield f"| {status} | {_cell(response.get('description', ''))} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").strip()
