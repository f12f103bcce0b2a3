"""What is due reaches the receiver: in order, at least once, whatever it does, and without anybody waiting for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from review_app import database
from review_app.api.webhooks import EVENTS, message_schema
from review_app.hooks import sender as sender_module
from review_app.hooks.post import Post
from review_app.hooks.sender import DELAYS_S, JITTER, HookSender, HookSenders
from review_app.settings import AppSettings
from scn_core.config import ReviewSettings
from scn_core.hook_settings import HOOK_EVENTS, HookSettings
from scn_core.store.events import events, keep_event
from scn_core.store.hook_delivery import HookState, hook_messages, hook_states, retry_hook, sync_hooks
from scn_core.store.rounds.states import cancel_round, close_round, fail_round, start_round
from scn_core.workspace.folder import Workspace
from tests.review_app.hooks.receiver import ANOTHER, PATIENCE_S, SECRET, Receiver, hang_up, status
from tests.review_app.visitor import Visitor, keep
from tests.review_workspace import add_round

Use = Callable[[Workspace], AppSettings]


class Clock:
    """Stands still from when it is made, until it is moved on by hand."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += seconds


class Hooked:
    """A workspace in use, with a hook that is told of everything."""

    def __init__(self, settings: AppSettings, receiver: Receiver) -> None:
        self.settings, self.receiver, self.clock = settings, receiver, Clock()
        self.hook = hook_to(receiver)
        database.call_write(sync_hooks, [self.hook])
        self.sender = self.new_sender()

    def new_sender(self, limit_s: float = PATIENCE_S) -> HookSender:
        post = lambda url: Post(url, limit_s)  # noqa: E731
        return HookSender(self.hook, self.settings.workspace, "abc", now=self.clock, post=post)

    def export(self, format: str = "csv") -> None:
        """Something that is told at once."""
        database.call_write(keep_event, "labels exported", {"format": format}, by=None)

    def step(self) -> bool:
        """Whether something was due."""
        return self.sender.step()

    def drain(self) -> None:
        while self.step():
            pass

    @property
    def state(self) -> HookState:
        return database.call(hook_states)[0]

    @property
    def got(self) -> list[str]:
        """The formats that came."""
        return [got.said["data"]["format"] for got in self.receiver.got]


def hook_to(receiver: Receiver, name: str = "all") -> HookSettings:
    return HookSettings(name, receiver.url, secret_env="HOOK_SECRET", allow_http=True)


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_SECRET", SECRET)


@pytest.fixture
def hooked(workspace: Workspace, use_workspace: Use, receiver: Receiver) -> Hooked:
    return Hooked(use_workspace(workspace), receiver)


def test_messages_come_in_order_signed_and_as_described(hooked: Hooked) -> None:
    hooked.export("csv")
    hooked.export("jsonl")
    hooked.drain()
    assert hooked.got == ["csv", "jsonl"]
    first, second = hooked.receiver.got
    assert first.is_signed_by(SECRET)
    assert not first.is_signed_by(ANOTHER)
    assert first.headers["content-type"] == "application/json"
    assert abs(int(first.headers["webhook-timestamp"]) - time.time()) < 2 * PATIENCE_S
    assert (first.said["id"], first.said["type"], first.said["workspace"]) == (
        first.headers["webhook-id"], "labels.exported", "abc",
    )  # fmt: skip
    assert first.said["id"] != second.said["id"]
    assert (hooked.state.words, hooked.state.waiting) == ("delivering", 0)


def test_libraries_of_the_specification_verify_them(hooked: Hooked, monkeypatch: pytest.MonkeyPatch) -> None:
    library = pytest.importorskip("standardwebhooks")
    monkeypatch.setenv("HOOK_SECRET", f"{ANOTHER} {SECRET}")
    hooked.export()
    hooked.drain()
    (got,) = hooked.receiver.got
    for secret in (ANOTHER, SECRET):  # one takes the place of the other: receivers may know either
        assert library.Webhook(secret).verify(got.body, dict(got.headers)) == got.said
    with pytest.raises(library.WebhookVerificationError):
        library.Webhook(SECRET).verify(got.body + b" ", dict(got.headers))
    with pytest.raises(library.WebhookVerificationError):
        library.Webhook(SECRET).verify(got.body, {**got.headers, "webhook-timestamp": "1700000000"})


