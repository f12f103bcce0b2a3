"""Commands as messages print them: a person can paste one into a shell as it stands."""

from __future__ import annotations

import json
import os
import pwd
import shlex
import shutil
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, distribution, requires
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

Program = Literal["scn_core", "review_app"]
_INSTALLED: dict[Program, str] = {"scn_core": "scn", "review_app": "scn-review"}
"""The commands that pip puts beside Python."""
_FOLDER = "SCN_COMMANDS"
"""Environment variable: the folder of these commands as this process was started from there, for itself, as Streamlit
writes into sys.argv where a link such as `current` leads, and for processes of Python that it starts."""
_LAST_SYSTEM_USER = 999
"""On Linux: accounts of services, such as that of a server, have lower numbers, and nobody signs in with them."""


def program_words(program: Program) -> list[str]:
    """`python -m PROGRAM`, or its installed name where this process was started by one of these, or by a process that
    was; with its whole path where a shell would not find it, and `sudo -u` where it is of the user of a service."""
    folder = _installed_in()
    if folder is None:
        return ["python", "-m", program]
    return _pasted(folder, _INSTALLED[program])


def _pasted(folder: Path, name: str) -> list[str]:
    found = shutil.which(name)
    known = found is not None and Path(found).absolute().parent == folder
    service = sys.platform == "linux" and 0 < os.geteuid() <= _LAST_SYSTEM_USER
    return [*(as_user(os.geteuid()) if service else []), name if known else str(folder / name)]


def user_name(uid: int | None = None) -> str:
    """The name of a user of this machine, by default of the one that this process is; the number where it has none."""
    number = os.geteuid() if uid is None else uid
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def as_user(uid: int) -> list[str]:
    """The words before a command that is to be run as a user."""
    name = user_name(uid)
    return ["sudo", "-u", f"#{uid}" if name == str(uid) else name]


def note_start() -> None:
    """Have this process, where it is an installed command, and those that it starts name the installed commands in the
    words that it was started with; to be called before all else."""
    started = Path(sys.argv[0])
    if started.name in _INSTALLED.values():
        os.environ[_FOLDER] = str(started.absolute().parent)


def _installed_in() -> Path | None:
    if _FOLDER in os.environ:
        return Path(os.environ[_FOLDER])
    started = Path(sys.argv[0])
    return started.absolute().parent if started.name in _INSTALLED.values() else None


def install_extra(extra: str, checkout: str) -> str:
    """The command that installs what an extra of the package brings: a file of requirements in a checkout, else the
    packages by name. This package is on no index, where anybody could take its name."""
    folder = _installed_in()
    pip = ["pip"] if folder is None else _pasted(folder, "pip")
    if (Path(__file__).parents[1] / checkout).is_file():
        return f"{shlex.join(pip)} install -r {checkout}"
    try:
        packages = packages_of_extra(requires("self-cure-labels") or (), extra)
    except PackageNotFoundError:
        packages = []
    if packages:
        return shlex.join([*pip, "install", *packages])
    return f"{shlex.join(pip)} install '.[{extra}]' in the project's folder"


def install_torch() -> str:
    """The command that adds torch as docs/administration.md does, with the versions of requirements.lock; and where the
    smaller pair for CPUs is described."""
    lock, source = "requirements.lock", _installed_from()
    if _installed_in() is None and (Path(__file__).parents[1] / lock).is_file():
        command = f"pip install -c {lock} -r requirements.txt"
    elif source is not None and (source / lock).is_file():
        pip = _pasted(_installed_in() or Path(sys.executable).parent, "pip")
        command = shlex.join([*pip, "install", "-c", str(source / lock), f"{source}[train]"])
    else:
        command = install_extra("train", "requirements.txt")
    about = "docs/administration.md, Installing on a server"
    return f"{command}, after the smaller pair for CPUs where there is no GPU: {about}"


def _installed_from() -> Path | None:
    """The folder that pip installed this package from; None where it cannot be told."""
    try:
        record = distribution("self-cure-labels").read_text("direct_url.json")
    except PackageNotFoundError:
        return None
    address = urlsplit(json.loads(record)["url"]) if record else None
    return Path(unquote(address.path)) if address is not None and address.scheme == "file" else None


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
        return shlex.join([str((_installed_in() or started.absolute().parent) / started.name), *sys.argv[1:]])
    if started.name == "__main__.py" and started.parent.name in _INSTALLED:
        return shlex.join([sys.executable, "-m", started.parent.name, *sys.argv[1:]])
    return None


def command_line(*words: str | Path, program: Program = "scn_core") -> str:
    """`python -m PROGRAM WORDS`, or `scn WORDS` where that was started; words that a shell would take apart are quoted.

    A path that begins with a hyphen gets `./` before it, so that it is not read as an option.
    """
    return shlex.join([*program_words(program), *_shown(words)])


def command_elsewhere(*words: str | Path) -> str:
    """The same for another machine, whose users and folders are not known here."""
    name = ["python", "-m", "scn_core"] if _installed_in() is None else [_INSTALLED["scn_core"]]
    return shlex.join([*name, *_shown(words)])


def _shown(words: Iterable[str | Path]) -> Iterator[str]:
    return (f"./{word}" if isinstance(word, Path) and str(word).startswith("-") else str(word) for word in words)
