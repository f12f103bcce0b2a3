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
from safetensors import SafetensorError, safe_open

from scn_core.config import TrainSettings
from scn_core.datasets.thumbnail_images import MAX_THUMBNAIL_BYTES, wrong_thumbnail
from scn_core.errors import DataError, error_text
from scn_core.records import BoolArray, EpochReport, IntArray, RoundScores
from scn_core.rounds.artifacts import HELD_OUT, HELD_OUT_FILE, NEIGHBOURS, NEIGHBOURS_FILE, wrong_predictions
from scn_core.rounds.features import BYTES_A_FEATURE, FEATURES_FILE, wrong_features
from scn_core.rounds.inputs import FACES, TARGETS, RoundFaces
from scn_core.rounds.pack.archive import Stamp, read_stamp, unpack_archive
from scn_core.rounds.pack.job import Job, job_in

KIND = "result of self-cure-labels"
SCORES, EPOCHS, METRICS, THUMBS, WEBP = "scores.npy", "epochs.json", "metrics.json", "thumbs.npy", "thumbs.webp"
FILES = (
    "config.json", "meta.json", "weights.safetensors", "dynamics.npy", NEIGHBOURS_FILE, "log.txt", FACES,
)  # fmt: skip
"""What goes into the folder of the round, as training left it."""
WHERE_KEPT = (FEATURES_FILE, HELD_OUT_FILE)
"""Also these, where the round has them."""
MEMBERS = (*FILES, SCORES, EPOCHS, METRICS, THUMBS, WEBP)
"""All that a result holds, but for `WHERE_KEPT`."""
_WEIGHTS = "weights.safetensors"
_HEADER = 1 << 16
"""Bytes of a table's head, or of a text about nothing; more than any has."""
_FEATURES = 1 << 14
"""A face has fewer, whatever the backbone."""
_AN_EPOCH = 1 << 16
"""Bytes that a text may say of one epoch."""
_PACKS_TO = 20
"""A trained network packs to nine tenths of itself: one that packs to less than a twentieth is none."""
_DAMAGES = (
    OSError, EOFError, KeyError, IndexError, TypeError, ValueError, SyntaxError, OverflowError, RecursionError,
    SafetensorError,
)  # fmt: skip


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


def files_of(folder: Path) -> tuple[str, ...]:
    """FILES, and those of WHERE_KEPT that are there."""
    return (*FILES, *(name for name in WHERE_KEPT if (folder / name).exists()))


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


def job_of_result(path: Path) -> Job:
    """The job that a result says it comes from; nothing of the result is unpacked. Raises DataError."""
    return job_in(read_stamp(path, KIND).about.get("job"), path)


def open_result(path: Path, folder: Path) -> Result:
    """Checks a result whole, and leaves its members in an empty folder.

    Nothing is larger than a round of the faces, classes and epochs that its job names: whether these are the
    workspace's is asked of `job_of_result` before. Raises DataError.
    """
    job = job_of_result(path)
    limits = _limits(job, path.stat().st_size)
    bytes_a_face = {FEATURES_FILE: _FEATURES * BYTES_A_FEATURE, HELD_OUT_FILE: HELD_OUT.itemsize}
    for name in set(WHERE_KEPT) & set(read_stamp(path, KIND).members):
        limits[name] = _HEADER + job.samples * bytes_a_face[name]
    stamp = unpack_archive(path, KIND, limits, folder)
    try:
        return _result(stamp, path, folder)
    except _DAMAGES as error:
        raise DataError(
            error_text(str(path), f"content that `round run` did not write ({error})", "what it wrote")
        ) from error


def _limits(job: Job, packed: int) -> dict[str, int]:
    """How many bytes each member may have, in a file of `packed` bytes."""
    faces, classes, epochs = job.samples, len(job.classes), job.settings.epochs
    text = _HEADER + _AN_EPOCH * epochs
    return {
        "config.json": _HEADER,
        "meta.json": _HEADER,
        _WEIGHTS: _HEADER + _PACKS_TO * packed,
        "dynamics.npy": _HEADER + faces * epochs * 6,  # three numbers of half precision
        NEIGHBOURS_FILE: _HEADER + faces * NEIGHBOURS.itemsize,
        "log.txt": text,
        FACES: _HEADER + faces * _of_a_face(classes),
        SCORES: _HEADER + faces * _columns(classes).itemsize,
        EPOCHS: text,
        METRICS: text,
        THUMBS: _HEADER + faces * 16,
        WEBP: faces * MAX_THUMBNAIL_BYTES,
    }