def test_a_message_that_failed_is_sent_again_before_any_later_one(hooked: Hooked) -> None:
    hooked.receiver.will(500, hang_up)
    hooked.export("csv")
    hooked.export("jsonl")
    assert (hooked.step(), hooked.step()) == (True, False)
    assert (hooked.state.words, hooked.state.error, hooked.state.waiting) == ("failing", "HTTP status 500", 2)
    hooked.clock.forward(DELAYS_S[0] * (1 + JITTER) + 1)
    assert (hooked.step(), hooked.step()) == (True, False)
    hooked.clock.forward(DELAYS_S[1] * (1 + JITTER) + 1)
    hooked.drain()
    assert hooked.got == ["csv", "csv", "csv", "jsonl"]
    tries = hooked.receiver.got[:3]
    assert len({got.headers["webhook-id"] for got in tries}) == 1
    assert len({got.headers["webhook-timestamp"] for got in tries}) == 3
    assert all(got.is_signed_by(SECRET) for got in tries)
    assert [each.tries for each in database.call(hook_messages, "all", limit=9)] == [1, 3]
    assert (hooked.state.tries, hooked.state.error) == (0, None)


def test_a_receiver_that_was_down_gets_all_once_it_is_back(
    workspace: Workspace, use_workspace: Use, new_receiver: Callable[[], Receiver]
) -> None:
    hooked = Hooked(use_workspace(workspace), new_receiver())
    hooked.export("csv")
    hooked.step()
    hooked.export("jsonl")
    assert hooked.state.error == "Connection refused"
    hooked.clock.forward(3_600)
    hooked.receiver.listen()
    hooked.drain()
    assert hooked.got == ["csv", "jsonl"]


def test_a_receiver_that_hangs_has_failed(hooked: Hooked) -> None:
    hooked.receiver.will(hooked.receiver.hang)
    hooked.sender = hooked.new_sender(limit_s=0.2)
    hooked.export()
    hooked.step()
    assert hooked.state.error == "no answer within 0.2 s"


def test_who_asks_to_be_left_alone_is(hooked: Hooked) -> None:
    hooked.receiver.will(status(429, Retry_After="600"))
    hooked.export()
    hooked.step()
    hooked.clock.forward(500)
    assert not hooked.step()
    hooked.clock.forward(101)
    hooked.drain()
    assert hooked.got == ["csv", "csv"]


def test_a_dead_hook_is_given_up_after_days_and_said(hooked: Hooked, capsys: pytest.CaptureFixture[str]) -> None:
    hooked.receiver.will(*[500] * (len(DELAYS_S) + 1))
    hooked.export("csv")
    began = hooked.clock()
    while hooked.step():
        if hooked.state.given_up_at is None:
            hooked.clock.forward(hooked.state.next_at - hooked.clock() + 1)
    assert len(hooked.got) == len(DELAYS_S) + 1
    assert 3 * 86_400 < hooked.clock() - began < 4 * 86_400
    assert (hooked.state.words, hooked.state.waiting) == ("given up", 1)
    said = capsys.readouterr().err.splitlines()
    assert len(said) == len(DELAYS_S) + 1, "each try is rarer than the one before"
    assert said[0].startswith("hook all: HTTP status 500; 1 try failed, next at ")
    assert said[3].startswith("hook all: HTTP status 500; 4 tries failed, next at ")
    assert said[-1].startswith(f"hook all: HTTP status 500; {len(said)} tries failed; given up")
    assert database.call(events, limit=1)[0].words == "webhook given up, hook all"
    hooked.export("lost")
    database.call_write(retry_hook, "all")
    hooked.export("jsonl")
    hooked.drain()
    assert hooked.got[-2:] == ["csv", "jsonl"]
    assert capsys.readouterr().err == f"hook all: works again, after {len(said)} tries that failed\n"


def test_a_receiver_that_is_gone_is_given_up_at_once(hooked: Hooked) -> None:
    hooked.receiver.will(410)
    hooked.export()
    hooked.step()
    assert hooked.state.words == "given up"


