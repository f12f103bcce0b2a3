from pathlib import Path

import numpy as np
import torch
from PIL import Image

from scn_core.bench.baseline import PlainLoop
from scn_core.scn.model import SelfCureNetwork


def loop(folder: Path, workers: int = 0) -> PlainLoop:
    paths, labels = [], []
    for number in range(12):
        shade = np.full((20, 20, 3), 20 if number % 2 else 230, np.uint8)
        paths.append(folder / f"{number}.png")
        Image.fromarray(shade).save(paths[-1])
        labels.append(number % 2)
    torch.manual_seed(0)
    model = SelfCureNetwork("squeezenet1_1", 2, image_size=32)
    device = torch.device("cpu")
    return PlainLoop(paths, labels, model, side=32, batch_size=4, device=device, workers=workers)


def test_the_plain_loop_trains_on_every_picture(tmp_path: Path) -> None:
    plain = loop(tmp_path)
    before = [parameter.detach().clone() for parameter in plain.model.parameters()]
    loss, correct = plain.epoch(relabel=False)
    assert loss > 0
    assert correct in {share / 12 for share in range(13)}
    assert plain.faces.labels == [0, 1] * 6
    assert any(not torch.equal(*pair) for pair in zip(before, plain.model.parameters(), strict=True))


def test_it_relabels_in_place_what_it_predicts_with_certainty(tmp_path: Path) -> None:
    plain = loop(tmp_path)
    certain = torch.tensor([[0.9, 0.1], [0.9, 0.1], [0.55, 0.45]])
    plain._relabel(certain, torch.tensor([1, 0, 1]), torch.tensor([5, 2, 3]))
    assert plain.faces.labels == [0, 1, 0, 1, 0, 0, 0, 1, 0, 1, 0, 1]
