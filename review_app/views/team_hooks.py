"""The part of the page Team about webhooks: who is told of what happens, and whether they have heard it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from review_app.queries import team as queries
from review_app.settings import current
from review_app.views import messages, parts
from review_app.views.parts import Html
from scn_core.errors import counted
from scn_core.shell import command_line
from scn_core.store.hook_delivery import HookState


def show() -> None:
    """A table of the hooks; nothing where workspace.toml names none."""
    found = queries.hooks()
    if not found:
        return
    st.subheader("Webhooks", anchor=False)
    head = ("Name", "Told of", "State", "To send", "Newest delivered", "Newest failure")
    parts.table("Webhooks", head, [_row(each) for each in found])
    for hook in found:
        if hook.given_up_at is not None:
            again = command_line("hooks", "retry", current().workspace.path, hook.name, program="review_app")
            messages.show(
                f"The webhook {hook.name} was given up",
                "It is told nothing more. Once its receiver is well again, this sends what waits, and goes on:",
                again,
            )


def _row(hook: HookState) -> Sequence[Html | str]:
    return (
        hook.name,
        ", ".join(hook.events),
        hook.words,
        f"{counted(hook.waiting, 'message')}, {counted(hook.waiting_faces, 'face')}",
        "–" if hook.delivered_at is None else parts.moment(hook.delivered_at),
        hook.error or "–",
    )
