"""The same network, losses and optimiser written the usual way in PyTorch, eager mode."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from linear_models.params import Array, Params
from refimpl.scale.train.ppo import Samples
from refimpl.scale.train.settings import TrainSettings
from refimpl.shared.adam_in_place import EPS

HEADS, LAYERS = 4, 2
DECORRELATION, KL = 0.01, 0.001


def every_key(torch: Any, params: Any, layer: int, query: Any, items: Any) -> Any:
    """Keys and values of all servers, and the fused attention."""
    q, k, v = (
        (x @ params[f"{name}{layer}"]).unflatten(-1, (HEADS, -1)).transpose(1, 2)
        for name, x in (("query", query[:, None]), ("key", items), ("value", items))
    )
    heads = torch.nn.functional.scaled_dot_product_attention(q, k, v)
    return heads.transpose(1, 2).flatten(1) @ params[f"output{layer}"]


def single_query(torch: Any, params: Any, layer: int, query: Any, items: Any) -> Any:
    """Attention with the products in the order that one query allows."""
    width = query.shape[1]
    key, value = (
        params[f"{name}{layer}"].view(width, HEADS, -1).transpose(0, 1) for name in ("key", "value")
    )
    looks = (query @ params[f"query{layer}"]).view(-1, HEADS, width // HEADS).transpose(0, 1)
    looks = (looks @ key.transpose(1, 2)).transpose(0, 1) / math.sqrt(width // HEADS)
    weights = torch.softmax(looks @ items.transpose(1, 2), dim=-1)
    heads = ((weights @ items).transpose(0, 1) @ value).transpose(0, 1)
    return heads.flatten(1) @ params[f"output{layer}"]


Attention = Callable[[Any, Any, int, Any, Any], Any]
ATTENTION: dict[str, Attention] = {
    "fused attention": every_key,
    "single-query algebra": single_query,
}


class TorchPointer:
    """Parameters, samples and optimiser; :meth:`step` is one gradient step."""

    def __init__(
        self, params: Params, settings: TrainSettings, samples: Samples, attention: Attention
    ) -> None:
        self.torch: Any = importlib.import_module("torch")
        self.torch.set_num_threads(1)
        self.settings, self.attention = settings, attention
        self.params = {
            key: self.torch.from_numpy(value.copy()).requires_grad_()
            for key, value in params.items()
        }
        names = ("task", "servers", "actions", "log_probs", "advantages", "returns")
        self.data = {name: self.torch.from_numpy(getattr(samples, name)) for name in names}
        rate = settings.rate(0)
        self.optimizer = self.torch.optim.Adam([*self.params.values()], rate, eps=EPS)

    def forward(self, task: Any, servers: Any) -> tuple[Any, Any, Any]:
        """Logits, value and features."""
        params, functional = self.params, self.torch.nn.functional
        query, items = self._mlp("task", 2, task), self._mlp("server", 2, servers)
        for layer in range(LAYERS):
            looked = self.attention(self.torch, params, layer, query, items)
            seen = self._norm(f"norm_attention{layer}", query + looked)
            inner = seen @ params[f"ffn{layer}_W0"] + params[f"ffn{layer}_b0"]
            thought = functional.gelu(inner) @ params[f"ffn{layer}_W1"] + params[f"ffn{layer}_b1"]
            query = self._norm(f"norm_ffn{layer}", seen + thought)
        pointer = query @ params["pointer_query"] @ params["pointer_key"].T
        logits = (items @ pointer[:, :, None])[:, :, 0]
        return logits, self._mlp("critic", 3, query)[:, 0], query

    def _mlp(self, name: str, layers: int, x: Any) -> Any:
        for k in range(layers):
            x = x @ self.params[f"{name}_W{k}"] + self.params[f"{name}_b{k}"]
            x = self.torch.relu(x) if k + 1 < layers else x
        return x

    def _norm(self, name: str, x: Any) -> Any:
        gain, shift = self.params[f"{name}_gain"], self.params[f"{name}_shift"]
        return self.torch.nn.functional.layer_norm(x, x.shape[-1:], gain, shift)

    def loss(self, rows: Any) -> Any:
        """Loss of PPO with both terms of the regulariser."""
        torch, data, settings = self.torch, self.data, self.settings
        logits, value, features = self.forward(data["task"][rows], data["servers"][rows])
        log_p = torch.log_softmax(logits, dim=1)
        log_prob = log_p.gather(1, data["actions"][rows][:, None])[:, 0]
        ratio = torch.exp(log_prob - data["log_probs"][rows])
        gain = data["advantages"][rows]
        gain = (gain - gain.mean()) / (gain.std(correction=0) + 1e-8)
        bounded = torch.clamp(ratio, 1 - settings.clip, 1 + settings.clip) * gain
        entropy = -(log_p.exp() * log_p).sum(1).mean()
        policy = -torch.min(ratio * gain, bounded).mean() - settings.entropy_coef * entropy
        error = ((value - data["returns"][rows]) ** 2).mean()
        return policy + settings.value_coef * error + self._regular(features)

    def _regular(self, features: Any) -> Any:
        torch = self.torch
        covariance = torch.cov(features.T)
        variance = torch.diagonal(covariance)
        apart = covariance.abs().sum() - variance.sum()
        mean = features.mean(0)
        divergence = 0.5 * (mean**2 + variance - torch.log(variance) - 1).mean()
        return DECORRELATION * apart + KL * divergence

    def step(self, rows: Any) -> None:
        """Gradient of the loss on these rows, clipped, and a step of Adam."""
        self.optimizer.zero_grad(set_to_none=True)
        self.loss(rows).backward()
        torch = self.torch
        torch.nn.utils.clip_grad_norm_([*self.params.values()], self.settings.max_grad_norm)
        self.optimizer.step()

    def run(self, minibatch: int) -> None:
        """One pass over the samples."""
        order = self.torch.randperm(len(self.data["task"]))
        for rows in order.split(minibatch):
            self.step(rows)

    def gradients(self) -> dict[str, Array]:
        """Gradients on all samples at once."""
        self.optimizer.zero_grad(set_to_none=True)
        self.loss(self.torch.arange(len(self.data["task"]))).backward()
        return {key: np.array(value.grad.numpy()) for key, value in self.params.items()}

    def decide(self, task: Array, servers: Array) -> Array:
        """Logits of one state."""
        with self.torch.inference_mode():
            state = (self.torch.from_numpy(x[None]) for x in (task, servers))
            return np.asarray(self.forward(*state)[0][0])
