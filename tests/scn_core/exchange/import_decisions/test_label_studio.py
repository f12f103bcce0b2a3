"""What Label Studio exports comes back. The files are exports of a real Label Studio (1.23.2).

Its project held the tasks of format label-studio, of the training faces here after ann had accepted the proposal for
the first face and kept the label of the second. There account 1 changed ann's first decision back to happy, skipped
face 6 and annotated others; account 2 annotated faces that had an annotation already. Nobody opened faces 7 and 8.
"""

from __future__ import annotations

import functools
import json
import operator
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from scn_core.datasets.registry import read_manifest
from scn_core.datasets.source import Source
from scn_core.errors import DataError, ScnError
from scn_core.exchange.export.label_studio import PERCENT
from scn_core.exchange.import_decisions.import_plan import plan_import
from tests.scn_core.exchange.export.labelled import begin, decide
from tests.scn_core.exchange.export.layouts import boxes
from tests.scn_core.exchange.import_decisions.elsewhere import contents, log, take, write
from tests.templates import new_database

EXPORTS = Path(__file__).parent / "label_studio_exports"
ENDINGS = ("json", "min.json", "csv")
NAMES = {"1": "eve", "2": "bob"}


@pytest.fixture
def party(tmp_path: Path) -> Iterator[Database]:
    """Three training pictures of two faces each; ann accepted happy for the first face and kept the second."""
    (tmp_path / "party").mkdir()
    manifest = boxes(tmp_path / "party")
    db = new_database(tmp_path / "party.db")
    begin(db, manifest)
    decide(db, 1, "accept", 1)
    decide(db, 2, "keep", 1)
    yield db
    db.close()


def decided(db: Database) -> None:
    """As it was when the tasks were exported."""
    decide(db, 1, "accept", 1)
    decide(db, 2, "keep", 1)


@pytest.mark.parametrize("ending", ENDINGS)
def test_every_annotation_counts_the_confirming_too(ending: str, db: Database) -> None:
    decided(db)
    plan = take(db, EXPORTS / f"toy.{ending}", annotators=NAMES)
    assert (plan.problems, plan.unread, plan.new_people) == ((), (), ("eve", "bob"))
    assert sorted(log(db)[2:]) == [
        (1, "eve", "keep", 0, None),  # ann's decision, changed back
        (2, "bob", "accept", 0, None),
        (3, "bob", "accept", 1, None),
        (3, "eve", "keep", 0, None),  # the label is right
        (4, "eve", "keep", 1, None),
        (5, "eve", "accept", 1, None),
    ]
    assert plan.without_effect() == {"as exported": 1, "skipped or not annotated": 3 if ending == "json" else 2}
    before = contents(db)
    assert take(db, EXPORTS / f"toy.{ending}", annotators=NAMES).known == 6
    assert contents(db) == before


@pytest.mark.parametrize("endings", [("json", "csv"), ("min.json", "json"), ("csv", "min.json")])
def test_an_annotation_is_taken_once_whatever_it_is_exported_as(endings: tuple[str, str], db: Database) -> None:
    decided(db)
    take(db, EXPORTS / f"toy.{endings[0]}", annotators=NAMES)
    assert take(db, EXPORTS / f"toy.{endings[1]}", annotators=NAMES).decisions == ()


@pytest.mark.parametrize("ending", ENDINGS)
def test_accounts_nobody_named_are_people_too(ending: str, db: Database) -> None:
    decided(db)
    plan = plan_import(db, EXPORTS / f"toy.{ending}", person="ann")
    assert plan.new_people == ("Label Studio 1", "Label Studio 2")


@pytest.mark.parametrize("ending", ENDINGS)
def test_rectangles_are_the_faces_they_were_drawn_for(ending: str, party: Database) -> None:
    """The one that bob moved a little as well."""
    plan = take(party, EXPORTS / f"party.{ending}", annotators=NAMES)
    assert plan.problems == ()
    assert log(party)[2:] == [
        (3, "eve", "keep", 0, None),
        (4, "eve", "keep", 1, None),
        (5, "bob", "accept", 1, None),
        (6, "bob", "keep", 1, None),
    ]
    assert plan.without_effect() == {"as exported": 2}


def changed(tmp_path: Path, name: str, old: str, new: str) -> Path:
    text = (EXPORTS / name).read_text(encoding="utf-8")
    assert old in text
    (tmp_path / name).write_text(text.replace(old, new), encoding="utf-8")
    return tmp_path / name


