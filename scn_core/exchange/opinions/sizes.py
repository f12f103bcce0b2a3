"""How large the arrays of an NPZ file are, asked before any is read: a file of kilobytes can hold terabytes."""

from __future__ import annotations

import math
from pathlib import Path
from zipfile import ZipFile

from numpy.lib import format as npy

from scn_core.errors import DataError, error_text

MOST_ROWS = 10_000_000
MOST_BYTES = 16 * 2**30
"""Of all arrays of a file together."""


def check_sizes(path: Path) -> None:
    """Raises DataError where arrays of an NPZ file have too many rows or bytes, or not the bytes that their heads say.

    Raises what `DAMAGED_ARRAYS` names for a file that is none.
    """
    total = 0
    with ZipFile(path) as archive:
        for entry in archive.infolist():
            with archive.open(entry) as file:
                version = npy.read_magic(file)
                read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
                shape, _, kind = read(file)
                head = file.tell()
            where = f"{path}, array {entry.filename.removesuffix('.npy')}"
            if kind.hasobject:
                continue  # what numpy reads of Python objects is an error
            if head + math.prod(shape) * kind.itemsize != entry.file_size:
                found = f"{entry.file_size:,} bytes that are no array of shape {shape} and type {kind}"
                raise DataError(error_text(where, found, "an array as numpy writes it", "write the file again"))
            total += entry.file_size
            if shape and shape[0] > MOST_ROWS:
                raise DataError(error_text(where, f"{shape[0]:,} rows", f"at most {MOST_ROWS:,}", "split the file"))
    if total > MOST_BYTES:
        found = f"arrays of {total / 2**30:,.0f} GiB"
        raise DataError(error_text(str(path), found, f"at most {MOST_BYTES // 2**30} GiB", "split the file"))
