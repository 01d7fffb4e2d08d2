"""Empirical claims about scale [DG-PG Table 1] [DG-PG Fig. 4] [DG-PG Table 9].

DG-PG with the networks of Table 7 at every size; best checkpoints on the test episodes, as the
paper selects them, actions drawn from the policy, unless a claim says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from refimpl.dgpg.claims.experiments_planted import (
    disagree,
    flat,
    greedy_times,
    levels,
    misled,
    observed_rule,
    ramp,
    random_scaled,
)
from refimpl.dgpg.claims.experiments_results import (
    Cell,
    Results,
    ahead,
    best_reward,
    best_row,
    empirical_claim,
    reference_reward,
    shortfall,
)
from refimpl.dgpg.experiments import cells
from refimpl.dgpg.experiments.convergence import convergence_episode, convergence_on_checkpoints
from refimpl.dgpg.experiments.scale import scale_of
from refimpl.dgpg.experiments.training import Run
from refimpl.findings import empirical, interval
from refimpl.ledger import Arrays, Context, Finding, Plot
from refimpl.planted import Planted
from refimpl.shared.statistics import log_log_slope

LIMIT = 20.0
"""Episodes within which training converges (published)."""

EARLY = 0.75
"""Part of a shorter run within which it must have converged to say so."""

GROWTH = 0.1
"""Exponent of the number of agents from which on convergence is said to come later with it."""

NEAR = 0.1
"""Part of a reward that counts as level with it."""

WORSE, BETTER = levels(-3.0, -2.0), levels(-1.0, -2.0)


def sizes(context: Context) -> tuple[int, ...]:
    """Return the sizes of the scalability experiment."""
    return tuple(scale_of(context).neural)


def runs_at(n: int, context: Context) -> tuple[Run, ...]:
    """Return the runs of DG-PG at one size."""
    return cells.scalability(scale_of(context), n)


def every_run(context: Context) -> list[Cell]:
    """Return the runs of all sizes."""
    return [run for n in sizes(context) for run in runs_at(n, context)]


def with_reference(*policies: str) -> Callable[[Context], list[Cell]]:
    """Return the cells of all sizes with some policies that need no training."""

    def found(context: Context) -> list[Cell]:
        scale = scale_of(context)
        named = [cells.reference(scale, n, p) for n in sizes(context) for p in policies]
        return [*every_run(context), *named]

    return found


def _convergence(results: Results, n: int, context: Context) -> tuple[float, float]:
    """Mean convergence episode at one size, by the paper's criterion and on validation episodes."""
    curves = [results(run, context) for run in runs_at(n, context)]
    paper = np.mean([convergence_episode(curve["reward"]) for curve in curves])
    fixed = np.mean([convergence_on_checkpoints(c["validation sampled"]) for c in curves])
    return float(paper), float(fixed)


def check_within_20(results: Results, context: Context) -> Finding:
    """At every size the mean convergence episode is early: within 20, and not near the end."""
    evidence: dict[str, float] = {}
    held, series = [], {}
    for n in sizes(context):
        length = scale_of(context).neural[n].episodes
        paper, fixed = _convergence(results, n, context)
        held.append(paper <= min(LIMIT, EARLY * length))
        evidence |= {f"episode_n{n}": paper, f"fixed_set_n{n}": fixed, f"length_n{n}": length}
        curve = results(runs_at(n, context)[0], context)["reward"]
        series[f"N = {n}"] = (np.arange(1.0, len(curve) + 1), curve / np.abs(curve).max())
    chart = Plot("Training reward (Fig. 4a)", "episode", "reward / worst", series)
    concluded = empirical(all(held), evidence)
    return Finding(concluded.verdict, concluded.evidence, plots=(chart,))


def check_scale_invariant(results: Results, context: Context) -> Finding:
    """Convergence on validation episodes comes before the last checkpoint, and no later with N.

    A run whose last checkpoint is the first one near its best has not been seen to converge; one
    with a single checkpoint cannot tell and is left out.
    """
    lengths = scale_of(context).neural
    watched = [n for n in sizes(context) if lengths[n].every < lengths[n].episodes]
    found = [_convergence(results, n, context)[1] for n in watched]
    slope = log_log_slope(np.array(watched, float), np.array(found))
    evidence = {f"episode_n{n}": e for n, e in zip(watched, found, strict=True)}
    evidence |= {"slope": slope.slope, "slope_low": slope.low, "slope_high": slope.high}
    seen = all(e < lengths[n].episodes for n, e in zip(watched, found, strict=True))
    return empirical(seen and slope.slope < GROWTH, evidence)


def check_criterion(results: Results, context: Context) -> Finding:
    """Where the paper's criterion says converged, the validation reward is within 10% of its best.

    Taken at the first evaluated checkpoint from that episode on.
    """
    evidence: dict[str, float] = {}
    held = []
    for n in sizes(context):
        behind = [_behind_at_convergence(results(run, context)) for run in runs_at(n, context)]
        evidence[f"behind_n{n}"] = float(np.mean(behind))
        held.append(np.mean(behind) <= NEAR)
    return empirical(all(held), evidence)


