"""RAF-DB, basic emotions.

    EmoLabel/list_patition_label.txt        train_00001.jpg 5
    Image/aligned/train_00001_aligned.jpg   or Image/original/train_00001.jpg

Labels are 1 surprise, 2 fear, 3 disgust, 4 happy, 5 sad, 6 anger, 7 neutral. The name says train or test; there
is no validation part. The two folders lie under the root or under its folder `basic`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PureWindowsPath

from scn_core.class_names import RAF_DB, ClassVocabulary
from scn_core.datasets.cells import whole_number
from scn_core.datasets.rows import Entry, find_split, make_row
from scn_core.datasets.source import Source
from scn_core.datasets.tables import first_there, text_lines
from scn_core.errors import DataError, error_text
from scn_core.import_balance import Problem

_LINE = "'train_00001.jpg 5' with a label of 1 to 7"


def vocabulary(source: Source) -> ClassVocabulary:
    """The seven basic emotions, in the published order."""
    return RAF_DB


def root(source: Source) -> Path:
    """The folder that holds EmoLabel and Image, so that keys are the same whether or not `basic` was named."""
    inner = source.folder() / "basic"
    return inner if inner.is_dir() else source.folder()


def read(source: Source) -> Iterator[Entry]:
    """The rows of the list.

    Raises DataError for a missing list or picture folder and for a list in another numbering: noise lists in
    the same format that count from 0 are about, and read as 1-based every label would be wrong.
    """
    base = root(source)
    label_list = first_there(base / "EmoLabel/list_patition_label.txt")
    images = first_there(base / "Image/aligned", base / "Image/original").relative_to(base)
    tail = "_aligned.jpg" if images.name == "aligned" else ".jpg"
    _check_numbering(label_list)
    for line, content in text_lines(label_list):
        name, label = _parts(content)
        split, number = find_split(name.partition("_")[0]), whole_number(label)
        if split is None or number is None or not 1 <= number <= len(RAF_DB):
            yield Problem(str(label_list), line, repr(content), _LINE)
            continue
        picture = f"{images.as_posix()}/{name.removesuffix('.jpg')}{tail}"
        yield make_row(str(label_list), line, picture, number - 1, split, root=base)


def _parts(content: str) -> tuple[str, str]:
    name, *label = content.rsplit(maxsplit=1)
    return name, "".join(label)


def _check_numbering(label_list: Path) -> None:
    for line, content in text_lines(label_list):
        name, label = _parts(content)
        if name.startswith("/") or PureWindowsPath(name).drive:
            raise DataError(error_text(f"{label_list}, line {line}", f"an absolute path, {name!r}", _LINE))
        if whole_number(label) == 0:
            raise DataError(
                error_text(
                    f"{label_list}, line {line}",
                    "label 0, so the list counts from 0",
                    _LINE,
                    "add 1 to every label if its order is surprise, fear, disgust, happy, sad, anger, neutral",
                )
            )
