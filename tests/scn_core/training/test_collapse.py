import pytest

from scn_core.training.collapse import MIN_STD, collapse_warning


@pytest.mark.parametrize(("mean", "where"), [(0.001, "to 0"), (0.999, "to 1"), (0.5, "around 0.50")])
def test_a_vanished_spread_is_named_with_what_to_do(mean: float, where: str) -> None:
    warning = collapse_warning(mean, 0.001)
    assert warning is not None
    assert f"collapsed {where}" in warning
    assert "--attention-lr-scale" in warning


def test_a_healthy_spread_is_silent() -> None:
    assert collapse_warning(0.001, MIN_STD) is None
