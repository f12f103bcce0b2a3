"""Thumbnails of a workspace's faces: those in thumbs.db, and those that have to be made."""

from __future__ import annotations

import logging
import math
import os
import stat
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from threading import BoundedSemaphore, Lock
from typing import NamedTuple

from scn_core.datasets.images import MAX_BYTES
from scn_core.datasets.parallel import in_order
from scn_core.datasets.thumbnail_images import RECIPE, drawn_or_reason, large_face, numbered_thumbnail
from scn_core.errors import WorkspaceError
from scn_core.records import Sample
from scn_core.store.rounds.faces import queued_samples
from scn_core.store.rounds.states import in_review
from scn_core.store.samples import StoredSample, samples_among
from scn_core.store.thumbnail_cache import Thumb, Thumbs
from scn_core.workspace.folder import Workspace

_LOG = logging.getLogger(__name__)
_LOOKED_UP = 1024  # samples whose files are asked for at a time
_WRITTEN = 128  # thumbnails a transaction: short, as people may be reviewing
DRAWING = BoundedSemaphore(2)
"""So many pages draw at once, in one thread each. With more, all would be ready late, and answers would wait for a
processor; with one, a picture that cannot be read at once would hold up all other pages."""
_BATCH = 4  # pictures a task
UNDRAWN = "not drawn yet"
"""Why there is no thumbnail, where the time did not suffice: ask again."""


class _Root(NamedTuple):
    """Where the pictures are."""

    path: Path
    follow_links: bool
    """Also behind links that lead out of it."""


class _Wanted(NamedTuple):
    """A thumbnail to be made."""

    stored: StoredSample
    fingerprint: bytes


def thumbnails_of(
    workspace: Workspace, samples: Sequence[StoredSample], *, within_s: float = math.inf
) -> dict[int, bytes | str]:
    """Sample id -> its thumbnail as WebP, or a few words on why there is none, such as 'no such picture'.

    What is missing, or was made from another state of the picture, is made now in the order of `samples` and kept.
    After `within_s` seconds of drawing no more is begun: the rest is `UNDRAWN`, and all of it where others have been
    drawing for so long. Where thumbs.db cannot be used, thumbnails are made each time; the log says why.

    Raises WorkspaceError where this is no workspace.
    """
    root, thumbs = _root(workspace), Thumbs(workspace.thumbs_file)
    found: dict[int, bytes | str] = {}
    wanted: dict[int, _Wanted] = {}
    for stored in samples:
        state = _fingerprint(root, stored)
        if isinstance(state, str):
            found[stored.id] = state
        else:
            wanted[stored.id] = _Wanted(stored, state)
    with _or_logged():
        found |= thumbs.get({number: each.fingerprint for number, each in wanted.items()})
    missing = [each for number, each in wanted.items() if number not in found]
    found |= {each.stored.id: UNDRAWN for each in missing}
    made = _made_now(root, missing, within_s) if missing else {}
    found |= {number: thumb if isinstance(thumb, str) else thumb.webp for number, thumb in made.items()}
    if kept := [thumb for thumb in made.values() if isinstance(thumb, Thumb)]:
        with _or_logged():
            thumbs.put(kept)
    return found


def _made_now(root: _Root, missing: Sequence[_Wanted], within_s: float) -> dict[int, Thumb | str]:
    """Thumbnails, or why there is none, of as many as there is time for, by sample id."""
    made: dict[int, Thumb | str] = {}
    if not DRAWING.acquire(timeout=None if within_s == math.inf else within_s):
        return made
    try:
        end = time.monotonic() + within_s
        for each in missing:
            picture = drawn_or_reason(*root, each.stored.sample)
            made[each.stored.id] = (
                picture if isinstance(picture, str) else Thumb(each.stored.id, each.fingerprint, picture)
            )
            if time.monotonic() > end:
                break
    finally:
        DRAWING.release()
    return made


def unseen_faces(workspace: Workspace, samples: Sequence[StoredSample]) -> dict[int, str]:
    """Sample id -> why the face cannot be seen, of those whose picture is gone or cannot be opened.

    Looks at the entries of the files alone, so a picture that is damaged inside is not among them. Raises
    WorkspaceError where this is no workspace.
    """
    root = _root(workspace)
    states = ((stored.id, _fingerprint(root, stored)) for stored in samples)
    return {number: state for number, state in states if isinstance(state, str)}


