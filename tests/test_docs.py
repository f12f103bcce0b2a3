"""The documents say what the program does: options, commands, keys, routes, tables and files they name are there.

The table of options in docs/training.md is written from TrainSettings, the rules of review in docs/leading.md from
ReviewSettings, those of backups in docs/workspace.md from BackupSettings, the tables of keys in docs/reviewing.md and
docs/annotating.md from the grid's keys.js, the fields in docs/scripts.md from the functions that check them. After a
change of any:

    PYTHONPATH=. python tests/test_docs.py --write
"""

from __future__ import annotations

import json
import re
import shlex
import sqlite3
import sys
from collections.abc import Iterator
from dataclasses import Field, fields
from pathlib import Path
from typing import Any

import click
import pytest

from review_app import cli as review_cli
from review_app.api.openapi import BODIES, described
from review_app.routes import all_routes
from scn_core.cli import main as cli
from scn_core.config import BackupSettings, ReviewSettings, TrainSettings, allowed, flag
from scn_core.store.connection import create_database

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
DATABASE = ROOT / "docs/database.md"
REVIEWING = ROOT / "docs/reviewing.md"
ANNOTATING = ROOT / "docs/annotating.md"
SCRIPTS = ROOT / "docs/scripts.md"
ADMINISTRATION = ROOT / "docs/administration.md"
LEADING = ROOT / "docs/leading.md"
TRAINING = ROOT / "docs/training.md"
LABELS = ROOT / "docs/labels.md"
WORKSPACE = ROOT / "docs/workspace.md"
DATASETS = ROOT / "data/README.md"
SECURITY = ROOT / "docs/security.md"
WEBHOOKS = ROOT / "docs/webhooks.md"
MODELS, OPINIONS, EXPLORE = (ROOT / "docs" / name for name in ("models.md", "opinions.md", "explore.md"))
TUTORIAL, PAPER = ROOT / "docs/tutorial.md", ROOT / "docs/paper.md"
GUIDES = [README, TUTORIAL, DATASETS, TRAINING, LABELS, LEADING, WORKSPACE, SECURITY, MODELS, OPINIONS, EXPLORE, PAPER]
APP_GUIDES = [REVIEWING, SCRIPTS, ADMINISTRATION, SECURITY, TUTORIAL, WEBHOOKS]
KEYS = ROOT / "review_app/components/review_grid/keys.js"
STATUS = ROOT / "review_app/components/review_grid/status.js"
DOCS = [
    README, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md")), DATASETS,
    ROOT / "benchmarks/README.md",
]  # fmt: skip
BEGIN, END = "<!-- train options -->", "<!-- /train options -->"
BACKUP_BEGIN, BACKUP_END = "<!-- backup options -->", "<!-- /backup options -->"
RULES_BEGIN, RULES_END = "<!-- review options -->", "<!-- /review options -->"
KEYS_BEGIN, KEYS_END = "<!-- keys -->", "<!-- /keys -->"
PILL_BEGIN, PILL_END = "<!-- pill -->", "<!-- /pill -->"
CALL = "python -m scn_core"
REVIEW_CALL = "python -m review_app"

in_every_document = pytest.mark.parametrize("document", DOCS, ids=lambda path: str(path.relative_to(ROOT)))


def train_options() -> str:
    """A markdown table with one row per field of TrainSettings."""
    rows = ["| flag | default | allowed | what it does |", "|---|---|---|---|", *map(option_row, fields(TrainSettings))]
    return "\n".join(rows)


def option_row(setting: Field[Any]) -> str:
    name = f"`{flag(setting.name)}`"
    if isinstance(setting.default, bool):
        name += f", `--no-{flag(setting.name).removeprefix('--')}`"
    default = "none" if setting.default is None else str(setting.default)
    default = default.lower() if isinstance(setting.default, bool) else default
    cells = (name, f"`{default}`", allowed(setting), setting.metadata["help"])
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def with_train_options(text: str) -> str:
    """docs/training.md with its table between the markers as it should be."""
    return between(text, BEGIN, END, train_options())


