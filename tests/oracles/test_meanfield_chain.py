"""The oracle itself, on cases that can be written down."""

from __future__ import annotations

import numpy as np
import pytest

from refimpl.meanfield.model.system import System
from refimpl.meanfield.model.topologies import path
from tests.oracles.meanfield_chain import (
    all_states,
    dense_chain,
    epoch_from,
    joint_generator,
    least_drop_rate,
    own_state_shares,
)


def test_one_place_per_queue_has_a_closed_form() -> None:
    """A queue with B = 1: P(full at t) = r / (r + s) (1 - exp(-(r + s) t)) from empty."""
    system = System(path(2), buffer=1, dt=0.7, service_rates=(1.0, 2.0))
    rates = np.array([0.5, 1.5])
    law, drops = epoch_from(system, (0, 0), rates)
    full = rates / (rates + system.services) * (1 - np.exp(-(rates + system.services) * 0.7))
    expected = np.outer([1 - full[0], full[0]], [1 - full[1], full[1]]).ravel()
    np.testing.assert_allclose(law, expected, rtol=1e-12)
    level = rates / (rates + system.services)
    total = (
        rates
        * level
        * (0.7 - (1 - np.exp(-(rates + system.services) * 0.7)) / (rates + system.services))
    )
    np.testing.assert_allclose(drops, total, rtol=1e-12)


def test_rows_of_generators_and_chains_sum_to_nothing_and_one() -> None:
    system = System(path(2), buffer=2)
    assert len(all_states(system)) == 9
    generator = joint_generator(system, np.array([0.5, 0.9]))
    np.testing.assert_allclose(generator.sum(axis=1), 0.0, atol=1e-15)
    matrix, costs = dense_chain(system, own_state_shares(system.graph, np.array([0.0, 0.5, 1.0])))
    np.testing.assert_allclose(matrix.sum(axis=1), 1.0, atol=1e-12)
    assert costs.min() > 0


def test_shares_are_sent_job_by_job() -> None:
    shares = own_state_shares(path(3), np.array([0.0, 0.5]))
    np.testing.assert_allclose(shares((0, 1, 0), 0), [1.25, 0.5, 1.25])
    np.testing.assert_allclose(shares((1, 0, 0), 0), [0.5, 1.5, 1.0])


def test_two_places_in_all_are_used_as_one_queue_with_two_servers() -> None:
    """Pair with B = 1 and full access: an M/M/2/2 queue, Erlang's loss formula."""
    load = 2 * 0.8
    blocking = (load**2 / 2) / (1 + load + load**2 / 2)
    assert least_drop_rate(path(2), 1, 0.8) == pytest.approx(0.8 * blocking, rel=1e-9)
