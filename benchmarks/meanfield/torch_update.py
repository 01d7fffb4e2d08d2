"""The same PPO update written the usual way in PyTorch, eager mode."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from linear_models.params import Array, Params
from refimpl.shared.batch import Batch
from refimpl.shared.ppo import PPOSettings


class TorchUpdate:
    """Networks, optimiser and minibatch; every :meth:`step` is one gradient step.

    Parameters
    ----------
    params : dict
        ``actor.*`` and ``critic.*`` of two tanh perceptrons.
    batch : Batch
        With the outputs of the policy that acted.
    settings : PPOSettings
    """

    def __init__(self, params: Params, batch: Batch, settings: PPOSettings) -> None:
        self.torch: Any = importlib.import_module("torch")
        self.settings = settings
        self.actor, self.critic = (self._network(params, part) for part in ("actor", "critic"))
        weights = [*self.actor.parameters(), *self.critic.parameters()]
        self.optimizer = self.torch.optim.Adam(weights, lr=settings.learning_rate)
        names = ("observations", "actions", "log_probs", "advantages", "values", "returns")
        self.batch = {
            name: self.torch.from_numpy(getattr(batch, name)) for name in (*names, "outputs")
        }

    def _network(self, params: Params, part: str) -> Any:
        nn, layers = self.torch.nn, []
        depth = sum(key.startswith(f"{part}.W") for key in params)
        for k in range(depth):
            weights, bias = params[f"{part}.W{k}"], params[f"{part}.b{k}"]
            layer = nn.Linear(*weights.shape)
            with self.torch.no_grad():
                layer.weight.copy_(self.torch.from_numpy(np.ascontiguousarray(weights.T)))
                layer.bias.copy_(self.torch.from_numpy(bias))
            layers += [layer, nn.Tanh()]
        return nn.Sequential(*layers[:-1])

    def loss(self) -> Any:
        """Clipped surrogate, penalty on the divergence and clipped value loss."""
        torch, s, b = self.torch, self.settings, self.batch
        mean, log_std = self.actor(b["observations"]).chunk(2, -1)
        value = self.critic(b["observations"])[:, 0]
        z = (b["actions"] - mean) * torch.exp(-log_std)
        log_prob = (-0.5 * z * z - log_std - 0.5 * math.log(2 * math.pi)).sum(-1)
        ratio = torch.exp(log_prob - b["log_probs"])
        bounded = torch.clamp(ratio, 1 - s.clip, 1 + s.clip)
        gain = torch.min(ratio * b["advantages"], bounded * b["advantages"])
        old_mean, old_log_std = b["outputs"].chunk(2, -1)
        spread = torch.exp(2 * old_log_std) + (mean - old_mean) ** 2
        kl = (log_std - old_log_std + 0.5 * spread * torch.exp(-2 * log_std) - 0.5).sum(-1)
        moved = b["values"] + torch.clamp(value - b["values"], -s.value_clip, s.value_clip)
        error = torch.max((value - b["returns"]) ** 2, (moved - b["returns"]) ** 2)
        return -gain.mean() + s.kl_coef * kl.mean() + s.value_coef * error.mean()

    def gradients(self) -> dict[str, Array]:
        """Gradients now, in our names and shapes."""
        self.optimizer.zero_grad(set_to_none=True)
        self.loss().backward()
        grads = {}
        for part, network in (("actor", self.actor), ("critic", self.critic)):
            for k, layer in enumerate(network[::2]):
                grads[f"{part}.W{k}"] = layer.weight.grad.numpy().T
                grads[f"{part}.b{k}"] = layer.bias.grad.numpy()
        return grads

    def step(self) -> None:
        """One gradient step."""
        self.optimizer.zero_grad(set_to_none=True)
        self.loss().backward()
        self.optimizer.step()

    def on_threads(self, threads: int) -> Callable[[], None]:
        """:meth:`step`, from now on with so many threads; changing them takes long."""
        self.torch.set_num_threads(threads)
        return self.step
