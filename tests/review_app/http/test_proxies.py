"""Who is believed about the browser behind a proxy."""

from __future__ import annotations

import os
import re
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from review_app import settings
from review_app.auth import login
from review_app.http import proxies
from review_app.http.proxies import forwarded, read_network
from review_app.settings import AppSettings
from scn_core.errors import UsageError
from scn_core.workspace.folder import Workspace
from tests.browser.server import Served
from tests.review_app.visitor import Visitor

TRUSTED = tuple(map(read_network, ("127.0.0.1", "10.0.0.0/8", "fd00::/8")))


def seen(*headers: tuple[str, str], client: str = "127.0.0.1", kind: str = "http") -> tuple[str, str, str]:
    """Address, scheme and host of a request with these headers, from this address."""
    raw = [(name.encode(), value.encode()) for name, value in (("host", "inner"), *headers)]
    scheme = "http" if kind == "http" else "ws"
    scope: dict[str, Any] = {"type": kind, "scheme": scheme, "client": (client, 9), "headers": raw}
    found = forwarded(scope, TRUSTED)
    hosts = [value.decode() for name, value in found["headers"] if name == b"host"]
    return found["client"][0], found["scheme"], ",".join(hosts)


@pytest.mark.parametrize(
    ("chain", "address"),
    [
        (["192.0.2.1"], "192.0.2.1"), (["192.0.2.1, 10.1.1.1"], "192.0.2.1"), (["6.6.6.6, 192.0.2.1"], "192.0.2.1"),
        (["6.6.6.6", "192.0.2.1, 10.0.0.9"], "192.0.2.1"), (["10.0.0.1, 10.0.0.2"], "10.0.0.1"),
        (["192.0.2.1:4711"], "192.0.2.1"), (["[2001:db8::1]:80"], "2001:db8::1"),
        (["2001:db8::1, fd00::2"], "2001:db8::1"),
        (["::ffff:192.0.2.1"], "192.0.2.1"), (["6.6.6.6, unknown"], "127.0.0.1"),
        (["6.6.6.6, unknown, 10.0.0.1"], "10.0.0.1"),
        ([""], "127.0.0.1"), ([], "127.0.0.1"), (["' OR 1=1"], "127.0.0.1"),
    ],
)  # fmt: skip
def test_the_nearest_stranger_is_the_browser(chain: list[str], address: str) -> None:
    assert seen(*(("x-forwarded-for", value) for value in chain))[0] == address


def test_scheme_and_host_are_those_of_the_nearest_proxy() -> None:
    https, host = ("x-forwarded-proto", "http, HTTPS"), ("x-forwarded-host", "evil.test, review.example.org:8443")
    assert seen(https, host)[1:] == ("https", "review.example.org:8443")
    assert seen(https, kind="websocket")[1] == "wss"
    assert seen(("x-forwarded-proto", "javascript"), ("x-forwarded-host", " "))[1:] == ("http", "inner")


@pytest.mark.parametrize("client", ["192.0.2.7", "::1", "testclient", "11.0.0.1"])
def test_strangers_are_not_believed(client: str) -> None:
    headers = (("x-forwarded-for", "127.0.0.1"), ("x-forwarded-proto", "https"), ("x-forwarded-host", "localhost"))
    assert seen(*headers, client=client) == (client, "http", "inner")
    assert seen(*headers, client="::ffff:10.0.0.1")[0] == "127.0.0.1", "an IPv4 address in the dress of IPv6"


@pytest.mark.parametrize(("behind_hub", "address"), [(True, "192.0.2.1"), (False, None)])
def test_who_has_no_address_is_believed_behind_a_hub_alone(behind_hub: bool, address: str | None) -> None:
    """There it is the hub; elsewhere a connection that was lost meanwhile."""
    headers = [(b"host", b"inner"), (b"x-forwarded-for", b"192.0.2.1"), (b"x-forwarded-proto", b"https")]
    scope: dict[str, Any] = {"type": "http", "scheme": "http", "client": None, "headers": headers}
    found = forwarded(scope, TRUSTED, behind_hub=behind_hub)
    assert (found["client"] and found["client"][0], found["scheme"]) == (address, "https" if behind_hub else "http")


@pytest.mark.parametrize("said", ["", "localhost", "10.0.0.1/8", "10.0.0.0/33", "*"])
def test_what_is_no_network_is_refused(said: str) -> None:
    with pytest.raises(UsageError, match="--trusted-proxy: found"):
        read_network(said)


@pytest.fixture
def given(workspace: Workspace, use_workspace: Callable[[Workspace], AppSettings]) -> Iterator[AppSettings]:
    login.forget_attempts()
    use_workspace(workspace)
    chosen = replace(settings.current(), trusted_proxies=(read_network("127.0.0.1"),))
    settings.use(chosen)
    yield chosen
    login.forget_attempts()


def test_a_proxy_speaks_for_a_known_host_only(given: AppSettings) -> None:
    """A page of evil.test that had its name lead to this machine can write every header but Host."""
    visitor = Visitor(given)
    assert visitor.get("/health", Host="evil.test", **{"X-Forwarded-Host": "localhost"}).json()["code"] == "wrong_host"
    assert visitor.get("/health", Host="localhost", **{"X-Forwarded-Host": "evil.test"}).json()["code"] == "wrong_host"
    assert visitor.get("/health", Host="localhost", **{"X-Forwarded-Host": "127.0.0.1"}).status_code == 200


def test_a_proxy_that_keeps_the_scheme_to_itself_is_told_of_once(
    given: AppSettings, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proxies, "_warned", set())

    def warned(**headers: str) -> int:
        sent = {"Origin": "https://127.0.0.1:8501", "X-Forwarded-For": "192.0.2.1"} | headers
        assert Visitor(given).client.post("/login", data={"name": "ann"}, headers=sent).status_code == 303
        return caplog.text.count("cookies are not marked Secure; in nginx: proxy_set_header X-Forwarded-Proto $scheme")

    assert [warned(**{"X-Forwarded-Proto": "https"}), warned(), warned()] == [0, 1, 1]


def test_waits_go_by_the_address_behind_the_proxy(given: AppSettings) -> None:
    given = replace(given, auth="password")
    settings.use(given)
    proxy = Visitor(given)

    def guess(address: str) -> int:
        headers = {"Origin": "http://127.0.0.1:8501", "X-Forwarded-For": f"{address}, 192.0.2.9"}
        return proxy.client.post(
            "/login", data={"name": "x", "password": "wrong password"}, headers=headers
        ).status_code

    assert [guess(f"192.0.2.{number}") for number in range(6)] == [401] * 5 + [429], "made-up addresses do not help"


def test_nobody_on_this_machine_is_believed_unasked(workspace: Workspace) -> None:
    """uvicorn would believe them: a cookie marked Secure shows it."""
    served = Served(workspace)
    try:
        headers = {"Origin": served.url, "X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.1"}
        request = urllib.request.Request(f"{served.url}/login", b"name=ann", headers)
        opener = urllib.request.build_opener(_NoRedirect)
        with pytest.raises(urllib.error.HTTPError) as caught, opener.open(request, timeout=60):
            pass
        cookie = caught.value.headers["Set-Cookie"]
        caught.value.close()
        assert re.search(r"SameSite=Lax$", cookie)
    finally:
        served.stop()
    assert "ignored the X-Forwarded headers of 127.0.0.1" in served.said()
    assert "FORWARDED_ALLOW_IPS" not in os.environ


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None
