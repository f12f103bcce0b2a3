"""Memory of the host over the steps of a round of ten million faces; JSON to stdout.

    python -m benchmarks.ten_million                          # 10,000,000 faces at 112 px; half an hour
    python -m benchmarks.ten_million --faces 100000           # a minute

The pixel file is sparse: 376 GB of zeros that take no room on the disk. What the network would say is drawn at random,
so that everything is measured but the network itself and the decoding. Every step is a process of its own;
`anonymous_gb` is the most it held that the system cannot take back, `resident_gb` the most with mapped pages of files,
which it can.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from hashlib import blake2b
from pathlib import Path

import numpy as np
import torch
from sqlite_utils import Database

from scn_core.class_names import RAF_DB
from scn_core.config import TrainSettings
from scn_core.datasets.checks import gather
from scn_core.datasets.images import PictureCheck
from scn_core.datasets.registry import DATASETS
from scn_core.datasets.source import Source
from scn_core.records import Box, Manifest, PixelArray
from scn_core.rounds.draw_map import draw_map
from scn_core.rounds.far_faces import distances
from scn_core.rounds.features import HalfArray, open_features, write_features
from scn_core.rounds.inputs import faces_now, fix_faces, stored_faces
from scn_core.rounds.score_and_propose import score_faces
from scn_core.scn.relabel import propose_by
from scn_core.store.connection import create_database, open_database
from scn_core.store.rounds.states import finish_round, start_round
from scn_core.store.samples import AllSamples, insert_manifest
from scn_core.training.checkpoint import Dynamics
from scn_core.training.data import TrainingResult
from scn_core.training.resident import ResidentFaces
from scn_core.workspace.folder import Workspace

_CPU = torch.device("cpu")
_CLASSES = len(RAF_DB)
_FEATURES = 64
_DRAWN = 100_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faces", type=int, default=10_000_000)
    parser.add_argument("--image-size", type=int, default=112)
    parser.add_argument("--folder", type=Path, default=None, help="where the files go (default: the temporary folder)")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=args.folder) as name:
        folder = Path(name)
        report = {
            "benchmark": "ten_million",
            "faces": args.faces,
            "image_size": args.image_size,
            "n": 1,
            "steps": {step.__name__: measured(step, folder, args.faces, args.image_size) for step in STEPS},
            "machine": {"cpu": platform.machine(), "cores": os.cpu_count(), "load_1min": round(os.getloadavg()[0], 2)},
            "versions": {"python": platform.python_version(), "torch": torch.__version__, "numpy": np.__version__},
        }
    print(json.dumps(report, indent=1))


def manifest(folder: Path, faces: int, side: int) -> None:
    """A table of labels read as `init` reads it, doubles and twins looked for, and into the database."""
    table = folder / "labels.csv"
    with table.open("w", encoding="utf-8") as file:
        file.write("path,label\n")
        file.writelines(f"train/{i:08d}.jpg,{RAF_DB.names[i % _CLASSES]}\n" for i in range(faces))
    rows = DATASETS["csv"].read(Source(csv=table))
    taken = gather(rows, folder, RAF_DB, lambda rows: None, check=unopened)
    assert len(taken.samples) == faces
    db = create_database(folder / "review.db")
    insert_manifest(db, Manifest("csv", folder, RAF_DB, tuple(taken.samples), tuple(taken.problems)))
    db.close()


def unopened(path: Path, box: Box | None) -> PictureCheck:
    """What looking at a picture shows, were each another one."""
    return PictureCheck(None, blake2b(path.name.encode(), digest_size=16).digest())


def decode(folder: Path, faces: int, side: int) -> None:
    """A walk over the samples, as the pixel cache makes it, and the sparse file in its place."""
    db = open_database(folder / "review.db")
    assert sum(1 for _ in AllSamples(db)) == faces
    np.lib.format.open_memmap(folder / "pixels.npy", mode="w+", dtype=np.uint8, shape=(faces, side, side, 3))
    db.close()


def begin(folder: Path, faces: int, side: int) -> None:
    """Fixing which faces the round trains on."""
    db = open_database(folder / "review.db")
    chosen = faces_now(db)
    assert len(chosen.rows) == faces
    fix_faces(folder, chosen)
    start_round(db, {}, code_version="bench")
    db.close()


def epoch(folder: Path, faces: int, side: int) -> None:
    """The order of an epoch and a hundred batches of it; a clean pass over the file; what an epoch writes."""
    there, given = opened(folder)
    generator = torch.Generator().manual_seed(0)
    for number, (_, pictures) in enumerate(there.batches(there.shuffled(128, generator))):
        assert pictures.shape == (128, side, side, 3)
        if number == 100:
            break
    probabilities, alpha = drawn(faces)
    dynamics = Dynamics(folder, 2, faces, _CLASSES, keep=False)
    for number in (1, 2):
        dynamics.record(number, alpha, probabilities, given)
        dynamics.count(number, probabilities, probabilities if number == 2 else None)
    del probabilities, alpha
    dynamics.mean()


def finish(folder: Path, faces: int, side: int) -> None:
    """Suspicion, proposals, scores and the queue, into the database."""
    there, given = opened(folder)
    probabilities, alpha = drawn(faces)
    result = TrainingResult(
        propose_by(probabilities, alpha, given, beta=0.7, margin=0.2), alpha, there.labels, probabilities, range(1, 2)
    )
    db: Database = open_database(folder / "review.db")
    stored = stored_faces(folder, db)
    assert stored is not None
    scores, _ = score_faces(result, stored, TrainSettings())
    finish_round(db, 1, scores, {}, audit=100)
    db.close()


def explore(folder: Path, faces: int, side: int) -> None:
    """The map and the faces far from all others, by `_FEATURES` features a face, drawn around seven centres."""
    workspace = Workspace(folder)
    workspace.settings_file.touch()
    to = workspace.round_folder(1)
    to.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    np.savez(to / "faces.npz", sample_id=np.arange(1, faces + 1))
    centres = rng.standard_normal((_CLASSES, _FEATURES))

    def blocks() -> Iterator[HalfArray]:
        for start in range(0, faces, _DRAWN):
            count = min(_DRAWN, faces - start)
            part = centres[rng.integers(0, _CLASSES, count)] + rng.standard_normal((count, _FEATURES))
            yield (part / np.linalg.norm(part, axis=1, keepdims=True)).astype(np.float16)

    write_features(to, (faces, _FEATURES), blocks())
    drawn_map = draw_map(workspace, 1)
    assert drawn_map.faces == faces
    features = open_features(workspace, 1)
    assert features is not None
    distances(features.values)


STEPS = (manifest, decode, begin, epoch, finish, explore)


def opened(folder: Path) -> tuple[ResidentFaces, torch.Tensor]:
    with np.load(folder / "faces.npz") as stored:
        rows, labels = stored["rows"], stored["labels"]
    pixels: PixelArray = np.load(folder / "pixels.npy", mmap_mode="r")
    faces = ResidentFaces(pixels, rows, labels, _CPU, resident="file")
    return faces, faces.labels.clone()


def drawn(faces: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    probabilities = torch.rand(faces, _CLASSES, generator=generator).softmax(dim=1)
    return probabilities, torch.rand(faces, generator=generator)


def measured(step: Callable[[Path, int, int], None], folder: Path, faces: int, side: int) -> dict[str, float]:
    context = multiprocessing.get_context("spawn")
    said = context.SimpleQueue()
    process = context.Process(target=watched, args=(step, folder, faces, side, said))
    process.start()
    process.join()
    if process.exitcode != 0:
        raise SystemExit(f"step {step.__name__} ended with {process.exitcode}")
    figures: dict[str, float] = said.get()
    return figures


def watched(step: Callable[[Path, int, int], None], folder: Path, faces: int, side: int, said: object) -> None:
    most = {"RssAnon": 0, "VmRSS": 0}
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.05):
            status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
            for name in most:
                most[name] = max(most[name], int(status[name].split()[0]) * 1024)

    watcher = threading.Thread(target=watch, daemon=True)  # a step that fails must end
    watcher.start()
    started = time.perf_counter()
    step(folder, faces, side)
    seconds = time.perf_counter() - started
    done.set()
    watcher.join()
    figures = {"anonymous_gb": most["RssAnon"] / 1e9, "resident_gb": most["VmRSS"] / 1e9, "seconds": seconds}
    said.put({name: round(value, 3) for name, value in figures.items()})  # type: ignore[attr-defined]


if __name__ == "__main__":
    main()
