"""The targets of the gradient steps, and that ours are real ones."""

from __future__ import annotations

import numpy as np

from benchmarks.scale.instances import network, samples, settings
from benchmarks.scale.updates import LEAST, OurPointer, targets_of
from benchmarks.timing import Ratio


def test_targets_are_those_of_the_project() -> None:
    rate, jax = targets_of(256, 95_000.0, {"jax, jitted": Ratio((0.9,))})
    assert (rate.low, rate.met) == (90_000.0, True)
    assert (jax.low, jax.met) == (1.0, False)
    assert LEAST[2048] == 100_000.0
    assert targets_of(16, 1.0, {}) == []


def test_a_pass_moves_the_weights_in_single_precision() -> None:
    ours = OurPointer(network(), settings(), samples(64))
    before = ours.network.weights.vector.copy()
    ours.run(16)
    assert ours.moments.t == 4
    assert ours.network.weights.vector.dtype == np.float32
    assert np.abs(ours.network.weights.vector - before).max() > 1e-4


def test_the_samples_have_something_to_clip() -> None:
    ours = OurPointer(network(), settings(), samples(64))
    out = ours.network.forward(ours.samples.task, ours.samples.servers)
    chosen = out.logits - np.log(np.exp(out.logits).sum(axis=1, keepdims=True))
    ratio = np.exp(chosen[np.arange(64), ours.samples.actions] - ours.samples.log_probs)
    assert (np.abs(ratio - 1) > 0.2).any()
    assert (np.abs(ratio - 1) < 0.2).any()