def _behind_at_convergence(curve: Arrays) -> float:
    fixed = curve["validation sampled"]
    rows = np.flatnonzero(~np.isnan(fixed).any(axis=1))
    credited = convergence_episode(curve["reward"]) - 1
    row = rows[min(int(np.searchsorted(rows, credited)), len(rows) - 1)]
    means = fixed[rows].mean(axis=1)
    return float((means.max() - fixed[row].mean()) / abs(means.max()))


def check_matches_small(results: Results, context: Context) -> Finding:
    """At 10 servers DG-PG is at most 10% below Best-Fit."""
    return _against(results, context, "Best-Fit", sizes(context)[:1], -NEAR)


def check_beats_large(results: Results, context: Context) -> Finding:
    """At the largest size DG-PG is above Best-Fit."""
    return _against(results, context, "Best-Fit", sizes(context)[-1:], 0.0)


def check_beats_myopic(results: Results, context: Context) -> Finding:
    """At every size DG-PG is above the simultaneous rule of least guidance coefficient."""
    return _against(results, context, "myopic simultaneous", sizes(context), 0.0)


def check_matches_jobs(results: Results, context: Context) -> Finding:
    """At 10 servers DG-PG is above the rule that sends every job to the least utilised one."""
    return _against(results, context, "least utilized", sizes(context)[:1], 0.0)


def check_observations_suffice(results: Results, context: Context) -> Finding:
    """At 10 servers the rule on raw observations is above Best-Fit."""
    scale, n = scale_of(context), sizes(context)[0]
    rule, fit = (
        reference_reward(results, cells.reference(scale, n, policy), context)
        for policy in ("myopic observed", "Best-Fit")
    )
    found = ahead(rule, fit)
    evidence = {"rule": float(rule.mean()), "best_fit": float(fit.mean())}
    return empirical(found.low > 0, {**evidence, **interval("lead", found)})


def rule_and_best_fit(context: Context) -> list[Cell]:
    """Return the rule on raw observations and Best-Fit at the smallest size."""
    scale, n = scale_of(context), sizes(context)[0]
    return [cells.reference(scale, n, policy) for policy in ("myopic observed", "Best-Fit")]


def _against(
    results: Results, context: Context, policy: str, where: tuple[int, ...], least: float
) -> Finding:
    """Find whether the lead over a policy, as a part of its reward, is more than ``least``."""
    evidence: dict[str, float] = {}
    held = []
    for n in sizes(context):
        reward = best_reward(results, runs_at(n, context), context)
        other = reference_reward(results, cells.reference(scale_of(context), n, policy), context)
        found = ahead(reward, other)
        scale = abs(float(other.mean()))
        evidence |= {f"dgpg_n{n}": float(reward.mean()), f"other_n{n}": float(other.mean())}
        evidence |= interval(f"lead_n{n}", found)
        if n in where:
            held.append(found.low > least * scale if least == 0.0 else found.mean > least * scale)
    return empirical(all(held), evidence)


def check_random_worsens(results: Results, context: Context) -> Finding:
    """Random's reward falls as N grows, with the total queue that is penalised here."""
    rewards, waiting = [], []
    for n in sizes(context):
        arrays = results(cells.reference(scale_of(context), n, "Random"), context)
        rewards.append(-float(arrays["reward"].mean()))
        waiting.append(float(arrays["waiting"].mean()) / n)
    slope = log_log_slope(np.array(sizes(context), float), np.array(rewards))
    evidence = {f"random_n{n}": -r for n, r in zip(sizes(context), rewards, strict=True)}
    evidence |= {
        f"waiting_per_server_n{n}": w for n, w in zip(sizes(context), waiting, strict=True)
    }
    return empirical(slope.low > 0, {"slope": slope.slope, "slope_low": slope.low, **evidence})


def check_optimism(results: Results, context: Context) -> Finding:
    """Choosing the checkpoint on the test episodes gains less than 2% over validation episodes."""
    evidence: dict[str, float] = {}
    gains = []
    for n in sizes(context):
        by_test = best_reward(results, runs_at(n, context), context)
        by_validation = best_reward(results, runs_at(n, context), context, "validation sampled")
        gains.append(shortfall(by_validation, by_test))
        evidence[f"optimism_n{n}"] = gains[-1]
    return empirical(max(gains) < 0.02, {"largest": max(gains), **evidence})


