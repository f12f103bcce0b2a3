"""The form that starts a round, and what that round would train on."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import Field, fields, replace
from typing import Any

import streamlit as st

from review_app.commands import rounds as commands
from review_app.queries import rounds as reading
from review_app.queries import workspace_state as queries
from review_app.queries.workspace_state import WorkspaceState
from review_app.settings import current
from review_app.views import messages, parts, settings_form
from scn_core.config import TrainSettings, UnsureRule, flag
from scn_core.errors import UsageError, counted
from scn_core.store.current_labels import DECIDED_EARLIER
from scn_core.store.queue.undecided import NOT_SENT, UndecidedFaces
from scn_core.store.rounds.better_round import WORSE_MEANS

_OFFERED = (
    "epochs", "image_size", "batch_size", "backbone", "weights", "relabel", "beta", "margin_relabel", "audit_samples",
    "seed", "allow_missing",
)  # fmt: skip
"""What a lead may want to change for one round; whoever tunes the others writes them into workspace.toml."""
_OFFERED_WITH_AUTO = "relabel_from"
_BACKBONES = ("resnet18", "resnet34", "resnet50", "mobilenet_v3_small", "efficientnet_b0", "convnext_tiny")
_UNSURE: dict[UnsureRule, str] = {
    "given": "trained on under the given label",
    "leave_out": "left out",
    "soften": "trained on, half of the label's weight spread over the other classes",
}
_PREFIX = "rv-train"
_ENDS = {True: "ends", False: "goes on until a lead closes it"}
"""Without counts: the browser names an option by its words, and people answer while the form is open."""
_WIDE = 3
"""Controls a row."""


def form(now: WorkspaceState, training: reading.Training) -> None:
    """The options of the next round and the button that starts it."""
    number = 1 + (now.newest.id if now.newest else 0)
    if training.phase != "idle":
        st.text("One round at a time: the next one can be started when the trainer at work has ended.")
        return
    try:
        usual = reading.usual_settings()
    except UsageError as error:
        messages.show("No round can be started before this is corrected", str(error))
        return
    faces = _to_train_on(number)
    by_name = {setting.name: setting for setting in fields(TrainSettings)}
    values: dict[str, Any] = dict(_earlier(number, by_name["close_earlier"], usual, now))
    values |= _controls([by_name[name] for name in _OFFERED], usual, now)
    if values["relabel"] == "auto":
        values |= _controls([by_name[_OFFERED_WITH_AUTO]], usual, now)
    settings = _with(usual, values)
    st.text(_others(usual, values))
    problems = reading.problems(settings, faces)
    for name, problem in problems.items():
        parts.problem(f"{name.replace('_', ' ')}: {problem}")
    if settings.relabel == "auto":
        st.text(
            "auto: the network changes labels while it trains, as in the paper. None of that is kept: what it changed "
            "is proposed to people like everything else."
        )
    st.button(
        f"Start round {number}", key="rv-start", type="primary", disabled=bool(problems), on_click=_start, args=(faces,)
    )
    if now.opinions:
        _from_opinions(number, bool(values["close_earlier"]), now)


def _from_opinions(number: int, close_earlier: bool, now: WorkspaceState) -> None:
    """The button that makes a round of what other models say, and what such a round is.

    What becomes of rounds in review is chosen once for both kinds of round, at the top of the form.
    """
    names = ", ".join(now.opinions)
    fate = ""
    if in_review := [str(info.id) for info in now.rounds if info.state == "review"]:
        rounds, one = " and ".join(in_review), len(in_review) == 1
        what = "is closed" if one else "are closed"
        what = what if close_earlier else f"{'stays' if one else 'stay'} in review"
        fate = f"Round{'' if one else 's'} {rounds} then {what}, as chosen above. "
    with st.container(border=True, key="rv-opinions"):
        st.text(
            f"Or make round {number} in seconds, without training, of what other models say ({names}): suspicion, "
            f"proposals and audit faces, but no alpha. {fate}Other options are as in table [train] of workspace.toml."
        )
        st.button(
            "Make a round from opinions",
            key="rv-from-opinions",
            on_click=_make_from_opinions,
            args=(close_earlier,),
        )


def _make_from_opinions(close_earlier: bool) -> None:
    refused, said = commands.make_from_opinions(close_earlier=close_earlier)
    messages.remember("\n".join(said), "The round is made")
    messages.remember(refused)


def _earlier(number: int, setting: Field[Any], usual: TrainSettings, now: WorkspaceState) -> dict[str, bool]:
    """What becomes of the round in review when this one ends."""
    key, value = f"{_PREFIX}-{setting.name}", usual.close_earlier
    open_now = [info for info in now.rounds if info.state == "review"]
    if not open_now:
        return {setting.name: value}
    names = " and ".join(f"round {info.id}" for info in open_now)
    left = sum((queries.undecided(info.id) for info in open_now), UndecidedFaces(0, 0, 0, 0))
    keep = ", which keep the label they have" if left.total else ""
    with st.container(border=True, key="rv-earlier"):
        chosen = st.radio(
            f"When round {number} ends, the review of {names}", (True, False), index=0 if value else 1, key=key,
            format_func=_ENDS.__getitem__,
        )  # fmt: skip
        st.text(
            f"Now it would end with {left}{keep}. Ended or not, answers given in {names} count; those given while "
            f"round {number} trains are trained on by the round after it. If round {number} comes out worse, "
            f"nothing is closed: worse means that {WORSE_MEANS}." + (f" {NOT_SENT}" if chosen else "")
        )
    return {setting.name: bool(chosen)}


def _to_train_on(number: int) -> int:
    """What it would train on, in words; the number of faces."""
    found, rule = reading.to_train_on(), reading.rules().unsure
    faces = found.faces - found.excluded - (found.unsure if rule == "leave_out" else 0)
    st.subheader(f"Round {number} would train on {counted(faces, 'face')}", anchor=False)
    parts.metrics(
        {
            "Labels people changed": f"{found.changed:,}",
            "Labels they confirmed": f"{found.confirmed:,}",
            "Excluded": f"{found.excluded:,}",
            "Unsure": f"{found.unsure:,}",
            "Answered, not decided": f"{found.waiting + found.conflicts + found.never:,}",
        }
    )
    words = ["Excluded faces are left out. Proposals that nobody answered change nothing."]
    if found.unsure:
        words.append(f"Unsure faces are {_UNSURE[rule]} (see Rules of review).")
    undecided = {
        "waiting for another reading": found.waiting, "in conflict": found.conflicts,
        "in closed rounds that never got another reading": found.never,
    }  # fmt: skip
    if any(undecided.values()):
        named = ", ".join(f"{count:,} {what}" for what, count in undecided.items() if count)
        before = f"; {found.decided_before:,} of them {DECIDED_EARLIER}" if found.decided_before else ""
        words.append(f"Answered, but not decided: {named}{before}. These keep the label they have.")
    st.text(" ".join(words))
    return faces


def _controls(settings: Sequence[Field[Any]], usual: TrainSettings, now: WorkspaceState) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for start in range(0, len(settings), _WIDE):
        for setting, column in zip(settings[start : start + _WIDE], st.columns(_WIDE), strict=False):
            with column:
                names = _weights(now) if setting.name == "weights" else {}
                offered = {"backbone": _BACKBONES, "device": ("auto", "cpu", "cuda"), "weights": tuple(names)}
                values[setting.name] = settings_form.control(
                    setting, getattr(usual, setting.name), prefix=_PREFIX, names=names,
                    offered=offered.get(setting.name, ()),
                )  # fmt: skip
    return values


def _with(usual: TrainSettings, values: dict[str, Any]) -> TrainSettings:
    chosen = TrainSettings.merged(values)
    return replace(usual, **{name: getattr(chosen, name) for name in values})


def _others(usual: TrainSettings, offered: Collection[str]) -> str:
    """What the options that are not offered are, where they are not the default."""
    changed = [
        f"{flag(each.name)} {getattr(usual, each.name)}"
        for each in fields(TrainSettings)
        if each.name not in offered and getattr(usual, each.name) != each.default
    ]
    what = f" ({', '.join(changed)})" if changed else ""
    return f"Other options are as in table [train] of workspace.toml and in the round before{what}, or their defaults."


def _weights(now: WorkspaceState) -> dict[str, str]:
    """What a round may start from, and what to call it."""
    files = {info.id: current().workspace.round_folder(info.id) / "weights.safetensors" for info in now.scored}
    kept = {str(file): f"network of round {number}" for number, file in files.items() if file.is_file()}
    return {"none": "none: from random numbers", "imagenet": "imagenet: downloaded by torchvision"} | kept


def _start(faces: int) -> None:
    asked = [each for each in fields(TrainSettings) if f"{_PREFIX}-{each.name}" in st.session_state]
    values = settings_form.chosen_values(asked, _PREFIX)
    try:
        settings = _with(reading.usual_settings(), values)
    except UsageError:  # workspace.toml was spoilt since the page was drawn: the trainer reads it too, and says how
        settings = TrainSettings.merged(values)
    problem = next(iter(reading.problems(settings, faces).values()), None)
    messages.remember(problem or commands.start(settings))
