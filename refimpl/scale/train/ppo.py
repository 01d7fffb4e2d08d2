"""Proximal policy optimisation with a regulariser on the features [SCALE Algorithm 1]."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from linear_models.params import Array, Params
from refimpl.scale.model.observations import Observation
from refimpl.scale.model.workflows import Bools, Ints
from refimpl.scale.objective.feature_statistics import feature_statistics
from refimpl.scale.train.losses import forbid, softmax, value_gradient
from refimpl.scale.train.nets import Outputs, Trainable
from refimpl.scale.train.rollouts import DTYPE, Act, Columns, Rollout, flat
from refimpl.scale.train.settings import Arrays, Method, TrainSettings
from refimpl.shared.adam_in_place import Moments, adam_in_place
from refimpl.shared.flat_weights import Weights
from refimpl.shared.gae import generalized_advantages
from refimpl.shared.optimizer import group, joined
from refimpl.shared.policy_gradient import Terms, policy_gradient
from refimpl.shared.seeds import generator
from refimpl.shared.sums import Sums


@dataclass(frozen=True)
class Samples:
    """B samples of an epoch; see :class:`refimpl.scale.train.rollouts.Rollout`."""

    task: Array
    servers: Array
    allowed: Bools | None
    actions: Ints
    log_probs: Array
    advantages: Array
    returns: Array

    def __len__(self) -> int:
        return len(self.actions)

    def take(self, rows: NDArray[np.int64]) -> Samples:
        """Select samples."""
        return Samples(
            self.task[rows],
            self.servers[rows],
            None if self.allowed is None else self.allowed[rows],
            self.actions[rows],
            self.log_probs[rows],
            self.advantages[rows],
            self.returns[rows],
        )


class PPOLearner:
    """A network and its optimiser; changed in place."""

    def __init__(self, settings: TrainSettings, params: Params, moments: Moments) -> None:
        self.settings, self.moments = settings, moments
        self.network = settings.net.trainable(params)

    def actor(self, epoch: int) -> Act:
        """Draw from the policy as it is now."""
        del epoch
        forward = self.settings.net.acting(self.params())

        def act(
            seen: Observation, allowed: Bools | None, rng: np.random.Generator
        ) -> tuple[Ints, Columns]:
            outputs = forward(seen.task, seen.servers)
            actions, log_probs = draw(forbid(outputs.logits, allowed), rng)
            value, features = outputs.value.copy(), outputs.features.copy()
            return actions, {"log_prob": log_probs, "value": value, "features": features}

        return act

    def learn(self, rollout: Rollout, epoch: int, rng: np.random.Generator) -> dict[str, float]:
        """Make all passes over the experience; return what they saw."""
        samples = prepare(self.settings, rollout, self._values(rollout))
        settings, sums = self.settings, Sums()
        rate, weight = settings.rate(epoch), settings.weight(epoch)
        for _ in range(settings.passes):
            for rows in minibatches(len(samples), settings.minibatch, rng):
                terms = gradient(settings, self.network, samples.take(rows), weight)
                sums.add(norm=self._step(rate), **terms)
        return {**sums.means(), **_judged(samples, rollout), **_features(rollout)}

    def params(self) -> Params:
        """Parameters of the network."""
        return self.network.weights.params()

    def arrays(self) -> Arrays:
        """Parameters and the optimiser's state."""
        return _arrays(self.params(), self.moments)

    def _step(self, rate: float) -> float:
        vector, gradient = self.network.weights.vector, self.network.grads.vector
        return adam_in_place(vector, gradient, self.moments, rate, self.settings.max_grad_norm)

    def _values(self, rollout: Rollout) -> tuple[Array, Array]:
        """Values of the states after the last step, and of those that ended an episode."""
        finals = rollout.finals
        task = np.concatenate([rollout.task[-1], finals.task])
        servers = np.concatenate([rollout.servers[-1], finals.servers])
        values = self.settings.net.acting(self.params())(task, servers).value
        environments = rollout.task.shape[1]
        return values[:environments], values[environments:]


def prepare(settings: TrainSettings, rollout: Rollout, after: tuple[Array, Array]) -> Samples:
    """Advantages and returns of a rollout, and everything as samples [SCALE Algorithm 1].

    Parameters
    ----------
    settings : TrainSettings
    rollout : Rollout
        Remembers ``log_prob`` and ``value``.
    after : ((E,) float, (F,) float)
        Values of the states after the last step and of the true last states of episodes.
    """
    values = rollout.remembered["value"]
    next_values = np.concatenate([values[1:], after[0][None]])
    next_values[tuple(rollout.finals.at.T)] = after[1]
    advantages, returns = generalized_advantages(
        rollout.rewards,
        values,
        next_values,
        settings.horizon(rollout.ended),
        rollout.ended,
        settings.gamma,
        settings.lam,
    )
    return Samples(
        flat(rollout.task[:-1]),
        flat(rollout.servers[:-1]),
        None if rollout.allowed is None else flat(rollout.allowed),
        flat(rollout.actions),
        flat(rollout.remembered["log_prob"]),
        flat(advantages).astype(DTYPE),
        flat(returns).astype(DTYPE),
    )


