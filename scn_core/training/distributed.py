"""Several processes that train one network, as torchrun starts them; alone, all of this is nothing.

    torchrun --nproc-per-node 8 -m scn_core train WS                                            # one machine
    torchrun --nnodes 2 --nproc-per-node 8 --rdzv-backend c10d --rdzv-endpoint HOST:29500 -m scn_core train WS

Every process keeps all labels and scores, and draws the same random numbers, but for those of dropout. A batch is
divided among them, and so is a clean pass. The workspace lies where all of them see it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.rendezvous import rendezvous
from torch.nn.parallel import DistributedDataParallel

from scn_core.errors import TrainingError

Model = TypeVar("Model", bound=nn.Module)

_FAILED = "failed"
_PATIENCE = timedelta(hours=12)
"""How long processes wait for the first one, which may have ten million pictures to decode. A dead one is noticed."""


class Board(Protocol):
    """What processes find each other by, and leave words on: a store of torch.distributed."""

    def check(self, keys: list[str]) -> bool:
        """Whether all of these are there."""

    def get(self, key: str) -> bytes:
        """What was left under a key that is there."""

    def compare_set(self, key: str, expected: str, desired: str) -> object:
        """Leaves `desired` where `expected` is; "": where nothing is yet."""


@dataclass(frozen=True)
class Team:
    """The processes of a round, and which of them this is."""

    rank: int = 0
    size: int = 1
    local_rank: int = 0
    """Among those on this machine."""
    local_size: int = 1
    board: Board | None = field(default=None, compare=False, repr=False)
    """Where a process that fails says why, for the others to read; it outlives any of them."""

    @property
    def leads(self) -> bool:
        """The first process alone writes: database, checkpoint, logs."""
        return self.rank == 0

    def describe(self) -> str:
        """What to say of it behind a device; nothing where it is one process."""
        return "" if self.size == 1 else f" in {self.size} processes"

    def part(self, n: int) -> slice:
        """This process's part of `n` things in order; parts but the last ones are equally long."""
        each = -(-n // self.size)
        return slice(min(n, self.rank * each), min(n, (self.rank + 1) * each))

    def gathered(self, own: Tensor, n: int) -> Tensor:
        """(n, ...) in order, of which `own` is this process's `part`; one exchange."""
        if self.size == 1:
            return own
        each = -(-n // self.size)
        padded = torch.cat([own, own.new_zeros(each - len(own), *own.shape[1:])])
        parts = [torch.empty_like(padded) for _ in range(self.size)]
        dist.all_gather(parts, padded)
        return torch.cat(parts)[:n]

    def with_gradient(self, own: Tensor) -> Tensor:
        """Everybody's equally long tensors, one after the other; gradients find their way back to `own`.

        What the team computes from them it computes alike, so no gradient has to be sent: `shared` divides by the size
        what it averages, and only this process has the gradient of its own.
        """
        if self.size == 1:
            return own
        parts = [torch.empty_like(own) for _ in range(self.size)]
        dist.all_gather(parts, own.detach().contiguous())
        parts[self.rank] = own.clone()
        if own.requires_grad:
            parts[self.rank].register_hook(lambda gradient: gradient * self.size)
        return torch.cat(parts)

    def add_up(self, own: Tensor) -> None:
        """The sum of everybody's tensors, in place."""
        if self.size > 1:
            dist.all_reduce(own)

    def broadcast_text(self, text: str | None) -> str:
        """What the first process says, to all of them; `text` of the others is not looked at."""
        message = [text]
        if self.size > 1:
            dist.broadcast_object_list(message, src=0)
        assert message[0] is not None  # noqa: S101 (tells mypy)
        return message[0]

    def synchronised(self, model: Model, device: torch.device) -> Model:
        """The model with batch normalisation over the batches of all processes, where torch has that: on GPUs."""
        if self.size > 1 and device.type == "cuda":
            nn.SyncBatchNorm.convert_sync_batchnorm(model)  # its parts are replaced, the model stays itself
        return model

    def shared(self, model: nn.Module) -> nn.Module:
        """What to call instead of the model, so that gradients are averaged over all processes."""
        if self.size == 1:
            return model
        return DistributedDataParallel(model)

    def failure(self) -> str | None:
        """Which process has failed first, and why; None: none has said so."""
        with suppress(RuntimeError):  # of a board that has gone with its process
            if self.board is not None and self.board.check([_FAILED]):
                return bytes(self.board.get(_FAILED)).decode()
        return None

    def tell_failure(self, error: Exception) -> None:
        """Lets the others know why this process fails, unless one has failed before."""
        with suppress(RuntimeError):
            if self.board is not None:
                first = str(error).partition("\n")[0] or type(error).__name__
                self.board.compare_set(_FAILED, "", f"process {self.rank} of {self.size}: {first}")

    @contextmanager
    def together(self) -> Iterator[None]:
        """Says what it means when another process ends in the middle of an exchange: why that one did, if it said so.

        Raises TrainingError for that; where this process has run out of memory, its error passes through.
        """
        try:
            yield
        except RuntimeError as error:
            if self.size == 1 or out_of_memory(error):
                raise
            if (failure := self.failure()) is not None:
                raise TrainingError(failure) from error
            first = str(error).partition("\n")[0]
            raise TrainingError(
                f"process {self.rank} of {self.size} lost the others ({first}); see what they said above; "
                "train with --resume goes on with the round"
            ) from error


ALONE = Team()


def out_of_memory(error: RuntimeError) -> bool:
    """Whether torch says that there is no memory left, on a GPU or on the host."""
    return isinstance(error, torch.OutOfMemoryError) or "DefaultCPUAllocator: can't allocate memory" in str(error)


@contextmanager
def within_memory() -> Iterator[None]:
    """Turns torch's error of too little memory into a TrainingError that says what to do."""
    try:
        yield
    except RuntimeError as error:
        if not out_of_memory(error):
            raise
        first = str(error).partition("\n")[0]
        raise TrainingError(
            f"out of memory ({first}); begin the round anew with a smaller --batch-size or --image-size, or with "
            "--resident file, which leaves the pictures on the disk"
        ) from error


@contextmanager
def joined() -> Iterator[Team]:
    """The team that torchrun has started this process for; without torchrun it is alone.

    NCCL carries what is on GPUs, Gloo what is on the host.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield ALONE
        return
    board, rank, size = next(rendezvous("env://", timeout=_PATIENCE))
    team = Team(rank, size, int(os.environ["LOCAL_RANK"]), int(os.environ["LOCAL_WORLD_SIZE"]), board)
    if torch.cuda.is_available():
        torch.cuda.set_device(team.local_rank)
    dist.init_process_group(store=board, rank=rank, world_size=size, timeout=_PATIENCE)
    try:
        yield team
    except Exception as error:
        team.tell_failure(error)
        raise
    dist.destroy_process_group()  # not after an error: it would wait for those that are gone
