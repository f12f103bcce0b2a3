"""The data sets this project reads, by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from scn_core.class_names import ClassVocabulary
from scn_core.datasets import affectnet, csv_table, expw, fer2013, ferplus, image_folder, raf_db
from scn_core.datasets.checks import gather
from scn_core.datasets.fetching import Elsewhere
from scn_core.datasets.rows import Entry
from scn_core.datasets.source import Source
from scn_core.errors import DataError, UsageError, counted, error_text
from scn_core.import_balance import Problem
from scn_core.records import Manifest, Sample


@dataclass(frozen=True)
class Dataset:
    """How one published data set, or one shape of files, is read."""

    summary: str
    """One line for the help text."""
    vocabulary: Callable[[Source], ClassVocabulary]
    root: Callable[[Source], Path]
    """The folder sample paths are relative to."""
    read: Callable[[Source], Iterator[Entry]]
    options: frozenset[str] = frozenset()
    """Fields of Source it reads besides root, unpack_to and seed."""
    notes: Callable[[Source], Iterator[str]] = lambda source: iter(())
    """How its files were taken where they leave a choice, a line each."""


def _demo(source: Source) -> Source:
    return replace(source, csv=source.folder() / "labels.csv", reference_column="reference")


_REASONS = 8
"""Listed where an import ends in an error."""
_TABLE = frozenset(
    {
        "csv",
        "csv_address",
        "path_column",
        "label_column",
        "split_column",
        "reference_column",
        "annotator_column",
        "classes",
        "label_rule",
    }
)

DATASETS: dict[str, Dataset] = {
    "raf-db": Dataset("RAF-DB, basic emotions: EmoLabel and Image", raf_db.vocabulary, raf_db.root, raf_db.read),
    "ferplus": Dataset(
        "FERPlus: fer2013new.csv with FER2013Train/Valid/Test or fer2013.csv",
        ferplus.vocabulary,
        ferplus.root,
        ferplus.read,
        frozenset({"label_rule", "class_count"}),
    ),
    "fer2013": Dataset("FER2013: fer2013.csv alone", fer2013.vocabulary, fer2013.root, fer2013.read),
    "affectnet": Dataset(
        "AffectNet: training.csv and validation.csv, or train_set and val_set",
        affectnet.vocabulary,
        affectnet.root,
        affectnet.read,
        frozenset({"class_count"}),
    ),
    "expw": Dataset("ExpW: label.lst and image", expw.vocabulary, expw.root, expw.read),
    "folder": Dataset(
        "one folder of pictures per class, or train/val/test of these",
        image_folder.vocabulary,
        image_folder.root,
        image_folder.read,
        frozenset({"classes"}),
    ),
    "csv": Dataset(
        "any CSV file of paths and labels",
        csv_table.vocabulary,
        csv_table.root,
        csv_table.read,
        _TABLE,
        csv_table.notes,
    ),
    "demo": Dataset(
        "drawn faces with known label errors",
        lambda source: csv_table.vocabulary(_demo(source)),
        lambda source: csv_table.root(_demo(source)),
        lambda source: csv_table.read(_demo(source)),
    ),
}


def find_dataset(name: str) -> Dataset:
    """The data set of that name. Raises UsageError naming those there are."""
    if name not in DATASETS:
        raise UsageError(error_text("--dataset", repr(name), ", ".join(DATASETS)))
    return DATASETS[name]


def read_manifest(
    name: str,
    source: Source,
    *,
    strict: bool = False,
    all_classes: bool = True,
    progress: Callable[[int], None] | None = None,
    elsewhere: Elsewhere | None = None,
) -> Manifest:
    """Read a data set and look at every picture.

    What cannot be used is left out and told in `Manifest.problems`; with `strict` it is a DataError instead. With
    `all_classes` a class without a train face is one, too. `progress` is called with the number of rows done since it
    was last called. `elsewhere`: from where pictures are fetched before they are looked at.
    Raises UsageError for options that do not apply and DataError where there is nothing to train on.
    """
    dataset = find_dataset(name)
    source.check(name, dataset.options)
    root, classes = dataset.root(source), dataset.vocabulary(source)
    copies = None if elsewhere is None else elsewhere.copies(root)
    fetch = partial(elsewhere.rows, root) if elsewhere is not None and copies is not None else iter
    root = copies or root
    samples, problems, left_out, spellings = gather(
        dataset.read(source),
        root,
        classes,
        progress or (lambda rows: None),
        follow_links=source.follow_links,
        fetch=fetch,
    )
    unusable = [problem for problem in problems if not problem.kept]
    if strict and unusable:
        raise DataError(_listed(f"found {len(unusable):,} rows that cannot be used", unusable))
    _check_usable(root, samples, classes, [*unusable, *left_out], all_classes=all_classes)
    notes = (*dataset.notes(source), *_voted_alone(samples, classes))
    return Manifest(name, root, classes, tuple(samples), (*problems, *left_out), tuple(spellings), notes=notes)


def _check_usable(
    root: Path, samples: list[Sample], classes: ClassVocabulary, reasons: list[Problem], *, all_classes: bool
) -> None:
    present = {sample.given_label for sample in samples if sample.split == "train"}
    if not present:
        raise DataError(_listed(f"{root}: found no usable train face", reasons))
    voted = _votes_by_class(samples)
    absent = [name for number, name in enumerate(classes.names) if number not in present and not voted[number]]
    if absent and all_classes:
        what = f"{root}: found no usable train face of class {', '.join(absent)}; add some, or leave the class out"
        how = "--class-count; --classes, with nothing between its commas for a number without a class: a,,c"
        raise DataError(_listed(f"{what} ({how})", reasons))


def _votes_by_class(samples: list[Sample]) -> Counter[int]:
    """How many votes train faces have for each class: one that never won a face is a class all the same."""
    votes: Counter[int] = Counter()
    for sample in samples:
        if sample.split == "train":
            for vote in sample.votes:
                if vote.label is not None:
                    votes[vote.label] += vote.count
    return votes


def _voted_alone(samples: list[Sample], classes: ClassVocabulary) -> Iterator[str]:
    """Classes that no train face is labelled and votes name, a line each."""
    present = {sample.given_label for sample in samples if sample.split == "train"}
    for number, count in sorted(_votes_by_class(samples).items()):
        if number not in present:
            yield (
                f"no train face is labelled {classes.names[number]}, which {counted(count, 'vote')} name: people can "
                "choose it, and the network learns it from votes alone (train --soft-labels votes)"
            )


def _listed(what: str, problems: list[Problem], most: int = 5) -> str:
    lines = [what, *(f"  {problem}" for problem in problems[:most])]
    if len(problems) > most:
        lines.append(f"  ... and {len(problems) - most:,} more")
        counts: Counter[str] = Counter()
        for problem in problems:
            counts[problem.reason] += problem.rows
        lines.append("  in all: " + "; ".join(f"{n:,} {reason}" for reason, n in counts.most_common(_REASONS)))
    return "\n".join(lines)
