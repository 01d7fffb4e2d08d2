"""The four papers, in order, and where each one's claims and equations are.

A paper's package is imported only when something of it is asked for.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

from refimpl.equations import Equation
from refimpl.ledger import Claim
from refimpl.names import unknown


@dataclass(frozen=True)
class Paper:
    """One of the papers.

    Parameters
    ----------
    key : str
        Name of its folder and prefix of its claims.
    title : str
        Title.
    tag : str
        What docstrings call it: ``[DCC eq. 8]``.
    module : str or None
        Its package; None while it is not built.
    """

    key: str
    title: str
    tag: str
    module: str | None = None


PAPERS = (
    Paper(
        "dgpg",
        "Descent-Guided Policy Gradient for Scalable Cooperative Multi-Agent Learning",
        "DG-PG",
        "refimpl.dgpg",
    ),
    Paper(
        "scale",
        "SCALE: Scalable Cross-Attention Learning with Extrapolation for Agentic Workflow "
        "Scheduling",
        "SCALE",
        "refimpl.scale",
    ),
    Paper(
        "dcc",
        "Multi-Agent Reinforcement Learning for Task Offloading in Wireless Edge Networks",
        "DCC",
        "refimpl.dcc",
    ),
    Paper(
        "meanfield",
        "Sparse Mean Field Load Balancing in Large Localized Queueing Systems",
        "MF",
        "refimpl.meanfield",
    ),
)


def find_paper(key: str) -> Paper:
    """Paper with this key.

    Raises
    ------
    UnknownNameError
        If there is none; the message names what comes close.
    """
    for paper in PAPERS:
        if paper.key == key:
            return paper
    raise unknown("paper", key, [paper.key for paper in PAPERS])


def claims(paper: str | None = None) -> tuple[Claim, ...]:
    """Claims of one paper, or of all in order; none for a paper that is not built yet."""
    chosen = PAPERS if paper is None else (find_paper(paper),)
    return tuple(claim for each in chosen for claim in _attribute(each, "claims", "CLAIMS", ()))


def equation_table(paper: str) -> tuple[Equation, ...]:
    """Rows of a paper's ``equations.py`` in paper order; none if it is not built yet."""
    rows: tuple[Equation, ...] = _attribute(find_paper(paper), "equations", "EQUATIONS", ())
    return rows


def inventory(paper: str) -> Mapping[str, int]:
    """How many numbered items of each kind the paper has, e.g. ``{"eq.": 22, "Lemma": 2}``."""
    counts: Mapping[str, int] = _attribute(find_paper(paper), "equations", "INVENTORY", {})
    return counts


def readings(paper: str) -> str:
    """Text of a paper's ``READINGS.md``; empty if it is not built yet."""
    module = find_paper(paper).module
    if module is None:
        return ""
    return resources.files(module).joinpath("READINGS.md").read_text(encoding="utf-8")


def _attribute(paper: Paper, submodule: str, name: str, absent: Any) -> Any:
    if paper.module is None:
        return absent
    return getattr(importlib.import_module(f"{paper.module}.{submodule}"), name)
