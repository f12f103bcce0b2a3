"""What signing in by OpenID Connect needs before the server may start, since Streamlit would tell it to the first
visitor; and whether the provider can sign people out. Streamlit itself speaks to the provider."""

from __future__ import annotations

import importlib.util
import json
import logging
import tomllib
import urllib.request
from pathlib import Path
from typing import Any

from scn_core.errors import WorkspaceError, error_text

SIGN_OUT = "/auth/logout"
"""Streamlit's address: forgets who the provider says the browser is, and leads to its end_session_endpoint with
id_token_hint and post_logout_redirect_uri."""
IDENTITY_COOKIE = "_streamlit_user"
"""How the names of Streamlit's cookies of that identity begin."""

_METADATA_S = 5
_LOG = logging.getLogger(__name__)
_KEYS = ("redirect_uri", "cookie_secret", "client_id", "client_secret", "server_metadata_url")


def secrets_file(workspace: Path) -> Path:
    """The file with a whole [auth] table: `secrets.toml` of the workspace, else of `.streamlit` here or at home.

    Raises WorkspaceError where there is none or something lacks.
    """
    places = [workspace / "secrets.toml", *(base / ".streamlit" / "secrets.toml" for base in (Path.cwd(), Path.home()))]
    found = next((place for place in places if _is_there(place)), None)
    if found is None:
        raise WorkspaceError(
            error_text("--auth oidc", "no secrets", f"{places[0]} with a table [auth] of {', '.join(_KEYS)}")
        )
    try:
        auth_table = tomllib.loads(found.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise WorkspaceError(f"{found}: not valid TOML ({error}); correct it") from error
    if missing := _missing(auth_table.get("auth")):
        raise WorkspaceError(f"{found}: table [auth] lacks {', '.join(missing)}; add it")
    if importlib.util.find_spec("authlib") is None:
        raise WorkspaceError("--auth oidc: found no Authlib; install it with: pip install 'streamlit[auth]'")
    return found


def _is_there(file: Path) -> bool:
    """False also where this user may not look, as in the home folder that `runuser` leaves."""
    try:
        return file.is_file()
    except OSError:
        return False


def ends_sessions(secrets: Path) -> bool:
    """Whether the provider can be asked to sign people out: its metadata has an end_session_endpoint.

    Asks it each time, since people sign out rarely; a provider that does not answer ends none.
    """
    auth_table = tomllib.loads(secrets.read_text(encoding="utf-8"))["auth"]
    address = str(auth_table.get("server_metadata_url") or _provider(auth_table)["server_metadata_url"])
    try:
        with urllib.request.urlopen(address, timeout=_METADATA_S) as answer:  # noqa: S310 (the workspace's owner wrote it)
            return bool(json.load(answer).get("end_session_endpoint"))
    except (OSError, ValueError, AttributeError, RecursionError) as error:
        _LOG.warning("%s: the OpenID provider's metadata cannot be read (%s)", address, error)
        return False


def _provider(auth: dict[str, Any]) -> dict[str, Any]:
    """A provider with a table of its own, [auth.NAME]."""
    tables = (table for table in auth.values() if isinstance(table, dict))
    return next((table for table in tables if "server_metadata_url" in table), {})


def _missing(auth: Any) -> list[str]:
    auth_table = auth if isinstance(auth, dict) else {}
    provider = _provider(auth_table)  # which may have the last three
    return [key for key in _KEYS if not (auth_table.get(key) or (key in _KEYS[2:] and provider.get(key)))]
