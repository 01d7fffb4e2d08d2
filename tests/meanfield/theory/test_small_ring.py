from __future__ import annotations

import numpy as np
import pytest

from refimpl.meanfield.theory.full_information import optimal_drops
from refimpl.meanfield.theory.small_ring import (
    instantaneous_table,
    observation_table,
    one_winner_drops,
    policy_table,
    ring_of_four,
    rule_drops,
    split_drops,
    symmetric_table,
)


def test_every_policy_at_delay_ten() -> None:
    """Order of the values, exactly: optimum, best own-state rule, RND, JSQ split, one winner."""
    table = {name: value for name, value in policy_table(10.0, 4).items() if value.ndim == 0}
    assert table["own_state"] == pytest.approx(3.2865, abs=5e-4)
    assert table["random"] == pytest.approx(3.462, abs=5e-4)
    assert table["own_state"] < table["random"] < table["split"] < table["one_winner"]
    assert table["residual"] < 1e-6
    # a grid of quarters is too coarse here, one of eighths is not
    fine = optimal_drops(ring_of_four(10.0), 5, 4, 4)
    assert fine < table["own_state"] < table["full_information"]


def test_jsq_crosses_random_between_two_and_three_with_either_tie_rule() -> None:
    for drops in (one_winner_drops, split_drops):
        assert drops(2.0) < rule_drops(2.0, np.zeros(6))
        assert drops(3.0) > rule_drops(3.0, np.zeros(6))
    assert one_winner_drops(1.0) == pytest.approx(1.179, abs=5e-4)
    assert split_drops(1.0) == pytest.approx(0.992, abs=5e-4)


def test_seeing_more_is_never_worse() -> None:
    table = observation_table(25.0)
    assert table["neighbours"] <= table["own_state"] + 1e-9
    assert table["distribution"] <= table["own_state"] + 1e-9
    assert table["neighbours"] < table["own_state"] * 0.9999


def test_from_empty_queues_nothing_is_better_than_equal_rates() -> None:
    """One epoch: drops are convex in the rate, and the start says nothing."""
    symmetric = symmetric_table(50.0)
    assert symmetric["value"] == pytest.approx(rule_drops(50.0, np.zeros(6)), rel=1e-9)
    assert symmetric["residual"] < 1e-6


def test_instantaneous_information_on_a_ring_of_four() -> None:
    table = instantaneous_table(4)
    assert table["best_ties"] == pytest.approx(float(table["optimum"]), rel=1e-6)
    assert table["random_ties"] == pytest.approx(float(table["optimum"]), rel=1e-6)
    assert table["optimum"] == pytest.approx(0.0195, abs=5e-5)


def test_the_ring_has_the_papers_numbers() -> None:
    system = ring_of_four(3.0)
    assert (system.n, system.buffer, system.dt) == (4, 5, 3.0)
    assert system.modulation.rates == (0.9, 0.6)
