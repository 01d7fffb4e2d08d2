"""Claims about learning: what a gradient step does, and what Tables 6 to 8 say.

What the settings lead to is the matter of the experiments.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linear_models import categorical
from linear_models.optimizers import sgd_step
from linear_models.params import Array, Params, flatten
from refimpl.dgpg.model.scenario import sample_scenario
from refimpl.dgpg.model.settings import SystemSettings, chosen
from refimpl.dgpg.objective.advantage import RunningScale, mix
from refimpl.dgpg.train import networks, perceptron
from refimpl.dgpg.train.driver import actor_of, train
from refimpl.dgpg.train.methods import DGPG, IPPO, MAPPO
from refimpl.dgpg.train.presets import (
    TABLE_7,
    failure_run,
    linear_published,
    neural_published,
)
from refimpl.dgpg.train.schedules import fixed
from refimpl.dgpg.train.settings import TrainSettings
from refimpl.dgpg.train.update import minibatches
from refimpl.findings import exactly, only_under
from refimpl.ledger import Claim, Context, Control, Finding, Kind
from refimpl.shared.flat_weights import Buffers, Weights
from refimpl.shared.gae import standardized
from refimpl.shared.policy_gradient import policy_gradient
from refimpl.shared.presets import Preset

Presets = Mapping[str, Preset[TrainSettings]]
Signal = Callable[[Array, Array, float], Array]
"""``signal(advantages, coefficients, alpha)``: what scores are weighted by in the gradient."""

N_SAMPLES, N_SHARED, N_AGENTS, N_ACTIONS = 40, 5, 3, 4
WEIGHTS = (0.0, 0.2, 0.8, 1.0)
RATE = 0.1


@dataclass(frozen=True)
class Drawn:
    """A linear actor and samples of its own actions, with advantages and coefficients."""

    params: Params
    samples: networks.Samples
    actions: NDArray[np.int64]
    advantages: Array
    coefficients: Array


def drawn(context: Context, purpose: str) -> Drawn:
    """Draw an actor, what it sees, what it does and what that is worth."""
    rng = context.rng("dgpg", purpose)
    params = networks.agent_network(rng, (N_SHARED, N_ACTIONS), N_AGENTS, 0, 1.0)
    samples = networks.agent_samples(
        rng.standard_normal((10, N_SHARED)),
        rng.integers(0, 10, N_SAMPLES),
        rng.random((N_SAMPLES, 2)),
        rng.integers(0, N_AGENTS, N_SAMPLES),
        (N_SHARED + 3, N_AGENTS),
    )
    actions = categorical.sample(networks.evaluate(params, samples), rng)
    advantages, coefficients = rng.standard_normal((2, N_SAMPLES))
    return Drawn(params, samples, actions, 3 + 5 * advantages, 2 + 9 * coefficients)


def loss_gradient(case: Drawn, signal: Array) -> Params:
    """Return the trainer's gradient of the loss at the policy that acted, without entropy bonus."""
    weights, buffers = Weights.of(case.params), Buffers()
    grads = weights.like()
    old = categorical.log_prob(networks.evaluate(case.params, case.samples), case.actions)
    x = case.samples.inputs(weights.named, buffers)
    logits, inputs = perceptron.forward(weights.named, x, buffers)
    policy_gradient(logits, case.actions, old, signal, clip=0.2, entropy_coef=0.0)
    networks.backward(weights.named, grads.named, case.samples, inputs, logits, buffers)
    return grads.named


def estimate(case: Drawn, alpha: float) -> Params:
    """Return the mean of ``((1 - alpha) A - alpha g) grad log pi(a)`` by a loop [DG-PG eq. 10]."""
    buffers = Buffers()
    x = case.samples.inputs(case.params, buffers)
    total = {key: np.zeros_like(value) for key, value in case.params.items()}
    p = categorical.probabilities(x @ case.params["W0"] + case.params["b0"])
    for j, action in enumerate(case.actions):
        score = np.eye(N_ACTIONS)[action] - p[j]
        weight = (1 - alpha) * case.advantages[j] - alpha * case.coefficients[j]
        total["W0"] += weight * np.outer(x[j], score) / N_SAMPLES
        total["b0"] += weight * score / N_SAMPLES
    return total


