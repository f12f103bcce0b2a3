"""What other tools write and nothing here reads: how it is told, and how it becomes something that is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from scn_core.errors import DataError, error_text

_ALLOWED = "a folder of pictures for each class, or a CSV of path and label"
_SAVE = "save each row's picture into a folder of its class: row['image'].save(f'faces/{name}/{number}.png')"
_SUFFIXES = (".parquet", ".arrow")
_PARQUET = b"PAR1"
_NO_TEXT = (
    (b"\x1f\x8b", "a gzip file", "unpack it: gunzip FILE"),
    (b"PK\x03\x04", "a zip, numpy .npz or Excel file", "take what is in it: in pandas, read it and to_csv"),
    (b"\x93NUMPY", "a numpy file .npy", "in pandas: DataFrame({'path': paths, 'label': labels}).to_csv(FILE)"),
    (b"\x80", "a Python pickle, which is never opened here", "where you trust it, in pandas: read_pickle(FILE).to_csv"),
)
"""How files begin that are no text, what they are and what to do."""


def refuse_other_folder(folder: Path) -> None:
    """Raises DataError for a folder that `save_to_disk` of Hugging Face's datasets wrote, or one of parquet files."""
    inside = [folder, *(each for each in sorted(folder.iterdir()) if each.is_dir())]
    found = next((suffix for each in inside for suffix in _SUFFIXES if any(each.glob(f"*{suffix}"))), None)
    if found is not None:
        raise DataError(error_text(str(folder), f"files {found} of Hugging Face datasets", _ALLOWED, _how(found)))


def refuse_other_file(path: Path) -> None:
    """Raises DataError for a file that is no text and known by its beginning or name. OSError passes through."""
    with path.open("rb") as file:
        begin = file.read(8)
    found = ".parquet" if begin.startswith(_PARQUET) else path.suffix.lower()
    if found in _SUFFIXES:
        allowed = "a CSV of path and label"
        raise DataError(error_text(str(path), f"a file {found}, which is no text", allowed, _how(found)))
    for mark, what, how in _NO_TEXT:
        if begin.startswith(mark):
            raise DataError(error_text(str(path), what, "a table as text, such as CSV", how))


def refuse_coco(path: Path, content: Any) -> None:
    """Raises DataError for annotations of COCO."""
    if isinstance(content, dict) and all(isinstance(content.get(name), list) for name in ("images", "annotations")):
        how = (
            "in pandas: faces = DataFrame(content['annotations']); faces[list('xywh')] = faces.bbox.tolist(); "
            "add file_name of images as path, by image_id, and name of categories as label, by category_id; "
            "faces.to_csv('faces.csv', index=False)"
        )
        raise DataError(error_text(str(path), "annotations of COCO", "a CSV of path, label, x, y, w, h", how))


def refuse_columns(path: Path, content: Any) -> None:
    """Raises DataError for a table by its columns, which pandas' to_json writes where nothing else is said."""
    if isinstance(content, dict) and content and all(isinstance(column, dict) for column in content.values()):
        found = f"columns {', '.join(list(content)[:10])} of a table, each by its index"
        raise DataError(
            error_text(str(path), found, "an object a row", "in pandas: to_json(FILE, orient='records', lines=True)")
        )


def _how(suffix: str) -> str:
    if suffix == ".parquet":
        return f"rows = datasets.load_dataset('parquet', data_files=FILES, split='train'); {_SAVE}"
    return f"rows = datasets.load_from_disk(FOLDER); {_SAVE}"
