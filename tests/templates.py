"""What takes a while to make: folders, made once for all processes that run tests beside each other, and databases."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest
from sqlite_utils import Database

from scn_core.store.connection import create_database, open_database


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


def new_database(path: Path) -> Database:
    """What `create_database` makes, without going through all migrations again, which takes thirty times as long."""
    path.touch(0o600, exist_ok=False)
    path.write_bytes(_empty_database())
    return open_database(path)


@cache
def _empty_database() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "review.db"
        create_database(path).close()
        return path.read_bytes()
