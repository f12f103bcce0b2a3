"""The site of the documents: every page is in its contents, and every link on it leads somewhere."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import click
import pytest

import review_app.client
import scn_core
from docs.site.build import SITE, contents, stage
from docs.site.reference import walk
from review_app.api.openapi import openapi
from review_app.cli import cli as review_cli
from scn_core.cli.main import cli


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    stage(folder)
    return folder / "pages"


def test_every_page_is_in_the_contents(pages: Path) -> None:
    named = list(contents())
    assert len(named) == len(set(named))
    assert [page for page in named if not (pages / page).is_file()] == []
    there = {str(path.relative_to(pages)) for path in pages.rglob("*.md")}
    decisions = {page for page in there if page.startswith("docs/decisions/") and not page.endswith("README.md")}
    assert there - decisions == set(named)


def test_every_link_leads_to_a_page_or_picture_of_the_site(pages: Path) -> None:
    links = [
        (page, target)
        for page in pages.rglob("*.md")
        for target in re.findall(
            r"\]\(([^)#\s]+)", re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.S | re.M)
        )
        if not re.match(r"[a-z]+:", target)
    ]
    assert len(links) > 100
    assert [(page.name, target) for page, target in links if not (page.parent / target).is_file()] == []


def test_a_link_to_the_code_is_its_words(pages: Path) -> None:
    method = (pages / "docs/method.md").read_text(encoding="utf-8")
    assert "the formulas as losses.py, relabel.py and" in method
    home = (pages / "index.md").read_text(encoding="utf-8")
    assert "[The method](docs/method.md)" in home
    assert "](data/README.md)" in home


def test_the_files_of_deploy_are_on_a_page_that_links_to_them_lead_to(pages: Path) -> None:
    guide = (pages / "docs/administration.md").read_text(encoding="utf-8")
    assert "[scn-review.service](../reference/deploy.md#scn-reviewservice)" in guide
    assert "ExecStart=/srv/scn/current/bin/scn-review serve" in (pages / "reference/deploy.md").read_text("utf-8")


def test_search_passes_decisions_over(pages: Path) -> None:
    excluded = {path for path in pages.rglob("*.md") if "exclude: true" in path.read_text(encoding="utf-8")[:40]}
    decisions = pages / "docs/decisions"
    assert excluded == {*decisions.glob("*.md")} - {decisions / "README.md"}


def is_shown(parameter: click.Parameter) -> bool:
    return isinstance(parameter, click.Option) and not parameter.hidden


def test_the_reference_is_of_all_there_is(pages: Path) -> None:
    commands = (pages / "reference/commands.md").read_text(encoding="utf-8")
    for group, name in ((cli, "scn"), (review_cli, "scn-review")):
        for words, command in walk(group, name):
            assert f"\n## {words}\n" in commands
            assert all(option.opts[0] in commands for option in command.params if is_shown(option))
    python = (pages / "reference/python.md").read_text(encoding="utf-8")
    assert all(f".{name}\n" in python for name in scn_core.__all__ if not name.startswith("__"))
    client = (pages / "reference/client.md").read_text(encoding="utf-8")
    assert all(f".{name}\n" in client for name in [*review_app.client.__all__, "Page", "Recorded", "Exported"])
    http = (pages / "reference/http.md").read_text(encoding="utf-8")
    assert all(f" {path}\n" in http for path in openapi()["paths"])


def test_pages_can_be_opened_as_files_and_ask_no_other_host() -> None:
    project = tomllib.loads((SITE / "zensical.toml").read_text(encoding="utf-8"))["project"]
    assert "offline" in project["plugins"]
    assert project["extra"]["polyfills"] == ["iframe-worker.js"], "in place of a script at another host"
