"""A round's network as one file that other programs run: ONNX, or torch's .pt2.

Both take floats from 0 to 1 and normalise them inside, so that nobody can normalise them wrongly; both say in their
metadata how a picture is cut and what the outputs are called.
"""

from __future__ import annotations

import importlib.util
import io
import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from scn_core import __version__
from scn_core.errors import UsageError, error_text
from scn_core.files import write_bytes
from scn_core.rounds.network import PREPARATION, RoundNetwork
from scn_core.training.resident import MEAN, STD

INPUT = "pictures"
OUTPUTS = ("probabilities", "alpha", "logits")
ABOUT_FILE = "model.json"
"""Name of the metadata among the extra files of a .pt2."""
_NEEDED_BY_ONNX = ("onnx", "onnxscript")


class PortableNetwork(nn.Module):
    """(N, 3, S, S) RGB floats from 0 to 1 -> `probabilities` (N, C), `alpha` (N,) and `logits` (N, C)."""

    mean: Tensor
    std: Tensor

    def __init__(self, network: RoundNetwork) -> None:
        super().__init__()
        self.model = network.model
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(STD).view(1, 3, 1, 1))

    def forward(self, pictures: Tensor) -> dict[str, Tensor]:
        """What the network says of N pictures."""
        # Not model(pictures): its switch for autocast would be part of the file.
        output = self.model.heads(self.model.backbone((pictures - self.mean) / self.std))
        return dict(zip(OUTPUTS, (output.logits.softmax(dim=1), output.alpha, output.logits), strict=True))


def about_model(network: RoundNetwork, round_id: int) -> dict[str, Any]:
    """The metadata: how to prepare a picture for the exported network, and what it is.

    `mean` and `std` are of no effect, 0 and 1: pixels from 0 to 1 go in as they are.
    """
    return {
        "class_names": list(network.classes),
        "image_size": network.image_size,
        **PREPARATION,
        "mean": [0.0, 0.0, 0.0],
        "std": [1.0, 1.0, 1.0],
        "backbone": network.backbone,
        "round": round_id,
        "scn_version": __version__,
    }


def export_model(network: RoundNetwork, round_id: int, out: Path) -> dict[str, Any]:
    """Write the network to a file whose name ends in .onnx or .pt2, and return its metadata.

    Raises UsageError for any other name, for .onnx without the packages it needs, and for a backbone that torch cannot
    export.
    """
    write = writer_of(out)
    about = about_model(network, round_id)
    pictures = torch.zeros(2, 3, network.image_size, network.image_size)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # torch's own, of parts that it is about to replace
        try:
            data = write(PortableNetwork(network).eval(), pictures, about)
        except Exception as error:  # torch raises what the operation that it cannot export raises
            found = f"{network.backbone}, which torch cannot export as {out.suffix} ({str(error).strip()[:200]})"
            raise UsageError(error_text("--out", found, "another of .onnx and .pt2, or another backbone")) from error
    write_bytes(out, data)
    return about


Writer = Callable[[nn.Module, Tensor, dict[str, Any]], bytes]


def writer_of(out: Path) -> Writer:
    """What writes a file of this name. Raises UsageError where nothing does, or what it needs is not installed."""
    writers: dict[str, Writer] = {".onnx": _onnx, ".pt2": _pt2}
    if out.suffix not in writers:
        raise UsageError(error_text("--out", out.name, "a name that ends in .onnx or .pt2"))
    missing = [name for name in _NEEDED_BY_ONNX if importlib.util.find_spec(name) is None]
    if out.suffix == ".onnx" and missing:
        allowed = ".onnx with the packages onnx and onnxscript, or .pt2, which needs neither"
        raise UsageError(
            error_text("--out", f"{out.name} without {' and '.join(missing)}", allowed, "pip install onnx onnxscript")
        )
    return writers[out.suffix]


def _pt2(network: nn.Module, pictures: Tensor, about: dict[str, Any]) -> bytes:
    program = torch.export.export(network, (pictures,), dynamic_shapes=({0: torch.export.Dim("batch")},))
    file = io.BytesIO()
    torch.export.save(program, file, extra_files={ABOUT_FILE: json.dumps(about)})
    return file.getvalue()


def _onnx(network: nn.Module, pictures: Tensor, about: dict[str, Any]) -> bytes:
    program = torch.onnx.export(
        network, (pictures,), dynamo=True, verbose=False, external_data=False,
        input_names=[INPUT], output_names=list(OUTPUTS), dynamic_shapes=({0: torch.export.Dim("batch")},),
    )  # fmt: skip
    assert program is not None  # noqa: S101 (tells mypy)
    program.model.metadata_props.update(
        {name: value if isinstance(value, str) else json.dumps(value) for name, value in about.items()}
    )
    data: bytes = program.model_proto.SerializeToString()
    return data
