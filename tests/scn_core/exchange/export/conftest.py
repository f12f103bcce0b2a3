"""A fresh database for every test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlite_utils import Database

from scn_core.records import Manifest
from tests.scn_core.exchange.export.labelled import toy_manifest
from tests.templates import new_database


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    return toy_manifest(tmp_path)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    opened = new_database(tmp_path / "review.db")
    yield opened
    opened.close()
