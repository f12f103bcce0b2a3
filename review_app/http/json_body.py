"""Bodies of requests as plain values: strict JSON, and checks that say where, what was found and what is allowed."""

from __future__ import annotations

import json
import math
import re
import reprlib
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NoReturn, TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request

from review_app.http.errors import ApiError
from scn_core.errors import error_text

MAX_BODY = 1_000_000
_TAKEN = 40
"""A body that is too large is taken up to so many times what it may be before it is refused: a proxy that cannot hand
on the rest would tell its client 502 instead. More than the proxies of docs/administration.md let through."""
ID_MAX = 2**63 - 1
"""SQLite's largest number."""

UUID_PATTERN = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"

_DIGITS = 19
_FLOAT_LENGTH = 40
"""JavaScript and Python write no number longer than 25 characters."""
_PARSED_AT_ONCE = 16_384
"""Bytes. A longer body is parsed in a thread: a megabyte takes long enough for everybody else to notice."""
_UUID = re.compile(UUID_PATTERN)
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")  # all but the newline
_T = TypeVar("_T")
_W = TypeVar("_W", bound=str)


async def read_body(request: Request, limit: int = MAX_BODY) -> bytes:
    """The body, or ApiError where it is larger than `limit`."""
    too_large = ApiError(413, "too_large", f"the body is larger than {limit:,} bytes; send fewer at a time")
    declared = request.headers.get("content-length", "0")
    if not declared.isdecimal() or len(declared) > _DIGITS or int(declared) > _TAKEN * limit:
        raise too_large
    parts, size = [], 0
    try:
        async for part in request.stream():
            size += len(part)
            if size > _TAKEN * limit:
                raise too_large
            if size <= limit:
                parts.append(part)
    except ClientDisconnect as error:
        raise ApiError(400, "bad_request", "the connection ended within the body") from error
    if size > limit:
        raise too_large
    return b"".join(parts)


