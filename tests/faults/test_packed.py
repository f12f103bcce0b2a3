"""Files of a round that is trained on another machine: damaged ones, and a power cut while a result is unpacked."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scn_core.rounds.inputs import wanted_faces
from scn_core.rounds.pack import unpack_result
from scn_core.rounds.pack.archive import read_stamp, unpack_archive, write_archive
from scn_core.rounds.pack.job import KIND as JOB
from scn_core.rounds.pack.job import LIMITS, SAMPLES, open_job, read_samples
from scn_core.rounds.pack.result import KIND as RESULT
from scn_core.rounds.pack.result import MEMBERS, WHERE_KEPT, open_result
from scn_core.store.rounds.states import rounds
from scn_core.workspace.folder import Workspace
from tests.faults.file_disk import cut_while
from tests.faults.mutations import INPUTS, Inputs, any_bytes, json_values, tried
from tests.scn_core.rounds.pack.conftest import Trip


class Rewritten(Inputs):
    """Archives with one damaged member and the right hashes: what damage never makes, but a mistake could."""

    def __init__(self, name: str, archive: Path, kind: str, members: list[str], folder: Path) -> None:
        super().__init__(name, [archive.read_bytes()])
        self.folder, self.kind, self.sound = folder, kind, folder / "sound"
        self.sound.mkdir()
        self.stamp = read_stamp(archive, kind)
        unpack_archive(archive, kind, dict.fromkeys(members, 1 << 30), self.sound)
        self.small = [name for name in members if (self.sound / name).stat().st_size < 200_000]
        self.members = members

    def __getitem__(self, number: int) -> bytes:
        chance = random.Random(f"{self.name} {number}")
        if chance.random() < 0.5:
            return super().__getitem__(number)
        about: Any = self.stamp.about
        damaged = self.folder / "damaged"
        files = {name: self.sound / name for name in self.members}
        if chance.random() < 0.3:
            about = json.loads(json_values(json.dumps(about).encode(), chance))
        else:
            name = chance.choice(self.small)
            change = json_values if name.endswith(".json") and chance.random() < 0.5 else any_bytes
            damaged.write_bytes(change(files[name].read_bytes(), chance))
            files[name] = damaged
        if not isinstance(about, dict):
            about = {"about": about}
        try:
            write_archive(self.folder / "made.zip", self.kind, about, files)
        except ValueError:  # no JSON can say this number
            return super().__getitem__(number)
        return (self.folder / "made.zip").read_bytes()


@pytest.mark.parametrize("kind", [JOB, RESULT])
def test_damaged_archives(kind: str, trip: Trip, tmp_path: Path) -> None:
    archive, members = (trip.job, list(LIMITS)) if kind == JOB else (trip.result, [*MEMBERS, *WHERE_KEPT])
    root = trip.root

    def read_job(file: Path, folder: Path) -> None:
        _, job = open_job(file, folder)
        read_samples(folder / SAMPLES, root, wanted_faces(folder, job.samples), follow_links=job.follow_links)

    read: Callable[[Path, Path], object] = read_job if kind == JOB else open_result
    members = [name for name in members if name in read_stamp(archive, kind).members]
    file, folder = tmp_path / "read.zip", tmp_path / "unpacked"

    def opened(content: bytes) -> None:
        file.write_bytes(content)
        folder.mkdir()
        try:
            read(file, folder)
        finally:
            shutil.rmtree(folder)

    # Weights of a megabyte and more are unpacked for every result.
    tried(Rewritten(kind, archive, kind, members, tmp_path), opened, INPUTS if kind == JOB else INPUTS // 20)


def test_a_result_is_unpacked_whole_or_again(
    trip: Trip, tmp_path: Path, kills: int, capsys: pytest.CaptureFixture[str]
) -> None:
    home, undisturbed = Workspace(shutil.copytree(trip.home, tmp_path / "home")), tmp_path / "undisturbed"

    def unpack() -> None:
        unpack_result(home, trip.result)

    def begin_anew() -> None:
        home.path.rename(undisturbed)
        shutil.copytree(trip.home, home.path)

    copies = cut_while(unpack, begin_anew, home.path, tmp_path / "cuts", kills, capsys)
    wanted = files_of(Workspace(undisturbed))
    for path in copies:
        cut = Workspace(path)
        with cut.database(read_only=True) as db:
            there = len(rounds(db)) > 1
        if not (there and cut.round_folder(2).exists()):
            unpack_result(cut, trip.result)
        assert files_of(cut) == wanted, path.name
        shutil.rmtree(path)


def files_of(workspace: Workspace) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(workspace.round_folder(2).iterdir())}
