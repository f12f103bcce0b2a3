"""The running hash of decisions: each row's hash covers its content and the hash of the row before.

Never changes, as rows keep the hashes they were written with; docs/database.md describes it for others to recompute.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

HASHED = (
    "seq", "id", "round_id", "sample_id", "person_id", "action", "label", "undoes", "shown", "blind", "bulk",
    "milliseconds", "decided_at", "text", "adjudicates",
)  # fmt: skip
"""Columns of table decision that the hash covers, in this order: numbers of faces and people, never their names."""


def running_hash(before: str | None, row: Sequence[int | str | None]) -> str:
    """SHA-256, in hexadecimal, of the JSON array of `before` and the values of HASHED.

    The JSON is ASCII without spaces, other characters as \\uXXXX. `before` is the hash of the row before; for the first
    row, and after one without a hash, it is the empty text.
    """
    content = json.dumps([before or "", *row], separators=(",", ":"))
    return hashlib.sha256(content.encode("ascii")).hexdigest()
