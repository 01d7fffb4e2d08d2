"""From scores to servers: decision rules [SCALE Algorithm 2].

The paper trains with servers drawn from the softmax of the scores and tests with the highest score,
feasible or not. A mask leaves only servers that can take the task, and without a task or a server
for it any choice lets the clock move.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from linear_models.params import Array
from linear_models.validation import check_finite
from refimpl.scale.model.simulator import Simulation
from refimpl.scale.model.workflows import Bools, Ints

Rule = Callable[[Simulation, Array, np.random.Generator], Ints]
"""``rule(simulation, scores (E, N), rng) -> servers (E,)``."""


def sampled(sim: Simulation, scores: Array, rng: np.random.Generator) -> Ints:
    """Draw from the softmax of the scores, as in training [SCALE Algorithm 1]."""
    return draw(_in_cluster(sim, scores), rng)


def greedy(sim: Simulation, scores: Array, rng: np.random.Generator) -> Ints:
    """Take the highest score, whether or not the server can take the task [SCALE Algorithm 2]."""
    del rng
    return np.asarray(_in_cluster(sim, scores).argmax(axis=1))


def masked_greedy(sim: Simulation, scores: Array, rng: np.random.Generator) -> Ints:
    """Take the highest score among the servers that can take the task."""
    del rng
    return np.asarray(masked(scores, sim.feasible()).argmax(axis=1))


def masked_sampled(sim: Simulation, scores: Array, rng: np.random.Generator) -> Ints:
    """Draw from the softmax over the servers that can take the task."""
    return draw(masked(scores, sim.feasible()), rng)


RULES: Mapping[str, Rule] = {
    "sampled": sampled,
    "greedy": greedy,
    "masked": masked_greedy,
    "masked sampled": masked_sampled,
}
"""By the name that results call them."""


def masked(scores: Array, feasible: Bools) -> Array:
    """Return scores of minus infinity at infeasible servers; a row of them is left as it is."""
    return np.where(allowed(feasible), scores, -np.inf)


def allowed(feasible: Bools) -> Bools:
    """Return the feasible servers, or all in a row without any, so that the clock moves."""
    return np.asarray(feasible | ~feasible.any(axis=1, keepdims=True))


def draw(scores: Array, rng: np.random.Generator) -> Ints:
    """Draw an index per row from the softmax of the scores; one uniform number each, (E,).

    Raises
    ------
    ValueError
        If a score is NaN or plus infinity.
    """
    weights = np.exp((scores - scores.max(axis=1, keepdims=True)).astype(np.float64))
    heights = weights.cumsum(axis=1)
    if not np.isfinite(heights[:, -1]).all():
        check_finite("scores", scores)
    threshold = rng.random(len(scores)) * heights[:, -1]
    chosen: Ints = (heights <= threshold[:, None]).sum(axis=1)
    return chosen


def _in_cluster(sim: Simulation, scores: Array) -> Array:
    """Servers that are not in the cluster cannot be chosen."""
    return np.where(sim.present, scores, -np.inf) if sim.elastic else scores
