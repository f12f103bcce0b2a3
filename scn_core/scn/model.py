"""The network: features of a torchvision backbone, a linear classifier and the self-attention importance head."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn

from scn_core.config import TrainSettings
from scn_core.scn.backbones import build_backbone
from scn_core.scn.losses import learnable_margin, margin_value
from scn_core.scn.weights import LoadReport, load_backbone_weights


class Output(NamedTuple):
    """What the network says of N faces."""

    logits: Tensor
    """(N, C) raw class scores W^T x; the losses weight them, nothing else does."""
    alpha: Tensor
    """(N,) importance weights, 0..1."""
    features: Tensor
    """(N, D) backbone features x."""


class SelfCureNetwork(nn.Module):
    """x = backbone(picture); logits = W^T x; alpha = sigmoid(W_a^T x).

    Takes (N, 3, S, S) floats, normalised as the trainer does, and returns an `Output`. `margin_rank` is delta1:
    a constant, or a parameter when `learn_margin` is set.
    """

    def __init__(
        self,
        backbone: str,
        classes: int,
        *,
        image_size: int,
        imagenet: bool = False,
        margin_rank: float = 0.15,
        learn_margin: bool = False,
    ) -> None:
        super().__init__()
        self.backbone, self.feature_count = build_backbone(backbone, image_size, imagenet=imagenet)
        self.classifier = nn.Linear(self.feature_count, classes)
        self.attention = nn.Linear(self.feature_count, 1)
        nn.init.zeros_(self.attention.bias)
        self.loaded: LoadReport | None = None
        """What a weights file brought, where there was one."""
        self._fixed_margin = margin_rank
        self._margin = learnable_margin(margin_rank) if learn_margin else None

    def forward(self, pictures: Tensor) -> Output:
        """Raw logits, importance weights and features of (N, 3, S, S) pictures."""
        features = self.backbone(pictures)
        # Heads in fp32: in bf16, alphas that differ by less than 0.004 would tie and the ranking would be lost.
        with torch.autocast(features.device.type, enabled=False):
            return self.heads(features.float())

    def heads(self, features: Tensor) -> Output:
        """What the heads make of (N, feature_count) features of the backbone."""
        return Output(self.classifier(features), self.attention(features).squeeze(1).sigmoid(), features)

    @property
    def margin_rank(self) -> float | Tensor:
        """delta1 in force: a float, or a scalar tensor that learns."""
        return self._fixed_margin if self._margin is None else margin_value(self._margin)

    @property
    def margin_rank_now(self) -> float:
        """delta1 as a plain number, for reports."""
        return self._fixed_margin if self._margin is None else margin_value(self._margin).item()

    def parameter_groups(self) -> tuple[list[nn.Parameter], list[nn.Parameter], list[nn.Parameter]]:
        """All parameters, each once: backbone and classifier; the attention head; delta1 where it is learned."""
        body = [*self.backbone.parameters(), *self.classifier.parameters()]
        return body, list(self.attention.parameters()), [] if self._margin is None else [self._margin]

    def importance_parameters(self) -> list[nn.Parameter]:
        """Those of the attention head, and delta1 where it is learned."""
        _, head, margin = self.parameter_groups()
        return head + margin


def build_model(settings: TrainSettings, class_count: int, *, afresh: bool = True) -> SelfCureNetwork:
    """The network that the settings describe, its random start drawn from their seed.

    With `afresh` its backbone starts from the weights they name; without, a checkpoint is about to bring all weights,
    and a file that has gone since is not missed.

    Raises UsageError for a backbone or size that cannot be, WeightsError for weights that do not fit.
    """
    torch.manual_seed(settings.seed)
    model = SelfCureNetwork(
        settings.backbone,
        class_count,
        image_size=settings.image_size,
        imagenet=afresh and settings.weights == "imagenet",
        margin_rank=settings.margin_rank,
        learn_margin=settings.learn_margin_rank,
    )
    if afresh and settings.weights not in (None, "imagenet"):
        model.loaded = load_backbone_weights(model.backbone, Path(str(settings.weights)))
    return model
