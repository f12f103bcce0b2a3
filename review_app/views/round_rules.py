"""How rounds are reviewed: table [review] of workspace.toml as a form."""

from __future__ import annotations

from dataclasses import fields

import streamlit as st

from review_app.commands import rounds as commands
from review_app.queries import rounds as reading
from review_app.views import messages, parts, settings_form
from scn_core.config import ReviewSettings

_SAVED = "rv-rules-saved"
_PREFIX = "rv-rules"


def form() -> None:
    """The rules, and the button that writes them."""
    st.text(
        "A round keeps the rules that were in force when its training began; these hold for the rounds that begin from "
        "now on. What becomes of unsure and of ambiguous faces is read when the next training begins."
    )
    rules = reading.rules()
    values, settings = {}, fields(ReviewSettings)
    for pair in (settings[start : start + 2] for start in range(0, len(settings), 2)):
        for setting, column in zip(pair, st.columns(2, gap="medium"), strict=False):
            with column:
                values[setting.name] = settings_form.control(setting, getattr(rules, setting.name), prefix=_PREFIX)
                if (meaning := settings_form.meaning(setting)) != settings_form.label_of(setting):
                    parts.small(meaning)
    chosen = ReviewSettings(**values)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Save", key="rv-rules-save", type="primary", disabled=chosen == rules, on_click=_save)
        if st.session_state.pop(_SAVED, None) == chosen == rules:
            st.text("Saved in workspace.toml.")


def _save() -> None:
    chosen = ReviewSettings(**settings_form.chosen_values(fields(ReviewSettings), _PREFIX))
    refused = commands.set_rules(chosen)
    messages.remember(refused)
    st.session_state[_SAVED] = None if refused else chosen
