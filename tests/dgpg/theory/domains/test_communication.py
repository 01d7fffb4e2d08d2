"""Proportionally fair rates: prices, Kelly's criterion, textbook chain."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given

from refimpl.dgpg.theory.domains.alignment import feasible_states
from refimpl.dgpg.theory.domains.communication import (
    Links,
    feasible_rates,
    greatest_throughput,
    linear_network,
    proportional_fairness,
    utility_gradient,
)
from tests.dgpg.theory.domains.strategies import few, link_systems


@few
@given(link_systems())
def test_rates_are_weights_over_prices(links: Links) -> None:
    found = proportional_fairness(links)
    path_price = links.routes.T @ found.prices
    np.testing.assert_allclose(found.rates * path_price, links.weight, rtol=1e-7)
    load = links.routes @ found.rates
    assert (load <= links.capacity * (1 + 1e-9)).all()
    np.testing.assert_allclose(found.prices * (links.capacity - load), 0.0, atol=1e-7)


@few
@given(link_systems())
def test_no_other_rates_are_better_in_proportion(links: Links) -> None:
    """Kelly: the weighted proportional changes towards any feasible rates sum to at most 0."""
    rates = proportional_fairness(links).rates
    rng = np.random.default_rng(0)
    for other in feasible_states(feasible_rates(links, np.zeros(rates.size)), 10, rng):
        assert (links.weight * (other - rates) / rates).sum() <= 1e-7


def test_chain_by_hand() -> None:
    """Two links: the long flow pays twice, so it gets half of what the others get."""
    links = linear_network(2)
    np.testing.assert_allclose(proportional_fairness(links).rates, [1 / 3, 2 / 3, 2 / 3])
    np.testing.assert_allclose(proportional_fairness(links).prices, [1.5, 1.5])
    np.testing.assert_allclose(greatest_throughput(links), [0.0, 1.0, 1.0])
    np.testing.assert_array_equal(links.influence()[0], [1.0, 1.0])
    np.testing.assert_allclose(
        utility_gradient(links, np.array([1.0, 2.0, 4.0])), [-1, -0.5, -0.25]
    )


def test_bad_links_are_refused() -> None:
    with pytest.raises(ValueError, match="capacity must be 2 positive numbers"):
        replace(linear_network(2), capacity=np.array([1.0, 0.0]))
    with pytest.raises(ValueError, match="routes must give every flow a link"):
        Links(np.array([[1.0, 0.0]]), np.ones(1), np.ones(2))
