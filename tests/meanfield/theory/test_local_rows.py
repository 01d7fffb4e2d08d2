from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from refimpl.meanfield.theory.local_rows import local_rows
from refimpl.shared.bounded_queue import epoch_kernel, epoch_kernel_derivative
from tests.meanfield.strategies import states_of, systems


@given(st.data())
def test_every_queue_gets_the_row_of_its_own_rates_and_state(data: st.DataObject) -> None:
    system = data.draw(systems(max_n=5))
    states = states_of(data.draw, system, 3)
    # few distinct values, so that rows are shared
    rates = np.random.default_rng(0).choice([0.0, 0.3, 1.7], size=states.shape)
    for kernel in (epoch_kernel, epoch_kernel_derivative):
        rows, drops = local_rows(system, states, rates, kernel)
        for e, i in np.ndindex(*states.shape):
            one = kernel(rates[e, i], system.services[i], system.buffer, system.dt)
            np.testing.assert_allclose(rows[e, i], one.transitions[states[e, i]], atol=1e-14)
            np.testing.assert_allclose(drops[e, i], one.expected_drops[states[e, i]], rtol=1e-13)


def test_one_state_for_many_rates_is_broadcast() -> None:
    from refimpl.meanfield.model.system import System
    from refimpl.meanfield.model.topologies import path

    rows, drops = local_rows(System(path(2), buffer=2), [0, 1], np.full((4, 2), 0.5))
    assert rows.shape == (4, 2, 3)
    assert drops.shape == (4, 2)
    np.testing.assert_array_equal(rows[0], rows[3])
