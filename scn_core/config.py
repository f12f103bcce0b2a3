"""Settings of a round, and where they come from: flags over workspace.toml over these defaults."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

from scn_core.errors import UsageError

RelabelMode = Literal["review", "auto", "off"]


@dataclass(frozen=True)
class TrainSettings:
    """Every option of a round. All of them are written into the round's row and its config.json."""

    image_size: int = 112
    """Side of the square training picture, in pixels."""
    epochs: int = 30
    batch_size: int = 128
    lr: float = 0.05
    """Peak learning rate at batch 128; scaled with the square root of the batch size."""
    backbone: str = "resnet18"
    """Name of any torchvision classification model."""
    weights: str | None = None
    """None: from scratch. 'imagenet': torchvision's. Else a file (.safetensors, .pt, .pth)."""
    beta: float = 0.7
    """Share of a batch that forms the high-importance group."""
    gamma: float = 0.5
    """Loss = gamma * rank regularisation + (1 - gamma) * weighted cross entropy."""
    margin_rank: float = 0.15
    """delta1: the mean importance of the two groups should differ by at least this."""
    learn_margin_rank: bool = False
    """Learn delta1, starting from margin_rank."""
    margin_relabel: float = 0.2
    """delta2: a relabel is proposed where P_max - P_given exceeds it."""
    relabel: RelabelMode = "review"
    relabel_from: int = 10
    """Epoch after which mode auto begins to change labels (1-based)."""
    weighting_from: float = 0.2
    """Share of the epochs trained on unweighted logits before alpha weights them; 0 is the plain recipe."""
    attention_lr_scale: float = 0.1
    """Learning rate of the attention head over that of the rest; 1 is the plain recipe."""
    weight_decay: float = 5e-4
    clip_norm: float = 2.0
    """Gradients are clipped to this norm; 0: never."""
    precision: Literal["auto", "bf16", "fp32"] = "auto"
    """auto: bf16 autocast where the device computes in it."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:1, ..."""
    seed: int = 0

    def __post_init__(self) -> None:
        _check(self)

    @classmethod
    def merged(cls, *layers: Mapping[str, Any], source: str = "workspace.toml") -> TrainSettings:
        """Settings from layers of options, later ones winning; None means 'not said'.

        Raises UsageError for a name that is no option, naming `source` and the options there are.
        """
        known = {field.name for field in fields(cls)}
        said: dict[str, Any] = {}
        for layer in layers:
            for name, value in layer.items():
                if name not in known:
                    raise UsageError(
                        f"{source}, table [train]: found option {name!r}; allowed: {', '.join(sorted(known))}"
                    )
                if value is not None:
                    said[name] = value
        return cls(**said)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def flag(name: str) -> str:
    """The command-line flag of a setting: image_size -> --image-size."""
    return "--" + name.replace("_", "-")


_RANGES: dict[str, tuple[float, float, str]] = {
    "image_size": (16, 1024, "16 to 1024 pixels"),
    "epochs": (1, 10_000, "1 or more"),
    "batch_size": (2, 1_000_000, "2 or more (rank regularisation needs two groups)"),
    "lr": (1e-8, 100, "above 0"),
    "beta": (0.01, 0.99, "0.01 to 0.99"),
    "gamma": (0, 1, "0 to 1"),
    "margin_rank": (0, 1, "0 to 1"),
    "margin_relabel": (0, 1, "0 to 1"),
    "relabel_from": (0, 10_000, "0 or more"),
    "weighting_from": (0, 1, "0 to 1"),
    "attention_lr_scale": (0, 1000, "0 or more"),
    "weight_decay": (0, 10, "0 to 10"),
    "clip_norm": (0, math.inf, "0 (never) or more"),
    "seed": (0, 2**31 - 1, "0 to 2147483647"),
}


def _check(settings: TrainSettings) -> None:
    for field in fields(settings):
        value, default = getattr(settings, field.name), field.default
        if isinstance(default, bool):
            right = isinstance(value, bool)
        elif isinstance(default, int):
            right = isinstance(value, int) and not isinstance(value, bool)
        elif isinstance(default, float):
            right = isinstance(value, int | float) and not isinstance(value, bool)
        else:
            right = isinstance(value, str) or (value is None and default is None)
        if not right:
            wanted = "str" if default is None else type(default).__name__
            raise UsageError(f"{flag(field.name)}: found {value!r}; allowed: a value of type {wanted}")
    for name, (low, high, allowed) in _RANGES.items():
        if not low <= getattr(settings, name) <= high:
            raise UsageError(f"{flag(name)}: found {getattr(settings, name)}; allowed: {allowed}")
    for name, choices in (("relabel", get_args(RelabelMode)), ("precision", ("auto", "bf16", "fp32"))):
        if getattr(settings, name) not in choices:
            raise UsageError(f"{flag(name)}: found {getattr(settings, name)!r}; allowed: {', '.join(choices)}")
