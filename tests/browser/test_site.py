"""The site of the documents, opened as files in a browser."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser, expect

from docs.site.build import search_in_files

PAGE = """<!doctype html><script src="iframe-worker.js"></script><p>waiting</p><script>
const worker = new Worker("assets/javascripts/workers/search.1a2b.min.js");
worker.onmessage = event => { document.querySelector("p").textContent = event.data };
worker.postMessage("suspicion");
</script>"""


def test_search_works_on_a_page_that_is_opened_as_a_file(browser: Browser, tmp_path: Path) -> None:
    worker = tmp_path / "assets/javascripts/workers/search.1a2b.min.js"
    worker.parent.mkdir(parents=True)
    worker.write_text('self.onmessage = event => self.postMessage(`found "${event.data}"`)', encoding="utf-8")
    search_in_files(tmp_path)
    (tmp_path / "index.html").write_text(PAGE, encoding="utf-8")
    with browser.new_context() as context:
        page = context.new_page()
        page.goto((tmp_path / "index.html").as_uri())
        expect(page.locator("p")).to_have_text('found "suspicion"', timeout=60_000)
