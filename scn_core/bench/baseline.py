"""A plain training loop, for comparison: what people write from the paper's and the published code's description.

Every picture is decoded anew in every epoch, by workers of a DataLoader; fp32 and channels first; the loss and the
count of right answers are fetched from the device in every step, and so is the mask of faces to relabel.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from scn_core.scn.model import SelfCureNetwork

_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class _Pictures(Dataset[tuple[Tensor, int, int]]):
    def __init__(self, paths: Sequence[Path], labels: Sequence[int], side: int) -> None:
        self.paths, self.labels = paths, list(labels)
        self.transform = transforms.Compose(
            [
                transforms.Resize((side, side)),
                transforms.ToTensor(),
                transforms.Normalize(_MEAN, _STD),
                transforms.RandomErasing(scale=(0.02, 0.25)),
            ]
        )

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, row: int) -> tuple[Tensor, int, int]:
        with Image.open(self.paths[row]) as picture:
            face = picture.convert("RGB")
        if random.random() < 0.5:  # noqa: S311 (flips pictures)
            face = face.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        return self.transform(face), self.labels[row], row


class PlainLoop:
    """The loop; `epoch` runs it once over all faces."""

    def __init__(
        self,
        paths: Sequence[Path],
        labels: Sequence[int],
        model: SelfCureNetwork,
        *,
        side: int,
        batch_size: int,
        device: torch.device,
        workers: int,
    ) -> None:
        """`paths`: pictures; `labels`: a class number each; the model is moved to the device and trained."""
        self.faces = _Pictures(paths, labels, side)
        self.loader = DataLoader(
            self.faces, batch_size, shuffle=True, num_workers=workers, pin_memory=device.type == "cuda"
        )
        self.model, self.device = model.to(device), device
        self.optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, weight_decay=1e-4)

    def epoch(self, *, relabel: bool = True) -> tuple[float, float]:
        """Trains on every face once; the mean loss of its steps, and the share of right answers."""
        self.model.train()
        losses, correct = 0.0, 0
        for pictures, labels, rows in self.loader:
            pictures, labels = pictures.to(self.device), labels.to(self.device)
            output = self.model(pictures)
            weighted = output.logits * output.alpha.unsqueeze(1)
            loss = F.cross_entropy(weighted, labels) + self._rank(output.alpha)
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            losses += loss.item()
            correct += int((weighted.argmax(dim=1) == labels).sum().item())
            if relabel:
                self._relabel(weighted.detach().softmax(dim=1), labels, rows)
        return losses / len(self.loader), correct / len(self.faces)

    @staticmethod
    def _rank(alpha: Tensor) -> Tensor:
        ranked = alpha.sort(descending=True).values
        high = max(1, int(0.7 * len(alpha)))
        if high == len(alpha):
            return alpha.sum() * 0
        return (0.15 - (ranked[:high].mean() - ranked[high:].mean())).clamp_min(0)

    def _relabel(self, probabilities: Tensor, labels: Tensor, rows: Tensor) -> None:
        most, predicted = probabilities.max(dim=1)
        given = probabilities.gather(1, labels.unsqueeze(1)).squeeze(1)
        for place in (most - given > 0.2).nonzero().squeeze(1).tolist():
            self.faces.labels[int(rows[place])] = int(predicted[place])
