"""Dispatch by equal marginal costs, flows by angles, prices by perturbation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given

from lp_solvers.errors import InfeasibleError
from refimpl.dgpg.theory.domains.power import (
    Grid,
    economic_dispatch,
    optimal_power_flow,
)
from tests.dgpg.theory.domains.strategies import few, grids


def two_buses(limit: float) -> Grid:
    """A cheap generator at bus 0, a dear one at bus 1, where the demand of 10 is."""
    one, ones = np.ones(1), np.ones(2)
    return Grid(
        np.array([[0, 1]]),
        one,
        limit * one,
        np.array([0.0, 10.0]),
        np.array([0, 1]),
        ones,
        np.array([0.0, 4.0]),
        20.0 * ones,
    )


def test_two_buses_by_hand() -> None:
    """Free: g0 = 7, g1 = 3 at price 7. With a line of 5: 5 and 5, prices 5 and 9."""
    free, bound = economic_dispatch(two_buses(5.0)), optimal_power_flow(two_buses(5.0))
    np.testing.assert_allclose(free.output, [7.0, 3.0])
    np.testing.assert_allclose(free.bus_price, [7.0, 7.0])
    np.testing.assert_allclose(bound.output, [5.0, 5.0])
    np.testing.assert_allclose(bound.bus_price, [5.0, 9.0])
    np.testing.assert_allclose(bound.line_price, [[4.0], [0.0]], atol=1e-9)


@few
@given(grids())
def test_flows_are_those_of_bus_angles(grid: Grid) -> None:
    """Independent form: angles from the reduced susceptance matrix, bus 0 at angle 0."""
    output = (
        grid.demand.sum()
        * np.linspace(1, 2, grid.bus.size)
        / np.linspace(1, 2, grid.bus.size).sum()
    )
    incidence = grid.incidence()
    matrix = incidence.T @ (grid.susceptance[:, None] * incidence)
    injection = np.zeros(grid.n_buses)
    np.add.at(injection, grid.bus, output)
    injection -= grid.demand
    angles = np.append(0.0, np.linalg.solve(matrix[1:, 1:], injection[1:]))
    np.testing.assert_allclose(
        grid.flows(output), grid.susceptance * (incidence @ angles), atol=1e-9
    )


@few
@given(grids())
def test_marginal_costs_meet_the_bus_prices(grid: Grid) -> None:
    """Equal to the price inside the range, below at the ceiling, above at 0."""
    for dispatch in (economic_dispatch(grid), optimal_power_flow(grid)):
        margin = grid.marginal_cost(dispatch.output) - dispatch.bus_price[grid.bus]
        at_top = dispatch.output >= grid.ceiling - 1e-9
        at_zero = dispatch.output <= 1e-9
        assert (margin[~at_zero] <= 1e-7).all()
        assert (margin[~at_top] >= -1e-7).all()
        assert dispatch.output.sum() == pytest.approx(grid.demand.sum())


@few
@given(grids())
def test_lines_only_cost(grid: Grid) -> None:
    bound, free = optimal_power_flow(grid), economic_dispatch(grid)
    assert grid.cost(bound.output) >= grid.cost(free.output) - 1e-8
    assert (np.abs(grid.flows(bound.output)) <= grid.limit + 1e-8).all()
    wide = replace(grid, limit=grid.limit + 1000.0)
    np.testing.assert_allclose(optimal_power_flow(wide).output, free.output, atol=1e-7)


def test_bus_price_is_the_cost_of_more_demand() -> None:
    grid, h = two_buses(5.0), 1e-4
    more = replace(grid, demand=grid.demand + np.array([0.0, h]))
    rise = grid.cost(optimal_power_flow(more).output) - grid.cost(optimal_power_flow(grid).output)
    assert rise / h == pytest.approx(optimal_power_flow(grid).bus_price[1], abs=2 * h)


def test_influence_is_the_change_of_flows() -> None:
    grid = two_buses(5.0)
    up = grid.flows(np.array([8.0, 3.0])) - grid.flows(np.array([7.0, 3.0]))
    np.testing.assert_allclose(grid.influence()[0], up)


def test_impossible_grids_are_named() -> None:
    with pytest.raises(InfeasibleError):
        optimal_power_flow(replace(two_buses(5.0), ceiling=np.array([20.0, 1.0])))
    with pytest.raises(ValueError, match="lines must connect all buses"):
        replace(two_buses(5.0), demand=np.zeros(3))
    with pytest.raises(ValueError, match=r"bus must name buses 0..1; got \[0 2\]"):
        replace(two_buses(5.0), bus=np.array([0, 2]))
    with pytest.raises(ValueError, match=r"limit must be > 0; got -1.0"):
        two_buses(-1.0)
    with pytest.raises(ValueError, match=r"linear must have shape \(2,\); got \(3,\)"):
        replace(two_buses(5.0), linear=np.zeros(3))
