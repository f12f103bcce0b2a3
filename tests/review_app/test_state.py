from __future__ import annotations

from dataclasses import asdict, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review_app import state
from review_app.state import Asked
from scn_core.records import QUEUE_ORDERS, QUEUE_STATES, QueueFilter
from scn_core.store.queue.cells import EXCLUDED, UNSURE, Cell, Comparison

CLASSES = ("sad", "happy", "none", "3", "<b>fear</b>")
labels = st.none() | st.integers(0, len(CLASSES) - 1)


@st.composite
def asked(draw: st.DrawFn) -> Asked:
    low = draw(st.integers(0, 19))
    high = draw(st.integers(low + 1, 20))
    proposed = draw(labels)
    where = QueueFilter(
        state=draw(st.sampled_from(QUEUE_STATES)),
        given=draw(labels),
        proposed=proposed,
        unproposed=draw(st.booleans()) if proposed is None else False,
        label=draw(labels),
        alpha_from=low / 20,
        alpha_to=high / 20,
        flagged=draw(st.booleans()),
        noted=draw(st.booleans()),
        area=draw(st.sampled_from([None, "0,0_1000,0_500,999"])),
        cell=draw(st.sampled_from([None, "decided,0,-2", "readers,1,2,ann,b%2Cob"])),
        faces=draw(st.sampled_from([None, "7", "12_15_19"])),
        reviewer=draw(st.none() | st.text(min_size=1, max_size=200)),
        order=draw(st.sampled_from(QUEUE_ORDERS)),
        grouped=draw(st.booleans()),
    )
    return Asked(draw(st.none() | st.integers(1, 9_999)), where)


@given(asked())
def test_what_is_written_is_read(wanted: Asked) -> None:
    assert state.read(state.write(wanted, CLASSES), CLASSES) == wanted


@given(st.dictionaries(st.sampled_from(["round", "alpha", "given", "state", "flag", "other"]), st.text()))
def test_no_address_is_too_strange(params: dict[str, str]) -> None:
    found = state.read(params, CLASSES)
    for name, value in params.items():
        if name not in state.write(found, CLASSES) and name != "alpha":
            default = {"state": "open"}.get(name) == value
            assert default or any(name in problem for problem in found.problems)


def test_the_plain_address_asks_for_the_open_faces() -> None:
    assert state.read({}, CLASSES) == Asked(None, QueueFilter())
    assert state.write(Asked(), CLASSES) == {}


def test_the_words_of_an_address() -> None:
    found = state.read(
        {"round": "2", "given": "sad", "proposed": "happy", "class": "<b>fear</b>", "alpha": "0.20-0.5", "flag": "1",
         "reviewer": "ann", "order": "margin", "group": "pair", "state": "keep", "doubt": "ambiguous",
         "picture": "dark"}, CLASSES
    )  # fmt: skip
    assert found == Asked(
        2, QueueFilter("keep", 0, 1, False, 4, "ambiguous", 0.2, 0.5, True, "ann", "dark", "margin", True)
    )
    assert state.write(found, CLASSES)["alpha"] == "0.20-0.50"


def test_a_class_called_none_is_not_no_proposal() -> None:
    assert state.read({"proposed": "none"}, CLASSES).where == QueueFilter(unproposed=True)
    assert state.write(Asked(None, QueueFilter(proposed=2)), CLASSES) == {"proposed": "2"}
    assert state.read({"proposed": "2"}, CLASSES).where.proposed == 2


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("state", "opened"), ("order", ""), ("given", "joy"), ("given", "5"), ("given", "none"), ("class", "-1"),
        ("proposed", "x"), ("alpha", "0.5-0.5"), ("alpha", "0.6-0.2"), ("alpha", "1"), ("alpha", "0-2"),
        ("alpha", "nan-nan"), ("alpha", "inf-inf"), ("alpha", "0.2-0.3-0.4"), ("flag", "yes"), ("group", "1"),
        ("round", "0"), ("round", "-1"), ("round", "one"), ("round", "9" * 5000), ("round", "²"), ("reviewer", ""),
        ("reviewer", "n" * 201), ("cell", "decided,1"), ("faces", "1,2"), ("nonsense", "1"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_left_out_and_named(name: str, value: str) -> None:
    found = state.read({name: value}, CLASSES)
    assert replace(found, problems=()) == Asked()
    assert len(found.problems) == 1
    assert name in found.problems[0]
    assert "allowed" in found.problems[0]


def test_alpha_is_taken_to_steps() -> None:
    assert state.read({"alpha": "0.21-0.49"}, CLASSES).where == QueueFilter(alpha_from=0.2, alpha_to=0.5)


@pytest.mark.parametrize(
    ("where", "on"),
    [
        (QueueFilter(), []),
        (QueueFilter(state="keep", order="alpha"), []),
        (QueueFilter(grouped=True), ["group"]),
        (QueueFilter(given=1, proposed=2), ["pair"]),
        (
            QueueFilter(unproposed=True, label=0, alpha_to=0.5, flagged=True, noted=True, reviewer="ann"),
            ["pair", "class", "reviewer", "alpha", "flag", "note"],
        ),
    ],
)
def test_active_conditions_are_known_and_end_one_by_one(where: QueueFilter, on: list[str]) -> None:
    assert state.active(where) == on
    for condition in on:
        assert state.active(state.without(where, condition)) == [each for each in on if each != condition]


def test_every_field_of_a_filter_is_a_condition_or_on_the_page_itself() -> None:
    known = {field for fields in state.CONDITIONS.values() for field in fields}
    assert known | {"state", "order"} == set(asdict(QueueFilter()))


def test_a_cell_and_its_address() -> None:
    cells = [
        Cell(Comparison("opinion", 3, "a&b=c"), 4, 2),  # classes that read as something else are written as numbers
        Cell(Comparison("readers", 1, "ann", "bob"), UNSURE, EXCLUDED),
        Cell(Comparison("decided", 1), 0, 1),
    ]
    for cell in cells:
        assert state.read_cell(state.write_cell(cell, CLASSES), cell.of.round, CLASSES) == cell
    address = state.write_cell(cells[2], CLASSES)
    assert address == {"round": "1", "compare": "decided", "row": "sad", "column": "happy"}
    for wrong in ({"row": "joy"}, {"compare": "x"}, {"column": ""}):
        assert state.read_cell(address | wrong, 1, CLASSES) is None
