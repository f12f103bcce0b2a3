"""Folders of pictures that other libraries read: a file a face, linked or copied, and what it is beside.

class_folders   SPLIT/NUMBER_CLASS/FACE.jpg, for torchvision's ImageFolder
hugging_face    SPLIT/FACE.jpg and SPLIT/metadata.jsonl, for the image folders of Hugging Face's datasets

Files are called by the number of the face, so names of the data set never clash, and none of them (train_00001.jpg) is
taken for the name of a split. Both folders have labels.csv, as format csv has it but with the path of each face in the
folder, and classes.json, the classes in order. A face with a box is cut out, by the square that training sees.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import IO
from urllib.parse import quote

from PIL import Image

from scn_core.datasets.class_list import CLASS_LIST, LABELS
from scn_core.datasets.images import MAX_PIXELS, open_face
from scn_core.errors import DataError, UsageError, error_text
from scn_core.exchange.export.row_values import About, as_json, values_of
from scn_core.exchange.export.table import write_csv
from scn_core.store.current_labels import LabelRow

METADATA = "metadata.jsonl"
_READ_BY_ALL = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"})
"""Endings that torchvision and datasets take; pictures with others (.gif, .avif) are cut out as PNG."""
_OTHER_NAMES = {".jpe": ".jpg", ".jfif": ".jpg"}
_SPLIT = {"train": "train", "val": "validation", "test": "test"}
_DESCRIBED = ("label", "given_label", "changed", "source", "key")
"""What metadata.jsonl says of a face: what every face has, as a column that is empty in one split has no type there."""
_LONGEST = 200  # bytes of a class's name in a folder's: file systems take 255


def class_folders(about: About, rows: Iterable[LabelRow], folder: Path) -> None:
    """Lays the faces in folders that sort in the order of the classes. Every split has all of them, so that a class
    has the same number everywhere."""
    names = [_folder_name(number, about.classes) for number in range(len(about.classes))]

    def place(row: LabelRow) -> str:
        return f"{row.split}/{names[row.label]}"

    splits: set[str] = set()

    def seen() -> Iterator[LabelRow]:
        for row in rows:
            if row.split not in splits:
                splits.add(row.split)
                for name in names:
                    (folder / row.split / name).mkdir(parents=True)
            yield row

    _write_table(about, (replaced for replaced, _ in _laid(about, seen(), folder, place)), folder)


def hugging_face(about: About, rows: Iterable[LabelRow], folder: Path) -> None:
    """Lays the faces in a folder for each split, with the metadata.jsonl that says their labels."""
    with ExitStack() as stack:
        files: dict[str, IO[str]] = {}

        def described() -> Iterator[LabelRow]:
            for laid, row in _laid(about, rows, folder, lambda row: _SPLIT[row.split]):
                split, _, name = laid.path.partition("/")
                if split not in files:
                    files[split] = stack.enter_context((folder / split / METADATA).open("w", encoding="utf-8"))
                values = values_of(about, row)
                files[split].write(as_json({"file_name": name, **{each: values[each] for each in _DESCRIBED}}) + "\n")
                yield laid

        _write_table(about, described(), folder)


def folder_digest(folder: Path) -> tuple[str, int]:
    """SHA-256 over the names, links and contents of a folder, and the bytes in its files."""
    digest, size = hashlib.sha256(), 0
    for name in sorted(_names(folder, "")):
        file = folder / name
        if file.is_symlink():
            what = f"link {file.readlink()}"
        elif file.is_dir():
            what = "folder"
        else:
            with file.open("rb") as opened:
                what = f"file {hashlib.file_digest(opened, 'sha256').hexdigest()}"
            size += file.stat().st_size
        digest.update(f"{name}\0{what}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest(), size


def _names(folder: Path, head: str) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            yield head + entry.name
            if entry.is_dir(follow_symlinks=False):
                yield from _names(folder / entry.name, f"{head}{entry.name}/")


def _laid(
    about: About, rows: Iterable[LabelRow], folder: Path, place: Callable[[LabelRow], str]
) -> Iterator[tuple[LabelRow, LabelRow]]:
    """Each face as it lies in the folder, without a box, and as it is in the data set."""
    for row in rows:
        picture = about.picture(row)
        ending = picture.suffix.lower()
        ending = _OTHER_NAMES.get(ending, ending)
        plain = row.box is None and ending in _READ_BY_ALL
        target = f"{place(row)}/{row.sample_id:07}{ending if plain else '.png'}"
        file = folder / target
        file.parent.mkdir(parents=True, exist_ok=True)
        if not plain:
            _cut(picture, row, file)
        elif about.copies:
            shutil.copyfile(picture, file)
        else:
            file.symlink_to(picture)
        yield replace(row, path=target, box=None), row


def _cut(picture: Path, row: LabelRow, file: Path) -> None:
    try:
        face = open_face(picture, row.box, MAX_PIXELS, enlarge=False)
    except (OSError, ValueError) as error:
        raise DataError(error_text(str(picture), f"an unreadable picture ({error})", "a picture")) from error
    Image.fromarray(face).save(file, "PNG", compress_level=1)


def _write_table(about: About, rows: Iterable[LabelRow], folder: Path) -> None:
    with (folder / LABELS).open("w", encoding="utf-8", newline="") as file:
        file.writelines(write_csv(replace(about, boxed=False), rows))
    (folder / CLASS_LIST).write_text(as_json(list(about.classes)) + "\n", encoding="utf-8")


def _folder_name(number: int, classes: tuple[str, ...]) -> str:
    """The number, with as many digits as the last one has, and the name; what a folder's name cannot have is quoted."""
    digits = len(str(len(classes) - 1))
    name = "".join(
        letter if letter.isprintable() and letter not in '/\\:*?"<>|%' else quote(letter, safe="")
        for letter in classes[number]
    )
    if len(name.encode()) > _LONGEST:
        raise UsageError(error_text("--format class-folders", f"class {name}", f"names of at most {_LONGEST} bytes"))
    return f"{number:0{digits}}_{name}"
