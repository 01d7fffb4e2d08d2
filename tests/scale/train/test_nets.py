"""Both kinds of network: acting, learning and the reference say the same."""

from __future__ import annotations

import numpy as np
import pytest

from refimpl.scale.network import pointer
from refimpl.scale.train import structured
from tests.scale.train.strategies import POINTER, STRUCTURED, N, states

NETS = {"pointer": POINTER, "structured": STRUCTURED}


def reference(net, params, task, servers):
    if net is POINTER:
        return pointer.forward(params, task, servers, heads=POINTER.shape.heads)
    return structured.forward(params, task, servers)


def single_precision(seed, n):
    return [x.astype(np.float32) for x in states(np.random.default_rng(seed), n)]


@pytest.mark.parametrize("net", NETS.values(), ids=NETS)
@pytest.mark.parametrize("n", [1, 5])
def test_acting_and_training_compute_the_reference(net, n) -> None:
    params = net.init(np.random.default_rng(1), N)
    assert {value.dtype for value in params.values()} == {np.dtype(np.float32)}
    seen = single_precision(2, n)
    expected, _ = reference(net, params, *seen)
    for outputs in (net.acting(params)(*seen), net.trainable(params).forward(*seen)):
        for name in ("logits", "value", "features"):
            found = getattr(outputs, name)
            assert found.dtype == np.float32
            np.testing.assert_allclose(found, getattr(expected, name), atol=2e-5)


@pytest.mark.parametrize("net", NETS.values(), ids=NETS)
def test_gradients_are_written_where_the_optimiser_reads_them(net) -> None:
    rng = np.random.default_rng(3)
    params, seen = net.init(rng, N), single_precision(4, 6)
    network = net.trainable(params)
    network.grads.vector[...] = np.nan
    outputs = network.forward(*seen)
    given = [
        rng.standard_normal(getattr(outputs, name).shape).astype(np.float32)
        for name in ("logits", "value", "features")
    ]
    network.backward(*given)
    _, cache = reference(net, params, *seen)
    backward = pointer.backward if net is POINTER else structured.backward
    grads, *_ = backward(params, cache, *given)
    for name, gradient in grads.items():
        scale = 1 + np.abs(gradient).max()
        np.testing.assert_allclose(network.grads.named[name], gradient, atol=2e-5 * scale)
    assert network.grads.vector.size == sum(value.size for value in params.values())


@pytest.mark.parametrize("net", NETS.values(), ids=NETS)
def test_a_trainable_network_copies_its_parameters_and_follows_its_vector(net) -> None:
    params, seen = net.init(np.random.default_rng(5), N), single_precision(6, 2)
    before = {name: value.copy() for name, value in params.items()}
    network = net.trainable(params)
    logits = network.forward(*seen).logits.copy()
    network.weights.vector += 0.1
    assert not np.allclose(network.forward(*seen).logits, logits)
    for name, value in params.items():
        np.testing.assert_array_equal(value, before[name])


def test_absent_servers_cannot_be_chosen() -> None:
    present = np.array([[True, False, True]])
    for net in NETS.values():
        forward = net.acting(net.init(np.random.default_rng(7), N))
        logits = forward(*single_precision(8, 1), present).logits
        np.testing.assert_array_equal(np.isneginf(logits), ~present)


def test_the_pointer_network_starts_alike_for_every_cluster() -> None:
    one, other = (POINTER.init(np.random.default_rng(9), n) for n in (3, 50))
    for name, value in one.items():
        np.testing.assert_array_equal(value, other[name])
