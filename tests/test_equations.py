"""Specifies every paper's ``equations.py``: complete, and every row leads somewhere."""

from __future__ import annotations

import dataclasses
import inspect

import pytest

from refimpl import papers
from refimpl.equations import DIFFERS, NOT_IMPLEMENTED, Equation, missing_numbers
from refimpl.papers import PAPERS, Paper
from tests.refimpl.fake_paper import equations as fake
from tests.refimpl.fake_paper import model
from tests.source import ROOT, named_tests

BUILT = [paper for paper in PAPERS if paper.module is not None]
UNTAGGED = ("linear_models", "lp_solvers")  # never mention a paper
ROWS = [(paper, row) for paper in BUILT for row in papers.equation_table(paper.key)]
NAMES = [f"{paper.key} {row.number}" for paper, row in ROWS]


def code_problems(paper: Paper, row: Equation) -> list[str]:
    """What is wrong with the code of a row."""
    if isinstance(row.code, NOT_IMPLEMENTED | DIFFERS) and not row.code.why.strip():
        return ["the reason is empty"]
    if row.target is None:
        return []
    if not callable(row.target):
        return [f"{row.target!r} is not callable"]
    if row.target.__module__.split(".")[0] in UNTAGGED:
        return []
    first = (inspect.getdoc(row.target) or "").splitlines()[:1]
    tag = f"[{paper.tag} {row.number}]"
    return [] if first and tag in first[0] else [f"first line of docstring lacks {tag}: {first}"]


def missing_test(row: Equation) -> list[str]:
    """What is wrong with the test of a row."""
    if row.target is None and not row.test:
        return []
    file, _, name = row.test.partition("::")
    if not file.startswith("tests/") or not (ROOT / file).is_file():
        return [f"there is no test file {file!r}"]
    if name.partition("[")[0] not in named_tests(ROOT / file):
        return [f"there is no test {name!r} in {file}"]
    return []


def example_problems(row: Equation) -> list[str]:
    """What is wrong with the example of a row."""
    if not row.example or (row.example.startswith("examples/") and (ROOT / row.example).is_file()):
        return []
    return [f"there is no example {row.example!r}"]


@pytest.mark.parametrize("paper", BUILT, ids=lambda paper: paper.key)
def test_every_number_of_the_paper_is_there_once(paper: Paper) -> None:
    table = papers.equation_table(paper.key)
    assert papers.inventory(paper.key)
    assert missing_numbers(table, papers.inventory(paper.key)) == []
    numbers = [row.number for row in table]
    assert len(numbers) == len(set(numbers))


@pytest.mark.parametrize(("paper", "row"), ROWS, ids=NAMES)
def test_code_exists_and_carries_the_tag(paper: Paper, row: Equation) -> None:
    assert row.phrase.strip()
    assert code_problems(paper, row) == []


@pytest.mark.parametrize(("paper", "row"), ROWS, ids=NAMES)
def test_test_exists(paper: Paper, row: Equation) -> None:
    assert row.test or row.target is None, f"{paper.key} {row.number} names no test"
    assert missing_test(row) == []


@pytest.mark.parametrize(("paper", "row"), ROWS, ids=NAMES)
def test_example_exists(paper: Paper, row: Equation) -> None:
    assert example_problems(row) == [], paper.key


FAKE = Paper("fake", "", "FAKE", "tests.refimpl.fake_paper")
GOOD = dataclasses.replace(fake.EQUATIONS[0], example="")


def test_good_rows_have_no_problems() -> None:
    assert [code_problems(FAKE, row) for row in fake.EQUATIONS] == [[], [], [], []]
    assert missing_test(GOOD) == example_problems(GOOD) == []
    assert missing_numbers(fake.EQUATIONS, fake.INVENTORY) == []


def test_bad_rows_are_noticed() -> None:
    def problems(**changes: object) -> list[str]:
        row = dataclasses.replace(GOOD, **changes)  # type: ignore[arg-type]
        return code_problems(FAKE, row) + missing_test(row) + example_problems(row)

    assert "lacks [FAKE eq. 7]" in problems(number="eq. 7")[0]
    assert "lacks [FAKE eq. 1]" in problems(code=model.cube)[0]
    assert problems(code=DIFFERS(model.square, " ")) == ["the reason is empty"]
    assert problems(code=NOT_IMPLEMENTED("")) == ["the reason is empty"]
    assert problems(code=3.0) == ["3.0 is not callable"]
    assert problems(test="tests/none.py::test_x") == ["there is no test file 'tests/none.py'"]
    assert "there is no test 'test_x'" in problems(test="tests/test_equations.py::test_x")[0]
    assert problems(test="") == ["there is no test file ''"]
    assert problems(example="examples/none.py") == ["there is no example 'examples/none.py'"]
