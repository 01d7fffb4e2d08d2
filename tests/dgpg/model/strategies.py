"""Valid clusters, workloads and episodes, by construction."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from refimpl.dgpg.model.instances import INSTANCE_TYPES, InstanceType
from refimpl.dgpg.model.scenario import Scenario, sample_scenario
from refimpl.dgpg.model.settings import JobClass, SystemSettings

SMALLEST_CPU = min(kind.cpu for kind in INSTANCE_TYPES)
SMALLEST_MEMORY = min(kind.memory for kind in INSTANCE_TYPES)
seeds = st.integers(0, 2**32 - 1)


@st.composite
def ranges(draw: st.DrawFn, low: float, high: float) -> tuple[float, float]:
    """Increasing pair in [low, high]."""
    first, second = draw(st.floats(low, high)), draw(st.floats(low, high))
    return min(first, second), max(first, second)


@st.composite
def job_classes(draw: st.DrawFn, share: float = 1.0) -> JobClass:
    """Jobs that fit every type of Table 4; half of the time large ones, so that queues form."""
    largest = draw(st.sampled_from([SMALLEST_CPU, 4.0]))
    return JobClass(
        share,
        shape=draw(st.floats(0.5, 4.0)),
        scale=draw(st.floats(0.1, 8.0)),
        cpu_range=draw(ranges(0.01, largest)),
        ratio_range=draw(ranges(0.1, 10.0)),
        memory_range=draw(ranges(0.01, SMALLEST_MEMORY)),
    )


@st.composite
def workloads(draw: st.DrawFn) -> tuple[JobClass, ...]:
    """One class of jobs, or two."""
    share = draw(st.floats(0.01, 0.99))
    if draw(st.booleans()):
        return (draw(job_classes(share)), draw(job_classes(1.0 - share)))
    return (draw(job_classes()),)


def type_sets() -> st.SearchStrategy[tuple[InstanceType, ...]]:
    """One to four different types."""
    return st.lists(st.sampled_from(INSTANCE_TYPES), min_size=1, max_size=4, unique=True).map(tuple)


@st.composite
def systems(draw: st.DrawFn, min_per_cluster: int = 1) -> SystemSettings:
    """Up to twelve servers and twenty steps; from nearly idle to a buffer that overflows."""
    n_clusters = draw(st.integers(1, 3))
    steps = draw(st.integers(1, 20))
    return SystemSettings(
        n_servers=n_clusters * draw(st.integers(min_per_cluster, 4)),
        n_clusters=n_clusters,
        steps=steps,
        arrival_steps=draw(st.integers(1, steps)),
        utilization=draw(st.floats(0.05, 0.99)),
        swing=draw(st.floats(0.0, 1.0)),
        period=draw(st.floats(1.0, 2000.0)),
        arrival_noise=draw(st.floats(0.0, 0.5)),
        job_classes=draw(workloads()),
        log_duration_mean=draw(st.floats(0.0, 3.0)),
        log_duration_std=draw(st.floats(0.1, 1.5)),
        max_duration=draw(st.floats(1.0, 40.0)),
        queue_weight=draw(st.floats(0.0, 2.0)),
        energy_weight=draw(st.floats(0.0, 10.0)),
        types=draw(type_sets()),
    )


@st.composite
def scenarios(draw: st.DrawFn, rollouts: int | None = None, min_per_cluster: int = 1) -> Scenario:
    """One to three episodes with at most some thousand jobs."""
    settings = draw(systems(min_per_cluster))
    count = rollouts or draw(st.integers(1, 3))
    return sample_scenario(settings, count, np.random.default_rng(draw(seeds)))


def fixed_actions(scenario: Scenario, seed: int, actions: int) -> np.ndarray:
    """Action (E, M) in 0..actions-1 of every job, so that each way to play takes the same."""
    shape = scenario.demand.shape[:2]
    return np.random.default_rng(seed).integers(0, actions, shape)
