"""What is killed at any instant loses nothing. A few instants in every run of the tests; `make faults` tries many."""

from __future__ import annotations

import os
import random

import pytest

from tests.scn_core.conftest import _drawn, _trained, reviewed, run, workspace
from tests.scn_core.rounds.pack.conftest import trip

__all__ = ["_drawn", "_trained", "reviewed", "run", "trip", "workspace"]

KILLS = int(os.environ.get("KILLS", "2"))
"""How often each thing is killed, spread over the time that its work takes."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """`instant`: a share of the work, 0..1; the same ones in every run."""
    if "instant" in metafunc.fixturenames:
        instants = [(kill + random.Random(kill).random()) / KILLS for kill in range(KILLS)]
        metafunc.parametrize("instant", instants, ids=[f"{instant:.3f}" for instant in instants])


@pytest.fixture
def kills() -> int:
    return KILLS
