"""Finds a Chromium for the browser tests, or installs one. Never skips: without a browser these tests say nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    # Otherwise two hidden pages of the address bar for every new profile: half of what opening one costs.
    "--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup",
    # Nothing leaves this machine, which has more names than one.
    "--host-resolver-rules=MAP *.localhost 127.0.0.1 , MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)
SHORT_VISITS = "--js-flags=--no-maglev --no-turbofan"
"""For the tests, which leave a page before it pays to optimise its JavaScript; never where speed is measured."""
_NAMES = ("chromium", "chromium-browser", "google-chrome")
_INSTALL_S = 600


def find_chromium() -> str | None:
    """A Chromium's path; None: the one Playwright has installed for itself.

    Asked in this order: the variable CHROMIUM, the path, Debian's package (as root), Playwright's own download.
    Raises RuntimeError saying what to do where there is none and none can be had.
    """
    named = os.environ.get("CHROMIUM")
    if named is not None:
        found = shutil.which(named)
        if found is None:
            raise RuntimeError(f"CHROMIUM={named}: there is no such program; allowed: the path of a Chromium")
        return found
    found = _on_path() or _from_debian()
    if found is None:
        _make_sure_of_playwrights()
    return found


def _on_path() -> str | None:
    return next(filter(None, map(shutil.which, _NAMES)), None)


def _from_debian() -> str | None:
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return None
    _run("apt-get", "update", "-qq")
    _run("apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium")
    return _on_path()


def _make_sure_of_playwrights() -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        if Path(playwright.chromium.executable_path).exists():
            return
    tried = _run(sys.executable, "-m", "playwright", "install", "--with-deps" if os.geteuid() == 0 else "", "chromium")
    if tried is not None:
        raise RuntimeError(
            "the browser tests found no Chromium and could not install one; install the package chromium, or set "
            f"CHROMIUM to the path of one, or mend this: {tried}"
        )


def _run(*command: str) -> str | None:
    """None if it went well, else what it said last."""
    words = [word for word in command if word]
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        ran = subprocess.run(words, env=quiet, capture_output=True, text=True, timeout=_INSTALL_S, check=False)
    except subprocess.TimeoutExpired:
        return f"{' '.join(words)} took more than {_INSTALL_S} s"
    return None if ran.returncode == 0 else f"{' '.join(words)}: {(ran.stderr or ran.stdout).strip()[-500:]}"
