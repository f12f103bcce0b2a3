"""The power fails: what was called saved is on the disk, and the database is whole. Seeds: the number of each cut."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from review_app import database, settings
from review_app.settings import AppSettings
from scn_core.exchange.import_decisions.import_plan import pieces, plan_import, take_import, take_piece
from scn_core.store.people.people import ensure_person
from scn_core.store.projections import check
from scn_core.workspace.folder import Workspace
from tests.faults.disk import Disk, watched_disk
from tests.review_app.visitor import Visitor, keep
from tests.review_workspace import add_round

APART = 1_500
"""Changes of files between two cuts, at most: some 30 answers. Now and then SQLite empties its log."""
IMPORT_CHANGES = 1_200
"""Twice as many as an import makes, about."""


class Cuts:
    """Copies of the disk at chosen changes of its files, each with what had been acknowledged by then."""

    def __init__(self, disk: Disk, folder: Path, count: int, apart: int) -> None:
        self.acknowledged: list[str] = []
        self.made: list[tuple[Workspace, list[str]]] = []
        self._disk, self._folder, self._count = disk, folder, count
        self._apart, self._next = apart, 0
        self._choose()
        disk.on_event = self._look

    @property
    def done(self) -> bool:
        return len(self.made) == self._count

    def _choose(self) -> None:
        self._next = self._disk.events + random.Random(len(self.made)).randint(1, self._apart)

    def _look(self) -> None:
        if self._disk.events == self._next and not self.done:
            copy = self._folder / str(len(self.made))
            self._disk.cut(copy, random.Random(len(self.made)))
            self.made.append((Workspace(copy), list(self.acknowledged)))
            self._choose()


@pytest.fixture
def in_review(workspace: Workspace) -> Workspace:
    add_round(workspace, proposals=40, low=10, audit=6)
    with workspace.database() as db:
        ensure_person(db, "ann")
    return workspace


@pytest.fixture
def disk(in_review: Workspace) -> Iterator[Disk]:
    with watched_disk(in_review.path) as watched:
        yield watched
        database.close()


def recorded(workspace: Workspace) -> list[str]:
    """The decisions in the log, oldest first, of a database that is found to be whole."""
    with workspace.database() as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert check(db) == []
        return [number for (number,) in db.execute("SELECT id FROM decision ORDER BY seq")]


def test_saved_answers_are_there_after_a_power_cut(
    in_review: Workspace, disk: Disk, tmp_path: Path, kills: int
) -> None:
    cuts = Cuts(disk, tmp_path / "cuts", kills + 2, APART)
    served = AppSettings(in_review, b"a secret of thirty-two bytes, no")
    settings.use(served)
    ann = Visitor(served).sign_in("ann")
    tiles = ann.page(limit=30).tiles
    while not cuts.done:
        for tile in tiles:
            cuts.acknowledged += ann.decide(keep(tile, action="unsure", label=None)).json()["saved"]
    for workspace, acknowledged in cuts.made:
        found = recorded(workspace)
        assert found[: len(acknowledged)] == acknowledged
        assert len(found) <= len(acknowledged) + 1
    assert cuts.made[-1][1]
    print(f"{len(cuts.made)} power cuts, {len(cuts.made[-1][1]):,} acknowledged answers at the last")


def test_an_interrupted_import_goes_on_where_it_was(
    in_review: Workspace, disk: Disk, tmp_path: Path, kills: int
) -> None:
    file = tmp_path / "decisions.csv"
    with in_review.database() as db, file.open("w", newline="") as opened:
        rows = csv.writer(opened)
        rows.writerow(["key", "action", "person", "note"])
        keys = [key for (key,) in db.execute("SELECT key FROM sample WHERE split = 'train'")]
        rows.writerows([key, "unsure", person, "why"] for person in ("ann", "bob", "cho") for key in keys)
    cuts = Cuts(disk, tmp_path / "cuts", kills, IMPORT_CHANGES // kills)
    with in_review.database() as db:
        for piece in pieces(plan_import(db, file)):
            take_piece(db, piece)
            cuts.acknowledged += [decision.id for decision in piece.decisions]
    complete = recorded(in_review)
    assert len(complete) == 6 * len(keys)
    for workspace, acknowledged in cuts.made:
        found = recorded(workspace)
        assert found == complete[: len(found)]
        assert len(found) >= len(acknowledged)
        with workspace.database() as db:
            take_import(db, plan_import(db, file))
        assert recorded(workspace) == complete
    assert cuts.made
    print(f"{len(cuts.made)} power cuts in an import of {len(complete):,} decisions")
