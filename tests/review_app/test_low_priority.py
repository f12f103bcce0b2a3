"""Processes that leave the processors to the pages."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

import pytest

from review_app.low_priority import NICENESS, begin


def test_a_process_is_nice_and_in_a_session_of_its_own() -> None:
    with tempfile.TemporaryFile() as words:
        process = begin(
            [sys.executable, "-c", "import time; time.sleep(60)"],
            output=subprocess.DEVNULL, errors=words, environment=os.environ,
        )  # fmt: skip
        try:
            ours = os.getpriority(os.PRIO_PROCESS, 0)
            assert os.getpriority(os.PRIO_PROCESS, process.pid) == min(19, ours + NICENESS)
            assert os.getsid(process.pid) == process.pid, "Ctrl-C is not for it"
        finally:
            process.kill()
            process.wait()


def test_a_program_that_is_not_there_is_said() -> None:
    with tempfile.TemporaryFile() as words, pytest.raises(FileNotFoundError, match="/no/such/program"):
        begin(["/no/such/program"], output=subprocess.DEVNULL, errors=words, environment={})
