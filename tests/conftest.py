"""Shared by all tests."""

import os

# Small networks on few cores: threads that wait for each other cost more than they bring. Before torch is imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest

MOST_PROCESSES = 4
"""More would take more than 8 GB, with torch and a browser in each."""
LONG = ("test_whole_loop", "test_rounds", "test_accessibility")
"""Browser tests that take half a minute or more, the last of them all together."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """What -n auto means: one more than there are cores, as tests wait for browsers, servers and disks too."""
    return min((os.cpu_count() or 1) + 1, MOST_PROCESSES)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests come last: Playwright keeps an event loop running in this thread, in which asyncio.run fails.

    Of them the files with the longest tests come first, so that no process is left alone with one at the end.

    GPU tests are skipped where there is no GPU; torch is asked only if there are any.
    """
    items.sort(key=_turn)
    marked = [item for item in items if item.get_closest_marker("gpu")]
    if not marked:
        return
    import torch

    if not torch.cuda.is_available():
        for item in marked:
            item.add_marker(pytest.mark.skip(reason="needs a CUDA device"))


def _turn(item: pytest.Item) -> int:
    if "browser" not in item.path.parts:
        return 0
    return 1 if item.path.stem in LONG else 2
