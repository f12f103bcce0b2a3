"""What small rounds say of their proposals, beside how many are right; and how much two trainings differ.

    python -m benchmarks.small_sets WORKSPACE... --pair FIRST SECOND --pair ...

Each workspace has reference labels and a trained round; its first one counts. *said* is suspicion, and the probability
by which proposals are chosen (`proposal_probability`); *is*, the share of proposals whose given label is wrong, and of
those whose proposed label is the reference: means over the proposals with a reference label. Of a pair, faces are
matched by key. JSON to results/small_sets.json, a row a workspace and a row a pair, with their settings.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

import scn_core as scn
from scn_core.scn.suspicion import proposal_probability
from scn_core.store.rounds.states import rounds
from scn_core.store.samples import references
from scn_core.store.scores import scores
from scn_core.workspace.folder import Workspace

RESULTS = Path(__file__).with_name("results") / "small_sets.json"
SETTINGS = (
    "image_size", "epochs", "backbone", "weights", "threads", "seed", "torch", "numpy", "python", "commit",
    "data_sha256",
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workspaces", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--pair", type=Path, nargs=2, action="append", default=[])
    said = parser.parse_args()
    rows = [measured(Workspace(path)) for path in said.workspaces]
    pairs = [compared(Workspace(first), Workspace(second)) for first, second in said.pair]
    report = {"benchmark": "small_sets", "rounds": rows, "pairs": pairs}
    said.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print("\n\n".join(tables(report)))


def tables(report: dict[str, Any]) -> tuple[str, str]:
    """The tables of benchmarks/README.md, of the rounds and of the pairs."""
    rounds_table = [
        "| faces | epochs, threads, seed | proposals | given wrong: said | is | proposed right: said | is |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in report["rounds"]:
        shares = " | ".join(
            f"{row[what][key]:.2f}" for what in ("given_wrong", "proposed_right") for key in ("said", "is")
        )
        rounds_table.append(f"| {_faces(row, row['faces'])} | {_settled(row)} | {row['with_reference']:,} | {shares} |")
    pairs_table = [
        "| faces | epochs, threads, seed | suspicion differs by up to | on average | alpha by up to | on average "
        "| proposals | the same |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for pair in report["pairs"]:
        first, second = pair["settings"]
        differ = " | ".join(
            f"{pair[kind][name]:.2f}"
            for name in ("suspicion", "alpha")
            for kind in ("largest_difference", "mean_difference")
        )
        how = _settled(first) if _settled(first) != _settled(second) else f"{_settled(first)}; rows in another order"
        how += f" and {_settled(second)}" if _settled(first) != _settled(second) else ""
        proposals = " and ".join(f"{count:,}" for count in pair["proposals"])
        pairs_table.append(
            f"| {_faces(first, pair['in_both'])} | {how} | {differ} | {proposals} | {pair['same_proposals']:,} |"
        )
    return "\n".join(rounds_table), "\n".join(pairs_table)


def _faces(row: dict[str, Any], count: int) -> str:
    names = {"ferplus": "FERPlus", "demo": "drawn"}
    return f"{count:,}, {names.get(row['dataset'], 'CIFAR-10N')}"


def _settled(row: dict[str, Any]) -> str:
    return f"{row['epochs']}, {row['threads']}, {row['seed']}"


def measured(workspace: Workspace) -> dict[str, Any]:
    """The first round of a workspace, said beside is."""
    source = workspace.settings()
    with workspace.database(read_only=True) as db:
        info = rounds(db)[-1]
        found, known = scores(db, info.id), references(db)
    reference = np.full(int(max(found.sample_id.max(), known.sample_id.max())) + 1, -1)
    reference[known.sample_id] = known.label
    right = reference[found.sample_id]
    proposed = found.proposed_label >= 0
    among = proposed & (right >= 0)
    said = proposal_probability(found.suspicion, found.probabilities, found.start_label)
    return {
        "label_rule": source.source.get("label_rule"),
        "faces": len(found.sample_id),
        "device": info.metrics["device"],
        "val_accuracy": info.metrics["val_accuracy"],
        "test_accuracy": info.metrics["test_accuracy"],
        "proposals": int(proposed.sum()),
        "with_reference": int(among.sum()),
        "given_wrong": {
            "said": float(found.suspicion[among].mean()),
            "is": float((right != found.start_label)[among].mean()),
        },
        "proposed_right": {
            "said": float(said[among].mean()),
            "is": float((right == found.proposed_label)[among].mean()),
        },
        **_settings(workspace),
    }


def compared(first: Workspace, second: Workspace) -> dict[str, Any]:
    """How far apart the first rounds of two workspaces are, on the faces of both."""
    one, two = (scn.open(each.path).scores(round=1).set_index("key") for each in (first, second))
    both = one.index.intersection(two.index)
    a, b = one.loc[both], two.loc[both]
    proposed = [each["proposed_label"].astype("string").fillna("") for each in (a, b)]
    return {
        "faces": [len(one), len(two)],
        "in_both": len(both),
        "largest_difference": {name: float((a[name] - b[name]).abs().max()) for name in ("suspicion", "alpha")},
        "mean_difference": {name: float((a[name] - b[name]).abs().mean()) for name in ("suspicion", "alpha")},
        "proposals": [int((each != "").sum()) for each in proposed],
        "faces_proposed_in_both": int(((proposed[0] != "") & (proposed[1] != "")).sum()),
        "same_proposals": int(((proposed[0] != "") & (proposed[0] == proposed[1])).sum()),
        "settings": [_settings(each) for each in (first, second)],
    }


def _settings(workspace: Workspace) -> dict[str, Any]:
    with workspace.database(read_only=True) as db:
        config = rounds(db)[-1].config
    return {"dataset": workspace.settings().dataset, **{name: config[name] for name in SETTINGS}}


if __name__ == "__main__":
    main()
