"""Claims about training: Algorithm 1 by a plain loop, its warm-up, Table 2, and who fits where."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from linear_models import categorical
from linear_models.optimizers import adam_init, adam_step, clip_by_global_norm
from linear_models.params import Array, Params, flatten, map_params
from refimpl.findings import exactly, only_under
from refimpl.ledger import Claim, Context, Control, Finding, Kind
from refimpl.scale.claims.regularizer import initial
from refimpl.scale.model.observations import N_FEATURES
from refimpl.scale.model.settings import SystemSettings
from refimpl.scale.network import pointer
from refimpl.scale.objective.srr import decorrelation, moment_kl
from refimpl.scale.train.nets import Forward, Trainable
from refimpl.scale.train.ppo import PPOLearner, minibatches
from refimpl.scale.train.presets import PRESETS, method
from refimpl.scale.train.rollouts import Collector, Rollout, flat
from refimpl.scale.train.settings import TrainSettings
from refimpl.scale.train.structured import ClusterSizeError
from refimpl.shared.adam_in_place import EPS, Moments
from refimpl.shared.flat_weights import Weights
from refimpl.shared.gae import unscaled
from refimpl.shared.ppo import policy_loss
from refimpl.shared.presets import Preset
from refimpl.shared.seeds import generator

Presets = Mapping[str, Preset[TrainSettings]]

GAMMA, LAM, CLIP, ENTROPY, GRAD_NORM = 0.99, 0.95, 0.2, 0.01, 0.5
FIRST_RATE, LAST_RATE, EPOCHS, PASSES = 3e-4, 5e-5, 1000, 8
WEIGHT_DECORRELATION, WEIGHT_KL, START, LENGTH = 0.01, 0.001, 10, 50
"""Table 2 and sec. 4.3 once more, as printed."""
VALUE = 0.5
"""``c_1``, which the paper does not give."""

SMALL = SystemSettings(counts=(1, 2, 1), arrival_rate=2.0, horizon=1.0)
SHAPE = pointer.Shape(width=8, heads=2, layers=1, hidden=8)
EPOCH = 35
"""Counted from 1: half of the warm-up."""
ROUNDING = 1e-7
"""Advantages and returns are handed on in single precision, which Adam's quotients magnify."""


class Reference:
    """The pointer network as written, in double precision, for PPO to work on."""

    def __init__(self, params: Params) -> None:
        self.weights = Weights.of(params)
        self.grads = self.weights.like()
        self._cache: Any = None

    def forward(self, task: Array, servers: Array) -> pointer.Outputs:
        """Look at states."""
        outputs, self._cache = say(self.weights.named, task, servers)
        return outputs

    def backward(self, d_logits: Array, d_value: Array, d_features: Array) -> None:
        """Write the gradient at the last states seen."""
        given = d_logits, d_value, d_features
        grads, *_ = pointer.backward(self.weights.named, self._cache, *given)
        for name, gradient in grads.items():
            self.grads.named[name][...] = gradient


@dataclass(frozen=True)
class ReferenceNet:
    """Kind of network that :class:`Reference` is."""

    def init(self, rng: np.random.Generator, n_servers: int) -> Params:
        """Parameters before training."""
        del n_servers
        return pointer.init(rng, SHAPE)

    def acting(self, params: Params) -> Forward:
        """Forward pass."""
        return lambda task, servers, present=None: say(params, task, servers, present)[0]

    def trainable(self, params: Params) -> Trainable:
        """Return a network that starts from a copy of these parameters."""
        return Reference(params)


def say(
    params: Params, task: Array, servers: Array, present: Array | None = None
) -> tuple[pointer.Outputs, pointer.Cache]:
    """Run the network as written."""
    return pointer.forward(params, task, servers, present, SHAPE.heads)


def advantages_of(rollout: Rollout, values: Array) -> Array:
    """Sum ``(gamma lambda)^l`` times the surprise l steps later, up to the episode's end."""
    steps, environments = rollout.rewards.shape
    found = np.zeros((steps, environments))
    for e in range(environments):
        for t in range(steps):
            factor = 1.0
            for s in range(t, steps):
                ended = bool(rollout.ended[s, e])
                following = 0.0 if ended else values[s + 1, e]
                surprise = rollout.rewards[s, e] + GAMMA * following - values[s, e]
                found[t, e] += factor * surprise
                factor *= GAMMA * LAM
                if ended:
                    break
    return found


def plain_epoch(params: Params, rollout: Rollout, epoch: int, rng: np.random.Generator) -> Params:
    """Make the updates of Algorithm 1 in epoch 1, 2, ..., line by line [SCALE Algorithm 1]."""
    shape = rollout.task.shape[:2]
    said, _ = say(params, flat(rollout.task), flat(rollout.servers))
    values = said.value.reshape(shape)
    advantages = advantages_of(rollout, values)
    returns = (advantages + values[:-1]).astype(np.float32).ravel()
    advantages = advantages.astype(np.float32).ravel()
    task, servers = flat(rollout.task[:-1]), flat(rollout.servers[:-1])
    actions = flat(rollout.actions)
    old = categorical.log_prob(said.logits[: actions.size], actions)
    weight = min(1.0, max(0.0, (epoch - START) / LENGTH))
    turn = math.cos(math.pi * (epoch - 1) / (EPOCHS - 1))
    rate, state = LAST_RATE + (FIRST_RATE - LAST_RATE) * (1 + turn) / 2, adam_init(params)
    for _ in range(PASSES):
        for rows in minibatches(actions.size, 16, rng):
            outputs, cache = say(params, task[rows], servers[rows])
            scaled = advantages[rows] - advantages[rows].mean()
            scaled = scaled / (advantages[rows].std() + 1e-8)
            _, d_logits = policy_loss(
                outputs.logits, actions[rows], old[rows], scaled, CLIP, ENTROPY
            )
            d_value = VALUE * 2 * (outputs.value - returns[rows]) / len(rows)
            terms = decorrelation(outputs.features)[1], moment_kl(outputs.features)[1]
            d_features = weight * (WEIGHT_DECORRELATION * terms[0] + WEIGHT_KL * terms[1])
            grads, *_ = pointer.backward(params, cache, d_logits, d_value, d_features)
            grads, _ = clip_by_global_norm(grads, GRAD_NORM)
            params, state = adam_step(params, grads, state, rate, eps=EPS)
    return params


def check_algorithm(settings: TrainSettings, context: Context) -> Finding:
    """Train an epoch by the driver's learner and by the plain loop, on the same experience."""
    rng = context.rng("scale", "algorithm 1")
    settings = replace(settings, net=ReferenceNet(), steps=64, minibatch=16)
    first = settings.net.init(rng, SMALL.n_servers)
    # Away from the start, where all logits are small and the critic is blind.
    first = map_params(lambda p: p + 0.2 * rng.standard_normal(p.shape), first)
    learner = PPOLearner(settings, first, Moments.zeros(Weights.of(first).vector))
    collector = Collector(SMALL, settings.environments, settings.mask, rng)
    rollout = collector.collect(learner.actor(EPOCH - 1), settings.steps // settings.environments)
    learner.learn(rollout, EPOCH - 1, generator(context.seed, "minibatches"))
    plain = plain_epoch(first, rollout, EPOCH, generator(context.seed, "minibatches"))
    moved = flatten(plain) - flatten(first)
    error = np.abs(flatten(learner.params()) - flatten(plain)).max() / np.abs(moved).max()
    return only_under(
        "what is not said: value coefficient 0.5, advantages standardised per minibatch, the "
        "horizon ends the episode, Adam with 1e-5 in its denominator",
        bool(error <= ROUNDING),
        largest_error_over_largest_move=float(error),
        gradient_steps=float(learner.moments.t),
        episode_ends_in_the_batch=float(rollout.ended.sum()),
    )


Weight = Callable[[int], float]
"""``weight(epoch)``, epochs counted from 1."""


def trained_weight(epoch: int) -> float:
    """Weight that training gives SRR in epoch 1, 2, ..."""
    return method("SCALE").weight(epoch - 1)


def one_early(epoch: int) -> float:
    """Weight with the epochs counted from 0."""
    return method("SCALE").weight(epoch)


def check_warm_up(weight: Weight, context: Context) -> Finding:
    """Compare with the line from (10, 0) to (60, 1), cut off at 0 and 1."""
    del context
    line = [0.0] * 10 + [k / 50 for k in range(1, 51)] + [1.0] * 940
    errors = [abs(weight(e) - line[e - 1]) for e in range(1, EPOCHS + 1)]
    return exactly(max(errors), 1e-15, at_10=weight(10), at_35=weight(35), at_60=weight(60))


PRINTED: Mapping[str, Any] = {
    "learning_rate": (FIRST_RATE, LAST_RATE),
    "gamma": GAMMA,
    "lam": LAM,
    "clip": CLIP,
    "entropy_coef": ENTROPY,
    "max_grad_norm": GRAD_NORM,
    "epochs": EPOCHS,
    "steps": 1024,
    "minibatch": 256,
    "passes": PASSES,
    "environments": 4,
}
"""Table 2 and, for the environments, sec. 5.1.3."""


def smaller_batches() -> Presets:
    """Return the presets with minibatches of 128."""
    return {name: preset.changed(name, minibatch=128) for name, preset in PRESETS.items()}


def check_table_2(presets: Presets, context: Context) -> Finding:
    """Count where settings differ from the printed number or are not tagged as published."""
    del context
    wrong = 0
    for preset in presets.values():
        for name, value in PRINTED.items():
            wrong += getattr(preset.settings, name) != value or preset.origin[name] != "published"
    scale = presets["SCALE"].settings
    weights = getattr(scale.regularizer, "keywords", {})
    wrong += weights != {"weight_decorrelation": WEIGHT_DECORRELATION, "weight_kl": WEIGHT_KL}
    hidden = [getattr(preset.settings.net, "shape", None) for preset in presets.values()]
    wrong += sum(getattr(shape, "hidden", None) != (256, 256) for shape in hidden[2:])
    ends = scale.rate(0) - FIRST_RATE, scale.rate(EPOCHS - 1) - LAST_RATE
    return exactly(
        float(wrong) + max(map(abs, ends)),
        1e-15,
        printed_settings=float(len(PRINTED) + 3),
        settings_chosen_for_ppo=float(len(presets["SCALE"].fields_tagged("chosen"))),
        gradient_steps_per_epoch=float(scale.gradient_steps),
        samples_per_gradient_step=float(scale.minibatch),
    )


Look = Callable[[str, int], bool]
"""``look(method, n_servers) -> ran``."""


def runs_at(name: str, n_servers: int) -> bool:
    """Whether the network of a method, made for 16 servers, says anything about this many."""
    forward = method(name).net.acting(initial(name))
    features = np.zeros((1, N_FEATURES), np.float32)
    servers = np.zeros((1, n_servers, N_FEATURES), np.float32)
    try:
        logits = forward(features, servers).logits
    except ClusterSizeError:
        return False
    return bool(logits.shape == (1, n_servers))


def first_16(name: str, n_servers: int) -> bool:
    """Let the fixed networks look at the first 16 servers of a larger cluster."""
    return runs_at(name, min(n_servers, 16))


def check_sizes(look: Look, context: Context) -> Finding:
    """Count the pairs of method and size that run although they should not, or the reverse."""
    del context
    scalable = ("SCALE", "CrossAttn")
    ran = {(name, n): look(name, n) for name in PRESETS for n in (16, 32, 48)}
    wrong = sum(found != (name in scalable or n == 16) for (name, n), found in ran.items())
    return exactly(float(wrong), 0.0, methods_at_16=6.0, methods_at_48=float(len(scalable)))


CLAIMS = (
    Claim(
        "scale/algorithm-1",
        "Algorithm 1",
        "An epoch collects by the current policy, estimates advantages by GAE, and makes K passes "
        "of clipped steps on the loss with SRR.",
        ("SC-27",),
        Kind.EXACT,
        check_algorithm,
        method("SCALE"),
        Control("advantages not standardised", replace(method("SCALE"), scale_advantages=unscaled)),
    ),
    Claim(
        "scale/warm-up",
        "Algorithm 1, sec. 4.3",
        "The weights of SRR are zero up to epoch 10, rise in a line, and are whole from epoch 60.",
        ("SC-27", "SC-34"),
        Kind.EXACT,
        check_warm_up,
        trained_weight,
        Control("epochs counted from 0", one_early),
    ),
    Claim(
        "scale/table-2",
        "Table 2",
        "The six methods are trained with the printed settings; the others had to be chosen.",
        ("SC-46",),
        Kind.EXACT,
        check_table_2,
        PRESETS,
        Control("minibatches of 128", smaller_batches()),
    ),
    Claim(
        "scale/fixed-outputs",
        "sec. 5.2",
        "The MLP methods run on 16 servers only, the cross-attention methods on any number.",
        ("SC-53",),
        Kind.EXACT,
        check_sizes,
        runs_at,
        Control("the MLPs look at the first 16 servers", first_16),
    ),
)
