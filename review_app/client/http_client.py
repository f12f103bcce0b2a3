"""The server's routes as methods, over plain HTTP with an access token."""

from __future__ import annotations

import json
import os
import random
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from http.client import HTTPException, HTTPResponse, IncompleteRead
from pathlib import Path
from ssl import SSLError
from typing import Any, TypeVar
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from review_app.client.decision import Decision
from review_app.client.failures import ClientError, reason_of, refusal_of, unreachable
from review_app.client.records import (
    BackupMade,
    Classes,
    Exported,
    Face,
    FaceDetails,
    Health,
    History,
    Lease,
    Page,
    Ready,
    Recorded,
    Round,
    Rounds,
    read_record,
)
from scn_core.errors import UsageError, error_text
from scn_core.files import replaced
from scn_core.records import QueueFilter

T = TypeVar("T")

URL_VARIABLE, TOKEN_VARIABLE = "REVIEW_URL", "REVIEW_TOKEN"
NO_TOKEN = f"no token: set {TOKEN_VARIABLE} or --token-file"
MOST_DECISIONS = 500
"""That the server takes in one request."""
_MOST_HELD = 2_000
_NEED_NO_TOKEN = ("/health", "/ready")
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.25, 10.0
_PIECE = 2**20
NOTHING: Mapping[str, object] = {}


