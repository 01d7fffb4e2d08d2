"""Specifies the tests that trained networks go through."""

from __future__ import annotations

from collections import Counter

import pytest

from refimpl.scale.experiments.batteries import BATTERIES, OTHER_WORKFLOWS, RULES, Episodes
from refimpl.scale.experiments.systems import MIXES, PUBLISHED_SIZES, System

EPISODES = Episodes(5, ((128, 3), (512, 2)), 60.0)


@pytest.mark.parametrize("name", BATTERIES)
def test_no_test_comes_twice(name: str) -> None:
    trials = BATTERIES[name](System(), EPISODES)
    assert set(Counter(trial.name for trial in trials).values()) == {1}
    assert {trial.deadline for trial in trials} <= {None, 60.0}


@pytest.mark.parametrize("name", BATTERIES)
def test_the_changed_constant_is_tested_too(name: str) -> None:
    system = System(changes="dt 0.5")
    changes = {trial.system.changes for trial in BATTERIES[name](system, EPISODES)}
    assert changes - set(OTHER_WORKFLOWS) - {"chosen"} == {"dt 0.5"}


def test_published_sizes_are_tested_with_every_rule_and_metric() -> None:
    trials = BATTERIES["published sizes"](System(), EPISODES)
    assert len(trials) == len(PUBLISHED_SIZES) * len(RULES) * 2


def test_values_are_not_drawn_from() -> None:
    trials = BATTERIES["own size, values"](System(), EPISODES)
    assert {trial.rule for trial in trials} == {"greedy", "masked"}
    assert {trial.system for trial in trials} == {System()}


def test_everything_has_larger_sizes_mixes_workflows_and_events() -> None:
    trials = BATTERIES["everything"](System(), EPISODES)
    systems = {trial.system for trial in trials}
    assert {s.n_servers for s in systems} == {*PUBLISHED_SIZES, 128, 512}
    assert {s.mix for s in systems} == set(MIXES)
    assert {s.changes for s in systems} == {"chosen", *OTHER_WORKFLOWS}
    assert {s.events for s in systems} == {"steady", "elastic"}
    counts = {(t.system.n_servers, t.episodes) for t in trials if t.system.n_servers > 48}
    assert counts == {(128, 3), (512, 2)}


def test_episodes_name_everything() -> None:
    names = {e.name for e in (EPISODES, Episodes(5), Episodes(6), Episodes(5, (), 60.0))}
    assert len(names) == 4
