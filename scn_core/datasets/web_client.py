"""The HTTP client by which pictures are fetched: it follows no redirect out of the root."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any


class LeadsOutError(Exception):
    """A redirect to somewhere that is not below the root."""


def web_client(root: str) -> Callable[..., Awaitable[Any]]:
    """What makes a client, as fsspec's HTTP file system asks for it; `root`: an http or https address."""
    head = root if root.endswith("/") else f"{root}/"

    async def made(**options: Any) -> Any:
        import aiohttp

        async def stay(session: object, context: object, about: Any) -> None:
            target = about.response.headers.get("Location") or about.response.headers.get("URI") or ""
            if not str(about.url.join(type(about.url)(target))).startswith(head):
                raise LeadsOutError("a redirect that leads out of the root")

        trace = aiohttp.TraceConfig()
        trace.on_request_redirect.append(stay)
        return aiohttp.ClientSession(trace_configs=[trace], **options)

    return made
