"""What the network says of each face in the step that trains on it: a look at every face that costs no pass.

The face is augmented, the batch statistics are those of its batch, and this epoch has not taught its label yet. Over an
epoch the weights change from step to step, so that one class is not favoured in all faces at once, as in a pass by the
weights of one moment. Averaged over epochs this is what the area under the margin is made of (Pleiss et al., 2020).
"""

from __future__ import annotations

import torch
from torch import Tensor

from scn_core.scn.model import Output
from scn_core.training.distributed import Team


class TrainPredictions:
    """Probabilities and importance of N faces in the current epoch, kept on the device."""

    def __init__(self, faces: int, classes: int, device: torch.device) -> None:
        """Takes 4 * (classes + 1) bytes a face, and stays in one place, so that a recorded step finds it."""
        self._said = torch.zeros(faces, classes + 1, device=device)

    def begin(self) -> None:
        """Nothing yet in this epoch."""
        self._said.zero_()

    def add(self, rows: Tensor, output: Output) -> None:
        """Of a batch: `rows`, (B,), all different. Does not wait for the device."""
        alpha = output.alpha.detach().float().unsqueeze(1)
        self._said.index_add_(0, rows, torch.cat([output.logits.detach().float().softmax(dim=1), alpha], dim=1))

    def whole(self, team: Team) -> tuple[Tensor, Tensor]:
        """(N, C) probabilities and (N,) alpha of all faces; every process of the team has seen a part of them."""
        team.add_up(self._said)
        # The faces that fill up the last batch were seen twice: the mean of both.
        seen = self._said[:, :-1].sum(dim=1, keepdim=True)
        mean = self._said / seen
        return mean[:, :-1], mean[:, -1]
