"""What the files of requirements say fits together, and reviewing needs no torch."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def packages(name: str) -> list[str]:
    """The lines of a file of requirements."""
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def test_running_needs_what_reviewing_needs_and_torch() -> None:
    running, reviewing = packages("requirements.txt"), packages("requirements-review.txt")
    assert [line for line in running if line not in reviewing] == ["torch>=2.11", "torchvision>=0.26"]
    assert [line for line in running if line in reviewing] == reviewing


def test_what_running_needs_is_locked() -> None:
    locked = {re.split("[=@ ]", line)[0].lower().replace("_", "-") for line in packages("requirements.lock")}
    wanted = {re.split(r"[\[<>=]", line)[0].lower() for line in packages("requirements.txt")}
    assert wanted - locked == set()


def test_the_package_alone_is_for_reviewing() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    dynamic = project["tool"]["setuptools"]["dynamic"]
    assert dynamic["dependencies"]["file"] == ["requirements-review.txt"]
    extras = {name: each["file"] for name, each in dynamic["optional-dependencies"].items()}
    assert extras == {
        "review": ["requirements-review.txt"],
        "train": ["requirements.txt"],
        "onnx": ["requirements-onnx.txt"],
        "map": ["requirements-map.txt"],
        "remote": ["requirements-remote.txt"],
        "dev": ["requirements-dev.txt"],
    }
