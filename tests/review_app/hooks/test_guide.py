"""docs/webhooks.md: its receiver takes what we send and nothing else, and it names every event, field and setting."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from review_app.api.webhooks import EVENTS
from review_app.hooks.post import Post
from review_app.hooks.signing import body_of, headers_of, secrets_of
from scn_core.hook_settings import HOOK_EVENTS, HookSettings
from scn_core.store.hook_delivery import HookMessage
from tests.review_app.hooks.receiver import ANOTHER, SECRET

GUIDE = (Path(__file__).parents[3] / "docs/webhooks.md").read_text(encoding="utf-8")
NOW = 1_800_000_000.0
EMPTY: Mapping[str, str] = {}


@pytest.fixture
def example() -> Iterator[subprocess.Popen[str]]:
    """The receiver of the guide, at any free port, at NOW."""
    (code,) = re.findall(r"<!-- receiver -->\n```python\n(.*?)```", GUIDE, re.DOTALL)
    assert code.count("time.time()") == 1
    code = code.replace("time.time()", str(NOW))
    told = {**os.environ, "SCN_HOOK_SECRET": SECRET, "PORT": "0"}
    words = [sys.executable, "-c", code]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, env=told, stdout=pipe, stderr=subprocess.DEVNULL, text=True) as process:
        yield process
        process.kill()


def test_the_receiver_of_the_guide_takes_what_is_signed_once(example: subprocess.Popen[str]) -> None:
    assert example.stdout is not None
    url = f"http://127.0.0.1:{example.stdout.readline().split()[-1]}/"
    ours, others = (
        secrets_of(HookSettings("ci", url, secret=secret, secret_in_clear=True), Path()) for secret in (SECRET, ANOTHER)
    )

    def status(number: str, secrets: list[bytes], at: float = NOW, changed: Mapping[str, str] = EMPTY) -> int:
        message = HookMessage(1, "ci", number, "round.closed", "2026-11-28T09:30:12.481Z", {"round": 3}, 0, None, None)
        body = body_of(message, "abc")
        return Post(url).send(body, {**headers_of(number, body, secrets, at), **changed}).status

    assert [status("msg_1", ours), status("msg_1", ours), status("msg_2", [*others, *ours])] == [204, 204, 204]
    assert [status("msg_3", others), status("msg_4", ours, NOW - 400)] == [401, 401]
    other_id, no_time = {"webhook-id": "msg_5"}, {"webhook-timestamp": "x"}
    assert [status("msg_1", ours, changed=other_id), status("msg_1", ours, changed=no_time)] == [401, 401]
    assert status("msg_6", ours) == 204
    lines = [example.stdout.readline() for _ in range(3)]
    assert lines == ["round.closed {'round': 3}\n"] * 3, "msg_1, msg_2 and msg_6, each once"


def names(schema: dict[str, Any]) -> set[str]:
    found = schema.get("properties", {})
    return set(found).union(*map(names, found.values()), *([names(schema["items"])] if "items" in schema else []))


def test_the_guide_names_every_event_field_and_setting() -> None:
    named = set(re.findall(r"`([\w.]+)(?: = true)?`", GUIDE))
    fields_of_data = set[str]().union(*(names(schema) for _, schema in EVENTS.values()))
    assert set(HOOK_EVENTS) - named == set()
    assert fields_of_data - named == set()
    assert {each.name for each in fields(HookSettings)} - named == set()
