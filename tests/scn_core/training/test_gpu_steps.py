"""A step on a GPU: it never waits for the device, and recorded or compiled it comes to the same."""

import dataclasses
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
import torch

from scn_core.config import TrainSettings
from scn_core.errors import TrainingError
from scn_core.scn.model import SelfCureNetwork
from scn_core.training.data import TrainingData
from scn_core.training.distributed import within_memory
from scn_core.training.graphs import StepGraph
from scn_core.training.loop import Training

SETTINGS = TrainSettings(
    image_size=32, epochs=3, batch_size=32, precision="fp32", device="cuda", relabel="auto", relabel_from=1
)


pytestmark = [
    # Said once a process, by torch itself: that the mode does not see every wait; that fp32 could be less exact.
    pytest.mark.filterwarnings("ignore:Synchronization debug mode"),
    pytest.mark.filterwarnings("ignore:TensorFloat32 tensor cores"),
]


@pytest.fixture
def exact() -> Iterator[None]:
    """Convolutions in fp32 as such: TF32 rounds so coarsely that two orders of the same sum drift apart."""
    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False
    yield
    torch.backends.cudnn.allow_tf32 = before


def training(data: TrainingData, folder: Path, **changes: object) -> Training:
    settings = dataclasses.replace(SETTINGS, **changes)  # type: ignore[arg-type]
    folder.mkdir(exist_ok=True)
    torch.manual_seed(0)
    return Training(settings, data, SelfCureNetwork("resnet18", 4, image_size=32), folder)


@pytest.mark.gpu
@pytest.mark.parametrize("changes", [{}, {"precision": "bf16"}, {"mixup": 0.4, "average_weights": 0.9}])
def test_a_step_never_waits_for_the_device(data: TrainingData, tmp_path: Path, changes: dict[str, object]) -> None:
    job = training(data, tmp_path, resident="device", cuda_graphs=False, **changes)
    job.model.train()
    batches = job.faces.batches(job.faces.shuffled(32, job.generator))
    for weighting in (False, True):
        job.step(*next(batches), weighting=weighting)  # what is set up once may wait
    torch.cuda.set_sync_debug_mode("error")
    try:
        for weighting in (False, True, True):
            job.step(*next(batches), weighting=weighting)
    finally:
        torch.cuda.set_sync_debug_mode("default")


@pytest.mark.gpu
@pytest.mark.usefixtures("exact")
def test_a_recorded_step_averages_weights_as_any_other_does(data: TrainingData, tmp_path: Path) -> None:
    """What is kept of the average changes from step to step, so a recording must not hold on to it."""
    jobs = [
        training(data, tmp_path / str(graphs), average_weights=0.99, cuda_graphs=graphs) for graphs in (False, True)
    ]
    plain, recorded = (job.run(on_epoch=lambda report: None) for job in jobs)
    assert jobs[0].average is not None
    assert jobs[1].average is not None
    pairs = zip(jobs[0].average.model.parameters(), jobs[1].average.model.parameters(), strict=True)
    for one, other in pairs:
        torch.testing.assert_close(other, one, atol=2e-3, rtol=0)
    torch.testing.assert_close(recorded.alpha, plain.alpha, atol=2e-3, rtol=0)


@pytest.mark.gpu
def test_a_full_gpu_is_said_to_be_full(data: TrainingData, tmp_path: Path) -> None:
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction(1e-4)
    try:
        with (
            pytest.raises(
                TrainingError, match=r"out of memory .*smaller --batch-size or --image-size, or .*--resident file"
            ),
            within_memory(),
        ):
            training(data, tmp_path, resident="device").run(on_epoch=lambda report: None)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)


@pytest.mark.gpu
@pytest.mark.usefixtures("exact")
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"resident": "pinned"},
        {"resident": "file"},
        {"mixup": 0.4, "average_weights": 0.9},
        {"learn_margin_rank": True, "label_smoothing": 0.1},
        {"precision": "bf16"},
    ],
)
def test_recorded_or_not_a_training_comes_to_the_same(
    data: TrainingData, tmp_path: Path, changes: dict[str, object]
) -> None:
    plain, other = (
        training(data, tmp_path / str(recorded), cuda_graphs=recorded, **changes).run(on_epoch=lambda report: None)
        for recorded in (False, True)
    )
    assert (plain.labels == other.labels).float().mean() > 0.97
    torch.testing.assert_close(other.alpha, plain.alpha, atol=2e-3, rtol=0)
    torch.testing.assert_close(other.mean, plain.mean, atol=2e-3, rtol=0)


@pytest.mark.gpu
@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")  # of torch's own compiler
@pytest.mark.usefixtures("exact")
def test_a_compiled_step_has_the_same_gradient(data: TrainingData, tmp_path: Path) -> None:
    """Of the first step: after some, AdamW has made of the last digit of a gradient near 0 a whole step."""
    plain, merged = (training(data, tmp_path / str(it), compile=it, cuda_graphs=False) for it in (False, True))
    for job in (plain, merged):
        job.model.train()
        job.step(*next(job.faces.batches(job.faces.shuffled(32, job.generator.manual_seed(0)))), weighting=True)
    for name, weight in plain.model.named_parameters():
        one, other = weight.grad, merged.model.get_parameter(name).grad
        assert one is not None
        assert other is not None
        assert (one - other).norm() < 0.03 * one.norm() + 1e-6, name


@pytest.mark.gpu
def test_a_step_that_waits_for_the_device_says_how_to_train() -> None:
    """In a process of its own: torch's generators are of no use afterwards."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        assert "train with --no-cuda-graphs" in pool.submit(recorded_while_it_waits).result(timeout=300)


def recorded_while_it_waits() -> str:
    """What recording a step that waits for the device is refused with."""
    graph = StepGraph(lambda rows, pixels: print(pixels.float().mean().item()), torch.Generator("cuda"))
    rows, pixels = torch.arange(4, device="cuda"), torch.zeros(4, 8, 8, 3, device="cuda")
    try:
        for _ in range(6):
            graph(rows, pixels)
    except TrainingError as error:
        return str(error)
    return "it was recorded"