def check_ascent(signal: Signal, context: Context) -> Finding:
    """Compare a descent step on the surrogate with ascent along the estimate [DG-PG eq. 13]."""
    case, error = drawn(context, "eq-13"), 0.0
    for alpha in WEIGHTS:
        weights = signal(case.advantages, case.coefficients, alpha)
        stepped = sgd_step(case.params, loss_gradient(case, weights), RATE)
        direction = estimate(case, alpha)
        wanted = {key: value + RATE * direction[key] for key, value in case.params.items()}
        error = max(error, float(np.abs(flatten(stepped) - flatten(wanted)).max()))
    # Sums of 40 products of the order of 10.
    return exactly(error, 1e-11, weights=float(len(WEIGHTS)))


def guidance_raised(advantages: Array, coefficients: Array, alpha: float) -> Array:
    """Return the mixture with the sign of the guidance turned."""
    return mix(advantages, -coefficients, alpha)


def as_trained(advantages: Array, coefficients: Array, alpha: float) -> Array:
    """Return the mixture of scaled parts, scaled again: what training uses [DG-PG App. I.2]."""
    scale = RunningScale(momentum=0.0).seen(coefficients)
    return standardized(mix(standardized(advantages), scale.apply(coefficients), alpha))


def check_mixed_advantage(signal: Signal, context: Context) -> Finding:
    """Compare the surrogate's gradient with the estimate, then scale the parts and look again.

    Where the guidance coefficient is the advantage times ``(1 - alpha) / alpha``, the estimate is
    zero whatever the policy; with both parts scaled it is not.
    """
    case, alpha = drawn(context, "eq-14"), 0.25
    plain = signal(case.advantages, case.coefficients, alpha)
    gap = flatten(loss_gradient(case, plain)) + flatten(estimate(case, alpha))
    error = float(np.abs(gap).max())
    scaled = as_trained(case.advantages, case.coefficients, alpha)
    turned = cosine(loss_gradient(case, plain), loss_gradient(case, scaled))
    opposed = case.advantages * (1 - alpha) / alpha
    still = loss_gradient(case, mix(case.advantages, opposed, alpha))
    moved = loss_gradient(case, as_trained(case.advantages, opposed, alpha))
    lengths = [float(np.linalg.norm(flatten(gradient))) for gradient in (still, moved)]
    return only_under(
        "advantages and coefficients enter as they are, neither scaled nor clipped",
        error <= 1e-11 and lengths[0] <= 1e-11 and lengths[1] > 1e-3,
        largest_error=error,
        cosine_with_scaling=turned,
        at_a_stationary_point=lengths[0],
        at_a_stationary_point_with_scaling=lengths[1],
    )


def cosine(one: Params, other: Params) -> float:
    """Cosine of the angle between two gradients."""
    a, b = flatten(one), flatten(other)
    return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))


SMALL = replace(chosen(2).settings, steps=30, arrival_steps=20)
BRIEF = TrainSettings(
    episodes=2, rollouts=2, hidden=(8,), embedding=2, minibatch=16, critic_minibatch=16
)


def check_alpha_zero(alpha: float, context: Context) -> Finding:
    """Train DG-PG with a weight and MAPPO from the same seed; compare the parameters' bits."""
    guided, plain = (
        flatten(actor_of(train(SMALL, settings, context.seed)))
        for settings in (
            replace(BRIEF, method=DGPG, alpha=fixed(alpha)),
            replace(BRIEF, method=MAPPO),
        )
    )
    different = float((guided != plain).sum())
    return exactly(different, 0.0, parameters=float(plain.size))