def write_thumbnails(
    workspace: Workspace, samples: Iterable[StoredSample], progress: Callable[[int], None] = lambda faces: None
) -> int:
    """Makes what is missing of any number of thumbnails and returns how many have no usable picture.

    A core is left to others, who may be reviewing. `progress` is called with the number of faces done since it was last
    called. Whatever ends it, what was made so far is kept. Raises WorkspaceError where thumbs.db cannot be written.
    """
    root, thumbs = _root(workspace), Thumbs(workspace.thumbs_file)
    unusable = 0

    def missing() -> Iterator[tuple[int, bytes, Sample]]:
        nonlocal unusable
        source = iter(samples)
        while part := list(islice(source, _LOOKED_UP)):
            states = [(stored, _fingerprint(root, stored)) for stored in part]
            wanted = [(stored.id, state, stored.sample) for stored, state in states if isinstance(state, bytes)]
            there = thumbs.having({number: state for number, state, _ in wanted})
            unusable += len(part) - len(wanted)
            progress(len(part) - len(wanted) + len(there))
            yield from (each for each in wanted if each[0] not in there)

    made: list[Thumb] = []
    try:
        draw = partial(numbered_thumbnail, *root)
        # A core is left: people may be reviewing.
        for number, state, picture in in_order(draw, missing(), batch=_BATCH, leave=1, processes=True):
            progress(1)
            if isinstance(picture, str):
                unusable += 1
                continue
            made.append(Thumb(number, state, picture))
            if len(made) == _WRITTEN:
                thumbs.put(made)
                made = []
    finally:
        if made:
            thumbs.put(made)
    return unusable


def draw_for_review(workspace: Workspace, progress: Callable[[int], None] = lambda faces: None) -> None:
    """Makes what is missing of the thumbnails that pages may ask for soon: of the queues of the rounds in review.

    For when pictures came, changed or moved. `progress` as in `write_thumbnails`. What cannot be drawn is drawn, or its
    lack told, when it is shown; where thumbs.db cannot be written, the log says why.
    """
    with workspace.database(read_only=True) as db, _or_logged():
        for number in in_review(db):
            write_thumbnails(workspace, samples_among(db, queued_samples(db, number)), progress)


def keep_thumbnails(workspace: Workspace, drawn: Iterable[tuple[StoredSample, bytes]]) -> int:
    """Keeps thumbnails that were drawn elsewhere from the same pictures, where there is such a picture; how many.

    Raises WorkspaceError where thumbs.db cannot be written.
    """
    root, thumbs = _root(workspace), Thumbs(workspace.thumbs_file)
    kept, source = 0, iter(drawn)
    while part := list(islice(source, _WRITTEN)):
        states = [(stored.id, _fingerprint(root, stored), webp) for stored, webp in part]
        made = [Thumb(number, state, webp) for number, state, webp in states if isinstance(state, bytes)]
        thumbs.put(made)
        kept += len(made)
    return kept


def large_face_of(workspace: Workspace, stored: StoredSample) -> bytes | str:
    """The face as WebP of up to 768 pixels a side, or a few words on why there is none.

    The last ones drawn are kept in memory, as long as their pictures stay as they are.
    """
    root, sample = _root(workspace), stored.sample
    state = _fingerprint(root, stored)
    if isinstance(state, str):
        return state
    key = root.path, state
    if (known := _LARGE.get(key)) is not None:
        return known
    made = drawn_or_reason(*root, sample, large_face)
    if isinstance(made, bytes):
        _LARGE.put(key, made)
    return made


class Recent:
    """The values used last, up to so many bytes in all; for several threads at once."""

    def __init__(self, most: int) -> None:
        self._most, self._bytes, self._lock = most, 0, Lock()
        self._values: OrderedDict[tuple[Path, bytes], bytes] = OrderedDict()

    def get(self, key: tuple[Path, bytes]) -> bytes | None:
        """The value kept under this key, which counts as used now."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
            return self._values.get(key)

    def put(self, key: tuple[Path, bytes], value: bytes) -> None:
        """Keep a value, and let those go that were not used for longest."""
        with self._lock:
            self._bytes += len(value) - len(self._values.pop(key, b""))
            self._values[key] = value
            while self._bytes > self._most:
                self._bytes -= len(self._values.popitem(last=False)[1])


_LARGE = Recent(64_000_000)


@contextmanager
def _or_logged() -> Iterator[None]:
    """Thumbnails are for convenience: reviewing goes on without the file that keeps them."""
    try:
        yield
    except WorkspaceError as error:
        _LOG.warning("thumbnails are not kept: %s", error)


def _root(workspace: Workspace) -> _Root:
    settings = workspace.settings()
    return _Root(Path(settings.root).resolve(), settings.source.get("follow_links") is True)


def _fingerprint(root: _Root, stored: StoredSample) -> bytes | str:
    """What a thumbnail is made from, or why none can be. One look at the file's entry, for every face of every page."""
    if stored.withdrawn:
        return "taken out"
    sample = stored.sample
    try:
        state = os.stat(f"{root.path}/{sample.path}")  # noqa: PTH116 (a Path costs as much again)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return "no such picture" if root.path.is_dir() else "folder of pictures not found"
    except OSError as error:
        return f"unreadable picture ({error.strerror})"
    if not stat.S_ISREG(state.st_mode):  # a pipe would be waited for
        return "not a picture file"
    if state.st_size > MAX_BYTES:
        return f"a file of over {MAX_BYTES:,} bytes"
    recipe = (RECIPE, sample.path, sample.box, state.st_size, state.st_mtime_ns)
    return blake2b(repr(recipe).encode(), digest_size=16).digest()
