"""The example of docs/scripts.md, as a program of its own against the real server."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from review_app.auth.access_tokens import access_token_hash, new_access_token
from review_app.auth.passwords import hash_password
from scn_core.store.people.people import add_person
from scn_core.store.people.tokens import add_token
from scn_core.workspace.folder import Workspace
from tests.browser.server import Served
from tests.review_app.visitor import PASSWORD

DOCUMENT = Path(__file__).parents[2] / "docs/scripts.md"


def test_the_example_of_the_guide_answers_and_lists(workspace: Workspace) -> None:
    with workspace.database() as db:
        ada = add_person(db, "ada", "annotator", hash_password(PASSWORD))
        token = new_access_token()
        add_token(db, ada.id, access_token_hash(token), "the example")
        db.execute("UPDATE queue_item SET doubt = 1 WHERE proposed_label IS NOT NULL")
        db.execute("UPDATE score SET doubt = 1, suspicion = 0.95 WHERE proposed_label IS NOT NULL")
    text = DOCUMENT.read_text(encoding="utf-8")
    example = re.findall(r"<!-- example -->\n```python\n(.*?)```", text, re.DOTALL)[0]
    assert len(example.splitlines()) < 30
    served = Served(workspace, "--auth", "password")
    try:
        told = {**os.environ, "REVIEW_URL": served.url, "REVIEW_TOKEN": token}
        ran = subprocess.run([sys.executable, "-c", example], env=told, capture_output=True, text=True, timeout=60)
    finally:
        served.kill()
    assert (ran.returncode, ran.stderr) == (0, "")
    first, *listed = ran.stdout.splitlines()
    assert first == "refused: []"
    by = served.rows("SELECT p.name, d.action, count(*) FROM decision d JOIN person p ON p.id = d.person_id")
    assert by == [("ada", "accept", len(listed))]
    assert all(line.endswith(" accept ada") for line in listed)
    assert token not in served.log.read_text(encoding="utf-8")