TABLE_6: Mapping[str, Any] = {
    "hidden": (),
    "actor_epochs": 3,
    "critic_epochs": 20,
    "minibatch": 10_000,
    "rollouts": 24,
}
"""What Table 6 prints for all three methods, in the names of the settings."""

TABLE_6_EPISODES = {"DG-PG": 200, "MAPPO": 500, "IPPO": 500}


def check_table_6(presets: Presets, context: Context) -> Finding:
    """Count numbers that do not run as printed, and those tagged as published that are not."""
    del context
    wrong = 0
    for name, episodes in TABLE_6_EPISODES.items():
        preset = presets[name]
        run, printed = preset.settings, {**TABLE_6, "episodes": episodes}
        wrong += sum(getattr(run, field) != value for field, value in printed.items())
        wrong += len(numbers_published(preset) - printed.keys())
        wrong += run.method.name != name
        decays = run.entropy(1.0) < run.entropy(0.0)
        wrong += decays != (name == "DG-PG")
        line = 0.5 * (run.learning_rate(0.0) + run.learning_rate(1.0))
        wrong += not (run.learning_rate(1.0) < run.learning_rate(0.0))
        wrong += not np.isclose(run.learning_rate(0.5), line)
    wrong += presets["DG-PG"].settings.alpha(1.0) == presets["DG-PG"].settings.alpha(0.0)
    return exactly(float(wrong), 0.0, rows=float(len(TABLE_6) + 1), methods=3.0)


def numbers_published(preset: Preset[TrainSettings]) -> set[str]:
    """Fields tagged as published that are numbers."""
    tagged = preset.fields_tagged("published").items()
    return {name for name, value in tagged if isinstance(value, int | float | tuple)}


TABLE_7_PRINTED: Mapping[int, tuple[int, int, int, float]] = {
    10: (128, 512, 12, 0.2),
    20: (128, 512, 12, 0.2),
    50: (256, 1024, 8, 0.4),
    100: (512, 1024, 6, 0.4),
    200: (1024, 1024, 2, 0.4),
    500: (1024, 1024, 1, 0.4),
    1000: (1024, 1024, 1, 0.4),
    1500: (1024, 1024, 1, 0.4),
}
"""Hidden units, minibatch, rollouts and clipping as Table 7 prints them."""


def check_table_7(table: Mapping[int, TrainSettings], context: Context) -> Finding:
    """Count numbers that do not run as printed; say how much else differs between the scales."""
    wrong = len(table.keys() ^ TABLE_7_PRINTED.keys())
    for n, (hidden, minibatch, rollouts, clip) in TABLE_7_PRINTED.items():
        run = table[n]
        found = (run.hidden, run.minibatch, run.rollouts, run.clip)
        printed = ((hidden, hidden), minibatch, rollouts, clip)
        wrong += sum(a != b for a, b in zip(found, printed, strict=True))
        wrong += (run.sample_cap is None) != (n < 100)
    smallest, largest = (table[n] for n in (min(table), max(table)))
    differing = [
        f.name
        for f in fields(TrainSettings)
        if getattr(smallest, f.name) != getattr(largest, f.name)
    ]
    steps = {n: float(gradient_steps(table[n], n, context)) for n in (10, 50, 1500)}
    return exactly(
        float(wrong),
        0.0,
        settings_that_differ_between_the_ends=float(len(differing)),
        **{f"gradient_steps_per_episode_n{n}": count for n, count in steps.items()},
    )


def gradient_steps(settings: TrainSettings, n_servers: int, context: Context) -> int:
    """Count the actor's gradient steps in an episode of typical length."""
    system: SystemSettings = chosen(n_servers).settings
    # One rollout tells: the arrivals of whole tides vary by a few per cent.
    scenario = sample_scenario(system, 1, context.rng("dgpg", "table-7", n_servers))
    samples = settings.rollouts * int(scenario.offsets[0, -1])
    kept = min(samples, settings.sample_cap or samples)
    return settings.actor_epochs * len(minibatches(kept, settings.minibatch))


