"""Backbone weights from a file, whoever saved it, and never a silent 'nothing matched'."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from scn_core.errors import WeightsError

MIN_MATCHED = 0.9
"""Share of the backbone's numbers that a file must bring; the classifier is not counted."""

_WRAPPINGS = ("state_dict", "model_state_dict", "model", "net", "network", "weights", "params")


@dataclass(frozen=True)
class LoadReport:
    """What a weights file brought."""

    matched: int
    """Tensors loaded."""
    expected: int
    """Tensors the backbone has."""
    share: float
    """Share of the backbone's numbers that were loaded, 0..1."""
    renaming: str
    """How the file's names were read."""
    missing: tuple[str, ...]
    """Backbone tensors the file does not have."""

    def __str__(self) -> str:
        return f"{self.matched} of {self.expected} tensors, {self.share:.1%} of the backbone ({self.renaming})"


def load_backbone_weights(backbone: nn.Module, path: Path) -> LoadReport:
    """Loads a file into a backbone, trying the usual ways of naming the same layers.

    Reads .safetensors, and .pt/.pth/.tar files of tensors (`torch.load(weights_only=True)`: nothing is unpickled).
    Understands wrappers ({'state_dict': ...}), prefixes ('module.', 'backbone.', ...) and backbones saved as
    `nn.Sequential(*model.children())`, whose layers are numbered instead of named.

    Raises WeightsError when the file is missing or unreadable, or brings less than `MIN_MATCHED` of the backbone.
    """
    loaded = _read(path)
    wanted = backbone.state_dict()
    renaming, found = max(
        ((how, _fitting(renamed, wanted)) for how, renamed in _renamings(loaded, backbone)),
        key=lambda candidate: _numbers(candidate[1]),
    )
    report = LoadReport(
        matched=len(found),
        expected=len(wanted),
        share=_numbers(found) / max(_numbers(wanted), 1),
        renaming=renaming,
        missing=tuple(name for name in wanted if name not in found),
    )
    if report.share < MIN_MATCHED:
        raise WeightsError(_mismatch(path, loaded, wanted, report))
    backbone.load_state_dict(found, strict=False)
    return report


def _read(path: Path) -> dict[str, Tensor]:
    if not path.is_file():
        raise WeightsError(f"--weights: found no file {path}; give a .safetensors, .pt or .pth file, or 'imagenet'")
    try:
        content: Any = (
            load_file(path)
            if path.suffix == ".safetensors"
            else torch.load(path, map_location="cpu", weights_only=True)
        )
    except (SafetensorError, OSError, RuntimeError, ValueError, EOFError, KeyError) as error:
        raise WeightsError(f"--weights: {path} cannot be read as weights ({_first_line(error)})") from error
    except Exception as error:  # torch raises pickle.UnpicklingError for anything but tensors and plain values
        raise WeightsError(
            f"--weights: {path} holds more than tensors, which is not unpickled here ({_first_line(error)}); save "
            "its state_dict alone, best as .safetensors"
        ) from error
    for name in _WRAPPINGS:
        if isinstance(content, Mapping) and isinstance(content.get(name), Mapping):
            content = content[name]
    tensors = {k: v for k, v in content.items() if isinstance(v, Tensor)} if isinstance(content, Mapping) else {}
    if not tensors:
        raise WeightsError(f"--weights: {path} holds no named tensors; save a state_dict")
    return tensors


def _renamings(loaded: Mapping[str, Tensor], backbone: nn.Module) -> Iterator[tuple[str, dict[str, Tensor]]]:
    """The file's tensors under every reading of their names that may be meant."""
    children = [name for name, _ in backbone.named_children()]
    for prefix in _prefixes(loaded):
        stripped = {name.removeprefix(prefix): t for name, t in loaded.items() if name.startswith(prefix)}
        how = f"prefix {prefix!r} removed" if prefix else "names as they are"
        yield how, stripped
        yield f"{how}, layers numbered as in nn.Sequential", dict(_named_children(stripped, children))


def _prefixes(loaded: Mapping[str, Tensor]) -> list[str]:
    """'' and every leading path of the names, such as 'module.' and 'module.backbone.'."""
    prefixes = {""}
    for name in loaded:
        parts = name.split(".")
        prefixes.update(".".join(parts[:depth]) + "." for depth in range(1, min(len(parts), 4)))
    return sorted(prefixes, key=len)


def _named_children(tensors: Mapping[str, Tensor], children: list[str]) -> Iterator[tuple[str, Tensor]]:
    for name, tensor in tensors.items():
        number, _, rest = name.partition(".")
        if number.isdigit() and int(number) < len(children):
            yield f"{children[int(number)]}.{rest}", tensor


def _fitting(tensors: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: t for name, t in tensors.items() if name in wanted and t.shape == wanted[name].shape}


def _numbers(tensors: Mapping[str, Tensor]) -> int:
    return sum(tensor.numel() for tensor in tensors.values())


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _mismatch(path: Path, loaded: Mapping[str, Tensor], wanted: Mapping[str, Tensor], report: LoadReport) -> str:
    def some(tensors: Mapping[str, Tensor]) -> str:
        return ", ".join(f"{name} {tuple(t.shape)}" for name, t in list(tensors.items())[:3])

    return (
        f"--weights: {path} fits {report.matched} of {report.expected} tensors of the backbone ({report.share:.0%} of "
        f"its numbers); at least {MIN_MATCHED:.0%} is needed. The file has {some(loaded)}, ...; the backbone has "
        f"{some(wanted)}, ... Is it another architecture (--backbone)?"
    )
