"""Commands as messages print them: a person can paste one into a shell as it stands."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Literal


def command_line(*words: str | Path, program: Literal["scn_core", "review_app"] = "scn_core") -> str:
    """`python -m PROGRAM WORDS`, with every word quoted that a shell would take apart.

    A path that begins with a hyphen gets `./` before it, so that it is not read as an option.
    """
    shown = (f"./{word}" if isinstance(word, Path) and str(word).startswith("-") else str(word) for word in words)
    return shlex.join(["python", "-m", program, *shown])
