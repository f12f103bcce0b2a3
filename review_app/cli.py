"""`python -m review_app ...`: serve workspaces; keep their accounts, access tokens and webhooks; ask a server."""

from __future__ import annotations

import logging
import socket
import sys
from pathlib import Path
from typing import TypedDict

import click

import scn_core.without_pandas  # noqa: F401  # before what imports sqlite_utils

# isort: split
from review_app.auth.accounts import FOLDER, open_folder, person
from review_app.auth.token_command import token
from review_app.client.command import client
from review_app.hooks.command import hooks
from review_app.http.log import LOG_FORMATS, LogFormat, say
from review_app.settings import AUTH_MODES, BASE_PATH_VARIABLE, WORKSPACE_VARIABLE, AuthMode
from scn_core import __version__
from scn_core.cli.run import run
from scn_core.errors import ScnError, UsageError
from scn_core.workspace.folder import workspaces_in


class _Options(TypedDict):
    host: str
    port: int
    auth: AuthMode
    allow_hosts: tuple[str, ...]
    base_path: str
    trusted_proxies: tuple[str, ...]


def main() -> None:
    """Entry point; turns this project's errors into a message and an exit code."""
    run(cli, "review_app")


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(__version__)
def cli() -> None:
    """Review doubtful face labels in a browser. WS is the folder of a workspace."""


@cli.command()
@click.argument("workspace", metavar="WS", envvar=WORKSPACE_VARIABLE, type=FOLDER, callback=open_folder)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option("--port", type=click.IntRange(0, 65535), default=8501, show_default=True, help="0: any free one.")
@click.option("--auth", type=click.Choice(AUTH_MODES), default="none", show_default=True, help="How people sign in.")
@click.option("--allow-host", "allow_hosts", multiple=True, metavar="NAME", help="A further host name to answer to.")
@click.option(
    "--base-path",
    default="",
    envvar=BASE_PATH_VARIABLE,
    metavar="PATH",
    help="Where a proxy shows the pages, such as /review.",
)
@click.option(
    "--trusted-proxy",
    "trusted_proxies",
    multiple=True,
    metavar="ADDRESS",
    help="Address or network of a proxy whose X-Forwarded headers are believed.",
)
@click.option(
    "--log-format", type=click.Choice(LOG_FORMATS), default="text", show_default=True, help="json: for programs."
)
@click.option("--open", "open_browser", is_flag=True, help="Open the page in a browser.")
@click.option("--behind-hub", type=int, hidden=True, help="The hub's socket for this workspace.")
def serve(
    workspace: Path,
    host: str,
    port: int,
    auth: AuthMode,
    allow_hosts: tuple[str, ...],
    base_path: str,
    trusted_proxies: tuple[str, ...],
    log_format: LogFormat,
    open_browser: bool,
    behind_hub: int | None,
) -> None:
    """Serve the review pages until Ctrl-C. WS may also be a folder that holds several workspaces."""
    from review_app.server import log_as, prepare, serve_until_stopped  # imports Streamlit, which takes a second

    log_as(log_format)
    options = _Options(
        host=host, port=port, auth=auth, allow_hosts=allow_hosts, base_path=base_path, trusted_proxies=trusted_proxies
    )
    try:
        if workspaces_in(workspace):
            from review_app.hub.serve import hub_settings, serve_hub

            serve_hub(hub_settings(workspace, **options), open_browser=open_browser)
        else:
            listener = None if behind_hub is None else socket.socket(fileno=behind_hub)
            settings = prepare(workspace, **options, behind_hub=listener is not None)
            serve_until_stopped(settings, open_browser=open_browser, listener=listener)
    except ScnError as error:
        if log_format == "text":
            raise
        say("refused", str(error), level=logging.ERROR)
        sys.exit(2 if isinstance(error, UsageError) else 1)


cli.add_command(person)
cli.add_command(token)
cli.add_command(hooks)
cli.add_command(client)
