"""A map of a round's faces, those of val and test too: a picture in which faces that look alike lie near each other.

Drawn from the round's features: their first 50 principal components, laid out by t-SNE of the package openTSNE, or,
where that is not installed, the first two components as they are. Of very many faces t-SNE lays out `LAID_OUT`, and
puts each of the others in the middle of those it is most alike to. The same features give the same map.

map.npy   where each face lies: see `store.queue.area`
map.json  how it was drawn, `MapMethod`, so that one map can be told from another; `far`: how many faces far from all
          others were marked then, which no map of an earlier version says
"""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from sqlite_utils import Database

from scn_core.errors import WorkspaceError, error_text
from scn_core.files import replaced, write_text
from scn_core.principal_components import principal_components
from scn_core.records import FloatArray
from scn_core.rounds.features import FEATURES_FILE, held_out_features, open_features
from scn_core.shell import command_line, install_extra
from scn_core.store.queue.area import MAP, MAP_FILE, MAP_SIDE, read_map
from scn_core.store.rounds.states import rounds
from scn_core.workspace.folder import Workspace

COMPONENTS = 50
PERPLEXITY = 30
"""Neighbours that count for a face, about."""
FEWEST = 8
"""Faces of which t-SNE can make a picture; of fewer it is that of their components."""
LAID_OUT = 100_000
"""Faces that are laid out, drawn by `MapMethod.seed`, where there are more."""
AMONG = 5
"""Faces laid out that one of the others is put among."""
_SEED = 0
_METHOD_FILE = "map.json"
_FAR = "far"
_EXAGGERATED, _PLAIN, _OTHERS = 250, 500, 250
STEPS = _EXAGGERATED + _PLAIN + _OTHERS
_EVERY = 10
_ONE_THREAD = 5_000
_ROWS = 10_000
WITHOUT = (
    "by its two main components alone, as openTSNE is not installed: faces of a kind lie less close together; "
    f"{install_extra('map', 'requirements-map.txt')}, then draw it again"
)


@dataclass(frozen=True)
class MapMethod:
    """How a map was drawn. Two maps of a round that were drawn in the same way are the same."""

    name: Literal["t-SNE", "PCA"]
    """PCA: the first two components as they are."""
    components: int
    """Principal components of the features that it was drawn from."""
    package: str = ""
    """Name and version of what laid it out, and below what it was told; of PCA nothing."""
    perplexity: float = 0.0
    """Neighbours that count for a face, about."""
    exaggerated_steps: int = 0
    steps: int = 0
    """In all."""
    seed: int = 0
    laid_out: int = 0
    """Faces that this was done with, where it was not all of them: see `LAID_OUT`."""

    def __str__(self) -> str:
        """As in "t-SNE of openTSNE 1.0.4, perplexity 30, of 100,000 faces"."""
        if self.name == "PCA":
            return "PCA"
        some = f", of {self.laid_out:,} faces" if self.laid_out else ""
        return f"t-SNE of {self.package}, perplexity {self.perplexity:g}{some}"


@dataclass(frozen=True)
class DrawnMap:
    """What became of a map."""

    round: int
    faces: int
    """On it; a face without features is not."""
    method: MapMethod
    file: str

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def newest_with_features(workspace: Workspace, db: Database) -> int | None:
    """The newest round that has ended and kept the features that a map is drawn from; None: there is none."""
    ended = (info.id for info in rounds(db) if info.state in ("review", "closed"))
    return next((each for each in ended if (workspace.round_folder(each) / FEATURES_FILE).exists()), None)


def has_layout() -> bool:
    """Whether openTSNE is installed."""
    return find_spec("openTSNE") is not None


def draw_map(
    workspace: Workspace, round_id: int | None = None, step: Callable[[int], None] = lambda more: None
) -> DrawnMap:
    """Draw the map of a round and keep it as map.npy in its folder, in place of an earlier one.

    Args:
        workspace: with a finished round.
        round_id: None: the newest that has ended and kept features.
        step: told how many more of `STEPS` steps are done.

    Raises WorkspaceError where there is no such round, or where it kept no features.
    """
    if round_id is None:
        with workspace.database(read_only=True) as db:
            round_id = newest_with_features(workspace, db)
        if round_id is None:
            way = f"train one without --no-keep-features: {command_line('train', workspace.path)}"
            raise WorkspaceError(error_text("", "no round that has ended and kept features", "one", way))
    features = open_features(workspace, round_id)
    if features is None:
        found = f"no features of round {round_id}"
        way = "train one without --no-keep-features; one from opinions has them if these were made with --embeddings"
        raise WorkspaceError(error_text("", found, "a round that kept them", way))
    parts = [features]
    held_out = held_out_features(workspace.round_folder(round_id))
    if held_out is not None and held_out.values.shape[1] == features.values.shape[1]:
        parts.append(held_out)
    known = np.concatenate([np.asarray(part.values).any(axis=1) for part in parts])
    components = principal_components(*(part.values for part in parts), count=COMPONENTS)
    components = components if known.all() else components[known]
    tsne = has_layout() and len(components) >= FEWEST
    method = _by_tsne(components) if tsne else MapMethod("PCA", components.shape[1])
    places = _laid_out(components, method, step) if tsne else components[:, :2]
    rows = np.empty(len(components), MAP)
    rows["sample_id"] = np.concatenate([part.sample_id for part in parts])[known]
    rows["x"], rows["y"] = _within_the_square(places).T
    rows = rows[np.argsort(rows["sample_id"])]
    file = workspace.round_folder(round_id) / MAP_FILE
    (file.parent / _METHOD_FILE).unlink(missing_ok=True)  # never beside a map that was drawn in another way
    _write(file, rows)
    write_text(file.parent / _METHOD_FILE, json.dumps(asdict(method), indent=2) + "\n")
    return DrawnMap(round_id, len(rows), method, str(file))


