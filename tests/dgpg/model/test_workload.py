"""Specifies jobs and arrivals by their laws, exactly where possible, else by z-scores below 4."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import lognorm

from refimpl.dgpg.model.instances import INSTANCE_TYPES
from refimpl.dgpg.model.scenario import sample_scenario
from refimpl.dgpg.model.settings import CPU_INTENSIVE, MEMORY_INTENSIVE, JobClass, chosen
from refimpl.dgpg.model.simulator import Simulation
from refimpl.dgpg.model.workload import (
    GRAIN,
    arrival_rates,
    base_rate,
    demand_of,
    mean_demand,
    mean_duration,
    sample_durations,
    sample_jobs,
)
from refimpl.dgpg.policies.heuristics import best_fit
from refimpl.shared.seeds import generator
from refimpl.shared.statistics import binomial_z_score, z_score
from tests.dgpg.model.strategies import job_classes, seeds, systems

SETTINGS = chosen(10).settings
SAMPLES = 200_000
unit = st.floats(0.0, 1.0, exclude_max=True)


@given(job_classes(), unit, unit)
def test_demands_are_quantiles_of_the_stated_laws(job: JobClass, u: float, v: float) -> None:
    """``P(cpu > c) = (scale / c)^shape`` before the cuts; all on a grid of 1/1024."""
    cpu, memory = demand_of(job, np.array(u), np.array(v))
    free = job.scale / (1.0 - u) ** (1.0 / job.shape)
    low, high = job.cpu_range
    cut = min(max(free, low), high)
    assert abs(cpu - cut) <= 0.5 / GRAIN + 1e-12 * cut
    wanted = cut * (job.ratio_range[0] * (1.0 - v) + job.ratio_range[1] * v)
    wanted = min(max(wanted, job.memory_range[0]), job.memory_range[1])
    assert abs(memory - wanted) <= 0.5 / GRAIN + 1e-12 * wanted
    assert (cpu * GRAIN) % 1 == (memory * GRAIN) % 1 == 0


@given(systems(), seeds)
def test_jobs_stay_in_their_ranges_and_fit_every_server(settings, seed: int) -> None:
    demand, duration = sample_jobs(settings, (3, 50), np.random.default_rng(seed))
    assert demand.shape == (3, 50, 2)
    assert duration.shape == (3, 50)
    largest = np.array(settings.largest_demand)
    assert (demand >= 0).all()
    # A bound that is not on the grid is passed by half a step at most.
    assert (demand <= largest + 0.5 / GRAIN).all()
    assert (duration >= 1).all()
    assert (duration <= settings.max_duration).all()


def test_sixty_percent_are_cpu_intensive_with_the_published_tails() -> None:
    """200,000 jobs; the classes are told apart by GB per core, at most 2 or at least 4."""
    demand, _ = sample_jobs(SETTINGS, (SAMPLES,), generator(0, "jobs"))
    ratio = demand[:, 1] / demand[:, 0]
    intensive = ratio < 3
    # Rounding to the grid moves a ratio by less than 1 percent.
    assert ((ratio[intensive] < 2.02) & (ratio[intensive] > 0.98)).all()
    assert ((ratio[~intensive] > 3.98) & (ratio[~intensive] < 8.02)).all()
    assert abs(binomial_z_score(int(intensive.sum()), SAMPLES, 0.6)) < 4
    for chosen_jobs, shape in ((intensive, 1.7), (~intensive, 2.2)):
        cpu = demand[chosen_jobs, 0]
        for level in (2.5, 4.0, 6.0, 7.5):
            tail = (2.0 / (level + 0.5 / GRAIN)) ** shape
            assert abs(binomial_z_score(int((cpu > level).sum()), cpu.size, tail)) < 4
    assert demand[intensive, 0].max() == 16.0
    assert demand[~intensive, 0].max() == 8.0


def test_the_mean_demand_is_that_of_samples() -> None:
    demand, _ = sample_jobs(SETTINGS, (SAMPLES,), generator(1, "jobs"))
    for k, expected in enumerate(mean_demand(SETTINGS)):
        assert abs(z_score(demand[:, k], float(expected))) < 4


@pytest.mark.parametrize("job", [CPU_INTENSIVE, MEMORY_INTENSIVE])
def test_the_mean_demand_is_the_integral(job: JobClass) -> None:
    """``E[cpu] = low + int_low^high (scale / c)^shape dc``, ``scale`` above ``low``."""
    alone = replace(SETTINGS, job_classes=(replace(job, share=1.0),))
    tail = quad(lambda c: (job.scale / c) ** job.shape, job.scale, job.cpu_range[1])[0]
    cpu, memory = mean_demand(alone)
    assert cpu == pytest.approx(job.scale + tail, rel=1e-3)
    # Here no memory demand is cut, and the ratio is independent of the cores.
    assert memory == pytest.approx(cpu * sum(job.ratio_range) / 2, rel=1e-3)


@given(st.floats(0.0, 3.0), st.floats(0.1, 1.5), st.floats(1.5, 300.0))
def test_the_mean_duration_is_the_integral(mu: float, sigma: float, longest: float) -> None:
    """``E[D] = 1 + int_1^max P(D > x) dx``."""
    settings = replace(SETTINGS, log_duration_mean=mu, log_duration_std=sigma, max_duration=longest)
    law = lognorm(sigma, scale=np.exp(mu))
    expected = 1.0 + quad(law.sf, 1.0, longest, epsrel=1e-10, limit=200)[0]
    assert mean_duration(settings) == pytest.approx(expected, rel=1e-7)


def test_durations_have_the_published_mean_of_twenty_steps() -> None:
    """200,000 jobs; the standard deviation is about as large as the mean."""
    drawn = sample_durations(SETTINGS, (SAMPLES,), generator(2))
    assert abs(z_score(drawn, mean_duration(SETTINGS))) < 4
    assert mean_duration(SETTINGS) == pytest.approx(20.0, abs=0.15)
    assert drawn.std() > 0.9 * drawn.mean()
    assert abs(binomial_z_score(int((drawn > np.exp(2.5)).sum()), SAMPLES, 0.5)) < 4


@given(systems(), seeds)
def test_the_base_rate_fills_the_scarcest_resource_to_the_target(settings, seed: int) -> None:
    """Little's law: ``rate E[d_k] E[D]`` is the work per step that servers of speed eta must do."""
    kinds = np.random.default_rng(seed).integers(0, 12, settings.n_servers)
    capacity = np.array([[INSTANCE_TYPES[i].cpu, INSTANCE_TYPES[i].memory] for i in kinds])
    speed = np.array([INSTANCE_TYPES[i].cpu_efficiency for i in kinds])
    rate = float(base_rate(settings, capacity, speed))
    work = rate * mean_demand(settings) * mean_duration(settings)
    used = work / (speed @ capacity)
    assert used.max() == pytest.approx(settings.utilization, rel=1e-12)
    batch = base_rate(settings, np.stack([capacity, 2 * capacity]), np.stack([speed, speed]))
    np.testing.assert_allclose(batch, [rate, 2 * rate], rtol=1e-12)


