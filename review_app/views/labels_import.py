"""Decisions made elsewhere: a file is looked at first, then taken, unless a row has a problem."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from review_app.commands import labels as commands
from review_app.queries import labels as queries
from review_app.queries.workspace_state import WorkspaceState
from review_app.views import messages, parts
from review_app.views.wording import in_words_of_pages
from scn_core.errors import ScnError, counted, readable
from scn_core.exchange.import_decisions.import_plan import NOT_ASKED, ImportPlan
from scn_core.store.people.people import Person

_PROBLEMS = 200
"""Listed on the page; the command line lists all."""
_LISTED = 400
"""Letters of a list of names."""
_ADJUDICATE = "rv-labels-adjudicate"
_DONE, _UNDONE = "rv-labels-done", "rv-labels-undone"
_IMPORTS = 5
"""Earlier imports that are listed."""


def show(person: Person, now: WorkspaceState) -> None:
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
    _earlier(info.id)
    file = st.file_uploader("File", type=["csv", "json", "jsonl"], key="rv-labels-upload", label_visibility="collapsed")
    if info.review.get("readings", 1) > 1:
        st.checkbox("These answers settle the faces, whatever reviewers said", key=_ADJUDICATE)
    if file is None:
        return
    accounts = st.text_input(
        "Of Label Studio: whose its accounts are", key="rv-labels-accounts", placeholder="1=ann, 2=bob"
    )
    upload, adjudicate = file.getvalue(), bool(st.session_state.get(_ADJUDICATE))
    try:
        plan = queries.plan_of(upload, file.name, person, adjudicate=adjudicate, accounts=accounts)
    except ScnError as error:
        messages.show("This file cannot be taken", in_words_of_pages(str(error)))
        return
    _report(plan, now.classes.names)
    if plan.decisions and not plan.problems:
        st.button(
            f"Take {counted(len(plan.decisions), 'decision')} into round {plan.round}",
            type="primary", key="rv-labels-take", on_click=_take, args=(upload, file.name, _done(plan)),
            kwargs={"adjudicate": adjudicate, "accounts": accounts},
        )  # fmt: skip


def _earlier(round_id: int) -> None:
    """The imports of the round that still count, each with a button that takes it back."""
    for each in [found for found in queries.imports(round_id) if found.standing][:_IMPORTS]:
        words, button = st.columns((3, 1), vertical_alignment="center")
        words.text(
            f"{each.file}, {each.taken_at[:16].replace('T', ' ')} UTC: "
            f"{each.standing:,} of {counted(each.answers, 'answer')} stand"
        )
        button.button(
            "Take back", key=f"rv-labels-undo-{each.id}", on_click=_undo, args=(each.id, each.file, each.standing),
            help="All answers of this file. What people answered themselves stays, and the file can be imported again.",
        )  # fmt: skip
    if done := st.session_state.pop(_UNDONE, None):
        st.text(done)


def _undo(import_id: str, file: str, standing: int) -> None:
    refused = commands.undo_import(import_id)
    messages.remember(refused)
    if refused is None:
        st.session_state[_UNDONE] = f"{counted(standing, 'answer')} of {file} taken back."


def _report(plan: ImportPlan, names: Sequence[str]) -> None:
    if done := st.session_state.pop(_DONE, None):  # what was new a moment ago is known now
        st.text(done)
        return
    if plan.problems:
        st.text(
            f"{len(plan.problems):,} of {counted(plan.rows, 'row')} cannot be taken, so none is. Correct them, "
            f"then try again."
        )
        listed = [(str(p.line or p.file), p.found, in_words_of_pages(p.allowed)) for p in plan.problems[:_PROBLEMS]]
        parts.table("Problems", ("Line", "Found", "Allowed"), listed)
        if len(plan.problems) > _PROBLEMS:
            st.text(f"and {len(plan.problems) - _PROBLEMS:,} more")
        return
    facts = [(parts.ACTION_WORDS[action], f"{n:,}") for action, n in plan.actions.items()]
    facts += [(f"{names[c.given_label]} → {names[c.label]}", f"{c.count:,}") for c in plan.changes]
    if plan.at_once:
        facts.append((f"of these at once: {NOT_ASKED}", f"{plan.at_once:,}"))
    facts += [(f"rows {reason}", f"{n:,}") for reason, n in plan.without_effect().items()]
    if plan.again:
        facts.append(("of these once more, after their import was taken back", f"{plan.again:,}"))
    if plan.new_people:
        facts.append(("people to add, as annotators", readable(", ".join(plan.new_people), _LISTED)))
    if plan.unread:
        facts.append(("columns not read", readable(", ".join(plan.unread), _LISTED)))
    parts.facts(facts)
    if not plan.decisions:
        st.text("There is nothing new in this file.")


def _done(plan: ImportPlan) -> str:
    """What to say once the plan was carried out."""
    others = "; ".join(f"{counted(count, 'row')} {reason}" for reason, count in plan.without_effect().items())
    return f"{counted(len(plan.decisions), 'new decision')} taken." + (f" Besides: {others}." if others else "")


def _take(upload: bytes, name: str, done: str, *, adjudicate: bool, accounts: str) -> None:
    refused = commands.take(upload, name, adjudicate=adjudicate, accounts=accounts)
    messages.remember(refused)
    if refused is None:
        st.session_state[_DONE] = done
