"""A small workspace with a round in review, made without training: drawn faces, plausible scores, a round's files.

Nothing here imports torch. The numbers are made up but hang together: a proposal has a margin, a face of low
importance has a low alpha, the most suspicious faces are mostly the ones drawn under a wrong label.
"""

from __future__ import annotations

import random
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sqlite_utils import Database

from scn_core.config import ReviewSettings
from scn_core.datasets.source import Source
from scn_core.picture_records import PictureMeasures
from scn_core.records import BoolArray, EpochReport, FloatArray, IntArray, Manifest, RoundScores
from scn_core.rounds.artifacts import NEIGHBOUR_COUNT, NEIGHBOURS, round_file_hashes
from scn_core.rounds.draw_map import note_far
from scn_core.rounds.features import HalfArray, write_features
from scn_core.rounds.inputs import faces_now, fix_faces
from scn_core.scn.suspicion import kinds_of_doubt
from scn_core.store.connection import transaction
from scn_core.store.decisions.record import effective_labels
from scn_core.store.opinions import add_source, insert_opinions
from scn_core.store.pictures import insert_measures
from scn_core.store.queue.area import MAP, MAP_FILE
from scn_core.store.rounds.states import finish_round, record_epoch, start_round
from scn_core.store.samples import classes, insert_manifest, iter_samples, references
from scn_core.store.thumbnail_cache import Thumb, Thumbs
from scn_core.workspace.folder import Workspace, create_workspace
from scn_core.workspace.thumbnails import write_thumbnails
from scn_core.workspace.toml import change_root
from tests.templates import new_database

FACES = 120
"""Drawn faces; about 96 of them for training."""
PROPOSALS, LOW, AUDIT = 60, 20, 6
"""Faces with a proposal, further faces of low importance without one, and audit items among all of these and more."""
EPOCHS = 8
_ONE_READING = ReviewSettings()
NEAREST = 6
QUICK_TRAINING = {
    "image_size": 32, "batch_size": 32, "backbone": "mobilenet_v3_small", "device": "cpu", "precision": "fp32",
}  # fmt: skip
"""For the table [train] of workspace.toml: an epoch takes less than a tenth of a second."""
DYNAMICS = np.dtype([("alpha", "<f2"), ("p_given", "<f2"), ("p_other", "<f2")])
"""One epoch of one face in dynamics.npy, as the trainer writes it."""


def draw_workspace(path: Path, *, faces: int = FACES, seed: int = 3) -> Workspace:
    """A new workspace of drawn faces with their thumbnails, without a round. Drawing takes a while: draw once, and give
    copies to tests."""
    create_workspace(path, "demo", Source(seed=seed), demo_faces=faces)
    with Workspace(path).database(read_only=True) as db:
        write_thumbnails(Workspace(path), iter_samples(db))
    return Workspace(path)


def copy_workspace(workspace: Workspace, path: Path, *, images: bool = False) -> Workspace:
    """A copy to change at will. The pictures are shared, leave them as they are, unless `images` copies them too."""
    copy = Workspace(shutil.copytree(workspace.path, path, ignore=shutil.ignore_patterns("pixels", "images")))
    root = workspace.settings().root
    if images:
        shutil.copytree(root, path / "images")
    change_root(copy.settings_file, "images" if images else root)
    return copy


def repeat_faces(drawn: Workspace, path: Path, count: int) -> Workspace:
    """A workspace of `count` training faces without a round: the training pictures of `drawn`, again and again."""
    path.mkdir(parents=True)
    repeated = Workspace(path)
    with drawn.database(read_only=True) as db:
        once = [stored.sample for stored in iter_samples(db) if stored.sample.split == "train"]
        known = references(db)
        better = dict(zip(known.sample_id.tolist(), known.label.tolist(), strict=True))
        shown = [better.get(stored.id) for stored in iter_samples(db) if stored.sample.split == "train"]
        vocabulary = classes(db)
    samples = tuple(
        replace(once[i % len(once)], key=f"{once[i % len(once)].path}#{i // len(once)}",
                reference_label=shown[i % len(once)])
        for i in range(count)
    )  # fmt: skip
    db = new_database(repeated.database_file)
    insert_manifest(db, Manifest("demo", Path(drawn.settings().root), vocabulary, samples))
    db.close()
    shutil.copy(drawn.settings_file, repeated.settings_file)
    change_root(repeated.settings_file, drawn.settings().root)
    return repeated


