"""The command line, where the process of rank FULL_RANK runs out of memory in its second epoch.

What torch raises there is raised here without a GPU; all else is as it is. Without torchrun a process has rank 0.
"""

import os

import torch

from scn_core.cli import main as cli
from scn_core.training import loop

settle = loop.Training.settle
FULL = os.environ.get("RANK", "0") == os.environ["FULL_RANK"]


def settle_once(job: loop.Training, epoch: int) -> None:
    if FULL and epoch == 2:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.\nAnd much more")
    settle(job, epoch)


if __name__ == "__main__":
    setattr(loop.Training, "settle", settle_once)  # noqa: B010
    cli.main()
