"""The cluster: jobs, servers, tides, and what dispatchers without training make of them.

Shows: DG-PG Fig. 1, App. H. Jobs of two kinds with Pareto tails, twelve types of servers, arrivals
with a tide of 1000 steps; after two thirds of the episode nothing arrives any more. Constants that
the paper lost are chosen here, such that no more jobs arrive than dispatchers can place. Six rules
then play the same episodes: everything random is drawn beforehand, so that differences are theirs.
Look at: the waiting jobs at the tide, and that a rule without coordination pays for it in queues.
For: everybody who wants to know what the reward of the later examples is made of.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from _show import BLACK, BLUE, GREEN, ORANGE, RED, SKY, Row, figure, look_at, options, table

from refimpl.dgpg.experiments.references import REFERENCES
from refimpl.dgpg.experiments.systems import System
from refimpl.dgpg.model.instances import INSTANCE_TYPES
from refimpl.dgpg.model.scenario import Scenario
from refimpl.dgpg.model.settings import chosen
from refimpl.dgpg.model.simulator import Trace, run
from refimpl.dgpg.model.workload import base_rate, mean_duration, sample_jobs
from refimpl.shared.seeds import generator

COLOURS = {
    "Best-Fit": BLACK,
    "Random": RED,
    "capacity-random": ORANGE,
    "myopic sequential": BLUE,
    "myopic simultaneous": SKY,
    "highest efficiency": GREEN,
}


def tail(cpu: Any) -> float:
    """Exponent of the Pareto tail above 2 cores: P(cpu > 6) = 3^-exponent."""
    return float(-np.log((cpu > 6.0).mean()) / np.log(3.0))


def tide(scenario: Scenario) -> Any:
    """Mean arrivals per step of the episodes."""
    return np.diff(scenario.offsets, axis=1).mean(axis=0)


def draw(demand: Any, scenario: Scenario, traces: dict[str, Trace], *axes: Any) -> None:
    some, heavy = demand[:3000], demand[:3000, 1] < 3.0 * demand[:3000, 0]
    for kind, colour, label in (
        (heavy, BLUE, "CPU-heavy"),
        (~heavy, ORANGE, "memory-heavy"),
    ):
        axes[0].plot(*some[kind].T, ".", color=colour, ms=3, alpha=0.5, label=label)
    axes[0].set(title="Fig. 1a: jobs", xlabel="cores", ylabel="GB", xscale="log", yscale="log")
    axes[0].set_xticks((2, 4, 8, 16), ("2", "4", "8", "16"), minor=False)
    axes[0].set_yticks((2, 4, 8, 16, 32, 64), ("2", "4", "8", "16", "32", "64"))
    axes[0].minorticks_off()
    for kind in INSTANCE_TYPES:
        colour = (RED, ORANGE, GREEN)[kind.generation - 1]
        at = kind.cpu_efficiency, kind.memory_efficiency
        axes[1].scatter(*at, 12.0 * kind.weight, color=colour, alpha=0.7)
    for colour, name in zip((RED, ORANGE, GREEN), "123", strict=True):
        axes[1].scatter([], [], color=colour, label=f"generation {name}")
    axes[1].set(title="Fig. 1b: types by weight", xlabel="CPU efficiency")
    axes[1].set_ylabel("memory efficiency")
    axes[1].legend(loc="lower right")
    settings = scenario.settings
    base = base_rate(settings, scenario.capacity, scenario.efficiency[..., 0])
    axes[2].plot(tide(scenario), color=SKY, linewidth=0.6, label="arrivals")
    wave = 1.0 + settings.swing * np.sin(2 * np.pi * np.arange(settings.arrival_steps) / 1000.0)
    axes[2].plot(base.mean() * wave, color=RED, label="mean rate")
    axes[2].axhline(settings.n_servers, color=BLACK, linestyle=":", label="dispatchers")
    axes[2].set(title="Fig. 1c: tide", xlabel="step", ylabel="jobs per step", ylim=(0, None))
    axes[2].legend(loc="center right")
    for name, trace in traces.items():
        axes[3].plot(trace.waiting.mean(axis=1) + 0.1, color=COLOURS[name], label=name)
    axes[3].set(title="Waiting jobs", xlabel="step", yscale="log", ylabel="jobs, plus 0.1")
    axes[3].legend(loc="center left", bbox_to_anchor=(1.0, 0.5))


def main() -> None:
    given = options(__doc__ or "", __file__)
    n, steps, episodes = given.choose((10, 1500, 1), (10, 3000, 5), (200, 3000, 10))
    system, settings = System(n, steps=steps), chosen(n).settings
    demand, _ = sample_jobs(settings, (100_000,), generator(0, "example", "jobs"))
    heavy = demand[:, 1] < 3.0 * demand[:, 0]
    scenario = system.episodes("test", episodes, 0)
    rng = generator(0, "example", "dispatch")
    traces = {name: run(scenario, REFERENCES[name], rng) for name in COLOURS}
    spread = [kind.cpu_efficiency for kind in INSTANCE_TYPES]
    jobs = float(tide(scenario)[: steps * 2 // 3].mean())
    rows: list[Row] = [
        ("jobs that are CPU-intensive", (0.6, "App. H.1"), float(heavy.mean())),
        ("  exponent of their tail", (1.7, "Fig. 1a"), tail(demand[heavy, 0])),
        ("  of the memory-intensive ones", (2.2, "Fig. 1a"), tail(demand[~heavy, 0])),
        ("mean nominal run time in steps", (20.0, "App. H.1"), mean_duration(settings)),
        ("  least CPU efficiency", (0.70, "Table 4"), min(spread)),
        ("  largest", (1.08, "Table 4"), max(spread)),
        ("target utilisation", "number lost", f"{settings.utilization:g} (chosen)"),
        ("jobs per step and server", "0.41 or 0.82 (App. J)", jobs / n),
    ]
    for name, trace in traces.items():
        waiting, energy = trace.waiting.mean(), trace.energy.mean()
        shown = f"{trace.rewards.mean():.4g} = -(0.5 x {waiting:.3g} + 5 x {energy:.4g})"
        rows.append((f"{name}: reward per step, N = {n}", "not published", shown))
    table(rows)
    look_at("rewards: energy differs by percents, waiting jobs by factors.")
    figure(given, partial(draw, demand, scenario, traces), columns=4, size=(18.0, 4.2))
    assert abs(heavy.mean() - 0.6) < 4.0 * (0.24 / len(demand)) ** 0.5
    for trace in traces.values():
        cost = 0.5 * trace.waiting + 5.0 * trace.energy
        assert np.abs(trace.rewards + cost).max() < 1e-9 * cost.max()
        assert (trace.energy < 1.0 / 0.68).all()
    for rule in ("Random", "capacity-random"):
        assert traces[rule].rewards.mean() < traces["Best-Fit"].rewards.mean()


if __name__ == "__main__":
    main()