def gradient(settings: TrainSettings, network: Trainable, samples: Samples, weight: float) -> Terms:
    """Write the gradient of the loss on these samples; return its terms [SCALE Algorithm 1].

    ``L_clip + value_coef L_vf - entropy_coef H + weight (regulariser)``.
    """
    outputs = network.forward(samples.task, samples.servers)
    terms, d_logits, d_value, d_features = loss(settings, outputs, samples, weight)
    network.backward(d_logits, d_value, d_features)
    return terms


def loss(
    settings: TrainSettings, outputs: Outputs, samples: Samples, weight: float
) -> tuple[Terms, Array, Array, Array]:
    """Return the terms of the loss, ``loss`` their sum, and its derivatives by the outputs.

    The derivatives by the logits stand where the logits were, unless a mask made others.
    """
    logits = forbid(outputs.logits, samples.allowed)
    terms = policy_gradient(
        logits.T,
        samples.actions,
        samples.log_probs,
        settings.scale_advantages(samples.advantages),
        settings.clip,
        settings.entropy_coef,
    )
    terms["policy_loss"] = terms.pop("loss")
    value_loss, d_value = value_gradient(outputs.value, samples.returns)
    regular, d_features = settings.regularizer(outputs.features)
    total = terms["policy_loss"] + settings.value_coef * value_loss + weight * regular
    terms |= {"value_loss": value_loss, "regularizer": regular, "loss": total}
    return terms, logits, settings.value_coef * d_value, weight * d_features


def draw(logits: Array, rng: np.random.Generator) -> tuple[Ints, Array]:
    """Draw a server per row; return servers (E,) and log-probabilities (E,).

    Raises
    ------
    ValueError
        If a logit is NaN.
    """
    p, log_p = softmax(logits)
    heights = p.cumsum(axis=1)
    if not np.isfinite(heights[:, -1]).all():
        row = int(np.argmin(np.isfinite(heights[:, -1])))
        raise ValueError(f"logits must be numbers; got {logits[row]} in row {row}")
    # In double precision, so that the threshold stays below the last step.
    threshold = rng.random(len(p)) * heights[:, -1]
    actions: Ints = (heights <= threshold[:, None]).sum(axis=1)
    return actions, log_p[np.arange(len(p)), actions]


def minibatches(size: int, largest: int, rng: np.random.Generator) -> list[NDArray[np.int64]]:
    """Cut the samples, shuffled, into the fewest parts of at most ``largest``."""
    return np.array_split(rng.permutation(size), -(-size // largest))


def _judged(samples: Samples, rollout: Rollout) -> dict[str, float]:
    """How well the critic that collected the experience explains its returns."""
    values = flat(rollout.remembered["value"])
    spread = float(samples.returns.var())
    left = float((samples.returns - values).var())
    return {"explained": 1 - left / spread if spread > 0 else float("nan")}


def _features(rollout: Rollout) -> dict[str, float]:
    """Statistics of the features that the policy had while it acted, in all and in ready states."""
    features = flat(rollout.remembered["features"])
    ready = features[flat(rollout.has_task)]
    row = {f"feature {name}": x for name, x in feature_statistics(features).items()}
    return row | {f"ready {name}": x for name, x in feature_statistics(ready).items()}


def _arrays(params: Mapping[str, Array], moments: Moments) -> Arrays:
    state = {"m": moments.m, "v": moments.v, "t": np.asarray(moments.t)}
    return joined(params=params, moments=state)


def _start(settings: TrainSettings, n_servers: int, seed: int) -> Arrays:
    params = settings.net.init(generator(seed, "scale", "network"), n_servers)
    return _arrays(params, Moments.zeros(Weights.of(params).vector))


def _restore(settings: TrainSettings, arrays: Arrays) -> PPOLearner:
    state = group(arrays, "moments")
    # Copies: the learner changes them in place.
    moments = Moments(state["m"].copy(), state["v"].copy(), int(state["t"]))
    return PPOLearner(settings, group(arrays, "params"), moments)


PPO = Method("PPO", _start, _restore)
