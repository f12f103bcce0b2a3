from __future__ import annotations

import re
from pathlib import Path

from streamlit.file_util import get_static_dir

from review_app.http.streamlit_modules import late_modules

STATIC = Path(get_static_dir())


def test_all_that_draws_an_element_and_is_not_there_at_first_is_fetched_ahead() -> None:
    found = late_modules(STATIC, ("Selectbox", "BidiComponent"))
    there = {path.rsplit("/", 1)[-1] for path in found}
    assert all((STATIC / path.removeprefix("/")).is_file() for path in found)
    assert {name.split(".")[0] for name in there} >= {"Selectbox", "BidiComponent"}, (
        "Streamlit names them otherwise now"
    )
    at_first = set(re.findall(r"static/js/([\w.-]+\.js)", (STATIC / "index.html").read_text(encoding="utf-8")))
    assert not there & at_first
    for name in there:
        text = (STATIC / "static" / "js" / name).read_text(encoding="utf-8")
        assert set(re.findall(r'from"\./([^"]+)"', text)) <= there | at_first


def test_what_streamlit_does_not_have_is_left_out() -> None:
    assert late_modules(STATIC, ("NoSuchElement",)) == ()
