from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.review_app.hooks.receiver import Receiver


@pytest.fixture
def new_receiver() -> Iterator[Callable[[], Receiver]]:
    made: list[Receiver] = []

    def new() -> Receiver:
        made.append(Receiver())
        return made[-1]

    yield new
    for receiver in made:
        receiver.close()


@pytest.fixture
def receiver(new_receiver: Callable[[], Receiver]) -> Receiver:
    """One that listens."""
    return new_receiver().listen()
