"""Small pictures drawn on the spot. No photograph of a person is ever needed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

Draw = Callable[..., Path]


@pytest.fixture
def draw(tmp_path: Path) -> Draw:
    """draw('a/b.jpg', 3) writes picture number 3: the same number gives the same bytes, another number others."""

    def _draw(path: str, number: int = 0, size: tuple[int, int] = (24, 24), root: Path = tmp_path) -> Path:
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        noise = np.random.default_rng(number).integers(0, 256, (4, 4, 3), np.uint8)
        Image.fromarray(noise).resize(size, Image.Resampling.BILINEAR).save(file)
        return file

    return _draw


@pytest.fixture
def table(tmp_path: Path, draw: Draw) -> Callable[[list[str]], Path]:
    """table(['happy', 'sad']) writes labels.csv with one train picture a label, 0.png, 1.png, ..."""

    def _table(labels: list[str]) -> Path:
        lines = ["path,split,label"]
        for number, label in enumerate(labels):
            draw(f"{number}.png", number)
            lines.append(f"{number}.png,train,{label}")
        file = tmp_path / "labels.csv"
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return file

    return _table
