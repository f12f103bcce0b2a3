"""Memory of a process and its children, from Linux's accounts."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def memory_of(pid: int) -> dict[str, float]:
    """`pss_mb`: with shared pages divided among those who share them; `rss_mb`: with the mapped file counted fully."""
    found = {"pss_mb": 0.0, "rss_mb": 0.0, "pss_without_files_mb": 0.0}
    for process in [pid, *_children(pid)]:
        rows: list[str] = []
        with suppress(ProcessLookupError, FileNotFoundError):  # it has ended meanwhile
            rows = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="utf-8").splitlines()[1:]
        for line in rows:
            name, kilobytes = line.split(":")[0], int(line.split()[1])
            for field, figure in (("Pss", "pss_mb"), ("Rss", "rss_mb"), ("Pss_Anon", "pss_without_files_mb")):
                if name == field:
                    found[figure] += kilobytes / 1024
    return {name: round(value, 1) for name, value in found.items()}


def _children(pid: int) -> list[int]:
    direct: list[int] = []
    with suppress(ProcessLookupError, FileNotFoundError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            direct += map(int, (task / "children").read_text(encoding="utf-8").split())
    return [found for child in direct for found in (child, *_children(child))]
