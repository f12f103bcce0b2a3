"""JSON Schemas of the messages that hooks are sent, for /openapi.json. A test holds real messages against them."""

from __future__ import annotations

from typing import Any

from review_app.http.body_schema import Schema
from scn_core.hook_settings import HookEvent
from scn_core.records import ANSWERS

_ROUND: Schema = {"type": "integer", "minimum": 1, "description": "number of the round"}
_SAMPLE: Schema = {"type": "integer", "minimum": 1, "description": "number of the face"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_TEXT: Schema = {"type": "string"}


def _object(properties: dict[str, Schema], *, optional: tuple[str, ...] = ()) -> Schema:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required}


def _many(items: Schema, about: str) -> Schema:
    return {"type": "array", "items": items, "maxItems": 100, "description": about}


_FACE = _object(
    {
        "sample": _SAMPLE,
        "action": {"type": "string", "enum": list(ANSWERS), "description": "the answer that decides"},
        "label": {"type": ["integer", "null"], "description": "number of the class; null: unsure, exclude"},
        "class": {"type": ["string", "null"], "description": "its name"},
        "adjudicated": {"type": "boolean", "description": "a lead settled it"},
    }
)
EVENTS: dict[HookEvent, tuple[str, Schema]] = {
    "round.finished": (
        "A round was trained, unpacked or made from opinions, and is in review",
        _object({"round": _ROUND, "faces": _COUNT, "proposals": _COUNT}),
    ),
    "round.failed": ("The training of a round ended with an error; it can be resumed", _object({"round": _ROUND})),
    "round.cancelled": ("Somebody stopped the training of a round", _object({"round": _ROUND})),
    "round.closed": (
        "The review of a round ended",
        _object(
            {"round": _ROUND, "as_ended": {**_ROUND, "description": "the round whose end closed it"}},
            optional=("as_ended",),
        ),
    ),
    "faces.decided": (
        "Answers decided about faces, or took a decision back: as it is when the message is written",
        _object(
            {
                "round": _ROUND,
                "faces": _many(_FACE, "decided about, or decided about otherwise than before"),
                "reopened": _many(_SAMPLE, "faces about which nothing is decided any more"),
            }
        ),
    ),
    "faces.conflict": (
        "People answered faces differently, so that a lead has to settle them",
        _object({"round": _ROUND, "faces": _many(_SAMPLE, "those that nobody had settled when it was written")}),
    ),
    "labels.exported": (
        "Labels were exported",
        _object(
            {
                "format": {**_TEXT, "description": "as the command export names it, or consensus"},
                "revision": {**_TEXT, "description": "of the labels, as a manifest has it; none of a consensus"},
                "file": {**_TEXT, "description": "for GET /api/export/{name}; of exports that the server made"},
            },
            optional=("revision", "file"),
        ),
    ),
}
"""What each message tells, and its `data`."""


def message_schema(event: HookEvent) -> Schema:
    """The whole body of a message of this type. Later versions may add properties."""
    return _object(
        {
            "id": {**_TEXT, "description": "the same in every try, and as the header webhook-id"},
            "type": {"const": event},
            "timestamp": {**_TEXT, "format": "date-time", "description": "when it happened"},
            "workspace": {**_TEXT, "description": "tells workspaces apart; the same wherever the folder is moved"},
            "data": EVENTS[event][1],
        }
    )


def webhooks() -> dict[str, Any]:
    """The part `webhooks` of an OpenAPI description: one request for each event."""
    headers = [
        {"name": name, "in": "header", "required": True, "schema": _TEXT}
        for name in ("webhook-id", "webhook-timestamp", "webhook-signature")
    ]
    return {
        event: {
            "post": {
                "operationId": f"hook_{event.replace('.', '_')}",
                "summary": about,
                "parameters": headers,
                "requestBody": {"required": True, "content": {"application/json": {"schema": message_schema(event)}}},
                "responses": {"2XX": {"description": "the receiver has it; anything else, and it is sent again"}},
                "security": [],
            }
        }
        for event, (about, _) in EVENTS.items()
    }
