"""The tables of `benchmarks.label_cleaning`: mean and standard deviation over the seeds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import mean, stdev
from typing import Any

from benchmarks.cleaning.figures import ANSWERS

DETECTOR = {
    "AP": "average_precision",
    "AUROC": "auroc",
    "in class": "auroc_within_classes",
    "P@k": "precision_at_k",
    "P@500": "precision_at_500",
    "P@2000": "precision_at_2000",
}
SHARES = ("5 %", "10 %", "20 %", "30 %")


def describe(cells: Sequence[dict[str, Any]]) -> str:
    """All tables, a part for each kind of wrong labels."""
    noises = list(dict.fromkeys(cell["noise"] for cell in cells))
    return "\n".join(line for noise in noises for line in _part(noise, [c for c in cells if c["noise"] == noise]))


def _part(noise: str, cells: Sequence[dict[str, Any]]) -> Iterable[str]:
    wrong, faces = spread([cell["wrong"] for cell in cells]), cells[0]["faces"]
    yield f"### {noise}: {wrong} of the labels of {faces:,} faces are wrong; seeds {[cell['seed'] for cell in cells]}\n"
    yield from _table("score", list(DETECTOR), _scores(cells))
    columns = [f"after {share}" for share in SHARES]
    yield from _table("order | reader", [*columns, "area", "P@k", "over", "under"], _reviews(cells))
    yield from _table("proposals", ["number", "given wrong", "proposed right", "of the wrong ones"], _proposals(cells))
    yield from _table("doubt", ["of the faces", "given wrong", "likeliest right", "crowd agrees"], _doubt(cells))
    if any(cell["trained"] for cell in cells):
        yield from _table("training", ["test accuracy", "macro recall", "label accuracy"], _trained(cells))
    yield from _table("faces decided, drawn at random", ["mean error of the probability", "AP"], _answered(cells))
    errors = spread([cell["likeliest"]["error"] for cell in cells])
    yield f"Mean error of the probability of the likeliest class, over ten groups of faces: {errors}.\n"


def _table(head: str, columns: Sequence[str], rows: Iterable[tuple[str, Sequence[str]]]) -> Iterable[str]:
    yield f"| {head} | {' | '.join(columns)} |"
    yield "|---" * (len(columns) + 1 + head.count("|")) + "|"
    for name, figures in rows:
        yield f"| {name} | {' | '.join(figures)} |"
    yield ""


def _scores(cells: Sequence[dict[str, Any]]) -> Iterable[tuple[str, list[str]]]:
    for name in _all(cells, "rows"):
        there = [cell["rows"][name] for cell in cells if name in cell["rows"]]
        yield _counted(name, there, cells), [spread([row[column] for row in there]) for column in DETECTOR.values()]


def _reviews(cells: Sequence[dict[str, Any]]) -> Iterable[tuple[str, list[str]]]:
    for key in dict.fromkeys((each["order"], each["reader"]) for cell in cells for each in cell["reviews"]):
        same = [review for cell in cells for review in cell["reviews"] if (review["order"], review["reader"]) == key]
        after = [spread([review["accuracy"][i] for review in same]) for i in range(len(SHARES))]
        rest = [spread([review[name] for review in same]) for name in ("area", "hits")]
        counts = [f"{mean(review[name] for review in same):,.0f}" for name in ("over_corrected", "under_corrected")]
        yield _counted(" | ".join(key), same, cells), [*after, *rest, *counts]


def _proposals(cells: Sequence[dict[str, Any]]) -> Iterable[tuple[str, list[str]]]:
    for name in cells[0]["proposals"]:
        same = [cell["proposals"][name] for cell in cells]
        shares = [spread([each[column] for each in same]) for column in ("precision", "label_right", "recall")]
        yield name, [f"{mean(each['count'] for each in same):,.0f}", *shares]


def _doubt(cells: Sequence[dict[str, Any]]) -> Iterable[tuple[str, list[str]]]:
    for kind, columns in cells[0]["doubt"].items():
        yield kind, [spread([cell["doubt"][kind][column] for cell in cells]) for column in columns]


def _answered(cells: Sequence[dict[str, Any]]) -> Iterable[tuple[str, list[str]]]:
    """How far the probability that a label is wrong is off, over ten groups of faces, and how well it ranks."""
    for count in ANSWERS:
        name = f"{count}" if count else "none: suspicion"
        yield name, [spread([cell["answered"][f"{kind} after {count}"] for cell in cells]) for kind in ("error", "AP")]


def _trained(cells: Sequence[dict[str, Any]]) -> Iterable[tuple[str, list[str]]]:
    for arm in _all(cells, "trained"):
        there = [cell["trained"][arm] for cell in cells if arm in cell["trained"]]
        columns = ("test_accuracy", "macro_recall", "label_accuracy")
        yield _counted(arm, there, cells), [spread([each[name] for each in there]) for name in columns]


def _all(cells: Sequence[dict[str, Any]], part: str) -> list[str]:
    """The names that any cell has in this part."""
    return list(dict.fromkeys(name for cell in cells for name in cell[part]))


def _counted(name: str, there: Sequence[object], cells: Sequence[object]) -> str:
    """The name of a row, with its n where not every seed has it."""
    return name if len(there) == len(cells) else f"{name} (n = {len(there)})"


def describe_variants(runs: Sequence[dict[str, Any]]) -> str:
    """A row for each option, with what it cost over the default one."""

    def rows() -> Iterable[tuple[str, list[str]]]:
        seconds = mean(run["seconds"] for run in runs if run["variant"] == "default")
        for name in dict.fromkeys(run["variant"] for run in runs):
            same = [run for run in runs if run["variant"] == name]
            found = [spread([run["suspicion"][DETECTOR[c]] for run in same]) for c in ("AP", "in class", "P@k")]
            tested = [spread([run[c] for run in same]) for c in ("test_accuracy", "macro_recall")]
            time = f"{mean(run['seconds'] for run in same) / seconds:.2f}"
            yield name, [str(len(same)), *found, *tested, time]

    columns = ["n", "AP", "in class", "P@k", "test accuracy", "macro recall", "time"]
    return "\n".join(_table("option", columns, rows()))


def spread(values: Sequence[float | None], form: str = ".3f") -> str:
    """Mean, and standard deviation (n - 1) where there are several."""
    known = [value for value in values if value is not None]
    if not known:
        return "-"
    return f"{mean(known):{form}}" + (f" ± {stdev(known):{form}}" if len(known) > 1 else "")
