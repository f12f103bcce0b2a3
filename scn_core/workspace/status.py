"""Where a workspace stands, as one record that screens and scripts read."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from scn_core.errors import counted, error_text
from scn_core.import_balance import Balance
from scn_core.records import EpochReport, RoundInfo
from scn_core.shell import command_line, install_torch
from scn_core.store.queue.undecided import UndecidedFaces, undecided_faces
from scn_core.store.rounds.states import epochs, latest_round, stale_round
from scn_core.store.samples import classes, count_by_split, count_problems
from scn_core.store.scores import count_open_proposals, count_proposals
from scn_core.store.votes import import_balance
from scn_core.workspace.folder import Workspace


@dataclass(frozen=True)
class Status:
    """A workspace at one moment."""

    workspace: str
    dataset: str
    root: str
    classes: list[str]
    samples: dict[str, int]
    """By split."""
    problems: int
    """What the import had to say, warnings included."""
    balance: Balance | None
    """Rows and files the import saw and what became of them; None in workspaces from before it was kept."""
    decisions: int
    """Answers of all rounds that stand; skips, flags and notes are none, nor is what was taken back."""
    round_decisions: int
    """Those of them in the newest round."""
    round: RoundInfo | None
    """The newest round, in whatever state."""
    stale: bool
    """It says it is running, but has not been heard of for two minutes: its trainer is no more."""
    epochs: list[EpochReport]
    """Of that round."""
    proposals: int
    """Of that round."""
    open_proposals: int
    """Not decided: audit faces, faces that wait for another reading and faces in conflict are among them."""
    undecided: UndecidedFaces
    """What the page Rounds says is to review and in conflict; all 0 unless the round is in review."""

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self) | {"balance": self.balance.as_dict() if self.balance else None}


def status_of(workspace: Workspace, db: Database) -> Status:
    """Reads it all from the database."""
    settings = workspace.settings()
    newest = latest_round(db)
    answers: dict[int, int] = dict(db.execute("SELECT round_id, sum(n) FROM answer_count GROUP BY 1").fetchall())
    return Status(
        workspace=str(workspace.path),
        dataset=settings.dataset,
        root=settings.shown_root,
        classes=list(classes(db).names),
        samples={str(split): n for split, n in count_by_split(db).items()},
        problems=count_problems(db),
        balance=import_balance(db),
        decisions=sum(answers.values()),
        round_decisions=answers.get(newest.id, 0) if newest else 0,
        round=newest,
        stale=stale_round(db) is not None,
        epochs=epochs(db, newest.id) if newest else [],
        proposals=count_proposals(db, newest.id) if newest else 0,
        open_proposals=count_open_proposals(db, newest.id) if newest else 0,
        undecided=undecided_faces(db, newest.id) if newest and newest.state == "review" else UndecidedFaces(0, 0, 0, 0),
    )


def why_no_training() -> str | None:
    """Why this installation cannot train, and what to do; None where it can."""
    if find_spec("torch") is not None:
        return None
    do = f"{install_torch()}; or train on another machine: see round pack"
    return error_text("", "no torch, as in an installation for reviewing alone", "an installation with torch", do)


def first_step(workspace: Path) -> str:
    """The command that begins the first round, on another machine where this installation cannot train."""
    if why_no_training() is None:
        return command_line("train", workspace)
    away = f"{command_line('round', 'pack', workspace, '--out', 'job.zip')}, to train on another machine"
    add = command_line("opinion", "add", workspace, "--name", "NAME", "--csv", "FILE")
    return f"{away}, or {add}, with what other models say"


def describe(status: Status) -> str:
    """The status as a few lines for a terminal."""
    counts = ", ".join(f"{n:,} {split}" for split, n in status.samples.items())
    lines = [
        f"workspace  {status.workspace}",
        f"data set   {status.dataset} at {status.root}",
        f"faces      {counts}" + (f"; {status.problems:,} import problems" if status.problems else ""),
        f"classes    {', '.join(status.classes)}",
    ]
    if status.balance:
        lines.append(f"import     {status.balance.lines()[0]}")
    info = status.round
    if info is None:
        return "\n".join([*lines, f"round      none yet; next: {first_step(Path(status.workspace))}"])
    message = info.message
    if status.stale:
        resume = command_line("train", Path(status.workspace), "--resume")
        message = f"not heard of since {info.heartbeat_at}; go on with: {resume}"
    lines.append(f"round {info.id:<4} {info.state}" + (f": {message}" if message else ""))
    if status.epochs:
        lines.append(f"epoch      {_epoch_line(status.epochs[-1], info.config.get('epochs', 0))}")
    if info.state in ("review", "closed"):
        lines.append(
            f"proposals  {status.proposals:,} by the trainer; "
            f"{counted(status.round_decisions, 'answer')} so far"
            + (f", {earlier:,} in earlier rounds" if (earlier := status.decisions - status.round_decisions) else "")
        )
    if info.state == "review":
        lines.append(f"left       {status.undecided}; audit faces count as without a proposal")
    if words := info.opinion_words:
        lines.append(f"made       {words}")
    if words := info.pooled_words:
        lines.append(f"suspicion  {words}")
    if words := info.missing_words:
        lines.append(f"pictures   {words}")
    lines.extend(f"warning    {warning}" for warning in (*info.caveats, *info.metrics.get("warnings", ())))
    return "\n".join(lines)


def _epoch_line(report: EpochReport, of: int) -> str:
    val = "" if report.val_accuracy is None else f", validation {report.val_accuracy:.1%}"
    return (
        f"{report.epoch} of {of}: loss {report.loss:.3f}, accuracy {report.accuracy:.1%}{val}, "
        f"alpha {report.alpha_high:.2f} high / {report.alpha_low:.2f} low (spread {report.alpha_std:.3f}), "
        f"{report.faces_per_s:,.0f} faces/s"
    )