def round_map(workspace: Workspace, round_id: int) -> npt.NDArray[np.void] | None:
    """The map of a round, rows of type `MAP` by rising sample id; None: it has none."""
    return read_map(workspace.round_folder(round_id) / MAP_FILE)


def map_method(workspace: Workspace, round_id: int) -> MapMethod | None:
    """How the map of a round was drawn; None: it says nothing of that, as those of earlier versions."""
    try:
        return MapMethod(**{name: value for name, value in _said(workspace, round_id).items() if name != _FAR})
    except TypeError:
        return None


def far_noted(workspace: Workspace, round_id: int) -> bool:
    """Whether the faces far from all others were marked since the map of a round was drawn."""
    return _FAR in _said(workspace, round_id)


def note_far(workspace: Workspace, round_id: int, count: int) -> None:
    """Note beside the map of a round that so many faces were marked as far from all others."""
    file = workspace.round_folder(round_id) / _METHOD_FILE
    write_text(file, json.dumps(_said(workspace, round_id) | {_FAR: count}, indent=2) + "\n")


def _said(workspace: Workspace, round_id: int) -> dict[str, Any]:
    """map.json; empty where there is none, or a damaged one."""
    try:
        found = json.loads((workspace.round_folder(round_id) / _METHOD_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def forget_on_map(folder: Path, sample_ids: Iterable[int]) -> None:
    """Take faces off the map in a round's folder."""
    rows = read_map(folder / MAP_FILE)
    if rows is not None:
        _write(folder / MAP_FILE, rows[~np.isin(rows["sample_id"], np.fromiter(sample_ids, np.int64))])


def _by_tsne(components: FloatArray) -> MapMethod:
    faces, package = min(len(components), LAID_OUT), f"openTSNE {version('openTSNE')}"
    perplexity, steps = min(PERPLEXITY, (faces - 1) / 3), _EXAGGERATED + _PLAIN
    some = faces if faces < len(components) else 0
    return MapMethod("t-SNE", components.shape[1], package, perplexity, _EXAGGERATED, steps, _SEED, some)


def _laid_out(components: FloatArray, method: MapMethod, step: Callable[[int], None]) -> FloatArray:
    from openTSNE import TSNE, initialization  # slow to import, and an extra

    def told(iteration: int, error: float, embedding: object) -> bool:
        step(_EVERY)
        return False

    chosen = np.arange(len(components))
    if method.laid_out:
        chosen = np.sort(np.random.default_rng(method.seed).choice(len(components), method.laid_out, replace=False))
    first = components[chosen].astype(np.float64)
    layout = TSNE(
        perplexity=method.perplexity, initialization=initialization.rescale(first[:, :2]),
        early_exaggeration_iter=method.exaggerated_steps, n_iter=method.steps - method.exaggerated_steps,
        n_jobs=_jobs(len(first)), random_state=method.seed, callbacks=told, callbacks_every_iters=_EVERY,
    )  # fmt: skip
    places = np.empty((len(components), 2), np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        drawn = layout.fit(first)
        others = np.delete(np.arange(len(components)), chosen)
        for start in range(0, len(others), _ROWS):
            rows = others[start : start + _ROWS]
            places[rows] = drawn.prepare_partial(components[rows], initialization="median", k=AMONG, perplexity=AMONG)
            step((start + len(rows)) * _OTHERS // len(others) - start * _OTHERS // len(others))
    places[chosen] = drawn
    if not len(others):
        step(_OTHERS)
    return places


def _jobs(faces: int) -> int:
    """Threads that are worth their waiting for each other."""
    return 1 if faces < _ONE_THREAD else int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1)


def _within_the_square(places: FloatArray) -> FloatArray:
    """The same picture from 0 to `MAP_SIDE`, its middle in the middle."""
    if places.shape[1] < 2:
        places = np.concatenate([places, np.zeros((len(places), 2 - places.shape[1]), np.float32)], axis=1)
    if not len(places):
        return places
    low, high = places.min(axis=0), places.max(axis=0)
    side = max(float((high - low).max()), 1e-12)
    middle: FloatArray = (places - (low + high) / 2) / side * (0.98 * MAP_SIDE) + MAP_SIDE / 2
    return middle.astype(np.float32)


def _write(file: Path, rows: npt.NDArray[np.void]) -> None:
    with replaced(file, needed=rows.nbytes) as unfinished:
        np.save(unfinished, np.asarray(rows), allow_pickle=False)
