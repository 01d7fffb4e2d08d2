"""Claims about the objective and the reward (eqs. 1a, 2, sec. 4.1.3)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from refimpl.findings import empirical, exactly, interval
from refimpl.ledger import Claim, Context, Control, Finding, Kind, Verdict
from refimpl.scale.model.episodes import Episodes, Policy, play
from refimpl.scale.model.scenario import Scenario, sample_scenario
from refimpl.scale.model.settings import TIERS, SystemSettings, chosen
from refimpl.scale.model.simulator import Simulation
from refimpl.scale.model.workflows import Ints
from refimpl.scale.objective.reward import assignment_reward
from refimpl.scale.policies.heuristics import fastest_fit, large_only, random_server
from refimpl.scale.theory.clairvoyant import (
    Objective,
    best_play,
    discounted_return,
    least_response,
    time_saved,
)
from refimpl.scale.theory.exact import instance_of, optimum
from refimpl.scale.theory.small_systems import independent_tasks
from refimpl.shared.statistics import paired_difference

Floats = NDArray[np.float64]
SETTINGS = SystemSettings()
NORMAL_QUANTILES = stats.norm.ppf((np.arange(20_000) + 0.5) / 20_000)


def paper_metric(found: Episodes) -> Floats:
    """Return the mean response of the completed tasks [SCALE eq. 1a]."""
    return found.response


def over_all_tasks(found: Episodes) -> Floats:
    """Return the mean response of all tasks that arrived, unfinished ones until the end."""
    return found.all_response


def each_on_its_own(sim: Simulation, rng: np.random.Generator) -> Ints:
    """Run task k on server k."""
    del rng
    return np.clip(sim.task, 0, None)


def short_one_only(sim: Simulation, rng: np.random.Generator) -> Ints:
    """Run the first task and never the other: keep choosing the server that is too small."""
    del rng
    return np.where(sim.task == 0, 0, 2)


def check_objective(metric: Callable[[Episodes], Floats], context: Context) -> Finding:
    """Compare running tasks of 1 and 8 s with running the short one only."""
    scenario = independent_tasks(SETTINGS, [1.0, 8.0], [1.0, 1.0, 1.0], [80.0, 80.0, 1.0])
    more, less = (
        float(metric(play(scenario, policy, context.rng("scale", "objective")))[0])
        for policy in (each_on_its_own, short_one_only)
    )
    evidence = {"both_tasks": more, "the_short_one_only": less}
    return Finding(Verdict.HOLDS if more <= less else Verdict.REFUTED, evidence)


Reward = Callable[[SystemSettings, ArrayLike, ArrayLike, ArrayLike], Floats]


def nothing_for_data(
    settings: SystemSettings, run_time: ArrayLike, delay: ArrayLike, energy: ArrayLike
) -> Floats:
    """Return the reward without its communication term."""
    return assignment_reward(replace(settings, comm_weight=0.0), run_time, delay, energy)


def check_reward(reward: Reward, context: Context) -> Finding:
    """Compare with eq. 2 written out, at the paper's weights and at others."""
    rng, error = context.rng("scale", "reward"), 0.0
    for beta in (0.0, 0.3):
        settings = replace(SETTINGS, delay_scale=0.12, energy_weight=beta, energy_scale=500.0)
        tau, delta, e = rng.uniform(0.1, 10.0, (3, 50))
        wanted = np.array([math.exp(-t) for t in tau]) - 0.1 * delta / 0.12 - beta * e / 500.0
        error = max(error, float(np.abs(reward(settings, tau, delta, e) - wanted).max()))
    # A few roundings of numbers below 10.
    return exactly(error, 1e-14)


TimeReward = Callable[[Floats], Floats]


def exponential(run_time: Floats) -> Floats:
    """Return the time reward of the paper, ``exp(-tau)``."""
    return assignment_reward(SETTINGS, run_time, 0.0, 0.0)


def linear(run_time: Floats) -> Floats:
    """Return a reward that falls by the same for every second, ``1 - tau / 10``."""
    return 1.0 - run_time / 10.0


def check_range(reward: TimeReward, context: Context) -> Finding:
    """Look at run times from a microsecond to ten minutes; 1 would take a task without work."""
    del context
    values = reward(np.geomspace(1e-6, 600.0, 200))
    inside = bool(((values > 0) & (values <= 1)).all())
    return Finding(
        Verdict.HOLDS if inside else Verdict.REFUTED,
        {
            "largest": float(values.max()),
            "least": float(values.min()),
            "of_a_mean_task_on_large": float(reward(np.array(2.5))),
            "of_a_mean_task_on_small": float(reward(np.array(10.0))),
        },
    )


def check_incentive(reward: TimeReward, context: Context) -> Finding:
    """Compare what a tenth of a second less is worth along the run time."""
    del context
    run_time = np.linspace(0.1, 12.0, 120)
    gain = reward(run_time - 0.1) - reward(run_time)
    stronger = bool((np.diff(gain) < 0).all())
    evidence = {"gain_at_a_tenth_of_a_second": float(gain[0]), "gain_at_12_s": float(gain[-1])}
    return Finding(Verdict.HOLDS if stronger else Verdict.REFUTED, evidence)


def relative_speed(work: Floats, speed: float) -> Floats:
    """Return the speed over the largest: a reward that does not look at the demand."""
    return np.full_like(work, speed / 4.0)


