"""Claims about jobs and arrivals: Fig. 1 and App. H.1."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from refimpl.dgpg.model.scenario import Scenario, sample_scenario
from refimpl.dgpg.model.settings import SystemSettings, chosen
from refimpl.dgpg.model.simulator import Simulation
from refimpl.dgpg.model.workload import mean_duration, sample_jobs
from refimpl.dgpg.policies.heuristics import best_fit
from refimpl.findings import empirical, exactly, interval
from refimpl.ledger import Claim, Context, Control, Finding, Kind
from refimpl.shared.statistics import Interval, clopper_pearson, mean_interval

Floats = NDArray[np.float64]
Sampler = Callable[[SystemSettings, int, np.random.Generator], Scenario]

SETTINGS = chosen(10).settings
CONFIDENCE = 0.9999  # three intervals in each check; all must contain what the paper says


def drawn_jobs(n_jobs: int, rng: np.random.Generator) -> Floats:
    """Demands (n, 2) of the chosen workload."""
    return sample_jobs(SETTINGS, (n_jobs,), rng)[0]


def lomax_jobs(n_jobs: int, rng: np.random.Generator) -> Floats:
    """Take NumPy's ``pareto``, which starts at 0, for the classical law, which starts at 1."""
    demand = drawn_jobs(n_jobs, rng)
    intensive = demand[:, 1] < 3 * demand[:, 0]
    cpu = 2.0 * rng.pareto(np.where(intensive, 1.7, 2.2))
    cpu = np.clip(cpu, 1.0, np.where(intensive, 16.0, 8.0))
    return np.asarray(demand * (cpu / demand[:, 0])[:, None])


def tail_exponent(cpu: Floats) -> Interval:
    """Exponent of a Pareto tail above 2 cores, from how many need more than 6 cores.

    ``P(cpu > 6) = 3^-exponent``; the share's interval, mapped.
    """
    share = clopper_pearson(int((cpu > 6.0).sum()), cpu.size, CONFIDENCE)
    ends = [-np.log(x) / np.log(3.0) for x in (share.mean, share.high, share.low)]
    return Interval(*(float(x) for x in ends))


def check_jobs(sample: Callable[[int, np.random.Generator], Floats], context: Context) -> Finding:
    """Mix and tails of 100,000 jobs; below 3 GB per core a job is CPU-intensive."""
    demand = sample(100_000, context.rng("dgpg", "workload"))
    intensive = demand[:, 1] < 3 * demand[:, 0]
    share = clopper_pearson(int(intensive.sum()), len(demand), CONFIDENCE)
    cpu, memory = (tail_exponent(demand[kind, 0]) for kind in (intensive, ~intensive))
    found = share.contains(0.6) and cpu.contains(1.7) and memory.contains(2.2)
    evidence = interval("cpu_intensive", share) | interval("cpu_intensive_tail", cpu)
    return empirical(found, evidence | interval("memory_intensive_tail", memory))


def check_duration(settings: SystemSettings, context: Context) -> Finding:
    """Mean of the cut log-normal law against 20 steps, stated without decimals."""
    del context
    mean = mean_duration(settings)
    return exactly(abs(mean - 20.0), 0.5, mean=mean)


def tide(settings: SystemSettings, rollouts: int, rng: np.random.Generator) -> Floats:
    """Mean number of arrivals in each step of the arrival phase."""
    offsets = sample_scenario(settings, rollouts, rng).offsets
    return np.asarray(np.diff(offsets, axis=1)[:, : settings.arrival_steps].mean(axis=0))


def check_tide(settings: SystemSettings, context: Context) -> Finding:
    """Period of the strongest wave in the arrivals of 40 episodes, and its relative amplitude."""
    arrivals = tide(settings, 40, context.rng("dgpg", "tide"))
    wave = np.abs(np.fft.rfft(arrivals - arrivals.mean()))
    strongest = int(wave.argmax())
    period = arrivals.size / strongest
    amplitude = 2 * float(wave[strongest]) / arrivals.size / float(arrivals.mean())
    rest = float(np.sort(wave)[-2] / wave[strongest])
    found = period == 1000.0 and rest < 0.5
    return empirical(found, {"period": period, "swing": amplitude, "second_wave": rest})


def calibrated(settings: SystemSettings, rollouts: int, rng: np.random.Generator) -> Scenario:
    """Episodes whose arrivals are calibrated to their own cluster."""
    return sample_scenario(settings, rollouts, rng)


def miscalibrated(settings: SystemSettings, rollouts: int, rng: np.random.Generator) -> Scenario:
    """Episodes that get the arrivals of another one's cluster."""
    scenario = sample_scenario(settings, rollouts, rng)
    other = np.roll(np.arange(rollouts), 1)
    return replace(
        scenario, capacity=scenario.capacity[other], efficiency=scenario.efficiency[other]
    )


def check_utilization(sample: Sampler, context: Context) -> Finding:
    """Busy fraction of each cluster's scarcer resource under Best-Fit, no tide, steps 200 to 500.

    A tenth of the target is allowed: the rate assumes work spread in proportion to speed, which no
    policy does exactly, and 300 steps are a finite time.
    """
    settings = replace(SETTINGS, steps=500, arrival_steps=500, swing=0.0)
    rng = context.rng("dgpg", "utilization")
    scenario = sample(settings, 24, rng)
    simulation, used = Simulation(scenario), np.zeros((24, 2))
    for t in range(settings.steps):
        jobs = simulation.begin()
        simulation.place(jobs, best_fit(simulation, jobs, rng))
        used += (t >= 200) * simulation.used.sum(axis=1) / 300
        simulation.finish()
    busy = (used / scenario.capacity.sum(axis=1)).max(axis=1)
    found, target = mean_interval(busy), settings.utilization
    gap = float(np.sqrt(((busy - target) ** 2).mean()))
    margin = 0.1 * target
    close = gap < margin and target - margin < found.low and found.high < target + margin
    return empirical(close, interval("utilization", found) | {"target": target, "rms_gap": gap})


CLAIMS = (
    Claim(
        "dgpg/workload-mix",
        "App. H.1, Fig. 1a",
        "60 percent of the jobs are CPU-intensive with a Pareto tail of exponent 1.7, the others "
        "memory-intensive with exponent 2.2.",
        ("DG-73", "DG-91a"),
        Kind.STATISTICAL,
        check_jobs,
        drawn_jobs,
        Control("NumPy's pareto, a Lomax law, taken for the classical one", lomax_jobs),
    ),
    Claim(
        "dgpg/workload-duration",
        "App. H.1",
        "Nominal run times have a mean of 20 steps.",
        ("DG-73",),
        Kind.EXACT,
        check_duration,
        SETTINGS,
        Control("log(20) as the mean of the logarithm", replace(SETTINGS, log_duration_mean=3.0)),
    ),
    Claim(
        "dgpg/arrivals-tide",
        "App. H.1, Fig. 1c",
        "Arrivals follow a tide with a period of 1000 steps.",
        ("DG-73", "DG-91a"),
        Kind.STATISTICAL,
        check_tide,
        SETTINGS,
        Control("a tide of 500 steps", replace(SETTINGS, period=500.0)),
    ),
    Claim(
        "dgpg/capacity-aware-rate",
        "App. H.1",
        "The base rate is calibrated to the cluster's capacity so that it is busy to the target.",
        ("DG-73",),
        Kind.STATISTICAL,
        check_utilization,
        calibrated,
        Control("arrivals calibrated to another cluster", miscalibrated),
    ),
)
