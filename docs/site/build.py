"""Builds the site of the documents: `python -m docs.site.build`, after `pip install -r requirements-docs.txt`.

The pages stay where they are written, with links that work in the repository. For the site they are copied into
build/docs/pages as they lie to each other. There, a link to a file of code is only its words, and a link that is called
after its page gets that page's title.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docs.site.reference import client_api, commands, http_routes, python_api

ROOT = Path(__file__).resolve().parents[2]
SITE = Path(__file__).resolve().parent
WRITTEN = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "data/README.md", "benchmarks/*.md", "docs/**/*.md")
DECISIONS = Path("docs/decisions")
DEPLOY = "reference/deploy.md"
"""The page of the files of the folder deploy."""
_LINK = re.compile(r"(?<!!)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")


def main() -> None:
    """Builds the site into build/docs/site, and exits with the builder's code where it finds a fault."""
    folder = ROOT / "build" / "docs"
    stage(folder)
    built = subprocess.run([sys.executable, "-m", "zensical", "build", "--clean", "--strict"], cwd=folder, check=False)
    if built.returncode:
        sys.exit(built.returncode)
    search_in_files(folder / "site")
    print(f"open {os.path.relpath(folder / 'site' / 'index.html')} in a browser, or copy that folder to a web server")


def stage(folder: Path) -> None:
    """Copies all pages and pictures into `folder`/pages, and zensical.toml beside it."""
    pages = folder / "pages"
    shutil.rmtree(pages, ignore_errors=True)
    written = {path.relative_to(ROOT) for glob in WRITTEN for path in ROOT.glob(glob)}
    for page in written:
        text = (ROOT / page).read_text(encoding="utf-8")
        text = _head(page) + text
        _write(pages / _placed(page), _LINK.sub(lambda link, page=page: _for_site(link, page, written), text))  # type: ignore[misc]
    for picture in ROOT.glob("docs/images/*"):
        target = pages / picture.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(picture, target)
    _write(pages / "reference/commands.md", commands())
    _write(pages / "reference/python.md", python_api())
    _write(pages / "reference/client.md", client_api())
    _write(pages / "reference/http.md", http_routes())
    _write(pages / DEPLOY, files_for_deployment())
    shutil.copyfile(SITE / "style.css", pages / "style.css")
    shutil.copyfile(SITE / "zensical.toml", folder / "zensical.toml")


def search_in_files(site: Path) -> None:
    """Makes search work on pages of the built site that are opened as files, by the script iframe-worker.js.

    Browsers start no worker from a file, so the script holds the code of the one that searches.
    """
    (worker,) = (site / "assets/javascripts/workers").glob("search.*.js")
    code = json.dumps(worker.read_text(encoding="utf-8"))
    script = f"""if (location.protocol === "file:") {{
  const PlainWorker = Worker;
  window.Worker = function () {{
    return new PlainWorker(URL.createObjectURL(new Blob([{code}], {{ type: "text/javascript" }})));
  }};
}}
"""
    _write(site / "iframe-worker.js", script)


def files_for_deployment() -> str:
    """A page with the files of the folder deploy, as they are."""
    lines = ["# Files for deployment", "", "The files of the folder `deploy`; Administration says how they are used."]
    for file in sorted(ROOT.glob("deploy/*")):
        lines += ["", f"## {file.name}", "", "```text", file.read_text(encoding="utf-8").rstrip(), "```"]
    return "\n".join(lines) + "\n"


def contents(entries: list[Any] | None = None) -> Iterator[str]:
    """The pages that the site's contents name, in order."""
    if entries is None:
        entries = tomllib.loads((SITE / "zensical.toml").read_text(encoding="utf-8"))["project"]["nav"]
    for entry in entries:
        for below in entry.values():
            if isinstance(below, str):
                yield below
            else:
                yield from contents(below)


def _placed(page: Path) -> Path:
    return Path("index.md") if page == Path("README.md") else page


def _for_site(link: re.Match[str], page: Path, written: set[Path]) -> str:
    words, target = link.groups()
    file, mark, heading = target.partition("#")
    if not file or re.match(r"[a-z]+:", file):
        return link[0]
    to = Path(os.path.normpath(page.parent / file))
    if to / "README.md" in written:
        to /= "README.md"
    if to in written:
        if words.endswith(".md"):
            words = _title(to)
        return f"[{words}]({os.path.relpath(_placed(to), _placed(page).parent)}{mark}{heading})"
    if to.parts[0] == "deploy" and (ROOT / to).is_file():
        return f"[{words}]({os.path.relpath(DEPLOY, _placed(page).parent)}#{_anchor(to.name)})"
    return link[0] if to.parts[:2] == ("docs", "images") else words


def _head(page: Path) -> str:
    """What the builder is told of a page: search passes decisions over, which would come before the guides."""
    return "---\nsearch:\n  exclude: true\n---\n\n" if page.parent == DECISIONS and page.name != "README.md" else ""


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w\s-]", "", heading).strip().lower().replace(" ", "-")


def _title(page: Path) -> str:
    return str(re.findall(r"^# (.+)$", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)[0])


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
