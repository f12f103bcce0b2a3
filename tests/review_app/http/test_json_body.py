"""What is strict JSON, and what a field may be. The messages say where, what was found and what is allowed."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from typing import Any

import pytest
from starlette.requests import Request

from review_app.api.bodies import DecisionsBody, LeaseBody, PageBody, TilesBody
from review_app.http.errors import ApiError
from review_app.http.json_body import parse, read_body

ID = "0f8fad5b-d9cb-469f-a165-70867728950e"
DECISION = {"id": ID, "round": 1, "sample": 2, "action": "keep", "label": 0}


def refused(body: bytes, read: Any = DecisionsBody.read) -> ApiError:
    with pytest.raises(ApiError) as caught:
        read(parse(body))
    assert (caught.value.status, caught.value.code) == (400, "bad_request")
    assert len(str(caught.value)) < 400
    assert str(caught.value).isascii()
    return caught.value


def decisions(**changes: Any) -> bytes:
    return json.dumps({"decisions": [DECISION | changes]}).encode()


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b"", "no JSON"),
        (b"{", "no JSON"),
        (b"[]", "found []"),
        (b"null", "found None"),
        (b'"text"', "found 'text'"),
        (b"\xff\xfe", "not UTF-8"),
        (b'{"a": NaN}', "found NaN"),
        (b'{"a": -Infinity}', "found -Infinity"),
        (b'{"a": 1e999}', "'1e999'"),
        (b'{"a": ' + b"9" * 5000 + b"}", "a number of 5,000 digits"),
        (b'{"a": 0.' + b"9" * 5000 + b"}", "a number of 5,002 characters"),
        (b'{"a": 1, "a": 2}', "field 'a' twice"),
        (b"[" * 100_000, "nested too deep"),
        (b'{"decisions": ' + b"[" * 600 + b"]" * 600 + b"}", "decisions[0]: found [["),
        (b'{"decisions": [], "\\u001b[31m": 1}', "decisions: found 0 of them; allowed: a list of 1 to 500"),
    ],
)
def test_what_is_no_body_is_refused(body: bytes, found: str) -> None:
    assert found in str(refused(body))


def test_a_name_that_comes_twice_among_many_is_found_at_once() -> None:
    """Names were counted anew for each of them: a minute and a half of the server for one request."""
    names = ",".join(f'"{number}":0' for number in [*range(90_000), 89_999])
    before = time.process_time()
    assert "field '89999' twice" in str(refused(f"{{{names}}}".encode()))
    assert time.process_time() - before < 10


def test_a_decision_arrives_as_it_was_sent() -> None:
    sent = DECISION | {"bulk": str(uuid.uuid4()), "blind": True, "ms": 1200, "shown": {"alpha": 0.25, "tags": ["é"]}}
    (read,) = DecisionsBody.read(parse(json.dumps({"decisions": [sent]}).encode())).of("ann")
    assert (read.id, read.round, read.sample_id, read.action, read.label, read.person) == (ID, 1, 2, "keep", 0, "ann")
    assert (read.bulk, read.blind, read.milliseconds) == (sent["bulk"], True, 1200)
    assert json.loads(read.shown) == sent["shown"]
    assert (read.undoes, read.text) == (None, None)


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", "two\nlines", "🙂 é 漢", "'; DROP TABLE decision; --", "x" * 2000]
)
def test_a_note_is_any_text(text: str) -> None:
    (read,) = DecisionsBody.read(parse(decisions(action="note", label=None, text=text))).of("ann")
    assert read.text == text


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", None), ("id", 5), ("id", ID.upper()), ("id", "{" + ID + "}"), ("id", ID.replace("-", "")),
        ("id", ID + "\n"), ("id", "../../etc/passwd"), ("id", ["a"]),
        ("round", "1"), ("round", 1.0), ("round", True), ("round", 0), ("round", -1), ("round", 2**63), ("round", None),
        ("sample", {}), ("sample", 10**18 * 10), ("sample", 1.5),
        ("action", "delete"), ("action", "KEEP"), ("action", None), ("action", ["keep"]),
        ("label", "0"), ("label", -1), ("label", 10_000), ("label", 0.0), ("label", False),
        ("undoes", "x"), ("undoes", 1), ("bulk", ""), ("bulk", ID.upper()),
        ("text", "for a keep"), ("text", 5), ("text", ""),
        ("blind", 1), ("blind", "true"), ("blind", None), ("ms", -1), ("ms", 1.5), ("ms", "12"), ("ms", 2**63),
        ("shown", "{}"), ("shown", None), ("shown", []), ("shown", {"a": "x" * 2048}),
        ("person", "bob"), ("decided_at", "2020-01-01"), ("__proto__", {}),
    ],
)  # fmt: skip
def test_a_wrong_field_is_named(field: str, value: object) -> None:
    assert field in str(refused(decisions(**{field: value})))


@pytest.mark.parametrize("text", ["a\0b", "\x1b[31m", "a\rb", "a\tb", "\x9f", "\ud800", "x" * 2001, "", None, 7])
def test_a_note_without_proper_text_is_refused(text: object) -> None:
    error = refused(decisions(action="note", label=None, text=text))
    assert error.at == "decisions[0].text"


@pytest.mark.parametrize("field", ["id", "round", "sample", "action"])
def test_a_missing_field_is_named(field: str) -> None:
    error = refused(json.dumps({"decisions": [{k: v for k, v in DECISION.items() if k != field}]}).encode())
    assert f"decisions[0].{field}: found None; allowed: a value; it is missing" in str(error)


def test_too_many_and_doubles_are_refused() -> None:
    many = [DECISION | {"id": str(uuid.uuid4())} for _ in range(501)]
    assert "501 of them" in str(refused(json.dumps({"decisions": many}).encode()))
    assert len(DecisionsBody.read(parse(json.dumps({"decisions": many[:500]}).encode())).decisions) == 500
    assert "an id twice" in str(refused(json.dumps({"decisions": [DECISION, DECISION]}).encode()))


def test_deep_json_in_shown_is_stored_whole_or_refused() -> None:
    def nested(levels: int) -> bytes:
        return decisions().replace(b'"label": 0', b'"label": 0, "shown": {"a": ' + b"[" * levels + b"]" * levels + b"}")

    (read,) = DecisionsBody.read(parse(nested(100))).of("ann")
    assert read.shown == '{"a":' + "[" * 100 + "]" * 100 + "}"
    assert "nested too deep" in str(refused(nested(2_000)))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("state", "closed"), ("state", 1), ("order", "suspicion; DROP TABLE score"), ("given", "sad"), ("given", -1),
        ("proposed", 1.0), ("unproposed", "yes"), ("label", []), ("alpha_from", -0.1), ("alpha_to", 1.01),
        ("alpha_from", "0"), ("alpha_to", None), ("alpha_from", True), ("flagged", 0), ("reviewer", 5),
        ("reviewer", "x" * 201), ("grouped", "pair"), ("limit", 5),
    ],
)  # fmt: skip
def test_a_wrong_filter_is_named(field: str, value: object) -> None:
    body = json.dumps({"round": 1, "limit": 10, "filter": {field: value}}).encode()
    assert f"filter.{field}" in str(refused(body, PageBody.read)) or f"field {field!r}" in str(
        refused(body, PageBody.read)
    )


@pytest.mark.parametrize(
    ("read", "body", "at"),
    [
        (PageBody.read, {"filter": {}, "limit": 10}, "round"),
        (PageBody.read, {"round": 1, "filter": {}}, "limit"),
        (PageBody.read, {"round": 1, "filter": [], "limit": 10}, "filter"),
        (PageBody.read, {"round": 1, "filter": {}, "limit": 201}, "limit"),
        (PageBody.read, {"round": 1, "filter": {}, "limit": 0}, "limit"),
        (PageBody.read, {"round": 1, "filter": {}, "limit": 1, "have": [1, "2"]}, "have[1]"),
        (PageBody.read, {"round": 1, "filter": {}, "limit": 1, "have": [1] * 2001}, "have"),
        (PageBody.read, {"round": 1, "filter": {}, "limit": 1, "have": {"1": 1}}, "have"),
        (PageBody.read, {"round": 1, "filter": {}, "limit": 1, "cursor": 5}, "cursor"),
        (PageBody.read, {"round": 1, "filter": {}, "limit": 1, "cursor": "x" * 1001}, "cursor"),
        (PageBody.read, {"round": 1, "filter": {}, "limit": 1, "offset": 5}, ""),
        (TilesBody.read, {"round": 1, "samples": [1] * 201}, "samples"),
        (TilesBody.read, {"round": 1, "samples": [None]}, "samples[0]"),
        (LeaseBody.read, {"renew": [-1]}, "renew[0]"),
        (LeaseBody.read, {"release": "all"}, "release"),
        (LeaseBody.read, {"person": 1}, ""),
    ],
)
def test_other_bodies_are_as_strict(read: Any, body: object, at: str) -> None:
    assert refused(json.dumps(body).encode(), read).at == at


@pytest.mark.parametrize(("parts", "taken"), [(1, 1), (7, 7), (100, 41)])
def test_a_body_that_is_too_large_is_taken_before_it_is_refused(parts: int, taken: int) -> None:
    """A proxy that cannot hand on the rest would tell its client 502; of more than proxies let through, no longer."""
    asked = 0

    async def receive() -> dict[str, Any]:
        nonlocal asked
        asked += 1
        return {"type": "http.request", "body": b"x" * 1_000_000, "more_body": asked < parts}

    request = Request({"type": "http", "method": "POST", "headers": []}, receive)
    if parts == 1:
        assert len(asyncio.run(read_body(request))) == 1_000_000
    else:
        with pytest.raises(ApiError, match="larger than 1,000,000 bytes") as caught:
            asyncio.run(read_body(request))
        assert caught.value.status == 413
    assert asked == taken
