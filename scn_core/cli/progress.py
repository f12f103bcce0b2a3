"""Progress of long work on a terminal: one bar at a time, messages above it, nothing but lines in a log file."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, NoReturn, Self

from tqdm import tqdm

from scn_core.errors import counted
from scn_core.records import EpochReport
from scn_core.workspace.folder import Workspace
from scn_core.workspace.thumbnails import draw_for_review

if TYPE_CHECKING:  # torch stays out of the commands that do not train
    from scn_core.training.data import StepReport


LINE_EVERY_S = 30.0


def draws_bars() -> bool:
    """Whether standard error shows a bar that moves: a terminal, or a Jupyter cell, which is none but does the same."""
    return sys.stderr.isatty() or type(sys.stderr).__module__.partition(".")[0] == "ipykernel"


class Counter:
    """A bar of things done, for work that calls `advance` with how many more are done."""

    def __init__(
        self, what: str, unit: str, total: int | None = None, *, hidden: bool = False, scaled: bool = False
    ) -> None:
        """`scaled`: large numbers as k, M and G."""
        off = hidden or not draws_bars()
        self._bar = tqdm(total=total, desc=what, unit=unit, unit_scale=scaled, leave=False, disable=off)
        self._what, self._unit, self._total, self._scaled = what, unit, total, scaled
        self._lines = off and not hidden
        self._done, self._said = 0, time.monotonic()

    def advance(self, more: int) -> None:
        """`more` are done. Where no bar moves, as in a log file, a line says so now and then."""
        self._bar.update(more)
        self._done += more
        if self._lines and time.monotonic() - self._said >= LINE_EVERY_S:
            self._said = time.monotonic()
            done = f"{self._done:,} {self._unit}" if self._scaled else counted(self._done, self._unit)
            of = "" if self._total is None else f" of {self._total:,}"
            print(f"{self._what}: {done}{of}", file=sys.stderr, flush=True)

    def go_on(self, what: str) -> None:
        """Another part of the work begins."""
        self._what = what
        self._bar.set_description(what)

    def close(self) -> None:
        """Clears the bar."""
        self._bar.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def draw_anew(workspace: Workspace, *, hidden: bool = False) -> None:
    """Draws the thumbnails that pages may need soon, under a bar, after pictures changed or moved."""
    with Counter("thumbnails", "face", hidden=hidden) as bar:
        draw_for_review(workspace, bar.advance)


class RoundBars:
    """Draws a round on standard error: a bar for decoding, one for all epochs, a line for each epoch.

    Hidden, it draws and writes nothing.
    """

    def __init__(self, *, hidden: bool = False) -> None:
        self._hidden = hidden
        self._decoding: Counter | None = None
        self._drawing: Counter | None = None
        self._training: tqdm[NoReturn] | None = None

    def message(self, text: str) -> None:
        """A line above the bars."""
        if not self._hidden:
            tqdm.write(text, file=sys.stderr)

    def decoded(self, faces: int, total: int) -> None:
        """The pixel cache is being filled."""
        self._decoding = self._decoding or Counter("decoding", "face", total, hidden=self._hidden)
        self._decoding.advance(faces)

    def thumbnails(self, faces: int, total: int) -> None:
        """Thumbnails are being drawn, after the last epoch."""
        if self._drawing is None:
            self.close()
            self._drawing = Counter("thumbnails", "face", total, hidden=self._hidden)
        self._drawing.advance(faces)

    def step(self, report: StepReport, epochs: int) -> None:
        """Moves the bar, with the running means of the epoch behind it."""
        self._move((report.epoch - 1) * report.steps + report.step, epochs * report.steps)
        if self._training is not None:
            self._training.set_postfix_str(
                f"epoch {report.epoch}/{epochs}, loss {report.loss:.3f}, acc {report.accuracy:.3f}, "
                f"alpha_H {report.alpha_high:.2f}, alpha_L {report.alpha_low:.2f}, {report.faces_per_s:,.0f} faces/s"
            )

    def epoch(self, report: EpochReport, epochs: int) -> None:
        """A line that stays."""
        val = "" if report.val_accuracy is None else f"  val {report.val_accuracy:.3f}"
        changed = f"  relabelled {report.relabelled:,}" if report.relabelled else ""
        self.message(
            f"epoch {report.epoch:>3}/{epochs}  loss {report.loss:.3f}  acc {report.accuracy:.3f}{val}  "
            f"alpha_H {report.alpha_high:.3f}  alpha_L {report.alpha_low:.3f}  spread {report.alpha_std:.3f}{changed}  "
            f"{report.faces_per_s:,.0f} faces/s  {report.seconds:.0f} s"
        )

    def close(self) -> None:
        """Clears what is left of the bars."""
        for counter in (self._decoding, self._drawing):
            if counter is not None:
                counter.close()
        if self._training is not None:
            self._training.close()

    def _move(self, done: int, total: int) -> None:
        if self._training is None:
            self.close()
            # From where a resumed round is, so that the time left is told from steps done now.
            off = self._hidden or not draws_bars()
            self._training = tqdm(total=total, initial=done, unit="step", leave=False, disable=off)
        self._training.update(done - self._training.n)
