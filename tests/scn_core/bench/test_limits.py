import pytest
import torch
from torch import nn

from scn_core.bench.limits import MatrixWork, matrix_work


def test_the_roofline_is_arithmetic_or_memory_whichever_takes_longer() -> None:
    work = MatrixWork(((100, 10), (10, 100)))
    assert work.flops == 110
    assert work.least_seconds(flops_per_s=10, bytes_per_s=10) == 10 + 10
    assert work.least_seconds(flops_per_s=100, bytes_per_s=10) == 1 + 10


def test_operations_and_bytes_of_a_step_are_those_of_the_formula() -> None:
    """A linear layer of 5 to 3 on 7 faces: forward, and backward by weight and by input."""
    layer = nn.Linear(5, 3, bias=False)
    faces = torch.rand(7, 5, requires_grad=True)
    work = matrix_work(lambda: layer(faces).sum().backward())
    assert [flops for flops, _ in work.parts] == [2 * 7 * 5 * 3] * 3
    assert {size for _, size in work.parts} == {4 * (7 * 5 + 5 * 3 + 7 * 3)}


def test_convolutions_count_and_what_is_no_matrix_product_does_not() -> None:
    convolution = nn.Conv2d(2, 4, 3, padding=1, bias=False)
    pictures = torch.rand(1, 2, 8, 8)
    work = matrix_work(lambda: convolution(pictures).relu().sum())
    assert work.flops == 2 * 8 * 8 * 4 * 2 * 9
    assert len(work.parts) == 1
    assert matrix_work(lambda: pictures.relu()).flops == pytest.approx(0)
