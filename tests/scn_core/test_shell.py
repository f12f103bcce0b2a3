import ast
import re
import shlex
from pathlib import Path

import pytest

from scn_core.rounds.draw_map import WITHOUT
from scn_core.shell import command_line, install_extra, packages_of_extra

ROOT = Path(__file__).parents[2]


def test_a_shell_reads_back_every_word() -> None:
    path = Path("my set #2/it's $HOME; `x`")
    words = shlex.split(command_line("train", path, "--resume"))
    assert words == ["python", "-m", "scn_core", "train", str(path), "--resume"]


def test_plain_words_stay_as_they_are() -> None:
    shown = command_line("person", "add", Path("work/faces"), "NAME", program="review_app")
    assert shown == "python -m review_app person add work/faces NAME"


def test_the_installed_command_names_the_installed_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["/usr/local/bin/scn-review", "serve"])
    assert command_line("train", Path("ws")) == "scn train ws"
    assert command_line("serve", Path("ws"), program="review_app") == "scn-review serve ws"


def test_a_path_is_never_read_as_an_option() -> None:
    assert command_line("train", Path("-x"), "--resume") == "python -m scn_core train ./-x --resume"


def test_what_an_extra_brings_is_named_by_its_packages() -> None:
    """The package's own name is on no index, so that it cannot be installed by it, and anybody may register it."""
    metadata = ["numpy>=2.0", "streamlit[auth]>=1.67", 'torch>=2.11; extra == "train"', 'numpy>=2.0; extra == "train"']
    metadata += ["openTSNE>=1.0.2; extra == 'map'"]
    assert packages_of_extra(metadata, "train") == ["torch>=2.11"]
    assert packages_of_extra(metadata, "map") == ["openTSNE>=1.0.2"]
    assert install_extra("map", "requirements-map.txt") == "pip install -r requirements-map.txt"
    assert "self-cure-labels" not in install_extra("map", "no such file")
    assert f"; {install_extra('map', 'requirements-map.txt')}, then" in WITHOUT
    files = [*(ROOT / "docs").rglob("*.md"), ROOT / "README.md", ROOT / "data" / "README.md", ROOT / "CHANGELOG.md"]
    files += [source for package in ("scn_core", "review_app") for source in (ROOT / package).rglob("*.py")]
    assert [str(file) for file in files if "self-cure-labels[" in file.read_text(encoding="utf-8")] == []


def test_no_message_puts_an_unquoted_word_into_a_command() -> None:
    wrong = [
        f"{source.relative_to(ROOT)}, line {text.lineno}"
        for package in ("scn_core", "review_app")
        for source in (ROOT / package).rglob("*.py")
        for text in ast.walk(ast.parse(source.read_text(encoding="utf-8")))
        if isinstance(text, ast.JoinedStr) and _has_value_after_command(text)
    ]
    assert not wrong, "use scn_core.shell.command_line"


def _has_value_after_command(text: ast.JoinedStr) -> bool:
    within = False
    for part in text.values:
        if isinstance(part, ast.FormattedValue) and within:
            return True
        if isinstance(part, ast.Constant):
            *_, last = re.split(r"python -m (?:scn_core|review_app)\b", str(part.value))
            within = last != part.value and "`" not in last
    return False
