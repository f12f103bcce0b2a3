"""Format csv: a table with everything, that data set csv and import-decisions read."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator

from scn_core.exchange.export.cells import harmless, harmless_path
from scn_core.exchange.export.row_values import COLUMNS, About, sides, values_of
from scn_core.store.current_labels import LabelRow

BOX_COLUMNS = ("left", "top", "right", "bottom")


class _Line:
    """Where the csv module writes: `writerow` returns what this returns."""

    def write(self, text: str) -> str:
        return text


def write_csv(about: About, rows: Iterable[LabelRow]) -> Iterator[str]:
    """The header, then a line a face."""
    row_of = csv.writer(_Line()).writerow
    yield row_of(COLUMNS + (("votes",) if about.voted else ()) + (BOX_COLUMNS if about.boxed else ()))
    for row in rows:
        values = values_of(about, row)
        for names in ("reviewers", "imported_by"):
            values[names] = "; ".join(values[names])
        if about.voted:
            values["votes"] = "; ".join(f"{name}: {count}" for name, count in values["votes"].items())
        cells = [harmless_path(value) if name in ("path", "key") else harmless(value) for name, value in values.items()]
        box: list[object] = [*sides(row)] or [""] * 4
        yield row_of([*cells, *(box if about.boxed else ())])
