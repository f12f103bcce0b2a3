from __future__ import annotations

import pytest

from review_app import theme
from review_app.charts import face, rounds
from scn_core.records import EpochReport

CLASSES = ("sad", "<b>happy</b>", "fear")
WHITE, DARK = (255, 255, 255), (14, 17, 23)


def report(epoch: int, val: float | None) -> EpochReport:
    return EpochReport(epoch, 1, 1, 0, epoch / 10, 0.8, 0.5, 0.7, 0.1, 0.15, val, 0, 100, 2)


def test_bars_stand_in_class_order_and_say_which_is_which() -> None:
    figure = face.probability_bars(CLASSES, (0.1, 0.7, 0.2), given=0, proposed=1)
    (bar,) = figure.data
    assert bar.y == ("sad · given", "&lt;b&gt;happy&lt;/b&gt; · proposed", "fear")
    assert bar.x == (0.1, 0.7, 0.2)
    assert bar.text == ("10%", "70%", "20%")
    assert bar.marker.color == (theme.BLUE, theme.GREEN, theme.GREY)


def test_bars_without_a_proposal() -> None:
    (bar,) = face.probability_bars(CLASSES, (0.1, 0.7, 0.2), given=1, proposed=None).data
    assert bar.y == ("sad", "&lt;b&gt;happy&lt;/b&gt; · given", "fear")


def test_curves_are_told_apart_without_colour() -> None:
    alpha, margin = face.dynamics([0.5, 0.4], [-0.3, 0.2]).data
    assert (alpha.name, tuple(alpha.x), tuple(alpha.y)) == ("alpha", (1, 2), (0.5, 0.4))
    assert (margin.name, tuple(margin.y)) == ("margin", (-0.3, 0.2))
    assert alpha.line.dash != margin.line.dash


def test_a_margin_below_zero_is_in_view() -> None:
    assert face.dynamics([0.5], [-0.3]).layout.yaxis.range[0] < -0.3


@pytest.mark.parametrize(("val", "names"), [(None, ["training faces"]), (0.4, ["training faces", "validation faces"])])
def test_validation_is_drawn_where_there_is_one(val: float | None, names: list[str]) -> None:
    figure = rounds.training([report(1, val), report(2, val)])
    assert [trace.name for trace in figure.data] == names


def test_epochs_without_validation_do_not_break_its_curve() -> None:
    _, validation = rounds.training([report(1, 0.4), report(2, None), report(3, None), report(4, 0.5)]).data
    assert (tuple(validation.y), validation.connectgaps) == ((0.4, None, None, 0.5), True)


@pytest.mark.parametrize("colour", [*theme.ANSWERS.values(), theme.GREY])
@pytest.mark.parametrize("ground", [WHITE, DARK])
def test_colours_are_seen_on_light_and_dark(colour: str, ground: tuple[int, int, int]) -> None:
    lighter, darker = sorted((luminance(rgb(colour)), luminance(ground)), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= 3


def luminance(colour: tuple[int, int, int]) -> float:
    shares = [v / 255 / 12.92 if v / 255 <= 0.04045 else ((v / 255 + 0.055) / 1.055) ** 2.4 for v in colour]
    return 0.2126 * shares[0] + 0.7152 * shares[1] + 0.0722 * shares[2]


@pytest.mark.parametrize(("dark", "ground"), [(False, WHITE), (True, DARK)])
def test_words_are_read_on_light_and_dark(dark: bool, ground: tuple[int, int, int]) -> None:
    for figure in (
        face.probability_bars(CLASSES, (0.1, 0.7, 0.2), given=0, proposed=1, dark=dark),
        face.dynamics([0.5], [0.1], dark=dark),
        rounds.training([report(1, 0.5)], dark=dark),
    ):
        for font in (figure.layout.font, figure.layout.xaxis.tickfont, figure.layout.yaxis.tickfont):
            lighter, darker = sorted((luminance(rgb(font.color)), luminance(ground)), reverse=True)
            assert (lighter + 0.05) / (darker + 0.05) >= 4.5


def rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:], 16)


@pytest.mark.parametrize(("epochs", "step"), [(3, 1), (10, 1), (11, 2), (100, 10)])
def test_ticks_are_whole_epochs(epochs: int, step: int) -> None:
    axis = face.dynamics([0.5] * epochs, [0.1] * epochs).layout.xaxis
    assert (axis.tick0, axis.dtick) == (1, step)
