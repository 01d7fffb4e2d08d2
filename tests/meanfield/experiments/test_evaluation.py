"""Specifies the evaluation: golden means, scaling to common time, common random numbers."""

from __future__ import annotations

import numpy as np
import pytest

from refimpl.meanfield.experiments.evaluation import HEURISTICS, drops_per_queue, evaluate, job
from refimpl.meanfield.experiments.settings import Setting
from refimpl.meanfield.model.arrivals import Modulation
from refimpl.meanfield.model.epoch import interpolated_epoch
from refimpl.meanfield.policies.rules import own_queue
from refimpl.shared.bounded_queue import epoch_kernel

# Drops per queue from empty when every queue gets the common rate, over round(50 / dt) epochs.
GOLDEN = {
    1: "3.426",
    2: "3.473",
    3: "3.580",
    4: "3.348",
    5: "3.514",
    6: "3.346",
    7: "3.420",
    8: "3.325",
    9: "3.813",
    10: "3.462",
}


def expected_own(dt: float, epochs: int) -> float:
    """Mean over all rate paths: joint law of (level, state), propagated."""
    modulation = Modulation()
    kernels = [epoch_kernel(rate, 1.0, 5, dt) for rate in modulation.rates]
    law, total = np.outer(modulation.start, np.eye(6)[0]), 0.0
    for _ in range(epochs):
        total += sum(law[k] @ kernels[k].expected_drops for k in (0, 1))
        law = modulation.transitions.T @ np.stack([law[k] @ kernels[k].transitions for k in (0, 1)])
    return float(total)


@pytest.mark.parametrize(("dt", "printed"), GOLDEN.items())
def test_golden_means_of_sending_to_the_own_queue(dt: int, printed: str) -> None:
    epochs = round(50 / dt)
    exact = expected_own(dt, epochs)
    assert f"{exact:.3f}" == printed
    drops = drops_per_queue(Setting("ring", 101, float(dt)), own_queue, 400, seed=0)
    error = drops.std(ddof=1) / np.sqrt(drops.size)
    assert abs(drops.mean() - exact * 50 / (epochs * dt)) < 4 * error


def test_policies_of_one_setting_meet_the_same_arrivals_and_noise() -> None:
    setting = Setting("ring", 30, 5.0)
    own, random = (evaluate(setting, name, 7, 3)["drops"] for name in ("OWN", "RND"))
    np.testing.assert_allclose(own, random, atol=1e-12)


def test_sizes_of_one_delay_meet_the_same_arrivals() -> None:
    """On large rings the drops of an episode are nearly a function of its arrival rates."""
    small, big = (evaluate(Setting("ring", n, 10.0), "OWN", 30, 0)["drops"] for n in (400, 4000))
    assert np.corrcoef(small, big)[0, 1] > 0.98


def test_the_epoch_may_be_chosen() -> None:
    setting = Setting("ring", 12, 4.0)
    table = drops_per_queue(setting, own_queue, 5, 1)
    series = drops_per_queue(setting, own_queue, 5, 1, epoch=interpolated_epoch)
    np.testing.assert_allclose(table, series, atol=1e-10)


@pytest.mark.parametrize("policy", HEURISTICS)
def test_every_heuristic_runs_everywhere(policy: str) -> None:
    for setting in (Setting("cm", 31, 5.0, fast=2.0), Setting("bethe", 3, 2.0, buffer=3)):
        drops = evaluate(setting, policy, 3, 0)["drops"]
        assert drops.shape == (3,)
        assert (drops > 0).all()


def test_the_job_does_what_its_name_says() -> None:
    task = job(Setting("ring", 9, 5.0), "JSQ", 4, 2)
    assert "JSQ/ring9/dt5/" in task.name
    assert task.name.endswith("episodes4/seed2")
    again = task.function(*task.args, checkpoint=None)["drops"]
    np.testing.assert_array_equal(again, evaluate(Setting("ring", 9, 5.0), "JSQ", 4, 2)["drops"])


def test_an_unknown_policy_is_refused() -> None:
    with pytest.raises(ValueError, match="policy must be one of"):
        evaluate(Setting("ring", 9, 5.0), "LIFO", 1, 0)
