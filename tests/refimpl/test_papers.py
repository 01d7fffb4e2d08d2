"""Specifies refimpl.papers: four papers in order, imported only when asked for."""

from __future__ import annotations

import subprocess
import sys

import pytest

from refimpl import papers
from refimpl.names import UnknownNameError
from refimpl.papers import Paper
from tests.refimpl.fake_paper import claims as fake
from tests.refimpl.fake_paper import equations

FAKE = Paper("fake", "A fake paper", "FAKE", "tests.refimpl.fake_paper")
UNBUILT = Paper("later", "A later paper", "LATER")


@pytest.fixture
def _fake_papers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(papers, "PAPERS", (UNBUILT, FAKE))


def test_the_four_papers_in_order() -> None:
    assert [paper.key for paper in papers.PAPERS] == ["dgpg", "scale", "dcc", "meanfield"]
    assert [paper.tag for paper in papers.PAPERS] == ["DG-PG", "SCALE", "DCC", "MF"]


@pytest.mark.usefixtures("_fake_papers")
def test_claims_equations_and_readings_of_a_built_paper() -> None:
    assert papers.claims() == papers.claims("fake") == fake.CLAIMS
    assert papers.equation_table("fake") == equations.EQUATIONS
    assert papers.inventory("fake") == equations.INVENTORY
    assert papers.readings("fake").startswith("# Readings")


@pytest.mark.usefixtures("_fake_papers")
def test_a_paper_not_built_yet_has_nothing() -> None:
    assert papers.claims("later") == ()
    assert papers.equation_table("later") == ()
    assert papers.inventory("later") == {}
    assert papers.readings("later") == ""


@pytest.mark.parametrize(
    "ask", [papers.claims, papers.equation_table, papers.inventory, papers.readings]
)
def test_unknown_paper_is_named(ask: object) -> None:
    assert callable(ask)
    with pytest.raises(UnknownNameError, match="unknown paper 'dcg'; did you mean"):
        ask("dcg")


def test_registry_imports_no_paper_by_itself() -> None:
    code = "import sys, refimpl.papers; sys.exit('refimpl.dcc' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
