"""GET /metrics, read by Prometheus' own parser."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from prometheus_client import parser
from starlette.routing import Route

from review_app import database
from review_app.auth.access_tokens import access_token_hash, forget_attempts, new_access_token
from review_app.order_worker import MapKeeper
from review_app.routes import all_routes
from review_app.settings import AppSettings
from scn_core.hook_settings import HookSettings
from scn_core.records import ACTIONS
from scn_core.store.decisions.batches import REFUSAL_CODES
from scn_core.store.events import keep_event
from scn_core.store.hook_delivery import sync_hooks
from scn_core.store.people.people import Role, add_person
from scn_core.store.people.tokens import add_token
from scn_core.workspace.folder import Workspace
from tests.review_app.visitor import Visitor, keep

ADMINISTRATION = Path(__file__).parents[3] / "docs/administration.md"


@pytest.fixture
def settings(workspace: Workspace, use_workspace: Callable[[Workspace], AppSettings]) -> Iterator[AppSettings]:
    forget_attempts()
    yield use_workspace(workspace)
    forget_attempts()


def authorization(name: str, role: Role) -> str:
    token = new_access_token()
    database.call_write(add_token, database.call_write(add_person, name, role).id, access_token_hash(token), "metrics")
    return f"Bearer {token}"


Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def scrape(visitor: Visitor, lead: str) -> Samples:
    answer = visitor.get("/metrics", Authorization=lead)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in parser.text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_leads_alone_may_read_them(settings: AppSettings) -> None:
    visitor = Visitor(settings)
    ann, lea = authorization("ann", "annotator"), authorization("lea", "lead")
    for headers, status in (
        ({}, 401),
        ({"Authorization": "Bearer scn_x"}, 401),
        ({"Authorization": ann}, 403),
        ({"Authorization": lea}, 200),
    ):
        assert visitor.get("/metrics", **headers).status_code == status


def test_they_say_how_the_server_and_the_review_are_doing(settings: AppSettings) -> None:
    lead = authorization("lea", "lead")
    ann = Visitor(settings).sign_in("ann")
    hook = HookSettings("lab", "https://lab.example.org/", ("faces.decided",), secret_env="LAB")
    database.call_write(sync_hooks, [hook])
    before = scrape(ann, lead)
    answered = next(tile for tile in ann.page(limit=5).tiles if not tile["blind"])
    kept = keep(answered)
    ann.decide(kept, keep(answered, label=99))
    for _ in range(2):  # as after an acknowledgement that was lost
        assert ann.decide(kept).status_code == 200
    ann.get("/api/sample/1?round=999")
    database.call_write(keep_event, "backup made", {}, by=None)
    after = scrape(ann, lead)

    def now(name: str, **labels: str) -> float:
        return after[name, tuple(sorted(labels.items()))]

    def more(name: str, **labels: str) -> float:
        return now(name, **labels) - before.get((name, tuple(sorted(labels.items()))), 0.0)

    assert more("review_request_seconds_count", method="POST", route="/api/page", status="200") == 1
    assert more("review_request_seconds_count", method="POST", route="/api/decisions", status="200") == 3
    assert more("review_request_seconds_count", method="GET", route="/api/sample/{id}", status="404") == 1
    assert more("review_request_seconds_bucket", method="POST", route="/api/page", status="200", le="+Inf") == 1
    assert more("review_decisions_total", action="keep") == 1
    assert more("review_decisions_refused_total", code="invalid") == 1
    assert more("review_decisions_stored_total") == 1
    assert more("review_database_wait_seconds_count", lane="write") >= 3
    assert more("review_database_wait_seconds_count", lane="quick") >= 3
    assert more("review_queue_readings", round="1", state="open") == -1
    assert more("review_queue_readings", round="1", state="keep") == 1
    assert now("review_leased_readings", round="1") == 4
    assert (now("review_rounds", state="review"), now("review_sessions"), now("review_trainer_running")) == (1, 1, 0)
    assert more("review_hook_waiting", hook="lab") == 1
    assert now("review_hook_failing", hook="lab") == 0
    assert ("review_backup_age_seconds", ()) not in before
    assert now("review_backup_age_seconds") >= 0
    assert now("review_database_bytes", file="database") > 4096
    assert now("review_disk_free_bytes") > 0
    assert now("process_resident_memory_bytes") > 0


def test_counters_begin_with_zero(settings: AppSettings) -> None:
    """An increase from nothing to 1 is none to Prometheus."""
    MapKeeper(settings.workspace)
    found = scrape(Visitor(settings), authorization("lea", "lead"))
    for name, label, values in (
        ("review_decisions_total", "action", ACTIONS),
        ("review_decisions_refused_total", "code", REFUSAL_CODES),
        ("review_worker_failures_total", "worker", ["map"]),
        ("review_worker_running", "worker", ["map"]),
    ):
        assert [value for value in values if (name, ((label, value),)) not in found] == []


def test_labels_are_few_and_tell_nothing_of_people(settings: AppSettings) -> None:
    lead = authorization("a lead of this name", "lead")
    visitor = Visitor(settings).sign_in("an annotator of this name")
    before = {pair for _, pairs in scrape(visitor, lead) for pair in pairs}  # of this process, so of other tests too
    for number in range(30):
        visitor.get(f"/api/sample/{number}?round=1")
        visitor.get(f"/api/export/csv-r{number}-d1.csv")
        visitor.get(f"/api/none/{number}")
        visitor.get(f"/some/page/{number}")
        visitor.client.request(f"M{number}", "/api/page")
    labels = {pair for _, pairs in scrape(visitor, lead) for pair in pairs} - before
    allowed = {route.path for route in all_routes() if isinstance(route, Route)} | {"other", "streamlit"}
    assert {value for name, value in labels if name == "route"} <= allowed
    assert {value for name, value in labels if name == "method"} <= {"GET", "HEAD", "POST", "other", "websocket"}
    text = visitor.get("/metrics", Authorization=lead).text
    assert "of this name" not in text
    written = ADMINISTRATION.read_text(encoding="utf-8")
    served = {f"review_{name}" for name in re.findall(r"^# TYPE review_(\w+)", text, re.MULTILINE)}
    named = {re.sub("_count$", "", name) for name in re.findall(r"\breview_[a-z_]+\b(?!\.)", written)} - {"review_app"}
    assert served - named == set()
    assert {re.sub("_total$", "", each) for each in named} - {re.sub("_total$", "", each) for each in served} <= {
        "review_backup_age_seconds"
    }


@pytest.mark.parametrize("name", ["scrape", "alerts"])
def test_the_examples_are_yaml_as_prometheus_has_it(name: str) -> None:
    found = re.findall(rf"<!-- {name} -->\n```yaml\n(.*?)```", ADMINISTRATION.read_text(encoding="utf-8"), re.DOTALL)
    told = yaml.safe_load(found[0])
    if name == "scrape":
        assert told["scrape_configs"][0]["metrics_path"] == "/metrics"
    else:
        assert all(rule["expr"] and rule["annotations"]["summary"] for rule in told["groups"][0]["rules"])
