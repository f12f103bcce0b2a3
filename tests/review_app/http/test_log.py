"""Lines for people have the time, unless the journal notes it."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

import pytest

from review_app.http import log


@pytest.mark.parametrize("journal", [True, False])
def test_lines_for_people_have_the_time_outside_of_the_journal(
    journal: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The variable alone says nothing: a process started from a service, such as a shell of a desktop, inherits it."""
    monkeypatch.setattr(log, "_stamped", False)
    monkeypatch.setattr(log, "_format", "text")
    monkeypatch.setattr(logging, "lastResort", logging.StreamHandler(sys.stderr))
    written = os.fstat(2) if journal else tmp_path.stat()
    monkeypatch.setenv("JOURNAL_STREAM", f"{written.st_dev}:{written.st_ino}")
    log.use_format("text")
    log.say("served", "served from now on")
    log.say("started", "review app: there", err=False)
    assert logging.lastResort is not None
    logging.lastResort.handle(logging.makeLogRecord({"msg": "GET /face/1"}))
    out, err = capfd.readouterr()
    assert out == "review app: there\n"
    lines = [*err.splitlines(), log.last_words("stopped without it").decode().rstrip("\n")]
    words = ["served from now on", "GET /face/1", "stopped without it"]
    if journal:
        assert lines == words
    else:
        assert [line.partition(" ")[2] for line in lines] == words
        assert all(line[:2] == "20" and line[23] == "Z" for line in lines)
