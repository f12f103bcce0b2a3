"""How long it takes to find the faces most alike to one, of very many; JSON to stdout.

    python -m benchmarks.nearest_faces                      # 1,000,000 faces of 512 features

Drawn features in the file of a round, as the server reads them: a query opens the file and compares all faces. The
first ones also read the file from the disk and are told apart; the disk needs a gigabyte meanwhile.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.review_app import machine, statistics_of
from scn_core.rounds.features import BLOCK_ROWS, FEATURES_FILE, Features, HalfArray, alike, write_features

NEAREST = 5_000
"""As the route asks for."""
COLD = 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faces", type=int, default=1_000_000)
    parser.add_argument("--features", type=int, default=512)
    parser.add_argument("--queries", type=int, default=50)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder, shape = Path(temporary), (args.faces, args.features)
        write_features(folder, shape, _drawn(*shape))
        times = [_query(folder, args.faces, i * 997 % args.faces) for i in range(COLD + args.queries)]
    found = {"first_ms": [round(each, 1) for each in times[:COLD]], "query_ms": statistics_of(times[COLD:])}
    print(json.dumps({"faces": args.faces, "features": args.features, **found, "machine": machine()}, indent=1))


def _drawn(faces: int, width: int) -> Iterator[HalfArray]:
    rng = np.random.default_rng(0)
    for start in range(0, faces, BLOCK_ROWS):
        rows = rng.standard_normal((min(BLOCK_ROWS, faces - start), width), dtype=np.float32)
        yield (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float16)


def _query(folder: Path, faces: int, row: int) -> float:
    begun = time.perf_counter()
    values = np.load(folder / FEATURES_FILE, mmap_mode="r", allow_pickle=False)
    alike(Features(np.arange(1, faces + 1), values), row, NEAREST)
    return (time.perf_counter() - begun) * 1000


if __name__ == "__main__":
    main()
