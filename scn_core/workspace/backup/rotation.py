"""Which of several backups of one cause are kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from scn_core.config import BackupSettings

T = TypeVar("T")


def superseded(backups: Sequence[tuple[datetime, T]], settings: BackupSettings) -> list[T]:
    """Those that need not be kept, of backups in any order.

    Kept are the newest `keep`, the newest of each of the last `days` days that have one, and the newest of each of the
    last `weeks` weeks that have one.
    """
    newest_first = sorted(backups, key=lambda each: each[0], reverse=True)
    kept = {number for number in range(len(newest_first)) if number < settings.keep}
    spread: list[tuple[int, Callable[[datetime], tuple[int, ...]]]] = [
        (settings.days, lambda at: (at.year, at.month, at.day)),
        (settings.weeks, lambda at: tuple(at.isocalendar()[:2])),
    ]
    for count, period_of in spread:
        newest_of: dict[tuple[int, ...], int] = {}
        for number, (at, _) in enumerate(newest_first):
            newest_of.setdefault(period_of(at), number)
        kept |= {*list(newest_of.values())[:count]}
    return [backup for number, (_, backup) in enumerate(newest_first) if number not in kept]
