"""What a proxy says of the browser behind it: believed only of proxies that the server was told to trust."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from starlette.datastructures import Headers
from starlette.types import Scope

from scn_core.errors import UsageError

Network = IPv4Network | IPv6Network

_SCHEMES = {"http": ("http", "ws"), "https": ("https", "wss")}
_FORWARDED = ("x-forwarded-for", "x-forwarded-proto", "x-forwarded-host")

_LOG = logging.getLogger(__name__)
_warned: set[str] = set()


def read_network(text: str) -> Network:
    """An address or network as --trusted-proxy takes it. Raises UsageError for anything else."""
    try:
        return ip_network(text.strip())
    except ValueError as error:
        raise UsageError(
            f"--trusted-proxy: found {text!r} ({error}); allowed: an address such as 127.0.0.1, or a network such as "
            "10.0.0.0/8 or fd00::/8"
        ) from error


def forwarded(scope: Scope, trusted: Sequence[Network], *, behind_hub: bool = False) -> Scope:
    """The request as the browser made it: address, scheme and host from X-Forwarded-For, -Proto and -Host.

    Unchanged where it does not come from a trusted address. Of several values the one counts that the nearest proxy
    wrote; of X-Forwarded-For the last address that is no trusted proxy. What cannot be read is left as it is.
    `behind_hub`: only the hub can have made the connection, and is believed.
    """
    headers = Headers(scope=scope)
    client = scope.get("client")
    address = None if client is None else _address(client[0])
    if not behind_hub and (address is None or not _is_in(address, trusted)):
        _warn(address, headers, trusted)
        return scope
    changed = dict(scope)
    origin = _first_stranger(_values(headers, "x-forwarded-for"), trusted)
    if origin is not None:
        changed["client"] = (str(origin), 0)
    scheme = (_values(headers, "x-forwarded-proto") or [""])[-1].lower()
    if scheme in _SCHEMES:
        changed["scheme"] = _SCHEMES[scheme][scope["type"] == "websocket"]
    if hosts := _values(headers, "x-forwarded-host"):
        others = [(name, value) for name, value in scope["headers"] if name != b"host"]
        changed["headers"] = [*others, (b"host", hosts[-1].encode("latin-1"))]
    return changed


def warn_of_plain_scheme(scope: Scope) -> None:
    """Once, where a browser came by https and the proxy does not say so: cookies are then not marked Secure."""
    origin = Headers(scope=scope).get("origin", "")
    if origin.startswith("https://") and scope["scheme"] in ("http", "ws") and "https" not in _warned:
        _warned.add("https")
        _LOG.warning(
            "a browser came by https, but no trusted proxy says so, and cookies are not marked Secure; in nginx: "
            "proxy_set_header X-Forwarded-Proto $scheme; and start with --trusted-proxy and the address of the proxy"
        )


def _values(headers: Headers, name: str) -> list[str]:
    return [value.strip() for line in headers.getlist(name) for value in line.split(",") if value.strip()]


def _first_stranger(chain: Sequence[str], trusted: Sequence[Network]) -> IPv4Address | IPv6Address | None:
    """From the nearest on: each trusted proxy is believed about the one before it, and nobody else."""
    found = None
    for text in reversed(chain):
        address = _address(text)
        if address is None:
            break
        found = address
        if not _is_in(address, trusted):
            break
    return found


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """Of `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1` or `[2001:db8::1]:80`."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return address.ipv4_mapped or address if isinstance(address, IPv6Address) else address


def _is_in(address: IPv4Address | IPv6Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)


def _warn(address: IPv4Address | IPv6Address | None, headers: Headers, trusted: Sequence[Network]) -> None:
    """Once for each address, so that who forgot the option finds it in the log."""
    if (
        address is None
        or str(address) in _warned
        or len(_warned) > 20
        or not any(name in headers for name in _FORWARDED)
    ):
        return
    _warned.add(str(address))
    _LOG.warning(
        "ignored the X-Forwarded headers of %s, which is no trusted proxy; if it is yours: --trusted-proxy %s",
        address,
        address,
    )
