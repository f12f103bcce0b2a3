"""Damaged inputs from sound ones, by a seed: what a wire, a broken program or bad intentions make of them."""

from __future__ import annotations

import copy
import csv
import io
import json
import os
import random
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from scn_core.errors import ScnError

INPUTS = int(os.environ.get("INPUTS", "200"))
"""How many each reader gets."""

Mutation = Callable[[bytes, random.Random], bytes]

WORDS = (
    b"", b"\0", b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"\xed\xa0\x80", b'"', b"'", b"\\", b"\n", b"\r", b"\r\n",
    b"\r\n\r\n", b",", b";", b"\t", b"|", b"sep=;\n", b"=", b"[", b"]", b"{", b"}", b"[" * 1_500, b'{"a":' * 1_500,
    b"null", b"true", b"NaN", b"-Infinity", b"1e999", b"-1", b"0", b"1.5", b"9" * 30, b"9" * 5_000, b"2147483648",
    b"9223372036854775808", b"\xc2\xb2", b"\xd9\xa3", b"\xf0\x9d\x9f\x99", b"\xe2\x80\xa8", b"\xc2\x85",
    b"\xe2\x80\xae", b"%00", b"%", b"..", b"../../etc/passwd", b"/", b"//", b"C:\\", b"~", b"<script>", b"--",
    b"x" * 300, b"x" * 7_000, b"\x1b[31m", b"=1+1", b"#", b"\0" * 64, b"\xff" * 64,
)  # fmt: skip
"""What readers stumble over."""

VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2**31, 2**63, -(2**63), 10**400, 0.5, 1e308, -0.0, "", "0", "1", "a", "\0", "\ud800",
    "\u202e", "x" * 3_000, "ann", "keep", "happy", [], {}, [[]], [None], [1, "2"], {"a": None}, [[[[[]]]]], "NaN",
    float("nan"), float("inf"),
)  # fmt: skip
"""What stands in the place of another value of JSON."""


def any_bytes(seed: bytes, chance: random.Random) -> bytes:
    """One to four changes of bytes."""
    changed = bytearray(seed)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(changed) + 1)
        end = min(len(changed), at + chance.choice((1, 1, 2, 8, 64)))
        match chance.randrange(8):
            case 0 if at < end:
                changed[at] ^= 1 << chance.randrange(8)
            case 1 if at < end:
                changed[at] = chance.choice((0, 1, 127, 128, 255, chance.randrange(256)))
            case 2:
                del changed[at:end]
            case 3:
                changed[at:at] = changed[at:end] * chance.choice((1, 2, 50))
            case 4:
                changed[at:end] = chance.randbytes(end - at)
            case 5:
                changed[at:end] = chance.choice(WORDS)
            case 6:
                changed[at:at] = chance.choice(WORDS)
            case 7 if chance.random() < 0.3:
                del changed[at:]
    return bytes(changed)


def json_values(seed: bytes, chance: random.Random) -> bytes:
    """One to three values of JSON, or of a line of it, are others, are gone or have another name."""
    lines = seed.splitlines() if b"}\n{" in seed else [seed]
    at = chance.randrange(len(lines))
    content: list[Any] = [json.loads(lines[at])]
    for _ in range(chance.randint(1, 3)):
        holder, place = chance.choice(_places(content))
        match chance.randrange(4):
            case 0 if isinstance(holder, dict):
                holder[chance.choice((*map(str, holder), "label", "__proto__", ""))] = holder.pop(place)
            case 1 if holder is not content:
                del holder[place]
            case 2:
                holder[place] = [holder[place]] * chance.choice((1, 2, 2, 60))
            case _:
                holder[place] = copy.deepcopy(chance.choice(VALUES))
        if not content:
            break
    lines[at] = json.dumps(content[0]).encode()
    return b"\n".join(lines)


def _places(holder: Any) -> list[tuple[Any, Any]]:
    keys = list(holder) if isinstance(holder, dict) else range(len(holder)) if isinstance(holder, list) else ()
    return [place for key in keys for place in [(holder, key), *_places(holder[key])]]


def csv_cells(seed: bytes, chance: random.Random) -> bytes:
    """One to four cells of a table are others, are gone or come twice."""
    rows = list(csv.reader(io.StringIO(seed.decode(), newline="")))
    cells = [cell for row in rows for cell in row]
    for _ in range(chance.randint(1, 4)):
        row = chance.choice(rows)
        at = chance.randrange(len(row) + 1)
        word = chance.choice((*cells[:40], chance.choice(WORDS).decode("utf-8", "replace")))
        match chance.randrange(4):
            case 0:
                row.insert(at, word)
            case 1:
                del row[at : at + 1]
            case _:
                row[at : at + 1] = [word]
    file = io.StringIO(newline="")
    csv.writer(file, chance.choice(("excel", "excel-tab", "unix"))).writerows(rows)
    return file.getvalue().encode("utf-8", "replace")


class Inputs:
    """Inputs for one reader: by their number always the same."""

    def __init__(self, name: str, seeds: Sequence[bytes], *mutations: Mutation) -> None:
        """`mutations`: one of these, or `any_bytes`, makes each input."""
        self.name, self.seeds = name, seeds
        self.mutations = (any_bytes, *mutations)

    def __getitem__(self, number: int) -> bytes:
        chance = random.Random(f"{self.name} {number}")
        return chance.choice(self.mutations)(chance.choice(self.seeds), chance)


def tried(inputs: Inputs, read: Callable[[bytes], object], count: int = INPUTS) -> None:
    """Reads so many inputs; AssertionError names the first that ends in anything else than a result or an ScnError."""
    counted: Counter[str] = Counter()
    for number in range(count):
        try:
            read(inputs[number])
            counted["read"] += 1
        except ScnError as error:
            counted["refused" if len(str(error)) > 10 else "refused without a reason"] += 1
        except Exception as error:
            raise AssertionError(f"{inputs.name}, input {number}: {error!r}; {inputs[number][:2000]!r}") from error
    report(inputs.name, counted)
    assert not counted["refused without a reason"]


def report(name: str, counted: Counter[str]) -> None:
    """Says what became of the inputs."""
    print(f"{name}: {counted.total():,} inputs, {dict(sorted(counted.items()))}", flush=True)
