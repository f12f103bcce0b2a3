"""Pages of plain HTML that need no script, so that they work before anything else does; and errors as such pages."""

from __future__ import annotations

from functools import lru_cache
from html import escape
from pathlib import Path
from string import Template

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, Response

from review_app.http.errors import ApiError
from review_app.settings import current

_FOLDER = Path(__file__).parent


def html_page(title: str, content: str, *, bad: ApiError | None = None, head: str = "") -> Response:
    """A page; `content` and `head` are markup. `bad` is shown above the content and gives the status."""
    said = "" if bad is None else f'<p class="bad" role="alert">{escape(str(bad)[:1].upper() + str(bad)[1:])}.</p>'
    style = escape(current().url("/login/page.css"))
    html = Template(text_of("login_page.html")).substitute(
        title=title, said=said, content=content, style=style, head=head
    )
    headers = {"Retry-After": str(bad.retry_after_s)} if bad is not None and bad.retry_after_s else {}
    return HTMLResponse(html, 200 if bad is None else bad.status, headers)


def refusal_page(headers: Headers, refusal: ApiError) -> Response:
    """An error for whoever asks: a page for a browser that opens an address, JSON for everything else."""
    if "text/html" not in headers.get("accept", ""):
        return refusal.response()
    back = f'<a class="button" href="{escape(current().url("/"))}">To the first page</a>'
    return html_page("That did not work", back, bad=refusal)


@lru_cache
def text_of(name: str) -> str:
    """A file of this folder."""
    return (_FOLDER / name).read_text(encoding="utf-8")
