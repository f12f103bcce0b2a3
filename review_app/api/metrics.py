"""GET /metrics: for Prometheus, and whatever reads its format."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlite_utils import Database
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from review_app.auth.endpoint import as_person, require_lead
from review_app.http.metrics import REGISTRY
from review_app.settings import current
from review_app.trainer_process import at_work
from scn_core.store.people.people import Person
from scn_core.store.reports.monitoring import WatchedState, watched_state
from scn_core.workspace.folder import Workspace


async def metrics(request: Request) -> Response:
    """GET /metrics, for leads: what was counted, and what the database and the disk are at."""
    state = await as_person(request, _state)
    return Response(await run_in_threadpool(_text, state, current().workspace), media_type=CONTENT_TYPE_LATEST)


def _state(db: Database, person: Person) -> WatchedState:
    require_lead(db, person, "metrics are for leads, ask one for a token")
    return watched_state(db)


def _text(state: WatchedState, workspace: Workspace) -> bytes:
    read = CollectorRegistry()
    read.register(_Now(state, workspace))
    return generate_latest(REGISTRY) + generate_latest(read)


@dataclass(frozen=True, eq=False)
class _Now(Collector):
    """What is looked up when somebody asks."""

    state: WatchedState
    workspace: Workspace

    def collect(self) -> Iterator[Metric]:
        """All of it."""
        state, file = self.state, self.workspace.database_file
        yield _labelled(
            "review_rounds", "Rounds by state", "state", {str(name): count for name, count in state.rounds.items()}
        )
        readings = GaugeMetricFamily(
            "review_queue_readings",
            "Of rounds in review: readings by state; open ones are to review, the others were answered so",
            labels=("round", "state"),
        )
        for number, by_state in state.readings.items():
            for name, count in by_state.items():
                readings.add_metric((str(number), name), count)
        yield readings
        leased = {str(number): count for number, count in state.leased.items()}
        yield _labelled("review_leased_readings", "Of rounds in review: readings on somebody's screen", "round", leased)
        yield GaugeMetricFamily("review_sessions", "Sessions that have not run out", state.sessions)
        yield CounterMetricFamily("review_decisions_stored", "All decisions in the log", state.decisions)
        yield GaugeMetricFamily("review_trainer_running", "1 while a round is trained here", at_work(self.workspace))
        hooks = state.hooks.items()
        waiting = {name: hook.waiting + hook.waiting_faces for name, hook in hooks}
        yield _labelled("review_hook_waiting", "Messages and faces that a hook was not told of yet", "hook", waiting)
        failing = {name: int(hook.words != "delivering") for name, hook in hooks}
        yield _labelled(
            "review_hook_failing", "1 where the newest try failed, or the hook is given up", "hook", failing
        )
        if state.backup_s is not None:
            yield GaugeMetricFamily("review_backup_age_seconds", "Since the newest backup", state.backup_s)
        sizes = {"database": _size(file), "wal": _size(file.with_name(f"{file.name}-wal"))}
        yield _labelled("review_database_bytes", "Size of review.db and of its -wal", "file", sizes)
        free = shutil.disk_usage(self.workspace.path).free
        yield GaugeMetricFamily("review_disk_free_bytes", "Free on the disk of the workspace", free)


def _labelled(name: str, about: str, label: str, values: Mapping[str, int]) -> Metric:
    family = GaugeMetricFamily(name, about, labels=(label,))
    for value, count in values.items():
        family.add_metric((value,), count)
    return family


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0
