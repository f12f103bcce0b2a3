"""`make demo` opens what there is, and goes on with a training that was stopped."""

from __future__ import annotations

import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]


def test_a_demo_whose_training_was_stopped_is_resumed(tmp_path: Path) -> None:
    venv, demo = tmp_path / "venv", tmp_path / "demo"
    (venv / "bin").mkdir(parents=True)
    python = venv / "bin" / "python"
    python.write_text('#!/bin/sh\necho "ran $@"\n')  # says what make would run
    python.chmod(0o755)
    (venv / ".run").touch()
    demo.mkdir()
    (demo / "workspace.toml").touch()

    def trained() -> str:
        (demo / ".ready").unlink(missing_ok=True)
        command = ["make", "--silent", f"VENV={venv}", f"DEMO={demo}", "demo"]
        said = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
        return next(line for line in said.splitlines() if " train " in line)

    assert trained() == f"ran -m scn_core train {demo} --image-size 64 --epochs 12 --batch-size 64"
    (demo / "rounds" / "0001").mkdir(parents=True)
    (demo / "rounds" / "0001" / "checkpoint.pt").touch()
    assert trained() == f"ran -m scn_core train {demo} --resume"
