"""What an option may be. No default's value stands here: they are tuned, and benchmarks say why."""

import json
import math
from dataclasses import Field, fields, replace
from typing import Any

import pytest

from scn_core.config import REMOVED, TrainSettings, allowed, flag, still_options
from scn_core.errors import UsageError

OPTIONS: dict[str, Field[Any]] = {setting.name: setting for setting in fields(TrainSettings)}
NUMBERS = [name for name, setting in OPTIONS.items() if setting.metadata["low"] is not None]
FLOATS = [name for name in NUMBERS if isinstance(OPTIONS[name].default, float)]
WHOLE = [name for name in NUMBERS if name not in FLOATS]
SWITCHES = [name for name, setting in OPTIONS.items() if isinstance(setting.default, bool)]


def with_option(name: str, value: Any) -> TrainSettings:
    return replace(TrainSettings(), **{name: value})


@pytest.mark.parametrize("name", OPTIONS)
def test_every_option_explains_itself_and_accepts_its_default(name: str) -> None:
    setting = OPTIONS[name]
    assert setting.metadata["help"]
    assert allowed(setting)
    assert getattr(with_option(name, setting.default), name) == setting.default


@pytest.mark.parametrize("name", NUMBERS)
def test_ends_of_a_range_are_in_and_what_lies_beyond_is_not(name: str) -> None:
    setting = OPTIONS[name]
    low, high = setting.metadata["low"], setting.metadata["high"]
    assert getattr(with_option(name, low), name) == low
    beyond = [low - 1]
    if high is not None:
        assert getattr(with_option(name, high), name) == high
        beyond.append(high + 1)
    for value in beyond:
        with pytest.raises(UsageError) as error:
            with_option(name, value)
        assert str(error.value) == f"{flag(name)}: found {value!r}; allowed: {allowed(setting)}"


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_numbers_are_finite(name: str, value: float) -> None:
    """JSON, which keeps them, has no others."""
    with pytest.raises(UsageError, match=f"{flag(name)}: found"):
        with_option(name, value)


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("value", [20.0, "20", True, None])
def test_whole_numbers_are_whole(name: str, value: object) -> None:
    with pytest.raises(UsageError, match=f"{flag(name)}: found {value!r}; allowed: a whole number"):
        with_option(name, value)


@pytest.mark.parametrize("name", FLOATS)
def test_a_truth_is_no_number(name: str) -> None:
    with pytest.raises(UsageError, match=f"{flag(name)}: found True"):
        with_option(name, True)


def test_a_whole_number_may_stand_for_a_fraction() -> None:
    assert TrainSettings.merged({"lr": 1, "gamma": 0}) == TrainSettings(lr=1.0, gamma=0.0)


@pytest.mark.parametrize("name", SWITCHES)
@pytest.mark.parametrize("value", [1, 0, "true", None])
def test_switches_are_true_or_false(name: str, value: object) -> None:
    with pytest.raises(UsageError, match=f"{flag(name)}: found {value!r}; allowed: true or false"):
        with_option(name, value)


@pytest.mark.parametrize(("name", "value"), [("relabel", "always"), ("precision", "fp64"), ("relabel", "Auto")])
def test_choices_are_listed(name: str, value: str) -> None:
    with pytest.raises(UsageError) as error:
        with_option(name, value)
    for choice in OPTIONS[name].metadata["choices"]:
        assert choice in str(error.value)


@pytest.mark.parametrize(("name", "value"), [("backbone", 18), ("device", None), ("weights", 5)])
def test_text_is_text(name: str, value: object) -> None:
    with pytest.raises(UsageError, match=f"{flag(name)}: found {value!r}; allowed: text"):
        with_option(name, value)


def test_later_layers_win_and_none_says_nothing() -> None:
    file, said = {"epochs": 7, "lr": 0.5, "weights": "imagenet"}, {"lr": 0.25, "epochs": None}
    assert TrainSettings.merged(file, said) == TrainSettings(epochs=7, lr=0.25, weights="imagenet")


def test_an_unknown_option_is_named_with_its_source_and_all_there_are() -> None:
    with pytest.raises(UsageError, match=r"somewhere: found option 'epoch'; allowed: .*\bepochs\b") as error:
        TrainSettings.merged({"epoch": 7}, source="somewhere")
    assert all(name in str(error.value) for name in OPTIONS)


@pytest.mark.parametrize("name", REMOVED)
@pytest.mark.parametrize("value", [0, 2])
def test_a_removed_option_in_workspace_toml_is_told_from_a_misspelt_one(name: str, value: int) -> None:
    with pytest.raises(
        UsageError, match=rf"table \[train\]: found option '{name}', which was removed .*; take it out$"
    ):
        TrainSettings.merged({name: value})


def test_a_record_of_a_round_trained_without_removed_options_is_as_good_as_one_of_now() -> None:
    kept = TrainSettings(epochs=3).as_dict()
    older = kept | {"folds": 0, "flip_consistency": 0.0}
    assert still_options(older, source="round 3") == kept
    assert still_options(kept, source="round 3") == kept


@pytest.mark.parametrize(("name", "value"), [("folds", 2), ("flip_consistency", 0.5)])
def test_a_record_of_a_round_trained_with_a_removed_option_says_what_to_do(name: str, value: float) -> None:
    with pytest.raises(UsageError) as error:
        still_options(TrainSettings().as_dict() | {name: value}, source="round 3")
    assert str(error.value) == (
        f"round 3: found {flag(name)} {value}, an option that this version does not have; allowed: records without it; "
        "begin a new round, or go on with the version that began this one"
    )


@pytest.mark.parametrize(("faces", "audit"), [(0, 0), (48, 12), (399, 99), (400, 100), (10_000, 100)])
def test_audit_faces_leave_most_faces_to_show_a_proposal(faces: int, audit: int) -> None:
    assert TrainSettings().audit_faces(faces) == audit
    assert TrainSettings(audit_samples=3).audit_faces(faces) == min(3, audit)


def test_json_and_back_is_the_same() -> None:
    chosen = TrainSettings(epochs=3, weights="w.pth", learn_margin_rank=True, relabel="auto")
    kept = json.loads(json.dumps(chosen.as_dict(), allow_nan=False))
    assert set(kept) == set(OPTIONS)
    assert TrainSettings.merged(kept) == chosen


def test_flags_are_named_after_their_settings() -> None:
    assert flag("learn_margin_rank") == "--learn-margin-rank"


def test_none_takes_back_what_an_earlier_layer_says() -> None:
    assert TrainSettings.merged({"weights": "imagenet"}, {"weights": "none"}) == TrainSettings()
    assert TrainSettings.merged({"backbone": "none"}).backbone == "none", "only what may be None"


def test_labels_are_set_by_votes_or_by_the_network_alone() -> None:
    assert TrainSettings(soft_labels="votes").relabel == "review"
    with pytest.raises(UsageError, match="--soft-labels: found votes with --relabel auto; allowed: one of them"):
        TrainSettings(soft_labels="votes", relabel="auto")
