"""How long somebody waits after wrong passwords."""

from __future__ import annotations

import asyncio

import pytest

from review_app.auth.throttle import Client, Limits, SignInThrottle, Tally
from review_app.http.errors import ApiError


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


HERE = Client("ann", "192.0.2.1")


def throttled(clock: Clock) -> SignInThrottle:
    return SignInThrottle(Limits(), clock=clock)


def wrong(throttle: SignInThrottle, client: Client, times: int) -> None:
    for _ in range(times):
        throttle.wrong(client)


def test_each_wrong_password_beyond_the_free_ones_doubles_the_wait() -> None:
    clock = Clock()
    throttle = throttled(clock)
    wrong(throttle, HERE, 4)
    assert throttle.wait_s(HERE) == 0
    waits = []
    for _ in range(7):
        throttle.wrong(HERE)
        waits.append(throttle.wait_s(HERE))
        clock.now += waits[-1] - 1
        assert throttle.wait_s(HERE) == 1
        clock.now += 1
        assert throttle.wait_s(HERE) == 0
    assert waits == [60, 120, 240, 480, 900, 900, 900]


def test_wrong_passwords_are_forgotten_after_an_hour_or_with_the_right_one() -> None:
    clock = Clock()
    throttle = throttled(clock)
    wrong(throttle, HERE, 8)
    clock.now += 3600
    assert throttle.wait_s(HERE) == 0
    throttle.wrong(HERE)
    assert throttle.wait_s(HERE) == 0
    wrong(throttle, HERE, 4)
    assert throttle.wait_s(HERE) == 60
    throttle.right(HERE)
    assert throttle.wait_s(HERE) == 0


def test_one_s_own_password_does_not_buy_guesses_at_others() -> None:
    throttle = throttled(Clock())
    mine = Client("eve", HERE.address)
    for number in range(20):
        throttle.wrong(Client(f"name {number}", HERE.address))
        throttle.right(mine)
    assert throttle.wait_s(HERE) == throttle.wait_s(mine) == 60


def test_a_name_that_is_guessed_at_leaves_every_unknown_address_one_guess() -> None:
    throttle = throttled(Clock())
    for number in range(4):
        wrong(throttle, Client("Ann", f"198.51.100.{number}"), 5)
    elsewhere, known = Client("ann", "203.0.113.1"), Client("ann", "203.0.113.2", "a browser")
    assert throttle.wait_s(elsewhere) == throttle.wait_s(known) == 0
    wrong(throttle, elsewhere, 1)
    wrong(throttle, known, 4)
    assert throttle.wait_s(elsewhere) == 60
    assert throttle.wait_s(known) == 0
    assert throttle.wait_s(Client("bob", "203.0.113.1")) == 0


def test_known_browsers_have_counts_of_their_own() -> None:
    throttle = throttled(Clock())
    one, two = Client("ann", HERE.address, "one"), Client("ann", HERE.address, "two")
    wrong(throttle, one, 30)
    assert throttle.wait_s(one) == 900
    assert throttle.wait_s(two) == throttle.wait_s(HERE) == 0


def test_an_ipv6_network_counts_as_one_address() -> None:
    throttle = throttled(Clock())
    for number in range(20):
        throttle.wrong(Client(f"name {number}", f"2001:db8:0:1:{number:x}::1"))
    assert throttle.wait_s(Client("ann", "2001:db8:0:1:ffff::2")) == 60
    assert throttle.wait_s(Client("ann", "2001:db8:0:2::1")) == 0


def test_attempts_of_one_address_wait_for_each_other_and_leave_nothing_behind() -> None:
    throttle = throttled(Clock())
    order: list[str] = []

    async def one(client: Client, answer: asyncio.Event) -> None:
        async with throttle.attempt(client):
            order.append(client.name)
            await answer.wait()
            throttle.wrong(client)

    async def all_of_them() -> None:
        answer = asyncio.Event()
        people = [*(Client("ann", HERE.address) for _ in range(6)), Client("bob", "192.0.2.2")]
        tasks = [asyncio.create_task(one(client, answer)) for client in people]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert sorted(order) == ["ann", "bob"]
        answer.set()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert [isinstance(result, ApiError) for result in results] == [False] * 5 + [True, False]

    asyncio.run(all_of_them())
    assert throttle._locks == {}


def test_a_flood_of_strangers_is_refused_politely_and_keeps_nobody_waiting_who_is_known() -> None:
    throttle = throttled(Clock())
    checked: list[str] = []

    async def one(client: Client, answer: asyncio.Event) -> None:
        async with throttle.attempt(client):
            checked.append(client.address)
            await answer.wait()

    async def all_of_them() -> None:
        answer, at_once = asyncio.Event(), asyncio.Event()
        at_once.set()
        async with throttle.attempt(HERE):
            throttle.right(HERE)
        flood = [asyncio.create_task(one(Client("bob", f"203.0.113.{i}"), answer)) for i in range(150)]
        while throttle._strangers_here < 20:
            await asyncio.sleep(0)
        for known in (Client("ann", "198.51.100.7", "one"), Client("cho", HERE.address)):
            await one(known, at_once)
        assert len(checked) == 4, "two strangers at a time, and both known ones meanwhile"
        answer.set()
        results = await asyncio.gather(*flood, return_exceptions=True)
        refused = [result for result in results if isinstance(result, ApiError)]
        assert len(refused) == 130
        assert {(refusal.status, refusal.code, refusal.retry_after_s) for refusal in refused} == {(503, "crowded", 5)}
        await one(Client("bob", "203.0.113.150"), at_once)

    asyncio.run(all_of_them())


def test_many_names_do_not_fill_the_memory() -> None:
    tally = Tally(300, keys=100)
    for number in range(1_000):
        tally.add(f"name {number}")
    assert len(tally) == 100
    assert tally.add("name 999") == 2
    assert tally.add("name 0") == 1


@pytest.mark.parametrize("address", ["", "testclient", "fe80::1%eth0"])
def test_what_is_no_ip_address_is_a_key_too(address: str) -> None:
    throttle = throttled(Clock())
    wrong(throttle, Client("ann", address), 5)
    assert throttle.wait_s(Client("ann", address)) == 60
    assert throttle.wait_s(HERE) == 0
