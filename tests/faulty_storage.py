"""Storage that fsspec reaches at faulty://, in the memory of the process, with faults that tests put in."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import fsspec
from fsspec.implementations.memory import MemoryFileSystem


class FaultyFileSystem(MemoryFileSystem):  # type: ignore[misc]
    """Files by path, as /root/a.png. What is to go wrong is taken from `faults`, an error for each try."""

    protocol = "faulty"
    store: dict[str, Any] = {}  # noqa: RUF012 (as fsspec has it)
    pseudo_dirs = [""]  # noqa: RUF012
    faults: ClassVar[defaultdict[str, list[Exception]]] = defaultdict(list)
    read: ClassVar[Counter[str]] = Counter()
    """How often each file was read whole or in part."""
    at_once = most_at_once = 0
    lock = threading.Lock()
    tells_size = True

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return str(super()._strip_protocol(path.replace("faulty://", "memory://")))

    def info(self, path: str, **options: Any) -> dict[str, Any]:
        found: dict[str, Any] = super().info(path, **options)
        return found if self.tells_size else found | {"size": None}

    def get_file(self, rpath: str, lpath: str, **options: Any) -> None:
        kind = type(self)
        with self.lock:
            kind.at_once += 1
            kind.most_at_once = max(kind.most_at_once, kind.at_once)
            self.read[rpath] += 1
        try:
            if self.faults[rpath]:
                fault = self.faults[rpath].pop(0)
                if isinstance(fault, ConnectionError):  # cut in the middle
                    content = self.cat_file(rpath)
                    Path(lpath).write_bytes(content[: len(content) // 2])
                    return
                raise fault
            super().get_file(rpath, lpath, **options)
        finally:
            with self.lock:
                kind.at_once -= 1


@contextmanager
def storage() -> Iterator[FaultyFileSystem]:
    """The storage, empty; nothing of it is left afterwards."""
    fsspec.register_implementation("faulty", FaultyFileSystem, clobber=True)
    files = FaultyFileSystem(skip_instance_cache=True)
    _empty()
    yield files
    _empty()


def _empty() -> None:
    FaultyFileSystem.store.clear()
    FaultyFileSystem.pseudo_dirs[:] = [""]
    FaultyFileSystem.faults.clear()
    FaultyFileSystem.read.clear()
    FaultyFileSystem.most_at_once = 0
