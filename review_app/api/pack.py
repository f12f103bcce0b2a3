"""A page as one response: 4 bytes big-endian length of the header, the header as JSON, the thumbnails back to back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response

PACKED = "application/octet-stream"
"""Media type of the response."""
Tile = dict[str, Any]
"""The JSON of one tile, as `tiles.tile` makes it."""


def pack(tiles: Sequence[Tile], thumbs: Mapping[int, bytes | str], header: Mapping[str, Any]) -> Response:
    """The response. `thumbs` by sample id: a picture, or why there is none. Writes `thumb` and `missing` of the tiles.

    Offsets count from the end of the header.
    """
    blobs, offset = [], 0
    for tile in tiles:
        thumb = thumbs.get(tile["sample"], "no picture")
        if isinstance(thumb, str):
            tile |= {"thumb": None, "missing": thumb}
            continue
        tile |= {"thumb": [offset, len(thumb)], "missing": None}
        blobs.append(thumb)
        offset += len(thumb)
    head = json.dumps({"items": list(tiles), **header}, separators=(",", ":"), allow_nan=False).encode()
    return Response(b"".join([len(head).to_bytes(4, "big"), head, *blobs]), media_type=PACKED)
