"""Networks, states and minibatches that the workloads share."""

from __future__ import annotations

import numpy as np

from linear_models.params import Array, Params
from refimpl.scale.network.pointer import Shape, init
from refimpl.scale.train.ppo import Samples
from refimpl.scale.train.presets import method
from refimpl.scale.train.settings import TrainSettings
from refimpl.shared.seeds import generator


def network() -> Params:
    """Return the parameters of an untrained network of the paper's sizes, in single precision."""
    return init(generator(0, "benchmark", "scale network"), Shape(), np.float32)


def settings() -> TrainSettings:
    """Return the settings of SCALE [SCALE Table 2]."""
    return method("SCALE")


def states(n_states: int, n_servers: int) -> tuple[Array, Array]:
    """Draw task features (B, 5) and server features (B, N, 5) in single precision."""
    rng = generator(0, "benchmark", "scale states", n_servers)
    task = rng.random((n_states, 5), dtype=np.float32)
    return task, rng.random((n_states, n_servers, 5), dtype=np.float32)


def samples(n_samples: int, n_servers: int = 16) -> Samples:
    """Random samples; ratios are spread so that some are clipped and some are not."""
    rng = generator(0, "benchmark", "scale samples")
    task, servers = states(n_samples, n_servers)
    log_probs = -np.log(n_servers) + 0.3 * rng.standard_normal(n_samples)
    advantages, returns = rng.standard_normal((2, n_samples)).astype(np.float32)
    return Samples(
        task,
        servers,
        None,
        rng.integers(0, n_servers, n_samples),
        log_probs.astype(np.float32),
        advantages,
        returns,
    )
