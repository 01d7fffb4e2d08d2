"""The same gradient steps written the usual way in PyTorch, eager mode."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from linear_models.params import Array, Params
from refimpl.dgpg.train.batches import Batch
from refimpl.dgpg.train.learner import Learner
from refimpl.dgpg.train.networks import index_table
from refimpl.dgpg.train.perceptron import n_layers
from refimpl.dgpg.train.settings import TrainSettings
from refimpl.shared.adam_in_place import EPS


class TorchUpdate:
    """Networks, optimisers and samples; every :meth:`update` is a pass of actor and critic.

    Parameters
    ----------
    settings : TrainSettings
        With one pass each.
    learner : Learner
    batch : Batch
    """

    def __init__(self, settings: TrainSettings, learner: Learner, batch: Batch) -> None:
        self.torch: Any = importlib.import_module("torch")
        self.settings = settings
        self.actor, self.critic = (
            self._network(part.params) for part in (learner.actor, learner.critic)
        )
        table = index_table(learner.actor.params, batch.seen.n_agents)
        learned = "E" in learner.actor.params
        make = self.torch.nn.Embedding.from_pretrained
        self.index = make(self.torch.from_numpy(table.copy()), freeze=not learned)
        actor = [*self.actor.parameters(), *(self.index.parameters() if learned else [])]
        self.weights = {"actor": actor, "critic": [*self.critic.parameters()]}
        self.optimizers = {
            "actor": self.torch.optim.Adam(actor, settings.learning_rate(0.0), eps=EPS),
            "critic": self.torch.optim.Adam(
                self.weights["critic"], settings.critic_learning_rate(0.0), eps=EPS
            ),
        }
        assert batch.seen.own is not None
        arrays = {
            "states": batch.judged.table,
            "rows": batch.seen.rows,
            "own": batch.seen.own,
            "agent": batch.seen.agent,
            "actions": batch.actions,
            "log_probs": batch.log_probs,
            "signal": batch.signal,
            "targets": batch.targets,
        }
        self.data = {name: self.torch.from_numpy(array) for name, array in arrays.items()}

    def _network(self, params: Params) -> Any:
        nn, layers = self.torch.nn, []
        depth = n_layers(params)
        for k in range(depth):
            weights, bias = params[f"W{k}"], params[f"b{k}"]
            layer = nn.Linear(*weights.shape)
            with self.torch.no_grad():
                layer.weight.copy_(self.torch.from_numpy(weights.T.copy()))
                layer.bias.copy_(self.torch.from_numpy(bias))
            layers += [layer] if k == depth - 1 else [layer, nn.Tanh()]
        return nn.Sequential(*layers)

    def actor_loss(self, part: Any) -> Any:
        """Clipped surrogate minus weighted entropy on the samples ``part``."""
        torch, data, clip = self.torch, self.data, self.settings.clip
        x = torch.cat(
            [
                data["states"][data["rows"][part]],
                data["own"][part],
                self.index(data["agent"][part]),
            ],
            dim=1,
        )
        log_p = torch.log_softmax(self.actor(x), dim=1)
        log_prob = log_p.gather(1, data["actions"][part][:, None])[:, 0]
        ratio = torch.exp(log_prob - data["log_probs"][part])
        signal = data["signal"][part]
        gain = torch.min(ratio * signal, torch.clamp(ratio, 1 - clip, 1 + clip) * signal)
        entropy = -(log_p.exp() * log_p).sum(1)
        return -gain.mean() - self.settings.entropy(0.0) * entropy.mean()

    def critic_loss(self, part: Any) -> Any:
        """Huber loss on the samples ``part``."""
        data, nn = self.data, self.torch.nn
        values = self.critic(data["states"][data["rows"][part]])[:, 0]
        return nn.functional.huber_loss(
            values, data["targets"][part], delta=self.settings.huber_delta
        )

    def update(self) -> None:
        """One pass over the samples, actor and critic."""
        clip_norm = self.torch.nn.utils.clip_grad_norm_
        bounds = {
            "actor": self.settings.max_grad_norm,
            "critic": self.settings.critic_max_grad_norm,
        }
        for name, loss in (("actor", self.actor_loss), ("critic", self.critic_loss)):
            for part in self.parts():
                self.optimizers[name].zero_grad(set_to_none=True)
                loss(part).backward()
                clip_norm(self.weights[name], bounds[name])
                self.optimizers[name].step()

    def parts(self) -> Iterator[Any]:
        """Random minibatches."""
        order = self.torch.randperm(len(self.data["rows"]))
        return iter(order.split(self.settings.minibatch))

    def gradients(self, name: str) -> dict[str, Array]:
        """Gradients on all samples at once, in our names and shapes."""
        loss = {"actor": self.actor_loss, "critic": self.critic_loss}[name]
        network = {"actor": self.actor, "critic": self.critic}[name]
        self.optimizers[name].zero_grad(set_to_none=True)
        loss(self.torch.arange(len(self.data["rows"]))).backward()
        grads: dict[str, Array] = {}
        for k, layer in enumerate(network[::2]):
            grads[f"W{k}"] = np.ascontiguousarray(layer.weight.grad.numpy().T)
            grads[f"b{k}"] = layer.bias.grad.numpy().copy()
        if name == "actor" and self.index.weight.grad is not None:
            grads["E"] = self.index.weight.grad.numpy().copy()
        return grads

    def on_threads(self, threads: int) -> Callable[[], None]:
        """:meth:`update`, from now on with so many threads; changing them takes long."""
        self.torch.set_num_threads(threads)
        return self.update
