"""Opinions of another model into a workspace: from files all or nothing, from a classifier as it goes on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from scn_core.errors import DataError, UsageError, counted, error_text, listed
from scn_core.exchange.opinions.classes import Form
from scn_core.exchange.opinions.classifier import Classifier, ClassifierOptions, file_hash
from scn_core.exchange.opinions.read import Balance, FaceFinder, read_csv, read_features, read_npz
from scn_core.principal_components import principal_components
from scn_core.records import FloatArray, IntArray
from scn_core.store.connection import transaction
from scn_core.store.events import log_event
from scn_core.store.opinions import (
    OpinionSource,
    SourceKind,
    add_source,
    agreement_with_labels,
    check_name_is_free,
    faces_of_source,
    faces_without,
    find_source,
    insert_opinions,
)
from scn_core.store.samples import classes, iter_samples, present_samples
from scn_core.workspace.folder import Workspace

LONGEST_NAME = 60
_WRITTEN_AT_ONCE = 2_048
"""Faces of a classifier: as much work as a kill can lose."""
_NAMED = 3


@dataclass(frozen=True)
class AddedOpinion:
    """What was brought in, and what was not."""

    name: str
    faces: int
    """Faces it has probabilities of now."""
    features: int
    """Faces it has features of now."""
    without: int
    """Faces of the workspace that it says nothing of."""
    agreement: float | None
    """Share of the faces it has probabilities of whose given label is its likeliest class; None: it has none."""
    left_out: tuple[str, ...] = ()
    """What could not be used, and what was taken for granted, in words."""

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    def describe(self) -> str:
        """For people."""
        what = [f"probabilities of {counted(self.faces, 'face')}"] if self.faces else []
        what += [f"features of {counted(self.features, 'face')}"] if self.features else []
        lines = [f"opinion {self.name}: {' and '.join(what)}"]
        if self.agreement is not None:
            lines.append(f"its likeliest class is the given label on {self.agreement:.1%} of them")
        if self.without:
            lines.append(f"{counted(self.without, 'face')} of the workspace that it says nothing of")
        return "\n".join([*lines, *self.left_out])


@dataclass(frozen=True)
class OpinionFiles:
    """Where the opinions of another model are: a table or arrays of probabilities, a classifier, features."""

    csv: Path | None = None
    npz: Path | None = None
    onnx: Path | None = None
    embeddings: Path | None = None
    """Features; alone or beside one of the others."""
    mapping: Mapping[str, str] = field(default_factory=dict)
    """Class of theirs -> of ours, or empty to leave it out."""
    logits: bool = False
    counts: bool = False
    """Each row is divided by its sum."""
    partial: bool = False
    classifier: ClassifierOptions = field(default_factory=ClassifierOptions)

    @property
    def form(self) -> Form:
        """What the numbers of the table or arrays are."""
        return "logits" if self.logits else "counts" if self.counts else "probabilities"

    @property
    def kind(self) -> SourceKind:
        """Which of them says the probabilities; of features alone npz."""
        return "csv" if self.csv else "onnx" if self.onnx else "npz"


def add_opinion(
    workspace: Workspace, name: str, files: OpinionFiles, progress: Callable[[int], None] = lambda faces: None
) -> AddedOpinion:
    """Bring in what another model says of the faces. Rounds and the learned order use it from then on.

    A file is taken all at once. A classifier writes as it goes on: interrupted, the same call goes on with the faces it
    has not seen, and so it does after an update that brought new ones. `progress` hears of rows, or faces, that are
    done.

    Raises UsageError for no file, two of them, or a name that cannot be; WorkspaceError where the name is taken;
    DataError for files that are not as they should be, and where no row is about a face.
    """
    _check(name, files)
    if files.onnx is not None:
        return _add_classifier(workspace, name, files, progress)
    balance, extra = Balance(), Balance()
    with workspace.database(read_only=True) as db:
        check_name_is_free(db, name)
        ours, find = classes(db), FaceFinder(db, Path(workspace.settings().root))
        said = seen = None
        if files.csv is not None:
            said = read_csv(files.csv, ours, find, balance, mapping=files.mapping, form=files.form,
                            partial=files.partial, progress=progress)  # fmt: skip
        elif files.npz is not None:
            said = read_npz(files.npz, ours, find, balance, mapping=files.mapping, form=files.form,
                            partial=files.partial)  # fmt: skip
        if files.embeddings is not None:
            seen = read_features(files.embeddings, find, extra)
        some = next(iter_samples(db)).sample.key
    for read, of, path in ((said, balance, files.csv or files.npz), (seen, extra, files.embeddings)):
        if read is not None and not len(read.sample_id):
            raise DataError(
                error_text(
                    str(path),
                    f"no row that can be used of {of.rows:,}",
                    f"keys of faces, such as {some}",
                    "; ".join(of.describe()),
                )
            )
    ids = np.unique(np.concatenate([read.sample_id for read in (said, seen) if read is not None]))
    shares = None if said is None else _spread(ids, said.sample_id, said.values)
    features = None if seen is None else _spread(ids, seen.sample_id, principal_components(seen.values))
    about = {"map": dict(files.mapping), "logits": files.logits, "counts": files.counts, "partial": files.partial}
    with workspace.database() as db, transaction(db):
        source = add_source(db, name, files.kind, {key: value for key, value in about.items() if value})
        insert_opinions(db, source, ids, shares, features)
        log_event(db, "opinion added", {"name": name, "source": source, "faces": len(ids)}, by=None)
    return _added(workspace, name, (*balance.describe(), *extra.describe()))


def _add_classifier(
    workspace: Workspace, name: str, files: OpinionFiles, progress: Callable[[int], None]
) -> AddedOpinion:
    assert files.onnx is not None  # noqa: S101 (for mypy)
    with workspace.database() as db:
        classifier = Classifier(files.onnx, classes(db), files.classifier, mapping=files.mapping, logits=files.logits,
                                partial=files.partial)  # fmt: skip
        about = classifier.describe() | {"model": file_hash(files.onnx)}
        source = _same_classifier(find_source(db, name), name, about)
        known = set() if source is None else set(faces_of_source(db, source).tolist())
        progress(len(known))
        faces = (stored for stored in present_samples(db) if stored.id not in known)
        unreadable: list[str] = []
        silent: list[str] = []
        while part := list(islice(faces, _WRITTEN_AT_ONCE)):
            said, good, read = classifier.classify(workspace.pictures(), [stored.sample for stored in part], progress)
            unreadable += [part[place].sample.key for place in np.flatnonzero(~read).tolist()]
            silent += [part[place].sample.key for place in np.flatnonzero(read & ~good).tolist()]
            if not good.any():
                continue
            with transaction(db):
                if source is None:  # with the first of its faces: a model that cannot be run leaves nothing behind
                    source = add_source(db, name, "onnx", about)
                    log_event(db, "opinion added", {"name": name, "source": source}, by=None)
                insert_opinions(db, source, np.array([each.id for each in part], np.int64)[good], said[good], None)
    words = tuple(
        f"{counted(len(keys), 'picture')} {what}: {listed(keys[:_NAMED], len(keys))}"
        for keys, what in (
            (unreadable, "could not be read"),
            (silent, "of which the model says nothing: no finite numbers, or only classes that are left out"),
        )
        if keys
    )
    if source is None:
        raise DataError(error_text(str(files.onnx), "no face that it says something of", "some", "; ".join(words)))
    return _added(workspace, name, words)


def _same_classifier(found: OpinionSource | None, name: str, about: Mapping[str, Any]) -> int | None:
    """The source to go on with; None: there is none of that name. Raises UsageError where it is another model."""
    if found is None:
        return None
    if found.kind != "onnx" or found.about != dict(about):
        raise UsageError(
            error_text(
                "opinion",
                f"{name!r}, which is another model, or was read in another way",
                "a new name",
                "or take the other out with: opinion remove",
            )
        )
    return found.id


def _check(name: str, files: OpinionFiles) -> None:
    if not (name == name.strip() and 0 < len(name) <= LONGEST_NAME and name.isprintable()):
        raise UsageError(error_text("opinion", repr(name), f"1 to {LONGEST_NAME} printable characters"))
    given = [flag for flag in ("csv", "npz", "onnx") if getattr(files, flag) is not None]
    if len(given) > 1 or not (given or files.embeddings):
        found = " and ".join(f"--{flag}" for flag in given) or "no file"
        raise UsageError(error_text("opinion add", found, "one of --csv, --npz, --onnx, or --embeddings alone"))
    if files.counts and (files.logits or files.onnx is not None):
        raise UsageError(error_text("--counts", "--logits too" if files.logits else "--onnx", "a table or arrays"))
    if files.onnx is not None and files.embeddings is not None:
        raise UsageError(error_text("--embeddings", "--onnx too", "--embeddings alone, under a name of its own"))


def _spread(ids: IntArray, sample_id: IntArray, values: FloatArray) -> FloatArray:
    """The rows of `values` at their places among rising `ids`, NaN elsewhere."""
    found = np.full((len(ids), values.shape[1]), np.nan, np.float32)
    found[ids.searchsorted(sample_id)] = values
    return found


def _added(workspace: Workspace, name: str, left_out: tuple[str, ...]) -> AddedOpinion:
    with workspace.database(read_only=True) as db:
        source = find_source(db, name)
        assert source is not None  # noqa: S101 (for mypy)
        without, agreement = faces_without(db, source.id), agreement_with_labels(db, source.id)
    return AddedOpinion(name, source.faces, source.features, without, agreement, left_out)