def with_review_options(text: str) -> str:
    """docs/leading.md with its table of rules as it should be."""
    return between(text, RULES_BEGIN, RULES_END, table_of(ReviewSettings, "rule"))


def with_backup_options(text: str) -> str:
    """docs/workspace.md with its table of [backup] as it should be."""
    return between(text, BACKUP_BEGIN, BACKUP_END, table_of(BackupSettings, "key"))


def table_of(kind: type[ReviewSettings] | type[BackupSettings], head: str) -> str:
    """A markdown table of the settings in a table of workspace.toml."""
    rows = [
        f"| `{each.name}` | `{str(each.default).lower()}` | {allowed(each)} | {each.metadata['help']} |"
        for each in fields(kind)
    ]
    return "\n".join([f"| {head} | default | allowed | what it does |", "|---|---|---|---|", *rows])


def between(text: str, begin: str, end: str, content: str) -> str:
    before, _, rest = text.partition(begin)
    _, _, after = rest.partition(end)
    return f"{before}{begin}\n{content}\n{end}{after}"


def key_rows() -> list[tuple[str, str]]:
    """What is printed on each key of the grid's table, and what it does."""
    text = KEYS.read_text(encoding="utf-8")
    rows = re.findall(r'\(\s*"\w+",\s*\[([^\]]*)\],\s*"([^"]+)",\s*"[^"]+",\s*"([^"]+)"', text)
    spelt = {" ": "Space", "backspace": "Backspace", "?": "?", "mod+z": "Ctrl-Z", "mod+shift+z": "Ctrl-Shift-Z"}
    others = [[spelt[key] for key in re.findall(r'"([^"]+)"', keys)[1:]] for keys, _, _ in rows]
    return [(" or ".join([cap, *other]), does) for (_, cap, does), other in zip(rows, others, strict=True)]


def with_keys(text: str) -> str:
    """docs/reviewing.md or docs/annotating.md with its table of keys as it should be."""
    told = [*key_rows(), ("1 to 9", "relabel to the class of that number")]
    told.append(("Enter", "next page, once nothing is left on this one"))
    told.append(("← → ↑ ↓", "move; with ⇧ they extend the selection"))
    lines = ["| key | what it does |", "|---|---|", *(f"| {cap} | {does} |" for cap, does in told)]
    return between(text, KEYS_BEGIN, KEYS_END, "\n".join(lines))


def field_rows(schema: dict[str, Any]) -> str:
    """A markdown table of the fields of a body, as they are checked and as /openapi.json describes them."""
    lines = ["| field | values | default | what it is |", "|---|---|---|---|"]
    for name, field in schema["properties"].items():
        default = "required" if name in schema.get("required", []) else f"`{json.dumps(field.get('default', {}))}`"
        lines.append(f"| `{name}` | {field_values(field)} | {default} | {field['description']} |")
    return "\n".join(lines)


def field_values(field: dict[str, Any]) -> str:
    if "enum" in field:
        return ", ".join(f"`{word}`" for word in field["enum"])
    kinds: list[str] = field["type"] if isinstance(field["type"], list) else [field["type"]]
    if "pattern" in field:
        return " or ".join(["UUID in lower case", *kinds[1:]])
    high: int = field.get("maximum", field.get("maxLength", 0))
    if kinds[0] == "string":
        return " or ".join([f"text of 1 to {high:,} characters", *kinds[1:]])
    if kinds[0] in ("integer", "number") and high < 2**63 - 1:
        return " or ".join([f"{field['minimum']} to {high:,}", *kinds[1:]])
    words = {"integer": "whole number", "boolean": "true, false", "object": "an object"}
    return " or ".join(words.get(kind, kind) for kind in kinds)


def with_fields(text: str) -> str:
    """docs/scripts.md with its tables of fields as they should be."""
    page = described(BODIES["/api/page"])["properties"]["filter"]
    decision = described(BODIES["/api/decisions"])["properties"]["decisions"]["items"]
    text = between(text, "<!-- filter -->", "<!-- /filter -->", field_rows(page))
    return between(text, "<!-- decision -->", "<!-- /decision -->", field_rows(decision))


def blocks(path: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", path.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def calls(document: Path, program: str = CALL) -> list[str]:
    """Every call of a program in a document's sh blocks, continued lines joined."""
    lines = "\n".join(blocks(document, "sh")).replace("\\\n", " ").splitlines()
    return [line.strip() for line in lines if line.strip().startswith(program)]


def arguments(call: str) -> list[str]:
    """What follows `python -m scn_core` or `python -m review_app`, up to a pipe or redirection."""
    words_of = call.removeprefix(CALL).removeprefix(REVIEW_CALL)
    lexer = shlex.shlex(words_of, posix=True, punctuation_chars="|>&;")
    lexer.whitespace_split = True
    words = list(lexer)
    ends = [place for place, word in enumerate(words) if set(word) <= set("|>&;")]
    return words[: min(ends, default=len(words))]


def parse(words: list[str]) -> click.Context:
    """The call as click understands it, not run. Raises click.ClickException."""
    name, command = one_of(words)
    return command.make_context(name, words[len(name.split()) :], parent=within(cli.cli))


def within(group: click.Group) -> click.Context:
    """The context that the group's commands run in: click keeps with a command how the first call asked for help."""
    return click.Context(group, **group.context_settings)


def one_of(words: list[str]) -> tuple[str, click.Command]:
    """The command that a call names, and its words: `train`, `round pack`."""
    command: click.Command = cli.cli
    names: list[str] = []
    while isinstance(command, click.Group):
        names.append(words[len(names)])
        command = command.commands[names[-1]]
    return " ".join(names), command


def commands(group: click.Group = cli.cli, before: str = "") -> list[str]:
    """The words of every command, those of groups too."""
    found = [(before + name, command) for name, command in sorted(group.commands.items())]
    return [
        words
        for name, command in found
        for words in (commands(command, f"{name} ") if isinstance(command, click.Group) else [name])
    ]


def named(text: str) -> set[str]:
    """What stands in backquotes, outside of code blocks."""
    return set(re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)))


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    db = create_database(tmp_path_factory.mktemp("docs") / "review.db")
    yield db.conn
    db.close()


def test_the_option_table_is_that_of_the_settings() -> None:
    text = TRAINING.read_text(encoding="utf-8")
    assert text.count(BEGIN) == text.count(END) == 1
    assert text == with_train_options(text), "the table is out of date: PYTHONPATH=. python tests/test_docs.py --write"


def test_the_table_of_rules_is_that_of_the_settings() -> None:
    text = LEADING.read_text(encoding="utf-8")
    assert text == with_review_options(text), "out of date: PYTHONPATH=. python tests/test_docs.py --write"


def test_the_table_of_backups_is_that_of_the_settings() -> None:
    text = WORKSPACE.read_text(encoding="utf-8")
    assert text == with_backup_options(text), "out of date: PYTHONPATH=. python tests/test_docs.py --write"


def test_a_changed_default_would_be_noticed() -> None:
    text = TRAINING.read_text(encoding="utf-8")
    assert with_train_options(text.replace("`resnet18`", "`resnet19`")) == with_train_options(text)
    stale = text.replace("| `resnet18` |", "| `resnet19` |")
    assert stale != with_train_options(stale)


@pytest.mark.parametrize("name", commands())
def test_the_guides_show_every_command_and_name_its_options(name: str) -> None:
    assert any(one_of(arguments(call))[0] == name for guide in GUIDES for call in calls(guide))
    text = "".join(guide.read_text(encoding="utf-8") for guide in GUIDES)
    flags = [option.opts[0] for option in one_of(name.split())[1].params if isinstance(option, click.Option)]
    assert [flag for flag in flags if not re.search(rf"{re.escape(flag)}(?![\w-])", text)] == []


