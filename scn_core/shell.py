"""Commands as messages print them: a person can paste one into a shell as it stands."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Literal

Program = Literal["scn_core", "review_app"]
_INSTALLED: dict[Program, str] = {"scn_core": "scn", "review_app": "scn-review"}
"""The commands that pip puts beside Python."""


def program_words(program: Program) -> list[str]:
    """`python -m PROGRAM`, or its installed name where this process was started by one of these."""
    by_name = Path(sys.argv[0]).name in _INSTALLED.values()
    return [_INSTALLED[program]] if by_name else ["python", "-m", program]


def install_extra(extra: str, checkout: str) -> str:
    """The command that installs what an extra of the package brings; in a checkout that is a file of requirements."""
    if (Path(__file__).parents[1] / checkout).is_file():
        return f"pip install -r {checkout}"
    return f"pip install {shlex.quote(f'self-cure-labels[{extra}]')}"


def this_command() -> str | None:
    """The command that this process is, with the whole path of its program; None where it is none of ours."""
    started = Path(sys.argv[0])
    if started.name in _INSTALLED.values():
        return shlex.join([str(started.absolute()), *sys.argv[1:]])
    if started.name == "__main__.py" and started.parent.name in _INSTALLED:
        return shlex.join([sys.executable, "-m", started.parent.name, *sys.argv[1:]])
    return None


def command_line(*words: str | Path, program: Program = "scn_core") -> str:
    """`python -m PROGRAM WORDS`, or `scn WORDS` where that was started; words that a shell would take apart are quoted.

    A path that begins with a hyphen gets `./` before it, so that it is not read as an option.
    """
    shown = (f"./{word}" if isinstance(word, Path) and str(word).startswith("-") else str(word) for word in words)
    return shlex.join([*program_words(program), *shown])
