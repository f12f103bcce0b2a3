from __future__ import annotations

import pytest
from sqlite_utils import Database

from scn_core.errors import WorkspaceError
from scn_core.store.people import ensure_person


def test_a_person_is_added_once_and_keeps_the_role(empty: Database) -> None:
    ann = ensure_person(empty, " Ann ", "annotator")
    assert (ann.name, ann.role) == ("Ann", "annotator")
    assert ensure_person(empty, "ANN", "lead") == ann
    assert empty["person"].count == 1


@pytest.mark.parametrize(("name", "role"), [("  ", "lead"), ("ann", "owner")])
def test_a_blank_name_and_an_unknown_role_are_refused(empty: Database, name: str, role: str) -> None:
    with pytest.raises(WorkspaceError, match=r"name is not blank|role is annotator or lead"):
        ensure_person(empty, name, role)  # type: ignore[arg-type]
