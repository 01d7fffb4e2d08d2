"""Your own scheduler against the rules by hand, and a trained one in service at any size.

Shows: the doors to the cluster. ``my_rule`` sees the simulation and plays the same episodes as
every reference. ``my_agent`` sees 5 numbers of the task and of each server, by reset and step. Then
a network is trained on 16 servers; loaded, it decides for 16 to 2048 servers in one call.
Look at: paired differences to fastest fit, which is hard to beat when every task counts.
For: engineers who bring a rule, or an agent that is trained elsewhere.
"""

from __future__ import annotations

import tempfile
import timeit
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from _scale import words
from _show import UNPUBLISHED, Row, figure, look_at, options, table

from refimpl.scale.experiments.systems import System
from refimpl.scale.model.environment import WorkflowEnvironment
from refimpl.scale.model.episodes import Episodes, play
from refimpl.scale.model.observations import observe
from refimpl.scale.model.scenario import sample_scenario
from refimpl.scale.model.settings import chosen
from refimpl.scale.model.simulator import Simulation
from refimpl.scale.policies.decisions import RULES
from refimpl.scale.policies.heuristics import HEURISTICS
from refimpl.scale.policies.learned import learned
from refimpl.scale.policies.serving import Scheduler, save
from refimpl.scale.train.driver import policy_of, train
from refimpl.scale.train.presets import method
from refimpl.shared.seeds import generator

NAMES = ("fastest fit", "earliest finish", "threshold 9", "random feasible")
SETTINGS, DEADLINE = chosen(16).settings, 40.0


def my_rule(sim: Simulation, _: np.random.Generator) -> Any:
    """Replace this: the fastest feasible server, of equals the one where the data are."""
    return np.where(sim.feasible(), sim.scenario.capacity - sim.delays(), -np.inf).argmax(axis=1)


def my_agent(seen: Any, feasible: Any) -> int:
    """Do the same from an observation alone."""
    servers = seen[5:].reshape(-1, 5)
    return int(np.where(feasible, 4.0 * servers[:, 0] - servers[:, 4], -np.inf).argmax())


def both(seed: int) -> tuple[float, float]:
    """Play the same episode by the rule and by the agent; returns."""
    rng = np.random.default_rng(seed)
    by_rule = float(play(sample_scenario(SETTINGS, 1, rng), my_rule, rng).returns[0])
    env, total, over = WorkflowEnvironment(SETTINGS), 0.0, False
    seen, info = env.reset(seed=seed)
    while not over:
        seen, reward, terminated, over, info = env.step(my_agent(seen, info["feasible"]))
        total, over = total + reward, over or terminated
    return by_rule, total


def trained(epochs: int) -> tuple[Any, Scheduler]:
    """Train SCALE on 16 servers; the parameters, and the scheduler that their file makes."""
    settings = replace(method("SCALE"), epochs=epochs, stage=min(epochs, 50))
    params = policy_of(train(SETTINGS, settings, seed=0))
    with tempfile.TemporaryDirectory() as folder:
        save(Path(folder) / "scheduler.npz", params)
        return params, Scheduler.load(Path(folder) / "scheduler.npz")


def decision(scheduler: Scheduler, n: int) -> tuple[int, float]:
    """Choose a server out of n; microseconds of one call."""
    sim = Simulation(sample_scenario(chosen(n).settings, 1, generator(0, "example", n)))
    while sim.task[0] < 0:
        sim.step(np.array([0]))
    seen, feasible = observe(sim), sim.feasible()[0]
    call = partial(scheduler.decide, seen.task[0], seen.servers[0], feasible)
    return call(), 1e6 * min(timeit.repeat(call, number=1, repeat=20))


def draw(found: Any, axis: Any) -> None:
    for k, (n, results) in enumerate(found.items()):
        levels = [run.all_response.mean() for run in results.values()]
        axis.bar(np.arange(len(levels)) + 0.25 * k, levels, 0.25, label=f"{n} servers")
    axis.set(title=f"Mean response of all tasks, at most {DEADLINE:g} s, in s")
    axis.set_xticks(range(len(levels)), list(results), rotation=20, ha="right")


def main() -> None:
    given = options(__doc__ or "", __file__)
    pairs = [both(seed) for seed in range(given.choose(1, 10, 50))]
    params, scheduler = trained(given.choose(1, 40, 1000))
    rules = {"my rule": my_rule, "SCALE, masked": learned(params, RULES["masked"])}
    rules |= {name: HEURISTICS[name] for name in NAMES}
    rows: list[Row] = [("my agent's return", (pairs[0][0], "my rule"), pairs[0][1])]
    found: dict[int, dict[str, Episodes]] = {}
    for n in given.choose((16,), (16, 48), (16, 48, 128)):
        scenario, rng = System(n).episodes(given.choose(5, 20, 50), 0), generator(0, "example")
        found[n] = {name: play(scenario, rule, rng, DEADLINE) for name, rule in rules.items()}
        base = found[n]["fastest fit"]
        for name, run in found[n].items():
            response = words(run.all_response, base.all_response)
            shown = f"{response}; {words(run.returns, base.returns)}"
            rows.append((f"N = {n}, {name}: response in s; return", UNPUBLISHED, shown))
    for n in (16, 48, 128, 512, 2048):
        shown = "server {}, {:.0f} us".format(*decision(scheduler, n))
        rows.append((f"N = {n}: a call of the trained network", UNPUBLISHED, shown))
    table(rows)
    look_at("brackets, the difference to fastest fit: whose return is higher, and whose response?")
    figure(given, partial(draw, found))
    assert max(abs(a - b) for a, b in pairs) < 1e-9
    for runs in found.values():
        assert runs["my rule"].all_response.mean() < runs["random feasible"].all_response.mean()


if __name__ == "__main__":
    main()
