"""From a reader's rows to samples: doubles out, every picture looked at, what is wrong gathered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

from scn_core.class_names import ClassVocabulary
from scn_core.datasets.duplicates import Firsts
from scn_core.datasets.images import PictureCheck, check_picture
from scn_core.datasets.parallel import in_order
from scn_core.datasets.paths import leads_out
from scn_core.datasets.rows import Entry, LeftOut, Row
from scn_core.import_balance import Problem, Spelling
from scn_core.picture_records import PictureMeasures
from scn_core.records import Box, Sample

_UNSEEN = PictureCheck(None, b"")
_GONE = "no such picture"
_LINK = "a link that leads out of the root"
_NAMED = 3
"""Files named of those left out for one reason."""
_SPILLS, _FEW = 1.1, 5
"""A box that is this many times as long as what of it lies in the picture; fewer such boxes are told of no list."""


class Intake(NamedTuple):
    """What a data set came to."""

    samples: list[Sample]
    problems: list[Problem]
    """In the order of the rows."""
    left_out: list[Problem]
    """One per reason, with the number of rows."""
    spellings: list[Spelling]


def gather(
    entries: Iterable[Entry],
    root: Path,
    classes: ClassVocabulary,
    progress: Callable[[int], None],
    check: Callable[[Path, Box | None], PictureCheck] = check_picture,
    *,
    follow_links: bool = False,
    fetch: Callable[[Iterable[Entry]], Iterator[Entry]] = iter,
) -> Intake:
    """Look at the pictures of all rows, many at a time, and keep what can be used in the order it came.

    `check` opens one; benchmarks name another where there are no pictures. With `follow_links` pictures may lie
    outside of the root, behind links. `fetch` passes on the rows of pictures that are there by then.
    """
    samples: list[Sample] = []
    problems: list[Problem] = []
    counts: Counter[LeftOut] = Counter()
    named: dict[LeftOut, list[str]] = {}
    written: Counter[tuple[int, str]] = Counter()
    spills: dict[bool, list[Row]] = {True: [], False: []}
    with closing(Firsts()) as keys, closing(Firsts()) as pictures:
        look, rows = (
            partial(_check_picture, root.resolve(), check, follow_links),
            fetch(_without_doubles(entries, keys)),
        )
        seen = in_order(look, rows, processes=check is check_picture)
        for entry, shown in seen:
            progress(entry.rows)
            if isinstance(entry, LeftOut):
                counts[entry] += entry.rows
                named.setdefault(entry, []).extend([entry.name][: len(named[entry]) < _NAMED and entry.name != ""])
            elif isinstance(entry, Problem):
                problems.append(entry)
            elif shown.wrong is not None:
                problems.append(_unusable(entry, shown.wrong))
            else:
                written.update(entry.written)
                if shown.doubtful:
                    found = _of(entry, str(shown.doubtful))
                    problems.append(
                        Problem(entry.file, entry.line, found, "a picture one can see a face in", kept=True)
                    )
                first = pictures.earlier(_picture(entry.sample, shown), len(samples))
                if first is not None:
                    problems.extend(_compare(entry, samples[first], classes))
                if entry.sample.box is not None and shown.measures:
                    spills[_spills(entry.sample.box, PictureMeasures.unpack(shown.measures))].append(entry)
                samples.append(replace(entry.sample, digest=shown.digest, measures=shown.measures))
    if len(spills[True]) >= max(_FEW, len(spills[False])):
        problems.append(_spilled(spills[True], sum(map(len, spills.values()))))
    left_out = [_summed(why, count, named[why]) for why, count in counts.items()]
    spellings = [Spelling(text, classes.names[label], n) for (label, text), n in sorted(written.items(), key=_by_class)]
    return Intake(samples, problems, left_out, spellings)


def _by_class(item: tuple[tuple[int, str], int]) -> tuple[int, int, str]:
    (label, text), count = item
    return label, -count, text


def _summed(why: LeftOut, count: int, names: list[str]) -> Problem:
    some = f" ({', '.join(names)}{', ...' if count > len(names) else ''})" if names else ""
    found = f"{count:,} row{'s' * (count != 1)} left out: {why.reason}{some}"
    return Problem(why.file, None, found, why.allowed, reason=why.reason, rows=count)


def _spills(box: Box, face: PictureMeasures) -> bool:
    """Whether a good part of a box lies outside of the picture; `face` measures what lies inside."""
    return box.right - box.left > _SPILLS * face.width or box.bottom - box.top > _SPILLS * face.height


def _spilled(rows: Sequence[Row], boxes: int) -> Problem:
    """A warning: width and height, or what they belong to, are called by other names than they should be."""
    named = ", ".join(row.sample.path for row in rows[:_NAMED]) + (", ..." if len(rows) > _NAMED else "")
    found = f"{len(rows):,} of {boxes:,} boxes that reach far beyond their pictures ({named})"
    allowed = (
        "boxes in pixels of the upright picture; look whether columns of width and height are sides, or the reverse"
    )
    return Problem(rows[0].file, None, found, allowed, kept=True)


def _without_doubles(entries: Iterable[Entry], keys: Firsts) -> Iterator[Entry]:
    for entry in entries:
        first = keys.earlier(entry.sample.key, entry.line or 0) if isinstance(entry, Row) else None
        if isinstance(entry, Row) and first is not None:
            found = f"{entry.sample.key} a second time, first in line {first}; this one is left out"
            allowed = (
                "one row a face; name the column of who labelled it with --annotator-column where there are several"
            )
            yield Problem(entry.file, entry.line, found, allowed, reason="a face met before", rows=entry.rows)
        else:
            yield entry


def _picture(sample: Sample, shown: PictureCheck) -> bytes:
    """Mark of what is to be seen: two faces of one picture are not the same."""
    return shown.digest if sample.box is None else shown.digest + repr(sample.box).encode()


def _check_picture(
    root: Path, check: Callable[[Path, Box | None], PictureCheck], follow_links: bool, entry: Entry
) -> tuple[Entry, PictureCheck]:
    if not isinstance(entry, Row):
        return entry, _UNSEEN
    if not follow_links and leads_out(root, entry.sample.path):
        return entry, PictureCheck(_LINK, b"")
    shown = check(root / entry.sample.path, entry.sample.box)
    return entry, shown._replace(wrong=f"{_GONE} at {root / entry.sample.path}") if shown.wrong == _GONE else shown


def _unusable(row: Row, wrong: str) -> Problem:
    found = _of(row, wrong)
    allowed = "a whole picture under the root"
    if wrong == _LINK:
        allowed = "pictures under the root; or take --follow-links"
    reason = _GONE if wrong.startswith(_GONE) else wrong if wrong == _LINK else "a picture that cannot be used"
    return Problem(row.file, row.line, found, allowed, reason=reason, rows=row.rows)


def _of(row: Row, words: str) -> str:
    """What was found of a row; of a file without a list, whose name stands before it anyway, the words alone."""
    return words if row.line is None else f"{row.sample.path}: {words}"


def _compare(row: Row, first: Sample, classes: ClassVocabulary) -> Iterator[Problem]:
    """Warnings about a face that is the same, byte for byte, as the first of its kind."""
    sample = row.sample
    same = f"{'' if row.line is None else f'{sample.path}, '}the same picture as {first.path}"
    if sample.given_label != first.given_label:
        labels = f"{classes.names[sample.given_label]} and {classes.names[first.given_label]}"
        yield Problem(row.file, row.line, f"{same}, labelled {labels}", "one label for one picture", kept=True)
    if sample.split != first.split and "train" in (sample.split, first.split):
        splits = f"in {sample.split} and {first.split}"
        yield Problem(row.file, row.line, f"{same}, {splits}", "train faces that are not in val or test", kept=True)