async def read_json(request: Request) -> Fields:
    """The body as the fields of one JSON object."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise ApiError(415, "not_json", f"found content type {kind[:80]!r}; allowed: application/json")
    body = await read_body(request)
    return parse(body) if len(body) <= _PARSED_AT_ONCE else await run_in_threadpool(parse, body)


def parse(body: bytes) -> Fields:
    """Strict JSON: no double keys, no NaN, no numbers that are not finite or too long."""
    try:
        value = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_without_doubles,
            parse_constant=_no_constant,
            parse_int=_short_int,
            parse_float=_finite,
        )
    except UnicodeDecodeError as error:
        raise _bad("", "bytes that are not UTF-8", "JSON as UTF-8") from error
    except json.JSONDecodeError as error:
        raise _bad("", f"no JSON ({error})", "a JSON object") from error
    except RecursionError as error:
        raise _bad("", "JSON nested too deep", "lists and objects a few levels deep") from error
    return Fields(value, "")


class Fields:
    """An object whose fields are taken one by one; `end` refuses those nobody asked for."""

    def __init__(self, value: object, at: str) -> None:
        if not isinstance(value, dict):
            raise _bad(at, shown(value), "an object")
        self._values: dict[str, Any] = value
        self._at = at
        self._taken: set[str] = set()

    def end(self) -> None:
        """To be called when all fields are taken."""
        if strange := sorted(self._values.keys() - self._taken):
            raise _bad(self._at, f"field {shown(strange[0])}", ", ".join(sorted(self._taken)))

    def integer(self, name: str, low: int = 1, high: int = ID_MAX) -> int:
        """A whole number; required."""
        return self._number(self._take(name), name, low, high)

    def maybe_integer(self, name: str, low: int = 0, high: int = ID_MAX) -> int | None:
        """A whole number, null or absent."""
        value = self._take(name, None)
        return None if value is None else self._number(value, name, low, high, " or null")

    def share(self, name: str, default: float) -> float:
        """A number from 0 to 1."""
        value = self._take(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise self.refusal(name, value, "a number from 0 to 1")
        return float(value)

    def flag(self, name: str) -> bool:
        """True or false; absent: false."""
        value = self._take(name, False)
        if not isinstance(value, bool):
            raise self.refusal(name, value, "true or false")
        return value

    def word(self, name: str, words: Sequence[_W], default: _W | None = None) -> _W:
        """One of some words; required unless there is a default."""
        value = self._take(name) if default is None else self._take(name, default)
        for word in words:
            if value == word:
                return word
        raise self.refusal(name, value, ", ".join(words))

    def uuid(self, name: str) -> str:
        """A UUID; required."""
        value = self._take(name)
        if not isinstance(value, str) or not _UUID.fullmatch(value):
            raise self.refusal(name, value, "a UUID in lower case, with dashes")
        return value

    def maybe_uuid(self, name: str) -> str | None:
        """A UUID, null or absent."""
        return None if self._take(name, None) is None else self.uuid(name)

    def maybe_text(self, name: str, longest: int) -> str | None:
        """Text of 1 to `longest` characters without control characters but newlines, null or absent."""
        value = self._take(name, None)
        if value is None:
            return None
        allowed = f"1 to {longest:,} characters, or null"
        if not isinstance(value, str) or not 1 <= len(value) <= longest:
            raise self.refusal(name, value, allowed)
        if control := _CONTROL.search(value):
            raise self.refusal(name, control.group(), "text without control characters but newlines")
        if not _is_unicode(value):
            raise self.refusal(name, value, "text without half characters (lone surrogates)")
        return value

    def integers(self, name: str, most: int) -> list[int]:
        """A list of at most `most` ids; absent: empty."""
        values = self._list(name, [], 0, most)
        return [self._number(value, f"{name}[{i}]", 1, ID_MAX) for i, value in enumerate(values)]

    def objects(self, name: str, most: int, read: Callable[[Fields], _T]) -> list[_T]:
        """A list of 1 to `most` objects, each read by `read`; required."""
        values = self._list(name, None, 1, most)
        return [read(Fields(value, self._path(f"{name}[{i}]"))) for i, value in enumerate(values)]

    def fields(self, name: str) -> Fields:
        """An object; absent: an empty one."""
        return Fields(self._take(name, {}), self._path(name))

    def json(self, name: str, longest: int) -> str:
        """An object as short JSON; absent: an empty one."""
        value = self._take(name, {})
        if not isinstance(value, dict):
            raise self.refusal(name, value, "an object")
        try:
            text = json.dumps(value, separators=(",", ":"), allow_nan=False)
        except RecursionError as error:
            raise self.refusal(name, value, "an object a few levels deep") from error
        if len(text) > longest:
            raise self.refusal(name, text, f"an object of at most {longest:,} bytes as JSON")
        return text

    def refusal(self, name: str, found: object, allowed: str) -> ApiError:
        """Of the value of a field; to be raised."""
        return _bad(self._path(name), shown(found), allowed)

    def _take(self, name: str, *default: object) -> Any:
        self._taken.add(name)
        if name not in self._values and not default:
            raise self.refusal(name, None, "a value; it is missing")
        return self._values.get(name, *default)

    def _list(self, name: str, default: list[object] | None, least: int, most: int) -> list[Any]:
        value = self._take(name) if default is None else self._take(name, default)
        if not isinstance(value, list) or not least <= len(value) <= most:
            found = f"{len(value):,} of them" if isinstance(value, list) else shown(value)
            raise _bad(self._path(name), found, f"a list of {least} to {most:,}")
        return value

    def _number(self, value: Any, name: str, low: int, high: int, other: str = "") -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise self.refusal(name, value, f"a whole number from {low} to {high}{other}")
        return value

    def _path(self, name: str) -> str:
        return f"{self._at}.{name}" if self._at else name


def shown(value: object) -> str:
    """A value as a message quotes it: short, and without what a terminal or a log would act on."""
    text = ascii(value) if isinstance(value, str) else ascii(reprlib.repr(value))[1:-1]
    return text if len(text) <= 80 else text[:77] + "..."


def _bad(at: str, found: str, allowed: str) -> ApiError:
    return ApiError(400, "bad_request", error_text(at or "body", found, allowed), at=at)


def _without_doubles(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        (double, _), *_ = Counter(name for name, _ in pairs).most_common(1)
        raise _bad("", f"field {shown(double)} twice", "each field once")
    return found


def _no_constant(text: str) -> NoReturn:
    raise _bad("", text, "finite numbers")


def _short_int(text: str) -> int:
    if len(text) > _DIGITS + 1:
        raise _bad("", f"a number of {len(text):,} digits", f"numbers of at most {_DIGITS} digits")
    return int(text)


def _finite(text: str) -> float:
    if len(text) > _FLOAT_LENGTH:
        raise _bad("", f"a number of {len(text):,} characters", f"numbers of at most {_FLOAT_LENGTH} characters")
    value = float(text)
    if not math.isfinite(value):
        raise _bad("", shown(text), "finite numbers")
    return value


def _is_unicode(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
