"""A workspace whose round waits with very many proposals, and how long the store's pages of it take."""

from __future__ import annotations

import random
import shutil
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from sqlite_utils import Database

from scn_core.picture_records import PictureMeasures
from scn_core.records import Decision, QueueFilter
from scn_core.store.connection import transaction
from scn_core.store.decisions.record import record_decisions
from scn_core.store.people.people import ensure_person
from scn_core.store.pictures import insert_measures
from scn_core.store.queue.browse import page_items
from scn_core.store.queue.counts import queue_counts
from scn_core.store.queue.leases import claim_items, release_leases
from scn_core.store.scores import ProposalRow, page_proposals
from scn_core.workspace.folder import Workspace
from tests.review_workspace import add_round, draw_workspace, repeat_faces, repeat_thumbnails

PICTURES = 420
"""Drawn; the faces of the big workspace repeat those for training."""
ANSWERED_SHARE, ANSWERERS = 0.02, 10
ROUND = 1
PAGE = 60
_CHUNK = 500


def build(folder: Path, faces: int) -> tuple[Workspace, dict[str, float]]:
    """A workspace with `faces` proposals in review, some answered, and the seconds each step took; once for all."""
    workspace = Workspace(folder / f"faces-{faces}")
    if workspace.settings_file.exists():
        return workspace, {}
    drawn = Workspace(folder / "drawn")
    if not drawn.settings_file.exists():
        draw_workspace(drawn.path, faces=PICTURES)
    unfinished = folder / f"faces-{faces}.part"
    shutil.rmtree(unfinished, ignore_errors=True)
    seconds = {
        "manifest_s": _timed(lambda: repeat_faces(drawn, unfinished, faces)),
        "pictures_s": _timed(lambda: look_at_pictures(Workspace(unfinished), faces)),
        "round_s": _timed(lambda: add_round(Workspace(unfinished), proposals=faces, low=0, audit=faces // 1000)),
        "answers_s": _timed(lambda: _answer_some(Workspace(unfinished), round(faces * ANSWERED_SHARE))),
        "thumbnails_s": _timed(lambda: repeat_thumbnails(drawn, Workspace(unfinished))),
    }
    unfinished.rename(workspace.path)
    return workspace, seconds


def query_times(workspace: Workspace, repeat: int) -> dict[str, list[float]]:
    """Milliseconds of the store's calls behind a page, `repeat` times each: what was asked -> times."""
    with workspace.database() as db:
        person = ensure_person(db, "benchmark").id
        found = {f"claim {name}": _claims(db, person, where, repeat) for name, where in _filters().items()}
        for name, where in _filters().items():
            for state in ("all", "answered"):
                asked = replace(where, state=state)
                found[f"page {state}, {name}"] = _pages(db, person, asked, repeat)
            found[f"counts {name}"] = [
                _timed(lambda: queue_counts(db, ROUND, person, where)) * 1000  # noqa: B023
                for _ in range(max(5, repeat // 10))
            ]
        release_leases(db, person)
    return found


def look_at_pictures(workspace: Workspace, faces: int) -> None:
    """What a look at the pictures would have told: one face in twenty is a copy of the one before, another is dark."""

    def measured(face: int) -> PictureMeasures:
        pixels = face - (face % 20 == 1)
        dark = face % 20 == 10
        return PictureMeasures(
            pixels.to_bytes(8, "little"), bytes(32), 100, 100, 0.3 if dark else 0.9, 0.1, 1.0, 7.0, 0.2
        )

    with workspace.database() as db, transaction(db):
        insert_measures(db, ((face, measured(face).pack()) for face in range(1, faces + 1)))


def _filters() -> dict[str, QueueFilter]:
    plain = QueueFilter()
    return {
        "by suspicion": plain,
        "by alpha": replace(plain, order="alpha"),
        "by margin": replace(plain, order="margin"),
        "newest": replace(plain, order="newest"),
        "grouped": replace(plain, grouped=True),
        "one pair": replace(plain, given=2, proposed=4),
        "one class": replace(plain, label=3),
        "alpha 0.20-0.30": replace(plain, alpha_from=0.2, alpha_to=0.3),
        "one pair, alpha 0.20-0.30, by margin": replace(
            plain, given=2, proposed=4, alpha_from=0.2, alpha_to=0.3, order="margin"
        ),
        "mislabelled": replace(plain, doubt="mislabelled"),
        "dark": replace(plain, picture="dark"),
        "ambiguous, by margin": replace(plain, doubt="ambiguous", order="margin"),
    }


def _claims(db: Database, person: int, where: QueueFilter, repeat: int) -> list[float]:
    """Pages of a person who reads on: the page on screen is kept while the next one is leased."""
    times: list[float] = []
    have: list[int] = []
    for _ in range(repeat):
        begun = time.perf_counter()
        claim = claim_items(db, ROUND, person, where, limit=PAGE, have=have)
        times.append((time.perf_counter() - begun) * 1000)
        assert claim.items, f"nothing to claim under {where}"
        release_leases(db, person, have)
        have = [item.id for item in claim.items]
    release_leases(db, person)
    return times


def _pages(db: Database, person: int, where: QueueFilter, repeat: int) -> list[float]:
    times: list[float] = []
    cursor: str | None = None
    for _ in range(repeat):
        begun = time.perf_counter()
        _, cursor = page_items(db, ROUND, person, where, after=cursor, limit=PAGE)
        times.append((time.perf_counter() - begun) * 1000)
    return times


def _answer_some(workspace: Workspace, count: int) -> None:
    """The most suspicious ones, as people would have."""
    chance = random.Random(0)
    with workspace.database() as db:
        names = [ensure_person(db, f"earlier {i}").name for i in range(ANSWERERS)]
        cursor = None
        for _ in range(0, count, _CHUNK):
            rows, cursor = page_proposals(db, ROUND, after=cursor, limit=_CHUNK)
            record_decisions(db, [_answer(row, chance.choice(names), chance) for row in rows])


def _answer(row: ProposalRow, person: str, chance: random.Random) -> Decision:
    accept = chance.random() < 0.7
    label = row.proposed_label if accept else row.given_label
    number = str(uuid.UUID(int=chance.getrandbits(128), version=4))
    return Decision(number, ROUND, row.sample_id, person, "accept" if accept else "keep", label, milliseconds=900)


def _timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun
