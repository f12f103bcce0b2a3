"""The server, which also says what it holds: `kill -USR1` makes it write a line of JSON into the file COUNTS names.

COUNTS=counts.jsonl python -m tests.faults.counted_server serve WS --port 8501
"""

from __future__ import annotations

import _sqlite3
import ctypes
import gc
import json
import os
import signal
import sys
import threading
from pathlib import Path


def main() -> None:
    asked = threading.Event()
    signal.signal(signal.SIGUSR1, lambda number, frame: asked.set())
    threading.Thread(target=_write_counts, args=(asked, Path(os.environ["COUNTS"])), daemon=True).start()
    sys.argv = ["review_app", *sys.argv[1:]]
    from review_app.cli import main as serve

    serve()


def _write_counts(asked: threading.Event, file: Path) -> None:
    while True:
        asked.wait()
        asked.clear()
        with file.open("a") as lines:
            lines.write(json.dumps(_counts()) + "\n")


def _counts() -> dict[str, float]:
    """Of this process. `streamlit`: sessions that Streamlit has in memory, those whose browser is gone with them."""
    gc.collect()
    held = [type(each).__name__ for each in gc.get_objects()]
    return {
        "descriptors": len(list(Path("/proc/self/fd").iterdir())),
        "threads": threading.active_count(),
        "streamlit": held.count("AppSession"),
        "objects": len(held),
        "memory_mb": _memory_mb(),
        "sqlite_mb": _sqlite_mb(),
    }


def _memory_mb() -> float:
    """Without the files that are mapped, as the database is."""
    for line in Path("/proc/self/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss_Anon:"):
            return round(int(line.split()[1]) / 1024, 1)
    raise AssertionError("Linux says how much memory a process has")


def _sqlite_mb() -> float:
    """What SQLite has of it: caches of pages, bounded for each connection."""
    library = ctypes.CDLL(_sqlite3.__file__)
    library.sqlite3_memory_used.restype = ctypes.c_int64
    return round(int(library.sqlite3_memory_used()) / 2**20, 1)


if __name__ == "__main__":
    main()
