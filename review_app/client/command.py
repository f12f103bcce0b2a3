"""`scn-review client ...`: the everyday calls of `Client`, as text for people or as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, is_dataclass, replace
from functools import update_wrapper
from pathlib import Path
from typing import Any, TypeVar, cast, get_args

import click

from review_app.client.decision import Decision
from review_app.client.failures import ClientError
from review_app.client.http_client import NO_TOKEN, TOKEN_VARIABLE, URL_VARIABLE, Client
from review_app.client.records import Face
from scn_core.cli.outputs import check_output
from scn_core.errors import UsageError, WorkspaceError, counted, error_text
from scn_core.records import ACTIONS, Action, Answer, QueueFilter

F = TypeVar("F", bound=Callable[..., Any])

TIMED_OUT = 3
"""Exit code of `wait` where the round had not ended in time."""


@dataclass(frozen=True)
class _Access:
    """Where and as whom a command asks, as the options before it say."""

    url: str | None
    token_file: Path | None
    patience_s: float

    def client(self) -> Client:
        """Raises UsageError where there is no address or no token."""
        if self.token_file is None:
            return Client(self.url, patience_s=self.patience_s)
        token = self.token_file.read_text(encoding="utf-8", errors="replace").strip()
        if not token:
            raise UsageError(f"--token-file: found nothing in {self.token_file}; {NO_TOKEN}")
        return Client(self.url, token, patience_s=self.patience_s)


def _with_client(command: F) -> F:
    """The command with a client as its first argument, made as it runs: its --help needs no server."""

    @click.pass_obj
    def run(access: _Access, *args: Any, **kwargs: Any) -> Any:
        return command(access.client(), *args, **kwargs)

    return cast(F, update_wrapper(run, command))


_AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead.")
_ROUND = click.option("--round", "number", type=click.IntRange(1), help="Round; otherwise the newest in review.")


@click.group()
@click.option("--url", envvar=URL_VARIABLE, help=f"Address of the server. [default: ${URL_VARIABLE}]")
@click.option(
    "--token-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=f"File with an access token on its only line. [default: ${TOKEN_VARIABLE}]",
)
@click.option("--patience", type=click.FloatRange(0), default=60.0, show_default=True, help="Seconds to try again.")
@click.pass_context
def client(context: click.Context, url: str | None, token_file: Path | None, patience: float) -> None:
    """Ask a server from a script, with an access token."""
    context.obj = _Access(url, token_file, patience)


@client.command()
@_AS_JSON
@_with_client
def status(server: Client, as_json: bool) -> None:
    """Whether answers can be stored, and how far the rounds are."""
    known = server.rounds()
    ready = True
    try:
        server.ready()
    except ClientError as error:
        if error.status != 503:
            raise
        ready = False
    pages = {number: server.page(number, QueueFilter(state="answered"), limit=1) for number in known.in_review}
    if as_json:
        in_review = [
            {"round": number, "open": page.open, "checked": page.checked, "wrong": page.wrong}
            for number, page in pages.items()
        ]
        _print({"ready": ready, "rounds": known.rounds, "in_review": in_review})
        return
    click.echo("answers can be stored" if ready else "answers cannot be stored now")
    for each in known.rounds:
        page = pages.get(each.id)
        yours = "" if page is None else f", {counted(page.open, 'face')} to review, {page.checked:,} answered by you"
        click.echo(f"round {each.id}: {each.state}{yours}")


@client.command("next")
@_ROUND
@click.option("--count", type=click.IntRange(1, 200), default=10, show_default=True, help="Faces at most.")
@_AS_JSON
@_with_client
def next_faces(server: Client, number: int | None, count: int, as_json: bool) -> None:
    """The next faces to review, which are then yours for two minutes."""
    page = server.page(number or _in_review(server), limit=count)
    if as_json:
        _print(page)
        return
    names = _class_names(server)
    for face in page.items:
        click.echo(_line(face, names))
    click.echo(f"{counted(page.open, 'face')} to review in all", err=True)


@client.command()
@click.argument("face", type=click.IntRange(1))
@click.argument("action", type=click.Choice(tuple(each for each in ACTIONS if each != "undo")))
@click.option("--label", metavar="CLASS", help="For relabel: name of the class.")
@click.option("--note", metavar="TEXT", help="For note: what it says.")
@click.option("--id", "decision_id", metavar="UUID", help="Of the decision: with the same one again, it counts once.")
@_ROUND
@_AS_JSON
@_with_client
def decide(
    server: Client,
    face: int,
    action: Action,
    label: str | None,
    note: str | None,
    decision_id: str | None,
    number: int | None,
    as_json: bool,
) -> None:
    """Answer or mark FACE, the number that `next` shows; exit code 1 where it is refused."""
    if (action == "relabel") != (label is not None):
        raise UsageError(error_text("--label", repr(label), "the name of a class, for relabel alone"))
    number = number or _in_review(server)
    chosen: int | None = None
    blind = False
    if action in get_args(Answer):
        shown = next(iter(server.tiles(number, [face]).items), None)
        if shown is None:
            raise WorkspaceError(f"found no face {face} in the queue of round {number}; `client next` shows some")
        blind = shown.blind
        chosen = {"accept": shown.proposed, "keep": shown.given}.get(action)
        if action == "accept" and chosen is None:
            raise WorkspaceError(f"face {face} shows no proposal to accept; keep or relabel it")
        if label is not None:
            chosen = _number_of(label, _class_names(server))
    decision = Decision(number, face, action, chosen, text=note, blind=blind)
    if decision_id is not None:
        decision = replace(decision, id=decision_id)
    done = server.decide([decision])
    if as_json:
        _print(done)
    for refusal in done.refused:
        raise WorkspaceError(f"{action} of face {face} was refused ({refusal.code}): {refusal.error}")
    if not as_json:
        click.echo(f"saved {decision.id}: {action} of face {face}")


@client.command()
@click.option("--out", type=click.Path(path_type=Path), help="File to write. [default: the name it has on the server]")
@click.option("--format", "format_", default="csv", show_default=True, help="As `scn export --format`, but no folder.")
@click.option("--pseudonyms", is_flag=True, help="reviewer-1, reviewer-2, ... in place of names.")
@_AS_JSON
@_with_client
def export(server: Client, out: Path | None, format_: str, pseudonyms: bool, as_json: bool) -> None:
    """Export the labels as they are now and fetch the file; for leads."""
    if out is not None:
        check_output("--out", out, force=True)  # before the server works on what cannot be kept
    made = server.make_export(format_, pseudonyms=pseudonyms)
    file = server.export(made.name, out or Path(made.name))
    if as_json:
        _print({**asdict(made), "file": str(file)})
    else:
        click.echo(f"{file}: {made.bytes:,} bytes, {made.revision}")


@client.command()
@click.option("--out", type=click.Path(path_type=Path), help="File to write. [default: the name it has on the server]")
@click.option("--keep", type=click.IntRange(1), help="Then remove all but so many of the newest made by hand, there.")
@click.option("--pictures", is_flag=True, help="With the pictures of all faces.")
@_AS_JSON
@_with_client
def backup(server: Client, out: Path | None, keep: int | None, pictures: bool, as_json: bool) -> None:
    """Back up the workspace while people work, and fetch the file; for leads. It stays on the server too."""
    if out is not None:
        check_output("--out", out, force=True)  # before the server works on what cannot be kept
    made = server.make_backup(pictures=pictures, keep=keep)
    file = server.backup(made.name, out or Path(made.name))
    if as_json:
        _print({**asdict(made), "file": str(file)})
    else:
        click.echo(f"{file}: {made.bytes:,} bytes, {counted(made.decisions, 'decision')}")


@client.command()
@click.option("--round", "number", type=click.IntRange(1), help="Round; otherwise the newest.")
@click.option("--timeout", type=click.FloatRange(0), help="Seconds to wait at most.")
@click.option("--every", type=click.FloatRange(0.1), default=5.0, show_default=True, help="Seconds between two looks.")
@_AS_JSON
@_with_client
def wait(server: Client, number: int | None, timeout: float | None, every: float, as_json: bool) -> None:
    """Wait until a round has ended training; exit code 1 where it failed or was cancelled, 3 where time ran out."""
    try:
        found = server.wait_for_round(number, timeout_s=timeout, every_s=every)
    except ClientError as error:
        if error.code != "timed_out":
            raise
        click.echo(f"error: {error}", err=True)
        sys.exit(TIMED_OUT)
    if as_json:
        _print(found)
    else:
        click.echo(f"round {found.id}: {found.state}")
    if found.state in ("failed", "cancelled"):
        raise WorkspaceError(f"round {found.id}: {found.state}; the page Rounds says why")


def _in_review(server: Client) -> int:
    numbers = server.rounds().in_review
    if not numbers:
        raise WorkspaceError("found no round in review; wait for one with `client wait`, or name one with --round")
    return numbers[0]


def _class_names(server: Client) -> Mapping[int, str]:
    return {each.number: each.name for each in server.classes().classes}


def _number_of(label: str, names: Mapping[int, str]) -> int:
    for number, name in names.items():
        if name.casefold() == label.casefold():
            return number
    raise UsageError(error_text("--label", repr(label), ", ".join(names.values())))


def _line(face: Face, names: Mapping[int, str]) -> str:
    proposed = "audit face" if face.blind else "no proposal"
    if face.proposed is not None:
        proposed = f"proposed {names[face.proposed]}"
    sure = "" if face.suspicion is None else f", suspicion {face.suspicion:.2f}"
    return f"{face.sample:>8}  {face.key}  given {names[face.given]}, {proposed}{sure}"


def _print(answer: Any) -> None:
    click.echo(json.dumps(answer, default=_plain))


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    raise TypeError(type(value))
