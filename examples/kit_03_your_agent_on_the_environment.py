"""Your own agent in the joint game, through the standard reset/step interface.

Shows: the game of DCC eq. (1) as an environment: one agent per device (PettingZoo's contract) or
one planner for all (Gymnasium's contract), neither library needed. ``my_agent`` is any function
from an observation to an action. Agents are compared by simulation, and because this one only
looks at its own device, also exactly: ask it for every state and evaluate the table.
Look at: simulated and exact cost agree within the error bars, and how far a simple rule gets.
For: who wants to try a method of their own against thresholds, budgets and the best of them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from _show import BLUE, ORANGE, RED, UNPUBLISHED, Row, figure, look_at, options, table
from scipy.stats import t

from refimpl.dcc.model.congestion import power_law
from refimpl.dcc.model.device import N_ACTIONS, OFFLOAD, PROCESS, WAIT, state_components
from refimpl.dcc.model.environment import agents_environment, central_environment
from refimpl.dcc.model.exact import device_mdp
from refimpl.dcc.model.game import evaluate_identical
from refimpl.dcc.objective.optimum import best_common_budget
from refimpl.dcc.objective.response import local_budget_curve, optimal_policy, response_curves
from refimpl.dcc.policies import always_offload, never_offload, process_at
from refimpl.dcc.theory.instances import golden_device
from refimpl.shared.environment import check_environment
from refimpl.shared.seeds import generator

N_DEVICES, EPISODE, GAMMA, LAW = 10, 150, 0.95, power_law()
Agent = Callable[[Any, np.random.Generator], int]


def my_agent(observation: Any, rng: np.random.Generator) -> int:
    """Replace this. It sees age and battery level in units of their largest values, 15 and 15."""
    del rng
    age, level = 15.0 * observation
    return WAIT if age < 2.5 else PROCESS if level > 4.5 else OFFLOAD


def from_table(observation: Any, rng: np.random.Generator, policy: Any) -> int:
    """Draw from a policy table (S, A); with the table fixed, an agent."""
    age, level = np.rint(15.0 * observation).astype(int)
    return int(rng.choice(N_ACTIONS, p=policy[(age - 1) * 16 + level]))


def to_table(agent: Agent) -> Any:
    """Policy table (S, A) of a deterministic agent that looks at its own observation only."""
    parts = state_components(golden_device(), np.arange(240))
    seen, rng = np.stack(parts[:2], axis=1) / 15.0, generator(0, "example", "unused")
    return np.eye(N_ACTIONS)[[agent(observation, rng) for observation in seen]]


def play(agent: Agent, episodes: int) -> Any:
    """Discounted cost per device of each episode, everybody using the same agent."""
    env = agents_environment([golden_device()] * N_DEVICES, LAW, EPISODE)
    rng, costs = generator(0, "example", "agent"), np.zeros(episodes)
    for k in range(episodes):
        observations, _ = env.reset(seed=k)
        for slot in range(EPISODE):
            actions = {name: agent(seen, rng) for name, seen in observations.items()}
            observations, rewards, _, _, _ = env.step(actions)
            costs[k] -= GAMMA**slot * sum(rewards.values()) / N_DEVICES
    return costs


def draw(exact: dict[str, float], played: dict[str, Any], axis: Any) -> None:
    names = sorted(exact, key=lambda name: exact[name])
    axis.barh(names, [exact[n] for n in names], color=BLUE, label="exact")
    costs = np.array([played[n] for n in names])
    means, errors = costs.mean(axis=1), 2.0 * costs.std(axis=1, ddof=1) / np.sqrt(costs.shape[1])
    style = {"fmt": "o", "color": ORANGE, "capsize": 3, "label": "simulated, 2 s.e."}
    axis.errorbar(means, names, xerr=errors, **style)
    axis.axvline(20.0, color=RED, linestyle=":", label="least possible: age 1, no crowd")
    axis.set(xlabel="discounted cost per device", title=f"{N_DEVICES} equal devices")
    axis.legend(loc="lower right")


def main() -> None:
    given = options(__doc__ or "", __file__)
    device, episodes = golden_device(), given.choose(8, 60, 500)
    planner = central_environment([device] * N_DEVICES, LAW, EPISODE)
    check_environment(planner, generator(0, "check"), 50)
    mdp = device_mdp(device)
    curve = local_budget_curve(mdp)
    budget = best_common_budget(response_curves([curve], GAMMA), N_DEVICES, LAW)
    tables = {
        "always offload": always_offload(mdp.n_states),
        "process from age 3, level 5": process_at(device, 3, 5),
        "never offload, best": never_offload(mdp),
        f"best common budget, {budget:.3f}": optimal_policy(mdp, curve, budget / (1.0 - GAMMA)),
        "my agent": to_table(my_agent),
    }
    values = {k: evaluate_identical(mdp, table, N_DEVICES, LAW) for k, table in tables.items()}
    exact = {name: float(value.per_device[0]) for name, value in values.items()}
    agents: dict[str, Agent] = {k: partial(from_table, policy=q) for k, q in tables.items()}
    agents["my agent"] = my_agent
    played = {name: play(agent, episodes) for name, agent in agents.items()}
    rows: list[Row] = []
    for name, cost in exact.items():
        rows.append((f"{name}: cost, exact", UNPUBLISHED, cost))
        rows.append((f"  mean of {episodes} episodes", (cost, "exact"), float(played[name].mean())))
        used = (1.0 - GAMMA) * float(values[name].counts[0])
        rows.append(("  offloading frequency", UNPUBLISHED, used))
    table(rows)
    look_at("your rule against the rest; never offloading is the cost that crowds cannot touch.")
    figure(given, partial(draw, exact, played), size=(8.0, 3.6))
    for name, costs in played.items():
        # Student's t: beyond this with a chance of 1e-5
        spread = t.isf(5e-6, episodes - 1) * costs.std(ddof=1) / np.sqrt(episodes)
        # what lies beyond the episode is less than a 1e-3 part: 0.95^150 = 5e-4
        assert abs(costs.mean() - exact[name]) < spread + 1e-3 * exact[name]
    assert min(exact.values()) >= 20.0


if __name__ == "__main__":
    main()