def test_what_cannot_be_taken_is_named_by_its_task(db: Database, party: Database, tmp_path: Path) -> None:
    decided(db)
    tasks = json.loads((EXPORTS / "toy.json").read_text(encoding="utf-8"))
    first, second, third = (task["annotations"][-1]["result"][0] for task in tasks[:3])
    first["value"]["choices"] = ["happy", "sad"]
    second["value"]["choices"] = ["bored"]
    third["from_name"] = "mood"
    tasks.append({"id": 99})
    tasks[3]["data"]["key"] = "nowhere.png"
    (tmp_path / "in.json").write_text(json.dumps(tasks), encoding="utf-8")
    plan = plan_import(db, tmp_path / "in.json", annotators=NAMES)
    numbers = [task["id"] for task in tasks]
    assert sorted(map(str, plan.problems)) == sorted(
        [
            f"in.json, task {numbers[0]}: found 2 classes; allowed: one class a face",
            f"in.json, task {numbers[1]}: found label 'bored'; allowed: happy, sad",
            f"in.json, task {numbers[2]}: found results of mood; allowed: results of control label; "
            "name another with --label-column",
            f"in.json, task {numbers[3]}: found nowhere.png, which is no face of this workspace; "
            "allowed: paths and keys as an export has them",
            "in.json, task 99: found no data or no annotations; allowed: tasks as Label Studio exports them",
        ]
    )
    moved = plan_import(party, changed(tmp_path, "party.json", '"x":3.16', '"x":73.16'), annotators=NAMES)
    assert [(p.found, p.allowed) for p in moved.problems] == [
        ("a rectangle that is no face's", "the rectangles of the tasks")
    ]


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_control_called_as_in_the_templates_is_found(ending: str, db: Database, tmp_path: Path) -> None:
    decided(db)
    text = (EXPORTS / f"toy.{ending}").read_text(encoding="utf-8")
    text = text.replace('"from_name":"label"', '"from_name":"choice"').replace('"label":', '"choice":')
    (tmp_path / f"in.{ending}").write_text(text.replace(',"label",', ',"choice",'), encoding="utf-8")
    assert '"choice"' in text or ending == "csv"
    found = plan_import(db, tmp_path / f"in.{ending}", annotators=NAMES)
    assert (found.problems, len(found.decisions)) == ((), 6)


def test_a_field_called_label_is_not_taken_for_the_answer(db: Database, tmp_path: Path) -> None:
    head = ("annotation_id", "annotator", "image", "label", "choice", "lead_time")
    file = write(tmp_path, head, ("1", "1", "a.png", "happy", "sad", "2.0"))
    assert [d.action for d in plan_import(db, file).decisions] == ["accept"]


def test_a_table_of_image_and_choice_needs_no_options(db: Database, tmp_path: Path) -> None:
    file = write(tmp_path, ("image", "choice"), ("a.png", "happy"), ("/data/local-files/?d=toy/=1+1.png", "sad"))
    plan = plan_import(db, file, person="ann", root=tmp_path / "toy")
    assert (plan.problems, [d.action for d in plan.decisions]) == ((), ["keep", "keep"])


