"""Pictures elsewhere that a network is asked about: fetched as they are needed, removed once they were looked at."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path, PurePosixPath
from tempfile import mkdtemp
from weakref import finalize

from scn_core.datasets.addresses import below_address, checked_address, is_address, parent_address
from scn_core.datasets.images import SUFFIXES
from scn_core.datasets.parallel import in_order
from scn_core.datasets.paths import relative_path
from scn_core.datasets.remote import LISTS, Remote
from scn_core.errors import DataError, UsageError, counted, error_text
from scn_core.inference.pictures import ListedPictures, Picture, Pictures, listed_pictures


@dataclass
class RemotePictures:
    """The pictures below an address, by name, or those of a list whose paths are below it. Walking fetches none."""

    address: str
    listed: ListedPictures | None
    folder: Path
    """For copies; removed with this."""
    _others: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        finalize(self, shutil.rmtree, self.folder, ignore_errors=True)

    @property
    def boxed(self) -> bool:
        """Whether they come with boxes."""
        return self.listed is not None and self.listed.boxed

    def __iter__(self) -> Iterator[Picture]:
        if self.listed is not None:
            yield from map(self._below, self.listed)
            return
        self._others = 0
        with Remote(self.address, self._copies) as remote:
            for name in remote.names():
                if PurePosixPath(name).suffix.lower() in SUFFIXES and relative_path(name) == name:
                    yield Picture(name, Path(name))
                else:
                    self._others += 1

    def fetched(self) -> Iterator[Picture]:
        """The pictures as files that are there, a few at a time; whoever has looked at one removes it."""
        numbers = count()
        with Remote(self.address, self._copies) as remote:

            def fetch(picture: Picture) -> Picture:
                if picture.wrong is not None:
                    return picture
                here = self._copies / str(next(numbers))
                wrong = remote.fetch(picture.path.as_posix(), here)
                return replace(picture, path=here, passing=True, wrong=None if wrong is None else wrong.words)

            yield from in_order(fetch, self, batch=1, threads=remote.settings.at_once, stop=remote.stop)

    def notes(self) -> list[str]:
        """How many files were passed over when the folder was last walked; columns that are not read."""
        if self.listed is not None:
            return self.listed.notes()
        return [f"{counted(self._others, 'other file')} passed over"] if self._others else []

    @property
    def _copies(self) -> Path:
        return self.folder / "copies"

    def _below(self, picture: Picture) -> Picture:
        name = picture.name
        if picture.wrong is not None:
            return picture
        path = below_address(self.address, name) if is_address(name) else relative_path(name)
        if path is None or relative_path(path) != path:
            return replace(picture, wrong=f"no path below {self.address}")
        return replace(picture, path=Path(path))


def find_remote_pictures(
    source: str | Path | Iterable[str | Path], root: str | Path | None = None
) -> RemotePictures | None:
    """The pictures at an address: of a folder, or of a list there or here whose `root` is one; None: nothing of it is.

    Raises UsageError for an address with a secret in it or a `root` that does not apply, and DataError for a list that
    cannot be read.
    """
    remote = isinstance(source, str) and is_address(source)
    if not remote and not is_address(root):
        return None
    listing = remote and PurePosixPath(str(source)).suffix.lower() not in LISTS
    if root is not None and (listing or not is_address(root)):
        found = f"{root} with pictures {source}"
        raise UsageError(error_text("--root", found, "a root for the paths of a list alone, an address as the list's"))
    address, below = (checked_address(*said) for said in (("--pictures", str(source)), ("--root", str(root))))
    pictures = RemotePictures(below if is_address(root) else address, None, Path(mkdtemp(prefix="scn-pictures-")))
    if not remote:
        pictures.listed = listed_pictures(Path(str(source)).expanduser(), None)
    elif not listing:
        parent, file = parent_address(address), pictures.folder / address.rpartition("/")[2]
        with Remote(parent, pictures.folder / "lists") as there:
            if (wrong := there.fetch_list(file.name, file)) is not None:
                raise DataError(error_text(address, wrong.words, "a readable list (--pictures)"))
        pictures.address = below if is_address(root) else parent
        pictures.listed = listed_pictures(file, None)
    return pictures


def as_files(pictures: Pictures) -> Iterable[Picture]:
    """Pictures that can be opened: those elsewhere as they are fetched, others as they are."""
    return pictures.fetched() if isinstance(pictures, RemotePictures) else pictures
