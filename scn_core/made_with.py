"""With what a round or an export was made: versions, and the commit of this program where it can be told."""

from __future__ import annotations

import json
import platform
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path

_PACKAGE = Path(__file__).parent
_DISTRIBUTION = "self-cure-labels"
_GIT_S = 5


@cache
def versions() -> dict[str, str | None]:
    """Of Python, numpy and Pillow, which decodes pictures; `commit` of this program, 40 hexadecimal digits, with -dirty
    where files were changed since, or None where neither git nor the installation says it."""
    return {
        "commit": commit_of_checkout(_PACKAGE) or _commit_of_installation(),
        "python": platform.python_version(),
        "numpy": version("numpy"),
        "pillow": version("pillow"),
    }


def commit_of_checkout(package: Path) -> str | None:
    """The commit that a package is of, with -dirty where files were changed since; None where the package is no part of
    the checkout that it lies in, as an environment may lie in one of another project, or there is no git."""
    if _git(package, "ls-files", "--error-unmatch", "__init__.py") is None:
        return None
    return _git(package, "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*")


def _commit_of_installation() -> str | None:
    """As pip keeps it where it installed from a repository."""
    try:
        told = json.loads(distribution(_DISTRIBUTION).read_text("direct_url.json") or "{}")
        return str(told["vcs_info"]["commit_id"])
    except (PackageNotFoundError, OSError, ValueError, KeyError, TypeError):
        return None


def _git(folder: Path, *words: str) -> str | None:
    """What git says in a folder, or None where it is not there or fails."""
    try:
        done = subprocess.run(  # noqa: S603 (words of ours alone)
            ["git", "-C", str(folder), *words],  # noqa: S607 (whichever git there is)
            capture_output=True, text=True, timeout=_GIT_S, check=True, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return None
    return done.stdout.strip() or None
