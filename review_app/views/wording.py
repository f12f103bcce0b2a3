"""Messages of the layers below, which speak of options of the command line, in the words of the pages."""

from __future__ import annotations

import re

from scn_core.exchange.export.formats import FORMATS

_INSTEAD = (
    (r"--format ([a-z-]+)", lambda found: f"format {FORMATS[found[1]].title if found[1] in FORMATS else found[1]}"),
    (r"--out: found the folder", lambda found: "found the folder"),
    (r"allowed: a new name, as it is never replaced", lambda found: "it is not replaced: move it away, then try again"),
    (r"[;,] (?:or )?(?:name (?:another|it)|say which) with --[a-z]+-column(?: and --[a-z]+-column)?", lambda found: ""),
    (r",? or one for the whole file \(--person\)", lambda found: ""),
    (r" ?\(--adjudicate\)", lambda found: ""),
    (r"--annotator", lambda found: "Of Label Studio: whose its accounts are"),
    (r"--image-prefix", lambda found: "Address before a picture's path"),
    (r"--([a-z][a-z-]+)", lambda found: found[1].replace("-", " ")),
)  # fmt: skip
"""Tried in this order; the last one leaves the name of an option, which is what the form of a round calls its field."""
_COMMAND = re.compile(r"(python -m [^;\n]*)")


def in_words_of_pages(text: str) -> str:
    """The message with fields in place of options; commands to be pasted into a terminal stay as they are."""
    pieces = _COMMAND.split(text)
    for place in range(0, len(pieces), 2):
        for pattern, instead in _INSTEAD:
            pieces[place] = re.sub(pattern, instead, pieces[place])
    worded = "".join(pieces)
    return worded[:1].upper() + worded[1:] if text.startswith("--") else worded
