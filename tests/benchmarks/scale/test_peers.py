"""The peers compute what we compute; run where they are installed."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest

from benchmarks.scale.instances import network, samples, settings, states
from benchmarks.scale.jax_peer import JaxPointer
from benchmarks.scale.torch_peer import ATTENTION, TorchPointer
from benchmarks.scale.updates import OurPointer
from linear_models.params import flatten
from refimpl.scale.network.single import decide, prepared

BATCH = samples(32)


def made(name):
    """A peer on the samples."""
    if name == "jax":
        return JaxPointer(network(), settings(), BATCH)
    return TorchPointer(network(), settings(), BATCH, ATTENTION[name])


PEERS = [
    pytest.param(name, marks=pytest.mark.skipif(find_spec(package) is None, reason=f"no {package}"))
    for name, package in (*((name, "torch") for name in ATTENTION), ("jax", "jax"))
]


@pytest.mark.parametrize("name", PEERS)
def test_gradients_and_decisions_are_ours(name) -> None:
    peer = made(name)
    mine = flatten(OurPointer(network(), settings(), BATCH).gradients())
    before = flatten(peer.gradients())
    assert np.linalg.norm(before - mine) < 1e-5 * np.linalg.norm(mine)
    task, servers = (x[0] for x in states(1, 16))
    expected = decide(prepared(network()), task, servers)
    np.testing.assert_allclose(peer.decide(task, servers), expected, atol=1e-5)


@pytest.mark.parametrize("name", PEERS)
def test_a_pass_moves_the_weights_as_ours_does(name) -> None:
    """One minibatch: no order to differ in."""
    peer, ours = made(name), OurPointer(network(), settings(), BATCH)
    peer.run(32)
    ours.run(32)
    params = peer.params if name != "jax" else peer.state[0]
    mine = ours.network.weights.named
    moved = {
        key: np.asarray(params[key].detach() if name != "jax" else params[key]) for key in mine
    }
    # Adam's first step has the size of the rate; where a derivative is nearly 0 its sign is noise.
    gap = np.abs(flatten(moved) - ours.network.weights.vector)
    assert np.quantile(gap, 0.99) < 1e-2 * settings().rate(0)
