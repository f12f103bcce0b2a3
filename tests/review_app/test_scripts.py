"""The examples of docs/scripts.md, as programs of their own against the real server."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from review_app.auth.access_tokens import access_token_hash, new_access_token
from review_app.auth.passwords import hash_password
from review_app.cli import cli
from scn_core.store.people.people import add_person
from scn_core.store.people.tokens import add_token
from scn_core.workspace.folder import Workspace
from tests.browser.server import Served
from tests.review_app.visitor import PASSWORD

DOCUMENT = Path(__file__).parents[2] / "docs/scripts.md"


def in_the_shell(example: str, told: dict[str, str]) -> list[dict[str, Any]]:
    """What each command of the example printed."""
    if shutil.which("curl") is None:
        pytest.skip("no curl on this machine; the example in Python was run")
    ran = subprocess.run(["sh", "-ec", example], env=told, capture_output=True, text=True, timeout=60, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    decoder, text, answers = json.JSONDecoder(), ran.stdout.strip(), []
    while text:
        answer, end = decoder.raw_decode(text)
        answers.append(answer)
        text = text[end:].strip()
    return answers


def by_commands(example: str, told: dict[str, str], face: object, folder: Path) -> list[str]:
    """What each command of the example printed; files of it lie in `folder`."""
    said = []
    example = example.replace(" 12 ", f" {face} ")
    for name in ("labels.csv", "backup.zip"):
        example = example.replace(name, str(folder / name))
    for line in example.splitlines():
        done = CliRunner().invoke(cli, line.split()[3:], env=told, standalone_mode=False)
        assert done.exception is None, (line, done.exception)
        said.append(done.stdout)
    return said


def test_the_examples_of_the_guide_answer_and_list(workspace: Workspace, tmp_path: Path) -> None:
    with workspace.database() as db:
        ada = add_person(db, "ada", "lead", hash_password(PASSWORD))
        token = new_access_token()
        add_token(db, ada.id, access_token_hash(token), "the example")
        db.execute("UPDATE queue_item SET doubt = 1 WHERE proposed_label IS NOT NULL")
        db.execute("UPDATE score SET doubt = 1, suspicion = 0.95 WHERE proposed_label IS NOT NULL")
    text = DOCUMENT.read_text(encoding="utf-8")
    example = re.findall(r"<!-- example -->\n```python\n(.*?)```", text, re.DOTALL)[0]
    assert len(example.splitlines()) < 30
    served = Served(workspace, "--auth", "password", "--log-format", "json")
    try:
        told = {**os.environ, "REVIEW_URL": served.url, "REVIEW_TOKEN": token}
        ran = subprocess.run([sys.executable, "-c", example], env=told, capture_output=True, text=True, timeout=60)
        assert (ran.returncode, ran.stderr) == (0, "")
        first, *listed = ran.stdout.splitlines()
        assert first == "refused: []"
        by = served.rows("SELECT p.name, d.action, count(*) FROM decision d JOIN person p ON p.id = d.person_id")
        assert by == [("ada", "accept", len(listed))]
        assert all(line.endswith(" accept ada") for line in listed)
        ((face,),) = served.rows("SELECT min(id) FROM sample WHERE split = 'train'")
        shell = re.findall(r"<!-- curl -->\n```sh\n(.*?)```", text, re.DOTALL)[0].replace("12,", f"{face},")
        named, page, answered = in_the_shell(shell, told)
        said = by_commands(re.findall(r"<!-- commands -->\n```sh\n(.*?)```", text, re.DOTALL)[0], told, face, tmp_path)
    finally:
        served.stop()
    written = served.log.read_text(encoding="utf-8")
    assert token not in written
    lines = [json.loads(line) for line in written.splitlines()]
    assert [line["event"] for line in lines if line["event"] != "request"] == ["started", "stopped"]
    asked = [line for line in lines if line["event"] == "request"]
    assert {"/api/page", "/api/decisions", "/api/classes", "/api/export/{name}"} <= {line["route"] for line in asked}
    assert {line["person"] for line in asked if line["route"].startswith("/api/")} == {ada.id}
    assert "round 1: review" in said[0]
    assert len(json.loads(said[1])["items"]) == 3
    assert re.fullmatch(rf"saved [0-9a-f-]{{36}}: relabel of face {face}\n", said[2])
    assert (tmp_path / "labels.csv").read_text(encoding="utf-8").count("\n") > 100
    assert re.fullmatch(r".*/backup\.zip: [0-9,]+ bytes, [0-9,]+ decisions\n", said[4])
    assert said[5] == "round 1: review\n"
    assert len(named["classes"]) == len(workspace.settings().classes)
    assert (len(page["items"]), answered["refused"]) == (3, [])
    assert served.rows("SELECT action FROM decision WHERE id LIKE '7b0c6f0e-%'") == [("unsure",)]
