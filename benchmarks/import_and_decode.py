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
from pathlib import Path

import numpy as np
import PIL
from PIL import Image

from scn_core.datasets.images import open_face

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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=100_000)
    said = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        make_pictures(root, said.pictures)
        result = {
            "pictures": said.pictures,
            "import": time_import(root),
            "decode": time_decode(root),
            "cores": os.cpu_count(),
            "versions": {"python": platform.python_version(), "pillow": PIL.__version__},
        }
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
