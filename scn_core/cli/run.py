"""What the command lines of both packages share: errors as one line on standard error, and the exit codes.

0 done, 1 the work failed, 2 wrong use.
"""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path
from typing import NoReturn

import click

from scn_core.errors import ScnError, UsageError, error_text
from scn_core.permissions import in_our_words
from scn_core.shell import Program, install_torch, note_start, program_words

_TRAINING = ("torch", "torchvision")


def run(commands: click.Group, program: Program) -> None:
    """Runs the command that the arguments of this process name. Exits with 1 or 2 where it fails."""
    note_start()
    try:
        words = program_words(program)
        name = " ".join(words) if "-m" in words else Path(words[-1]).name
        commands.main(prog_name=name, standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (KeyboardInterrupt, click.Abort):  # before RuntimeError, which Abort is
        click.echo("stopped", err=True)
        sys.exit(1)
    except UsageError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(2)
    except ModuleNotFoundError as error:
        if error.name not in _TRAINING:
            raise
        _fail(
            error_text(
                "",
                f"no {error.name}, as in an installation for reviewing alone",
                "an installation with torch",
                install_torch(),
            )
        )
    except RuntimeError as error:
        if "operator torchvision::" not in str(error):
            raise
        _fail(
            error_text(
                "",
                " and ".join(f"{name} {version(name)}" for name in _TRAINING),
                "a pair made for each other",
                "install both from one index",
            )
        )
    except ScnError as error:
        _fail(error)
    except OSError as error:  # a full disk, a folder one may not write to
        _fail(in_our_words(error))


def _fail(error: object) -> NoReturn:
    click.echo(f"error: {error}", err=True)
    sys.exit(1)
