"""One request to the receiver of a hook: no redirect is followed, and nothing of it takes long or much.

It is made on a connection of its own, straight to an address that was checked, never through a proxy of the
environment. What the receiver answers is its status; the body of the answer is not read.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from ipaddress import IPv4Address, IPv6Address, ip_address
from socket import AF_UNSPEC, SHUT_RDWR, SOCK_STREAM, gaierror, getaddrinfo, socket
from urllib.parse import urlsplit

REQUEST_S = 20.0
"""From looking up the name of the receiver to the status of its answer; the specification asks for 15 to 30."""
_MOST_WAIT_S = 86_400.0


@dataclass(frozen=True)
class Reply:
    """What a receiver answered."""

    status: int
    retry_after_s: float = 0.0
    """How long it asks to be left alone."""

    @property
    def error(self) -> str | None:
        """What is wrong with it, in words; None: the receiver has the message."""
        if 200 <= self.status < 300:
            return None
        redirect = ", a redirect, which is not followed" if 300 <= self.status < 400 else ""
        return f"HTTP status {self.status}{redirect}"

    @property
    def gone(self) -> bool:
        """Whether the receiver wants no more messages."""
        return self.status == 410


class PostError(Exception):
    """No answer was had; why, in words."""


class Post:
    """One request, which another thread may end."""

    def __init__(self, url: str, limit_s: float = REQUEST_S) -> None:
        self._url = urlsplit(url)
        self._limit_s = limit_s
        self._lock = threading.Lock()
        self._socket: socket | None = None
        self._ended: str | None = None

    def end(self, why: str) -> None:
        """Have `send` raise PostError with this reason, now or when it is called; after the first call, nothing."""
        with self._lock:
            self._ended = self._ended or why
            if self._socket is not None:
                with suppress(OSError):  # not connected yet, or closed
                    socket.shutdown(self._socket, SHUT_RDWR)  # of the class: TLS would want to say good-bye first

    def send(self, body: bytes, headers: Mapping[str, str]) -> Reply:
        """Post the body. Raises PostError where there is no answer."""
        timer = threading.Timer(self._limit_s, self.end, [f"no answer within {self._limit_s:g} s"])
        timer.daemon = True
        timer.start()
        try:
            return self._send(body, headers)
        except ssl.SSLCertVerificationError as error:
            raise PostError(self._ended or f"its certificate: {error.verify_message}") from error
        except gaierror as error:
            raise PostError(self._ended or f"no address for {self._url.hostname}: {error.strerror}") from error
        except (OSError, HTTPException, ValueError) as error:
            why = (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
            raise PostError(self._ended or why) from error
        finally:
            timer.cancel()
            self._keep(None)

    def _send(self, body: bytes, headers: Mapping[str, str]) -> Reply:
        host, secure = str(self._url.hostname), self._url.scheme == "https"
        port = self._url.port or (443 if secure else 80)
        target = (self._url.path or "/") + (f"?{self._url.query}" if self._url.query else "")
        with closing(HTTPSConnection(host, port) if secure else HTTPConnection(host, port)) as connection:
            connection.sock = self._connected(host, port, private=not secure)
            if secure:
                connection.sock = self._secured(connection.sock, host)
            connection.request("POST", target, body, {**headers, "Connection": "close"})
            answer = connection.getresponse()
            if self._ended:  # within the headers, whose end that looks like
                raise PostError(self._ended)
            return Reply(answer.status, _seconds(answer.getheader("Retry-After")))

    def _secured(self, plain: socket, host: str) -> ssl.SSLSocket:
        context = ssl.create_default_context()
        secured = context.wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False)
        try:
            self._keep(secured)  # the plain one is empty by now
            secured.do_handshake()
        except BaseException:
            secured.close()
            raise
        return secured

    def _connected(self, host: str, port: int, *, private: bool) -> socket:
        """A connection to the first address of the name that takes one."""
        failure: OSError | None = None
        for family, kind, protocol, _, address in getaddrinfo(host, port, AF_UNSPEC, SOCK_STREAM):
            if private and not is_private(ip_address(str(address[0]).partition("%")[0])):
                raise PostError(f"{host} is {address[0]}, which is not in a private network: it needs https")
            attempt = socket(family, kind, protocol)
            try:
                self._keep(attempt)
                attempt.settimeout(2 * self._limit_s)  # `end` comes before that, and says why
                attempt.connect(address)
            except BaseException as error:
                attempt.close()
                if not isinstance(error, OSError) or self._ended:
                    raise
                failure = error
            else:
                return attempt
        raise failure or PostError(f"no address for {host}")

    def _keep(self, opened: socket | None) -> None:
        """Where `end` finds it. Raises PostError where that was called already."""
        with self._lock:
            self._socket = opened
            if opened is not None and self._ended:
                raise PostError(self._ended)


def is_private(address: IPv4Address | IPv6Address) -> bool:
    """Whether it is of this machine or of a private network; never where clouds tell machines their secrets."""
    address = (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
    return address.is_loopback or (
        address.is_private and not (address.is_link_local or address.is_unspecified or address.is_reserved)
    )


def _seconds(said: str | None) -> float:
    """Of a header Retry-After; 0 where it names a date, or nothing that is understood."""
    text = (said or "").strip()
    return min(float(text), _MOST_WAIT_S) if text.isascii() and text.isdigit() else 0.0
