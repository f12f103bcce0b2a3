"""Any torchvision classification model as a feature extractor."""

from __future__ import annotations

import inspect
import warnings

import torch
import torchvision
from torch import Tensor, nn

from scn_core.errors import UsageError, WeightsError, error_text

_IMAGENET_CLASSES = 1000


def backbone_names() -> list[str]:
    """Names `build_backbone` takes: torchvision's classification models, the quantised ones left out."""
    return torchvision.models.list_models(module=torchvision.models)  # type: ignore[no-any-return]


def build_backbone(name: str, image_size: int, *, imagenet: bool = False) -> tuple[nn.Module, int]:
    """A torchvision model whose output is its (N, D) features, and D.

    Args:
        name: one of `backbone_names()`.
        image_size: side of the pictures it will see; some transformers are built for one size.
        imagenet: start from torchvision's ImageNet weights (downloaded by torchvision, or from its cache).

    Raises UsageError for an unknown name or a size the model cannot take, WeightsError if the ImageNet weights
    cannot be had.
    """
    if name not in backbone_names():
        raise UsageError(error_text("--backbone", repr(name), ", ".join(backbone_names())))
    model = _construct(name, image_size, imagenet)
    _cut_classifier(name, model)
    return model, _feature_count(name, model, image_size)


def _construct(name: str, image_size: int, imagenet: bool) -> nn.Module:
    builder = torchvision.models.get_model_builder(name)
    options: dict[str, object] = {}
    if name.startswith("vit"):
        options["image_size"] = image_size
    elif name.startswith("maxvit"):
        options["input_size"] = (image_size, image_size)
    elif "aux_logits" in inspect.signature(builder).parameters or name in ("googlenet", "inception_v3"):
        # Auxiliary classifiers only serve ImageNet training; torchvision drops them itself when loading weights.
        options |= {} if imagenet else {"aux_logits": False, "init_weights": True}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # both aux models warn about slow initialisation
            model = torchvision.models.get_model(name, weights="DEFAULT" if imagenet else None, **options)
    except (ValueError, AssertionError) as error:
        raise UsageError(
            f"--image-size: found {image_size}; {name} cannot be built for it ({error}); try 224"
        ) from error
    except OSError as error:
        raise WeightsError(
            f"--weights imagenet: torchvision could not fetch the weights of {name} ({error}); on a machine without "
            "internet, copy the file from one that has it and pass --weights FILE"
        ) from error
    assert isinstance(model, nn.Module)  # noqa: S101 (tells mypy)
    for aux in ("aux1", "aux2", "AuxLogits"):
        if hasattr(model, aux):
            setattr(model, aux, None)
            model.aux_logits = False  # type: ignore[assignment]
    return model


def _cut_classifier(name: str, model: nn.Module) -> None:
    """Replace the layer that makes the 1000 ImageNet scores by nothing."""
    for path, module in reversed(list(model.named_modules())):
        features = isinstance(module, nn.Linear) and module.out_features == _IMAGENET_CLASSES
        maps = isinstance(module, nn.Conv2d) and module.out_channels == _IMAGENET_CLASSES
        if features or maps:  # maps: SqueezeNet scores by a 1x1 convolution and pools afterwards
            parent, _, leaf = path.rpartition(".")
            setattr(model.get_submodule(parent), leaf, nn.Identity())
            return
    raise UsageError(f"--backbone: {name} has no layer with {_IMAGENET_CLASSES} outputs to replace; choose another")


def _feature_count(name: str, model: nn.Module, image_size: int) -> int:
    training = model.training
    model.eval()
    try:
        with torch.no_grad():
            features: Tensor = model(torch.zeros(1, 3, image_size, image_size))
    except (RuntimeError, AssertionError, ValueError) as error:
        raise UsageError(
            f"--image-size: found {image_size}; {name} cannot take pictures of that side ({error}); try 224"
        ) from error
    finally:
        model.train(training)
    return features.shape[1]
