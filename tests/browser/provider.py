"""A small OpenID provider: metadata, sign-in with a choice of accounts, signed tokens, sign-out."""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

CLIENT = "the client"
ACCOUNTS = ("ann@example.org", "eve@example.org")


class Provider(ThreadingHTTPServer):
    """At `url`; who is signed in is a cookie of the browser's."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.key = RSAKey.generate_key(2048, {"kid": "k", "use": "sig", "alg": "RS256"}, private=True)
        self.codes: dict[str, tuple[str, str]] = {}
        """By code: account and nonce."""
        self.ends_sessions = True
        """Whether the metadata has an end_session_endpoint."""
        self.prompts: list[str] = []
        self.ended: list[tuple[str, str]] = []
        """Whose session was ended, as their ID token says, and where that led."""

    def id_token(self, account: str, nonce: str) -> str:
        now = int(time.time())
        claims = {
            "iss": self.url, "aud": CLIENT, "sub": account, "iat": now, "exp": now + 600, "nonce": nonce,
            "email": account, "email_verified": True,
        }  # fmt: skip
        return jwt.encode({"alg": "RS256", "kid": "k"}, claims, self.key)


class _Handler(BaseHTTPRequestHandler):
    server: Provider

    def log_message(self, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        path, asked = urlsplit(self.path).path, self._asked(urlsplit(self.path).query)
        match path:
            case "/.well-known/openid-configuration":
                self._json(self._metadata())
            case "/jwks":
                self._json(KeySet([self.server.key]).as_dict(private=False))
            case "/authorize":
                self._authorize(asked)
            case "/choose":
                self._enter(asked, asked["account"])
            case "/end_session":
                self._end_session(asked)
            case _:
                self.send_error(404)

    def do_POST(self) -> None:
        asked = self._asked(self.rfile.read(int(self.headers["Content-Length"])).decode())
        account, nonce = self.server.codes.pop(asked["code"])
        token = self.server.id_token(account, nonce)
        self._json({"access_token": "a", "token_type": "Bearer", "expires_in": 600, "id_token": token})

    def _metadata(self) -> dict[str, Any]:
        url = self.server.url
        ends = {"end_session_endpoint": f"{url}/end_session"} if self.server.ends_sessions else {}
        return {
            "issuer": url, "authorization_endpoint": f"{url}/authorize", "token_endpoint": f"{url}/token",
            "jwks_uri": f"{url}/jwks", "response_types_supported": ["code"], "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"], **ends,
        }  # fmt: skip

    def _authorize(self, asked: dict[str, str]) -> None:
        self.server.prompts.append(asked.get("prompt", ""))
        known = SimpleCookie(self.headers.get("Cookie", "")).get("provider_session")
        if known is not None and known.value and asked.get("prompt") not in ("select_account", "login"):
            self._enter(asked, known.value)
            return
        links = "".join(
            f'<p><a href="/choose?{escape(urlencode({**asked, "account": account}))}">{account}</a></p>'
            for account in ACCOUNTS
        )
        self._answer(
            f"<h1>{'One of' if known and known.value else 'Choose'} your accounts</h1>{links}".encode(), "text/html"
        )

    def _enter(self, asked: dict[str, str], account: str) -> None:
        code = secrets.token_hex(8)
        self.server.codes[code] = account, asked["nonce"]
        target = f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"
        self._go(target, cookie=f"provider_session={account}")

    def _end_session(self, asked: dict[str, str]) -> None:
        claims = jwt.decode(asked["id_token_hint"], self.server.key, algorithms=["RS256"]).claims
        self.server.ended.append((claims["email"], asked["post_logout_redirect_uri"]))
        self._go(asked["post_logout_redirect_uri"], cookie="provider_session=; Max-Age=0")

    def _asked(self, query: str) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(query).items()}

    def _go(self, target: str, *, cookie: str) -> None:
        self.send_response(302)
        self.send_header("Location", target)
        self.send_header("Set-Cookie", f"{cookie}; Path=/")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _json(self, value: object) -> None:
        self._answer(json.dumps(value).encode(), "application/json")

    def _answer(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def provider() -> Iterator[Provider]:
    """A provider at work."""
    with Provider() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server
        server.shutdown()
        thread.join()
