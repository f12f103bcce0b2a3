"""From a reader's rows to samples: doubles out, every picture looked at, what is wrong gathered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import NamedTuple

from scn_core.datasets.duplicates import Firsts
from scn_core.datasets.images import Look, look_at
from scn_core.datasets.parallel import in_order
from scn_core.datasets.rows import Entry, LeftOut, Row, leads_out
from scn_core.labels import ClassVocabulary
from scn_core.records import Box, Problem, Sample

_UNSEEN = Look(None, b"")


class Intake(NamedTuple):
    """What a data set came to."""

    samples: list[Sample]
    problems: list[Problem]
    """In the order of the rows."""
    left_out: list[Problem]
    """One per reason, with the number of rows."""


def gather(
    entries: Iterable[Entry],
    root: Path,
    classes: ClassVocabulary,
    progress: Callable[[int], None],
    look: Callable[[Path, Box | None], Look] = look_at,
) -> Intake:
    """Look at the pictures of all rows, many at a time, and keep what can be used in the order it came.

    `look` opens one; benchmarks name another where there are no pictures.
    """
    samples: list[Sample] = []
    problems: list[Problem] = []
    counts: Counter[LeftOut] = Counter()
    with closing(Firsts()) as keys, closing(Firsts()) as pictures:
        seen = in_order(partial(_look, root.resolve(), look), _without_doubles(entries, keys))
        for entry, shown in seen:
            progress(1)
            if isinstance(entry, LeftOut):
                counts[entry] += 1
            elif isinstance(entry, Problem):
                problems.append(entry)
            elif shown.wrong is not None:
                problems.append(_unusable(entry, shown.wrong))
            else:
                first = pictures.earlier(_picture(entry.sample, shown), len(samples))
                if first is not None:
                    problems.extend(_compare(entry, samples[first], classes))
                samples.append(entry.sample)
    left_out = [Problem(why.file, None, f"{n:,} rows left out: {why.reason}", why.allowed) for why, n in counts.items()]
    return Intake(samples, problems, left_out)


def _without_doubles(entries: Iterable[Entry], keys: Firsts) -> Iterator[Entry]:
    for entry in entries:
        first = keys.earlier(entry.sample.key, entry.line or 0) if isinstance(entry, Row) else None
        if isinstance(entry, Row) and first is not None:
            found = f"{entry.sample.key} a second time, first in line {first}; this one is left out"
            yield Problem(entry.file, entry.line, found, "one row a face")
        else:
            yield entry


def _picture(sample: Sample, shown: Look) -> bytes:
    """Mark of what is to be seen: two faces of one picture are not the same."""
    return shown.digest if sample.box is None else shown.digest + repr(sample.box).encode()


def _look(root: Path, look: Callable[[Path, Box | None], Look], entry: Entry) -> tuple[Entry, Look]:
    if not isinstance(entry, Row):
        return entry, _UNSEEN
    if leads_out(root, entry.sample.path):
        return entry, Look("a link that leads out of the root", b"")
    return entry, look(root / entry.sample.path, entry.sample.box)


def _unusable(row: Row, wrong: str) -> Problem:
    found = wrong if row.line is None else f"{row.sample.path}: {wrong}"
    return Problem(row.file, row.line, found, "a whole picture under the root")


def _compare(row: Row, first: Sample, classes: ClassVocabulary) -> Iterator[Problem]:
    """Warnings about a face that is the same, byte for byte, as the first of its kind."""
    sample = row.sample
    same = f"{sample.path}, the same picture as {first.path}"
    if sample.given_label != first.given_label:
        labels = f"{classes.names[sample.given_label]} and {classes.names[first.given_label]}"
        yield Problem(row.file, row.line, f"{same}, labelled {labels}", "one label for one picture", kept=True)
    if sample.split != first.split and "train" in (sample.split, first.split):
        splits = f"in {sample.split} and {first.split}"
        yield Problem(row.file, row.line, f"{same}, {splits}", "train faces that are not in val or test", kept=True)
