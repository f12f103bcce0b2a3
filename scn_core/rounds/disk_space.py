"""What a round needs of the disk, asked for before it begins: a night of training is not lost to a full disk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from scn_core.config import TrainSettings
from scn_core.disk import check_room, existing, sizes
from scn_core.rounds.features import BYTES_A_FEATURE
from scn_core.scn.model import SelfCureNetwork
from scn_core.scn.suspicion import DYNAMICS

_DATABASE_BYTES = 500
"""For the scores of a face and its place in the queue: 210 bytes of review.db, and as many of its WAL before."""
_SPARE_BYTES = 64 * 2**20
"""Left free, for thumbnails and for what people do meanwhile."""


@dataclass(frozen=True)
class RoundSize:
    """What the files of a round are as long as."""

    decode: int
    """Faces whose pictures are not in the pixel cache yet."""
    faces: int
    """Faces to train on."""
    held_out: int
    """Faces of val and test."""
    classes: int
    model: SelfCureNetwork

    def pixels(self, settings: TrainSettings) -> int:
        """Bytes of the pixel cache that are new."""
        return self.decode * settings.image_size**2 * 3

    def files(self, settings: TrainSettings) -> dict[str, int]:
        """Bytes in the folder of the round and in the database, at the most, by what they are for."""
        weights = sum(tensor.nbytes for tensor in self.model.state_dict().values())
        moments = 2 * sum(parameter.nbytes for parameter in self.model.parameters())
        checkpoint = weights * (2 if settings.average_weights else 1) + moments + 8 * self.faces
        row = self.classes * np.dtype("<f2").itemsize + DYNAMICS.itemsize
        features = (self.faces + self.held_out) * self.model.feature_count * BYTES_A_FEATURE
        features += self.held_out * np.dtype("<i8").itemsize  # these have their sample ids beside them
        return {
            "checkpoints": 2 * checkpoint + weights,  # the last one stays until the next is whole
            "what every epoch says": settings.epochs * self.faces * row,
            **({"features": features} if settings.keep_features else {}),
            "the database and thumbnails": self.faces * _DATABASE_BYTES + _SPARE_BYTES,
        }


def ask_for_room(pixels: Path, folder: Path, settings: TrainSettings, size: RoundSize) -> None:
    """Raises DiskFullError where a disk has no room for a round, unless the settings say not to ask.

    Args:
        pixels: folder of the pixel cache.
        folder: of the round; what a round that stopped left there counts as room.
        settings: of the round.
        size: of its files.
    """
    if not settings.ask_room:
        return
    decoded, files = size.pixels(settings), size.files(settings)
    there = sum(path.stat().st_blocks * 512 for path in folder.iterdir()) if folder.is_dir() else 0
    needed = max(0, sum(files.values()) - there)
    do = "lower --image-size, --epochs or choose a smaller --backbone, or go on with --no-ask-room"
    if _same_disk(pixels, folder):
        files, needed = {"decoded pictures": decoded} | files, needed + decoded
    else:
        check_room(pixels, decoded, f"the decoded pictures of {size.decode:,} faces", do)
    check_room(folder, needed, f"a round of {size.faces:,} faces ({_listed(files)})", do)


def _same_disk(one: Path, other: Path) -> bool:
    return existing(one).stat().st_dev == existing(other).stat().st_dev


def _listed(parts: dict[str, int]) -> str:
    return ", ".join(f"{sizes(count)[0]} {name}" for name, count in parts.items())
