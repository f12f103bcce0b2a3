"""The command line, where the process of rank FULL_RANK runs out of memory in its second epoch.

What torch raises there is raised here without a GPU; all else is as it is. Without torchrun a process has rank 0.
"""

import os
from typing import Any

import torch

from scn_core.cli import main as cli
from scn_core.training import loop
from scn_core.training.sums import EpochSums

train_epoch = loop.Training.train_epoch
FULL = os.environ.get("RANK", "0") == os.environ["FULL_RANK"]


def train_once(job: loop.Training, epoch: int, *more: Any) -> EpochSums:
    if FULL and epoch == 2:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.\nAnd much more")
    return train_epoch(job, epoch, *more)


if __name__ == "__main__":
    setattr(loop.Training, "train_epoch", train_once)  # noqa: B010
    cli.main()