class _NoRedirects(HTTPRedirectHandler):
    """The token goes to the address that was named and nowhere else."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


class Client:
    """A server as a script sees it. Every method sends one request, and answers with records of `client.records`.

    Every request but `make_backup` can be sent twice without harm: reading changes nothing, leases are renewed,
    decisions count once by their ids, and an export of the same labels is the same file. So what does not come through,
    or is refused with 408, 425, 429, 502, 503 or 504, is sent again until `patience_s` has passed, after as long as the
    server asks for. Raises ClientError where that does not help, and for all other refusals at once.
    """

    def __init__(
        self, url: str | None = None, token: str | None = None, *, patience_s: float = 60.0, timeout_s: float = 30.0,
        tab: str | None = None,
    ) -> None:  # fmt: skip
        """`url`: as in the address bar, with the base path, by default $REVIEW_URL; `token`: of the page Access tokens,
        by default $REVIEW_TOKEN; without one there are `health` and `ready` alone. `timeout_s`: seconds without a byte
        from the server. `tab`: a UUID for this program where several of yours hold faces at once, so that none frees
        what another one holds. Raises UsageError for an address that is none.
        """
        self._tab = tab
        self.url = _checked((url or os.environ.get(URL_VARIABLE, "")).strip().rstrip("/"))
        self._token = (token or os.environ.get(TOKEN_VARIABLE, "")).strip()
        self._patience_s, self._timeout_s = patience_s, timeout_s
        self._opener = build_opener(_NoRedirects)
        if not self._token.isascii() or not self._token.isprintable():
            raise UsageError(error_text("token", "characters that no token has", "one from the page Access tokens"))

    def classes(self) -> Classes:
        """Names and numbers of the classes."""
        return self._ask(Classes, "GET", "/api/classes")

    def rounds(self) -> Rounds:
        """All rounds, and those that take answers."""
        return self._ask(Rounds, "GET", "/api/rounds")

    def page(
        self,
        round: int,
        where: QueueFilter | None = None,
        *,
        limit: int = 50,
        have: Sequence[int] = (),
        cursor: str | None = None,
        leave_out: Sequence[int] = (),
    ) -> Page:
        """Up to `limit` faces (1 to 200); leases them where they are to review. `faces` goes through all pages.

        `have`: items you hold already. `cursor`: of the page before. `leave_out`: with `where.grouped`, items whose
        pairs this page shall not be of.
        """
        body = {"round": round, "filter": asdict(where or QueueFilter()), "limit": limit, "have": list(have)}
        return self._page("/api/page", body | {"cursor": cursor, "leave_out": list(leave_out), "tab": self._tab})

    def tiles(self, round: int, samples: Sequence[int]) -> Page:
        """Faces by their numbers, 200 at most; leases nothing."""
        return self._page("/api/tiles", {"round": round, "samples": list(samples)})

    def alike(self, round: int, sample: int, *, pair: bool = False, limit: int = 50) -> Page:
        """Faces to review that look like one, most alike first, which are leased.

        `pair`: only those of the same given and proposed label.
        """
        body = {"round": round, "sample": sample, "pair": pair, "limit": limit, "tab": self._tab}
        return self._page("/api/alike", body)

    def lease(
        self, *, renew: Sequence[int] = (), release: Sequence[int] = (), round: int | None = None,
        where: QueueFilter | None = None,
    ) -> Lease:  # fmt: skip
        """Hold items for another two minutes, or give them back; 2,000 of each at most. With `round`, one in review,
        the answer says how far you are in it, counting what `where` lets through."""
        asked = {"round": round, "filter": asdict(where or QueueFilter()), "tab": self._tab}
        return self._ask(Lease, "POST", "/api/lease", body={"renew": list(renew), "release": list(release), **asked})

    def decide(self, decisions: Sequence[Decision], where: QueueFilter | None = None) -> Recorded:
        """Record answers, marks and undos, in requests of 500; those that are refused are in the answer.

        `where`: the filter of the faces that its `progress.open` counts.
        """
        parts = [decisions[at : at + MOST_DECISIONS] for at in range(0, len(decisions), MOST_DECISIONS)]
        done = Recorded((), (), None, None, ())
        for part in parts:
            body = {"decisions": [each.as_dict() for each in part], "filter": asdict(where or QueueFilter())}
            now = self._ask(Recorded, "POST", "/api/decisions", body=body)
            done = replace(
                now,
                saved=done.saved + now.saved,
                refused=done.refused + now.refused,
                pace=now.pace or done.pace,
                progress=now.progress or done.progress,
            )
        return done

    def history(self, round: int) -> History:
        """What you can undo and redo in a round."""
        return self._ask(History, "GET", "/api/history", query={"round": round})

    def sample(self, sample: int, round: int) -> FaceDetails:
        """Everything about one face."""
        return self._ask(FaceDetails, "GET", "/api/sample/{id}", {"id": sample}, query={"round": round})

    def face(self, sample: int) -> bytes:
        """The picture of a face, as WebP."""
        return self._bytes("/face/{id}", sample)

    def thumb(self, sample: int) -> bytes:
        """The thumbnail of a face, as WebP."""
        return self._bytes("/thumb/{id}", sample)

    def make_export(self, format: str = "csv", *, pseudonyms: bool = False) -> Exported:
        """Export the labels as they are now into a file on the server; leads only. `export` fetches it.

        `pseudonyms`: reviewer-1, reviewer-2, ... in place of names.
        """
        body = {"format": format, "pseudonyms": pseudonyms}
        return self._ask(Exported, "POST", "/api/export", body=body, timeout_s=max(self._timeout_s, 600))

    def export(self, name: str, to: Path) -> Path:
        """An exported file or its manifest, written to `to` whole or not at all; leads only."""
        return self._file("/api/export/{name}", name, to)

    def make_backup(self, *, pictures: bool = False, keep: int | None = None) -> BackupMade:
        """Back up the workspace into a zip file on the server, while people work; leads only. `backup` fetches it.

        Not sent again once it came through, since each makes a file. `pictures`: with the pictures of all faces.
        `keep`: then remove all but so many of the newest backups made by hand.
        """
        body = {"pictures": pictures, "keep": keep}
        timeout_s = max(self._timeout_s, 600)
        return self._ask(BackupMade, "POST", "/api/backup", body=body, timeout_s=timeout_s, once=True)

    def backup(self, name: str, to: Path) -> Path:
        """A backup of the workspace, written to `to` whole or not at all, for its owner alone to read; leads only."""
        return self._file("/api/backup/{name}", name, to, private=True)

    def metrics(self) -> str:
        """Figures in the format of Prometheus; leads only."""
        return self._request("GET", "/metrics", accept="text/plain", read=lambda answer: answer.read().decode())

    def health(self) -> Health:
        """That the server lives and can read. Needs no token."""
        return self._ask(Health, "GET", "/health")

    def ready(self) -> Ready:
        """That answers can be stored now; raises ClientError where not. Needs no token."""
        return self._ask(Ready, "GET", "/ready")

    def faces(self, round: int, where: QueueFilter | None = None, *, batch: int = 50) -> Iterator[Face]:
        """The faces of a round one after another, fetched by `batch` (1 to 200).

        Faces to review (`where.state` open, the default) are leased to you as their page comes, and the ones that you
        left unanswered are given back when the iteration ends, which it does after 2,000 of them. Leases last two
        minutes: choose a batch that is answered in that time.
        """
        where = where or QueueFilter()
        leased = where.state == "open"
        held: set[int] = set()
        cursor: str | None = None
        try:
            while len(held) < _MOST_HELD:
                page = self.page(round, where, limit=batch, have=sorted(held), cursor=cursor)
                held -= set(page.lost)
                if leased:
                    held |= {face.item for face in page.items}
                yield from page.items
                cursor = page.cursor
                if not page.items if leased else cursor is None:
                    return
        finally:
            if held:
                with suppress(ClientError):  # they run out by themselves
                    self.lease(release=sorted(held)[:_MOST_HELD])

    def wait_for_round(
        self, number: int | None = None, *, timeout_s: float | None = None, every_s: float = 5.0
    ) -> Round:
        """The round of this number once it has ended training, well or badly: see its `state`. None: the newest.

        A round that is not there yet is waited for. One whose trainer was killed fails 130 s later at most. Raises
        ClientError with code `timed_out` after `timeout_s`.
        """
        end = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            known = self.rounds().rounds
            found = next((each for each in known if number in (None, each.id)), None)
            if found is not None and found.state != "running":
                return found
            if end is not None and time.monotonic() + every_s > end:
                asked = "no round yet" if number is None else f"no round {number}"
                state = asked if found is None else f"round {found.id} still {found.state}"
                raise ClientError(f"found {state} after {timeout_s:g} s; wait longer", "timed_out")
            time.sleep(every_s)

    def _page(self, path: str, body: dict[str, Any]) -> Page:
        return self._ask(Page, "POST", path, body=body)

    def _bytes(self, path: str, sample: int) -> bytes:
        return self._request("GET", path, {"id": sample}, accept="image/webp", read=lambda answer: answer.read())

    def _file(self, path: str, name: str, to: Path, *, private: bool = False) -> Path:
        def save(answer: HTTPResponse) -> Path:
            with replaced(to, private=private) as file:
                shutil.copyfileobj(answer, file, _PIECE)
                announced = answer.headers.get("content-length")
                if announced is not None and file.tell() != int(announced):
                    raise IncompleteRead(b"", int(announced) - file.tell())
            return to

        return self._request("GET", path, {"name": name}, accept="*/*", read=save)

    def _ask(
        self,
        kind: type[T],
        method: str,
        path: str,
        names: Mapping[str, object] = NOTHING,
        *,
        query: Mapping[str, object] = NOTHING,
        body: Mapping[str, Any] | None = None,
        timeout_s: float | None = None,
        once: bool = False,
    ) -> T:
        """The record that an answer holds."""

        def read(answer: HTTPResponse) -> T:
            return read_record(kind, json.load(answer))

        return self._request(method, path, names, query=query, body=body, timeout_s=timeout_s, read=read, once=once)

    def _request(
        self,
        method: str,
        path: str,
        names: Mapping[str, object] = NOTHING,
        *,
        read: Callable[[HTTPResponse], T],
        query: Mapping[str, object] = NOTHING,
        body: Mapping[str, Any] | None = None,
        accept: str = "application/json",
        timeout_s: float | None = None,
        once: bool = False,
    ) -> T:
        """`read` of the answer to a request, sent until it comes through or `once`; `path`: as in openapi.json."""
        if not self._token and path not in _NEED_NO_TOKEN:
            raise UsageError(NO_TOKEN)
        address = self.url + path.format_map({name: quote(str(value), safe="") for name, value in names.items()})
        headers = {"Accept": accept}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        if body is not None:
            headers["Content-Type"] = "application/json"
        request = Request(  # noqa: S310 (http or https, see __init__)
            f"{address}?{urlencode(query)}" if query else address,
            None if body is None else json.dumps(body).encode(),
            headers,
            method=method,
        )
        end = time.monotonic() + self._patience_s
        tries = 0
        while True:
            came_through = True
            try:
                with self._opener.open(request, timeout=timeout_s or self._timeout_s) as answer:
                    return read(answer)
            except HTTPError as error:
                with error:
                    refusal = refusal_of(error)
            except (URLError, ConnectionError, TimeoutError, SSLError, HTTPException) as error:
                refusal = unreachable(self.url, error)
                came_through = not isinstance(reason_of(error), ConnectionRefusedError)
            except (ValueError, KeyError, TypeError) as error:
                text = f"{self.url} answered with something that no review app says ({error!r}); look at the address"
                raise ClientError(text, "not_ours") from error
            wait = refusal.retry_after_s or min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2**tries) * random.uniform(0.5, 1)  # noqa: S311
            if (once and came_through) or not refusal.may_pass or time.monotonic() + wait > end:
                raise refusal
            time.sleep(wait)
            tries += 1


def _checked(url: str) -> str:
    """The address of a server, as it is. Raises UsageError for anything else, and quotes no password."""
    allowed = "the address of a server, such as http://127.0.0.1:8501"
    if "@" in url:
        found = "an address with a name or password in it"
        raise UsageError(error_text("url", found, allowed, "leave out what ends with @: the token says who asks"))
    try:
        parts = urlsplit(url)
        known = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # of the port, or of brackets
        known = False
    if not known:
        raise UsageError(error_text("url", repr(url), allowed, f"set {URL_VARIABLE}"))
    return url
