"""Streamlit's first page, with a script of ours in it, and the grid's modules fetched ahead."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.datastructures import MutableHeaders
from starlette.types import Message, Scope, Send

_NOT_PASSED_ON = (b"accept-encoding", b"if-none-match", b"if-modified-since")


def as_it_is(scope: Scope) -> Scope:
    """The request for a page that can be changed: whole and not compressed."""
    return {**scope, "headers": [each for each in scope["headers"] if each[0].lower() not in _NOT_PASSED_ON]}


def with_modules(send: Send, script: str, later: Sequence[str]) -> Send:
    """Sends on what is sent; a page of HTML with the module at the address `script`, which runs before the page's own.

    The modules at the addresses `later` are fetched once the page's own are: they are asked for when these have run.
    """
    first = f'<head><script type="module" src="{script}"></script>'.encode()
    last = "".join(f'<link rel="modulepreload" href="{address}">' for address in later).encode() + b"</head>"
    started: list[Message] = []
    parts: list[bytes] = []

    async def send_on(message: Message) -> None:
        if message["type"] == "http.response.start" and _is_page(message):
            started.append(message)
        elif message["type"] == "http.response.body" and started:
            parts.append(message.get("body", b""))
            if not message.get("more_body", False):
                page = b"".join(parts).replace(b"<head>", first, 1).replace(b"</head>", last, 1)
                headers = MutableHeaders(scope=started[0])
                headers["content-length"] = str(len(page))
                for name in ("etag", "last-modified"):  # of the page without it
                    del headers[name]
                await send(started[0])
                await send({"type": "http.response.body", "body": page})
        else:
            await send(message)

    return send_on


def _is_page(start: Message) -> bool:
    kind = MutableHeaders(scope=start).get("content-type", "")
    return start["status"] == 200 and kind.startswith("text/html")
