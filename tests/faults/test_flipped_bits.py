"""Single bits of review.db flip, as on a failing disk: what is exported is right, or there is a clear error.

Seeds: the number of each flip, 1,000,000 more for the commands.
"""

from __future__ import annotations

import random
import shutil
import uuid
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlite_utils import Database

from review_app.cli import cli as review_commands
from scn_core.cli.main import cli as commands_of_core
from scn_core.config import ReviewSettings
from scn_core.errors import WorkspaceError
from scn_core.exchange.export.write import ExportOptions, export_labels
from scn_core.records import Decision, Manifest
from scn_core.store.current_labels import LabelFilter
from scn_core.store.decisions.record import record_decisions
from scn_core.store.people.people import ensure_person
from scn_core.store.queue.withdraw import withdraw_faces
from scn_core.store.rounds.faces import queued_samples
from scn_core.store.samples import AllSamples, classes
from scn_core.store.updates import take_reading
from scn_core.workspace.folder import Workspace
from tests.review_workspace import add_round

WAYS_ON = ("core restore BACKUP", "--repair", "not of a workspace; name", "install the newer version", "it lacks m0")
READING = (
    "status", "proposals", "quality", "evaluate", "round list", "person list", "export --preview", "clean --dry-run",
    "check", "check --repair",
)  # fmt: skip
_PAGE = 4_096
EVERYTHING = ExportOptions(where=LabelFilter(excluded=True))


def decision(db: Database, round_id: int, sample: int, person: str, action: Any, **more: Any) -> Decision:
    row = db.execute(
        "SELECT start_label, proposed_label FROM score WHERE round_id = ? AND sample_id = ?", (round_id, sample)
    ).fetchone()
    label = {"keep": row[0], "accept": row[1], "relabel": (row[0] + 3) % 7}.get(action)
    return Decision(str(uuid.uuid4()), round_id, sample, person, action, label, **more)


@pytest.fixture(scope="module")
def reviewed_database(_drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with two rounds, answers of three people, undos, adjudications, changed labels, a face taken out."""
    path = tmp_path_factory.mktemp("flips") / "ws"
    workspace = Workspace(shutil.copytree(_drawn, path, ignore=shutil.ignore_patterns("images", "pixels")))
    with workspace.database() as db:
        for name in ("ann", "bob"):
            ensure_person(db, name)
        ensure_person(db, "lea", "lead")
    for round_id, readings in ((1, 1), (2, 2)):
        add_round(workspace, proposals=30, low=10, audit=4, review=ReviewSettings(readings=readings))
        with workspace.database() as db:
            answer(db, round_id)
    with workspace.database() as db:
        samples = [replace(each, given_label=(each.given_label + (place % 9 == 0)) % 7)
                   for place, each in enumerate(AllSamples(db))]  # fmt: skip
        take_reading(db, Manifest("demo", Path(workspace.settings().root), classes(db), tuple(samples[1:])))
        withdraw_faces(db, [samples[5].key])
    return path


def answer(db: Database, round_id: int) -> None:
    chance = random.Random(round_id)
    for sample in queued_samples(db, round_id).tolist():
        said = []
        for person in ("ann", "bob"):
            action = chance.choice(["keep", "relabel", "unsure", "exclude", "keep"])
            said.append(decision(db, round_id, sample, person, action))
        if chance.random() < 0.2:
            said.append(decision(db, round_id, sample, "bob", "undo", undoes=said[-1].id))
        if chance.random() < 0.2:
            said.append(decision(db, round_id, sample, "lea", "keep", adjudicates=True))
        record_decisions(db, said)


class Flips:
    """A workspace whose database is a copy with one bit flipped."""

    def __init__(self, source: Path, folder: Path) -> None:
        self.workspace = Workspace(folder / "ws")
        self.workspace.path.mkdir(parents=True)
        shutil.copy(source / "workspace.toml", self.workspace.settings_file)
        self.sound = (source / "review.db").read_bytes()
        pages = range(0, len(self.sound), _PAGE)
        self.schema = [page for page in pages if b"CREATE " in self.sound[page : page + _PAGE]]
        self.out = folder / "labels.csv"

    def flip(self, seed: int) -> str:
        """Flips a bit; where. Each third time in a page of the schema, which every command reads."""
        chance = random.Random(seed)
        place = chance.randrange(len(self.sound))
        if seed % 3 == 0:
            place = chance.choice(self.schema) + place % _PAGE
        bit = chance.randrange(8)
        self.write(place, self.sound[place] ^ (1 << bit))
        return f"byte {place}, bit {bit}"

    def write(self, place: int, byte: int) -> None:
        content = bytearray(self.sound)
        content[place] = byte
        for suffix in ("-wal", "-shm"):
            Path(f"{self.workspace.database_file}{suffix}").unlink(missing_ok=True)
        self.workspace.database_file.write_bytes(content)

    def export(self) -> bytes | None:
        """The file; None: there was a clear error, and no file."""
        self.out.unlink(missing_ok=True)
        try:
            with self.workspace.database(read_only=True) as db:
                export_labels(db, self.out, EVERYTHING)
        except WorkspaceError as error:
            refusal = str(error)
        else:
            return self.out.read_bytes()
        assert any(words in refusal for words in WAYS_ON), refusal
        assert not self.out.exists()
        return None


@pytest.fixture
def flips(reviewed_database: Path, tmp_path: Path) -> Flips:
    return Flips(reviewed_database, tmp_path)


def test_an_export_is_right_or_refused(flips: Flips, kills: int) -> None:
    flips.write(0, flips.sound[0])
    right = flips.export()
    assert right is not None
    ended: Counter[str] = Counter()
    wrong = []
    for seed in range(50 * kills):
        where = flips.flip(seed)
        made = flips.export()
        ended["refused" if made is None else "right" if made == right else "wrong"] += 1
        if made not in (None, right):
            wrong.append(f"seed {seed}: {where}")
    print(dict(ended))
    assert not wrong
    assert ended["refused"], "no flip hit what labels follow from"


def test_no_command_ends_in_a_traceback(flips: Flips, tmp_path: Path, kills: int) -> None:
    """What reads a damaged database says what it can, or that it is damaged and how to go on."""
    answers = tmp_path / "answers.csv"
    answers.write_text("key,action,person\nfaces/0001.png,unsure,ann\n", encoding="utf-8")
    commands = [[*words.split(), str(flips.workspace.path)] for words in READING]
    commands += [["export", str(flips.workspace.path), "--out", str(tmp_path / f"labels-{form}"), "--format", form]
                 for form in ("jsonl", "npz")]  # fmt: skip
    commands.append(["import-decisions", "--dry-run", str(flips.workspace.path), str(answers)])
    ended: Counter[str] = Counter()
    for seed in range(4 * kills):
        where = flips.flip(1_000_000 + seed)
        for command in commands:
            try:
                CliRunner().invoke(
                    review_commands if command[0] == "person" else commands_of_core,
                    command, catch_exceptions=False, standalone_mode=False,
                )  # fmt: skip
                ended["well"] += 1
            except WorkspaceError:
                ended["refused"] += 1
            except Exception as error:
                raise AssertionError(f"seed {seed}, {where}: {command[0]} ended in {error!r}") from error
    print(dict(ended))
