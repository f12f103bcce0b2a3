"""Pictures and lists that are elsewhere: where their copies are in a workspace, and how a data set is read from them.

    fetched/HASH/...        copies of pictures, under the paths they have below the address that HASH stands for
    fetched/lists/HASH/...  copies of label lists

Everything but reading the data set works on the copies, as on any folder of pictures.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Container, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from tempfile import mkdtemp

from scn_core.datasets.addresses import parent_address
from scn_core.datasets.fetching import Elsewhere
from scn_core.datasets.registry import find_dataset
from scn_core.datasets.remote import LISTS, Remote
from scn_core.datasets.source import Source
from scn_core.errors import DataError, ScnError, UsageError, WorkspaceError, error_text
from scn_core.import_balance import Problem
from scn_core.records import Manifest
from scn_core.workspace.toml import FETCHED

_BESIDE = (".manifest.json",)
"""Ends of the names of what `export` writes beside a list."""
_DAY_S = 86_400


def copies_of(workspace: Path, address: str) -> Path:
    """The folder of the copies of pictures at an address."""
    return workspace.resolve() / FETCHED / _hash(address)


@contextmanager
def brought(
    workspace: Path, dataset: str, source: Source, skip: Container[str] = (), why: str = ""
) -> Iterator[tuple[Source, Elsewhere | None]]:
    """The source as readers take it, its list fetched, and from where its pictures are fetched, if from anywhere.

    `skip`: paths of pictures that are left out, by the reason `why`. Errors raised within name addresses, not the
    folder in which the names of the pictures were laid out.
    """
    if (source.csv_address or source.root_address) and workspace.exists() and not os.access(workspace, os.W_OK):
        allowed = "one that may be written to: copies of pictures are kept in it"
        raise WorkspaceError(error_text(str(workspace), "a folder that this user may not write to", allowed))
    if source.csv_address is not None:
        source = _with_list(workspace, source)
    if source.root_address is None:
        yield source, None
        return
    if source.root is not None:
        raise UsageError(error_text("--root", "a folder and an address", "one of them"))
    copies = copies_of(workspace, source.root_address)
    _tidy(copies.parent)
    with Remote(source.root_address, copies) as remote:
        if "csv" in find_dataset(dataset).options:  # the list names the pictures
            yield replace(source, root=copies), Elsewhere(remote, skip, why)
            return
        laid = Path(mkdtemp(prefix="listing-", dir=copies.parent))
        try:
            missing = remote.lay_out(laid)
            yield replace(source, root=laid), Elsewhere(remote, skip, why, missing)
        except ScnError as error:
            raise type(error)(str(error).replace(str(laid), source.root_address)) from error
        finally:
            shutil.rmtree(laid, ignore_errors=True)


def placed_at(manifest: Manifest, elsewhere: Elsewhere | None) -> Manifest:
    """A manifest as it was read by `brought`, with addresses of files in what it tells."""
    if elsewhere is None:
        return manifest
    laid, address = str(elsewhere.laid), elsewhere.address

    def told(problem: Problem) -> Problem:
        file, found, allowed = (text.replace(laid, address) for text in (problem.file, problem.found, problem.allowed))
        return replace(problem, file=file, found=found, allowed=allowed)

    return replace(manifest, address=address, problems=tuple(map(told, manifest.problems)))


def remove_copies(workspace: Path, root: Path, paths: Iterable[str]) -> None:
    """Delete copies of pictures that are elsewhere; `root`: their folder, where it is one of the workspace."""
    if root.resolve().is_relative_to(workspace.resolve()):
        for path in paths:
            (root / path).unlink(missing_ok=True)


def unused_copies(workspace: Path, root: Path, used: Container[str]) -> Iterator[Path]:
    """Copies below `root`, where that is a folder of copies, of pictures that are not `used`; no lists.

    Those of the last day are left out: an update may be about to use them.
    """
    if not root.resolve().is_relative_to(workspace.resolve() / FETCHED):
        return
    for folder, _, names in os.walk(root):
        for path in (Path(folder) / name for name in names):
            listed = path.suffix.lower() in LISTS or path.relative_to(root).as_posix() in used
            if not listed and time.time() - path.stat().st_ctime > _DAY_S:
                yield path


def remove_other_copies(workspace: Path, kept: str | None) -> None:
    """Delete the copies of pictures of all addresses but one."""
    folder = workspace.resolve() / FETCHED
    for each in folder.iterdir() if folder.is_dir() else ():
        if each.name not in ("lists", None if kept is None else _hash(kept)):
            shutil.rmtree(each, ignore_errors=True)


def _with_list(workspace: Path, source: Source) -> Source:
    if source.csv is not None:
        raise UsageError(error_text("--csv", "a file and an address", "one of them"))
    address = source.csv_address or ""
    parent, name = parent_address(address), address.rpartition("/")[2]
    folder = workspace.resolve() / FETCHED / "lists" / _hash(parent)
    with Remote(parent, folder) as remote:
        if (wrong := remote.fetch_list(name, folder / name)) is not None:
            raise DataError(error_text(address, wrong.words, "a readable label list (--csv)"))
        for end in _BESIDE:
            remote.fetch_list(f"{name}{end}", folder / f"{name}{end}")
    here = source.root is None and source.root_address is None
    return replace(source, csv=folder / name, root_address=parent if here else source.root_address)


def _tidy(folder: Path) -> None:
    """Remove what a process left that was killed a day ago or longer."""
    for each in folder.glob("listing-*"):
        if time.time() - each.stat().st_mtime > _DAY_S:
            shutil.rmtree(each, ignore_errors=True)


def _hash(address: str) -> str:
    return blake2b(address.encode(), digest_size=8).hexdigest()
