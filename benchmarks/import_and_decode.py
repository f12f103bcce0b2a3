"""Seconds and peak memory of importing many small JPEGs, and decodes per second and core; writes JSON.

    python -m benchmarks.import_and_decode [--pictures 100000] > out.json

Pictures are 100 x 100 px noise-textured gradients, made here. The import is `python -m scn_core init`, start-up
included; decoding is `open_face` to 112 px on one thread.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import product
from pathlib import Path
from unittest import mock

import numpy as np
import PIL
from PIL import Image

from scn_core.datasets import parallel
from scn_core.datasets.images import open_face
from scn_core.datasets.pixels import pixel_cache
from scn_core.records import Sample

CLASSES = ("neutral", "happy", "surprise", "sad", "anger", "disgust", "fear")


def make_pictures(root: Path, count: int) -> None:
    rng = np.random.default_rng(0)
    ramp = np.linspace(40, 200, 100)[:, None, None]
    with (root / "labels.csv").open("w") as table:
        table.write("path,label\n")
        for i in range(count):
            (root / f"{i // 1000:03d}").mkdir(exist_ok=True)
            path = f"{i // 1000:03d}/{i:06d}.jpg"
            pixels = (ramp + rng.normal(0, 12, (100, 100, 3))).clip(0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(root / path, quality=85)
            table.write(f"{path},{CLASSES[i % len(CLASSES)]}\n")


def time_import(root: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "scn_core", "init", str(root / "ws"), "--dataset", "csv"]
    started = time.perf_counter()
    subprocess.run([*command, "--csv", str(root / "labels.csv")], check=True, stdout=subprocess.DEVNULL)
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "peak_mb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024}


def time_decode(root: Path, repeats: int = 5, each: int = 2000) -> dict[str, float]:
    paths = sorted(root.glob("0*/*.jpg"))[:each]
    rates = []
    for _ in range(repeats):
        started = time.process_time()
        for path in paths:
            open_face(path, None, 112)
        rates.append(len(paths) / (time.process_time() - started))
    return {"faces_per_cpu_s": statistics.median(rates), "slowest": min(rates), "fastest": max(rates), "n": repeats}


def time_pools(root: Path, cores: int, repeats: int = 3, each: int = 6000) -> dict[str, list[dict[str, float]]]:
    """Faces into the pixel cache by so many threads and by so many processes, taking turns.

    The seconds of a processor that a face costs this program itself bound the rate on any number of cores.
    """
    paths = [path.relative_to(root).as_posix() for path in sorted(root.glob("0*/*.jpg"))[:each]]
    samples = [Sample(path, path, 0, "train") for path in paths]
    found: dict[str, list[dict[str, float]]] = {"threads": [], "processes": []}
    for _, (kind, by_threads) in product(range(repeats), (("threads", len(paths)), ("processes", 0))):
        with (
            tempfile.TemporaryDirectory() as folder,
            mock.patch.object(parallel, "BY_THREADS", by_threads),
            mock.patch.object(os, "sched_getaffinity", return_value=range(cores)),
        ):
            begun, before = time.perf_counter(), (_spent(resource.RUSAGE_SELF), _spent(resource.RUSAGE_CHILDREN))
            pixel_cache(Path(folder), samples, root, 112)
            seconds = time.perf_counter() - begun
            own, elsewhere = (
                _spent(who) - was
                for who, was in zip((resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN), before, strict=True)
            )
        found[kind].append(
            {
                "faces_per_s": len(paths) / seconds,
                "own_cpu_us_a_face": own / len(paths) * 1e6,
                "elsewhere_cpu_us_a_face": elsewhere / len(paths) * 1e6,
            }
        )
    return found


def _spent(who: int) -> float:
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=100_000)
    parser.add_argument("--pools", type=int, nargs="+", default=[4, 16], help="threads, and processes")
    said = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        make_pictures(root, said.pictures)
        result = {
            "pictures": said.pictures,
            "import": time_import(root),
            "decode": time_decode(root),
            **{f"pixel cache by {n}": time_pools(root, n) for n in said.pools},
            "cores": os.cpu_count(),
            "versions": {"python": platform.python_version(), "pillow": PIL.__version__},
        }
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
