"""Python in processes forked from one that has imported torch, so that none spends seconds of processor time on it.

How a command starts for people, in a process that is new from its first line on, tests with `process` show.
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import shutil
import sys
import tempfile
from pathlib import Path

from tests.scn_core.conftest import PATIENCE_S, REPOSITORY, Done

COMMAND = REPOSITORY / "scn_core" / "__main__.py"
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    ["scn_core.cli.main", "scn_core.rounds.train", "torch.distributed.run", "tests.scn_core.conftest"]
)


class Forked:
    """`python ARGUMENTS` at work: a script or, after -c, a program; a script by torchrun in several processes."""

    def __init__(self, *arguments: object, processes: int = 1, **environment: str) -> None:
        self._folder = Path(tempfile.mkdtemp())
        self._process = _CONTEXT.Process(
            target=_run, args=(self._folder, environment, processes, [str(each) for each in arguments])
        )
        self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid

    def is_alive(self) -> bool:
        return self._process.is_alive()

    def end(self) -> Done:
        """Waits for its end; kills it where that takes too long."""
        self._process.join(PATIENCE_S)
        code = self._process.exitcode
        if code is None:
            self._process.kill()
            self._process.join()
        self._process.close()
        out, err = ((self._folder / name).read_text(encoding="utf-8") for name in ("out", "err"))
        shutil.rmtree(self._folder)
        assert code is not None, f"at work for more than {PATIENCE_S} s; it said: {err}"
        return Done(code, out, err)


def run_forked(*arguments: object, processes: int = 1, **environment: str) -> Done:
    """See `Forked`: to its end."""
    return Forked(*arguments, processes=processes, **environment).end()


def _run(folder: Path, environment: dict[str, str], processes: int, command: list[str]) -> None:
    for name, number in (("out", 1), ("err", 2)):
        os.dup2(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
    os.environ.update(environment)
    if processes > 1:
        from torch.distributed.run import main

        main(["--standalone", f"--nproc-per-node={processes}", "--run-path", "--start-method=fork", *command])
    elif command[0] == "-c":
        sys.argv = ["-c", *command[2:]]
        exec(compile(command[1], "<string>", "exec"), {"__name__": "__main__"})
    else:
        sys.argv = command
        runpy.run_path(command[0], run_name="__main__")
