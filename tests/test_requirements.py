"""What the files of requirements say fits together, and reviewing needs no torch."""

from __future__ import annotations

import tomllib
from importlib.metadata import distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]


def packages(name: str) -> list[str]:
    """The lines of a file of requirements."""
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def test_running_needs_what_reviewing_needs_and_torch() -> None:
    running, reviewing = packages("requirements.txt"), packages("requirements-review.txt")
    assert [line for line in running if line not in reviewing] == ["torch>=2.11", "torchvision>=0.26"]
    assert [line for line in running if line in reviewing] == reviewing


LOCKED = {
    canonicalize_name(name): version for name, version in (line.split("==") for line in packages("requirements.lock"))
}


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_what_running_and_developing_need_is_locked(name: str) -> None:
    wanted = {canonicalize_name(Requirement(line).name) for line in packages(name)}
    assert wanted - LOCKED.keys() == set()


def test_what_is_locked_fits_together() -> None:
    """As far as it is installed: pip would refuse the rest."""
    wrong = [
        f"{each.name} needs {need.name}{need.specifier}, locked is {LOCKED[name]}"
        for each in distributions()
        if LOCKED.get(canonicalize_name(each.name)) == each.version
        for need in map(Requirement, each.requires or ())
        if (name := canonicalize_name(need.name)) in LOCKED and (need.marker is None or need.marker.evaluate())
        if not need.specifier.contains(LOCKED[name], prereleases=True)
    ]
    assert wrong == []


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