def repeat_thumbnails(drawn: Workspace, repeated: Workspace) -> None:
    """Those of `drawn`, for every face that repeats their pictures."""
    with repeated.database(read_only=True) as db:
        samples = {stored.id: stored.sample.path for stored in iter_samples(db)}
    with drawn.database(read_only=True) as db:
        numbers = {stored.id: stored.sample.path for stored in iter_samples(db)}
    with closing(sqlite3.connect(drawn.thumbs_file)) as thumbs:
        rows = thumbs.execute("SELECT sample_id, fingerprint, webp FROM thumb")
        made = {numbers[number]: Thumb(number, *rest) for number, *rest in rows}
    of_all = (made[path]._replace(sample_id=number) for number, path in samples.items())
    while part := list(islice(of_all, 10_000)):
        Thumbs(repeated.thumbs_file).put(part)


def add_round(
    workspace: Workspace,
    *,
    proposals: int = PROPOSALS,
    low: int = LOW,
    suspicious: int = 0,
    audit: int = AUDIT,
    seed: int = 0,
    review: ReviewSettings = _ONE_READING,
) -> int:
    """A round that has gone through training, with its files, now in review; its number."""
    with workspace.database() as db:
        number = start_round(db, {"epochs": EPOCHS, "image_size": 64}, code_version="test")
        for epoch in range(1, EPOCHS + 1):
            record_epoch(db, number, _report(epoch))
        scores = plausible_scores(db, proposals=proposals, low=low, suspicious=suspicious, seed=seed)
        folder = workspace.round_folder(number)
        folder.mkdir(parents=True)
        faces = faces_now(db)
        fix_faces(folder, faces)
        _write_dynamics(folder, scores, np.random.default_rng(seed + 1))
        np.save(folder / "neighbours.npy", _neighbours(scores))
        features = plausible_features(scores, seed=seed + 2)
        write_features(folder, features.shape, [features])
        np.save(folder / MAP_FILE, plausible_map(scores, features))
        note_far(workspace, number, 0)
        counts = {"proposals": proposals, "low_importance": low, "suspicious": suspicious}
        metrics = {"val_accuracy": 0.7, "warnings": [], **counts}
        finish_round(
            db, number, scores, metrics, settled=faces.settled, audit=audit, seed=seed, review=review,
            files=round_file_hashes(folder),
        )  # fmt: skip
    return number


def add_opinions(workspace: Workspace, *, features: bool = False) -> None:
    """Two other models, "first" and "second", on every face but each tenth.

    Both are sure of the next class on faces whose number is even; else the first is sure of the given label, and the
    second of it too, but of the class after the next where the number is divisible by 3.
    """
    with workspace.database() as db, transaction(db):
        stored = [each for each in iter_samples(db) if each.id % 10]
        ids, given = (
            np.array(column, np.int64) for column in zip(*((s.id, s.sample.given_label) for s in stored), strict=True)
        )
        named = len(classes(db))
        first = np.where(ids % 2 == 0, given + 1, given) % named
        second = np.where((ids % 2 == 1) & (ids % 3 == 0), given + 2, first) % named
        for name, label in (("first", first), ("second", second)):
            shares = np.full((len(ids), named), 0.2 / (named - 1), np.float32)
            shares[np.arange(len(ids)), label] = 0.8
            seen = np.eye(named, dtype=np.float32)[label] + ids[:, None].astype(np.float32) / 1e4 if features else None
            insert_opinions(db, add_source(db, name, "npz", {}), ids, shares, seen)


