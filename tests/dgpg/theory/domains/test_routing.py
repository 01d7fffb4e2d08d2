"""Wardrop's conditions, textbook networks, and the price of anarchy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given

from refimpl.dgpg.theory.domains.routing import (
    Network,
    braess,
    in_series,
    parallel_links,
    pigou,
    system_optimum,
    unfairness,
    user_equilibrium,
)
from tests.dgpg.theory.domains.strategies import few, networks


@few
@given(networks())
def test_nobody_has_a_faster_path(network: Network) -> None:
    """Times are some thousands at most and prices agree with the used paths."""
    found = user_equilibrium(network)
    times = network.times(found.flow)
    size = 1.0 + float(times.sum())
    assert unfairness(network, found.path_flow, times) <= 1e-7 * size
    np.testing.assert_allclose(found.flow, network.paths @ found.path_flow, atol=1e-8)
    shortest = [(network.paths.T @ times)[pair > 0].min() for pair in network.pairs]
    np.testing.assert_allclose(found.price, shortest, atol=1e-7 * size)


@few
@given(networks())
def test_the_optimum_has_equal_marginal_times(network: Network) -> None:
    best, user = system_optimum(network), user_equilibrium(network)
    slopes = network.marginal_times(best.flow)
    assert unfairness(network, best.path_flow, slopes) <= 1e-7 * (1.0 + float(slopes.sum()))
    total = network.total_time(user.flow)
    assert network.total_time(best.flow) <= total * (1 + 1e-9)


def test_pigou() -> None:
    user, best = user_equilibrium(pigou()), system_optimum(pigou())
    np.testing.assert_allclose(user.flow, [1.0, 0.0], atol=1e-6)
    np.testing.assert_allclose(best.flow, [0.5, 0.5], atol=1e-9)
    assert pigou().total_time(best.flow) == pytest.approx(0.75)
    assert pigou().total_time(user.flow) == pytest.approx(1.0, abs=1e-9)


def test_braess() -> None:
    without, having = braess(shortcut=False), braess(shortcut=True)
    assert user_equilibrium(without).price == pytest.approx(83.0)
    assert user_equilibrium(having).price == pytest.approx(92.0)
    np.testing.assert_allclose(user_equilibrium(having).path_flow, [2.0, 2.0, 2.0])
    assert having.total_time(system_optimum(having).flow) == pytest.approx(498.0)


def test_affine_anarchy_costs_at_most_a_third() -> None:
    rng = np.random.default_rng(0)
    for _ in range(10):
        network = parallel_links(rng.uniform(0, 3, 4), rng.uniform(0, 2, 4), 2.0)
        worse = network.total_time(user_equilibrium(network).flow)
        assert worse <= 4 / 3 * network.total_time(system_optimum(network).flow) * (1 + 1e-9)


def test_series_add_their_times() -> None:
    first = parallel_links(np.array([0.0, 1.0]), np.array([1.0, 1.0]), 2.0)
    second = parallel_links(np.array([0.5, 0.0, 2.0]), np.array([1.0, 3.0, 1.0]), 2.0)
    network = in_series(first, second)
    combinations = {tuple(path) for path in network.paths.T}
    assert combinations == {(*a, *b) for a in np.eye(2) for b in np.eye(3)}
    both = user_equilibrium(network)
    parts = user_equilibrium(first).price + user_equilibrium(second).price
    assert both.price == pytest.approx(parts)


def test_unfairness_sees_a_detour() -> None:
    assert unfairness(pigou(), np.array([0.5, 0.5]), np.array([0.5, 1.0])) == 0.5
    assert unfairness(pigou(), np.array([1.0, 0.0]), np.array([0.5, 1.0])) == 0.0


def test_marginal_times_are_the_derivative_of_total_time() -> None:
    network = replace(braess(shortcut=True), power=3.0)
    flow, h = np.array([1.0, 2.0, 3.0, 4.0, 5.0]), 1e-5
    for j, step in enumerate(h * np.eye(5)):
        slope = (network.total_time(flow + step) - network.total_time(flow - step)) / (2 * h)
        assert network.marginal_times(flow)[j] == pytest.approx(slope, rel=1e-7)


def test_influence_lists_the_links_of_a_path() -> None:
    np.testing.assert_array_equal(braess(shortcut=True).influence()[2], [1, 0, 0, 1, 1])


def test_bad_networks_are_refused() -> None:
    with pytest.raises(ValueError, match=r"slope must be >= 0; got -1.0"):
        replace(pigou(), slope=np.array([1.0, -1.0]))
    with pytest.raises(ValueError, match=r"free_time must have shape \(2,\)"):
        replace(pigou(), free_time=np.zeros(3))
    with pytest.raises(ValueError, match=r"power must be >= 1; got 0.5"):
        replace(pigou(), power=0.5)
    with pytest.raises(ValueError, match="pairs must give every path one pair"):
        replace(pigou(), pairs=np.array([[1.0, 0.0]]))
    with pytest.raises(ValueError, match="first and second must serve one pair of equal demand"):
        in_series(pigou(), replace(pigou(), demand=np.array([2.0])))
