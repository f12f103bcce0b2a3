"""Paths as lists write them, and the one form they have here: relative to the root, as in 'a/b.jpg'."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from urllib.parse import unquote

_PLAIN = re.compile(r"(?![/ ])[ -$&-\[\]-~]+(?<! )")
"""ASCII without '%' and backslash, not absolute, no blank at either end: such a path is written in one way only."""
_CONTROL = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Unicode categories no path may have a character of: controls, halves of surrogate pairs (bytes that are not UTF-8),
and what ends lines."""


def relative_path(text: str) -> str | None:
    """A path as a list writes it, in its one normal form 'a/b.jpg'; None where it names nothing under the root.

    Absolute paths (of any system), '..' and control characters are refused; './' and '//' are tidied away.
    """
    path = PurePosixPath(text)
    windows = PureWindowsPath(path.as_posix())  # of the normal form: './C:/a.jpg' must not become 'C:/a.jpg'
    if windows.drive or windows.root or ".." in windows.parts or not path.name or control_character(text):
        return None
    return path.as_posix()


def control_character(text: str) -> str | None:
    """The first character that no path may have, such as 'U+0007'; None where there is none."""
    if text.isprintable():
        return None
    return next((f"U+{ord(letter):04X}" for letter in text if unicodedata.category(letter) in _CONTROL), None)


def path_forms(text: str, root: Path | None = None) -> Iterator[str]:
    """The normal forms of every path that `text` may stand for, likeliest first, each once.

    As it is written; without blanks around; as Label Studio (`/data/local-files/?d=`) or a file: address has it;
    percent-decoded; with '/' for backslashes; below `root` where it is absolute or begins with its name; in either
    Unicode normal form.
    """
    if _PLAIN.fullmatch(text) and "?d=" not in text and not text.startswith("file:"):
        forms = [text]
    else:
        forms = [text]
        for change in (str.strip, _without_address, unquote, _slashes, _below(root), _nfc, _nfd):
            forms += [changed for form in forms if (changed := change(form)) != form]
    seen: set[str] = set()
    for form in forms:
        path = relative_path(form)
        if path is not None and path not in seen:
            seen.add(path)
            yield path


def find_path(text: str, exists: Callable[[str], bool], root: Path | None = None) -> str | None:
    """The form of a path as written for which `exists` holds, or else its first form; None where it has none.

    Where there is but one form, `exists` is not asked.
    """
    forms = list(path_forms(text, root))
    if len(forms) < 2:
        return forms[0] if forms else None
    return next(filter(exists, forms), forms[0])


def leads_out(root: Path, relative: str) -> bool:
    """Whether links on the way take a path out of `root` (which must be resolved)."""
    try:
        return not (root / relative).resolve().is_relative_to(root)
    except (OSError, RuntimeError):  # a link that leads to itself, and so nowhere
        return False


def _without_address(text: str) -> str:
    head, found, rest = text.partition("?d=")
    if found and head.endswith("local-files/"):
        return rest
    return text.removeprefix("file://") if text.startswith("file:///") else text


def _slashes(text: str) -> str:
    return text.replace("\\", "/")


def _below(root: Path | None) -> Callable[[str], str]:
    if root is None:
        return lambda text: text
    heads = [f"{folder.as_posix()}/" for folder in (root, root.absolute(), root.resolve()) if folder.is_absolute()]
    heads.append(f"{root.absolute().name}/")  # as Label Studio finds local files: from the folder around the root

    def below(text: str) -> str:
        head = next((head for head in heads if text.startswith(head)), "")
        return text[len(head) :]

    return below


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _nfd(text: str) -> str:
    return unicodedata.normalize("NFD", text)
