"""The upper-level policy with a memory, MF-RNN [MF sec. 3, Fig. 9].

Two tanh layers read the distribution of queue lengths, a long short-term memory remembers, one
linear layer puts out the Gaussian. Parameters are one dict with the groups ``read``, ``remember``
and ``act``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linear_models import affine, mlp, recurrent
from linear_models.activations import TANH
from linear_models.params import Params
from linear_models.validation import check_count
from refimpl.meanfield.model.arrivals import offload_shares
from refimpl.meanfield.model.system import System
from refimpl.meanfield.policies.decision_rules import offload_probabilities, state_distribution
from refimpl.meanfield.policies.learned import Draw, mean_action
from refimpl.meanfield.policies.rules import Policy
from refimpl.shared.actor_critic import Network
from refimpl.shared.optimizer import group, joined

Array = NDArray[Any]
Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


def forward(params: Params, x: Array) -> tuple[Array, Any]:
    """Evaluate whole episodes (E, T, n_in) to (E, T, K), each starting with an empty memory."""
    read, remember, act = (group(params, name) for name in ("read", "remember", "act"))
    z, read_cache = mlp.forward(read, np.swapaxes(x, 0, 1))
    features = TANH.forward(z)
    start = recurrent.zero_state(remember, x.shape[0])
    h, _, memory_cache = recurrent.forward(remember, features, start)
    y, act_cache = affine.forward(act, np.swapaxes(h, 0, 1))
    return y, (read_cache, z, features, memory_cache, act_cache)


def backward(params: Params, cache: Any, dy: Array) -> tuple[Params, Array]:
    """Gradient through time; see :func:`forward`."""
    read, remember, act = (group(params, name) for name in ("read", "remember", "act"))
    read_cache, z, features, memory_cache, act_cache = cache
    act_grads, dh = affine.backward(act, act_cache, dy)
    memory_grads, d_features, _ = recurrent.backward(remember, memory_cache, np.swapaxes(dh, 0, 1))
    read_grads, dx = mlp.backward(read, read_cache, TANH.vjp(z, features, d_features))
    grads = joined(read=read_grads, remember=memory_grads, act=act_grads)
    return grads, np.swapaxes(dx, 0, 1)


NETWORK = Network(forward, backward)
"""The network on whole episodes, for training."""


def remembering(params: Params) -> Callable[[Array], Array]:
    """Make ``step(x (E, n_in)) -> (E, K)`` for one epoch after another; its memory starts empty."""
    read, remember, act = (group(params, name) for name in ("read", "remember", "act"))
    memory: list[recurrent.State] = []

    def step(x: Array) -> Array:
        features = TANH.forward(mlp.forward(read, x)[0])
        before = memory.pop() if memory else recurrent.zero_state(remember, len(x))
        memory.append(recurrent.step(remember, features, before))
        return affine.forward(act, memory[-1].h)[0]

    return step


def remembering_rule(params: Params, draw: Draw = mean_action, epochs: int | None = None) -> Policy:
    """MF-RNN, a policy with a memory that is empty at first [MF Fig. 9].

    Parameters
    ----------
    params : dict
    draw : callable
        ``learned.mean_action`` or ``learned.sampled_action``.
    epochs : int, optional
        Length of an episode: the memory is emptied after so many epochs, and the policy can go on
        to the next batch of episodes. When left out it serves one batch; make a new one for the
        next.

    Raises
    ------
    ValueError
        If ``epochs`` is not positive; when called with another number of episodes in the middle.
    """
    if epochs is not None:
        check_count("epochs", epochs)
    steps: list[Callable[[Array], Array]] = [remembering(params)]
    sizes: list[int] = []

    def policy(system: System, states: Ints, rng: np.random.Generator) -> Floats:
        if len(sizes) == epochs:
            steps[0] = remembering(params)
            sizes.clear()
        sizes.append(len(states))
        if sizes[0] != len(states):
            raise ValueError(
                f"states must be of the {sizes[0]} episodes that began together; got {len(states)}"
            )
        seen = state_distribution(states, system.buffer).astype(params["act.W"].dtype)
        rules = offload_probabilities(draw(steps[0](seen), rng))
        offload = np.take_along_axis(rules, states, axis=1).astype(np.float64)
        return offload_shares(system.graph, offload)

    return policy
