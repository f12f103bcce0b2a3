"""A folder with a table for each split, as Hugging Face's image folders have them: SPLIT/metadata.csv or .jsonl."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from scn_core.datasets.other_formats import refuse_other_folder
from scn_core.datasets.rows import find_split
from scn_core.errors import DataError, error_text
from scn_core.records import SPLITS, Split

METADATA = ("metadata.csv", "metadata.jsonl")


@dataclass(frozen=True)
class SplitTable:
    """A table, and what its place says of its rows."""

    file: Path
    folder: str = ""
    """That its paths are relative to, within the root; empty: the root."""
    split: Split = "train"
    """Of rows that do not say theirs."""

    def path(self, written: str) -> str:
        """A path of the table, as it is relative to the root."""
        return f"{self.folder}/{written}" if self.folder and written else written


def split_tables(place: Path) -> list[SplitTable]:
    """The tables of a folder, train first; of a file, itself. Raises DataError for a folder without any."""
    if not place.is_dir():
        return [SplitTable(place)]
    found = [
        SplitTable(file, folder.name, split)
        for folder in sorted(place.iterdir())
        if (split := find_split(folder.name)) is not None
        for file in [next((folder / name for name in METADATA if (folder / name).is_file()), None)]
        if file is not None
    ]
    if not found:
        refuse_other_folder(place)
        allowed = f"a CSV file, or a folder with {' or '.join(f'train/{name}' for name in METADATA)}"
        raise DataError(error_text(str(place), "a folder without metadata of splits", allowed))
    return sorted(found, key=lambda table: SPLITS.index(table.split))
