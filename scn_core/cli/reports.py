"""What the commands print for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from scn_core.errors import counted
from scn_core.import_balance import Balance
from scn_core.records import SPLITS, Manifest, RoundInfo
from scn_core.shell import command_line
from scn_core.store.scores import ProposalRow
from scn_core.workspace.folder import Workspace

if TYPE_CHECKING:  # scikit-learn behind it takes a second to import
    from scn_core.review.evaluate import Detector, Evaluation
    from scn_core.review.quality.votes import VoteAgreement

_PROBLEMS_SHOWN = 10


def describe_import(manifest: Manifest, balance: Balance | None, agreement: VoteAgreement | None) -> str:
    """Counts by split and class, the first of what could not be used, and what became of all rows and files."""
    by_split = Counter(sample.split for sample in manifest.samples)
    by_class = Counter(sample.given_label for sample in manifest.samples if sample.split == "train")
    lines = [
        f"{manifest.dataset}: {counted(len(manifest.samples), 'face')} from {manifest.address or manifest.root}",
        "  " + ", ".join(f"{by_split[split]:,} {split}" for split in SPLITS),
        "  train: " + ", ".join(f"{by_class[i]:,} {name}" for i, name in enumerate(manifest.classes.names)),
    ]
    for what, problems in (
        ("left out", [p for p in manifest.problems if not p.kept]),
        ("warnings", [p for p in manifest.problems if p.kept]),
    ):
        if problems:
            lines.append(f"  {what}: {sum(problem.rows for problem in problems):,}")
            lines.extend(f"    {problem}" for problem in problems[:_PROBLEMS_SHOWN])
            if len(problems) > _PROBLEMS_SHOWN:
                lines.append(f"    and {len(problems) - _PROBLEMS_SHOWN:,} more, all in table problem of review.db")
    lines.extend(f"  {note}" for note in manifest.notes)
    if agreement:
        lines.append(f"  votes: {agreement.describe()}")
    lines.extend(f"  {line}" for line in (balance.lines() if balance else ()))
    return "\n".join(lines)


def import_as_dict(manifest: Manifest, balance: Balance | None, agreement: VoteAgreement | None) -> dict[str, Any]:
    """The same as plain values for JSON; `problems` are the first ones alone, all are in table problem."""
    return {
        "dataset": manifest.dataset,
        "root": manifest.address or str(manifest.root),
        "classes": list(manifest.classes.names),
        "samples": {split: sum(sample.split == split for sample in manifest.samples) for split in SPLITS},
        "balance": balance.as_dict() if balance else None,
        "votes": agreement.as_dict() if agreement else None,
        "notes": list(manifest.notes),
        "problems": [str(problem) for problem in manifest.problems[:_PROBLEMS_SHOWN]],
    }


def describe_proposals(
    rows: Sequence[ProposalRow], names: Sequence[str], count: int, ended: RoundInfo | None, workspace: Workspace
) -> str:
    """A table of proposals, and where the pictures are."""
    if ended is None:
        return f"no round has ended yet; train one with: {command_line('train', workspace.path)}"
    if not rows:
        return f"round {ended.id}: no open proposals"
    width = max(len(row.key) for row in rows)
    lines = [f"{'face':<{width}}  {'given':<9} {'proposed':<9} {'alpha':>6} {'margin':>7} {'suspicion':>9}"]
    lines.extend(
        f"{row.key:<{width}}  {names[row.given_label]:<9} {names[row.proposed_label]:<9} "
        f"{'-' if row.alpha is None else f'{row.alpha:.3f}':>6} {row.margin:>7.3f} {row.suspicion:>9.3f}"
        for row in rows
    )
    root = workspace.settings().shown_root
    if words := ended.opinion_words:
        lines.append(f"round {ended.id}, {words}")
    lines.extend(f"round {ended.id}, {words}" for words in ended.caveats)
    lines.append(f"round {ended.id}: {len(rows):,} of {counted(count, 'proposal')} not decided; pictures under {root}")
    return "\n".join(lines)


def describe_evaluation(result: Evaluation) -> str:
    """Tables of detectors, proposals and label accuracy."""
    from scn_core.review.evaluate import opinion_row

    width = max(18, *(2 + len(name) for name in result.label_accuracy))
    lines = [
        f"round {result.round}: {counted(result.faces, 'face')} with a reference label, "
        f"{counted(result.wrong, 'given label')} wrong "
        f"({result.wrong / result.faces:.1%}); {result.unmatched:,} reference rows are of no "
        "face it was trained on: of val or test, or left out",
        "",
        f"{'order':<{width}}{'AP':>7}{'AUROC':>8}{'in class':>10}{'P@k':>7}{'P@500':>8}{'P@2000':>8}",
    ]
    lines += [
        _detector_line(name, found, width)
        for name, found in (
            *([] if result.alpha is None else [("1 - alpha", result.alpha)]),
            ("margin", result.margin),
            ("suspicion", result.suspicion),
            *((opinion_row(name), found) for name, found in result.opinions.items()),
            ("class error rate", result.class_error_rate),
        )
    ]
    if result.opinions:
        lines.append(
            "an opinion orders by the probability of its likeliest class but the label, minus that of the label"
        )
    quality = result.proposals
    lines += [
        "",
        f"proposals: {quality.count:,}; given label wrong in {_share(quality.precision)} of them, new label right in "
        f"{_share(quality.label_right)}; {_share(quality.recall)} of the wrong labels have one",
        "",
        f"{'label accuracy':<{width}}" + "".join(f"{f'at {share:.0%}':>8}" for share in result.shares),
    ]
    lines += [
        f"{name:<{width}}" + "".join(f"{v:>8.3f}" for v in curve) for name, curve in result.label_accuracy.items()
    ]
    return "\n".join(lines)


def _detector_line(name: str, found: Detector, width: int) -> str:
    figures = (
        (found.average_precision, 7),
        (found.auroc, 8),
        (found.auroc_within_classes, 10),
        (found.precision_at_k, 7),
        (found.precision_at_500, 8),
        (found.precision_at_2000, 8),
    )
    return f"{name:<{width}}" + "".join(f"{'-' if value is None else f'{value:.3f}':>{w}}" for value, w in figures)


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"
