"""Claims about the state, the clock and what is counted (secs. 4.1.1 - 4.1.3, Algorithm 2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from refimpl.findings import exactly, interval
from refimpl.ledger import Claim, Context, Control, Finding, Kind, Verdict
from refimpl.scale.claims.system import ROUNDING, SMALL
from refimpl.scale.model.episodes import play
from refimpl.scale.model.observations import observe
from refimpl.scale.model.scenario import sample_scenario
from refimpl.scale.model.settings import SystemSettings, chosen
from refimpl.scale.model.simulator import Simulation
from refimpl.scale.network.parameters import Shape, init
from refimpl.scale.network.pointer import forward
from refimpl.scale.policies.decisions import Rule, greedy, masked_greedy
from refimpl.scale.policies.heuristics import (
    fastest_fit,
    large_only,
    random_feasible,
    random_server,
)
from refimpl.scale.theory.small_systems import independent_tasks
from refimpl.shared.statistics import clopper_pearson

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

View = Callable[[Simulation], Floats]


def paper_state(sim: Simulation) -> Floats:
    """Return ``[phi; psi_1; ..; psi_N]`` (E, 5 + 5 N) [SCALE sec. 4.1.1]."""
    seen = observe(sim)
    return np.concatenate([seen.task, seen.servers.reshape(len(seen.task), -1)], axis=1)


def state_with_presence(sim: Simulation) -> Floats:
    """Return the state with one more number per server: whether it is in the cluster."""
    return np.concatenate([paper_state(sim), sim.present], axis=1)


def state_with_queue(sim: Simulation) -> Floats:
    """Return the state with the ready tasks behind the one at hand, (E, 5 + 5 N + M)."""
    return np.concatenate([paper_state(sim), sim.key.astype(float)], axis=1)


def check_dimension(view: View, context: Context) -> Finding:
    """Count the numbers of the state at 16, 32 and 48 servers."""
    gaps = {}
    for n in (16, 32, 48):
        scenario = sample_scenario(chosen(n).settings, 1, context.rng("scale", "state", n))
        gaps[f"at_{n}"] = float(view(Simulation(scenario)).shape[1])
    error = max(abs(gaps[f"at_{n}"] - (5 + 5 * n)) for n in (16, 32, 48))
    return exactly(error, 0.0, **gaps)


def check_markov(view: View, context: Context) -> Finding:
    """Compare two clusters that look the same, before and after the same assignment.

    One has a second task waiting, the other has not.
    """
    del context
    queued = independent_tasks(SystemSettings(), [1.0, 8.0], [1.0, 1.0])
    alone = replace(queued, arrival=np.array([[0.0, np.inf]]))
    sims = [Simulation(queued), Simulation(alone)]
    before = float(np.abs(view(sims[0]) - view(sims[1])).max())
    rewards = [float(sim.step(np.array([0])).reward[0]) for sim in sims]
    after = float(np.abs(view(sims[0]) - view(sims[1])).max())
    alike = before == 0.0 and rewards[0] == rewards[1] and after > 0.0
    return Finding(
        Verdict.REFUTED if alike else Verdict.HOLDS,
        {"states_apart_before": before, "states_apart_after": after},
    )


Moves = Callable[[Bools], Bools]
"""``moves(valid) -> whether the clock goes on``."""


def only_invalid(valid: Bools) -> Bools:
    """Let invalid actions move the clock [SCALE sec. 4.1.2]."""
    return np.asarray(~valid)


def every_action(valid: Bools) -> Bools:
    """Let every action move the clock."""
    return np.ones_like(valid)


def check_clock(moves: Moves, context: Context) -> Finding:
    """Compare the rule with the clock of played episodes, decision by decision."""
    rng = context.rng("scale", "clock")
    sim = Simulation(sample_scenario(SMALL, 4, rng))
    wrong, valid_ones, decisions = 0, 0, 0
    while not sim.done.all():
        before, alive = sim.now, ~sim.done
        step = sim.step(random_server(sim, rng))
        expected = before + np.where(moves(step.valid) & alive, sim.settings.dt, 0.0)
        wrong += int((np.abs(sim.now - expected) > ROUNDING).sum())
        valid_ones, decisions = valid_ones + int(step.valid.sum()), decisions + int(alive.sum())
    return exactly(wrong, 0.0, decisions=decisions, valid=valid_ones)


def response(sim: Simulation) -> float:
    """Return the seconds from the arrival of the only task to its end [SCALE sec. 3.3]."""
    return float(sim.finish[0, 0] - sim.scenario.arrival[0, 0])


def time_on_server(sim: Simulation) -> float:
    """Return the seconds from the start of the only task to its end."""
    return float(sim.finish[0, 0] - sim.start[0, 0])


def check_metric(metric: Callable[[Simulation], float], context: Context) -> Finding:
    """Choose a server that is too small some times before the one that is not."""
    del context
    found = {}
    for times in (0, 1, 20):
        scenario = independent_tasks(SystemSettings(), [2.0], [1.0, 1.0], [80.0, 1.0])
        sim = Simulation(scenario)
        for action in [1] * times + [0]:
            sim.step(np.array([action]))
        found[f"after_{times}_invalid_actions"] = metric(sim)
    spread = max(found.values()) - min(found.values())
    return exactly(spread, ROUNDING, **found)


N_NETS = 60


def check_live(rule: Rule, context: Context) -> Finding:
    """Let untrained networks place one task on two idle servers, one of which is too small.

    A network that chose the small one sees the same numbers again and chooses it for ever: nothing
    arrives, nothing runs, and the clock is no part of the state.
    """
    rng = context.rng("scale", "livelock")
    scenario = independent_tasks(SystemSettings(), [10.0], [2.0, 1.0], [32.0, 1.0])
    stuck = 0
    for _ in range(N_NETS):
        params, sim = init(rng, Shape()), Simulation(scenario)
        first = observe(sim)
        scores = forward(params, first.task, first.servers)[0].logits
        sim.step(rule(sim, scores, rng))
        again = observe(sim)
        same = np.array_equal(again.task, first.task) & np.array_equal(again.servers, first.servers)
        stuck += int(same)
    share = clopper_pearson(stuck, N_NETS, 0.9999)
    return Finding(
        Verdict.REFUTED if stuck else Verdict.HOLDS,
        {"networks_stuck": stuck, **interval("share", share)},
    )


Tally = tuple[Floats, Floats]
"""Share of invalid actions and a count of tasks, (policies, E) each."""
POLICIES = (fastest_fit, random_feasible, random_server, large_only)


def completed_in_ten_seconds(context: Context) -> Tally:
    """Play whole episodes of the paper's length; count completed tasks."""
    scenario = sample_scenario(chosen().settings, 8, context.rng("scale", "counts"))
    found = [play(scenario, policy, context.rng("scale", "policy")) for policy in POLICIES]
    invalid = np.array([np.rint(each.end / scenario.settings.dt) for each in found])
    decisions = np.array([each.counts.decisions for each in found])
    return invalid / decisions, np.array([each.completed for each in found], float)


