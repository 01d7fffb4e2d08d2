"""Whole training episodes with Table 7's settings, against the times of Table 9.

Rollouts are collected on one thread; actor and critic then learn on a thread each. Table 9 was
measured on eight cores. The critic is fitted to every state once per pass, as in the experiments
here; a row per active agent, as usual implementations have it, is timed at the ends of the scale.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from benchmarks.dgpg.instances import table_7
from benchmarks.timing import Timing
from benchmarks.workload import Report, Settings, Target
from refimpl.dgpg.model.settings import SystemSettings
from refimpl.dgpg.train.driver import episode, start
from refimpl.dgpg.train.methods import every_value
from refimpl.dgpg.train.settings import TrainSettings

TABLE_9 = {
    10: 10.5,
    20: 18.9,
    50: 40.9,
    100: 144.0,
    200: 252.0,
    500: 210.0,
    1000: 252.0,
    1500: 336.0,
}
"""Seconds per episode on eight cores [DG-PG Table 9]."""
PER_SAMPLE = (10, 1500)


def run(settings: Settings) -> Report:
    """Time one episode at every scale, the second of a run at the small ones."""
    numbers: dict[str, float] = {}
    targets, timings = [], {}
    for n, theirs in TABLE_9.items():
        if settings.quick and n > 10:
            continue
        system, training = table_7(n)
        if settings.quick:
            system = replace(system, steps=30, arrival_steps=20)
        ours = replace(training, critic_samples=every_value, critic_minibatch=256)
        row = seconds(system, ours)
        timings[f"N = {n}"] = Timing((row["collecting"] + row["updating"],), 1, 0.0)
        numbers |= {f"N = {n}, {name}": value for name, value in row.items()}
        statement = f"N = {n}: seconds per episode, at most half of Table 9's"
        targets.append(Target(statement, timings[f"N = {n}"].median, high=theirs / 2))
        if n in PER_SAMPLE:
            row = seconds(system, training)
            numbers[f"N = {n}, critic per sample, s"] = row["collecting"] + row["updating"]
    return Report({"scales": tuple(TABLE_9)}, timings, numbers=numbers, targets=tuple(targets))


def seconds(system: SystemSettings, training: TrainSettings) -> dict[str, float]:
    """Run an episode; return the seconds it took, its samples and gradient steps."""
    with ThreadPoolExecutor(2) as pool:
        _, row = episode(system, training, start(system, training, 0), 0, 0, pool.map)
    names = ("collecting", "updating", "samples", "actor_steps", "critic_steps")
    return {name: row[name] for name in names}
