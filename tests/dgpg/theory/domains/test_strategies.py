"""The instances drawn are valid, and the grids feasible."""

from __future__ import annotations

import numpy as np
from hypothesis import given

from lp_solvers import highs
from refimpl.dgpg.theory.domains.communication import Links
from refimpl.dgpg.theory.domains.power import Grid, dispatch_program
from refimpl.dgpg.theory.domains.routing import Network
from tests.dgpg.theory.domains.strategies import few, grids, link_systems, networks


@few
@given(grids())
def test_grids_have_a_dispatch_within_limits(grid: Grid) -> None:
    factors = grid.flow_factors()
    limits = np.concatenate([grid.limit, grid.limit])
    highs.solve(dispatch_program(grid, np.vstack([factors, -factors]), limits).linear)


@given(networks(), link_systems())
def test_paths_and_flows_use_links(network: Network, links: Links) -> None:
    assert (network.paths.sum(axis=0) > 0).all()
    assert (network.pairs.sum(axis=1) > 0).all()
    assert (links.routes.sum(axis=0) > 0).all()
