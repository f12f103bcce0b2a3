"""Data sets in every layout that `init` reads, with drawn pictures: each becomes a workspace's database."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image
from sqlite_utils import Database

from scn_core.datasets.registry import read_manifest
from scn_core.datasets.source import Source
from scn_core.records import Manifest
from scn_core.store.samples import insert_manifest
from tests.templates import new_database

_COUNT = 9
SPLITS = ("train", "val", "test")
CLASSES = ("surprise", "fear", "anger")


def picture(root: Path, path: str, seed: int, size: tuple[int, int] = (24, 20)) -> str:
    """Draws noise, so that every face is told apart by its pixels."""
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8)
    Image.fromarray(noise).save(file)
    return path


def table(root: Path, header: str, rows: list[list[object]]) -> Path:
    file = root / "labels.csv"
    with file.open("w", encoding="utf-8", newline="") as text:
        csv.writer(text).writerows([header.split(","), *rows])
    return file


def flat(root: Path) -> Manifest:
    """RAF-DB's kind of names, which begin with the split, and a folder that is called like one."""
    names = ["train_00001.png", "test_0001.png", "train_00002.png", "val-3.png", "training/a.png", "dev/a.png"]
    rows: list[list[object]] = [[picture(root, name, n), SPLITS[n % 3], CLASSES[n % 3]] for n, name in enumerate(names)]
    rows += [[picture(root, f"test/{label} train.png", n), "train", label] for n, label in enumerate(CLASSES, 10)]
    return read_manifest("csv", Source(csv=table(root, "path,split,label", rows), classes=CLASSES), strict=True)


def class_folders(root: Path) -> Manifest:
    """The same file names in folders of other classes; one class is like the beginning of another."""
    for n in range(_COUNT):
        picture(root, f"{('zeal', 'zeal 2', 'awe')[n % 3]}/{n // 3}.png", n)
    return read_manifest("folder", Source(root=root, classes=("zeal", "awe", "zeal 2")), strict=True)


def split_folders(root: Path) -> Manifest:
    """As web searches leave them; validation lacks a class."""
    for n in range(_COUNT):
        folder = ("train/happy", "train/sad face", "val/happy")[n % 3]
        picture(root, f"{folder}/test_{n}.png", n)
    return read_manifest("folder", Source(root=root), strict=True)


def numbers(root: Path) -> Manifest:
    """Classes that are called 1 to 7, in another order than that of their numbers."""
    rows: list[list[object]] = [[picture(root, f"{n}.png", n), SPLITS[n // 14], n % 7 + 1] for n in range(16)]
    classes = ("7", "1", "2", "3", "4", "5", "6")
    return read_manifest("csv", Source(csv=table(root, "path,split,label", rows), classes=classes), strict=True)


def boxes(root: Path) -> Manifest:
    """Several faces in a picture, and one that is a whole picture."""
    rows: list[list[object]] = []
    for n in range(3):
        path = picture(root, f"party {n}.png", n, (60, 40))
        rows += [[path, f"{path}#{i}", "train", ("sad", "happy")[i], 30 * i + 1, 5, 30 * i + 25, 35] for i in range(2)]
    rows.append([picture(root, "one.png", 9), "one.png", "test", "happy", "", "", "", ""])
    header = "path,key,split,label,left,top,right,bottom"
    return read_manifest("csv", Source(csv=table(root, header, rows), classes=("sad", "happy")), strict=True)


def awkward(root: Path) -> Manifest:
    """Blanks, letters of other languages and what means something in addresses, tables and folders."""
    names = ["größe/日本 1.png", "a&b=c?d#e.png", "100%25.png", "=1+1.png", 'it\'s, "q".jpeg', "deep/er/x.GIF"]
    classes = ("überrascht", "a/b", "so-so; (mixed) & 50 %", "=sum")
    rows: list[list[object]] = [
        [f"./{picture(root, name, n)}", "train", "'=sum" if n % 4 == 3 else classes[n % 4]]
        for n, name in enumerate(names)
    ]
    return read_manifest("csv", Source(csv=table(root, "path,split,label", rows), classes=classes), strict=True)


def votes(root: Path) -> Manifest:
    """A row for each label that somebody gave to a face."""
    rows: list[list[object]] = [
        [picture(root, f"{n}.png", n), SPLITS[n // 6], CLASSES[(n * who) % 3], f"rater {who}"]
        for n in range(8)
        for who in (1, 2, 3)
    ]
    file = table(root, "path,split,label,rater", rows)
    return read_manifest("csv", Source(csv=file, classes=CLASSES, annotator_column="rater"), strict=True)


LAYOUTS: dict[str, Callable[[Path], Manifest]] = {
    "flat": flat, "class folders": class_folders, "split folders": split_folders, "numbers": numbers, "boxes": boxes,
    "awkward": awkward, "votes": votes,
}  # fmt: skip


@contextmanager
def imported(manifest: Manifest, folder: Path) -> Iterator[Database]:
    """A database of the data set."""
    db = new_database(folder / "review.db")
    insert_manifest(db, manifest)
    try:
        yield db
    finally:
        db.close()
