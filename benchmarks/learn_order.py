"""How long it takes to learn the order of a very large queue anew.

    python -m benchmarks.learn_order WORK [--faces 1000000] [--repeat 5]

WORK is a folder with room for the workspace (3 GB for a million), which is made once. A fiftieth of its faces are
answered; the order of the others is learned from them, in the same steps as by `python -m scn_core order`, but for its
start, which is timed beside it. The figures go to standard output and results/learn_order.json.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import scipy

from benchmarks.review_database import ROUND, build
from scn_core.review.learn_order import learn_order
from scn_core.workspace.folder import Workspace

RESULTS = Path(__file__).with_name("results") / "learn_order.json"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("--faces", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=5)
    said = parser.parse_args()
    said.work.mkdir(parents=True, exist_ok=True)
    workspace, _ = build(said.work, said.faces)
    learned = [_learn(workspace) for _ in range(said.repeat)]
    whole = [_command(workspace) for _ in range(said.repeat)]
    found = {
        "faces": said.faces,
        "answers": learned[0][1],
        "learn_s": {"median": median(t for t, _ in learned), "all": [t for t, _ in learned]},
        "command_s": {"median": median(whole), "all": whole},
        "device": f"{os.cpu_count()} CPU cores",
        "versions": {"python": platform.python_version(), "scipy": scipy.__version__},
    }
    RESULTS.write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))


def _learn(workspace: Workspace) -> tuple[float, int]:
    with workspace.database() as db:
        begun = time.perf_counter()
        made = learn_order(db, ROUND)
        assert made is not None
        return time.perf_counter() - begun, made.answers


def _command(workspace: Workspace) -> float:
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-m", "scn_core", "order", workspace.path], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
