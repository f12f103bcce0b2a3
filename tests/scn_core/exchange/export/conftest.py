"""A fresh database for every test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlite_utils import Database

from scn_core.records import Manifest
from scn_core.store.connection import create_database
from tests.scn_core.exchange.export.labelled import toy_manifest


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    return toy_manifest(tmp_path)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    opened = create_database(tmp_path / "review.db")
    yield opened
    opened.close()
