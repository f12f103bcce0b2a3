"""A data set that no memory holds: ten million faces at 112 pixels, 376 GB of which the file system keeps none."""

import subprocess
import sys
from pathlib import Path

from benchmarks.ten_million import STEPS

REPOSITORY = Path(__file__).parents[3]
CODE = """
import sys
from pathlib import Path
import numpy as np, torch
from scn_core.training.resident import ResidentFaces

def anonymous():
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["RssAnon"].split()[0]) * 1024

before = anonymous()
pixels = np.lib.format.open_memmap(sys.argv[1], mode="w+", dtype=np.uint8, shape=(10_000_000, 112, 112, 3))
pixels[9_999_999] = 200
pixels = np.load(sys.argv[1], mmap_mode="r")
faces = ResidentFaces(pixels, np.arange(10_000_000), np.zeros(10_000_000, np.int64), torch.device("cpu"))
assert faces.tier == "file"
last = faces.pictures(torch.tensor([9_999_999, 0]))
assert (last[0] > last[1]).all()
order = faces.shuffled(32, torch.Generator().manual_seed(0))
rows = [next(order) for _ in range(3)]
for some, batch in faces.batches(iter(rows)):
    assert batch.shape == (32, 112, 112, 3)
print(anonymous() - before)
"""


def test_ten_million_faces_take_little_memory_of_the_host(tmp_path: Path) -> None:
    """The order of an epoch and the labels: 8 bytes a face each, and a copy in passing. The budget is 4 GB."""
    code = [sys.executable, "-W", "error", "-c", CODE, str(tmp_path / "pixels.npy")]
    ran = subprocess.run(code, cwd=REPOSITORY, capture_output=True, text=True, timeout=300, check=False)
    assert ran.returncode == 0, ran.stderr
    assert 0 < int(ran.stdout) < 10**9
    assert (tmp_path / "pixels.npy").stat().st_blocks * 512 < 10**9  # sparse, or the test would fill the disk


def test_the_steps_that_are_measured_run(tmp_path: Path) -> None:
    for step in STEPS:
        step(tmp_path, 300, 32)