@pytest.mark.parametrize("call", sorted({call for guide in GUIDES for call in calls(guide)}))
def test_every_call_of_the_guides_parses(call: str) -> None:
    context = parse(arguments(call))
    settings = {setting.name for setting in fields(TrainSettings)}
    if context.command.name == "train":
        TrainSettings.merged({name: value for name, value in context.params.items() if name in settings})


def test_a_call_that_is_wrong_does_not_parse() -> None:
    with pytest.raises(click.NoSuchOption):
        parse(arguments(f"{CALL} train WS --epoch-count 3"))
    with pytest.raises(click.BadParameter):
        parse(arguments(f"{CALL} init WS --dataset raf"))
    assert arguments(f"{CALL} status WS --json | jq .round > 'a b'") == ["status", "WS", "--json"]


@pytest.mark.parametrize("call", [call for guide in [*GUIDES, *APP_GUIDES] for call in calls(guide, REVIEW_CALL)])
def test_every_call_of_the_review_app_parses(call: str) -> None:
    words = arguments(call)
    command: click.Command = review_cli.cli
    while isinstance(command, click.Group):
        command = command.commands[words.pop(0)]
    command.make_context(str(command.name), words, parent=within(review_cli.cli))


def test_the_guides_name_every_command_and_option_of_the_review_app() -> None:
    text = "".join(guide.read_text(encoding="utf-8") for guide in APP_GUIDES)
    groups = [group for group in review_cli.cli.commands.values() if isinstance(group, click.Group)]
    commands = [*review_cli.cli.commands.values(), *(each for group in groups for each in group.commands.values())]
    flags = [option.opts[0] for each in commands for option in each.params if isinstance(option, click.Option)]
    names = [str(each.name) for each in commands]
    assert [word for word in [*names, *flags] if not re.search(rf"{re.escape(word)}(?![\w-])", text)] == []


def test_the_guide_names_every_route_for_scripts_and_no_other() -> None:
    named_routes = set(re.findall(r"`(?:GET|POST) (/[\w/{}.]+)[?`]", SCRIPTS.read_text(encoding="utf-8")))
    told = {re.sub(r"/7$", "/{id}", path) for path in named_routes}
    there = {getattr(route, "path", "") for route in all_routes()}
    assert told - there == set()
    assert {path for path in there if path.startswith(("/api/", "/face/", "/thumb/", "/openapi"))} - told == set()


def test_the_tables_of_fields_are_those_of_the_routes() -> None:
    text = SCRIPTS.read_text(encoding="utf-8")
    assert text == with_fields(text), "out of date: PYTHONPATH=. python tests/test_docs.py --write"


@pytest.mark.parametrize("guide", [REVIEWING, ANNOTATING], ids=lambda path: path.name)
def test_the_table_of_keys_is_that_of_the_grid(guide: Path) -> None:
    assert len(key_rows()) > 15
    text = guide.read_text(encoding="utf-8")
    assert text == with_keys(text), "the table is out of date: PYTHONPATH=. python tests/test_docs.py --write"


def test_every_text_of_the_pill_is_in_the_guide_and_no_other() -> None:
    text = REVIEWING.read_text(encoding="utf-8")
    rows = text.partition(PILL_BEGIN)[2].partition(PILL_END)[0].strip().splitlines()[2:]
    told = {re.sub(r"[:\d].*", "", row.split("|")[1]).strip() for row in rows}
    code = STATUS.read_text(encoding="utf-8").partition("export function pillOf")[2].partition("\n}")[0]
    shown = {re.sub(r"[:$(].*", "", words).strip() for words in re.findall(r'text: [`"]([^`"]+)', code)} - {""}
    shown |= set(re.findall(r'"([\w ]+)" : "([\w ]+)"\}:', code)[0])  # offline, or server trouble
    assert len(shown) > 4
    assert told == shown


