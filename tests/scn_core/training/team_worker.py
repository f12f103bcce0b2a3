"""One process of a team, or the only one: `torchrun ... team_worker.py OUT JSON` trains and keeps what it found."""

import dataclasses
import json
import sys
import warnings
from pathlib import Path

import numpy as np
import torch
from torch import nn

warnings.simplefilter("error")

from scn_core.config import TrainSettings  # noqa: E402
from scn_core.records import EpochReport  # noqa: E402
from scn_core.scn.model import SelfCureNetwork  # noqa: E402
from scn_core.training.data import TrainingData  # noqa: E402
from scn_core.training.distributed import joined  # noqa: E402
from scn_core.training.loop import Training  # noqa: E402
from tests.scn_core.training.conftest import striped_faces  # noqa: E402

SETTINGS = TrainSettings(
    image_size=32, epochs=3, batch_size=16, precision="fp32", device="cpu",
    weighting_from=0.5, attention_lr_scale=1.0, gamma=0.9, lr=0.003,
)  # fmt: skip


def main(out: Path, changes: dict[str, object]) -> None:
    settings = dataclasses.replace(SETTINGS, **changes)  # type: ignore[arg-type]
    pixels, labels = striped_faces(70)
    data = TrainingData(pixels, np.arange(61), labels[:61], np.arange(61, 70), labels[61:])
    torch.manual_seed(0)
    model = SelfCureNetwork("squeezenet1_1", 4, image_size=32, learn_margin=settings.learn_margin_rank)
    for module in model.modules():  # no two processes drop the same
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    reports: list[EpochReport] = []
    with joined() as team:
        result = Training(settings, data, model, out, team=team).run(on_epoch=reports.append)
        assert team.leads == bool(reports)
        np.save(out / f"global-{team.rank}.npy", torch.rand(4))
        if team.leads:
            names = (
                "loss",
                "wce_loss",
                "rank_loss",
                "accuracy",
                "alpha_high",
                "alpha_low",
                "margin_rank",
                "val_accuracy",
            )
            columns = np.array([[getattr(report, name) for name in names] for report in reports], np.float64)
            weights = torch.cat([parameter.detach().flatten() for parameter in model.parameters()])
            np.savez(out / "result.npz", reports=columns, weights=weights, alpha=result.alpha, labels=result.labels,
                     mean=result.mean)  # fmt: skip


if __name__ == "__main__":
    main(Path(sys.argv[1]), json.loads(sys.argv[2]))
