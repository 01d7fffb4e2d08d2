"""Jobs and the rate at which they arrive [DG-PG App. H.1]."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from refimpl.dgpg.model.settings import JobClass, SystemSettings

Floats = NDArray[np.float64]

GRAIN = 1024
"""Demands are multiples of 1/GRAIN, so that sums of them are exact and release undoes placement."""


def sample_jobs(
    settings: SystemSettings, shape: tuple[int, ...], rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Draw jobs [DG-PG App. H.1].

    Returns
    -------
    demand : (*shape, 2) float
        Cores and GB.
    duration : (*shape,) float
        Nominal run time in steps, on a server of CPU efficiency 1.
    """
    kind = rng.choice(len(settings.job_classes), p=shares(settings), size=shape)
    uniforms = rng.random((2, *shape))
    demand = np.zeros((*shape, 2))
    for index, job in enumerate(settings.job_classes):
        chosen = kind == index
        demand[chosen] = demand_of(job, uniforms[0][chosen], uniforms[1][chosen])
    return demand, sample_durations(settings, shape, rng)


def shares(settings: SystemSettings) -> Floats:
    """Return the fraction of the arrivals in each class."""
    return np.array([job.share for job in settings.job_classes])


def demand_of(job: JobClass, u: Floats, v: Floats) -> Floats:
    """Return the demand at quantiles ``u`` of the CPU and ``v`` of the ratio [DG-PG App. H.1].

    Convention: the classical Pareto law, ``scale`` is its smallest value.
    """
    cpu = np.clip(job.scale * (1 - u) ** (-1 / job.shape), *job.cpu_range)
    low, high = job.ratio_range
    memory = np.clip(cpu * (low + v * (high - low)), *job.memory_range)
    return np.rint(np.stack([cpu, memory], axis=-1) * GRAIN) / GRAIN


def sample_durations(
    settings: SystemSettings, shape: tuple[int, ...], rng: np.random.Generator
) -> Floats:
    """Draw nominal run times in steps: log-normal, cut [DG-PG App. H.1]."""
    drawn = rng.lognormal(settings.log_duration_mean, settings.log_duration_std, shape)
    return np.clip(drawn, 1.0, settings.max_duration)


def mean_demand(settings: SystemSettings, points: int = 400) -> Floats:
    """Return the expected cores and GB of a job, by the midpoint rule over both quantiles."""
    return np.array(_mean_demand(settings.job_classes, points))


@lru_cache(maxsize=64)
def _mean_demand(job_classes: tuple[JobClass, ...], points: int) -> tuple[float, ...]:
    # Every new scenario asks for it, and it takes longer than to draw a small one.
    grid = (np.arange(points) + 0.5) / points
    u, v = np.meshgrid(grid, grid)
    means = [demand_of(job, u, v).mean(axis=(0, 1)) for job in job_classes]
    total = np.array([job.share for job in job_classes]) @ np.array(means)
    return tuple(total.tolist())


def mean_duration(settings: SystemSettings) -> float:
    """Return the expected nominal run time in steps: mean of the cut log-normal law."""
    mu, sigma = settings.log_duration_mean, settings.log_duration_std
    low, high = math.log(1.0), math.log(settings.max_duration)
    below = stats.norm.cdf((low - mu) / sigma)
    above = stats.norm.sf((high - mu) / sigma)
    inside = math.exp(mu + sigma**2 / 2) * (
        stats.norm.cdf((high - mu) / sigma - sigma) - stats.norm.cdf((low - mu) / sigma - sigma)
    )
    return float(below + settings.max_duration * above + inside)


def base_rate(settings: SystemSettings, capacity: Floats, cpu_efficiency: Floats) -> Any:
    """Return the capacity-aware mean arrival rate in jobs per step [DG-PG App. H.1].

    ``utilization * min_k sum_n eta_n C_nk / (E[d_k] E[D])``: by Little's law the scarcest
    resource is then busy to the given fraction.

    Parameters
    ----------
    settings : SystemSettings
    capacity : (..., N, 2) float
    cpu_efficiency : (..., N) float

    Returns
    -------
    (...) float
    """
    work = mean_demand(settings) * mean_duration(settings)
    speed = (cpu_efficiency[..., None] * capacity).sum(axis=-2)
    return settings.utilization * (speed / work).min(axis=-1)


def arrival_rates(settings: SystemSettings, base: Floats, rng: np.random.Generator) -> Floats:
    """Return tidal arrival rates with Gaussian noise, cut at 0 [DG-PG App. H.1].

    ``base (1 + swing sin(2 pi t / period)) + noise``, 0 after the last arrival.

    Parameters
    ----------
    settings : SystemSettings
    base : (E,) float
    rng : Generator

    Returns
    -------
    (E, T) float
        Jobs per step.
    """
    t = np.arange(settings.arrival_steps)
    tide = 1 + settings.swing * np.sin(2 * np.pi * t / settings.period)
    noise = settings.arrival_noise * rng.standard_normal((len(base), settings.arrival_steps))
    rates = np.zeros((len(base), settings.steps))
    rates[:, : settings.arrival_steps] = np.maximum(base[:, None] * (tide + noise), 0.0)
    return rates