def check_greedy(results: Results, context: Context) -> Finding:
    """Likeliest actions of the chosen checkpoint are at most 10% worse than drawn ones."""
    evidence: dict[str, float] = {}
    held = []
    for n in sizes(context):
        curves = [results(run, context) for run in runs_at(n, context)]
        drawn, likeliest = (
            np.mean([curve[key][best_row(curve)].mean() for curve in curves])
            for key in ("test sampled", "test greedy")
        )
        evidence |= {f"drawn_n{n}": float(drawn), f"likeliest_n{n}": float(likeliest)}
        held.append(likeliest > drawn - NEAR * abs(drawn))
    return empirical(all(held), evidence)


_claim = partial(empirical_claim, cells=every_run)

CLAIMS = (
    _claim(
        "table-9-within-20",
        "DG-PG comes within 10% of its best training reward within 20 episodes at every size, and "
        "well before the end of the run.",
        ("DG-71", "DG-91e"),
        Planted(
            check_within_20, ramp, flat, "a training reward that improves until the last episode"
        ),
        source="abstract, Table 9",
    ),
    _claim(
        "fig-4a-scale-invariant",
        "At every size training converges on fixed validation episodes before it ends, and the "
        "number of episodes until then does not grow with the number of agents.",
        ("DG-76",),
        Planted(
            check_scale_invariant,
            disagree,
            flat,
            "a validation reward that is best at the end, or never changes",
        ),
        source="Fig. 4a, sec. 6.4",
    ),
    _claim(
        "table-9-criterion",
        "An episode whose training reward is within 10% of the best has a policy that is within "
        "10% of the best on fixed episodes.",
        ("DG-71",),
        Planted(
            check_criterion,
            disagree,
            flat,
            "training rewards at their best at once, validation rewards at the end",
        ),
        source="App. K",
    ),
    _claim(
        "table-1-matches-best-fit",
        "With 10 servers the best checkpoint is level with Best-Fit, at most 10% below.",
        ("DG-77",),
        Planted(
            check_matches_small,
            WORSE,
            BETTER,
            "rewards of DG-PG half as large again, or half as large, as the reference's",
        ),
        source="Table 1, sec. 6.4",
        cells=with_reference("Best-Fit"),
    ),
    _claim(
        "table-1-beats-best-fit",
        "At the largest size the best checkpoint earns more than Best-Fit.",
        ("DG-77", "DG-91d"),
        Planted(
            check_beats_large,
            WORSE,
            BETTER,
            "rewards of DG-PG half as large again, or half as large, as the reference's",
        ),
        source="Table 1, sec. 6.4",
        cells=with_reference("Best-Fit"),
    ),
    _claim(
        "sec-6.4-learns-more-than-the-rule",
        "At every size the learned policy earns more than the rule that every agent takes the "
        "server or cluster of least guidance coefficient.",
        ("DG-77",),
        Planted(
            check_beats_myopic,
            WORSE,
            BETTER,
            "rewards of DG-PG half as large again, or half as large, as the reference's",
        ),
        source="sec. 6.4",
        cells=with_reference("myopic simultaneous"),
    ),
    _claim(
        "sec-6.4-matches-jobs-to-servers",
        "With 10 servers the learned policy matches jobs to servers: it earns more than the rule "
        "that sends every job to the least utilised server, whatever the job needs.",
        ("DG-77",),
        Planted(
            check_matches_jobs,
            WORSE,
            BETTER,
            "rewards of DG-PG half as large again, or half as large, as the reference's",
        ),
        source="sec. 6.4",
        cells=with_reference("least utilized"),
    ),
    _claim(
        "sec-6.4-observations-suffice",
        "With 10 servers what the agents observe is enough to earn more than Best-Fit without a "
        "central scheduler: the rule of least deviation on raw observations does.",
        ("DG-77",),
        Planted(
            check_observations_suffice,
            observed_rule(-3.0),
            observed_rule(-1.0),
            "rewards of the rule half as large again, or half as large, as Best-Fit's",
        ),
        source="sec. 6.4",
        cells=rule_and_best_fit,
    ),
    _claim(
        "table-1-random-worsens",
        "Random gets worse with the number of servers.",
        ("DG-91d",),
        Planted(
            check_random_worsens,
            random_scaled(grow=False),
            random_scaled(grow=True),
            "a reward of Random that shrinks, or grows, with the number of servers",
        ),
        source="Table 1, Fig. 4b",
        cells=with_reference("Random"),
    ),
    _claim(
        "app-i.1-checkpoints",
        "Choosing the checkpoint on the test episodes gains less than 2% over choosing it on other "
        "episodes.",
        ("DG-77",),
        Planted(
            check_optimism,
            misled,
            flat,
            "validation rewards that prefer the worst checkpoint of the test",
        ),
        source="App. I.1",
    ),
    _claim(
        "app-i.1-likeliest-actions",
        "Tested with the likeliest actions, the policy is at most 10% worse than with drawn ones.",
        ("DG-77",),
        Planted(
            check_greedy,
            greedy_times(3.0),
            greedy_times(1.0),
            "likeliest actions that earn three times as little, or the same",
        ),
        source="App. I.1",
    ),
)
