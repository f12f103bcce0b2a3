"""Folders that take a while to make: made once for all processes that run tests beside each other."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def template(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Iterator[Path]:
    """The folder of this name, which `make(folder)` has filled in the first process that asks.

    No other process has it meanwhile: copy what is needed, as one that opens a database changes the folder around it.
    """
    base = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent  # that of the whole run, in which each process has one of its own
    folder, made = base / f"template-{name}", base / f"template-{name}.made"
    with (base / f"template-{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            made.touch()
        yield folder
