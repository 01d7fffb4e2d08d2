"""Rows of a paper's table of contents: from an equation's number to code, test and example."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

_ABBREVIATIONS = {"equation": "eq", "figure": "fig", "proposition": "prop"}


@dataclass(frozen=True)
class NOT_IMPLEMENTED:
    """Honest row: nothing in the code corresponds to this number, and why."""

    why: str


@dataclass(frozen=True)
class DIFFERS:
    """Honest row: the code deliberately computes something else than printed; what, and why."""

    code: Callable[..., Any] | type
    why: str


@dataclass(frozen=True)
class Equation:
    """One numbered item of a paper.

    Parameters
    ----------
    number : str
        Kind and number: ``"eq. 8"``, ``"Lemma 1"``, ``"Algorithm 2"``, ``"Table 1"``, ``"Fig. 4"``.
    phrase : str
        What it is, in a few words.
    formula : str
        The formula in plain text, as read here; empty for algorithms, tables and figures.
    code : callable, type, NOT_IMPLEMENTED or DIFFERS
        The function or class that is the item. Its docstring's first line carries the tag,
        e.g. ``[DCC eq. 8]``, unless it lives in a package that never mentions papers.
    test : str
        ``tests/dcc/test_local.py::test_name`` that specifies it.
    example : str
        Path of an example that shows it, or empty.
    """

    number: str
    phrase: str
    formula: str
    code: Callable[..., Any] | type | NOT_IMPLEMENTED | DIFFERS
    test: str = ""
    example: str = ""

    @property
    def target(self) -> Callable[..., Any] | type | None:
        """The code of the row, or None when there is none."""
        if isinstance(self.code, NOT_IMPLEMENTED):
            return None
        return self.code.code if isinstance(self.code, DIFFERS) else self.code


def missing_numbers(rows: tuple[Equation, ...], inventory: Mapping[str, int]) -> list[str]:
    """Numbers 1..n of each kind in ``inventory`` that no row carries."""
    present = {row.number for row in rows}
    wanted = (f"{kind} {k}" for kind, n in inventory.items() for k in range(1, n + 1))
    return [number for number in wanted if number not in present]


def lookup(rows: tuple[Equation, ...], query: str) -> tuple[Equation, ...]:
    """Rows matching ``query``: a bare number means an equation; otherwise kind and number.

    ``"8"`` finds ``eq. 8``; ``"lemma 1"``, ``"Figure 4"``, ``"prop 2"`` find those, any case. A
    part of an item, ``"Fig. 1a"``, finds the item.
    """
    wanted = _normalised(query if re.search(r"[a-z]", query, re.I) else f"eq {query}")
    whole = re.sub(r"(?<=\d)[a-z]$", "", wanted)
    return tuple(row for row in rows if _normalised(row.number) in (wanted, whole))


def _normalised(number: str) -> str:
    short = number.lower()
    for long, abbreviation in _ABBREVIATIONS.items():
        short = short.replace(long, abbreviation)
    return re.sub(r"[^a-z0-9]", "", short)
