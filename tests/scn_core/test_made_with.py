"""Which commit made a round."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from scn_core.made_with import commit_of_checkout, versions


def test_what_is_known_of_this_program() -> None:
    commit = versions()["commit"]
    assert commit is None or re.fullmatch(r"[0-9a-f]{40}(-dirty)?", commit)


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_a_package_in_the_checkout_of_another_project_is_of_none_of_its_commits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):  # of a hook that runs the tests
        monkeypatch.delenv(name, raising=False)

    def git(*words: str) -> str:
        who = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
        command = ["git", "-C", str(tmp_path), *who, *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    package = tmp_path / "package"
    package.mkdir()
    (package / "__init__.py").touch()
    assert commit_of_checkout(package) is None
    git("init", "-q")
    git("commit", "-q", "--allow-empty", "-m", "of another project")
    assert commit_of_checkout(package) is None
    git("add", ".")
    git("commit", "-q", "-m", "of the package")
    assert commit_of_checkout(package) == git("rev-parse", "HEAD")
    (package / "__init__.py").write_text("changed", encoding="utf-8")
    assert commit_of_checkout(package) == f"{git('rev-parse', 'HEAD')}-dirty"
