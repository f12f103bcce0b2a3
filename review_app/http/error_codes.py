"""What routes answer where they do not do what was asked: the code for programs, its status, and what it means."""

from __future__ import annotations

CODES: dict[str, tuple[int, str]] = {
    "bad_request": (400, "a field, the body or the address says something that is not allowed"),
    "bad_name": (400, "no name that a person can have"),
    "no_cookies": (400, "the browser keeps no cookies"),
    "refused": (400, "does not fit what is in the workspace"),
    "wrong_host": (400, "the server does not answer to this host name"),
    "wrong_way": (400, "this is not for whoever asked; the text says what is"),
    "access_token_wrong": (401, "the access token is unknown, revoked or expired"),
    "no_session": (401, "not signed in, or not any more"),
    "ticket_used": (401, "the log-in link has been used"),
    "ticket_wrong": (401, "the log-in link is too old or of another server"),
    "token_expired": (401, "the token of the page is too old; GET /api/token gives another"),
    "token_wrong": (401, "the token of the page is missing or of another session"),
    "wrong_password": (401, "name and password do not belong together"),
    "has_password": (403, "this person signs in with a password"),
    "not_active": (403, "this person may not sign in any more"),
    "role": (403, "for leads only"),
    "unknown_person": (403, "a lead has to add this person first"),
    "wrong_origin": (403, "a change must come from a page of this server, or with an access token"),
    "no_picture": (404, "the face has no picture to show"),
    "no_round": (404, "there is no such round"),
    "not_found": (404, "there is nothing at this address"),
    "method": (405, "the address takes another method"),
    "blind": (409, "an audit face: nothing that might suggest its answer is said before that"),
    "no_features": (409, "the round kept no features of its faces, or none of this one"),
    "too_large": (413, "the body is too large; send less at a time"),
    "not_json": (415, "the body is not application/json"),
    "too_many": (429, "too many wrong attempts; wait for the seconds in Retry-After"),
    "database": (500, "the database cannot be used"),
    "files": (500, "the server cannot use a file or folder; the text says which, and what stands in the way"),
    "defect": (500, "a mistake of the server; its log says more"),
    "crowded": (503, "very many are trying to sign in; try again after the seconds in Retry-After"),
    "busy": (503, "another program is writing to the database; try again"),
    "not_ready": (503, "answers cannot be stored now; the text says why"),
    "stopping": (503, "the server is stopping or being restarted; send the request again"),
    "too_slow": (503, "reading took too long; try again"),
    "disk_full": (507, "the disk of the server is full, nothing was stored"),
}

ANY_ROUTE = ("wrong_host", "defect", "database", "files", "busy", "not_ready", "stopping", "too_slow")
OF_A_PERSON = ("no_session", "access_token_wrong", "not_active", "too_many")
"""Of routes that need a session or an access token."""
OF_A_BODY = (
    "bad_request", "refused", "token_expired", "token_wrong", "wrong_origin", "too_large", "not_json", "disk_full",
)  # fmt: skip
OF_A_ROUND = ("bad_request", "no_round")
"""Of routes that are asked for a round in the address."""
