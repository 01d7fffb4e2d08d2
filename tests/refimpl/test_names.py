"""Specifies refimpl.names: an unknown name is answered with what may have been meant."""

from __future__ import annotations

from refimpl.names import unknown


def test_close_names_are_offered() -> None:
    error = unknown("claim", "dcc/lema-1", ["dcc/lemma-1", "dcc/kink", "scale/table-2"])
    assert str(error) == "unknown claim 'dcc/lema-1'; did you mean 'dcc/lemma-1'?"


def test_part_of_a_name_is_close_enough() -> None:
    known = [f"dcc/long-name-of-claim-{k}" for k in range(20)]
    assert "'dcc/long-name-of-claim-7'" in str(unknown("claim", "claim-7", known))


def test_few_names_are_all_listed() -> None:
    assert str(unknown("paper", "xyz", ["dcc", "meanfield"])) == (
        "unknown paper 'xyz'; known: dcc, meanfield"
    )
    assert str(unknown("paper", "xyz", [])) == "unknown paper 'xyz'; known: none"


def test_many_names_are_counted() -> None:
    known = [str(k) for k in range(10, 40)]
    assert str(unknown("case", "xyz", known)) == (
        "unknown case 'xyz'; nothing comes close among 30 known names"
    )
