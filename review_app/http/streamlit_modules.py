"""Which of Streamlit's modules a page of ours asks for late, so that the browser fetches them with the first ones."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

_IMPORTED = re.compile(r"""(?:from|import)\s*["']\./([\w.-]+\.js)["']""")
_OF_FIRST_PAGE = re.compile(r"static/js/([\w.-]+\.js)")


@lru_cache(maxsize=8)
def late_modules(static: Path, elements: Sequence[str]) -> tuple[str, ...]:
    """Paths of the modules that draw these elements, such as `Selectbox`, and of all that they import, but for those
    that Streamlit's first page names itself. `static`: its folder of files. What its version does not have is left out.
    """
    try:
        first = set(_OF_FIRST_PAGE.findall((static / "index.html").read_text(encoding="utf-8")))
    except OSError:
        return ()
    waiting = [path for name in elements for path in (static / "static" / "js").glob(f"{name}.*.js")]
    found: dict[str, None] = {}
    while waiting:
        here = waiting.pop()
        if here.name not in found and here.name not in first and here.is_file():
            found[here.name] = None
            waiting += [here.with_name(name) for name in _IMPORTED.findall(here.read_text(encoding="utf-8"))]
    return tuple(f"/static/js/{name}" for name in found)
