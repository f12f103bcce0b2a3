"""Every test marked `gpu`, in a pytest of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from benchmarks.gpu.plan import Findings, Plan, no_time

SECONDS = 75
"""64 s of tests on an H100, 27 of them for compiling, and pytest's own start."""
_ROOT = Path(__file__).parents[2]


def measure(plan: Plan) -> Findings:
    """How many passed, failed and were skipped, and what the failed ones said."""
    if not plan.fits(SECONDS):
        yield "tests", no_time(plan, SECONDS)
        return
    report = plan.folder / "tests.xml"
    # Only files that have such tests: others may need what a bare machine has not.
    files = [str(path) for path in sorted((_ROOT / "tests").rglob("test_*.py")) if "mark.gpu" in path.read_text()]
    command = [sys.executable, "-m", "pytest", "-m", "gpu", *files, "-p", "no:cacheprovider"]
    said = subprocess.run(
        [*command, f"--junit-xml={report}"], cwd=_ROOT, capture_output=True, text=True, timeout=max(plan.left(), 1)
    )
    print(said.stdout, said.stderr, sep="\n", file=sys.stderr)
    yield "tests", {"returned": said.returncode} | (_counted(report) if report.exists() else {"said": said.stdout})


def _counted(report: Path) -> dict[str, Any]:
    cases = list(ElementTree.parse(report).getroot().iter("testcase"))
    failed = {_name(case): text for case in cases if (text := _trouble(case)) is not None}
    skipped = sum(case.find("skipped") is not None for case in cases)
    seconds = {_name(case): float(case.get("time", "0")) for case in cases}
    passed = len(cases) - len(failed) - skipped
    return {"passed": passed, "failed": failed, "skipped": skipped, "seconds": seconds}


def _name(case: ElementTree.Element) -> str:
    return f"{case.get('classname')}.{case.get('name')}"


def _trouble(case: ElementTree.Element) -> str | None:
    for kind in ("failure", "error"):
        found = case.find(kind)
        if found is not None:
            return (found.get("message") or "").partition("\n")[0][:300]  # the whole of it is in log.txt
    return None
