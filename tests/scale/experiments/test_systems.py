"""Specifies the systems of the experiments."""

from __future__ import annotations

import numpy as np
import pytest

from refimpl.scale.experiments.systems import (
    BEYOND,
    CHANGES,
    EVENTS,
    MIXES,
    PUBLISHED_SIZES,
    System,
)
from refimpl.scale.model.settings import TABLE_1


@pytest.mark.parametrize("n", PUBLISHED_SIZES)
def test_published_sizes_have_the_servers_of_table_1(n: int) -> None:
    settings = System(n).settings
    assert settings.counts == TABLE_1[n]
    assert settings.arrival_rate == n / 16


@pytest.mark.parametrize("n", [*PUBLISHED_SIZES, *BEYOND])
@pytest.mark.parametrize("mix", MIXES)
def test_mixes_have_as_many_servers(n: int, mix: str) -> None:
    assert System(n, mix=mix).settings.n_servers == n


@pytest.mark.parametrize("changes", CHANGES)
def test_changes_change_what_they_say_and_nothing_else(changes: str) -> None:
    changed, usual = System(changes=changes).settings, System().settings
    differing = {k for k in vars(usual) if getattr(changed, k) != getattr(usual, k)}
    assert differing == set(CHANGES[changes])


@pytest.mark.parametrize(
    ("field", "value"), [("changes", "dt 9"), ("mix", "1:1:1"), ("events", "stormy")]
)
def test_an_unknown_key_is_refused(field: str, value: str) -> None:
    with pytest.raises(ValueError, match=f"{field} must be one of .*; got '{value}'"):
        System(**{field: value})


def test_episodes_depend_on_the_system_and_the_seed_alone() -> None:
    first, again, other = (System().episodes(2, seed) for seed in (0, 0, 1))
    assert np.array_equal(first.arrival, again.arrival)
    assert not np.array_equal(first.arrival, other.arrival)


def test_other_rewards_leave_the_workflows_as_they_are() -> None:
    usual, rewarded, edged = (
        System(changes=changes).episodes(2, 0)
        for changes in ("chosen", "no delay term", "independent edges")
    )
    assert np.array_equal(usual.arrival, rewarded.arrival)
    assert not np.array_equal(usual.arrival, edged.arrival)


def test_elastic_clusters_change_but_keep_a_large_server() -> None:
    scenario = System(events="elastic").episodes(20, 0)
    counts = [(scenario.joins > 0).sum(), np.isfinite(scenario.leaves).sum()]
    counts += [np.isfinite(scenario.fails).sum()]
    assert min(counts) > 0
    stays = (scenario.joins == 0) & np.isinf(scenario.leaves) & np.isinf(scenario.fails)
    assert stays[:, -1].all()
    assert (scenario.memory[:, -1] == scenario.memory.max()).all()
    assert EVENTS.keys() == {"steady", "elastic"}