def test_a_secret_that_is_lost_is_said_and_holds_nothing_else_up(
    hooked: Hooked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HOOK_SECRET")
    hooked.export()
    hooked.step()
    assert "environment variable HOOK_SECRET: found no secret" in str(hooked.state.error)
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    hooked.clock.forward(60)
    hooked.drain()
    assert hooked.got == ["csv"]


def test_faces_are_told_in_batches_without_names(hooked: Hooked) -> None:
    ann = Visitor(hooked.settings).sign_in("ann")
    first, second, third = ann.page(limit=3).tiles
    assert ann.decide(keep(first), keep(second, action="exclude", label=None), keep(third)).status_code == 200
    assert not hooked.step(), "they wait for more"
    hooked.clock.forward(3_600)
    hooked.drain()
    (got,) = hooked.receiver.got
    told = {face["sample"] for face in got.said["data"]["faces"]}
    assert told == {tile["sample"] for tile in (first, second, third)}
    assert b"ann" not in got.body
    assert first["key"].encode() not in got.body


def test_every_message_is_as_openapi_says(empty: Workspace, use_workspace: Use, receiver: Receiver) -> None:
    hooked = Hooked(use_workspace(empty), receiver)
    for readings in (1, 2):  # as another process does it
        add_round(empty, review=ReviewSettings(readings=readings))
    with empty.database() as db:
        fail_round(db, start_round(db, {}, code_version="1"), "no faces")
        cancel_round(db, start_round(db, {}, code_version="1"))
    ann, bob = (Visitor(hooked.settings).sign_in(name) for name in ("ann", "bob"))
    tiles = ann.page(2, limit=4).tiles
    assert ann.decide(*(keep(tile, round=2) for tile in tiles)).status_code == 200
    excluded = [keep(tile, round=2, action="exclude", label=None) for tile in tiles[:2]]
    assert bob.decide(*excluded, keep(tiles[2], round=2)).status_code == 200
    hooked.clock.forward(3_600)
    hooked.drain()
    with empty.database() as db:
        close_round(db, 2)
    hooked.export()
    hooked.drain()
    came = {got.said["type"] for got in receiver.got}
    assert came == set(HOOK_EVENTS) == set(EVENTS)
    for got in receiver.got:
        Draft202012Validator(message_schema(got.said["type"])).validate(got.said)
    assert list(Draft202012Validator(message_schema("round.closed")).iter_errors(receiver.got[0].said))


@pytest.fixture
def senders(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[HookSenders]]:
    """Those that a test starts, which look every 10 ms."""
    monkeypatch.setattr(sender_module, "LOOK_S", 0.01)
    started: list[HookSenders] = []
    yield started
    for each in started:
        each.stop()


def test_a_hook_that_hangs_holds_up_no_other_no_answer_and_no_stop(
    workspace: Workspace, use_workspace: Use, receiver: Receiver, new_receiver: Callable[[], Receiver],
    senders: list[HookSenders],
) -> None:  # fmt: skip
    settings, well = use_workspace(workspace), new_receiver().listen()
    receiver.will(receiver.hang)
    hooks = [hook_to(receiver, "hangs"), hook_to(well, "well")]
    database.call_write(sync_hooks, hooks)
    senders.append(HookSenders(hooks, workspace, "abc"))
    senders[0].start()
    database.call_write(keep_event, "labels exported", {"format": "csv"}, by=None)
    hanging = receiver.came.get(timeout=PATIENCE_S)
    assert well.came.get(timeout=PATIENCE_S).said["type"] == "labels.exported"
    ann = Visitor(settings).sign_in("ann")
    assert ann.decide(keep(ann.page(limit=1).tiles[0])).status_code == 200
    senders[0].stop()
    database.close()
    state, _ = database.call(hook_states)
    assert (state.name, state.waiting, state.tries) == ("hangs", 1, 0), "a stop is no fault of the receiver"
    again = HookSender(hooks[0], workspace, "abc")
    again.step()
    assert receiver.came.get(timeout=PATIENCE_S).said == hanging.said, "the same message, with the same id"


def test_a_file_holds_the_secret(hooked: Hooked, tmp_path: Path) -> None:
    file = hooked.settings.workspace.path / "hook.secret"
    file.write_text(f"{ANOTHER}\n", encoding="ascii")
    hooked.hook = HookSettings("all", hooked.receiver.url, secret_file="hook.secret", allow_http=True)
    hooked.sender = hooked.new_sender()
    hooked.export()
    hooked.drain()
    assert hooked.receiver.got[0].is_signed_by(ANOTHER)
    file.write_text("hunter2\n", encoding="ascii")
    hooked.export()
    hooked.drain()
    error = str(hooked.state.error)
    assert "found a secret of another form; allowed: whsec_" in error
    assert "hunter2" not in error
