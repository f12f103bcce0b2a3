"""JSON Schemas of what the routes answer. A test holds real answers against them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

from review_app.http.body_schema import Schema
from scn_core.picture_records import PICTURE_ISSUES
from scn_core.records import ACTIONS, ANSWERS, DOUBTS, QueueKind, RoundState
from scn_core.store.decisions.batches import REFUSAL_CODES
from scn_core.workspace.backup.archive import Cause


def _object(properties: dict[str, Schema], optional: Sequence[str] = ()) -> Schema:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _list(items: Schema, about: str = "") -> Schema:
    return {"type": "array", "items": items} | ({"description": about} if about else {})


def _is(kind: str | list[str], about: str = "", **more: Any) -> Schema:
    return {"type": kind, **more} | ({"description": about} if about else {})


def _or_null(schema: Schema) -> Schema:
    words = {"enum": [*schema["enum"], None]} if "enum" in schema else {}
    return schema | {"type": [schema["type"], "null"]} | words


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


_NUMBER = _is("integer", minimum=0)
_TEXT = _is("string")
_SHARE = _is("number", minimum=0, maximum=1)
_ACTION = _is("string", enum=list(ACTIONS))

_TILE = {
    "item": _is("integer", "of the face in the queue of the round, the same for every reader; what leases name"),
    "sample": _is("integer", "number of the face"),
    "key": _is("string", "name of the picture in the data set"),
    "kind": _is("string", "why it is in the queue", enum=list(get_args(QueueKind))),
    "given": _is("integer", "label that the round began with"),
    "original": _or_null(_is("integer", "label of the data set")),
    "since": _or_null(_is("integer", "earlier round in which people decided `given`; null: nobody did")),
    "proposed": _or_null(_is("integer", "proposed label")),
    "alpha": _or_null(
        _is("number", "importance; null too in a round made from opinions, which has none", minimum=0, maximum=1)
    ),
    "margin": _or_null(_is("number", minimum=-1, maximum=1)),
    "suspicion": _or_null(_SHARE),
    "doubt": _or_null(_is("string", enum=list(DOUBTS))),
    "second": _or_null(_is("integer", "second choice after the proposal")),
    "bars": _list(_list(_is("number")), "likeliest classes as [class, probability], likeliest first"),
    "action": _or_null(_is("string", "newest answer; null: to review", enum=list(ANSWERS))),
    "label": _or_null(_is("integer", "label that the answer stands for")),
    "by": _or_null(_is("string", "who answered")),
    "at": _or_null(_is("string", "when, ISO 8601 in UTC")),
    "decision": _or_null(_is("string", "id of the answer")),
    "flag": _or_null(_is("string", "id of your own flag")),
    "flagged": _is("boolean", "anyone has a flag on it"),
    "note": _or_null(_is("string", "newest note")),
    "noteBy": _or_null(_TEXT),
    "skip": _or_null(_is("string", "id of your own skip")),
    "blind": _is(
        "boolean",
        "an audit face, of any round in review, not answered yet: all that might suggest an answer is null",
    ),
    "copies": _list(
        _object(
            {
                "sample": _is("integer", "number of the face"),
                "given": _is("integer", "label that the round began with"),
                "proposed": _or_null(_is("integer", "proposed label")),
                "decision": _or_null(_is("string", "id of the answer; null: to review, or not asked about")),
                "by": _or_null(_is("string", "who answered; the grid leaves what others answered")),
            }
        ),
        "faces with the same pixels, which one answer settles when it is sent for each of them with one `bulk`",
    ),
    "copiesApart": _is("integer", "more faces with the same pixels, asked about separately as audit faces", minimum=0),
    "issues": _list(_is("string", enum=list(PICTURE_ISSUES)), "what is wrong with the picture"),
}
_TODAY = _is("integer", "faces you answered since midnight UTC, in whatever round", minimum=0)


def _progress(of: str) -> Schema:
    counts = {
        "open": _is("integer", "faces to review that `filter` lets through for you"),
        "checked": _is("integer", "faces of the round that you answered"),
        "wrong": _is("integer", "of these: the label was wrong"),
    }
    return {"oneOf": [_object(counts), {"type": "null"}], "description": of}


_PACE = {
    "today": _TODAY,
    "total": _is("integer", "your answers in the round that stand", minimum=0),
    "per_minute": _or_null(_is("number", "answers in each of your last 30 minutes; null: under 5 answers")),
    "left": _is("integer", "faces of the round that are to review for you", minimum=0),
    "seconds_left": _or_null(_is("number", "for these, at this pace")),
}
_BRIEF = _object(
    {"id": _TEXT, "sample": _NUMBER, "action": _ACTION, "label": _or_null(_NUMBER), "text": _or_null(_TEXT)}
)
_UNIT = _object({"bulk": _or_null(_TEXT), "decisions": _list(_BRIEF), "redo_of": _list(_TEXT)})
_PAST = _object(
    {
        "by": _TEXT, "action": _ACTION, "label": _or_null(_NUMBER), "text": _or_null(_TEXT), "at": _TEXT,
        "round": _NUMBER, "live": _is("boolean", "not taken back"),
        "broughtBack": _is("boolean", "an undo of an undo: what was taken back stands again"),
    }
)  # fmt: skip
_DETAIL = _TILE | {
    "item": _or_null(_TILE["item"]),
    "kind": _or_null(_TILE["kind"]),
    "flagged": _is("boolean"),
    "dynamics": _is(["object", "null"], "alpha and margin, one value an epoch"),
    "neighbours": _is(["object", "null"], "numbers of confident faces like this one, for two labels"),
    "votes": _list(
        _object({"label": _or_null(_NUMBER), "answer": _TEXT, "votes": _NUMBER}),
        "labels of several people that the data set came with, most first; label: null where the answer is no class",
    ),
    "opinions": _list(
        _object({"source": _TEXT, "label": _NUMBER, "probabilities": _list(_SHARE, "of each class")}),
        "what other models say, with the likeliest class of each; empty for a blind face",
    ),
    "unread": _is("boolean", "not all readings are in, so nobody sees what others say"),
    "probabilities": _list(_SHARE, "of each class; empty: not shown, or not known"),
    "history": _list(_PAST),
}
_IN_REVIEW = _list(_is("integer"), "rounds that take answers, newest first")
_STATE = _is("string", enum=list(get_args(RoundState)))

ANSWER_SCHEMAS: dict[str, Schema] = {
    "Error": _object(
        {
            "error": _is("string", "for people"), "code": _is("string", "for programs"),
            "at": _is("string", "where in the body, such as decisions[3].label"),
        },
        optional=("at",),
    ),
    "Tile": _object(_TILE),
    "Pace": _object(_PACE),
    "Page": _object(
        {
            "items": _list(_ref("Tile")),
            "lost": _list(_is("integer"), "items of `have` that somebody else holds now"),
            "cursor": _or_null(_is("string", "where the next page begins; null: at the end, or faces were leased")),
            "learned": _or_null(_is("integer", "decided faces that the order was learned from; null: it was not")),
            "open": _is("integer", "faces to review that the filter lets through, without those you skipped"),
            "matching": _or_null(_is("integer", "faces that the filter lets through; null with state `open`")),
            "checked": _is("integer", "faces of the round that you answered"),
            "wrong": _is("integer", "of these: the label was wrong, as they got another one or were excluded"),
            "repeats": _is("boolean", "some faces of the round are asked once more; they are in no number"),
            "pair": {
                "oneOf": [
                    _object(
                        {
                            "given": _is("integer"),
                            "proposed": _or_null(_is("integer", "null: no proposal, or none that may be shown")),
                            "open": _is("integer", "its faces to review under the filter, without those you skipped"),
                        }
                    ),
                    {"type": "null"},
                ],
                "description": "with `grouped`: given and proposed label of all faces of the page",
            },
            "skipped": _is("integer", "faces you skipped that the filter lets through"),
            "lease_s": _is("number", "seconds that a lease lasts"),
            "pace": _ref("Pace"),
            "in_review": _IN_REVIEW,
            "round": _object({"id": _NUMBER, "state": _STATE}),
        }
    ),
    "Lease": _object(
        {
            "held": _list(_is("integer"), "items"), "lease_s": _is("number"), "in_review": _IN_REVIEW,
            "today": _TODAY,
            "progress": _progress("in the round that was named; null: none was, or counting takes long"),
        }
    ),
    "Recorded": _object(
        {
            "saved": _list(_TEXT, "ids of decisions"),
            "refused": _list(
                _object({"id": _TEXT, "error": _TEXT, "code": _is("string", enum=list(REFUSAL_CODES))})
            ),
            "pace": {
                "oneOf": [_ref("Pace"), {"type": "null"}],
                "description": "in the round of the last decision saved; null: none was",
            },
            "progress": _progress("in the same round; null too where counting takes long, as under some filters"),
            "in_review": _IN_REVIEW,
        }
    ),
    "History": _object({"undo": _list(_UNIT, "newest first"), "redo": _list(_UNIT, "newest first")}),
    "Sample": _object(_DETAIL),
    "Classes": _object({"classes": _list(_object({"number": _NUMBER, "name": _TEXT}))}),
    "Rounds": _object(
        {"rounds": _list(_object({"id": _NUMBER, "state": _STATE}), "newest first"), "in_review": _IN_REVIEW}
    ),
    "Exported": _object(
        {
            "name": _is("string", "of the file, for GET /api/export/{name}"), "sha256": _TEXT, "bytes": _NUMBER,
            "revision": _is("string", "newest round, decision and change of the data set, such as r2-d1543"),
        }
    ),
    "BackupMade": _object(
        {
            "name": _is("string", "of the file, for GET /api/backup/{name}"), "bytes": _NUMBER,
            "cause": _is("string", enum=list(get_args(Cause))), "made_at": _is("string", "UTC, ISO-8601"),
            "by": _is("string", "who asked for it"), "decisions": _is("integer", "in it"),
            "revision": _is("string", "newest round, decision and change of the data set, such as r2-d1543"),
            "whole": _is("boolean", "the files of rounds are in it"),
            "pictures": _is("boolean", "the pictures of faces are in it"),
            "missing_pictures": _is("integer", "pictures that were not there"),
            "removed": _list(_TEXT, "names of older ones, with `keep`"),
            "fuller": _list(_TEXT, "names of older ones that were kept: no newer one has all their files"),
        }
    ),
    "Token": _object({"token": _TEXT, "person": _NUMBER, "workspace": _TEXT}),
    "Ready": _object({"ready": _is("boolean")}),
    "Health": _object({"ok": _is("boolean"), "workspace": _TEXT, "round": _or_null(_NUMBER)}),
}  # fmt: skip
