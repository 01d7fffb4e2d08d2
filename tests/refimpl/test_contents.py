"""Specifies refimpl.contents: from a number to the line of code, the test and the example."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from refimpl import contents, papers
from refimpl.contents import NotBuiltError, describe, listing, location, rows
from refimpl.names import UnknownNameError
from tests.refimpl.fake_paper import model
from tests.refimpl.fake_paper.equations import EQUATIONS
from tests.refimpl.test_papers import FAKE, UNBUILT

MODEL = "tests/refimpl/fake_paper/model.py"


@pytest.fixture(autouse=True)
def _fake_papers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(papers, "PAPERS", (UNBUILT, FAKE))
    monkeypatch.chdir(Path(contents.__file__).parents[1])


def line_of(text: str) -> int:
    source = inspect.getsource(model).splitlines()
    return source.index(text) + 1


def test_description_of_a_row() -> None:
    assert describe(rows("fake", "1")[0]) == "\n".join(
        [
            "eq. 1: square",
            "           y = x^2",
            f"  code:    {MODEL}:{line_of('@keep_name')} (square)",
            "  test:    tests/refimpl/test_contents.py::test_description_of_a_row",
            "  example: examples/fake_01.py",
        ]
    )


def test_description_of_honest_rows() -> None:
    assert describe(rows("fake", "2")[0]).splitlines()[2:] == [
        f"  code:    {MODEL}:{line_of('@functools.cache')} (cube)",
        "  differs: the printed exponent is a slip",
    ]
    assert describe(rows("fake", "eq. 3")[0]).splitlines() == [
        "eq. 3: the lost one",
        "  code:    not implemented: its formula is lost",
    ]


def test_listing_has_a_line_for_every_number() -> None:
    lines = listing(rows("fake")).splitlines()
    assert len(lines) == len(EQUATIONS)
    assert lines[0] == f"eq. 1        square        {MODEL}:{line_of('@keep_name')}"
    assert lines[2] == "eq. 3        the lost one  not implemented"
    assert lines[3].startswith("Algorithm 1  keeping")


@pytest.mark.parametrize("query", ["algorithm 1", "Algorithm 1", "ALGORITHM 1", "algorithm1"])
def test_numbers_may_be_written_in_any_way(query: str) -> None:
    assert rows("fake", query) == (EQUATIONS[3],)


def test_unknown_number_is_named_with_what_comes_close() -> None:
    with pytest.raises(UnknownNameError, match=r"number of paper 'fake' 'eq. 4'; .*'eq. 1'"):
        rows("fake", "eq. 4")


def test_paper_not_built_is_said() -> None:
    with pytest.raises(NotBuiltError, match="paper 'later' is not built yet"):
        rows("later")


def test_location_is_absolute_from_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert location(model.cube).startswith("/")
    assert location(None) == ""
