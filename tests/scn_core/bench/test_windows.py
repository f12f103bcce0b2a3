"""What is counted; how long anything takes is nothing a test may depend on."""

import torch

from scn_core.bench.windows import MIN_WINDOWS, measure

CPU = torch.device("cpu")


def test_at_least_five_windows_after_a_warm_up_that_is_not_counted() -> None:
    calls: list[int] = []
    stage = measure(lambda: calls.append(1), 10, 0.0, CPU, warm_up=4)
    assert stage.n == MIN_WINDOWS == 5
    assert len(calls) == 4 + 1 + stage.n  # warm-up, one to find out how many fill a window, the windows
    assert 0 < stage.slowest <= stage.per_s <= stage.fastest


def test_a_rate_is_of_what_a_call_gets_done() -> None:
    one, ten = (measure(lambda: torch.rand(1000).sort(), amount, 0.0, CPU) for amount in (1, 1e9))
    assert ten.slowest > one.fastest
