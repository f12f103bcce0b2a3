"""What comes back from the other machine, as files and as columns."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import numpy.typing as npt

from scn_core.config import TrainSettings
from scn_core.errors import DataError, complaint
from scn_core.records import BoolArray, EpochReport, IntArray, RoundScores
from scn_core.rounds.artifacts import NEIGHBOURS, NEIGHBOURS_FILE
from scn_core.rounds.inputs import FACES, RoundFaces
from scn_core.rounds.pack.archive import Stamp, unpack_archive
from scn_core.rounds.pack.job import Job, job_in

KIND = "result of self-cure-labels"
SCORES, EPOCHS, METRICS, THUMBS, WEBP = "scores.npy", "epochs.json", "metrics.json", "thumbs.npy", "thumbs.webp"
FILES = (
    "config.json", "meta.json", "weights.safetensors", "dynamics.npy", NEIGHBOURS_FILE, "log.txt", FACES,
)  # fmt: skip
"""What goes into the folder of the round, as training left it."""
LIMITS = dict.fromkeys((*FILES, SCORES, WEBP), 32 << 30) | {EPOCHS: 64 << 20, METRICS: 64 << 20, THUMBS: 1 << 30}
"""Members of a result and how many bytes each may have."""
_DAMAGES = (OSError, EOFError, KeyError, IndexError, TypeError, ValueError, SyntaxError, OverflowError)


@dataclass(frozen=True)
class Result:
    """A trained round, checked."""

    job: Job
    config: dict[str, Any]
    """The job's options, and the versions it was trained with."""
    code_version: str
    epochs: list[EpochReport]
    metrics: dict[str, Any]
    scores: RoundScores
    settled: BoolArray
    """(N,) of the scored faces."""
    thumbs: IntArray
    """(T, 2) sample id and number of bytes in thumbs.webp."""


def scores_table(scores: RoundScores) -> npt.NDArray[np.void]:
    """The columns as one structured array (N,), which numpy reads without unpickling or decompressing."""
    table = np.empty(len(scores.sample_id), _columns(scores.probabilities.shape[1]))
    for name in table.dtype.names or ():
        table[name] = getattr(scores, name)
    return table


def _columns(classes: int) -> np.dtype[np.void]:
    kinds = {"IntArray": "<i8", "FloatArray": "<f4", "BoolArray": "?"}
    shapes = {"probabilities": (classes,)}
    return np.dtype([(each.name, kinds[str(each.type)], shapes.get(each.name, ())) for each in fields(RoundScores)])


def open_result(path: Path, folder: Path) -> Result:
    """Checks a result whole, and leaves its members in an empty folder. Raises DataError."""
    stamp = unpack_archive(path, KIND, LIMITS, folder)
    try:
        return _result(stamp, path, folder)
    except _DAMAGES as error:
        raise DataError(
            complaint(str(path), f"content that `round run` did not write ({error})", "what it wrote")
        ) from error


def _result(stamp: Stamp, path: Path, folder: Path) -> Result:
    about = stamp.about
    job = job_in(about["job"], path)
    if stamp.members[FACES] != about["job"]["members"][FACES]:
        raise ValueError(f"{FACES} is not that of the job")
    scores = _scores(folder / SCORES, len(job.classes))
    reports = [EpochReport(**row) for row in json.loads((folder / EPOCHS).read_text(encoding="utf-8"))]
    if [report.epoch for report in reports] != list(range(1, job.settings.epochs + 1)):
        raise ValueError(f"{EPOCHS} has not the epochs 1 to {job.settings.epochs}")
    _check_files(folder, scores, job)
    thumbs = np.load(folder / THUMBS, mmap_mode="r", allow_pickle=False)
    if thumbs.dtype != np.int64 or thumbs.shape[1:] != (2,) or thumbs.min(initial=1) < 1:
        raise ValueError(f"{THUMBS} is no table of sample ids and sizes")
    if int(thumbs[:, 1].sum()) != (folder / WEBP).stat().st_size:
        raise ValueError(f"{WEBP} has another size than {THUMBS} says")
    return Result(
        job=job,
        config=_config(about["config"], job.settings),
        code_version=str(about["code_version"]),
        epochs=reports,
        metrics=_metrics(folder / METRICS),
        scores=scores,
        settled=_faces(folder / FACES, scores),
        thumbs=np.array(thumbs),
    )


def _config(content: dict[str, Any], settings: TrainSettings) -> dict[str, Any]:
    """Options as they were packed: what a path to weights was over there says nothing here."""
    return {name: str(value) for name, value in content.items()} | settings.as_dict()


def _metrics(file: Path) -> dict[str, Any]:
    content = json.loads(file.read_text(encoding="utf-8"))
    if not isinstance(content, dict) or any(isinstance(x, float) and not math.isfinite(x) for x in content.values()):
        raise ValueError(f"{METRICS} is no object of finite numbers")
    return content


def _scores(file: Path, classes: int) -> RoundScores:
    table = np.load(file, mmap_mode="r", allow_pickle=False)
    if table.dtype != _columns(classes) or table.ndim != 1:
        raise ValueError(f"{SCORES} has other columns: {table.dtype}")
    return RoundScores(**{name: np.ascontiguousarray(table[name]) for name in table.dtype.names or ()})


def _check_files(folder: Path, scores: RoundScores, job: Job) -> None:
    """Files that pages read later: of the shapes and types they rely on."""
    dynamics = np.load(folder / "dynamics.npy", mmap_mode="r", allow_pickle=False)
    if dynamics.shape != (job.settings.epochs, len(scores.sample_id)):
        raise ValueError(f"dynamics.npy has the shape {dynamics.shape}")
    rows = np.load(folder / NEIGHBOURS_FILE, mmap_mode="r", allow_pickle=False)
    if rows.dtype != NEIGHBOURS or rows.ndim != 1:
        raise ValueError(f"{NEIGHBOURS_FILE} has the type {rows.dtype}")
    for name in ("sample_id", "given", "other"):
        if not (rows[name].min(initial=0) >= -1 and rows[name].max(initial=0) <= job.samples):
            raise ValueError(f"{NEIGHBOURS_FILE} names faces that are not in the data set")


def _faces(file: Path, scores: RoundScores) -> BoolArray:
    """Which of the scored faces people had decided on."""
    with ZipFile(file) as inside:
        allowed = {f"{field.name}.npy" for field in fields(RoundFaces)}
        if {entry.filename for entry in inside.infolist()} != allowed:
            raise ValueError(f"{FACES} has other columns")
    with np.load(file, allow_pickle=False) as faces:
        settled: BoolArray = faces["settled"]
        if not np.array_equal(faces["sample_id"], scores.sample_id) or settled.dtype != np.bool_:
            raise ValueError(f"{SCORES} is not of the faces in {FACES}")
        if settled.shape != scores.sample_id.shape:
            raise ValueError(f"{FACES} has columns of unequal length")
    return settled