def of_time(work: Floats, speed: float) -> Floats:
    """Return ``exp(-c / C)``."""
    return exponential(work / speed)


def check_magnitude(reward: Callable[[Floats, float], Floats], context: Context) -> Finding:
    """Compare the variation of the reward over the paper's demands with that of the demands.

    Quantiles of the demand's law, cut at its floor, stand for tasks: no sampling.
    """
    del context
    mean, spread, floor = SETTINGS.compute
    grid = NORMAL_QUANTILES * spread + mean
    work = np.maximum(grid, floor)
    demands = float(work.std() / work.mean())
    evidence = {"variation_of_demands": demands}
    for tier in TIERS:
        value = reward(work, tier.compute)
        evidence[f"variation_on_{tier.name}"] = float(value.std() / value.mean())
    worst = max(evidence[f"variation_on_{tier.name}"] for tier in TIERS)
    return Finding(Verdict.HOLDS if worst <= demands else Verdict.REFUTED, evidence)


Aim = Callable[[Scenario, int], Objective]


def saved_time(scenario: Scenario, episode: int) -> Objective:
    """Return the seconds by which tasks are done before the end: a reward that is aligned."""
    del scenario, episode
    return time_saved(5.0)


def check_alignment(aim: Aim, context: Context) -> Finding:
    """Find the play of largest return, and compare its response with the least.

    Three tasks of 10 GFLOP on 20 and 10 GFLOPS: the return wants all on the fast server. Nothing of
    it is due to communication or energy, by which the paper excuses a gap.
    """
    del context
    scenario = independent_tasks(SETTINGS, [10.0] * 3, [20.0, 10.0])
    least, quickest = least_response(scenario, 0, deadline=5.0)
    richest = best_play(scenario, 0, aim(scenario, 0), deadline=5.0)
    rich, quick = (_followed(scenario, each.actions) for each in (richest, quickest))
    gap = float(rich.response[0]) - least
    return exactly(
        max(gap, 0.0),
        1e-9,
        response_of_the_richest=float(rich.response[0]),
        least_response=least,
        least_without_the_clock=optimum(instance_of(scenario, 0)).mean_response,
        return_of_the_richest=float(rich.discounted[0]),
        return_of_the_quickest=float(quick.discounted[0]),
    )


def _followed(scenario: Scenario, actions: tuple[int, ...]) -> Episodes:
    decisions = iter(actions)

    def policy(sim: Simulation, rng: np.random.Generator) -> Ints:
        del sim, rng
        return np.array([next(decisions)])

    return play(scenario, policy, np.random.default_rng(0), deadline=5.0)


Pair = tuple[Policy, Policy]


def check_together(pair: Pair, context: Context) -> Finding:
    """Compare two policies on the same drained episodes of the paper's cluster.

    Aligned: the one with the larger return has the shorter response, both beyond 95 percent.
    """
    scenario = sample_scenario(chosen().settings, 12, context.rng("scale", "alignment"))
    one, other = (
        play(scenario, policy, context.rng("scale", "policy"), deadline=300.0) for policy in pair
    )
    returns = paired_difference(one.returns, other.returns)
    response = paired_difference(one.response, other.response)
    aligned = returns.low > 0 > response.high or returns.high < 0 < response.low
    return empirical(aligned, interval("return", returns) | interval("response", response))


CLAIMS = (
    Claim(
        "scale/objective",
        "eq. 1a",
        "The mean response of the completed tasks does not get worse when a further task is "
        "completed.",
        ("SC-05",),
        Kind.EXACT,
        check_objective,
        paper_metric,
        Control("all tasks that arrived, unfinished ones until the end", over_all_tasks),
    ),
    Claim(
        "scale/reward",
        "eq. 2",
        "The reward of an assignment is exp(-tau/s) less shares for communication and energy.",
        ("SC-12",),
        Kind.EXACT,
        check_reward,
        assignment_reward,
        Control("no share for communication", nothing_for_data),
    ),
    Claim(
        "scale/time-reward-range",
        "sec. 4.1.3",
        "The time reward lies in (0, 1].",
        ("SC-13",),
        Kind.EXACT,
        check_range,
        exponential,
        Control("a linear reward", linear),
    ),
    Claim(
        "scale/marginal-incentive",
        "sec. 4.1.3",
        "The faster an assignment already is, the more a further gain in time is worth.",
        ("SC-14",),
        Kind.EXACT,
        check_incentive,
        exponential,
        Control("a linear reward", linear),
    ),
    Claim(
        "scale/reward-magnitude",
        "sec. 4.1.3",
        "The exponential keeps the reward's magnitude stable across demands: it varies no more "
        "than they do.",
        ("SC-13", "SC-14"),
        Kind.EXACT,
        check_magnitude,
        of_time,
        Control("the server's relative speed", relative_speed),
    ),
    Claim(
        "scale/return-against-response",
        "sec. 4.1.3",
        "The schedule of largest return has the least mean response.",
        ("SC-15",),
        Kind.EXACT,
        check_alignment,
        discounted_return,
        Control("time saved as the reward", saved_time),
    ),
    Claim(
        "scale/return-and-response-of-policies",
        "sec. 4.1.3",
        "On the paper's cluster, run until all tasks are done, waiting for the fastest servers "
        "has the larger return and the shorter response.",
        ("SC-15",),
        Kind.STATISTICAL,
        check_together,
        (large_only, fastest_fit),
        Control("fastest fit against random servers", (fastest_fit, random_server)),
    ),
)
