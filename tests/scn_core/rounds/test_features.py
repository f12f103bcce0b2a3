"""Features of a round: written and opened, faces that are alike against a slow reference, damage, faces erased."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from scn_core.errors import WorkspaceError
from scn_core.rounds.features import (
    BLOCK_ROWS,
    Features,
    alike,
    blocks_of,
    forget_features,
    open_features,
    write_features,
)
from scn_core.workspace.folder import Workspace
from tests.scn_core.rounds.test_artifacts import DAMAGES

IDS = np.array([2, 3, 7, 9, 10, 40], np.int64)


def unit(rows: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(rows.astype(np.float64), axis=1, keepdims=True)
    made: np.ndarray = np.divide(rows, lengths, out=np.zeros(rows.shape), where=lengths > 0).astype(np.float16)
    return made


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    (tmp_path / "workspace.toml").write_text("")
    workspace = Workspace(tmp_path)
    folder = workspace.round_folder(1)
    folder.mkdir(parents=True)
    np.savez(folder / "faces.npz", sample_id=IDS)
    values = unit(np.array([[1, 0, 0], [0.9, 0.1, 0], [0, 0, 0], [0, 1, 0], [-1, 0, 0], [1, 1, 0]]))
    write_features(folder, values.shape, (values[part] for part in (slice(0, 4), slice(4, 6))))
    return workspace


def opened(place: Workspace) -> Features:
    found = open_features(place, 1)
    assert found is not None
    return found


def test_features_are_read_as_they_were_written_and_known_by_sample_id(place: Workspace) -> None:
    features = opened(place)
    assert features.values.shape == (6, 3)
    assert [features.row(number) for number in (2, 9, 40)] == [0, 3, 5]
    assert [features.row(number) for number in (7, 1, 41, 8)] == [None] * 4, "no features, or no such face"
    rows, cosines = alike(features, 0, 10)
    assert features.sample_id[rows].tolist() == [3, 40, 9, 10], "neither itself nor the face without features"
    assert cosines == pytest.approx([0.9939, 0.7071, 0, -1], abs=1e-3)
    assert alike(features, 0, 0)[0].tolist() == []


@given(
    st.integers(1, 6).flatmap(
        lambda width: st.integers(1, 30).flatmap(
            lambda count: arrays(np.int8, (count, width), elements=st.integers(-2, 2))
        )
    ),
    st.integers(0, 29),
    st.integers(0, 31),
)
def test_alike_faces_are_those_of_a_slow_reference(drawn: np.ndarray, row: int, count: int) -> None:
    values = unit(drawn)
    row %= len(values)
    features = Features(np.arange(len(values)), values)
    exact = [float(np.dot(values[row].astype(np.float64), each.astype(np.float64))) for each in values]
    others = [place for place in range(len(values)) if place != row and values[place].any()]
    rows, cosines = alike(features, row, count)
    assert len(rows) == len(set(rows.tolist())) == min(count, len(others))
    assert set(rows.tolist()) <= set(others)
    assert cosines == pytest.approx(sorted((exact[each] for each in others), reverse=True)[: len(rows)], abs=1e-5)
    assert cosines == pytest.approx([exact[each] for each in rows], abs=1e-5)


def test_faces_are_found_beyond_the_first_block() -> None:
    values = unit(np.random.default_rng(0).standard_normal((2 * BLOCK_ROWS + 7, 8)))
    values[-1] = values[3]
    assert [part.stop - part.start for part in blocks_of(values)] == [BLOCK_ROWS, BLOCK_ROWS, 7]
    rows, _ = alike(Features(np.arange(len(values)), values), 3, 50)
    exact = values.astype(np.float64) @ values[3].astype(np.float64)
    exact[3] = -2
    assert rows[0] == len(values) - 1
    assert set(rows.tolist()) == set(np.argsort(-exact)[:50].tolist())


@pytest.mark.parametrize("name", ["features.npy", "faces.npz"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_no_features_and_nothing_is_made_of_it(name: str, damage: str, place: Workspace) -> None:
    DAMAGES[damage](place.round_folder(1) / name)
    assert open_features(place, 1) is None
    forget_features(place.round_folder(1), [3])


def test_faces_that_are_forgotten_leave_zeros_and_the_others_as_they_were(place: Workspace) -> None:
    before = np.array(opened(place).values)
    forget_features(place.round_folder(1), [3, 40, 1_000])
    after = opened(place)
    assert not after.values[[1, 5]].any()
    assert np.array_equal(after.values[[0, 2, 3, 4]], before[[0, 2, 3, 4]])
    assert after.row(3) is None


def test_what_cannot_be_written_leaves_the_file_as_it_was(place: Workspace) -> None:
    def stop() -> np.ndarray:
        raise WorkspaceError("stopped")

    blocks: list[Callable[[], np.ndarray]] = [lambda: np.zeros((2, 3), np.float16), stop]
    with pytest.raises(WorkspaceError):
        write_features(place.round_folder(1), (6, 3), (each() for each in blocks))
    assert opened(place).row(2) == 0
    assert sorted(path.name for path in place.round_folder(1).iterdir()) == ["faces.npz", "features.npy"]
