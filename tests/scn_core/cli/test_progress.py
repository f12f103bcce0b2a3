"""Bars on a terminal, lines anywhere else."""

from __future__ import annotations

import io
import sys
import time

import pytest

from scn_core.cli import progress
from scn_core.cli.progress import Counter, RoundBars
from scn_core.records import EpochReport
from scn_core.training.data import StepReport

REPORT = EpochReport(2, 2.5, 2.0, 0.5, 0.3, 0.712, 0.423, 0.5, 0.123, 0.15, 0.456, 7, 1234.5, 8.1)


class Screen(io.StringIO):
    """A terminal that remembers what was drawn."""

    def isatty(self) -> bool:
        return True


def screen_on(monkeypatch: pytest.MonkeyPatch) -> Screen:
    """No fixture: between set-up and test, pytest takes standard error back."""
    screen = Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    return screen


def step(epoch: int, number: int) -> StepReport:
    return StepReport(
        epoch=epoch, step=number, steps=10, loss=1.25, accuracy=0.5, alpha_high=0.61, alpha_low=0.34, faces_per_s=1500
    )


def test_the_bar_tells_all_and_is_gone_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = screen_on(monkeypatch)
    bars = RoundBars()
    bars.decoded(50, 100)
    bars.step(step(1, 5), 3)
    drawn = screen.getvalue().rpartition("\r")[2]
    assert "5/30" in drawn
    assert "epoch 1/3, loss 1.250, acc 0.500, alpha_H 0.61, alpha_L 0.34, 1,500 faces/s" in drawn
    assert "<" in drawn  # elapsed<left
    bars.close()
    assert screen.getvalue().endswith("\r")
    assert screen.getvalue().rstrip("\r").rpartition("\r")[2].strip() == ""


def test_where_no_bar_moves_a_line_says_how_far_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Hours of reading into a log file said nothing."""
    monkeypatch.setattr(progress, "LINE_EVERY_S", 0)
    with Counter("reading", "face", 4_000) as bar, Counter("reading", "face", hidden=True) as hidden:
        bar.advance(1)
        bar.advance(1_999)
        hidden.advance(1)
    with Counter("restoring", "B", scaled=True) as bar:
        bar.advance(2_000)
    lines = "reading: 1 face of 4,000\nreading: 2,000 faces of 4,000\nrestoring: 2,000 B\n"
    assert capsys.readouterr().err == lines


def test_thumbnails_get_a_bar_of_their_own_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = screen_on(monkeypatch)
    bars = RoundBars()
    bars.step(step(3, 10), 3)
    for _ in range(5):
        bars.thumbnails(16, 100)
        time.sleep(0.05)
    drawn = screen.getvalue().rpartition("\r")[2]
    bars.close()
    assert drawn.startswith("thumbnails:")
    assert "/100" in drawn
    assert screen.getvalue().rstrip("\r").rpartition("\r")[2].strip() == ""


def test_a_resumed_round_begins_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps done before the stop must not count as speed."""
    screen = screen_on(monkeypatch)
    bars = RoundBars()
    bars.step(step(3, 1), 3)
    drawn = screen.getvalue().rpartition("\r")[2]
    bars.close()
    assert "21/30" in drawn
    assert ", ?step/s" in drawn


def test_lines_stand_above_the_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = screen_on(monkeypatch)
    bars = RoundBars()
    bars.step(step(1, 5), 3)
    bars.message("look here")
    bars.close()
    assert "look here\n" in screen.getvalue()


def test_a_log_file_gets_lines_alone(capsys: pytest.CaptureFixture[str]) -> None:
    bars = RoundBars()
    bars.decoded(50, 100)
    bars.step(step(1, 5), 3)
    bars.message("look here")
    bars.epoch(REPORT, 30)
    bars.close()
    with Counter("reading", "face") as counter:
        counter.advance(3)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "look here",
        "epoch   2/30  loss 2.500  acc 0.300  val 0.456  alpha_H 0.712  alpha_L 0.423  spread 0.123  relabelled 7  "
        "1,234 faces/s  8 s",
    ]


def test_a_counter_shows_and_clears(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = screen_on(monkeypatch)
    with Counter("reading", "face", 10) as counter:
        counter.advance(3)
    assert "reading" in screen.getvalue()
    assert screen.getvalue().rstrip("\r").rpartition("\r")[2].strip() == ""


class Cell(io.StringIO):
    """What a Jupyter kernel has for standard error: no terminal, but the cell below it draws a moving bar."""


Cell.__module__ = "ipykernel.iostream"


def test_a_notebook_gets_the_bar_too(monkeypatch: pytest.MonkeyPatch) -> None:
    cell = Cell()
    monkeypatch.setattr(sys, "stderr", cell)
    bars = RoundBars()
    bars.step(step(1, 5), 3)
    assert "5/30" in cell.getvalue()
    bars.close()


def test_hidden_bars_say_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = screen_on(monkeypatch)
    bars = RoundBars(hidden=True)
    bars.decoded(50, 100)
    bars.step(step(1, 5), 3)
    bars.epoch(REPORT, 30)
    bars.message("something")
    bars.thumbnails(16, 100)
    bars.close()
    assert screen.getvalue() == ""