def arrived_in_equally_many_decisions(context: Context) -> Tally:
    """Stop all policies after 150 decisions; count tasks that have arrived."""
    settings = replace(chosen().settings, horizon=30.0)
    scenario = sample_scenario(settings, 8, context.rng("scale", "counts"))
    share, arrived = np.zeros((2, len(POLICIES), scenario.episodes))
    for k, policy in enumerate(POLICIES):
        sim, rng = Simulation(scenario), context.rng("scale", "policy")
        for _ in range(150):
            sim.step(policy(sim, rng))
        share[k] = sim.tick / 150
        arrived[k] = (scenario.size * (scenario.arrival <= sim.now[:, None])).sum(axis=1)
    return share, arrived


def check_inflation(tally: Callable[[Context], Tally], context: Context) -> Finding:
    """Look, policy by policy and episode by episode, whether more invalid actions mean more tasks.

    Only invalid actions move the clock, by a step each. So ``T`` seconds hold ``T / dt`` of them
    whoever acts, and their share ``I / (I + A)`` is high where few tasks ``A`` are assigned.
    """
    share, count = tally(context)
    wasteful = share[:, None] > share[None] + ROUNDING
    more = int((wasteful & (count[:, None] > count[None])).sum())
    fewer = int((wasteful & (count[:, None] < count[None])).sum())
    return Finding(
        Verdict.HOLDS if more and not fewer else Verdict.REFUTED,
        {"pairs": int(wasteful.sum()), "with_more_tasks": more, "with_fewer_tasks": fewer},
    )


CLAIMS = (
    Claim(
        "scale/state-dimension",
        "sec. 4.1.1",
        "The state has 5 + 5 N numbers.",
        ("SC-07",),
        Kind.EXACT,
        check_dimension,
        paper_state,
        Control("presence of each server added", state_with_presence),
    ),
    Claim(
        "scale/markov",
        "sec. 4.1.1",
        "The state and the action determine the law of the next state, as in a Markov decision "
        "process.",
        ("SC-07",),
        Kind.EXACT,
        check_markov,
        paper_state,
        Control("the queue of ready tasks added", state_with_queue),
    ),
    Claim(
        "scale/clock",
        "sec. 4.1.2",
        "A valid action leaves the clock alone, an invalid one moves it by a step.",
        ("SC-08",),
        Kind.EXACT,
        check_clock,
        only_invalid,
        Control("every action moves the clock", every_action),
    ),
    Claim(
        "scale/metric-and-invalid-actions",
        "sec. 4.1.3",
        "The response time is unaffected by invalid actions.",
        ("SC-09",),
        Kind.EXACT,
        check_metric,
        response,
        Control("time on the server only", time_on_server),
    ),
    Claim(
        "scale/livelock",
        "Algorithm 2",
        "The highest score, feasible or not, assigns every task that an idle server can take.",
        ("SC-10",),
        Kind.EXACT,
        check_live,
        greedy,
        Control("the highest score among feasible servers", masked_greedy),
    ),
    Claim(
        "scale/invalid-actions-inflate-counts",
        "sec. 4.1.3",
        "Over the same simulated duration policies with a higher share of invalid actions "
        "complete more tasks.",
        ("SC-11",),
        Kind.EXACT,
        check_inflation,
        completed_in_ten_seconds,
        Control("arrivals instead, in equally many decisions", arrived_in_equally_many_decisions),
    ),
)
