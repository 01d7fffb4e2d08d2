"""Networks as training sees them: how they start, act, and learn in place.

A :class:`Net` is a value, so that PPO serves the pointer network and the structured MLP alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np

from linear_models.params import Array, Params
from refimpl.scale.network import parameters, single
from refimpl.scale.network.fast import FastPointer
from refimpl.scale.train import structured
from refimpl.scale.train.rollouts import DTYPE
from refimpl.shared.flat_weights import Weights

_POINTER, _STRUCTURED = parameters.Shape(), structured.Shape()


class Outputs(Protocol):
    """What a network says of B states."""

    @property
    def logits(self) -> Array:
        """Scores of the servers, (B, N)."""

    @property
    def value(self) -> Array:
        """What the critic expects, (B,)."""

    @property
    def features(self) -> Array:
        """What actor and critic share and the regulariser sees, (B, d)."""


class Forward(Protocol):
    """A network ready to act."""

    def __call__(self, task: Array, servers: Array, present: Array | None = None) -> Outputs:
        """Look at states (B, 5), (B, N, 5); ``present`` (B, N): which servers are there."""


class Trainable(Protocol):
    """A network whose parameters and gradients are views of two vectors."""

    @property
    def weights(self) -> Weights:
        """Parameters; the vector may be changed in place between two forward passes."""

    @property
    def grads(self) -> Weights:
        """Gradients, in the same layout."""

    def forward(self, task: Array, servers: Array) -> Outputs:
        """Look at states; the outputs are valid until the next call."""

    def backward(self, d_logits: Array, d_value: Array, d_features: Array) -> None:
        """Write the gradient at the last states seen."""


class Net(Protocol):
    """A kind of network."""

    def init(self, rng: np.random.Generator, n_servers: int) -> Params:
        """Parameters before training, in single precision."""

    def acting(self, params: Params) -> Forward:
        """Forward pass for few states at a time."""

    def trainable(self, params: Params) -> Trainable:
        """Return a network that starts from a copy of these parameters."""


@dataclass(frozen=True)
class PointerNet:
    """The cross-attention pointer network, for any number of servers [SCALE sec. 4.2]."""

    shape: parameters.Shape = _POINTER

    def init(self, rng: np.random.Generator, n_servers: int) -> Params:
        """Parameters before training; they do not depend on the number of servers."""
        del n_servers
        return parameters.init(rng, self.shape, DTYPE)

    def acting(self, params: Params) -> Forward:
        """Forward pass for few states at a time."""
        ready = single.prepared(params, self.shape.heads, params["pointer_query"].dtype)
        return partial(single.act, ready)

    def trainable(self, params: Params) -> Trainable:
        """Return a network that starts from a copy of these parameters."""
        return FastPointer(params, self.shape.heads)


@dataclass(frozen=True)
class StructuredNet:
    """The baselines' perceptron, for one cluster size [SCALE sec. 5.2]."""

    shape: structured.Shape = _STRUCTURED

    def init(self, rng: np.random.Generator, n_servers: int) -> Params:
        """Parameters before training, for clusters of this size."""
        return structured.init(rng, n_servers, self.shape, DTYPE)

    def acting(self, params: Params) -> Forward:
        """Forward pass for few states at a time."""
        return partial(structured.act, params)

    def trainable(self, params: Params) -> Trainable:
        """Return a network that starts from a copy of these parameters."""
        return Perceptron(params)


class Perceptron:
    """The structured network with parameters and gradients in two vectors."""

    def __init__(self, params: Params) -> None:
        self.weights = Weights.of(params)
        self.grads = self.weights.like()
        self._cache: Any = None

    def forward(self, task: Array, servers: Array) -> Outputs:
        """Look at states."""
        outputs, self._cache = structured.forward(self.weights.named, task, servers)
        return outputs

    def backward(self, d_logits: Array, d_value: Array, d_features: Array | None = None) -> None:
        """Write the gradient at the last states seen."""
        given = d_logits, d_value, d_features
        grads, *_ = structured.backward(self.weights.named, self._cache, *given)
        for name, gradient in grads.items():
            self.grads.named[name][...] = gradient
