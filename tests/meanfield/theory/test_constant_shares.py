from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.meanfield.model.simulator import epochs_for
from refimpl.meanfield.model.system import System
from refimpl.meanfield.model.topologies import bethe, complete, path, ring
from refimpl.meanfield.policies.rules import random_per_packet
from refimpl.meanfield.theory.constant_shares import (
    at_constant_rate,
    constant_share_discounted,
    constant_share_drops,
    long_delay_drop_rate,
    stationary_drop_rates,
)
from refimpl.meanfield.theory.joint_chain import (
    average_drops,
    discounted_drops,
    expected_drops,
    joint_chain,
)
from refimpl.meanfield.theory.outcomes import by_policy, by_rule
from tests.meanfield.theory.strategies import small_systems


@given(small_systems(), st.floats(0.0, 0.97))
def test_queue_by_queue_is_the_joint_chain(system: System, gamma: float) -> None:
    empty = np.zeros((1, system.n), dtype=np.intp)
    shares = random_per_packet(system, empty, np.random.default_rng(0))[0]
    chain = joint_chain(system, by_policy(random_per_packet))
    drops = constant_share_drops(system, shares, 4)
    np.testing.assert_allclose(drops, expected_drops([chain] * 4), rtol=1e-10, atol=1e-14)
    values = constant_share_discounted(system, shares, gamma)
    found = discounted_drops(chain, gamma, 1e-10).value
    assert values.mean() == pytest.approx(found, rel=1e-8, abs=1e-10)


@pytest.mark.parametrize("dt", [1.0, 5.0, 40.0])
def test_long_run_drops_do_not_depend_on_dt(dt: float) -> None:
    system = at_constant_rate(System(path(3), 2, dt), 0.9)
    chain = joint_chain(system, by_rule([0.5] * 3))
    shares = [0.75, 1.5, 0.75]
    expected = stationary_drop_rates(system, shares, 0.9).mean()
    assert average_drops(chain).value / dt == pytest.approx(expected, abs=1e-10)


def test_long_epochs_give_the_stationary_rate_of_each_level() -> None:
    system = System(complete(2), dt=2000.0)
    chain = joint_chain(system, by_rule(np.zeros(6)))
    expected = long_delay_drop_rate(system, np.ones(2))
    assert average_drops(chain).value / 2000.0 == pytest.approx(expected, rel=2e-3)


def test_stationary_blocking_has_the_values_computed_before() -> None:
    system = System(ring(3))
    for rate, blocking in ((0.9, 0.1260), (0.6, 0.0326)):
        found = stationary_drop_rates(system, np.ones(3), rate) / rate
        np.testing.assert_allclose(found, blocking, atol=5e-5)


def test_golden_values_on_a_graph_of_thousands() -> None:
    """OWN at delay 5 on 6142 queues: 3.514 each, whatever the graph."""
    system = System(bethe(11))
    drops = constant_share_drops(system, np.ones(system.n), epochs_for(50.0, 5.0))
    np.testing.assert_allclose(drops.sum(axis=0), 3.514, atol=5e-4)


def test_servers_of_two_speeds_are_told_apart() -> None:
    system = System(complete(2), service_rates=(2.0, 1.0))
    drops = constant_share_drops(system, [1.0, 1.0], 5).sum(axis=0)
    assert drops[0] < drops[1] / 2


def test_bad_input_is_refused() -> None:
    system = System(path(3))
    with pytest.raises(ValueError, match=r"shares must have shape \(3,\)"):
        constant_share_drops(system, [1.0, 1.0], 3)
    with pytest.raises(ValueError, match="shares must be"):
        stationary_drop_rates(system, [1.0, -1.0, 3.0], 0.9)
    with pytest.raises(ValueError, match="gamma"):
        constant_share_discounted(system, np.ones(3), 1.0)
    with pytest.raises(ValueError, match="epochs"):
        constant_share_drops(system, np.ones(3), 0)
