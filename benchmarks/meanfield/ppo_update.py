"""One PPO gradient step of two 2 x 256 tanh networks, against PyTorch; and the cost of acting.

Observations of 6 numbers, Gaussian actions of 12, a minibatch of 4000, single precision, Table 2's
objective. Ours goes through the minibatch in blocks that fit into the cache, on one thread or with
the blocks spread over two; the gradients are compared before anything is timed.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import numpy as np

from benchmarks.machine import installed
from benchmarks.meanfield.torch_update import TorchUpdate
from benchmarks.timing import Timing, interleaved, ratio
from benchmarks.workload import Report, Settings, Target, share_of_limit
from linear_models.params import flatten
from refimpl.meanfield.train.networks import DTYPE, gaussian_actor, normalized_columns
from refimpl.shared.actor_critic import Learner, Model, learner, mlp_network, policy
from refimpl.shared.batch import Batch, with_outputs
from refimpl.shared.gae import unscaled
from refimpl.shared.gaussian_head import GAUSSIAN
from refimpl.shared.gradient_step import gradient_step, in_blocks, loss_and_gradients, unclipped
from refimpl.shared.ppo import PPOSettings
from refimpl.shared.seeds import generator

N_IN, N_ACTIONS, ROWS, COPIES = 6, 12, 400, 80
MODEL = Model(mlp_network(), mlp_network(), GAUSSIAN)
WHOLE, ONE, TWO = "whole minibatch", "in blocks, 1 thread", "in blocks, 2 threads"
TORCH_ONE, TORCH_TWO = "torch eager, 1 thread", "torch eager, 2 threads"
ACT, NETWORK = "decision for 80 episodes", "its network alone"
ACT_ALONE, NETWORK_ALONE = "decision for 1 episode", "its network alone, 1 row"


UPDATE = PPOSettings(
    clip=0.3,
    value_clip=10.0,
    value_coef=1.0,
    kl_coef=0.2,
    learning_rate=5e-5,
    scale_advantages=unscaled,
    clip_gradients=unclipped,
)
PAIRS = {
    "torch / ours, 1 thread": (TORCH_ONE, ONE),
    "torch / ours, 2 threads": (TORCH_TWO, TWO),
}


def run(settings: Settings) -> Report:
    """Time gradient steps and decisions."""
    width, size = (16, 200) if settings.quick else (256, 4000)
    trained, batch = instance(width, size)
    rival = TorchUpdate(trained.params, batch, UPDATE) if installed("torch") else None
    agreement = "gradient, largest relative difference from torch"
    numbers = {agreement: disagreement(trained, batch, UPDATE, rival)} if rival else {}
    timings = timed(trained, batch, rival, settings.repeats)
    numbers |= {
        f"{name}, samples per s": size / timings[name].median
        for name in (WHOLE, ONE, TWO, TORCH_ONE, TORCH_TWO)
        if name in timings
    }
    overhead = 1e6 * (timings[ACT].median - timings[NETWORK].median) / COPIES
    alone = 1e6 * (timings[ACT_ALONE].median - timings[NETWORK_ALONE].median)
    numbers |= {
        "decision overhead per environment step, us": overhead,
        "decision overhead of a single episode, us": alone,
    }
    ratios = {name: ratio(timings[a], timings[b]) for name, (a, b) in PAIRS.items() if a in timings}
    targets = [
        Target(f"no slower than torch: {name}", quotient.median, low=1.0)
        for name, quotient in ratios.items()
    ]
    limits = replace(settings.limits, flops=2.0 * 768**3 / min(timings["product"].samples))
    return Report(
        instance={"minibatch": size, "width": width, "inputs": N_IN, "actions": N_ACTIONS},
        timings=timings,
        ratios=ratios | {"whole / in blocks": ratio(timings[WHOLE], timings[ONE])},
        numbers=numbers,
        targets=(*targets, Target("overhead per environment step, us", overhead, high=10.0)),
        limit=share_of_limit(
            limits,
            timings[ONE].median,
            "matrix products of both networks, forward and twice backward, in single precision",
            flops=size * products(width),
        ),
        skipped={} if rival else {"torch": "not installed"},
    )


def timed(
    trained: Learner, batch: Batch, rival: TorchUpdate | None, repeats: int
) -> dict[str, Timing]:
    """Seconds of everything that is compared; with a rival one thread at first, then two."""
    step = partial(gradient_step, MODEL, trained, batch, UPDATE)
    one: dict[str, Callable[[], object]] = {
        WHOLE: step,
        ONE: partial(step, partial(in_blocks, rows=ROWS)),
        **decisions(trained),
        "product": single_precision_product(),
    }
    with ThreadPoolExecutor(2) as pool:
        two: dict[str, Callable[[], object]] = {
            TWO: partial(step, partial(in_blocks, rows=ROWS, each=pool.map))
        }
        if rival is None:
            return interleaved({**one, **two}, repeats)
        timings = interleaved({**one, TORCH_ONE: rival.on_threads(1)}, repeats)
        return timings | interleaved({**two, TORCH_TWO: rival.on_threads(2)}, repeats)


def instance(width: int, size: int) -> tuple[Learner, Batch]:
    """Fresh networks and a minibatch that they made, away from where the ratio is 1."""
    rng = generator(0, "benchmark", "ppo update")
    actor = gaussian_actor(rng, (N_IN, width, width), N_ACTIONS, 0.0)
    critic = normalized_columns(rng, (N_IN, width, width, 1), DTYPE)
    trained = learner(actor, critic, PPOSettings().optimizer)
    observations = rng.dirichlet(np.ones(N_IN), size).astype(DTYPE)
    actions, log_probs = policy(MODEL, trained)(observations, rng)
    columns = rng.standard_normal((3, size)).astype(DTYPE)
    shifted = log_probs + 0.3 * rng.standard_normal(size).astype(DTYPE)
    batch = Batch(observations, actions, shifted, *columns)
    batch = with_outputs(MODEL, trained, batch)
    assert batch.outputs is not None
    noise = rng.standard_normal(batch.outputs.shape).astype(DTYPE)
    return trained, replace(batch, outputs=batch.outputs + DTYPE(0.1) * noise)


def decisions(trained: Learner) -> dict[str, Callable[[], object]]:
    """Acting and the network's part of it, for 80 episodes at once and for one."""
    rng, act = generator(0, "benchmark", "decisions"), policy(MODEL, trained)
    many = rng.dirichlet(np.ones(N_IN), COPIES).astype(DTYPE)
    network = partial(MODEL.actor.forward, trained.actor)
    return {
        ACT: partial(act, many, rng),
        NETWORK: partial(network, many),
        ACT_ALONE: partial(act, many[:1], rng),
        NETWORK_ALONE: partial(network, many[:1]),
    }


def disagreement(
    trained: Learner, batch: Batch, update: PPOSettings, torch_update: TorchUpdate
) -> float:
    """Distance of our gradient from PyTorch's, relative to its length."""
    _, ours = loss_and_gradients(MODEL, trained.params, batch, update.objective)
    theirs = flatten(torch_update.gradients())
    return float(np.linalg.norm(flatten(ours) - theirs) / np.linalg.norm(theirs))


def single_precision_product(size: int = 768) -> Callable[[], object]:
    """Product of two large matrices in single precision, the limit of the machine."""
    a, b = generator(0, "benchmark", "product").random((2, size, size), dtype=np.float32)
    return partial(np.matmul, a, b, out=np.empty_like(a))


def products(width: int) -> float:
    """Operations per sample that cannot be avoided, both networks, forward and backward.

    The first layer has no input gradient to compute.
    """
    first, middle, last = N_IN * width, width * width, width * (2 * N_ACTIONS + 1)
    return 2.0 * (2 * 2 * first + 3 * (2 * middle + last))