def check_table_8(cut: Callable[[int, int], list[slice]], context: Context) -> Finding:
    """Look for numbers of samples that give both counts of gradient steps [DG-PG App. J.2]."""
    del context
    few, many = failure_run(4).settings, failure_run(0).settings
    fitting = [
        samples
        for samples in range(195_600, 196_401)
        if steps_of(cut, many, samples) == 3064 and steps_of(cut, few, samples) == 40
    ]
    least, most = (min(fitting), max(fitting)) if fitting else (0, 0)
    return exactly(
        float(not fitting),
        0.0,
        fewest_samples=float(least),
        most_samples=float(most),
        jobs_per_step_and_server_with_12_rollouts=most / (12 * 2000 * 10),
        jobs_per_step_and_server_with_24_rollouts=most / (24 * 2000 * 10),
    )


def steps_of(cut: Callable[[int, int], list[slice]], settings: TrainSettings, samples: int) -> int:
    """Gradient steps of the actor on so many samples."""
    return settings.actor_epochs * len(cut(samples, settings.minibatch))


def without_the_rest(size: int, largest: int) -> list[slice]:
    """Cut full minibatches only and leave the remaining samples out."""
    return [slice(k, k + largest) for k in range(0, size - largest + 1, largest)]


def _run(n: int) -> TrainSettings:
    return neural_published(n).settings


_TABLE_6 = {method.name: linear_published(method) for method in (DGPG, MAPPO, IPPO)}
_TABLE_7 = {n: _run(n) for n in TABLE_7}
_MISTUNED_6 = {
    **_TABLE_6,
    "IPPO": replace(_TABLE_6["IPPO"], settings=replace(_TABLE_6["IPPO"].settings, minibatch=1_000)),
}

CLAIMS = (
    Claim(
        "dgpg/eq-13",
        "eq. 13",
        "A gradient step moves the parameters by the learning rate times the DG-PG estimate.",
        ("DG-12",),
        Kind.EXACT,
        check_ascent,
        mix,
        Control("the guidance raises the advantage", guidance_raised),
    ),
    Claim(
        "dgpg/eq-14-in-ppo",
        "eq. 14",
        "PPO with the mixed advantage follows the DG-PG estimate, and stops where it stops.",
        ("DG-13",),
        Kind.EXACT,
        check_mixed_advantage,
        mix,
        Control("the parts are scaled and clipped before they are mixed", as_trained),
    ),
    Claim(
        "dgpg/alpha-zero",
        "eq. 14",
        "With guidance weight 0 the trainer of DG-PG is that of MAPPO, bit for bit.",
        ("DG-13",),
        Kind.EXACT,
        check_alpha_zero,
        0.0,
        Control("guidance weight 0.1", 0.1),
    ),
    Claim(
        "dgpg/table-6",
        "Table 6",
        "Linear models are trained with 3 passes of the actor and 20 of the critic, minibatches of "
        "10,000, 24 rollouts, falling learning rates, and 200 episodes of DG-PG against 500.",
        ("DG-81",),
        Kind.EXACT,
        check_table_6,
        _TABLE_6,
        Control("IPPO with minibatches of 1000", _MISTUNED_6),
    ),
    Claim(
        "dgpg/table-7",
        "Table 7",
        "Each scale is trained with the printed width, minibatch, rollouts and clipping.",
        ("DG-82",),
        Kind.EXACT,
        check_table_7,
        _TABLE_7,
        Control(
            "the smallest clipping at every scale",
            {n: replace(run, clip=0.2) for n, run in _TABLE_7.items()},
        ),
    ),
    Claim(
        "dgpg/table-8-steps",
        "Table 8",
        "One number of samples gives 3,064 gradient steps with minibatches of 256 in 4 passes, and "
        "40 with minibatches of 50,000 in 10.",
        ("DG-83",),
        Kind.EXACT,
        check_table_8,
        minibatches,
        Control("incomplete minibatches are left out", without_the_rest),
    ),
)
