"""Commands as messages print them: a person can paste one into a shell as it stands."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, requires
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
    """The command that installs what an extra of the package brings: a file of requirements in a checkout, else the
    packages by name. This package is on no index, where anybody could take its name."""
    if (Path(__file__).parents[1] / checkout).is_file():
        return f"pip install -r {checkout}"
    try:
        packages = packages_of_extra(requires("self-cure-labels") or (), extra)
    except PackageNotFoundError:
        packages = []
    return (
        shlex.join(["pip", "install", *packages]) if packages else f"pip install '.[{extra}]' in the project's folder"
    )


def packages_of_extra(requirements: Iterable[str], extra: str) -> list[str]:
    """What an extra brings beside what is always installed, of requirements as the metadata of a package has them."""
    parts = [[part.strip() for part in each.partition(";")] for each in requirements]
    always = {package for package, _, marker in parts if not marker}
    return [package for package, _, marker in parts
            if package not in always and marker.replace("'", '"') == f'extra == "{extra}"']  # fmt: skip


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
