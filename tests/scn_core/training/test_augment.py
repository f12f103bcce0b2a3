import math

import torch
from torch.nn import functional as F

from scn_core.training.augment import AugmentSettings, augment

STILL = AugmentSettings(flip=0, degrees=0, scale=0, shift=0, contrast=0, brightness=0, erase=0)


def pictures(n: int = 16, side: int = 32) -> torch.Tensor:
    return torch.randn(n, 3, side, side, generator=torch.Generator().manual_seed(0))


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_all_ranges_zero_changes_nothing() -> None:
    assert torch.allclose(augment(pictures(), seeded(), STILL), pictures(), atol=1e-4)


def test_flip_one_mirrors_every_face() -> None:
    mirrored = augment(pictures(), seeded(), AugmentSettings(1, 0, 0, 0, 0, 0, 0))
    assert torch.allclose(mirrored, pictures().flip(3), atol=1e-4)


def test_every_face_gets_parameters_of_its_own() -> None:
    same = pictures(1).expand(16, -1, -1, -1)
    changed = augment(same, seeded())
    distances = torch.cdist(changed.flatten(1), changed.flatten(1)) + torch.eye(16) * 1e9
    assert distances.min() > 1


def test_same_generator_same_result_and_input_untouched() -> None:
    source = pictures()
    first = augment(source, seeded(5))
    assert torch.equal(first, augment(source, seeded(5)))
    assert not torch.equal(first, augment(source, seeded(6)))
    assert torch.equal(source, pictures())


def test_shift_stays_within_its_share() -> None:
    """A bright dot in the middle is found again within 4 % of the side (and half a pixel)."""
    dot = torch.zeros(64, 3, 33, 33)
    dot[:, :, 16, 16] = 100
    moved = augment(dot, seeded(), AugmentSettings(flip=0, degrees=0, scale=0, contrast=0, brightness=0, erase=0))
    at = moved.mean(1).flatten(1).argmax(1)
    offset = torch.stack([at // 33 - 16, at % 33 - 16]).abs()
    assert 1 <= offset.max() <= 0.04 * 33 + 0.5


def test_erased_area_is_within_its_bounds_and_inside_the_picture() -> None:
    ones = torch.ones(400, 3, 40, 40)
    settings = AugmentSettings(0, 0, 0, 0, 0, 0, erase=0.5, erase_share=(0.05, 0.15))
    erased = (augment(ones, seeded(), settings) == 0).all(1).float().mean((1, 2))
    assert 0.4 < (erased > 0).float().mean() < 0.6
    assert erased.max() < 0.2
    assert erased[erased > 0].min() > 0.02


def test_brightness_keeps_contrast_and_contrast_keeps_the_mean() -> None:
    bright = augment(pictures(), seeded(), AugmentSettings(0, 0, 0, 0, contrast=0, brightness=0.5, erase=0))
    assert torch.allclose(bright.std((1, 2, 3)), pictures().std((1, 2, 3)), atol=1e-3)
    strong = augment(pictures(), seeded(), AugmentSettings(0, 0, 0, 0, contrast=0.5, brightness=0, erase=0))
    assert torch.allclose(strong.mean((1, 2, 3)), pictures().mean((1, 2, 3)), atol=1e-3)
    assert (strong.std((1, 2, 3)) / pictures().std((1, 2, 3)) - 1).abs().max() > 0.2


def test_faces_move_as_torch_would_move_them() -> None:
    """The grid that the code computes, against torch's own for the same angle, size, shift and mirror."""
    settings = AugmentSettings(contrast=0, brightness=0, erase=0)
    moved = augment(pictures(), seeded(3), settings)
    draw = seeded(3)

    def drawn(low: float, high: float) -> torch.Tensor:
        return torch.rand(16, generator=draw) * (high - low) + low

    angle = drawn(-settings.degrees, settings.degrees) * (math.pi / 180)
    scale = 1 / (1 + drawn(-settings.scale, settings.scale))
    mirror = torch.where(drawn(0, 1) < settings.flip, -1.0, 1.0)
    x, y = (2 * drawn(-settings.shift, settings.shift) for _ in range(2))
    rows = [
        [[c * m, -s, dx], [s * m, c, dy]]
        for c, s, m, dx, dy in zip(angle.cos() * scale, angle.sin() * scale, mirror, x, y, strict=True)
    ]
    grid = F.affine_grid(torch.tensor(rows), [16, 3, 32, 32], align_corners=False)
    wanted = F.grid_sample(pictures(), grid, padding_mode="reflection", align_corners=False)
    torch.testing.assert_close(moved, wanted, atol=1e-4, rtol=0)
