"""Gradient steps of the pointer network at 16 servers, against PyTorch and JAX.

In single precision on one thread: minibatches are gathered, the network goes forward and backward
with the losses of PPO and the regulariser between, the gradient is clipped, Adam steps. The
gradients are compared before anything is timed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from benchmarks.machine import installed
from benchmarks.scale.instances import network, samples, settings
from benchmarks.scale.jax_peer import JaxPointer
from benchmarks.scale.torch_peer import ATTENTION, TorchPointer
from benchmarks.timing import Ratio, Timing, interleaved, ratio
from benchmarks.workload import Report, Settings, Target
from linear_models.params import Params, flatten
from refimpl.scale.train.ppo import Samples, gradient, minibatches
from refimpl.scale.train.settings import TrainSettings
from refimpl.shared.adam_in_place import Moments, adam_in_place

OURS = "ours"
MINIBATCHES = 4
LEAST = {256: 90_000.0, 2048: 100_000.0}


class OurPointer:
    """Network, samples and optimiser."""

    def __init__(self, params: Params, settings: TrainSettings, samples: Samples) -> None:
        self.settings, self.samples = settings, samples
        self.network = settings.net.trainable(params)
        self.moments = Moments.zeros(self.network.weights.vector)

    def run(self, minibatch: int) -> None:
        """One pass over the samples."""
        weights, grads = self.network.weights.vector, self.network.grads.vector
        rate, rng = self.settings.rate(0), np.random.default_rng(0)
        for rows in minibatches(len(self.samples), minibatch, rng):
            gradient(self.settings, self.network, self.samples.take(rows), 1.0)
            adam_in_place(weights, grads, self.moments, rate, self.settings.max_grad_norm)

    def gradients(self) -> Params:
        """Gradients on all samples at once."""
        gradient(self.settings, self.network, self.samples.take(np.arange(len(self.samples))), 1.0)
        return self.network.grads.params()


def run(settings: Settings) -> Report:
    """Time a pass over some minibatches of both sizes."""
    timings: dict[str, Timing] = {}
    ratios: dict[str, Ratio] = {}
    numbers: dict[str, float] = {}
    targets: list[Target] = []
    skipped: Mapping[str, str] = {}
    for minibatch in (16,) if settings.quick else LEAST:
        everybody, skipped = implementations(samples(MINIBATCHES * minibatch))
        mine = flatten(everybody[OURS].gradients())
        for name, other in everybody.items():
            theirs = flatten(other.gradients())
            gap = float(np.linalg.norm(mine - theirs) / np.linalg.norm(theirs))
            if name != OURS:
                numbers[f"{minibatch}: relative difference of gradients, {name}"] = gap
        functions = {name: passes(each, minibatch) for name, each in everybody.items()}
        found = interleaved(functions, settings.repeats)
        rates = {name: MINIBATCHES * minibatch / t.median for name, t in found.items()}
        timings |= {f"{minibatch}: {name}": timing for name, timing in found.items()}
        numbers |= {f"{minibatch}: samples per s, {name}": rate for name, rate in rates.items()}
        against = {n: ratio(t, found[OURS]) for n, t in found.items() if n != OURS}
        ratios |= {f"{minibatch}: {name} / ours": quotient for name, quotient in against.items()}
        targets += targets_of(minibatch, rates[OURS], against)
    return Report(
        instance={"servers": 16, "minibatches": MINIBATCHES, "parameters": 15105},
        timings=timings,
        ratios=ratios,
        numbers=numbers,
        targets=tuple(targets),
        skipped=skipped,
    )


def targets_of(minibatch: int, rate: float, against: Mapping[str, Ratio]) -> list[Target]:
    """Rate to be reached, and the peers not to be slower than."""
    found = [
        Target(f"{minibatch}: no slower than {name}", quotient.median, low=1.0)
        for name, quotient in against.items()
    ]
    if minibatch in LEAST:
        found.insert(0, Target(f"{minibatch}: samples per s", rate, low=LEAST[minibatch]))
    return found


def implementations(batch: Samples) -> tuple[dict[str, Any], dict[str, str]]:
    """Everybody who can take part, and why others cannot."""
    params, training = network(), settings()
    found: dict[str, Any] = {OURS: OurPointer(params, training, batch)}
    skipped = {}
    if installed("torch"):
        for name, attention in ATTENTION.items():
            found[f"torch, {name}"] = TorchPointer(params, training, batch, attention)
    else:
        skipped["torch"] = "not installed"
    if installed("jax"):
        found["jax, jitted"] = JaxPointer(params, training, batch)
    else:
        skipped["jax"] = "not installed"
    return found, skipped


def passes(implementation: Any, minibatch: int) -> Callable[[], object]:
    """One pass over the samples."""
    return lambda: implementation.run(minibatch)
