"""What was taken out of a database since a copy of it was made, so that the copy would bring it back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlite_utils import Database

from scn_core.errors import counted

_COLUMNS = (("sample", "withdrawn_in"), ("sample", "erased_in"), ("person", "active"))


@dataclass(frozen=True)
class TakenOut:
    """Faces by the key, and people by the name, that they have in the copy."""

    withdrawn: tuple[str, ...] = ()
    erased: tuple[str, ...] = ()
    people_erased: tuple[str, ...] = ()
    people_deactivated: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether there is anything."""
        return bool(self.withdrawn or self.erased or self.people_erased or self.people_deactivated)

    def __str__(self) -> str:
        """How many of each, in words."""
        faces = [(len(self.withdrawn), "withdrawn"), (len(self.erased), "erased")]
        people = [(len(self.people_erased), "erased"), (len(self.people_deactivated), "deactivated")]
        words = [f"{counted(count, 'face')} {what}" for count, what in faces if count]
        words += [f"{counted(count, 'person', 'people')} {what}" for count, what in people if count]
        return ", ".join(words)


def taken_out_since(db: Database, copy: Path) -> TakenOut:
    """What is out of the database and not out of an older copy of the same workspace; each may be of any version."""
    db.execute("ATTACH ? AS copy", (str(copy),))
    try:
        has = {
            (schema, column)
            for schema in ("main", "copy")
            for table, column in _COLUMNS
            if db.execute("SELECT 1 FROM pragma_table_info(?, ?) WHERE name = ?", (table, schema, column)).fetchone()
        }

        def ask(name: str, table: str, gone: str, unless: str, column: str) -> tuple[str, ...]:
            if ("main", column) not in has:
                return ()
            there = unless if ("copy", column) in has else "1"
            sql = (
                f"SELECT c.{name} FROM {table} o JOIN copy.{table} c ON c.id = o.id WHERE {gone} AND {there} ORDER BY 1"
            )
            return tuple(found for (found,) in db.execute(sql))

        erased = ask("key", "sample", "o.erased_in IS NOT NULL", "c.erased_in IS NULL", "erased_in")
        withdrawn = ask("key", "sample", "o.withdrawn_in IS NOT NULL", "c.withdrawn_in IS NULL", "withdrawn_in")
        gone = "NOT o.active AND o.name = 'erased-' || o.id AND c.name <> o.name"
        people = ask("name", "person", gone, "1", "active")
        inactive = ask("name", "person", "NOT o.active", "c.active", "active")
    finally:
        db.execute("DETACH copy")
    return TakenOut(
        _without(withdrawn, erased), erased, people, _without(inactive, people)
    )  # fmt: skip


def _without(names: tuple[str, ...], known: tuple[str, ...]) -> tuple[str, ...]:
    out = set(known)
    return tuple(name for name in names if name not in out)
