import ast
import itertools
import json
import pwd
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from review_app.cli import cli as review_cli
from scn_core.cli.main import cli
from scn_core.rounds.draw_map import WITHOUT
from scn_core.shell import (
    command_elsewhere,
    command_line,
    install_extra,
    install_torch,
    note_start,
    packages_of_extra,
    this_command,
)

ROOT = Path(__file__).parents[2]


_PROGRAMS: dict[str, click.Group] = {"scn_core": cli, "review_app": review_cli}


def test_a_shell_reads_back_every_word() -> None:
    path = Path("my set #2/it's $HOME; `x`")
    words = shlex.split(command_line("train", path, "--resume"))
    assert words == ["python", "-m", "scn_core", "train", str(path), "--resume"]


def test_plain_words_stay_as_they_are() -> None:
    shown = command_line("person", "add", Path("work/faces"), "NAME", program="review_app")
    assert shown == "python -m review_app person add work/faces NAME"


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the installed commands; this process is one of them, and in the search path of no shell."""
    for name in ("scn", "scn-review"):
        (tmp_path / name).touch(mode=0o755)
    monkeypatch.setattr("sys.argv", [str(tmp_path / "scn-review"), "serve"])
    monkeypatch.delenv("SCN_COMMANDS", raising=False)
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    return tmp_path


def test_the_installed_command_names_the_installed_commands(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(installed))
    assert command_line("train", Path("ws")) == "scn train ws"
    assert command_line("serve", Path("ws"), program="review_app") == "scn-review serve ws"


def test_an_installed_command_that_no_shell_finds_is_named_with_its_path(
    installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert command_line("train", Path("ws")) == f"{installed}/scn train ws"
    assert install_extra("train", "requirements.txt").startswith(f"{installed}/pip install ")
    monkeypatch.setenv("SCN_COMMANDS", "")  # for pytest to put back
    note_start()
    monkeypatch.setattr("sys.argv", ["-m", "serve", "--behind-hub", "3"])
    assert command_line("train", Path("ws")) == f"{installed}/scn train ws"


def test_a_command_is_named_by_the_link_that_it_was_started_by(
    installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `current`, which points to another version after an upgrade. Streamlit puts where it leads into sys.argv."""
    current = installed / "current"
    current.symlink_to(installed)
    monkeypatch.setenv("SCN_COMMANDS", "")  # for pytest to put back
    monkeypatch.setattr("sys.argv", [str(current / "scn-review"), "serve", "ws"])
    note_start()
    monkeypatch.setattr("sys.argv", [str((current / "scn-review").resolve()), "serve", "ws"])
    assert command_line("restore", Path("ws")) == f"{current}/scn restore ws"
    assert this_command() == f"{current}/scn-review serve ws"


@pytest.mark.skipif(sys.platform != "linux", reason="the numbers of users are those of Linux")
def test_commands_of_the_user_of_a_service_are_run_as_that_user(
    installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1)
    assert command_line("train", Path("ws")) == f"sudo -u {pwd.getpwuid(1).pw_name} {installed}/scn train ws"


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


def test_torch_is_installed_as_the_documents_say(
    installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the folder that this was installed from, with its lock; and from a checkout."""
    source = tmp_path / "my source"
    source.mkdir()
    told = installed / "self_cure_labels-0.dist-info"
    told.mkdir()
    (told / "METADATA").write_text("Metadata-Version: 2.1\nName: self-cure-labels\nVersion: 0\n", encoding="utf-8")
    (told / "direct_url.json").write_text(json.dumps({"url": source.as_uri(), "dir_info": {}}), encoding="utf-8")
    monkeypatch.syspath_prepend(str(installed))
    assert "requirements.lock" not in install_torch()
    (source / "requirements.lock").touch()
    words = shlex.split(install_torch())
    assert words[:5] == [f"{installed}/pip", "install", "-c", f"{source}/requirements.lock", f"{source}[train],"]
    monkeypatch.setattr("sys.argv", ["pytest"])
    assert install_torch().startswith("pip install -c requirements.lock -r requirements.txt, ")
    assert "docs/administration.md, Installing on a server" in install_torch()
    assert "\n## Installing on a server\n" in (ROOT / "docs/administration.md").read_text(encoding="utf-8")


def test_a_command_for_another_machine_names_nothing_of_this_one(installed: Path) -> None:
    assert command_elsewhere("round", "run", Path("job.zip")) == "scn round run job.zip"


def test_printed_commands_have_all_that_they_need() -> None:
    """Whatever a message says to paste is taken by the program, but for the words in capitals."""
    seen, wrong = 0, []
    for package in ("scn_core", "review_app"):
        for source in (ROOT / package).rglob("*.py"):
            tree = ast.parse(source.read_text(encoding="utf-8"))
            for words, program in _printed_commands(tree):
                seen += 1
                try:
                    _parse(_PROGRAMS[program], words)
                except click.ClickException as error:
                    wrong.append(f"{source.relative_to(ROOT)}: {' '.join(words)}: {error.format_message()}")
    assert seen > 30
    assert wrong == []


def _parse(command: click.Command, words: list[str]) -> None:
    while isinstance(command, click.Group):
        command, words = command.commands[words[0]], words[1:]
    command.make_context("", list(words))


def _printed_commands(tree: ast.AST) -> Iterator[tuple[list[str], str]]:
    """Of the calls of command_line, with "x" for what is only known later, and with the options written after them."""
    after: dict[ast.AST, str] = {}
    for text in ast.walk(tree):
        if isinstance(text, ast.JoinedStr):
            for part, rest in itertools.pairwise(text.values):
                if isinstance(part, ast.FormattedValue) and isinstance(rest, ast.Constant):
                    found = re.match(r"((?: (?:--[a-z-]+|[A-Z]+)\b)*)(?! $)", str(rest.value))
                    after[part.value] = found[1] if found else ""
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call) or getattr(call.func, "id", "") not in ("command_line", "command_elsewhere"):
            continue
        words = [str(each.value) if isinstance(each, ast.Constant) else "x" for each in call.args]
        named = [each.value.value for each in call.keywords if isinstance(each.value, ast.Constant)]
        program = str(named[0]) if named else "scn_core"
        group = isinstance(_PROGRAMS[program].commands.get(words[0]), click.Group)
        if not any(isinstance(each, ast.Starred) for each in call.args) and not (group and words[1] == "x"):
            yield words + after.get(call, "").split(), program


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
