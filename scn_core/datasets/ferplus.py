"""FERPlus: ten crowd votes a face, over the faces of FER2013.

    fer2013new.csv    Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF

Usage is Training, PublicTest (val) or PrivateTest (test). The pictures are folders FER2013Train, FER2013Valid and
FER2013Test with one PNG a row, or lie in fer2013.csv (see ferplus_pixels). Rows without an image name are no faces.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from scn_core.class_names import FERPLUS_7, FERPLUS_8, ClassVocabulary
from scn_core.datasets.cells import whole_number
from scn_core.datasets.ferplus_pixels import FOLDERS, unpacked
from scn_core.datasets.rows import Entry, LeftOut, find_split, make_row
from scn_core.datasets.source import LabelRule, Source
from scn_core.datasets.tables import column_places, csv_rows, first_there
from scn_core.errors import DataError, UsageError, error_text
from scn_core.import_balance import Problem
from scn_core.records import Vote

_VOTES = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "NF")
_COLUMNS = ("Usage", "Image name", *_VOTES)

Votes = tuple[int, ...]


def vocabulary(source: Source) -> ClassVocabulary:
    """Eight emotions, or seven without contempt, in the published order."""
    return FERPLUS_7 if source.class_count == 7 else FERPLUS_8


def root(source: Source) -> Path:
    """The folder the user named where it has the PNG folders, else the one to unpack fer2013.csv to."""
    if _has_folders(source.folder()):
        return source.folder()
    if source.unpack_to is None:
        raise UsageError(f"{source.folder()}: found no folder FER2013Train, and none to unpack fer2013.csv to")
    source.unpack_to.mkdir(parents=True, exist_ok=True)
    return source.unpack_to


def majority(votes: Votes, used: int) -> int | None:
    """The published rule: counts of one are dropped, then a class needs more than half of all that is left."""
    kept = [count if count > 1 else 0 for count in votes]
    best = kept.index(max(kept))
    return best if 2 * kept[best] > sum(kept) and best < used else None


def plurality(votes: Votes, used: int) -> int | None:
    """The most voted of the first `used` classes; None for a tie or no vote."""
    top = max(votes[:used])
    return votes.index(top) if top > 0 and votes[:used].count(top) == 1 else None


def one_vote(votes: Votes, used: int, luck: float) -> int | None:
    """The class of one vote for the first `used` classes, drawn by `luck` in [0, 1); None where there is no vote."""
    total = sum(votes[:used])
    return int(np.searchsorted(np.cumsum(votes[:used]), int(luck * total), side="right")) if total else None


_SETTLED: dict[LabelRule, Callable[[Votes, int], int | None]] = {
    "majority": majority,
    "plurality": plurality,
    "vote": plurality,
}
_REASONS: dict[LabelRule, str] = {
    "majority": "no used class with more than half of the votes (--label-rule majority)",
    "plurality": "no used class with most votes (--label-rule plurality)",
    "vote": "no vote for a used class, or none that leads outside train (--label-rule vote)",
}


def read(source: Source) -> Iterator[Entry]:
    """The faces that the label rule gives a label.

    With the rule 'vote', train faces carry one vote drawn by the seed, as one careless person would label, and
    the untied plurality as reference; val and test faces carry the plurality itself.
    """
    base = source.folder()
    path = base / "fer2013new.csv"
    if not path.exists() and (base / "fer2013.csv").is_file():
        raise DataError(
            error_text(
                str(path),
                "no such file, but fer2013.csv",
                "both, as FERPlus's votes are in fer2013new.csv",
                "for the labels of fer2013.csv itself take --dataset fer2013",
            )
        )
    path = first_there(path)
    rule, used = source.label_rule or "majority", len(vocabulary(source))
    draw = np.random.default_rng(source.seed)
    rows = csv_rows(path)
    places = column_places(path, next(rows, (1, [""]))[1], _COLUMNS)
    if not _has_folders(base):
        rows = unpacked(path, rows, (places[0], places[1]), base / "fer2013.csv", root(source))
    for line, cells in rows:
        luck = draw.random()  # for every row, so that what is left out moves no other draw
        yield _read_row(str(path), line, [cells[place] for place in places if place < len(cells)], rule, used, luck)


def _read_row(file: str, line: int, cells: list[str], rule: LabelRule, used: int, luck: float) -> Entry:
    if len(cells) == len(_COLUMNS) and not cells[1].strip():
        return LeftOut(file, "no image name", "the name of a picture")
    split, counts = find_split(cells[0]), [whole_number(cell) for cell in cells[2:]]
    if (
        len(cells) != len(_COLUMNS)
        or split is None
        or None in counts
        or min(map(int, filter(None, counts)), default=0) < 0
    ):
        return Problem(file, line, f"row {','.join(cells)!r}", "usage, name and ten vote counts")
    votes = tuple(count or 0 for count in counts)
    label = settled = _SETTLED[rule](votes, used)
    if rule == "vote" and split == "train":
        label = one_vote(votes, used, luck)
    if label is None:
        return LeftOut(file, _REASONS[rule], "a label by the rule")
    picture = f"{FOLDERS[split]}/{cells[1].strip()}"
    reference = settled if rule == "vote" else None
    return make_row(file, line, picture, label, split, reference=reference, votes=_kept(votes, used))


def _kept(votes: Votes, used: int) -> tuple[Vote, ...]:
    """The votes by class; those for no used class by their names."""
    return tuple(
        Vote(place, count=count) if place < used else Vote(None, other=_VOTES[place], count=count)
        for place, count in enumerate(votes)
        if count
    )


def _has_folders(base: Path) -> bool:
    return (base / FOLDERS["train"]).is_dir()
