"""Messages to other programs, written in the transaction of what they tell of; `hook_delivery` has them sent.

A hook is a receiver that workspace.toml names. Messages hold numbers and ids, never the name of a person or a picture,
so that both can be erased. Nothing is written where no hook wants to be told.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlite_utils import Database

from scn_core.hook_settings import HookEvent

_WANTS = "given_up_at IS NULL AND EXISTS (SELECT 1 FROM json_each(events) WHERE value IN ({}))"
_TELL = f"INSERT INTO hook_message (hook_id, event, data) SELECT id, :event, :data FROM hook WHERE {_WANTS}"
_TELL_FACE = f"INSERT OR IGNORE INTO hook_face (hook_id, round_id, sample_id) SELECT id, ?, ? FROM hook WHERE {_WANTS}"


def tell(db: Database, event: HookEvent, data: Mapping[str, Any]) -> None:
    """Write a message for each hook that wants to be told of it. To be called within the transaction that does it."""
    db.execute(_TELL.format(":event"), {"event": event, "data": json.dumps(dict(data))})


def tell_face(db: Database, round_id: int, sample_id: int) -> None:
    """Have a later message tell what the answers to a face come to by then. To be called within a transaction."""
    db.execute(_TELL_FACE.format("?, ?"), (round_id, sample_id, "faces.decided", "faces.conflict"))