def measure_pictures(workspace: Workspace) -> None:
    """Measures of faces of which none is like another, and nothing is wrong with any."""
    with workspace.database() as db, transaction(db):
        looks = np.random.default_rng(1).bytes
        faces = [stored.id for stored in iter_samples(db)]
        measures = [PictureMeasures(face.to_bytes(8), looks(32), 100, 100, 0.9, 0.1, 1, 7, 0.2) for face in faces]
        insert_measures(db, ((face, found.pack()) for face, found in zip(faces, measures, strict=True)))


def plausible_scores(db: Database, *, proposals: int, low: int, seed: int, suspicious: int = 0) -> RoundScores:
    """Scores of all training faces: `proposals` of them proposed another class, `low` more of low importance, and
    `suspicious` others asked about for their suspicion."""
    rng = np.random.default_rng(seed)
    ids, given, shown, named = _training_faces(db)
    count = len(ids)
    wrong = shown != given
    order = np.lexsort((rng.random(count), ~wrong))  # the wrong ones first
    proposed, doubtful = np.zeros(count, bool), np.zeros(count, bool)
    proposed[order[:proposals]] = doubtful[order[: proposals + low]] = True
    other = np.where(wrong, shown, (given + rng.integers(1, named, count)) % named)
    probabilities = _probabilities(given, other, proposed, named, rng)
    _blur(probabilities, doubtful & ~proposed, proposed & (np.arange(count) % 5 == 0))
    p_given, p_max = probabilities[np.arange(count), given], probabilities.max(1)
    doubt = np.where(wrong, 0.62, 0.38) + np.where(doubtful, 0.1, -0.2) + rng.uniform(-0.15, 0.15, count)
    suspicion = doubt.clip(0, 1).astype(np.float32)
    also = np.zeros(count, bool)
    also[np.lexsort((-suspicion, doubtful))[:suspicious]] = True
    return RoundScores(
        sample_id=ids,
        alpha=np.where(doubtful, rng.uniform(0.12, 0.48, count), rng.uniform(0.55, 0.97, count)).astype(np.float32),
        p_given=p_given,
        p_max=p_max,
        predicted_label=probabilities.argmax(1),
        margin=p_max - p_given,
        suspicion=suspicion,
        doubt=kinds_of_doubt(probabilities, given, suspicion).astype(np.int64),
        low_importance=doubtful,
        suspicious=also,
        proposed_label=np.where(proposed, other, -1),
        second_label=_second(probabilities, given),
        start_label=given,
        trained_label=given,
        probabilities=probabilities,
    )


def _training_faces(db: Database) -> tuple[IntArray, IntArray, IntArray, int]:
    """Ids, labels as of now and what the pictures show (the label where they show no face); number of classes."""
    known = references(db)
    shown = dict(zip(known.sample_id.tolist(), known.label.tolist(), strict=True))
    now = effective_labels(db)
    train = (now.split == "train") & ~now.excluded
    ids, labels = now.sample_id[train], now.label[train]
    seen = np.array([shown.get(i, label) for i, label in zip(ids.tolist(), labels.tolist(), strict=True)], np.int64)
    return ids, labels, seen, len(classes(db))


def _probabilities(
    given: IntArray, other: IntArray, proposed: BoolArray, named: int, rng: np.random.Generator,
) -> FloatArray:  # fmt: skip
    """Softmax rows: the proposed class leads by more than 0.2 where there is a proposal, else the given one leads."""
    count = len(given)
    rows = np.arange(count)
    first, second = np.where(proposed, other, given), np.where(proposed, given, other)
    made = rng.dirichlet(np.ones(named), count) * 0.1
    made[rows, first] += rng.uniform(0.55, 0.75, count)
    made[rows, second] += 0.9 - made[rows, first].clip(max=0.9)
    return np.asarray(made / made.sum(1, keepdims=True), np.float32)


def _blur(probabilities: FloatArray, two: BoolArray, three: BoolArray) -> None:
    """Of the faces `two` the likeliest classes come close, of `three` the first and the third: the best stays first."""
    order = np.argsort(-probabilities, axis=1)
    for row in np.flatnonzero(two | three):
        first, close = order[row, 0], order[row, 1 if two[row] else 2]
        half = (probabilities[row, first] + probabilities[row, close]) / 2
        probabilities[row, [first, close]] = half + 0.03, half - 0.03


