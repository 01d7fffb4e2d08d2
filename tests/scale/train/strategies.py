"""Small systems, networks, settings and samples, by construction."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
from hypothesis import strategies as st

from linear_models import categorical
from refimpl.scale.model.settings import SystemSettings
from refimpl.scale.network import parameters
from refimpl.scale.objective.srr import no_regularizer, srr
from refimpl.scale.train import structured
from refimpl.scale.train.dqn import DUELING_DQN
from refimpl.scale.train.nets import PointerNet, StructuredNet
from refimpl.scale.train.ppo import PPO, Samples
from refimpl.scale.train.sac import DISCRETE_SAC
from refimpl.scale.train.settings import OffPolicy, TrainSettings

rngs = st.integers(0, 2**32 - 1).map(np.random.default_rng)

SYSTEM = SystemSettings(
    counts=(1, 1, 1), arrival_rate=3.0, horizon=1.0, sizes=(1, 3), compute=(1.0, 0.5, 0.1)
)
N = SYSTEM.n_servers
POINTER = PointerNet(parameters.Shape(width=8, heads=2, layers=1, hidden=6))
STRUCTURED = StructuredNet(structured.Shape(5, 6, (8, 7)))
SRR = partial(srr, weight_decorrelation=0.1, weight_kl=0.1, floor=1e-6)

CROSS = TrainSettings(
    PPO,
    POINTER,
    no_regularizer,
    warm_up=(1, 2),
    epochs=4,
    stage=2,
    environments=2,
    steps=48,
    passes=2,
    minibatch=16,
    learning_rate=(1e-2, 1e-3),
)
SCALE = replace(CROSS, regularizer=SRR)
PERCEPTRON = replace(CROSS, net=STRUCTURED)
_EXTRA = OffPolicy(capacity=100, target_period=5, target_rate=0.1)
DQN = replace(PERCEPTRON, method=DUELING_DQN, off_policy=_EXTRA)
SAC = replace(PERCEPTRON, method=DISCRETE_SAC, off_policy=_EXTRA)
EVERY = {"SCALE": SCALE, "CrossAttn": CROSS, "PPO": PERCEPTRON, "DQN": DQN, "SAC": SAC}


def states(rng: np.random.Generator, n: int, n_servers: int = N) -> tuple:
    """Task and server features of n states."""
    return rng.standard_normal((n, 5)), rng.standard_normal((n, n_servers, 5))


def samples(rng: np.random.Generator, n: int = 12, masked: bool = False) -> Samples:
    """Samples in double precision whose ratios stay away from the kinks of the clipped surrogate.

    ``logits`` that lie close to zero, as those of an untrained actor do, are assumed.
    """
    task, servers = states(rng, n)
    allowed = rng.random((n, N)) < 0.6
    allowed[np.arange(n), rng.integers(0, N, n)] = True
    actions = categorical.sample(np.zeros((n, N)), rng, allowed)
    chances = allowed.sum(axis=1) if masked else np.full(n, N)
    shift = rng.choice([-0.5, 0.0, 0.5], n)
    return Samples(
        task,
        servers,
        allowed if masked else None,
        actions,
        -np.log(chances) + shift,
        rng.standard_normal(n),
        rng.standard_normal(n),
    )
