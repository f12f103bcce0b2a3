from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from scn_core.datasets.parallel import in_order


def test_results_come_in_the_order_of_the_items() -> None:
    def slow_first(item: int) -> int:
        time.sleep(0.02 if item < 4 else 0)
        return item * item

    assert list(in_order(slow_first, range(300), batch=4)) == [item * item for item in range(300)]


def test_items_are_drawn_only_a_little_ahead() -> None:
    drawn = 0

    def items() -> Iterator[int]:
        nonlocal drawn
        for item in range(100_000):
            drawn += 1
            yield item

    results = in_order(lambda item: item, items(), batch=4)
    assert next(results) == 0
    assert drawn <= 4 * (2 * 1024 + 1), "bounded by the cores, not by the items"
    results.close()  # type: ignore[attr-defined]


def test_an_error_reaches_the_caller_and_the_threads_end() -> None:
    def fail(item: int) -> int:
        if item == 50:
            raise ValueError("fifty")
        return item

    with pytest.raises(ValueError, match="fifty"):
        list(in_order(fail, range(1000)))
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("faces")]
