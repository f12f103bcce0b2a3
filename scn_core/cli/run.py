"""What the command lines of both packages share: errors as one line on standard error, and the exit codes.

0 done, 1 the work failed, 2 wrong use.
"""

from __future__ import annotations

import sys

import click

from scn_core.disk import named
from scn_core.errors import ScnError, UsageError


def run(commands: click.Group, program: str) -> None:
    """Runs the command that the arguments of this process name. Exits with 1 or 2 where it fails."""
    try:
        commands.main(prog_name=program, standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except UsageError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(2)
    except (KeyboardInterrupt, click.Abort):
        click.echo("stopped", err=True)
        sys.exit(1)
    except ScnError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(1)
    except OSError as error:  # a full disk, a folder one may not write to
        click.echo(f"error: {named(error)}", err=True)
        sys.exit(1)
