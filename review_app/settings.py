"""What the running server was started with: one frozen record, the same for the routes and for every page."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network
from typing import Literal, get_args

from scn_core.errors import ScnError
from scn_core.workspace.folder import Workspace

AuthMode = Literal["none", "password", "oidc"]
AUTH_MODES: tuple[AuthMode, ...] = get_args(AuthMode)

WORKSPACE_VARIABLE, BASE_PATH_VARIABLE = "SCN_REVIEW_WORKSPACE", "SCN_REVIEW_BASE_PATH"
"""By these environment variables the hub of several workspaces tells a process which one it serves: see
`review_app.hub`."""
LOOPBACK = ("127.0.0.1", "localhost", "::1")
WILDCARDS = ("0.0.0.0", "::")  # noqa: S104 (told apart, never a default)
"""All addresses of the machine: no name a browser could ask for."""


@dataclass(frozen=True)
class AppSettings:
    """The options of `serve`, and the workspace's secret."""

    workspace: Workspace
    secret: bytes
    """Signs tokens and tickets; see `secret_key.read_secret`."""
    auth: AuthMode = "none"
    host: str = "127.0.0.1"
    port: int = 8501
    allow_hosts: tuple[str, ...] = ()
    """Names the server answers to besides its own address and this machine's."""
    base_path: str = ""
    """Where the pages begin: empty, or as /review, without a slash at the end."""
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    """Whose X-Forwarded headers are believed."""
    workspace_id: str = "unnamed"
    """Names the workspace in the browser's storage, the same wherever the folder is moved and whatever its secret is;
    see `scn_core.store.identity`."""
    behind_hub: bool = False
    """Only the hub of several workspaces can connect, by a socket that it made: see `review_app.hub`."""

    def url(self, path: str) -> str:
        """The address of a path of ours, such as /face/7, as browsers ask for it."""
        return self.base_path + path

    @property
    def hub_url(self) -> str | None:
        """The address of the list of all workspaces; None where this one is served alone."""
        return f"{self.base_path.rpartition('/')[0]}/" if self.behind_hub else None

    @property
    def cookie(self) -> str:
        """Name of the session's cookie. Cookies know no ports: two workspaces on one machine need two names."""
        return f"scn_session_{self._cookie_id}"

    @property
    def trial_cookie(self) -> str:
        """Name of the cookie that shows whether a browser keeps any."""
        return f"scn_trial_{self._cookie_id}"

    def device_cookie(self, name: str) -> str:
        """Name of the cookie that remembers a browser in which the person of this name signed in with a password."""
        return f"scn_device_{self._cookie_id}_{hashlib.sha256(name.lower().encode()).hexdigest()[:8]}"

    @property
    def _cookie_id(self) -> str:
        """Of the secret, which a copy of the workspace does not share."""
        return id_of_secret(self.secret)[:6]

    @property
    def hosts(self) -> frozenset[str]:
        """Host names that requests may be made to, lower-case, without a port."""
        own = () if self.host in WILDCARDS else (self.host,)
        return frozenset(name.lower().rstrip(".") for name in (*LOOPBACK, *own, *self.allow_hosts))


@lru_cache(maxsize=8)
def id_of_secret(secret: bytes) -> str:
    """A name that tells no secret. Browsers kept unsent answers under it before workspaces had ids of their own."""
    return hashlib.sha256(b"workspace " + secret).hexdigest()[:12]


_current: AppSettings | None = None


def use(settings: AppSettings) -> None:
    """Make these the settings of this process."""
    global _current
    _current = settings


def current() -> AppSettings:
    """The settings of this process. Raises ScnError before `use`."""
    if _current is None:
        raise ScnError("the review app has no workspace; start it with: python -m review_app serve WS")
    return _current
