"""The command for a GPU, on a machine without one: real processes, everything shrunk."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.ferplus_protocol import trained
from benchmarks.gpu.__main__ import Result
from benchmarks.gpu.host_time import STEPS
from benchmarks.gpu.part import PARTS
from benchmarks.gpu.plan import Plan
from benchmarks.gpu.report import describe
from benchmarks.gpu.whole_round import kind_of, one_round
from scn_core.config import TrainSettings
from scn_core.training.data import TrainingData
from tests.scn_core.forks import run_forked

REPOSITORY = Path(__file__).parents[2]


def run(out: Path, *arguments: str) -> tuple[int, dict[str, Any], str]:
    """Exit code, gpu.json and standard output of `python -m benchmarks.gpu OUT --dry-run ...`."""
    done = run_forked(REPOSITORY / "benchmarks" / "gpu" / "__main__.py", out, "--dry-run", *arguments)
    return done.code, json.loads((out / "gpu.json").read_text(encoding="utf-8")), done.out


def test_a_part_runs_in_a_process_of_its_own_and_leaves_its_figures(tmp_path: Path) -> None:
    code, found, said = run(tmp_path, "--only", "machine", "--json")
    assert code == 0
    assert json.loads(said) == found
    assert found["ended"]
    machine = found["parts"]["machine"]
    assert machine["ended"]["returned"] == 0
    assert machine["machine"]["device"].startswith("cpu")
    assert machine["limits, fp32"]["flops"]["n"] >= 5


def test_without_time_every_part_is_named_as_not_measured(tmp_path: Path) -> None:
    code, found, said = run(tmp_path, "--minutes", "0")
    assert code == 0
    assert list(found["parts"]) == list(PARTS)
    assert said.count("not measured: ended: no time was left") == len(PARTS)


def test_what_a_part_found_before_it_failed_is_kept_and_told(tmp_path: Path) -> None:
    result = Result(tmp_path / "gpu.json", dry_run=True)
    result.add("places", "--resident device", {"error": "RuntimeError: full"})
    result.add("places", "ended", {"returned": -9, "said": "killed"})
    result.end()
    assert not result.whole()
    assert json.loads((tmp_path / "gpu.json").read_text()) == result.values
    text = describe(result.values)
    assert "failed: --resident device: RuntimeError: full" in text
    assert "the part ended with -9: killed" in text


def test_a_failed_test_makes_the_run_fail(tmp_path: Path) -> None:
    result = Result(tmp_path / "gpu.json", dry_run=True)
    result.add("tests", "tests", {"passed": 1, "failed": {"test_x": "assert False"}, "skipped": 0})
    result.add("tests", "ended", {"returned": 0})
    assert not result.whole()
    assert "failed: test_x: assert False" in describe(result.values)


def test_kernels_are_told_apart_by_their_names() -> None:
    assert kind_of("sm90_xmma_fprop_implicit_gemm_bf16") == "convolutions and matrix products"
    assert kind_of("void at::native::batch_norm_transform_input_channels_last_kernel") == "batch normalisation"
    assert kind_of("max_pool_forward_nhwc") == "pooling"
    assert kind_of("vectorized_elementwise_kernel") == "the rest"


def test_a_round_says_where_its_time_went(tmp_path: Path) -> None:
    found = one_round(Plan(str(tmp_path), math.inf, dry_run=True), {"image_size": 112, "batch_size": 1024})
    host = found["host"]
    assert list(host) == [*STEPS, "all else"]
    assert min(host.values()) > 0
    assert sum(host.values()) == pytest.approx(found["seconds"])
    assert found["metrics"]["val_accuracy"] is not None
    result = {"seconds": 1, "dry_run": True, "parts": {"round": {"round, batch 1024": found}}}
    assert "140 faces, 4 epochs" in describe(result)


def test_epochs_without_a_clean_pass_are_no_obstacle_to_the_protocol(capsys: pytest.CaptureFixture[str]) -> None:
    """Of 4 epochs, the first and the last have one."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (48, 32, 32, 3), np.uint8)
    rows, labels = np.arange(48), rng.integers(0, 4, 48)
    settings = TrainSettings(image_size=32, epochs=4, batch_size=16, backbone="shufflenet_v2_x0_5", device="cpu")
    data = TrainingData(pixels, rows[:32], labels[:32], rows[32:], labels[32:])
    run = trained(data, labels[:32], settings, 4, "tiny")
    known = [epoch["val_accuracy"] for epoch in run["epochs"]]
    assert (known[1], known[2]) == (None, None)
    assert (run["accuracy"], run["best_epoch"]) == (known[3], max(known[0], known[3]))
    assert [line.split(",")[0] for line in capsys.readouterr().err.splitlines()] == ["tiny: epoch 1", "tiny: epoch 4"]


def test_recordings_are_trained_without_what_draws_and_counts_them() -> None:
    """A machine that only trains has no browser, plotly or cleanlab."""
    without = "import sys; sys.modules.update(dict.fromkeys(['plotly', 'playwright', 'cleanlab']))"
    program = f"{without}; import benchmarks.label_cleaning"
    done = run_forked("-c", program)
    assert done.code == 0, done.err
