"""Settings of a round, and where they come from: flags over workspace.toml over these defaults."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import Field, asdict, dataclass, field, fields
from typing import Any, Literal, get_args

from scn_core.errors import UsageError, WorkspaceError, error_text

RelabelMode = Literal["review", "auto", "off"]
Proposals = Literal["cured", "paper"]
Precision = Literal["auto", "bf16", "fp32"]
ResidentChoice = Literal["auto", "device", "pinned", "file"]
RankOver = Literal["batch", "process"]
DecidedBy = Literal["majority", "lead"]
UnsureRule = Literal["given", "leave_out", "soften"]
AmbiguousRule = Literal["given", "soften"]
SoftLabels = Literal["off", "votes"]


REMOVED = ("flip_consistency", "folds")
"""Options that older versions had; records of rounds keep them, 0 where a round was trained without."""


def option(
    default: Any, help: str, *, low: float | None = None, high: float | None = None, choices: tuple[str, ...] = ()
) -> Any:
    """A field that is also a flag: its help text and what it may be stand here and nowhere else."""
    return field(default=default, metadata={"help": help, "low": low, "high": high, "choices": choices})


@dataclass(frozen=True)
class TrainSettings:
    """Every option of a round. All of them are written into the round's row and its config.json.

    Raises UsageError, naming the flag, for a value of the wrong type or out of range.
    """

    image_size: int = option(112, "side of the square training picture, in pixels", low=16, high=1024)
    epochs: int = option(30, "passes over the training faces", low=1, high=10_000)
    batch_size: int = option(128, "faces a step; rank regularisation compares faces within a batch", low=2)
    lr: float = option(1e-3, "peak learning rate at batch 128; grows with the root of the batch size", low=0, high=100)
    backbone: str = option("resnet18", "any torchvision classification model")
    weights: str | None = option(None, "'imagenet', or a file to start from (.safetensors, .pt, .pth)")
    beta: float = option(0.7, "share of a batch in the high-importance group", low=0.01, high=0.99)
    gamma: float = option(0.5, "loss = gamma * rank + (1 - gamma) * cross entropy", low=0, high=1)
    margin_rank: float = option(0.15, "delta1: by how much the groups' mean importance should differ", low=0, high=1)
    learn_margin_rank: bool = option(False, "learn delta1, starting from --margin-rank")
    margin_relabel: float = option(0.2, "delta2: propose a relabel where P_max - P_given exceeds it", low=0, high=1)
    relabel: RelabelMode = option(
        "review",
        "review: propose, people decide; auto: the paper's own, labels change during training; off: no proposals",
        choices=get_args(RelabelMode),
    )
    relabel_from: int = option(10, "with --relabel auto: the epoch after which labels begin to change", low=1)
    proposals: Proposals = option(
        "cured",
        "cured: by the mean over the epochs, each class weighted by its trust; paper: by the last pass alone",
        choices=get_args(Proposals),
    )
    weighting_from: float = option(
        0.2, "share of the epochs trained on unweighted logits before alpha weights them; 0: at once", low=0, high=1
    )
    attention_lr_scale: float = option(
        0.1, "learning rate of the attention head over that of the rest", low=0, high=1000
    )
    weight_decay: float = option(0.05, "decoupled weight decay, the attention head excepted", low=0, high=10)
    clip_norm: float = option(2.0, "clip gradients to this norm; 0: never", low=0)
    label_smoothing: float = option(
        0.0, "share of every label's weight that goes evenly to the other classes", low=0, high=0.9
    )
    soft_labels: SoftLabels = option(
        "off",
        "votes: faces that came with several people's labels, and that nobody decided here, are trained on the share "
        "of each class among these",
        choices=get_args(SoftLabels),
    )
    mixup: float = option(0.0, "blend faces in pairs, by shares from Beta(mixup, mixup); 0: never", low=0, high=10)
    average_weights: float = option(
        0.0, "score faces with a running average of the weights; this share of it is kept in each step; 0: off",
        low=0, high=0.99999,
    )  # fmt: skip
    augmentation: float = option(
        1.0, "how far faces are rotated, shifted, changed in brightness and erased; 1: gently", low=0, high=10
    )
    precision: Precision = option("auto", "auto: bf16 where the device computes in it", choices=get_args(Precision))
    queue_suspicion: float = option(
        0.2, "faces outside the low-importance group join the queue if their suspicion is at least this; 1: none",
        low=0, high=1,
    )  # fmt: skip
    audit_samples: int = option(
        100, "faces drawn at random into the queue, at most a quarter of all, to estimate the label-error rate", low=0
    )
    device: str = option("auto", "auto, cpu, cuda, cuda:1, ...")
    resident: ResidentChoice = option(
        "auto",
        "where pictures are kept: device, its own memory; pinned: the host's, copied batch by batch from page-locked "
        "buffers; file: the memory map; auto: the first that fits",
        choices=get_args(ResidentChoice),
    )
    compile: bool = option(False, "let torch.compile merge the kernels of a training step; takes a minute at the start")
    cuda_graphs: bool = option(True, "one GPU: record a step once and replay it; the same result, faster")
    channels_last: bool = option(True, "convolutions in channels_last order")
    fused: bool = option(True, "all weights updated by one kernel")
    rank_over: RankOver = option(
        "batch",
        "several processes: faces are ranked within the whole batch, or within each process's part of it",
        choices=get_args(RankOver),
    )
    sync_batch_norm: bool = option(True, "several GPUs: batch statistics are those of the whole batch")
    keep_features: bool = option(
        True, "keep what the network sees in each face, 1,024 bytes a face with resnet18, to show faces that are alike"
    )
    allow_missing: bool = option(False, "train on the rest where pictures are missing or damaged")
    ask_room: bool = option(True, "before the round begins, ask whether the disk has room for its files")
    close_earlier: bool = option(
        True, "close the round in review when this one ends, unless this one came out worse; else a lead closes it"
    )
    threads: int = option(
        0,
        "threads of the CPU; 0: what OMP_NUM_THREADS says, or one for each core, one fewer beside another process at "
        "work; the round keeps the number",
        low=0, high=1024,
    )  # fmt: skip
    seed: int = option(0, "same seed, number of threads, machine and versions: same result", low=0, high=2**31 - 1)

    def __post_init__(self) -> None:
        for setting in fields(self):
            _check(setting, getattr(self, setting.name))
        if self.soft_labels == "votes" and self.relabel == "auto":
            raise UsageError(
                error_text("--soft-labels", "votes with --relabel auto", "one of them, as both set labels")
            )

    @classmethod
    def merged(cls, *layers: Mapping[str, Any], source: str = "workspace.toml, table [train]") -> TrainSettings:
        """Settings from layers of options, later ones winning; None means 'not said', 'none' is an option's None.

        Raises UsageError for a name that is no option, naming `source` and the options there are.
        """
        known = {setting.name: setting for setting in fields(cls)}
        values: dict[str, Any] = {}
        for layer in layers:
            if unknown := sorted(set(layer) - known.keys()):
                name = unknown[0]
                found = (
                    f"{name!r}, which was removed as it found no more wrong labels" if name in REMOVED else repr(name)
                )
                raise UsageError(error_text(source, f"option {found}", ", ".join(sorted(known)), "take it out"))
            values |= {name: value for name, value in layer.items() if value is not None}
        nothing = {name for name, setting in known.items() if setting.default is None}
        values |= {name: None for name, value in values.items() if name in nothing and value == "none"}
        return cls(**values)

    def audit_faces(self, faces: int) -> int:
        """Audit faces of a round of so many faces: a quarter at most, because no proposal is shown for them."""
        return min(self.audit_samples, faces // 4)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class ReviewSettings:
    """Table [review] of workspace.toml: how rounds are reviewed, and what training makes of the answers."""

    readings: int = option(1, "how many people answer each face, blind to each other", low=1, high=9)
    decided_by: DecidedBy = option(
        "majority",
        "where readings differ: majority: more than half of them decide, a lead the rest; lead: a lead decides all",
        choices=get_args(DecidedBy),
    )
    repeats: float = option(
        0.0, "share of a page that its reviewer has answered before, to see how consistent they are", low=0, high=0.2
    )
    unsure: UnsureRule = option(
        "given",
        "faces answered unsure: given: trained on under the given label; leave_out: not trained on; "
        "soften: half of the label's weight goes evenly to the other classes",
        choices=get_args(UnsureRule),
    )
    ambiguous: AmbiguousRule = option(
        "given",
        "faces that nobody has decided and the newest round finds ambiguous: given: trained on under the given label; "
        "soften: as with unsure",
        choices=get_args(AmbiguousRule),
    )
    learn_every: int = option(50, "the order of the queue is learned again after so many answers; 0: never", low=0)
    explore: float = option(0.01, "share of a learned order drawn at random, to find what the model is wrong about",
                            low=0, high=0.5)  # fmt: skip

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_table(cls, table: Mapping[str, Any], *, source: str) -> ReviewSettings:
        """Settings from a table; what it does not say stays as it is here. Raises WorkspaceError as `checked` does."""
        return cls(**checked(cls, table, source=source))


@dataclass(frozen=True)
class BackupSettings:
    """Table [backup] of workspace.toml: the backups that the program makes by itself, and how many it keeps."""

    automatic: bool = option(
        True, "database and settings are backed up before decisions are imported and at the end of a round"
    )
    keep: int = option(5, "of each cause, the newest so many are kept", low=1, high=1_000)
    days: int = option(7, "and the newest of each of the last so many days that have one", low=0, high=1_000)
    weeks: int = option(4, "and the newest of each of the last so many weeks that have one", low=0, high=1_000)

    @classmethod
    def from_table(cls, table: Mapping[str, Any], *, source: str) -> BackupSettings:
        """Settings from a table; what it does not say stays as it is here. Raises WorkspaceError as `checked` does."""
        return cls(**checked(cls, table, source=source))


def checked(
    kind: type[ReviewSettings] | type[BackupSettings], table: Mapping[str, Any], *, source: str
) -> dict[str, Any]:
    """The values of a table of workspace.toml.

    Raises WorkspaceError naming `source` and the key for an unknown key, a value of another type or out of range.
    """
    known = {setting.name: setting for setting in fields(kind)}
    for name, value in table.items():
        if name not in known:
            raise WorkspaceError(error_text(source, f"key {name!r}", ", ".join(known), "correct it"))
        if not _fits(known[name], value):
            raise WorkspaceError(error_text(source, f"{name} = {value!r}", allowed(known[name]), "correct it"))
    return dict(table)


def still_options(values: Mapping[str, Any], *, source: str) -> dict[str, Any]:
    """What a record says without the options that were removed since.

    Raises UsageError, naming `source`, where one of those was in use.
    """
    if used := [name for name in REMOVED if values.get(name)]:
        found = f"{flag(used[0])} {values[used[0]]}, an option that this version does not have"
        do = "begin a new round, or go on with the version that began this one"
        raise UsageError(error_text(source, found, "records without it", do))
    return {name: value for name, value in values.items() if name not in REMOVED}


def flag(name: str) -> str:
    """The command-line flag of a setting: image_size -> --image-size."""
    return "--" + name.replace("_", "-")


def allowed(setting: Field[Any]) -> str:
    """What an option may be, as error messages and docs/training.md say it."""
    low, high, choices = (setting.metadata[name] for name in ("low", "high", "choices"))
    if choices:
        return ", ".join(choices)
    if isinstance(setting.default, bool):
        return "true or false"
    if low is None:
        return "text"
    kind = "a whole number" if isinstance(setting.default, int) else "a number"
    return f"{kind}, {low} or more" if high is None else f"{kind} from {low} to {high}"


def _check(setting: Field[Any], value: Any) -> None:
    if not _fits(setting, value):
        raise UsageError(error_text(flag(setting.name), repr(value), allowed(setting)))


def _fits(setting: Field[Any], value: Any) -> bool:
    low, high, choices = (setting.metadata[name] for name in ("low", "high", "choices"))
    types = {bool: (bool,), int: (int,), float: (int, float), str: (str,), type(None): (str, type(None))}
    right = isinstance(value, types[type(setting.default)])
    if isinstance(value, bool) and not isinstance(setting.default, bool):
        right = False
    if right and low is not None:
        right = low <= value <= (sys.float_info.max if high is None else high)  # so that nan and inf fail
    return right and (not choices or value in choices)
