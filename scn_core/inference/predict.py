"""What a network says of pictures, one after the other: decoded on all cores while it computes, nothing kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import islice

import numpy as np
import torch

from scn_core.config import TrainSettings
from scn_core.datasets.images import face_or_reason
from scn_core.datasets.parallel import in_order
from scn_core.inference.pictures import Picture
from scn_core.inference.predictions import Prediction
from scn_core.records import FloatArray, PixelArray
from scn_core.rounds.network import RoundNetwork
from scn_core.training.device import Compute, choose_compute
from scn_core.training.resident import normalise

Decoded = tuple[Picture, PixelArray | str]


def predict(network: RoundNetwork, pictures: Iterable[Picture], device: str = "auto") -> Iterator[Prediction]:
    """What the network says of each picture, in their order, computed in fp32. Memory is bounded by a few batches.

    Pictures are decoded and cut as for training. One that cannot be read has a prediction that says why.
    Raises UsageError for a device that torch does not have here.
    """
    compute = choose_compute(TrainSettings(device=device, precision="fp32"))
    compute.place(network.model)
    decoded = in_order(partial(_decode, network.image_size), pictures)
    while batch := list(islice(decoded, compute.clean_batch)):
        yield from _predictions(network, batch, compute)


def _decode(side: int, picture: Picture) -> Decoded:
    try:
        return picture, picture.wrong or face_or_reason(picture.path, picture.box, side)
    finally:
        if picture.passing:
            picture.path.unlink(missing_ok=True)


@torch.inference_mode()
def _predictions(network: RoundNetwork, batch: list[Decoded], compute: Compute) -> Iterator[Prediction]:
    faces = [face for _, face in batch if not isinstance(face, str)]
    seen = iter(_seen(network, faces, compute) if faces else ())
    return iter(
        [
            Prediction(picture, problem=face) if isinstance(face, str) else Prediction(picture, *next(seen))
            for picture, face in batch
        ]
    )


def _seen(network: RoundNetwork, faces: list[PixelArray], compute: Compute) -> Iterable[tuple[FloatArray, float]]:
    """Probabilities and alpha of each face; one or more."""
    output = network.model(compute.arranged(normalise(torch.from_numpy(np.stack(faces)).to(compute.device))))
    return zip(output.logits.softmax(dim=1).cpu().numpy(), output.alpha.tolist(), strict=True)
