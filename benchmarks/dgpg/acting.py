"""All decisions of a step at 1500 servers, the first layer's shared part once or per agent."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from benchmarks.dgpg.instances import table_7
from benchmarks.timing import interleaved, ratio
from benchmarks.workload import Report, Settings, Target, share_of_limit
from linear_models.params import Params
from refimpl.dgpg.train import perceptron
from refimpl.dgpg.train.driver import sizes_of, start
from refimpl.dgpg.train.networks import Actor, agent_samples
from refimpl.shared.flat_weights import Buffers
from refimpl.shared.seeds import generator

SHARED, PLAIN = "first layer shared", "first layer for every agent"
ACTIVE = 0.4


def run(settings: Settings) -> Report:
    """Time the logits of all active agents of one rollout."""
    n = 10 if settings.quick else 1500
    system, training = table_7(n)
    params, sizes = start(system, training, 0).actor.params, sizes_of(system, training)
    rng = generator(0, "benchmark", "acting")
    shared = rng.random((1, sizes.n_shared), dtype=np.float32)
    agent = np.arange(int(ACTIVE * n))
    rows, own = np.zeros_like(agent), rng.random((len(agent), 2), dtype=np.float32)
    samples = agent_samples(shared, rows, own, agent, (len(params["W0"]), n))
    buffers = Buffers()
    actor = Actor(params, n)

    def plain() -> object:
        return perceptron.forward(params, samples.inputs(params, buffers), buffers)[0]

    functions: dict[str, Callable[[], object]] = {
        SHARED: partial(actor.logits, shared, rows, own, agent),
        PLAIN: plain,
    }
    timings = interleaved(functions, settings.repeats)
    quotient = ratio(timings[PLAIN], timings[SHARED])
    gap = np.abs(actor.logits(shared, rows, own, agent) - np.asarray(plain()).T).max()
    return Report(
        instance={"servers": n, "agents": len(agent), "inputs": len(params["W0"])},
        timings=timings,
        ratios={f"{PLAIN} / {SHARED}": quotient},
        numbers={"largest difference of logits": float(gap)},
        targets=(Target("sharing the first layer pays", quotient.median, low=1.0),),
        limit=share_of_limit(
            settings.limits,
            timings[SHARED].median,
            "products of the later layers, at the rate in double precision",
            flops=2.0 * len(agent) * later_weights(params),
        ),
    )


def later_weights(params: Params) -> int:
    """Weights of all layers but the first."""
    return sum(params[f"W{k}"].size for k in range(1, perceptron.n_layers(params)))
