import pytest
import torch

from scn_core.errors import UsageError
from scn_core.scn.backbones import backbone_names, build_backbone
from scn_core.scn.model import SelfCureNetwork

# Families differ in how the classifier hangs on, in auxiliary outputs and in the sizes they take.
BACKBONES = [
    ("resnet18", 48),
    ("resnet50", 48),
    ("vgg16", 48),
    ("mobilenet_v3_small", 48),
    ("squeezenet1_1", 48),
    ("efficientnet_b0", 48),
    ("googlenet", 48),
    ("vit_b_16", 48),
]


@pytest.mark.parametrize(("backbone", "side"), BACKBONES)
def test_any_backbone_gives_logits_alpha_and_gradients(backbone: str, side: int) -> None:
    torch.manual_seed(0)
    model = SelfCureNetwork(backbone, 7, image_size=side)
    output = model(torch.randn(2, 3, side, side))
    assert output.logits.shape == (2, 7)
    assert output.alpha.shape == (2,)
    assert output.features.shape == (2, model.feature_count)
    assert ((output.alpha > 0) & (output.alpha < 1)).all()
    (output.logits.sum() + output.alpha.sum()).backward()
    learning = [p for p in model.parameters() if p.grad is not None]
    assert len(learning) == len(list(model.parameters()))


def test_names_cover_torchvision() -> None:
    assert {"resnet18", "resnet50", "vgg16", "mobilenet_v3_small", "vit_b_16"} <= set(backbone_names())


def test_unknown_backbone_lists_the_known() -> None:
    with pytest.raises(UsageError, match=r"--backbone: found 'resnet17'; allowed: .*resnet18"):
        build_backbone("resnet17", 48)


def test_size_a_backbone_cannot_take_is_explained() -> None:
    with pytest.raises(UsageError, match=r"--image-size: found 50; vit_b_16"):
        build_backbone("vit_b_16", 50)


def test_feature_count_leaves_batch_statistics_untouched() -> None:
    backbone, _ = build_backbone("resnet18", 48)
    mean = backbone.get_buffer("bn1.running_mean")
    assert (mean == 0).all()
    assert backbone.training


def test_fixed_margin_is_a_number_and_a_learned_one_a_parameter_of_the_head() -> None:
    fixed = SelfCureNetwork("resnet18", 7, image_size=48, margin_rank=0.07)
    learned = SelfCureNetwork("resnet18", 7, image_size=48, margin_rank=0.07, learn_margin=True)
    assert fixed.margin_rank == 0.07
    assert learned.margin_rank_now == pytest.approx(0.07, abs=1e-5)
    assert [len(group) for group in fixed.parameter_groups()] == [62, 2, 0]
    assert [len(group) for group in learned.parameter_groups()] == [62, 2, 1]


def test_groups_together_are_all_parameters_once() -> None:
    model = SelfCureNetwork("resnet18", 7, image_size=48, learn_margin=True)
    split = [id(p) for group in model.parameter_groups() for p in group]
    assert sorted(split) == sorted(id(p) for p in model.parameters())
