"""Slows down guessing at the sign-in page, in memory: only wrong passwords count, and nobody can lock out another.

Wrong passwords are counted by browser and by address, and every one beyond the first few doubles the wait of that
browser or address. A name alone is never locked: when strangers guess at it from many addresses, each unknown address
gets fewer free guesses. A browser in which the person has signed in before shows a signed cookie (a *device cookie*, as
OWASP calls it) and has a count of its own, so neither strangers nor colleagues behind the same address slow it down.

Checking a password takes a processor a while. Known browsers, and addresses from which somebody has signed in, have a
lane of their own for that, so a flood from elsewhere does not keep them waiting; in the lane of strangers only so many
wait, the others are told to come back.
"""

from __future__ import annotations

import asyncio
import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from review_app.http.errors import ApiError


@dataclass(frozen=True)
class Limits:
    """How many wrong passwords are free, and how long the waits are after them."""

    window_s: float = 3600
    """A wrong password counts for this long."""
    free: int = 5
    """For one name from one address, or in one known browser."""
    free_of_address: int = 20
    """From one address, whatever the names."""
    guessed_at: int = 20
    """Wrong passwords for one name from unknown browsers, after which it counts as being guessed at."""
    free_when_guessed_at: int = 1
    """For a name that is being guessed at, from one address."""
    first_wait_s: float = 60
    longest_wait_s: float = 900
    strangers: int = 20
    """Unknown browsers at unknown addresses whose passwords are checked or wait for it."""
    known_for_s: float = 12 * 3600
    """So long after somebody has signed in from it, an address is a known one."""
    keys: int = 10_000
    """Names, addresses and browsers remembered; beyond that the ones unused for longest are forgotten."""


class Tally:
    """Counts events by key within the last `window_s` seconds; beyond `keys` keys it forgets the oldest."""

    def __init__(self, window_s: float, *, keys: int = 10_000, clock: Callable[[], float] = time.monotonic) -> None:
        self._window_s = window_s
        self._most_keys = keys
        self._clock = clock
        self._times: OrderedDict[str, list[float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._times)

    def add(self, key: str) -> int:
        """Count one event; returns how many of the key there are now."""
        self._times[key] = [*self.times(key), self._clock()]
        self._times.move_to_end(key)
        while len(self._times) > self._most_keys:
            self._times.popitem(last=False)
        return len(self._times[key])

    def times(self, key: str) -> list[float]:
        """When the events of a key were, oldest first."""
        now = self._clock()
        return [moment for moment in self._times.get(key, []) if now - moment < self._window_s]

    def forget(self, key: str) -> None:
        """Begin anew for a key."""
        self._times.pop(key, None)


@dataclass(frozen=True)
class Client:
    """Who tries to sign in, and from where."""

    name: str
    address: str
    """IP address of the connection; empty where it is unknown."""
    device: str | None = None
    """Identifies a browser in which this person has signed in before; None for any other."""

    @property
    def _network(self) -> str:
        """One IPv6 customer owns at least a /64, so single addresses of it say nothing."""
        try:
            address = ipaddress.ip_address(self.address.partition("%")[0])
        except ValueError:
            return self.address
        return str(ipaddress.ip_network((address, 64), strict=False)) if address.version == 6 else str(address)

    @property
    def by_name(self) -> str:
        """Key of the name."""
        return f"name {self.name.lower()}"

    @property
    def by_address(self) -> str:
        """Key of the address."""
        return f"address {self._network}"

    @property
    def itself(self) -> str:
        """Key of this browser, or of this name from this address."""
        return f"device {self.device}" if self.device is not None else f"{self.by_name} {self.by_address}"


class SignInThrottle:
    """Decides whether an attempt may be made now. Use within one event loop."""

    def __init__(self, limits: Limits = Limits(), *, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._clock = clock
        self._wrong = Tally(limits.window_s, keys=limits.keys, clock=clock)
        self._names = Tally(limits.window_s, keys=limits.keys, clock=clock)
        self._entered = Tally(limits.known_for_s, keys=limits.keys, clock=clock)
        self._locks: dict[str, tuple[asyncio.Lock, int]] = {}
        self._known, self._strangers = asyncio.Semaphore(1), asyncio.Semaphore(2)
        self._strangers_here = 0

    @asynccontextmanager
    async def attempt(self, client: Client) -> AsyncIterator[None]:
        """One attempt of the client; call `wrong` or `right` within it.

        The attempts of one address, or of one known browser, are made one after another: so many wrong ones sent at
        once are each counted before the next, and many right ones need not be counted at all. Raises ApiError: 429
        where the client has to wait, 503 where too many strangers try.
        """
        key = client.itself if client.device is not None else client.by_address
        lock, users = self._locks.get(key, (asyncio.Lock(), 0))
        self._locks[key] = lock, users + 1
        try:
            async with lock:
                wait = self.wait_s(client)
                if wait > 0:
                    seconds = math.ceil(wait)
                    raise ApiError(
                        429, "too_many", f"too many attempts; try again in {seconds} s", retry_after_s=seconds
                    )
                async with self._lane(client):
                    yield
        finally:
            lock, users = self._locks.pop(key)
            if users > 1:
                self._locks[key] = lock, users - 1

    @asynccontextmanager
    async def _lane(self, client: Client) -> AsyncIterator[None]:
        if client.device is not None or self._entered.times(client.by_address):
            async with self._known:
                yield
            return
        if self._strangers_here >= self._limits.strangers:
            raise ApiError(
                503, "crowded", "very many are trying to sign in; try again in a few seconds", retry_after_s=5
            )
        self._strangers_here += 1
        try:
            async with self._strangers:
                yield
        finally:
            self._strangers_here -= 1

    def wait_s(self, client: Client) -> float:
        """Seconds until the client may try again; 0: now."""
        limits = self._limits
        if client.device is not None:
            return self._wait_s(client.itself, limits.free)
        guessed_at = len(self._names.times(client.by_name)) >= limits.guessed_at
        return max(
            self._wait_s(client.itself, limits.free_when_guessed_at if guessed_at else limits.free),
            self._wait_s(client.by_address, limits.free_of_address),
        )

    def wrong(self, client: Client) -> None:
        """Count a wrong password, or a name that nobody has."""
        self._wrong.add(client.itself)
        if client.device is None:
            self._wrong.add(client.by_address)
            self._names.add(client.by_name)

    def right(self, client: Client) -> None:
        """Whoever knows the password gets their free attempts back; what others did stays counted."""
        self._wrong.forget(client.itself)
        self._entered.forget(client.by_address)
        self._entered.add(client.by_address)

    def _wait_s(self, key: str, free: int) -> float:
        times = self._wrong.times(key)
        if len(times) < free:
            return 0.0
        limits = self._limits
        wait = min(limits.longest_wait_s, limits.first_wait_s * 2.0 ** min(len(times) - free, 30))
        return max(0.0, times[-1] + wait - self._clock())
