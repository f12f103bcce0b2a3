"""What every command says when it is stopped, and where an installation lacks torch or has one that does not fit."""

from __future__ import annotations

import click
import pytest

from scn_core.cli.run import run


def said(error: BaseException, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    @click.command()
    def work() -> None:
        raise error

    monkeypatch.setattr("sys.argv", ["program", "work"])
    with pytest.raises(SystemExit) as end:
        run(click.Group(commands={"work": work}), "scn_core")
    assert end.value.code == 1
    out, err = capsys.readouterr()
    assert (out, err.strip().count("\n")) == ("", 0)
    return err


def test_without_torch_an_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    err = said(ModuleNotFoundError("No module named 'torch'", name="torch"), monkeypatch, capsys)
    assert err.startswith("error: found no torch, as in an installation for reviewing alone; allowed:")
    assert "pip install -c requirements.lock -r requirements.txt" in err
    with pytest.raises(ModuleNotFoundError):  # anything else that is missing is a fault of ours
        said(ModuleNotFoundError("No module named 'x'", name="x"), monkeypatch, capsys)


def test_torch_and_torchvision_that_do_not_fit_are_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    err = said(RuntimeError("operator torchvision::nms does not exist"), monkeypatch, capsys)
    assert err.startswith("error: found torch ")
    assert "; allowed: a pair made for each other; install both from one index" in err
    with pytest.raises(RuntimeError, match="another"):
        said(RuntimeError("another"), monkeypatch, capsys)


def test_ctrl_c_is_said_in_a_word(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for error in (KeyboardInterrupt(), click.Abort()):
        assert said(error, monkeypatch, capsys).strip() == "stopped"
