"""A pointer network trained on a regulariser and nothing else [SCALE eq. 5].

No reward, no critic: what features become if only the two losses of SRR move them, on 16 servers;
and what they then are on more. The states are drawn, see :mod:`refimpl.scale.theory.untrained`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from linear_models.params import Params
from linear_models.validation import check_count
from refimpl.ledger import Arrays, Job
from refimpl.scale.network.fast import FastPointer
from refimpl.scale.network.pointer import Shape, init
from refimpl.scale.objective.feature_statistics import feature_statistics
from refimpl.scale.objective.srr import Regularizer, mean_srr, srr
from refimpl.scale.theory.printed import SIZES
from refimpl.scale.theory.untrained import drawn_states
from refimpl.scale.train.presets import WEIGHT_DECORRELATION, WEIGHT_KL
from refimpl.shared.adam_in_place import Moments, adam_in_place
from refimpl.shared.seeds import generator

REGULARIZERS: Mapping[str, Regularizer] = {
    "sum": partial(srr, weight_decorrelation=WEIGHT_DECORRELATION, weight_kl=WEIGHT_KL),
    "mean": partial(mean_srr, weight_decorrelation=WEIGHT_DECORRELATION, weight_kl=WEIGHT_KL),
}
"""SRR as published, and with the mean of the absolute covariances instead of their sum."""

MINIBATCH, TESTED, RATE = 256, 2000, 3e-3
"""Published minibatch; states that features are measured on, and first learning rate, chosen."""


@dataclass(frozen=True)
class Alone:
    """A network trained on a regulariser alone.

    Attributes
    ----------
    regularizer : str
        Key of :data:`REGULARIZERS`.
    affine : bool
        Whether layer normalisation has a gain and a shift.
    steps : int
        Of Adam, on a new minibatch each; the rate falls linearly to a tenth.
    repetition : int

    Raises
    ------
    ValueError
        If there is no such regulariser, or no step.
    """

    regularizer: str
    affine: bool
    steps: int
    repetition: int

    def __post_init__(self) -> None:
        if self.regularizer not in REGULARIZERS:
            raise ValueError(
                f"regularizer must be one of {sorted(REGULARIZERS)}; got {self.regularizer!r}"
            )
        check_count("steps", self.steps)

    @property
    def name(self) -> str:
        """Everything that the result depends on, apart from the seed."""
        norm = "affine" if self.affine else "plain"
        return f"alone/{self.regularizer}/{norm}/{self.steps}steps/run{self.repetition}"


def trained_alone(alone: Alone, seed: int, checkpoint: Path | str | None = None) -> Arrays:
    """Train and measure; a job [SCALE Table 5].

    Returns
    -------
    dict
        ``n16 covariance`` and so on: :func:`feature_statistics` at each of the paper's sizes.
    """
    del checkpoint
    stream = partial(generator, seed, "scale", alone.name)
    start = init(stream("start"), Shape(affine=alone.affine), np.float32)
    params = descend(start, REGULARIZERS[alone.regularizer], alone.steps, stream("states"))
    network = FastPointer(params)
    found: Arrays = {}
    for n in SIZES:
        task, servers = drawn_states(stream("test", n), TESTED, n)
        features = network.forward(task.astype(np.float32), servers.astype(np.float32)).features
        found |= {f"n{n} {k}": np.asarray(x) for k, x in feature_statistics(features).items()}
    return found


def descend(
    params: Params, regularizer: Regularizer, steps: int, rng: np.random.Generator
) -> Params:
    """Return parameters after Adam on the regulariser of drawn minibatches of 16 servers."""
    network = FastPointer(params)
    moments = Moments.zeros(network.weights.vector)
    dtype = network.weights.vector.dtype
    no_logits, no_value = np.zeros((MINIBATCH, SIZES[0]), dtype), np.zeros(MINIBATCH, dtype)
    for step in range(steps):
        task, servers = drawn_states(rng, MINIBATCH, SIZES[0])
        outputs = network.forward(task.astype(dtype), servers.astype(dtype))
        _, d_features = regularizer(outputs.features)
        # The backward pass may use these arrays.
        network.backward(no_logits.copy(), no_value.copy(), d_features)
        rate = RATE * (1.0 - 0.9 * step / steps)
        adam_in_place(network.weights.vector, network.grads.vector, moments, rate, np.inf, 1e-8)
    return network.weights.params()


def job(alone: Alone, seed: int) -> Job:
    """:func:`trained_alone` as a job."""
    return Job(f"scale/{alone.name}/seed{seed}", trained_alone, (alone, seed))
