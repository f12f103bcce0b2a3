"""A workspace of demo faces, drawn once, and a finished round in it, trained once; every test gets a copy of its own.

torch is imported only by what trains, so that the other tests start in a second.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from scn_core.cli import main as cli
from scn_core.config import TrainSettings
from scn_core.datasets.source import Source
from scn_core.records import EpochReport
from scn_core.workspace.folder import Workspace, create_workspace
from tests.templates import template

if TYPE_CHECKING:
    from scn_core.training.data import StepReport

REPOSITORY = Path(__file__).parents[2]
FACES = 100
PATIENCE_S = 300
"""For processes on a machine that is busy with other things."""

SETTINGS = TrainSettings(
    image_size=32, epochs=2, batch_size=32, backbone="squeezenet1_1", device="cpu", precision="fp32"
)
"""A round of a third of a second; settings that a test is about are replaced."""
BATCH_NORM = "mobilenet_v3_small"
"""A backbone with batch normalisation, whose running statistics are a part of what is kept; it takes twice as long."""
REVIEWED = replace(SETTINGS, backbone=BATCH_NORM, epochs=4, lr=0.003, margin_relabel=0.05)
"""The round of `reviewed`: it has some proposals, and weights of 6 MB, which every test copies."""


class Recorder:
    """A watcher that keeps all it hears, and calls `on_epoch` at every epoch's end."""

    def __init__(self, on_epoch: Callable[[EpochReport], None] = lambda report: None) -> None:
        self.messages: list[str] = []
        self.epochs: list[EpochReport] = []
        self.faces_decoded = 0
        self.thumbnails_drawn = 0
        self._on_epoch = on_epoch

    def message(self, text: str) -> None:
        self.messages.append(text)

    def decoded(self, faces: int, total: int) -> None:
        self.faces_decoded += faces

    def thumbnails(self, faces: int, total: int) -> None:
        self.thumbnails_drawn += faces

    def step(self, report: StepReport, epochs: int) -> None:
        assert 1 <= report.step <= report.steps

    def epoch(self, report: EpochReport, epochs: int) -> None:
        self.epochs.append(report)
        self._on_epoch(report)


def settings(**changes: Any) -> TrainSettings:
    return replace(SETTINGS, **changes)


def flags(chosen: TrainSettings = SETTINGS) -> list[str]:
    """The same settings for the command line."""
    return [
        f"--image-size={chosen.image_size}",
        f"--epochs={chosen.epochs}",
        f"--batch-size={chosen.batch_size}",
        f"--backbone={chosen.backbone}",
        f"--device={chosen.device}",
        f"--precision={chosen.precision}",
    ]


@pytest.fixture(scope="session")
def _drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    def draw(folder: Path) -> None:
        create_workspace(folder / "ws", "demo", Source(seed=3, root=folder / "images"), demo_faces=FACES)

    with template(tmp_path_factory, "demo", draw) as folder:
        return Path(shutil.copytree(folder / "ws", tmp_path_factory.mktemp("demo") / "ws"))


@pytest.fixture(scope="session")
def _trained(_drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    def train(folder: Path) -> None:
        from scn_core.rounds.lifecycle import New
        from scn_core.rounds.train import train_round

        train_round(Workspace(shutil.copytree(_drawn, folder / "ws")), New(REVIEWED), Recorder())

    with template(tmp_path_factory, "trained", train) as folder:
        return Path(shutil.copytree(folder / "ws", tmp_path_factory.mktemp("trained") / "ws"))


@pytest.fixture
def workspace(_drawn: Path, tmp_path: Path) -> Workspace:
    """Demo faces, no round yet. The pictures are shared: leave them as they are."""
    return Workspace(shutil.copytree(_drawn, tmp_path / "ws", ignore=shutil.ignore_patterns("images")))


@pytest.fixture
def reviewed(_trained: Path, tmp_path: Path) -> Workspace:
    """The same with round 1 in review, of settings REVIEWED."""
    return Workspace(shutil.copytree(_trained, tmp_path / "reviewed", ignore=shutil.ignore_patterns("pixels")))


def fill(disk: Path, *, leaving: int = 0) -> None:
    """Takes all the room of a disk but for some bytes."""
    free = shutil.disk_usage(disk).free
    (disk / "fill").write_bytes(bytes(max(free - leaving, 0)))


class Done(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """run('init', ws, ...): the command line's own entry point, in this process."""

    def _run(*arguments: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["scn_core", *map(str, arguments)])
        capsys.readouterr()
        code: object = 0
        try:
            cli.main()
        except SystemExit as end:
            code = end.code or 0
        assert isinstance(code, int)
        return Done(code, *capsys.readouterr())

    return _run


def signalled_after(epoch: int, by: signal.Signals) -> str:
    """A program that is `python -m scn_core`, and gets this signal when that epoch was reported: not a step later."""
    return f"""
import os
import signal
from scn_core.cli.main import main
from scn_core.cli.progress import RoundBars

signal.signal(signal.SIGINT, signal.default_int_handler)  # shells have what they start in the background ignore it
write_line = RoundBars.epoch

def epoch(self, report, epochs):
    write_line(self, report, epochs)
    if report.epoch == {epoch}:
        os.kill(os.getpid(), {int(by)})

RoundBars.epoch = epoch
main()
"""


class Process:
    """Python at work in the repository as a real process."""

    def __init__(self, *arguments: object) -> None:
        self.popen = subprocess.Popen(
            [sys.executable, *map(str, arguments)],
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,  # so that nothing is kept from `end` by what was read ahead
        )

    def wait_for_line(self, start: str) -> None:
        """Returns when standard error shows a line that starts so."""
        assert self.popen.stderr is not None
        seen = []
        while line := self.popen.stderr.readline().decode():
            if line.startswith(start):
                return
            seen.append(line)
        raise AssertionError(f"ended without {start!r}: {''.join(seen)}")

    def end(self) -> Done:
        out, err = self.popen.communicate(timeout=PATIENCE_S)
        return Done(self.popen.returncode, out.decode(), err.decode())


@pytest.fixture
def process() -> Iterator[Callable[..., Process]]:
    """process('-m', 'scn_core', 'train', ws) starts one; it is ended with the test at the latest."""
    started: list[Process] = []

    def start(*arguments: object) -> Process:
        started.append(Process(*arguments))
        return started[-1]

    yield start
    for each in started:
        each.popen.kill()
        with each.popen:  # closes its pipes and waits
            pass
