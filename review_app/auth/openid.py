"""What signing in by OpenID Connect needs before the server may start: Streamlit would tell it to the first visitor."""

from __future__ import annotations

import importlib.util
import tomllib
from pathlib import Path
from typing import Any

from scn_core.errors import WorkspaceError, complaint

_KEYS = ("redirect_uri", "cookie_secret", "client_id", "client_secret", "server_metadata_url")


def secrets_file(workspace: Path) -> Path:
    """The file with a whole [auth] table: `secrets.toml` of the workspace, else of `.streamlit` here or at home.

    Raises WorkspaceError where there is none or something lacks.
    """
    places = [workspace / "secrets.toml", *(base / ".streamlit" / "secrets.toml" for base in (Path.cwd(), Path.home()))]
    found = next((place for place in places if place.is_file()), None)
    if found is None:
        raise WorkspaceError(
            complaint("--auth oidc", "no secrets", f"{places[0]} with a table [auth] of {', '.join(_KEYS)}")
        )
    try:
        said = tomllib.loads(found.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WorkspaceError(f"{found}: not valid TOML ({error}); correct it") from error
    if missing := _missing(said.get("auth")):
        raise WorkspaceError(f"{found}: table [auth] lacks {', '.join(missing)}; add it")
    if importlib.util.find_spec("authlib") is None:
        raise WorkspaceError("--auth oidc: found no Authlib; install it with: pip install 'streamlit[auth]'")
    return found


def _missing(auth: Any) -> list[str]:
    said = auth if isinstance(auth, dict) else {}
    # A provider with a table of its own, [auth.NAME], has the last three there.
    provider = next((table for table in said.values() if isinstance(table, dict)), {})
    return [key for key in _KEYS if not (said.get(key) or (key in _KEYS[2:] and provider.get(key)))]
