"""Markov-modulated amounts [DCC App. B, App. F]."""

from __future__ import annotations

import numpy as np
import pytest

from refimpl.dcc.model.sources import iid, modulated, uniform


def test_uniform_covers_its_interval_evenly():
    source = uniform(1, 3)
    np.testing.assert_array_equal(source.amounts, [[0.0, 1 / 3, 1 / 3, 1 / 3]])
    assert (source.n_phases, source.largest) == (1, 3)


def test_iid_is_a_chain_of_one_phase():
    source = iid([0.25, 0.75])
    np.testing.assert_array_equal(source.phases, [[1.0]])
    np.testing.assert_array_equal(source.initial, [1.0])


def test_first_phase_is_uniform_unless_given():
    amounts, phases = np.eye(2), np.full((2, 2), 0.5)
    np.testing.assert_array_equal(modulated(amounts, phases).initial, [0.5, 0.5])
    np.testing.assert_array_equal(modulated(amounts, phases, [1.0, 0.0]).initial, [1.0, 0.0])


def test_largest_ignores_amounts_that_never_occur():
    assert iid([0.5, 0.5, 0.0]).largest == 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: uniform(2, 1), "low and high must satisfy 0 <= low <= high; got 2 and 1"),
        (lambda: uniform(-1, 1), "got -1 and 1"),
        (lambda: iid([0.5, 0.4]), r"amounts must have rows that sum to 1; row 0 sums to 0\.9"),
        (lambda: iid([1.5, -0.5]), r"amounts must hold probabilities >= 0; got -0\.5"),
        (lambda: iid([np.nan, 1.0]), "amounts must be finite"),
        (lambda: iid([]), "amounts must"),
        (lambda: modulated(np.eye(2), np.ones((1, 1))), r"phases must have shape \(2, 2\)"),
        (lambda: modulated(np.eye(2), np.eye(2), [1.0]), "initial must have length 2; got 1"),
        (lambda: modulated(np.eye(2), np.eye(2), [0.5, 0.6]), "initial must sum to 1"),
    ],
)
def test_bad_sources_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
