"""How fast the review app is with very many proposals; JSON to benchmarks/results/review_app.json, a table to stdout.

    python -m benchmarks.review_app                                  # 1,000,000 proposals, 50 reviewers for 60 s
    python -m benchmarks.review_app --faces 20000 --seconds 20 --output small.json

page_query reads a page of any state; page_claim leases the next page of open faces, in a write transaction, as the grid
does. Both under eleven filters and orders, listed one by one in the JSON. A key press counts as durable when a reader
in another process sees the committed row; see review_browser. Server, browser, simulated reviewers and the process
that measures share the machine's cores. `--folder` keeps the database for the next time.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sqlite3
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.review_browser import BrowserTimes, measure_browser
from benchmarks.review_database import ROUND, build, query_times
from benchmarks.review_load import Seen, simulate
from benchmarks.review_memory import memory_of
from scn_core.workspace.folder import Workspace
from tests.browser.server import Served

BUDGETS = {  # figure: (statistic, most)
    "key_to_durable_ms": ("p95", 15.0),
    "page_turn_ms": ("p95", 60.0),
    "page_query_ms": ("p95", 5.0),
    "page_claim_ms": ("p95", 5.0),
    "first_page_cold_s": ("max", 2.0),
    "first_page_warm_s": ("max", 1.0),
    "server_pss_mb": ("max", 281.0),
    "answer_of_many_ms": ("p95", 100.0),
}
Figures = dict[str, dict[str, float]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faces", type=int, default=1_000_000)
    parser.add_argument("--people", type=int, default=50, help="simulated reviewers at once")
    parser.add_argument("--seconds", type=float, default=60, help="for how long they review")
    parser.add_argument("--keys", type=int, default=300, help="paced key presses in the browser")
    parser.add_argument("--turns", type=int, default=60, help="page turns in the browser")
    parser.add_argument("--queries", type=int, default=200, help="how often each query of the store is made")
    parser.add_argument("--folder", type=Path, default=None, help="where the database is, or goes (default: nowhere)")
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "results" / "review_app.json")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        report = measure(args.folder or Path(temporary), args)
    args.output.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print(table(report))


def measure(folder: Path, args: argparse.Namespace) -> dict[str, Any]:
    folder.mkdir(parents=True, exist_ok=True)
    kept, built = build(folder, args.faces)
    load = round(os.getloadavg()[0], 2)
    queries = query_times(kept, args.queries)
    browser = measure_browser(kept, keys=args.keys, turns=args.turns)
    seen, memory = review_together(kept, args.people, args.seconds)
    figures, detail = browser_figures(browser)
    figures |= {
        "page_query_ms": statistics_of(together(queries, "page")),
        "page_claim_ms": statistics_of(together(queries, "claim")),
        "answer_of_many_ms": statistics_of([time for one in seen for time in one.answer_ms]),
        "page_of_many_ms": statistics_of([time for one in seen for time in one.page_ms]),
        **{f"server_{name}": statistics_of([browser.memory[name], memory[name]]) for name in memory},
    }
    return {
        "benchmark": "review_app",
        "faces": args.faces,
        "built_s": built,
        "figures": figures,
        "budgets": {name: budget(figures, name) for name in BUDGETS},
        "queries_ms": {name: statistics_of(times) for name, times in queries.items()},
        "browser": detail,
        "together": accounts(kept, seen) | {"people": args.people, "seconds": args.seconds},
        "machine": machine() | {"load_1min_before": load},
        "versions": versions(browser.chromium),
    }


def together(queries: dict[str, list[float]], start: str) -> list[float]:
    """The times of all queries whose name begins so, whatever their filter and order."""
    return [time for name, times in queries.items() if name.startswith(start) for time in times]


def review_together(workspace: Workspace, people: int, seconds: float) -> tuple[list[Seen], dict[str, float]]:
    served = Served(workspace)
    try:
        seen = simulate(served.url, ROUND, people=people, seconds=seconds)
        assert served.process is not None
        return seen, memory_of(served.process.pid)
    finally:
        served.stop()


def accounts(workspace: Workspace, seen: list[Seen]) -> dict[str, Any]:
    """What became of every answer and every face."""
    with workspace.database(read_only=True) as db:
        stored = {row[0] for row in db.execute("SELECT id FROM decision")}
    sent = [number for one in seen for number in one.sent]
    given = [face for one in seen for face in one.faces]
    return {
        "answers_acknowledged": len(sent),
        "answers_lost": len(set(sent) - stored),
        "reviewers_failed": [one.failed for one in seen if one.failed],
        "answers_refused": [error for one in seen for error in one.refused],
        "faces_given": len(given),
        "faces_given_twice": len(given) - len(set(given)),
    }


def browser_figures(times: BrowserTimes) -> tuple[Figures, dict[str, Any]]:
    figures = {
        "key_to_durable_ms": statistics_of(times.key_to_durable_ms),
        "key_to_durable_in_burst_ms": statistics_of(times.burst_ms),
        "key_to_tile_ms": statistics_of(times.key_to_tile_ms),
        "page_turn_ms": statistics_of(times.page_turn_ms),
        "server_start_s": statistics_of(times.server_start_s),
        "first_page_cold_s": statistics_of(times.first_page_cold_s),
        "first_page_warm_s": statistics_of(times.first_page_warm_s),
        "first_page_again_s": statistics_of(times.first_page_again_s),
    }
    detail = {
        "key_to_durable_p95_ms_of_thirds": [statistics_of(part)["p95"] for part in thirds(times.key_to_durable_ms)],
        "page_turn_p95_ms_of_thirds": [statistics_of(part)["p95"] for part in thirds(times.page_turn_ms)],
        "clocks_apart_ms": round(times.clocks_apart_ms, 3),
        "burst_keys": times.burst_keys,
        "burst_stored": len(times.burst_ms),
    }
    return figures, detail


def thirds(times: list[float]) -> list[list[float]]:
    return [part.tolist() for part in np.array_split(np.array(times), 3)]


def statistics_of(times: list[float]) -> dict[str, float]:
    found = np.array(times, float)
    named = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
    quantiles = {name: round(float(np.quantile(found, q)), 3) for name, q in named.items()}
    return {"n": len(found), **quantiles, "min": round(float(found.min()), 3), "max": round(float(found.max()), 3)}


def budget(figures: Figures, name: str) -> dict[str, Any]:
    statistic, most = BUDGETS[name]
    found = figures[name][statistic]
    return {"statistic": statistic, "most": most, "found": found, "met": found <= most}


def machine() -> dict[str, Any]:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines() if Path("/proc/cpuinfo").exists() else []
    model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())
    return {"cpu": model, "cores": os.cpu_count(), "system": platform.platform()}


def versions(chromium: str) -> dict[str, str]:
    named = ("streamlit", "starlette", "sqlite-utils", "numpy", "playwright", "httpx2")
    return {
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "chromium": chromium,
        **{name: version(name) for name in named},
    }


def table(report: dict[str, Any]) -> str:
    lines = [f"| {report['faces']:,} proposals | n | median | p95 | max | budget |", "|---|---|---|---|---|---|"]
    for name, found in report["figures"].items():
        asked = report["budgets"].get(name)
        said = (
            "-" if asked is None else f"{asked['statistic']} {asked['most']:g}: {'met' if asked['met'] else 'MISSED'}"
        )
        lines.append(f"| {name} | {found['n']} | {found['p50']:g} | {found['p95']:g} | {found['max']:g} | {said} |")
    lines += ["", ", ".join(f"{name} {value}" for name, value in report["together"].items())]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
