"""Decisions made elsewhere: a file is looked at first, then taken, unless a row has a problem."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from review_app.commands import labels as commands
from review_app.queries import labels as queries
from review_app.queries.standing import Standing
from review_app.views import messages, parts
from scn_core.errors import ScnError, readable
from scn_core.exchange.import_decisions.import_plan import ImportPlan
from scn_core.store.people.people import Person

_PROBLEMS = 200
"""Listed on the page; the command line lists all."""
_LISTED = 400
"""Letters of a list of names."""
_ADJUDICATE = "rv-labels-adjudicate"
_DONE = "rv-labels-done"


def show(person: Person, now: Standing) -> None:
    """The last part of the page Labels."""
    st.subheader("Decisions made elsewhere", anchor=False)
    info = now.find(None)
    if info is None or info.state != "review":
        st.text("Decisions are taken while a round is in review, and none is.")
        return
    st.text(
        "A CSV with the columns path or key, and action (accept, keep, relabel, unsure, exclude) or label; person and "
        "note where there are any. Or a CSV made above in which somebody changed labels, or what Label Studio exported "
        "(JSON, JSON-MIN, CSV). Rows without a person count as yours. Nothing is taken before you say so."
    )
    file = st.file_uploader("File", type=["csv", "json", "jsonl"], key="rv-labels-upload", label_visibility="collapsed")
    if info.review.get("readings", 1) > 1:
        st.checkbox("These answers settle the faces, whatever readers said", key=_ADJUDICATE)
    if file is None:
        return
    accounts = st.text_input(
        "Of Label Studio: whose its accounts are", key="rv-labels-accounts", placeholder="1=ann, 2=bob"
    )
    upload, adjudicate = file.getvalue(), bool(st.session_state.get(_ADJUDICATE))
    try:
        plan = queries.plan_of(upload, file.name, person.name, adjudicate=adjudicate, accounts=accounts)
    except ScnError as error:
        messages.show("This file cannot be taken", str(error))
        return
    _report(plan, now.classes.names)
    if plan.decisions and not plan.problems:
        st.button(
            f"Take {len(plan.decisions):,} decisions into round {plan.round}", type="primary", key="rv-labels-take",
            on_click=_take, args=(upload, file.name, len(plan.decisions)),
            kwargs={"adjudicate": adjudicate, "accounts": accounts},
        )  # fmt: skip


def _report(plan: ImportPlan, names: Sequence[str]) -> None:
    if plan.problems:
        st.text(
            f"{len(plan.problems):,} of {plan.rows:,} rows cannot be taken, so none is. Correct them, then try again."
        )
        listed = [(str(p.line or p.file), p.found, p.allowed) for p in plan.problems[:_PROBLEMS]]
        parts.table("Problems", ("Line", "Found", "Allowed"), listed)
        if len(plan.problems) > _PROBLEMS:
            st.text(f"and {len(plan.problems) - _PROBLEMS:,} more")
        return
    facts = [(parts.ACTION_WORDS[action], f"{n:,}") for action, n in plan.actions.items()]
    facts += [(f"{names[c.given_label]} → {names[c.label]}", f"{c.count:,}") for c in plan.changes]
    facts += [(f"rows {reason}", f"{n:,}") for reason, n in plan.without_effect().items()]
    if plan.new_people:
        facts.append(("people to add, as annotators", readable(", ".join(plan.new_people), _LISTED)))
    if plan.unread:
        facts.append(("columns not read", readable(", ".join(plan.unread), _LISTED)))
    parts.facts(facts)
    if not plan.decisions:
        st.text(st.session_state.pop(_DONE, None) or "There is nothing to take in this file.")


def _take(upload: bytes, name: str, decisions: int, *, adjudicate: bool, accounts: str) -> None:
    refused = commands.take(upload, name, adjudicate=adjudicate, accounts=accounts)
    messages.remember(refused)
    if refused is None:
        st.session_state[_DONE] = f"{decisions:,} decisions are taken."