def test_projects_that_were_not_made_of_our_tasks(db: Database, tmp_path: Path) -> None:
    """Their fields and controls have other names, and their tasks nothing but the picture."""
    (tmp_path / "own.json").write_text(
        json.dumps(
            [
                {"id": 1, "photo": "/data/local-files/?d=faces%20of%20ours/a.png", "mood": "sad", "annotation_id": 1,
                 "annotator": {"id": 1, "email": "eve@faces.example"}, "lead_time": 1.0},
                {"id": 2, "photo": "/data/local-files/?d=b.png", "annotation_id": None, "annotator": None},
            ]
        ),
        encoding="utf-8",
    )  # fmt: skip
    root = tmp_path / "faces of ours"
    plan = plan_import(db, tmp_path / "own.json", path_column="photo", label_column="mood", root=root)
    assert [(d.sample_id, d.person, d.action) for d in plan.decisions] == [(1, "eve@faces.example", "accept")]
    table = write(tmp_path, ["Annotation_ID", "annotator", "Photo", "Mood"], ["1", "eve@faces.example", "a.png", "sad"])
    assert plan_import(db, table, path_column="photo", label_column="mood").decisions[0].person == "eve@faces.example"
    plan = plan_import(db, tmp_path / "own.json", path_column="photo", root=root)
    assert [(p.file, p.found) for p in plan.problems] == [("own.json, annotation 1", "no label")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[{"id": 1', "in.json: found broken JSON (Expecting ',' delimiter: line 1 column 10 (char 9)); allowed"),
        ("[1, 2]", "in.json: found JSON that is no list of objects; allowed: tasks exported by Label Studio"),
        ('{"a": 1}\n{"a": 2\n', """in.json, line 2: found {"a": 2; allowed: a JSON object a line"""),
        ('[{"photo": "a.png"}]', "in.json: found columns photo; allowed: a header with path or key, and action or"),
        ('{"classes": ["a"], "labels": {"a": 0}}', "in.json: found labels of FiftyOne without attributes; allowed"),
        ("[]", "in.json: found no entries; allowed"),
    ],
)
def test_json_that_is_none_of_these_is_refused_in_a_line(text: str, message: str, db: Database, tmp_path: Path) -> None:
    (tmp_path / "in.json").write_text(text)
    with pytest.raises(DataError) as error:
        plan_import(db, tmp_path / "in.json")
    assert str(error.value).startswith(message)


def test_no_message_is_longer_than_a_screen(db: Database, tmp_path: Path) -> None:
    huge = "x" * 80_000
    (tmp_path / "in.json").write_text(json.dumps([{huge: 1}]))
    (tmp_path / "lines.json").write_text('{"a": 1}\n' + huge)
    for name in ("in.json", "lines.json"):
        with pytest.raises(DataError) as error:
            plan_import(db, tmp_path / name)
        assert len(str(error.value)) < 1_500
    head = ["path", "label", *(f"column {n}" for n in range(9_000))]
    plan = plan_import(db, write(tmp_path, head, ["a.png", "sad"] + [""] * 9_000), person="ann")
    assert len(plan.describe(("happy", "sad"), done=False)) < 1_500


NAMES_OF_FIELDS = (
    "data", "faces", "annotations", "result", "value", "choices", "rectanglelabels", "type", "from_name", "key", "path",
    "label", "labels", "classes", "attributes", "annotation_id", "annotator", "completed_by", "box", "percent",
)  # fmt: skip
_WORDS = st.sampled_from(["a.png", "sad", "choices", "rectanglelabels", "label", "", "[", "{}", "7"])
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 9) | st.floats(allow_nan=False) | _WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES_OF_FIELDS), inner, max_size=6),
    max_leaves=25,
)


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place within a JSON value."""
    yield at
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in inside:
        yield from places(inner, (*at, name))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    file=st.sampled_from(["toy.json", "party.json", "toy.min.json", "party.min.json", "fiftyone", "none"]),
    chance=st.randoms(use_true_random=False),
    value=ANY_JSON,
)
def test_whatever_json_a_file_holds_it_is_planned_or_refused(
    db: Database, tmp_path: Path, file: str, chance: Random, value: Any
) -> None:
    """Real exports with anything in the place of a part, and anything at all."""
    text = "null"
    if file != "none":
        text = (EXPORTS / file if file != "fiftyone" else EXPORTS.parent / "fiftyone_export.json").read_text("utf-8")
    said = [json.loads(text)]
    *way, last = chance.choice([place for place in places(said) if place])
    parent = functools.reduce(operator.getitem, way, said)
    parent[last] = value
    (tmp_path / "in.json").write_text(json.dumps(said[0]), encoding="utf-8")
    before = contents(db)
    with suppress(DataError):
        plan = plan_import(db, tmp_path / "in.json", person="ann")
        assert all(len(str(problem)) < 1_500 for problem in plan.problems)
    with suppress(ScnError):
        read_manifest("csv", Source(root=tmp_path, csv=tmp_path / "in.json"))
    assert contents(db) == before


def test_a_box_that_lacks_sides_is_no_error(db: Database, tmp_path: Path) -> None:
    text = (EXPORTS / "party.min.json").read_text("utf-8")
    for sides in ("[]", "[1, 2]"):
        changed = re.sub(rf'("{PERCENT}":\s*)\[[^\]]*\]', rf"\g<1>{sides}", text)
        assert changed != text
        (tmp_path / "in.json").write_text(changed, encoding="utf-8")
        plan = plan_import(db, tmp_path / "in.json", person="ann")
        assert any("a rectangle that is no face's" in str(problem) for problem in plan.problems)


def test_json_deeper_than_can_be_read_is_refused(db: Database, tmp_path: Path) -> None:
    (tmp_path / "in.json").write_text("[" * 200_000)
    with pytest.raises(DataError, match=r"in\.json: found (JSON of more levels|broken JSON)"):
        plan_import(db, tmp_path / "in.json")


@pytest.mark.parametrize("who", ["ann\ud800@example.org", {"id": "\udfff"}])
def test_text_that_utf_8_cannot_write_is_refused(who: object, db: Database, tmp_path: Path) -> None:
    """JSON can name half of a surrogate pair."""
    decided(db)
    tasks = json.loads((EXPORTS / "toy.json").read_text())
    tasks[2]["annotations"][0]["completed_by"] = who
    file = tmp_path / "tasks.json"
    file.write_text(json.dumps(tasks))
    plan = plan_import(db, file)
    assert [problem.found for problem in plan.problems if "surrogate" in problem.found] != []
    plan.describe(["happy", "sad", "fear"], done=False).encode()
    lines = tmp_path / "lines.jsonl"
    lines.write_text(json.dumps({"path": "1.jpg", "action": "keep", "label": "happy", "person": "\ud800"}) + "\n")
    assert "surrogate" in plan_import(db, lines).problems[0].found
