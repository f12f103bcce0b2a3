"""What is counted as it happens, for GET /metrics. No label holds a name, an address or a number of a face."""

from __future__ import annotations

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)

from scn_core.records import ACTIONS
from scn_core.store.decisions.batches import REFUSAL_CODES

disable_created_metrics()  # one more figure for each; process_start_time_seconds says it for all
REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

REQUEST_SECONDS = Histogram(
    "review_request_seconds",
    "Requests by route and status, and how long each took to its last byte",
    ("method", "route", "status"),
    buckets=_SECONDS,
    registry=REGISTRY,
)
OPEN_PAGES = Gauge("review_open_pages", "Websockets of pages that are open", registry=REGISTRY)
DATABASE_WAIT_SECONDS = Histogram(
    "review_database_wait_seconds",
    "How long reads and writes waited for a thread; lane write has one, quick four, slow three",
    ("lane",),
    buckets=_SECONDS,
    registry=REGISTRY,
)
DECISIONS = Counter(
    "review_decisions", "Answers, marks and undos that the grid and scripts had stored", ("action",), registry=REGISTRY
)
REFUSED = Counter("review_decisions_refused", "Decisions that were refused, by code", ("code",), registry=REGISTRY)
# From the start, as 0: `increase` of Prometheus does not see a counter's first sample.
for _action in ACTIONS:
    DECISIONS.labels(_action)
for _code in REFUSAL_CODES:
    REFUSED.labels(_code)
WORKER_RUNNING = Gauge(
    "review_worker_running", "1 while a process learns an order or draws a map", ("worker",), registry=REGISTRY
)
WORKER_FAILURES = Counter(
    "review_worker_failures", "Such processes that failed, or could not be begun", ("worker",), registry=REGISTRY
)
