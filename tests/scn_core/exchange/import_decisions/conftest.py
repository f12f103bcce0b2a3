"""A fresh workspace's database for every test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlite_utils import Database

from tests.scn_core.exchange.export.labelled import begin, toy_manifest
from tests.templates import new_database


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    """Faces 1 to 8, happy and sad in turn, in review; 9 is for validation, 10 for testing."""
    opened = new_database(tmp_path / "review.db")
    begin(opened, toy_manifest(tmp_path))
    yield opened
    opened.close()
