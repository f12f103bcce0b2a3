"""Runs one part in this process: `python -m benchmarks.gpu.part NAME PLAN`, PLAN as JSON. A line of JSON a figure."""

from __future__ import annotations

import json
import sys
from importlib import import_module
from typing import Any

from benchmarks.gpu.plan import Plan

PARTS = {
    "machine": "machine",
    "tests": "own_tests",
    "round": "whole_round",
    "agreement": "agreement",
    "places": "places",
    "speed": "speed",
    "protocol": "protocol",
    "compiled": "compiled",
}
"""Name -> module, what matters most first."""


def main() -> None:
    name, plan = sys.argv[1], Plan(**json.loads(sys.argv[2]))
    out = sys.stdout
    sys.stdout = sys.stderr  # what libraries print is no figure
    part: Any = import_module(f"benchmarks.gpu.{PARTS[name]}")
    for figure, values in part.measure(plan):
        print(json.dumps({"figure": figure, "values": values}), file=out, flush=True)


if __name__ == "__main__":
    main()
