import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from scn_core.training.memory import Room, free_host_memory, free_room

GB = 10**9


@pytest.mark.parametrize(
    ("needed", "room", "expected"),
    [
        (43 * GB, Room(device=80 * GB, host=200 * GB), "device"),  # AffectNet at 224 px on a device of 80 GB
        (43 * GB, Room(device=24 * GB, host=200 * GB), "pinned"),
        (43 * GB, Room(device=24 * GB, host=64 * GB), "file"),
        (376 * GB, Room(device=141 * GB, host=500 * GB), "file"),  # 10,000,000 faces at 112 px
        (1 * GB, Room(device=None, host=64 * GB), "file"),
    ],
)
def test_the_first_place_with_room_is_taken(needed: int, room: Room, expected: str) -> None:
    assert room.tier(needed) == expected


@given(st.integers(0, 10**12), st.integers(0, 10**12), st.integers(0, 10**12))
def test_nothing_is_filled_up_to_the_brim(needed: int, device: int, host: int) -> None:
    tier = Room(device, host).tier(needed)
    assert tier != "device" or needed <= 0.6 * device
    assert tier != "pinned" or (needed <= 0.5 * host and needed > 0.6 * device)


@pytest.mark.parametrize("asked", ["device", "pinned", "file"])
def test_a_place_that_was_asked_for_is_taken_whatever_is_free(asked: str) -> None:
    assert Room(device=0, host=0).tier(GB, asked) == asked  # type: ignore[arg-type]


def test_the_host_says_what_is_free_and_processes_share_it() -> None:
    cpu = torch.device("cpu")
    assert 0 < free_host_memory() < 2**50
    assert free_room(cpu).device is None
    assert free_room(cpu, sharers=4).host < free_room(cpu).host / 2