def _second(probabilities: FloatArray, given: IntArray) -> IntArray:
    """The likeliest class that is neither the given one nor the best other one."""
    rest = probabilities.copy()
    rest[np.arange(len(given)), given] = -1
    second: IntArray = np.argsort(-rest, axis=1)[:, 1]
    return second


def _write_dynamics(folder: Path, scores: RoundScores, rng: np.random.Generator) -> None:
    """Curves that end where the scores are, as the trainer's dynamics.npy: epochs x faces."""
    count = len(scores.sample_id)
    table = np.zeros((EPOCHS, count), DYNAMICS)
    rows = np.arange(count)
    rest = scores.probabilities.copy()
    rest[rows, scores.trained_label] = -1
    for epoch in range(EPOCHS):
        done = (epoch + 1) / EPOCHS
        wobble = (1 - done) * rng.uniform(-0.2, 0.2, count)
        table[epoch]["alpha"] = (0.7 + done * (scores.alpha - 0.7) + wobble).clip(0, 1)
        table[epoch]["p_given"] = (0.14 + done * (scores.p_given - 0.14) + wobble / 2).clip(0, 1)
        table[epoch]["p_other"] = (0.14 + done * (rest.max(1) - 0.14) - wobble / 2).clip(0, 1)
    np.save(folder / "dynamics.npy", table)


def plausible_features(scores: RoundScores, *, seed: int) -> HalfArray:
    """(N, 16): faces of the same likeliest class are near each other, and rows have length 1."""
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((scores.probabilities.shape[1], 16))
    drawn = scores.probabilities @ centres + 0.2 * rng.standard_normal((len(scores.sample_id), 16))
    features: HalfArray = (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float16)
    return features


def plausible_map(scores: RoundScores, features: HalfArray) -> npt.NDArray[np.void]:
    """As `draw_map` writes it, by the first two features: what a server finds it need not draw."""
    rows = np.empty(len(features), MAP)
    rows["sample_id"] = scores.sample_id
    rows["x"], rows["y"] = (500 + 490 * features[:, :2].astype(np.float32)).T
    return rows


def _neighbours(scores: RoundScores) -> npt.NDArray[np.void]:
    """For every face of low importance the most confident faces of its given and of its other class."""
    asked = np.flatnonzero(scores.low_importance | scores.suspicious)
    table = np.full(len(asked), -1, NEIGHBOURS)
    best = np.argsort(-scores.p_given)
    nearest = [
        scores.sample_id[best[scores.trained_label[best] == label][:NEIGHBOUR_COUNT]]
        for label in range(scores.probabilities.shape[1])
    ]
    for row, face in zip(table, asked, strict=True):
        given, proposed = int(scores.trained_label[face]), int(scores.proposed_label[face])
        other = proposed if proposed >= 0 else (given + 1) % len(nearest)
        row["sample_id"], row["other_label"] = scores.sample_id[face], other
        row["given"][: len(nearest[given])] = nearest[given]
        row["other"][: len(nearest[other])] = nearest[other]
    return table


def _report(epoch: int) -> EpochReport:
    done = epoch / EPOCHS
    return EpochReport(
        epoch=epoch, loss=2.0 - done, wce_loss=1.8 - done, rank_loss=0.2, accuracy=0.2 + done / 2, alpha_high=0.8,
        alpha_low=0.5, alpha_mean=0.7, alpha_std=0.12, margin_rank=0.15, val_accuracy=0.2 + done / 2, relabelled=0,
        faces_per_s=500.0, seconds=1.5,
    )  # fmt: skip


def overwrite_page(workspace: Workspace, table: str) -> None:
    """Noise in place of a table's first page, as of a disk that fails: no label follows from `picture`."""
    with closing(sqlite3.connect(workspace.database_file)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (size,) = db.execute("PRAGMA page_size").fetchone()
        (page,) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()
    with workspace.database_file.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(random.Random(0).randbytes(size))
