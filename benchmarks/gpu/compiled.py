"""What --compile brings to a step: kernels merged by torch, at the cost of a minute before the first one."""

from __future__ import annotations

from benchmarks.gpu.plan import Findings, Plan, skipped
from benchmarks.gpu.speed import AT_112, Row, rows

SECONDS = 60
ROWS = (
    Row("112 px, batch 1024, --compile", AT_112 | {"compile": True}, cost=SECONDS),
    Row("224 px, batch 1024, --compile", AT_112 | {"image_size": 224, "compile": True}, cost=SECONDS),
    Row("112 px, batch 64, --compile", AT_112 | {"batch_size": 64, "compile": True}, cost=SECONDS),
)


def measure(plan: Plan) -> Findings:
    """Every row that fits. A dry run compiles in the part agreement already, which takes minutes on a CPU."""
    if plan.dry_run:
        yield from ((row.name, skipped("that it compiles is shown by the part agreement")) for row in ROWS)
    else:
        yield from rows(plan, ROWS)
