"""Shared by all tests: in which order they run, and in how many processes."""

from __future__ import annotations

import ctypes
import gc
import getpass
import os
import shutil
import subprocess
import tempfile
from collections.abc import Generator, Iterator
from contextlib import suppress
from multiprocessing.util import Finalize
from pathlib import Path
from typing import TYPE_CHECKING

# Small networks on few cores: threads that wait for each other cost more than they bring. Before torch is imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest

# Nearly all that a collection makes stays to the end: to look for garbage among it, once it is done or again and again
# later, takes seconds of every process.
gc.disable()

if TYPE_CHECKING:
    from xdist.remote import Producer
    from xdist.scheduler import LoadFileScheduling

MOST_PROCESSES = 4
"""More would take more than 8 GB, with torch in each."""
LONG_FILES = ("tests/scn_core/training/", "tests/scn_core/workspace/")
"""Folders of files that take long, and so do not come last: at the end all would wait for the process that has one."""
WITH_BROWSER = 2
"""Processes that run browser tests, from the start until there are none left. These tests wait most of the time, while
the other processes compute."""

IN_MEMORY = Path("/dev/shm")
"""Where the tests' folders are, if there is room: on a disk they would wait a third of their time for commits to reach
it. A folder goes with its test, so that they take a tenth of this room."""
ROOM_THERE, ROOM_IN_ALL = 2 * 2**30, 12 * 2**30
"""Bytes free there, as a container may allow little, and of the machine, of which the processes take 8 GB."""
AFTER_MULTIPROCESSING = -200
"""It removes its own folder there, and says so where that is gone, with priority -100."""


def pytest_configure() -> None:
    """Chooses where files of the tests and of all that they start are, for the other processes too."""
    if "PYTEST_XDIST_WORKER" in os.environ or "PYTEST_DEBUG_TEMPROOT" in os.environ or not _room_in_memory():
        return
    # Where torch keeps what it has compiled, else: to compile it anew takes a minute and a half of a process.
    with suppress(KeyError, OSError):  # a user without a name
        kept = Path(tempfile.gettempdir()) / f"torchinductor_{getpass.getuser()}"
        os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(kept))
    os.environ["PYTEST_DEBUG_TEMPROOT"] = str(IN_MEMORY)
    others = tempfile.mkdtemp(prefix="tests-", dir=IN_MEMORY)
    Finalize(None, shutil.rmtree, (others,), {"ignore_errors": True}, exitpriority=AFTER_MULTIPROCESSING)
    os.environ["TMPDIR"] = tempfile.tempdir = others


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="module", autouse=True)
def _freed_memory_returned() -> Iterator[None]:
    """What the tests of a file have freed goes back to the system; the C library would keep much of it."""
    yield
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """What -n auto means: two more than there are cores, as tests wait for browsers, servers and disks too."""
    return min((os.cpu_count() or 1) + 2, MOST_PROCESSES)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling | None:
    """What --dist loadfile means: browser tests in two of the processes, from the start."""
    if config.getvalue("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling
    from xdist.workermanage import WorkerController

    class Scheduling(LoadFileScheduling):  # type: ignore[misc]
        def _assign_work_unit(self, node: WorkerController) -> None:
            browses = self.nodes.index(node) < WITH_BROWSER
            for file in self.workqueue:
                if _in_browser(file) == browses:
                    self.workqueue.move_to_end(file, last=False)
                    break
            super()._assign_work_unit(node)

    return Scheduling(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Each process collects other files first: those that one has compiled, the others then read."""
    report = yield
    if isinstance(collector, pytest.Directory) and "PYTEST_XDIST_WORKER" in os.environ:
        process = int(os.environ["PYTEST_XDIST_WORKER"].removeprefix("gw"))
        first = len(report.result) * process // int(os.environ["PYTEST_XDIST_WORKER_COUNT"])
        report.result = [*report.result[first:], *report.result[:first]]
    return report


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests come first, then the long files; the order is the same in all processes.

    GPU tests are skipped where there is no GPU; torch is asked only if there are any.
    """
    items.sort(key=lambda item: (not _in_browser(item.nodeid), not item.nodeid.startswith(LONG_FILES), item.path))
    marked = [item for item in items if item.get_closest_marker("gpu")]
    if not marked:
        return
    import torch

    if not torch.cuda.is_available():
        for item in marked:
            item.add_marker(pytest.mark.skip(reason="needs a CUDA device"))


def _room_in_memory() -> bool:
    try:
        of_memory = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
        available = int(of_memory["MemAvailable"].removesuffix("kB")) * 1024
        return shutil.disk_usage(IN_MEMORY).free >= ROOM_THERE and available >= ROOM_IN_ALL
    except OSError:  # not on Linux
        return False


def _in_browser(file: str) -> bool:
    return file.startswith("tests/browser/")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own with room for 2 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    if (
        shutil.which("mount") is None
        or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={2_000 * 1024}", "tmpfs", place], capture_output=True, check=False
        ).returncode
    ):
        pytest.skip("mounting a small disk needs the rights of root")
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)