def _of_a_face(classes: int) -> int:
    """Bytes of a face in all columns of faces.npz: a number in each, and a mark and a share for each class."""
    return 8 * len(fields(RoundFaces)) + 5 * classes


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
    width = _check_weights(folder, job)
    file = folder / FEATURES_FILE
    if file.exists() and (wrong := wrong_features(file, len(scores.sample_id), width)) is not None:
        raise ValueError(f"{FEATURES_FILE} has {wrong}")
    if (wrong := wrong_predictions(folder, job.samples, len(job.classes))) is not None:
        raise ValueError(f"{HELD_OUT_FILE} has {wrong}")
    thumbs = np.load(folder / THUMBS, mmap_mode="r", allow_pickle=False)
    if thumbs.dtype != np.int64 or thumbs.shape[1:] != (2,) or thumbs.min(initial=1) < 1:
        raise ValueError(f"{THUMBS} is no table of sample ids and sizes")
    if int(thumbs[:, 1].sum()) != (folder / WEBP).stat().st_size:
        raise ValueError(f"{WEBP} has another size than {THUMBS} says")
    _check_pictures(folder / WEBP, np.array(thumbs))
    return Result(
        job=job,
        config=_config(about["config"], job.settings) | _data_of(job),
        code_version=str(about["code_version"]),
        epochs=reports,
        metrics=_metrics(folder / METRICS),
        scores=scores,
        settled=_faces(folder / FACES, scores, job),
        thumbs=np.array(thumbs),
    )


def _config(content: dict[str, Any], settings: TrainSettings) -> dict[str, Any]:
    """Options as they were packed, but for the number of threads, which that machine chose: what a path to weights was
    over there says nothing here."""
    said = {name: None if value is None else str(value) for name, value in content.items()}
    chosen = content.get("threads")
    threads = chosen if type(chosen) is int and 0 < chosen < 10_000 else settings.threads
    return said | settings.as_dict() | {"threads": threads}


def _data_of(job: Job) -> dict[str, str]:
    """On what the round was trained, as `inputs.data_of` says it of a round trained here."""
    return {"labels": job.revision} | ({"data_sha256": job.data_sha256} if job.data_sha256 else {})


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


def _check_weights(folder: Path, job: Job) -> int:
    """The heads of this job's network under their names, and beside them only a backbone; what meta.json says of it.

    How many features the heads take.
    """
    meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
    said = {name: meta[name] for name in ("backbone", "image_size", "classes", "epochs")}
    chosen = job.settings
    if said != {"backbone": chosen.backbone, "image_size": chosen.image_size, "classes": job.classes,
                "epochs": chosen.epochs}:  # fmt: skip
        raise ValueError("meta.json is of another network")
    with safe_open(folder / _WEIGHTS, framework="numpy") as weights:
        shapes = {name: weights.get_slice(name).get_shape() for name in weights.keys()}  # noqa: SIM118 (no mapping)
    heads = {name: shape for name, shape in shapes.items() if name.startswith(("classifier.", "attention."))}
    features = shapes["attention.weight"][1]
    wanted = {
        "classifier.weight": [len(job.classes), features], "classifier.bias": [len(job.classes)],
        "attention.weight": [1, features], "attention.bias": [1],
    }  # fmt: skip
    if heads != wanted or any(not name.startswith("backbone.") for name in shapes.keys() - heads.keys() - {"_margin"}):
        raise ValueError(f"{_WEIGHTS} is of another network")
    return int(features)


def _check_pictures(file: Path, thumbs: IntArray) -> None:
    """Every thumbnail is one, to its last pixel, as those drawn here are."""
    with file.open("rb") as pictures:
        for number, size in thumbs.tolist():
            wrong = wrong_thumbnail(pictures.read(min(size, MAX_THUMBNAIL_BYTES + 1)))
            if wrong is not None:
                raise ValueError(f"{WEBP}: the picture of face {number} is {wrong}")


def _faces(file: Path, scores: RoundScores, job: Job) -> BoolArray:
    """Which of the scored faces people had decided on."""
    with ZipFile(file) as inside:
        allowed = {f"{field.name}.npy" for field in fields(RoundFaces)}
        if {entry.filename for entry in inside.infolist()} | {f"{TARGETS}.npy"} != allowed:
            raise ValueError(f"{FACES} has other columns")
        if sum(entry.file_size for entry in inside.infolist()) > _HEADER + job.samples * _of_a_face(len(job.classes)):
            raise ValueError(f"{FACES} holds more than the faces of the job")
    with file.open("rb") as opened, np.load(opened, allow_pickle=False) as faces:
        settled: BoolArray = faces["settled"]
        if not np.array_equal(faces["sample_id"], scores.sample_id) or settled.dtype != np.bool_:
            raise ValueError(f"{SCORES} is not of the faces in {FACES}")
        if settled.shape != scores.sample_id.shape:
            raise ValueError(f"{FACES} has columns of unequal length")
    return settled
