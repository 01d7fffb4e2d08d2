"""Specifies the sizes of both profiles: the full one is the paper's."""

from __future__ import annotations

from refimpl.ledger import Context
from refimpl.meanfield.experiments.actor_critic import NAMES
from refimpl.meanfield.experiments.methods import SETTINGS
from refimpl.meanfield.experiments.scale import FULL, PRESETS, QUICK, TOPOLOGIES, scale_of
from refimpl.meanfield.experiments.settings import GRAPHS, training


def test_the_full_profile_has_the_paper_s_delays_and_episodes() -> None:
    assert scale_of(Context("full")) is FULL
    assert scale_of(Context("quick")) is QUICK
    assert FULL.episodes == 100
    assert FULL.delays == tuple(range(1, 11))
    assert set(TOPOLOGIES) == set(GRAPHS)
    for topology in TOPOLOGIES:
        assert FULL.learned[topology, "ours"] == FULL.delays


def test_both_profiles_know_every_method() -> None:
    for scale in (FULL, QUICK):
        assert set(scale.iterations) == set(SETTINGS)
        assert {preset for _, preset in scale.learned} <= set(PRESETS)
        assert set(scale.rounds) == set(NAMES)


def test_training_is_repeated_where_the_claims_look() -> None:
    runs = [FULL.runs_at(training("torus", dt), "ours") for dt in (1.0, 3.0, 7.0)]
    assert runs == [1, 3, 3]
    assert FULL.runs_at(training("torus", 3.0), "published") == 1
    assert QUICK.runs_at(training("ring", 5.0), "ours") == 1


def test_delays_are_picked_from_those_that_are_trained() -> None:
    assert QUICK.trained("ring", "ours", (3.0, 5.0)) == (5.0,)
    assert QUICK.trained("nowhere", "ours", (3.0, 5.0)) == ()
