"""How many threads torch gets."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from scn_core.cli.threads import others_at_work, settle_threads, usable_cores
from scn_core.training.device import putting_threads_back

BOUND = len(os.sched_getaffinity(0))


def group(root: Path, path: str, **files: str) -> None:
    folder = root / path
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)


def process_in(tmp_path: Path, *lines: str) -> Path:
    (tmp_path / "self").write_text("\n".join(lines) + "\n")
    return tmp_path / "self"


@pytest.mark.parametrize(
    ("said", "cores"),
    [
        ("max 100000", BOUND),
        ("50000 100000", 1),
        ("100000 100000", 1),
        ("9900000 100000", min(BOUND, 99)),
        ("?", BOUND),
    ],
)
def test_a_container_gives_its_quota(tmp_path: Path, said: str, cores: int) -> None:
    group(tmp_path / "cg", "a/b", cpu__max=said)
    assert usable_cores(tmp_path / "cg", process_in(tmp_path, "0::/a/b")) == cores


def test_the_quota_of_a_group_around_counts_too(tmp_path: Path) -> None:
    group(tmp_path / "cg", "a", cpu__max="100000 100000")
    group(tmp_path / "cg", "a/b", cpu__max="max 100000")
    assert usable_cores(tmp_path / "cg", process_in(tmp_path, "0::/a/b")) == 1


def test_version_one_says_it_in_two_files(tmp_path: Path) -> None:
    group(tmp_path / "cg", "cpu/docker/x", cpu__cfs_quota_us="100000", cpu__cfs_period_us="100000")
    inside = process_in(tmp_path, "5:memory:/docker/x", "4:cpu,cpuacct:/docker/x")
    assert usable_cores(tmp_path / "cg", inside) == 1
    group(tmp_path / "cg", "cpu/docker/x", cpu__cfs_quota_us="-1")
    assert usable_cores(tmp_path / "cg", inside) == BOUND


def test_where_nothing_is_said_it_is_the_cores_it_is_bound_to(tmp_path: Path) -> None:
    assert usable_cores(tmp_path, tmp_path / "none") == BOUND


@pytest.fixture
def _threads_put_back() -> Iterator[None]:
    with putting_threads_back():
        yield


@pytest.mark.usefixtures("_threads_put_back")
def test_what_the_user_says_stays() -> None:
    environ = {"OMP_NUM_THREADS": "7"}
    settle_threads(environ, busy=lambda: True)
    assert environ == {"OMP_NUM_THREADS": "7"}


@pytest.mark.usefixtures("_threads_put_back")
@pytest.mark.parametrize("busy", [True, False])
def test_one_core_is_left_to_who_else_is_at_work(busy: bool) -> None:
    environ: dict[str, str] = {}
    settle_threads(environ, busy=lambda: busy)
    assert environ == {"OMP_NUM_THREADS": str(max(1, BOUND - busy))}


@pytest.mark.usefixtures("_threads_put_back")
def test_torch_that_is_imported_already_is_told() -> None:
    """As in a notebook that imported it before."""
    more = torch.get_num_threads() + 1
    settle_threads({"OMP_NUM_THREADS": f"{more},2"})
    assert torch.get_num_threads() == more
    settle_threads({"OMP_NUM_THREADS": "many"})
    assert torch.get_num_threads() == more
    settle_threads({}, busy=lambda: False)
    assert torch.get_num_threads() == BOUND


@pytest.mark.parametrize(("runnable", "busy"), [("1", False), ("2", True), ("9", True), ("", False)])
def test_others_are_those_that_run_beside_this_process(tmp_path: Path, runnable: str, busy: bool) -> None:
    (tmp_path / "loadavg").write_text(f"0.52 0.58 0.59 {runnable}/467 12345\n")
    assert others_at_work(tmp_path / "loadavg") == busy
    assert not others_at_work(tmp_path / "none")


def test_a_command_bound_to_one_core_trains_with_one_thread() -> None:
    """A real process, as a scheduler would start it."""
    program = (
        "from scn_core.cli.threads import settle_threads; settle_threads(); import torch; "
        "print(torch.get_num_threads())"
    )
    one = min(os.sched_getaffinity(0))
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={name: value for name, value in os.environ.items() if not name.startswith("OMP_")},
        preexec_fn=lambda: os.sched_setaffinity(0, {one}),
    )
    assert done.stdout.strip() == "1"
