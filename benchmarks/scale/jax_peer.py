"""The same network, losses and optimiser in JAX with the single-query algebra, compiled."""

from __future__ import annotations

import importlib
import math
import os
from typing import Any

import numpy as np

from benchmarks.scale.torch_peer import DECORRELATION, HEADS, KL, LAYERS
from linear_models.params import Array, Params
from refimpl.scale.train.ppo import Samples
from refimpl.scale.train.settings import TrainSettings
from refimpl.shared.adam_in_place import BETA1, BETA2, EPS

# One thread, as everybody; read when the library is loaded.
FLAGS = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"


class JaxPointer:
    """Parameters, samples and compiled functions."""

    def __init__(self, params: Params, settings: TrainSettings, samples: Samples) -> None:
        os.environ.setdefault("XLA_FLAGS", FLAGS)
        self.jax: Any = importlib.import_module("jax")
        self.np: Any = importlib.import_module("jax.numpy")
        self.settings = settings
        names = ("task", "servers", "actions", "log_probs", "advantages", "returns")
        self.data = {name: np.asarray(getattr(samples, name)) for name in names}
        self.params = self.jax.tree.map(self.np.asarray, params)
        zeros = self.jax.tree.map(self.np.zeros_like, self.params)
        self.state = (self.params, zeros, zeros, self.np.float32(0))
        self._step = self.jax.jit(self.stepped)
        self._decide = self.jax.jit(lambda p, t, s: self.forward(p, t[None], s[None])[0][0])

    def forward(self, params: Any, task: Any, servers: Any) -> tuple[Any, Any, Any]:
        """Logits, value and features."""
        query, items = self._mlp(params, "task", 2, task), self._mlp(params, "server", 2, servers)
        for layer in range(LAYERS):
            looked = self._attend(params, layer, query, items)
            seen = self._norm(params, f"norm_attention{layer}", query + looked)
            inner = seen @ params[f"ffn{layer}_W0"] + params[f"ffn{layer}_b0"]
            thought = self.jax.nn.gelu(inner, approximate=False)
            thought = thought @ params[f"ffn{layer}_W1"] + params[f"ffn{layer}_b1"]
            query = self._norm(params, f"norm_ffn{layer}", seen + thought)
        pointer = query @ params["pointer_query"] @ params["pointer_key"].T
        logits = self.np.einsum("bnd,bd->bn", items, pointer)
        return logits, self._mlp(params, "critic", 3, query)[:, 0], query

    def _attend(self, params: Any, layer: int, query: Any, items: Any) -> Any:
        width = query.shape[1]
        key, value = (params[f"{n}{layer}"].reshape(width, HEADS, -1) for n in ("key", "value"))
        looks = (query @ params[f"query{layer}"]).reshape(len(query), HEADS, -1)
        looks = self.np.einsum("bhk,dhk->bhd", looks, key) / math.sqrt(width // HEADS)
        scores = self.np.einsum("bhd,bnd->bhn", looks, items)
        means = self.np.einsum("bhn,bnd->bhd", self.jax.nn.softmax(scores), items)
        heads = self.np.einsum("bhd,dhk->bhk", means, value)
        return heads.reshape(query.shape) @ params[f"output{layer}"]

    def _mlp(self, params: Any, name: str, layers: int, x: Any) -> Any:
        for k in range(layers):
            x = x @ params[f"{name}_W{k}"] + params[f"{name}_b{k}"]
            x = self.jax.nn.relu(x) if k + 1 < layers else x
        return x

    def _norm(self, params: Any, name: str, x: Any) -> Any:
        centred = x - x.mean(-1, keepdims=True)
        scale = self.jax.lax.rsqrt((centred**2).mean(-1, keepdims=True) + 1e-5)
        return centred * scale * params[f"{name}_gain"] + params[f"{name}_shift"]

    def loss(self, params: Any, data: Any) -> Any:
        """Loss of PPO with both terms of the regulariser."""
        jnp, settings = self.np, self.settings
        logits, value, features = self.forward(params, data["task"], data["servers"])
        log_p = self.jax.nn.log_softmax(logits)
        log_prob = log_p[jnp.arange(len(logits)), data["actions"]]
        ratio = jnp.exp(log_prob - data["log_probs"])
        gain = data["advantages"]
        gain = (gain - gain.mean()) / (gain.std() + 1e-8)
        bounded = jnp.clip(ratio, 1 - settings.clip, 1 + settings.clip) * gain
        entropy = -(jnp.exp(log_p) * log_p).sum(1).mean()
        policy = -jnp.minimum(ratio * gain, bounded).mean() - settings.entropy_coef * entropy
        error = ((value - data["returns"]) ** 2).mean()
        covariance, mean = jnp.cov(features.T), features.mean(0)
        variance = jnp.diagonal(covariance)
        apart = jnp.abs(covariance).sum() - variance.sum()
        divergence = 0.5 * (mean**2 + variance - jnp.log(variance) - 1).mean()
        return policy + settings.value_coef * error + DECORRELATION * apart + KL * divergence

    def stepped(self, state: Any, data: Any) -> Any:
        """State after a clipped step of Adam."""
        params, m, v, t = state
        grads = self.jax.grad(self.loss)(params, data)
        tree = self.jax.tree
        norm = self.np.sqrt(sum((g**2).sum() for g in tree.leaves(grads)))
        scale = self.np.minimum(1.0, self.settings.max_grad_norm / norm)
        t = t + 1
        m = tree.map(lambda m, g: BETA1 * m + (1 - BETA1) * scale * g, m, grads)
        v = tree.map(lambda v, g: BETA2 * v + (1 - BETA2) * (scale * g) ** 2, v, grads)
        size, root = self.settings.rate(0) / (1 - BETA1**t), self.np.sqrt(1 - BETA2**t)

        def move(p: Any, m: Any, v: Any) -> Any:
            return p - size * m / (self.np.sqrt(v) / root + EPS)

        params = tree.map(move, params, m, v)
        return params, m, v, t

    def run(self, minibatch: int) -> None:
        """One pass over the samples."""
        order = np.random.default_rng(0).permutation(len(self.data["task"]))
        for first in range(0, len(order), minibatch):
            rows = order[first : first + minibatch]
            self.state = self._step(self.state, {k: x[rows] for k, x in self.data.items()})
        self.jax.block_until_ready(self.state)

    def gradients(self) -> dict[str, Array]:
        """Gradients on all samples at once."""
        found = self.jax.grad(self.loss)(self.params, self.data)
        return {key: np.array(value) for key, value in found.items()}

    def decide(self, task: Array, servers: Array) -> Array:
        """Logits of one state."""
        return np.asarray(self._decide(self.params, task, servers))
