"""Soft actor-critic for a choice among servers [SCALE sec. 5.2].

A policy, two networks for the action values, their slow copies, and a temperature that is moved
until the policy is as random as wanted.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from linear_models import categorical
from linear_models.params import Array, Params
from refimpl.scale.model.observations import Observation
from refimpl.scale.model.workflows import Bools, Ints
from refimpl.scale.train import structured
from refimpl.scale.train.dqn import action_values, action_values_vjp
from refimpl.scale.train.experience import (
    empty_memory,
    memory_arrays,
    parts,
    restored_memory,
    transitions,
)
from refimpl.scale.train.losses import forbid
from refimpl.scale.train.nets import StructuredNet
from refimpl.scale.train.ppo import draw
from refimpl.scale.train.rollouts import Act, Columns, Rollout
from refimpl.scale.train.settings import Arrays, Method, TrainSettings
from refimpl.shared.adam_in_place import Moments, adam_in_place
from refimpl.shared.discrete_sac import (
    critic_loss,
    moved,
    policy_loss,
    soft_values,
    temperature_loss,
)
from refimpl.shared.dqn import bootstrap_targets
from refimpl.shared.flat_weights import Weights
from refimpl.shared.optimizer import group, joined
from refimpl.shared.replay import Replay, Transitions, add
from refimpl.shared.replay import draw as draw_batch
from refimpl.shared.seeds import generator
from refimpl.shared.sums import Sums

CRITICS = ("first", "second")


@dataclass
class Trained:
    """Parameters in one vector and their optimiser; changed in place."""

    weights: Weights
    moments: Moments

    @classmethod
    def fresh(cls, params: Params) -> Trained:
        """Before the first step."""
        weights = Weights.of(params)
        return cls(weights, Moments.zeros(weights.vector))

    @classmethod
    def restored(cls, arrays: Arrays) -> Trained:
        """Inverse of :meth:`arrays`."""
        state = group(arrays, "moments")
        moments = Moments(state["m"].copy(), state["v"].copy(), int(state["t"]))
        return cls(Weights.of(group(arrays, "params")), moments)

    def arrays(self) -> Arrays:
        """Everything as arrays."""
        state = {"m": self.moments.m, "v": self.moments.v, "t": np.asarray(self.moments.t)}
        return joined(params=self.weights.params(), moments=state)

    def step(self, grads: Params, rate: float, max_norm: float) -> float:
        """Make a step; return the norm of the gradient."""
        gradient = Weights.of(grads).vector
        return adam_in_place(self.weights.vector, gradient, self.moments, rate, max_norm)


class SAC:
    """Everything that training changes, in place.

    Attributes
    ----------
    actor_net : Trained
    critics, targets : dict
        By the names of :data:`CRITICS`; trained networks, and parameters of their slow copies.
    temperature : Trained
        One number, ``log`` of the temperature.
    memory : Replay
    """

    def __init__(self, settings: TrainSettings, arrays: Arrays) -> None:
        self.settings = settings
        self.actor_net = Trained.restored(group(arrays, "actor"))
        self.critics = {name: Trained.restored(group(arrays, name)) for name in CRITICS}
        self.targets = {name: group(arrays, f"target {name}") for name in CRITICS}
        self.temperature = Trained.restored(group(arrays, "temperature"))
        self.memory: Replay = restored_memory(settings, group(arrays, "memory"))

    def actor(self, epoch: int) -> Act:
        """Draw from the policy as it is now."""
        del epoch
        params = self.actor_net.weights.params()

        def act(
            seen: Observation, allowed: Bools | None, rng: np.random.Generator
        ) -> tuple[Ints, Columns]:
            outputs, _ = structured.forward(params, seen.task, seen.servers)
            return draw(forbid(outputs.logits, allowed), rng)[0], {}

        return act

    def learn(self, rollout: Rollout, epoch: int, rng: np.random.Generator) -> dict[str, float]:
        """Remember the experience and make gradient steps on what is remembered."""
        self.memory = add(self.memory, transitions(self.settings, rollout))
        sums, rate = Sums(), self.settings.rate(epoch)
        for _ in range(self.settings.gradient_steps):
            batch = draw_batch(self.memory, self.settings.minibatch, rng)
            sums.add(**self._update(batch, rate))
        return sums.means()

    def params(self) -> Params:
        """Parameters of the policy."""
        return self.actor_net.weights.params()

    def arrays(self) -> Arrays:
        """Networks, optimisers, temperature and memory."""
        trained = {name: self.critics[name].arrays() for name in CRITICS}
        targets = {f"target {name}": self.targets[name] for name in CRITICS}
        return joined(
            actor=self.actor_net.arrays(),
            temperature=self.temperature.arrays(),
            memory=memory_arrays(self.memory),
            **trained,
            **targets,
        )

    def _update(self, batch: Transitions, rate: float) -> dict[str, float]:
        """One step of everything; the policy is judged by the critics before their step."""
        log_temperature = float(self.temperature.weights.named["log"][0])
        temperature, states = math.exp(log_temperature), parts(batch.observations)
        targets = self._targets(batch, temperature)
        judged, critic_terms = self._critics(batch, states, targets, rate)
        policy = self.actor_net.weights.named
        outputs, cache = structured.forward(policy, *states)
        lost, d_logits = policy_loss(outputs.logits, judged, temperature)
        grads, *_ = structured.backward(policy, cache, d_logits, outputs.value)
        norm = self.actor_net.step(grads, rate, self.settings.max_grad_norm)
        entropy = float(categorical.entropy(outputs.logits).mean())
        goal = self.settings.off_policy.entropy_target * math.log(judged.shape[1])
        _, slope = temperature_loss(log_temperature, entropy, goal)
        gradient = {"log": np.array([slope], self.temperature.weights.vector.dtype)}
        self.temperature.step(gradient, rate, math.inf)
        terms = {"policy_loss": lost, "entropy": entropy, "temperature": temperature, "norm": norm}
        return {**{name: float(value) for name, value in terms.items()}, **critic_terms}

    def _targets(self, batch: Transitions, temperature: float) -> Array:
        after = parts(batch.next_observations)
        logits = structured.forward(self.actor_net.weights.named, *after)[0].logits
        first, second = (action_values(self.targets[name], *after)[0] for name in CRITICS)
        values = soft_values(logits, np.minimum(first, second), temperature)
        rewards = -batch.costs
        targets = bootstrap_targets(rewards, batch.terminated, values, self.settings.gamma)
        return targets.astype(rewards.dtype)

    def _critics(
        self, batch: Transitions, states: tuple[Array, Array], targets: Array, rate: float
    ) -> tuple[Array, dict[str, float]]:
        """Step both critics; return the smaller of their values before, (B, N), and the loss."""
        smaller, losses = None, []
        for name, critic in self.critics.items():
            q, cache = action_values(critic.weights.named, *states)
            lost, d_q = critic_loss(q, batch.actions, targets)
            grads = action_values_vjp(critic.weights.named, cache, d_q)
            critic.step(grads, rate, self.settings.max_grad_norm)
            online, share = critic.weights.named, self.settings.off_policy.target_rate
            self.targets[name] = moved(self.targets[name], online, share)
            smaller = q if smaller is None else np.minimum(smaller, q)
            losses.append(float(lost))
        assert smaller is not None
        return smaller, {"critic_loss": float(np.mean(losses))}


def _start(settings: TrainSettings, n_servers: int, seed: int) -> Arrays:
    net = settings.net
    if not isinstance(net, StructuredNet):
        raise TypeError(f"net must be a StructuredNet for SAC; got {net!r}")
    policy = StructuredNet(replace(net.shape, critic=False))
    actor = policy.init(generator(seed, "scale", "network"), n_servers)
    critics = {name: net.init(generator(seed, "scale", name), n_servers) for name in CRITICS}
    first = np.log(np.array([settings.off_policy.temperature], actor["actor_b"].dtype))
    return joined(
        actor=Trained.fresh(actor).arrays(),
        temperature=Trained.fresh({"log": first}).arrays(),
        memory=memory_arrays(empty_memory(settings, n_servers)),
        **{name: Trained.fresh(critics[name]).arrays() for name in CRITICS},
        **{f"target {name}": critics[name] for name in CRITICS},
    )


DISCRETE_SAC = Method("SAC", _start, SAC)
