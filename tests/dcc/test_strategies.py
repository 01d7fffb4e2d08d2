"""The strategies make what they promise."""

from __future__ import annotations

import numpy as np
from hypothesis import given

from refimpl.dcc.model.device import state_shape
from refimpl.dcc.model.exact import device_mdp
from tests.dcc.strategies import devices, random_policy, seeds, sources


@given(sources(max_phases=3, max_amount=4))
def test_sources_feed_every_phase(source):
    assert (source.amounts[:, -1] > 0).all()
    assert source.largest == source.amounts.shape[1] - 1


@given(devices(max_size=2), seeds)
def test_devices_are_small_and_policies_valid(device, seed):
    mdp = device_mdp(device)
    policy = random_policy(mdp, seed)
    assert mdp.n_states == np.prod(state_shape(device)) <= 2 * 3 * 2 * 2
    np.testing.assert_allclose(policy.sum(axis=1), 1.0, rtol=1e-14)
