"""Gradient steps of actor and critic, against PyTorch and against the machine.

Every shape of Tables 6 and 7, in single precision: minibatches are gathered from the states, both
networks go forward and backward, gradients are clipped, Adam steps. Ours runs on one thread, or
with the actor on one and the critic on another. The gradients are compared before anything is
timed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np

from benchmarks.dgpg.instances import (
    MINIBATCHES,
    made_up,
    one_pass,
    single_precision_product,
    table_6,
    table_7,
)
from benchmarks.dgpg.torch_update import TorchUpdate
from benchmarks.machine import installed
from benchmarks.timing import Ratio, Timing, interleaved, ratio
from benchmarks.workload import Report, Settings, Target
from linear_models.params import Params, flatten
from refimpl.dgpg.model.settings import SystemSettings
from refimpl.dgpg.train.batches import Batch
from refimpl.dgpg.train.learner import Learner
from refimpl.dgpg.train.losses import value_gradient
from refimpl.dgpg.train.perceptron import n_layers
from refimpl.dgpg.train.settings import TrainSettings
from refimpl.dgpg.train.update import Each, gradient, update
from refimpl.shared.flat_weights import Buffers, Weights
from refimpl.shared.policy_gradient import policy_gradient

# 1000 servers have the shape of 500.
SCALES = (10, 20, 50, 100, 200, 500, 1500)
WIDE = 1024
LEAST_SHARE = 0.8


def run(settings: Settings) -> Report:
    """Time a pass over some minibatches for every shape."""
    scales = (10,) if settings.quick else SCALES
    shapes = {"linear, N = 10": table_6(), **{f"N = {n}": table_7(n) for n in scales}}
    rival = installed("torch") is not None
    timings: dict[str, Timing] = {}
    ratios: dict[str, Ratio] = {}
    numbers: dict[str, float] = {}
    targets: list[Target] = []
    for name, (system, training) in shapes.items():
        found = one_shape(system, one_pass(training), settings.repeats, rival)
        timings |= {f"{name}: {key}": timing for key, timing in found.timings.items()}
        ratios |= {f"{name}: {key}": quotient for key, quotient in found.ratios.items()}
        numbers |= {f"{name}: {key}": number for key, number in found.numbers.items()}
        targets += [
            Target(f"{name}: {t.statement}", t.measured, t.low, t.high) for t in found.targets
        ]
    return Report(
        instance={"scales": scales, "minibatches": MINIBATCHES},
        timings=timings,
        ratios=ratios,
        numbers=numbers,
        targets=tuple(targets),
        skipped={} if rival else {"torch": "not installed"},
    )


def one_shape(
    system: SystemSettings, training: TrainSettings, repeats: int, compared: bool
) -> Report:
    """Time one shape; the limit is the rate of a large product measured in the same rounds."""
    learner, batch = made_up(system, training)
    rival = TorchUpdate(training, learner, batch) if compared else None
    numbers = {}
    if rival is not None:
        gap = disagreement(training, learner, batch, rival)
        numbers["largest relative difference of gradients"] = gap
    timings = timed(training, learner, batch, rival, repeats)
    ours, product = timings["1 thread"], timings["product"]
    work = len(batch.actions) * (
        operations(learner.actor.params) + operations(learner.critic.params)
    )
    seconds_at_limit = Timing(
        tuple(work * s / (2.0 * 1024**3) for s in product.samples), product.calls, product.first
    )
    share = ratio(seconds_at_limit, ours)
    ratios = {"share of the rate of a large product": share}
    pairs = {f"torch / ours, {k}": (f"torch, {k}", k) for k in ("1 thread", "2 threads")}
    against = {
        name: ratio(timings[a], timings[b]) for name, (a, b) in pairs.items() if a in timings
    }
    numbers |= {
        f"samples per s, {name}": len(batch.actions) / timing.median
        for name, timing in timings.items()
        if name != "product"
    }
    targets = [
        Target(f"no slower than torch eager: {name}", r.median, low=1.0)
        for name, r in against.items()
    ]
    if training.hidden and training.hidden[0] >= WIDE:
        targets.append(Target("share of the rate of a product", share.median, low=LEAST_SHARE))
    return Report({}, timings, ratios | against, numbers, tuple(targets))


def timed(
    training: TrainSettings,
    learner: Learner,
    batch: Batch,
    rival: TorchUpdate | None,
    repeats: int,
) -> Mapping[str, Timing]:
    """Seconds of a pass; with a rival one thread at first, then two."""

    def ours(each: Each) -> Callable[[], object]:
        rngs = np.random.default_rng(0), np.random.default_rng(1)
        return partial(update, training, learner, batch, 0.0, rngs, each)

    one = {"1 thread": ours(map), "product": single_precision_product()}
    with ThreadPoolExecutor(2) as pool:
        two = {"2 threads": ours(pool.map)}
        if rival is None:
            return interleaved({**one, **two}, repeats)
        timings = interleaved({**one, "torch, 1 thread": rival.on_threads(1)}, repeats)
        return timings | interleaved({**two, "torch, 2 threads": rival.on_threads(2)}, repeats)


def operations(params: Params) -> float:
    """Operations per sample that cannot be avoided: a product forward, two backward.

    The first layer has no input gradient to compute, apart from the embedding, which is small.
    """
    sizes = [params[f"W{k}"].size for k in range(n_layers(params))]
    return 2.0 * (2 * sizes[0] + 3 * sum(sizes[1:]))


def our_gradients(training: TrainSettings, learner: Learner, batch: Batch) -> dict[str, Params]:
    """Gradients of actor and critic on all samples at once."""
    policy = partial(policy_gradient, clip=training.clip, entropy_coef=training.entropy(0.0))
    value = partial(value_gradient, delta=training.huber_delta)
    acted = (batch.actions, batch.log_probs, batch.signal)
    cases = {
        "actor": (learner.actor.params, batch.seen, acted, policy),
        "critic": (learner.critic.params, batch.judged, (batch.targets,), value),
    }
    found = {}
    for name, (params, samples, columns, loss) in cases.items():
        grads = Weights.of(params).like()
        gradient(params, grads.named, samples, columns, loss, Buffers())
        found[name] = grads.named
    return found


def disagreement(
    training: TrainSettings, learner: Learner, batch: Batch, rival: TorchUpdate
) -> float:
    """Distance of our gradients from PyTorch's, relative to their length; the larger of two."""
    distances = []
    for name, grads in our_gradients(training, learner, batch).items():
        theirs = flatten(rival.gradients(name))
        distances.append(np.linalg.norm(flatten(grads) - theirs) / np.linalg.norm(theirs))
    return float(max(distances))
