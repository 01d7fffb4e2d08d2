"""Actor and critic: what they see, how they start, and how agents act fast [DG-PG App. I.2].

An agent's input is the shared part of its observation, its own job, and its index. Neural networks
see the index through a learned embedding, linear ones as ``agent / N``, which makes the linear
actor ``softmax(W o + b)`` of the whole observation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike, NDArray

from linear_models import embedding, mlp
from linear_models.params import Array, Params
from linear_models.validation import check_finite
from refimpl.dgpg.train import perceptron
from refimpl.shared.flat_weights import Buffers

Ints = NDArray[np.int64]
N_OWN = 2
HIDDEN_GAIN, ACTOR_GAIN, CRITIC_GAIN = 5 / 3, 0.01, 1.0
"""Gains of the orthogonal start: tanh layers, last layer of the actor and of the critic."""


def agent_network(
    rng: np.random.Generator,
    sizes: Sequence[int],
    n_agents: int,
    width: int,
    gain: float,
    n_own: int = N_OWN,
) -> Params:
    """Parameters of a network that sees ``[shared, own, index]``.

    Parameters
    ----------
    rng : Generator
    sizes : sequence of int
        ``(n_shared, hidden..., n_out)``.
    n_agents : int
    width : int
        Of the embedding; 0: the index itself, over N.
    gain : float
        Of the last layer.
    n_own : int
        Numbers that are the agent's own; by default the demand of its job.

    Returns
    -------
    dict
        ``W0, b0, ...`` and, with a width, the embedding ``E`` (n_agents, width).
    """
    table = embedding.init(rng, n_agents, width) if width else {}
    n_inputs = sizes[0] + n_own + max(width, 1)
    return {**mlp.init(rng, (n_inputs, *sizes[1:]), HIDDEN_GAIN, gain), **table}


def index_table(params: Params, n_agents: int) -> Array:
    """Return what the network sees of each index, (N, width) or (N, 1)."""
    if "E" in params:
        return params["E"]
    return (np.arange(n_agents) / n_agents)[:, None].astype(params["W0"].dtype)


def as_dtype(params: Params, dtype: DTypeLike) -> Params:
    """Parameters in another precision."""
    return {key: value.astype(dtype) for key, value in params.items()}


@dataclass(frozen=True)
class Samples:
    """Inputs of B samples, without repeating what they share.

    Attributes
    ----------
    table : (R, n_inputs) float
        Shared parts in the first columns; the others are room for the rest of the input.
    rows : (B,) int
        Of the table.
    own : (B, n_own) float or None
        None if the network sees the shared part only.
    agent : (B,) int
    n_agents : int
    """

    table: Array
    rows: Ints
    own: Array | None
    agent: Ints
    n_agents: int

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, which: Ints | slice) -> Samples:
        """Select the samples at ``which``."""
        own = None if self.own is None else self.own[which]
        return Samples(self.table, self.rows[which], own, self.agent[which], self.n_agents)

    def inputs(self, params: Params, buffers: Buffers) -> Array:
        """Network inputs (B, n_inputs), in a buffer."""
        x = buffers.get("x", (len(self.rows), self.table.shape[1]), self.table.dtype)
        # "clip" only because the default mode would go through another copy.
        np.take(self.table, self.rows, axis=0, out=x, mode="clip")
        if self.own is not None:
            table = index_table(params, self.n_agents)
            first = x.shape[1] - table.shape[1]
            x[:, first - self.own.shape[1] : first] = self.own
            x[:, first:] = table[self.agent]
        return x


def state_samples(shared: Array) -> Samples:
    """Every state once; the network sees the shared part only."""
    rows = np.arange(len(shared))
    return Samples(shared, rows, None, rows, 1)


def agent_samples(
    shared: Array, rows: Ints, own: Array, agent: Ints, shape: tuple[int, int]
) -> Samples:
    """Put samples of agents together; ``shape`` is (inputs of the network, agents)."""
    table = np.zeros((len(shared), shape[0]), shared.dtype)
    table[:, : shared.shape[1]] = shared
    return Samples(table, rows, own, agent, shape[1])


def backward(
    params: Params,
    grads: Params,
    samples: Samples,
    inputs: list[Array],
    d_out: Array,
    buffers: Buffers,
) -> None:
    """Write the gradient of ``<d_out, out>`` into ``grads``, that of the embedding included."""
    dz = perceptron.backward(params, grads, inputs, d_out, buffers)
    if "E" in params:
        width = params["E"].shape[1]
        d_index = dz @ params["W0"][-width:].T
        grads["E"][...] = embedding.sum_by_category(samples.agent, d_index, samples.n_agents)


def evaluate(params: Params, samples: Samples, rows: int = 4096) -> Array:
    """Compute the outputs (B, n_out) of all samples, some rows at a time."""
    buffers, parts = Buffers(), []
    for first in range(0, len(samples), rows):
        part = samples.take(slice(first, first + rows))
        out, _ = perceptron.forward(params, part.inputs(params, buffers), buffers)
        parts.append(out.T.copy())
    return np.concatenate(parts)


class Actor:
    """An actor ready to act: the first layer is cut into what agents share and what they do not.

    ``W [shared, own, index] = W_s shared + W_o own + W_e index``. The first product is computed
    once per rollout and step, the last once for all.
    """

    def __init__(self, params: Params, n_agents: int, n_own: int = N_OWN) -> None:
        self.params = params
        self.last = perceptron.n_layers(params) - 1
        weights, table = params["W0"], index_table(params, n_agents)
        n_shared = len(weights) - table.shape[1] - n_own
        self.shared, self.own = weights[:n_shared], weights[n_shared : n_shared + n_own]
        self.index = table @ weights[n_shared + n_own :] + params["b0"]

    def check(self, n_shared: int, n_actions: int) -> None:
        """Require an actor for observations and actions of these sizes.

        Raises
        ------
        ValueError
            If it is for others.
        """
        found = (len(self.shared), len(self.params[f"b{self.last}"]))
        if found != (n_shared, n_actions):
            raise ValueError(
                f"params must be an actor's with {n_shared} shared inputs and {n_actions} actions; "
                f"got one with {found[0]} and {found[1]}"
            )

    def logits(self, shared: Array, rollout: Ints, own: Array, agent: Ints) -> Array:
        """Logits (J, A) of agents ``agent`` (J,) of rollouts ``rollout`` (J,).

        Parameters
        ----------
        shared : (E, n_shared) float
        rollout : (J,) int
        own : (J, n_own) float
        agent : (J,) int

        Raises
        ------
        ValueError
            If an observation is not finite.
        """
        # One sum tells; which entry it was is looked up only when there is one.
        if not np.isfinite(shared.sum()):
            check_finite("observations", shared)
        h: Array = (shared @ self.shared)[rollout]
        h += own @ self.own
        h += self.index[agent]
        for k in range(1, self.last + 1):
            np.tanh(h, out=h)
            h = h @ self.params[f"W{k}"]
            h += self.params[f"b{k}"]
        return h


def draw(logits: Array, rng: np.random.Generator) -> tuple[Ints, Array, Array]:
    """Draw an action per row; return actions (J,), log-probabilities (J,), probabilities (J, A).

    Raises
    ------
    ValueError
        If a logit is not finite.
    """
    z = logits - logits.max(axis=1, keepdims=True)
    steps = np.exp(z)
    heights = steps.cumsum(axis=1)
    total = heights[:, -1]
    if not np.isfinite(total).all():
        check_finite("logits", logits)
    # In double precision, so that the threshold stays below the last step.
    threshold = rng.random(len(z)) * total
    actions: Ints = (heights <= threshold[:, None]).sum(axis=1)
    log_probs = z[np.arange(len(z)), actions] - np.log(total)
    return actions, log_probs, steps / total[:, None]
