"""Controls made from the fields of a settings record: their meaning, range and default stand in `scn_core.config`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import Field
from typing import Any

import streamlit as st

from scn_core.config import allowed

_LABELS = {
    "lr": "Learning rate",
    "beta": "Share of high importance (beta)",
    "gamma": "Weight of the rank loss (gamma)",
    "margin_rank": "Margin of the rank loss (delta1)",
    "learn_margin_rank": "Learn delta1",
    "margin_relabel": "Margin to propose a relabel (delta2)",
    "relabel": "Who changes labels",
    "relabel_from": "Labels change after epoch",
    "weighting_from": "Unweighted share of the epochs",
    "attention_lr_scale": "Learning rate of the attention head",
    "clip_norm": "Clip gradients to",
    "weights": "Weights to start from",
    "proposals": "Proposals by",
    "queue_suspicion": "Ask about others from this suspicion on",
    "readings": "Readings of each face",
    "decided_by": "Where readings differ",
    "repeats": "Hidden repeats, share of a page",
    "unsure": "Faces answered unsure",
    "ambiguous": "Ambiguous faces that nobody has decided",
    "learn_every": "Learn the order anew after so many answers",
    "explore": "Share of the order drawn at random",
}
_CHOICES = {
    "majority": "more than half of them decide, a lead the rest",
    "lead": "a lead decides all",
    "given": "trained on under the given label",
    "leave_out": "not trained on",
    "soften": "half of the label's weight goes to the other classes",
}
"""What the words of workspace.toml stand for; others say it themselves."""


def control(
    setting: Field[Any], value: Any, *, prefix: str, offered: Sequence[str] = (), names: Mapping[str, str] | None = None
) -> Any:
    """The control of one setting, and what a person has set it to.

    `offered`: values of a text to choose from, any other may be typed; `names`: what to call some of them.
    """
    label = label_of(setting)
    key = f"{prefix}-{setting.name}"
    more = f"{meaning(setting)}. Allowed: {allowed(setting)}. Default: {_plain(setting.default)}."
    low, high, choices = (setting.metadata[name] for name in ("low", "high", "choices"))
    if isinstance(setting.default, bool):
        return st.checkbox(label, value, key=key, help=more)
    if choices:
        return st.selectbox(label, choices, choices.index(value), _choice, key=key, help=more)
    if isinstance(setting.default, int):
        return st.number_input(label, low, None if high is None else int(high), int(value), 1, key=key, help=more)
    if isinstance(setting.default, float):
        bounds = [None if bound is None else float(bound) for bound in (low, high)]
        return st.number_input(
            label, bounds[0], bounds[1], float(value), _step(setting.default), "%g", key=key, help=more
        )
    chosen = "none" if value is None else str(value)
    options = list(dict.fromkeys([*offered, chosen]))
    found = st.selectbox(
        label, options, options.index(chosen), lambda text: (names or {}).get(text, text),
        key=key, help=more, accept_new_options=True,
    )  # fmt: skip
    return str(found).strip()


def chosen_values(settings: Iterable[Field[Any]], prefix: str) -> dict[str, Any]:
    """What the controls of `settings` are set to. For callbacks: their arguments are from when the page was drawn, and
    miss what was changed just before the click."""
    values = {setting.name: st.session_state[f"{prefix}-{setting.name}"] for setting in settings}
    return {name: value.strip() if isinstance(value, str) else value for name, value in values.items()}


def label_of(setting: Field[Any]) -> str:
    """What the control is called."""
    return _LABELS.get(setting.name, setting.name.replace("_", " ").capitalize())


def _choice(value: str) -> str:
    return _CHOICES.get(value, value)


def meaning(setting: Field[Any]) -> str:
    """What it does, as a sentence begins; without what its choices say themselves."""
    text: str = setting.metadata["help"]
    if set(setting.metadata["choices"] or ()) & set(_CHOICES):
        text = text.split(": ")[0]
    return text[:1].upper() + text[1:]


def _step(default: float) -> float:
    """What a press on + adds: a tenth of small numbers, 0.05 of shares."""
    return default / 10 if 0 < default < 0.05 else 0.05


def _plain(default: Any) -> str:
    return "none" if default is None else str(default).lower() if isinstance(default, bool) else f"{default}"
