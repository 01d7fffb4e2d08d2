"""Specifies refimpl.equations: rows, look-up and what is missing."""

from __future__ import annotations

import pytest

from refimpl.equations import DIFFERS, NOT_IMPLEMENTED, Equation, lookup, missing_numbers

ROWS = tuple(
    Equation(number, "phrase", "", NOT_IMPLEMENTED("test"))
    for number in ("eq. 1", "eq. 11", "Lemma 1", "Fig. 4", "Table 1", "Algorithm 2", "Prop. 3")
)


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ("1", "eq. 1"),
        ("11", "eq. 11"),
        ("(11)", "eq. 11"),
        ("eq 11", "eq. 11"),
        ("lemma 1", "Lemma 1"),
        ("fig 4", "Fig. 4"),
        ("Figure 4", "Fig. 4"),
        ("Fig. 4b", "Fig. 4"),
        ("table 1", "Table 1"),
        ("ALGORITHM 2", "Algorithm 2"),
        ("equation 1", "eq. 1"),
        ("proposition 3", "Prop. 3"),
    ],
)
def test_lookup_understands_the_usual_ways(query: str, number: str) -> None:
    assert [row.number for row in lookup(ROWS, query)] == [number]


@pytest.mark.parametrize("query", ["4", "lemma", "lemma 11", "theorem 1", ""])
def test_lookup_of_what_is_not_there_is_empty(query: str) -> None:
    assert lookup(ROWS, query) == ()


def test_missing_numbers_are_all_named() -> None:
    assert missing_numbers(ROWS, {"eq.": 2, "Lemma": 1, "Fig.": 2}) == ["eq. 2", "Fig. 1", "Fig. 2"]
    assert missing_numbers(ROWS, {"Table": 1, "Lemma": 1}) == []


def test_target_is_the_code_whatever_the_status() -> None:
    def code() -> None: ...

    assert Equation("eq. 1", "", "", code).target is code
    assert Equation("eq. 1", "", "", DIFFERS(code, "why")).target is code
    assert Equation("eq. 1", "", "", NOT_IMPLEMENTED("why")).target is None