@pytest.mark.parametrize("guide", [REVIEWING, ANNOTATING, LEADING], ids=lambda path: path.name)
def test_what_a_guide_quotes_is_said_by_the_app(guide: Path) -> None:
    folders = [ROOT / "review_app", ROOT / "scn_core"]
    said = "".join(
        path.read_text(encoding="utf-8")
        for folder in folders
        for path in folder.rglob("*")
        if path.suffix in (".py", ".js", ".html")
    )
    quoted = quotations(guide.read_text(encoding="utf-8"))
    assert len(quoted) > 3
    assert [words for words in quoted if any(part not in said for part in re.split(r"\d+", words))] == []


def quotations(text: str) -> list[str]:
    """What stands in *italics* outside of code: in the guides, words that the app shows; numbers are examples."""
    plain = re.sub(r"^```.*?^```|`[^`\n]*`", "", text, flags=re.DOTALL | re.MULTILINE)
    return [" ".join(words.split()) for words in re.findall(r"(?<![*\w])\*([^*|]+)\*(?![*\w])", plain)]


def test_what_no_page_says_would_be_noticed() -> None:
    assert quotations("The pill says *kept in memory\nonly*, **bold**, `*code*` and *was 7 fear*.") == [
        "kept in memory only",
        "was 7 fear",
    ]


def test_the_readme_is_short() -> None:
    assert len(README.read_text(encoding="utf-8").splitlines()) < 200


@in_every_document
def test_every_link_to_a_file_or_heading_resolves(document: Path) -> None:
    targets = re.findall(r"\]\(([^)\s]+)\)", document.read_text(encoding="utf-8"))
    local = [target.partition("#") for target in targets if not re.match(r"[a-z]+:", target)]
    assert [target for target, _, _ in local if not (document.parent / target).exists()] == []
    headed = [(document.parent / target if target else document, place) for target, mark, place in local if mark]
    assert [(path.name, place) for path, place in headed if place not in anchors(path)] == []


def anchors(document: Path) -> set[str]:
    """What links to a document's headings are called: lower case, dashes for blanks, no punctuation."""
    heads = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}


@in_every_document
def test_documents_stay_within_the_project(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    assert "../shared" not in text
    assert not re.search(r"/work/|/home/|/root/", text)


def test_every_part_of_the_code_has_its_place_in_the_architecture() -> None:
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    folders = (ROOT / "scn_core", ROOT / "review_app")
    parts = [path for folder in folders for path in folder.iterdir() if not path.name.startswith("__")]
    assert parts
    wanted = [f"{path.name}/" if path.is_dir() else path.name for path in parts]
    assert [name for name in wanted if name not in text] == []


def test_every_table_view_and_column_is_described(database: sqlite3.Connection) -> None:
    words = named(DATABASE.read_text(encoding="utf-8"))
    things = database.execute(
        "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT GLOB '_sqlite*' "
        "AND name NOT GLOB 'sqlite_*'"
    ).fetchall()
    assert len(things) > 10
    missing = [name for (name,) in things if name not in words]
    for (name,) in things:
        columns = database.execute("SELECT name FROM pragma_table_info(?)", (name,)).fetchall()
        missing += [f"{name}.{column}" for (column,) in columns if column not in words]
    assert missing == []


@pytest.mark.parametrize("query", blocks(DATABASE, "sql"))
def test_every_query_of_the_documents_runs(query: str, database: sqlite3.Connection) -> None:
    assert database.execute(query).description


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit(__doc__)
    TRAINING.write_text(with_train_options(TRAINING.read_text(encoding="utf-8")), encoding="utf-8")
    LEADING.write_text(with_review_options(LEADING.read_text(encoding="utf-8")), encoding="utf-8")
    WORKSPACE.write_text(with_backup_options(WORKSPACE.read_text(encoding="utf-8")), encoding="utf-8")
    for guide in (REVIEWING, ANNOTATING):
        guide.write_text(with_keys(guide.read_text(encoding="utf-8")), encoding="utf-8")
    SCRIPTS.write_text(with_fields(SCRIPTS.read_text(encoding="utf-8")), encoding="utf-8")
