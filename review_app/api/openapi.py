"""/openapi.json: every route for programs, with the bodies as the functions that check them would have them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from review_app.api.answers import ANSWER_SCHEMAS
from review_app.api.bodies import AlikeBody, BackupBody, DecisionsBody, ExportBody, LeaseBody, PageBody, TilesBody
from review_app.api.webhooks import webhooks
from review_app.auth.endpoint import TOKEN_HEADER
from review_app.http.body_schema import Schema, schema_of
from review_app.http.error_codes import ANY_ROUTE, CODES, OF_A_BODY, OF_A_PERSON, OF_A_ROUND
from review_app.settings import current
from scn_core import __version__
from scn_core.store.queue.area import AREA_WORDS
from scn_core.store.queue.cells import CELL_WORDS
from scn_core.store.queue.filter import FACES_WORDS

BODIES: dict[str, Schema] = {
    "/api/page": schema_of(PageBody.read),
    "/api/tiles": schema_of(TilesBody.read),
    "/api/alike": schema_of(AlikeBody.read),
    "/api/lease": schema_of(LeaseBody.read),
    "/api/decisions": schema_of(DecisionsBody.read),
    "/api/export": schema_of(ExportBody.read),
    "/api/backup": schema_of(BackupBody.read),
}
ABOUT: dict[str, str] = {
    "filter": "which faces, and in which order; without it, faces to review by suspicion",
    "limit": "faces at most",
    "have": "items you hold already and do not want again",
    "cursor": "of the page before; null: from the beginning. Faces to review of a round in review need none: they are "
    "leased, and the next request gets others",
    "leave_out": "with `grouped`, of faces to review: items whose pairs this page shall not be of",
    "state": "`open`: to review; `answered`, or one answer: by anyone; `skipped`: by you",
    "given": "given label: number of a class",
    "proposed": "proposed label: number of a class",
    "unproposed": "only faces without a proposal; not together with `proposed`",
    "doubt": "how the network doubts the given label",
    "picture": "what is wrong with the picture; any: anything",
    "area": "only faces in this polygon on the round's map: " + AREA_WORDS,
    "cell": "only faces with these two labels: " + CELL_WORDS,
    "faces": "only these faces: " + FACES_WORDS,
    "opinions": "disagree: one of the other models sees another class than the given label as likeliest; agree: two or "
    "more of them see the same other class",
    "alpha_from": "importance from, a multiple of 0.05",
    "alpha_to": "importance to, a multiple of 0.05; the end is exclusive, but for 1",
    "flagged": "only faces with a flag of anyone",
    "noted": "only faces with a note of anyone that you may read",
    "reviewer": "only faces that this person answered",
    "order": "how faces are ordered; the learned order takes the place of `suspicion` once there is one",
    "grouped": "by pair of given and proposed label: those with a proposal first, of them the largest in the "
    "round first; a page holds one pair",
    "samples": "numbers of faces",
    "pair": "only faces of the same given and proposed label",
    "renew": "items to lease for another two minutes",
    "release": "items to give back, unless another tab of yours shows them",
    "tab": "of the browser tab that shows the faces, made by it: what another tab of yours shows stays leased",
    "decisions": "each is recorded or refused by itself; sent twice, one counts once",
    "id": "a new UUID, made by you",
    "round": "number of the round",
    "sample": "number of the face",
    "action": "accept, keep, relabel, unsure and exclude are answers; skip, flag and note are marks; undo takes back",
    "undoes": "for undo: id of the decision to take back; otherwise null",
    "text": "for note: the note; otherwise null",
    "bulk": "the same UUID for all answers given at once; audit faces, and faces answered since, are then refused",
    "blind": "no proposal was shown",
    "ms": "milliseconds since the decision before; without it the answer is no time worked",
    "shown": "what was shown of the face, for the log",
    "format": "what kind of file",
    "pictures": "with the pictures of all faces",
    "keep": "then all but so many of the newest backups made by hand are removed; null: none is",
    "pseudonyms": "reviewer-1, reviewer-2, ... in place of names",
    "before": "with `bulk`: the `decision` that the tile showed; null: it was to review",
}
LABELS = {
    "Filter": "number of a class: the given or the proposed label is this one",
    "Decision": "accept: the proposed label of the tile; keep: its given label; relabel: any class; otherwise null",
}
"""What `label` is, which has two meanings."""


@dataclass(frozen=True)
class Operation:
    """One method of one route."""

    method: Literal["get", "post"]
    path: str
    summary: str
    answer: str = ""
    """Name of a schema; empty: a picture or a file."""
    media: str = "application/json"
    query: tuple[str, ...] = ()
    also: dict[str, Any] = field(default_factory=dict)
    """Other kinds of the same answer, by media type."""
    anybody: bool = False
    """Needs no session and no token."""
    pages_only: bool = False
    """Takes no access token."""
    refuses: tuple[str, ...] = ()
    """Codes besides those that follow from the rest."""

    @property
    def codes(self) -> list[str]:
        """Of all errors that it answers with."""
        of_person = () if self.anybody else OF_A_PERSON
        of_body = OF_A_BODY if self.method == "post" else ()
        of_round = OF_A_ROUND if "round" in self.query else ()
        return sorted({*ANY_ROUTE, *of_person, *of_body, *of_round, *self.refuses})


_PACKED = {
    "application/octet-stream": {
        "schema": {
            "type": "string",
            "format": "binary",
            "description": "for pages without an access token, and with Accept: application/octet-stream: 4 bytes with "
            "the length of the header (big endian); the header, which is "
            "Page with `thumb` ([offset, length] behind the header, or null) and `missing` (why there is no "
            "picture) in each item; the thumbnails as WebP",
        }
    }
}
_NUMBER = {"type": "integer", "minimum": 1}
_NO_PICTURE = ("not_found", "no_picture")
OPERATIONS = (
    Operation("get", "/api/classes", "Names and numbers of the classes", "Classes"),
    Operation("get", "/api/rounds", "All rounds, and those that take answers", "Rounds"),
    Operation(
        "post",
        "/api/page",
        "A page of faces; leases them where it is faces to review",
        "Page",
        also=_PACKED,
        refuses=("no_round",),
    ),
    Operation(
        "post",
        "/api/tiles",
        "The same of faces named by number; leases nothing",
        "Page",
        also=_PACKED,
        refuses=("no_round",),
    ),
    Operation(
        "post",
        "/api/alike",
        "Faces to review that look like one, most alike first; leases them",
        "Page",
        also=_PACKED,
        refuses=("no_round", "not_found", "blind", "no_features"),
    ),
    Operation("post", "/api/lease", "Keep or give back leased faces", "Lease"),
    Operation("post", "/api/decisions", "Record answers, marks and undos", "Recorded"),
    Operation("get", "/api/history", "What you can undo and redo", "History", query=("round",)),
    Operation(
        "get", "/api/sample/{id}", "Everything about one face", "Sample", query=("round",), refuses=("not_found",)
    ),
    Operation(
        "post",
        "/api/export",
        "Export the labels as they are now into a file; leads only",
        "Exported",
        refuses=("role",),
    ),
    Operation(
        "get",
        "/api/export/{name}",
        "An exported file or its manifest; leads only",
        media="application/octet-stream",
        refuses=("role", "not_found"),
    ),
    Operation(
        "post",
        "/api/backup",
        "Back up the workspace into a zip file, while people work; leads only",
        "BackupMade",
        refuses=("role",),
    ),
    Operation(
        "get",
        "/api/backup/{name}",
        "A backup of the workspace, a zip file; leads only",
        media="application/zip",
        refuses=("role", "not_found"),
    ),
    Operation(
        "get",
        "/api/token",
        "The token of a page; for browsers with a session",
        "Token",
        pages_only=True,
        refuses=("wrong_way",),
    ),
    Operation("get", "/face/{id}", "The large picture of a face", media="image/webp", refuses=_NO_PICTURE),
    Operation("get", "/thumb/{id}", "The small picture of a face", media="image/webp", refuses=_NO_PICTURE),
    Operation("get", "/metrics", "Figures for Prometheus; leads only", media="text/plain", refuses=("role",)),
    Operation("get", "/health", "Whether the database can be read", "Health", anybody=True),
    Operation("get", "/ready", "Whether answers can be stored now", "Ready", anybody=True),
)


async def description(request: Request) -> Response:
    """GET /openapi.json, for anybody: it says nothing of the workspace."""
    return JSONResponse({**openapi(), "servers": [{"url": current().url("/").rstrip("/") or "/"}]})


@lru_cache(maxsize=1)
def openapi() -> dict[str, Any]:
    """The description of OpenAPI 3.1, without the address of this server."""
    paths: dict[str, dict[str, Any]] = {}
    for each in OPERATIONS:
        paths.setdefault(each.path, {})[each.method] = _operation(each)
    schemes = {
        "accessToken": {"type": "http", "scheme": "bearer", "description": "an access token"},
        "session": {"type": "apiKey", "in": "cookie", "name": "scn_session_*", "description": "of a browser"},
        "pageToken": {"type": "apiKey", "in": "header", "name": TOKEN_HEADER, "description": "of GET /api/token"},
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "Review of face labels", "version": __version__},
        "security": [{"accessToken": []}, {"session": [], "pageToken": []}],
        "paths": paths,
        "webhooks": webhooks(),
        "components": {"schemas": ANSWER_SCHEMAS, "securitySchemes": schemes},
    }


def _operation(each: Operation) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{each.answer}"} if each.answer else {"type": "string"}
    if not each.answer and each.media != "text/plain":
        schema["format"] = "binary"
    said: dict[str, Any] = {
        "operationId": re.sub(r"\W+", "_", f"{each.method} {each.path.removeprefix('/api')}").strip("_"),
        "summary": each.summary,
        "responses": {
            "200": {"description": "done", "content": {each.media: {"schema": schema}, **each.also}},
            **_errors(each.codes),
        },
    }
    names = re.findall(r"\{(\w+)\}", each.path)
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"} if name == "name" else _NUMBER}
        for name in names
    ] + [{"name": name, "in": "query", "required": True, "schema": _NUMBER} for name in each.query]
    if parameters:
        said["parameters"] = parameters
    if each.path in BODIES:
        schema = described(BODIES[each.path])
        said["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    if each.anybody:
        said["security"] = []
    elif each.pages_only:
        said["security"] = [{"session": []}]
    return said


def _errors(codes: Sequence[str]) -> dict[str, Any]:
    """The responses of these codes, by status. Nothing was changed by then."""
    found: dict[str, Any] = {}
    for status in sorted({CODES[code][0] for code in codes}):
        of_status = [code for code in codes if CODES[code][0] == status]
        error = {"allOf": [{"$ref": "#/components/schemas/Error"}, {"properties": {"code": {"enum": of_status}}}]}
        found[str(status)] = {
            "description": "; ".join(f"{code}: {CODES[code][1]}" for code in of_status),
            "content": {"application/json": {"schema": error}},
        }
    return found


def described(schema: Schema, place: str = "") -> Schema:
    """The schema with a description of each field."""
    found = dict(schema)
    if "items" in schema:
        found["items"] = described(schema["items"], "Decision")
    if "properties" in schema:
        found["properties"] = {
            name: {"description": LABELS[place] if name == "label" else ABOUT[name]}
            | described(each, "Filter" if name == "filter" else place)
            for name, each in schema["properties"].items()
        }
    return found
