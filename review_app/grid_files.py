"""The JavaScript and CSS of grid and map under an address that changes with their content, for browsers to keep."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

FOLDER = Path(__file__).parent / "components" / "review_grid"
MAP_FOLDER = FOLDER.with_name("face_map")

_TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}


@dataclass(frozen=True)
class GridFiles:
    """All files of one version, by name; no two folders have the same one."""

    version: str
    content: dict[str, bytes]


@lru_cache(maxsize=1)
def grid_files() -> GridFiles:
    """The files as they were when first asked for: pages and modules of one server belong together."""
    paths = sorted(path for folder in (FOLDER, MAP_FOLDER) for path in folder.glob("*") if path.suffix in _TYPES)
    content = {path.name: path.read_bytes() for path in paths}
    digest = hashlib.sha256()
    for name, data in content.items():
        digest.update(f"{name} {len(data)} ".encode() + data)
    return GridFiles(digest.hexdigest()[:16], content)


def modules_path() -> str:
    """Where the modules are below the server's base path, with a slash at the end."""
    return f"/grid/{grid_files().version}/"


def grid_modules() -> list[str]:
    """The modules that main.js and connection.js reach, main.js first and without the other."""
    others = {"main.js", "types.js", "connection.js"}
    return ["main.js", *(path.name for path in sorted(FOLDER.glob("*.js")) if path.name not in others)]


def content_type(name: str) -> str:
    """Of a file of grid or map."""
    return _TYPES[Path(name).suffix]
