"""Files of answers as one kind of sheet: CSV, JSON that `export` wrote, and what Label Studio and FiftyOne export."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scn_core.datasets.json_table import fiftyone_records, is_json, json_rows, read_json
from scn_core.datasets.tables import column_places, csv_header, csv_rows
from scn_core.errors import DataError, error_text, readable
from scn_core.exchange.import_decisions import label_studio
from scn_core.exchange.import_decisions.rows import Row, Wrong

READ = ("path", "key", "action", "label", "person", "note")
"""Columns that mean something."""
_EXPORTED = frozenset({"key", "label", "given_label", "source", "decided_at"})


@dataclass
class Sheet:
    """The answers of a file, before anything is known of the faces."""

    rows: Iterator[Row | Wrong]
    """Of a row that cannot be read, what is wrong with it."""
    exported: bool = False
    """`export` wrote it: only rows whose label somebody changed count."""
    unread: tuple[str, ...] = ()
    """Columns that mean nothing."""
    passed: Counter[str] = field(default_factory=Counter)
    """As the rows are read: how many entries were passed over, by reason."""


def _sheet(columns: list[str], rows: Iterator[Row | Wrong]) -> Sheet:
    """Of a table with these columns."""
    exported = "action" not in columns and set(columns) >= _EXPORTED
    return Sheet(rows, exported, () if exported else tuple(column for column in columns if column not in READ))


@dataclass(frozen=True)
class Reader:
    """How to read a file.

    Args:
        name: what to call the file in errors.
        path_column: the column, or field of a task, to read as path.
        label_column: the column, or control of Label Studio, to read as label.
        annotators: Label Studio's number or address of a person -> what to call them here.
    """

    name: str
    path_column: str | None = None
    label_column: str | None = None
    annotators: Mapping[str, str] = field(default_factory=dict)

    def open(self, file: Path) -> Sheet:
        """The sheet of a file. Raises DataError for a file that is none."""
        with self._called(file):
            return self._json(file) if is_json(file) else self._csv(file)

    def _csv(self, file: Path) -> Sheet:
        header = csv_header(file)
        columns = self._columns(file, header)
        if set(columns) >= label_studio.ANSWERED:
            sheet = Sheet(iter(()))
            named = [None if each is None else each.casefold() for each in (self.path_column, self.label_column)]
            options = label_studio.Options(named[0], named[1], self.annotators)
            records = self._records(file, [column.strip().casefold() for column in header])
            sheet.rows = label_studio.flat_rows(records, options, sheet.passed)
            return sheet
        return _sheet(columns, self._rows(file, columns))

    def _json(self, file: Path) -> Sheet:
        answers = read_json(file)
        if isinstance(answers, dict) and isinstance(answers.get("labels"), dict):
            names = {name for record in fiftyone_records(answers) for name in record}
            if not names >= _EXPORTED and answers["labels"]:
                allowed = "labels with the attributes that they were exported with (include_attributes=True)"
                raise DataError(error_text(self.name, "labels of FiftyOne without attributes", allowed))
            return self._table(file)
        records = answers if isinstance(answers, list) else [answers]
        if not all(isinstance(record, dict) for record in records):
            allowed = "tasks exported by Label Studio, labels by FiftyOne, or JSON that export wrote"
            raise DataError(error_text(self.name, "JSON that is no list of objects", allowed))
        if not records:
            raise DataError(error_text(self.name, "no entries", "a list with one or more"))
        sheet = Sheet(iter(()))
        if any("annotations" in record for record in records):
            sheet.rows = label_studio.task_rows(records, self._options(), sheet.passed)
        elif any(record.keys() >= label_studio.ANSWERED for record in records):
            sheet.rows = label_studio.flat_rows(records, self._options(), sheet.passed)
        else:
            return self._table(file)
        return sheet

    def _table(self, file: Path) -> Sheet:
        rows = json_rows(file)
        columns = self._columns(file, next(rows)[1])
        made = (Row(dict(zip(columns, cells, strict=True)), None, f"entry {number:,}") for number, cells in rows)
        return _sheet(columns, made)

    def _options(self) -> label_studio.Options:
        return label_studio.Options(self.path_column, self.label_column, self.annotators)

    def _columns(self, file: Path, header: list[str]) -> list[str]:
        """The header in lower case, with image as path and choice as label where there are none.

        Raises DataError where it lacks what is needed, or says it twice.
        """
        columns = [column.strip().casefold() for column in header]
        for wanted, column in {"path": self.path_column, "label": self.label_column}.items():
            if column is not None:
                (place,) = column_places(file, header, (column,), f"; name another with --{wanted}-column")
                columns = [f"{each}, as it was" if each == wanted else each for each in columns]
                columns[place] = wanted
        if set(columns) >= label_studio.ANSWERED:
            return columns
        for wanted, usual, instead in (("path", "image", "key"), ("label", "choice", "action")):
            if usual in columns and not {wanted, instead} & set(columns) and not {"label", "choice"} <= set(columns):
                columns[columns.index(usual)] = wanted
        allowed = f"a header with path or key, and action or label; besides these {', '.join(READ[4:])}"
        if not {"path", "key"} & set(columns) or not {"action", "label"} & set(columns):
            raise DataError(
                f"{self.name}: found columns {readable(', '.join(header), 400)}; allowed: {allowed}; "
                "or say which with --path-column and --label-column"
            )
        if doubled := [column for column, n in Counter(columns).items() if n > 1 and column in READ]:
            raise DataError(f"{self.name}: found column {doubled[0]} {columns.count(doubled[0])} times; allowed: once")
        return columns

    def _rows(self, file: Path, columns: list[str]) -> Iterator[Row | Wrong]:
        with self._called(file):
            rows = csv_rows(file)
            next(rows)
            for line, cells in rows:
                if len(cells) != len(columns):
                    yield Wrong(f"{len(cells)} cells", f"{len(columns)}, as in the header", line)
                else:
                    yield Row(dict(zip(columns, cells, strict=True)), line)

    def _records(self, file: Path, header: list[str]) -> Iterator[dict[str, Any]]:
        with self._called(file):
            rows = csv_rows(file)
            next(rows)
            for _, cells in rows:
                yield dict(zip(header, cells, strict=False))

    @contextmanager
    def _called(self, file: Path) -> Iterator[None]:
        """Errors call the file by its name: an upload lies in a place nobody has heard of."""
        try:
            yield
        except DataError as error:
            raise DataError(str(error).replace(str(file), self.name)) from error
