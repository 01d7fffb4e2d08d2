"""The ready-made ways do what ours does: a rival that is wrong proves nothing."""

from __future__ import annotations

import importlib.util
from functools import partial

import numpy as np
import pytest

from benchmarks.meanfield.epoch import _agreement
from benchmarks.meanfield.events import ciw_run, compiled_episode, gillespie_episode, simpy_episode
from benchmarks.meanfield.instances import ring_system

missing = {name: not importlib.util.find_spec(name) for name in ("numba", "simpy", "ciw")}


def needs(package: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(missing[package], reason=f"{package} not installed")


def test_plain_events_drop_as_many_as_ours() -> None:
    """Two-sample z-score over 20 episodes of 40 queues; |z| < 4."""
    assert abs(_agreement(gillespie_episode, ring_system(40), 10)) < 4


def test_a_wrong_rival_is_noticed() -> None:
    def biased(rule, rates, *rest):  # type: ignore[no-untyped-def]
        return gillespie_episode(rule, 1.2 * rates, *rest)

    assert abs(_agreement(biased, ring_system(40), 10)) > 4


@needs("numba")
def test_compiled_events_drop_as_many_as_ours() -> None:
    assert abs(_agreement(compiled_episode(), ring_system(200), 10)) < 4


@needs("simpy")
def test_simpy_drops_as_many_as_ours() -> None:
    assert abs(_agreement(simpy_episode, ring_system(40), 10)) < 4


@needs("ciw")
def test_ciw_serves_what_bounded_queues_serve() -> None:
    """In the long run a queue serves 0.9 (1 - 0.126) jobs per unit of time; within 5%."""
    assert abs(ciw_run(2, 5, 2000.0, 0) / (2 * 2000.0 * 0.9 * (1 - 0.1260)) - 1) < 0.05


def test_the_same_seed_plays_the_same_episode() -> None:
    play = partial(gillespie_episode, np.linspace(0, 1, 6), [0.9] * 3, 5, 5, 2.0)
    assert play(1) == play(1)
    assert play(1) != play(2)