def test_a_cluster_that_never_queues_is_as_busy_as_its_target() -> None:
    """Sixty episodes of one type of server at load 0.3, Best-Fit; z-score of their utilisation.

    Steps 400 to 800: the longest job takes 211 steps, so the cluster is stationary by then.
    Rounding run times to whole steps moves the mean by less than 0.1 percent.
    """
    kind = INSTANCE_TYPES[3]
    settings = replace(
        chosen(20).settings, steps=800, arrival_steps=800, utilization=0.3, swing=0.0, types=(kind,)
    )
    simulation, rng = Simulation(sample_scenario(settings, 60, generator(3))), generator(4)
    busy = np.zeros(60)
    for t in range(800):
        jobs = simulation.begin()
        simulation.place(jobs, best_fit(simulation, jobs, rng))
        assert not simulation.queue_length.any()
        busy += (t >= 400) * (simulation.used / simulation.capacity)[..., 0].mean(axis=1) / 400
        simulation.finish()
    work = mean_demand(settings)
    target = 0.3 * min(1.0, (work[0] / kind.cpu) / (work[1] / kind.memory))
    assert z_score(busy, 0.999 * target) > -4
    assert z_score(busy, 1.001 * target) < 4


def test_arrival_rates_follow_a_tide_of_a_thousand_steps() -> None:
    """Without noise exactly; with it, the noise has the stated deviation (200 times 2000 draws)."""
    base = np.linspace(1.0, 3.0, 200)
    t = np.arange(2000)
    tide = 1.0 + 0.3 * np.sin(2.0 * np.pi * t / 1000.0)
    exact = arrival_rates(replace(SETTINGS, arrival_noise=0.0), base, generator(5))
    np.testing.assert_allclose(exact[:, :2000], base[:, None] * tide, rtol=1e-12)
    np.testing.assert_allclose(exact[:, :1000], exact[:, 1000:2000], rtol=1e-9)
    assert not exact[:, 2000:].any()
    noise = arrival_rates(SETTINGS, base, generator(6))[:, :2000] / base[:, None] - tide
    assert abs(z_score(noise.ravel(), 0.0)) < 4
    assert abs(z_score(noise.ravel() ** 2, 0.1**2)) < 4


def test_rates_are_never_negative() -> None:
    wild = replace(SETTINGS, arrival_noise=5.0, swing=1.0)
    rates = arrival_rates(wild, np.ones(3), generator(7))
    assert rates.min() == 0.0
    assert (rates[:, :2000] == 0).any()
    assert (rates[:, :2000] > 0).any()
