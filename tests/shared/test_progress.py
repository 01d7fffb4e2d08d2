"""Specifies refimpl.shared.progress: a bar on a terminal, rare plain lines everywhere else."""

from __future__ import annotations

import io
import sys

import pytest

from refimpl.shared import progress


class Terminal(io.StringIO):
    """A text stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


class Clock:
    """A clock that the test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_plain_lines_are_first_last_and_rare() -> None:
    out, clock = io.StringIO(), Clock()
    report = progress.plain_lines("checks", out, clock)
    for done in range(101):
        report(done, 100)
        clock.now += 0.3
    lines = out.getvalue().splitlines()
    assert lines[0] == "checks: 0/100 (0 s)"
    assert lines[-1] == "checks: 100/100 (30 s)"
    assert len(lines) == 4  # every ten of thirty seconds


def test_no_terminal_means_plain_lines() -> None:
    out = io.StringIO()
    with progress.bar("jobs", out) as report:
        report(0, 2)
        report(2, 2)
    assert out.getvalue() == "jobs: 0/2 (0 s)\njobs: 2/2 (0 s)\n"


def test_terminal_means_a_bar() -> None:
    pytest.importorskip("tqdm")
    out = Terminal()
    with progress.bar("jobs", out) as report:
        report(0, 4)
        report(3, 4)
        report(4, 4)
    shown = out.getvalue()
    assert "\r" in shown
    assert "jobs: 100%" in shown
    assert "4/4" in shown


def test_terminal_without_tqdm_means_plain_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tqdm", None)
    out = Terminal()
    with progress.bar("jobs", out) as report:
        report(1, 1)
    assert out.getvalue() == "jobs: 1/1 (0 s)\n"


def test_standard_error_is_the_default(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.bar("jobs") as report:
        report(1, 1)
    captured = capsys.readouterr()
    assert captured.err == "jobs: 1/1 (0 s)\n"
    assert captured.out == ""


def test_silent_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.silent("jobs") as report:
        report(1, 1)
    assert capsys.readouterr() == ("", "")
