"""The instances drawn are valid, and the grids feasible."""

from __future__ import annotations

import numpy as np
from hypothesis import given

from lp_solvers import highs
from lp_solvers.certificate import TOLERANCE
from refimpl.dgpg.theory.domains.communication import Links
from refimpl.dgpg.theory.domains.power import Grid, dispatch_program
from refimpl.dgpg.theory.domains.routing import Network
from tests.dgpg.theory.domains.strategies import few, grids, link_systems, networks


@few
@given(grids())
def test_grids_have_a_dispatch_within_limits(grid: Grid) -> None:
    factors = grid.flow_factors()
    limits = np.concatenate([grid.limit, grid.limit])
    program = dispatch_program(grid, np.vstack([factors, -factors]), limits).linear
    output = highs.solve(program).x
    size = np.abs(factors) @ (output.max() + grid.demand) + grid.limit
    assert (np.abs(grid.flows(output)) <= grid.limit + TOLERANCE * size).all()
    assert (output >= -TOLERANCE * output.max()).all()
    assert (output <= grid.ceiling + TOLERANCE * (output.max() + grid.ceiling)).all()
    total = grid.demand.sum()
    assert abs(output.sum() - total) <= TOLERANCE * (output.size * output.max() + total)


@given(networks(), link_systems())
def test_paths_and_flows_use_links(network: Network, links: Links) -> None:
    assert (network.paths.sum(axis=0) > 0).all()
    assert (network.pairs.sum(axis=1) > 0).all()
    assert (links.routes.sum(axis=0) > 0).all()
