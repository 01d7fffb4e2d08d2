"""Specifies what the experiments consist of, in every profile."""

from __future__ import annotations

import pytest

from refimpl.dgpg.claims.experiments_results import job_of
from refimpl.dgpg.experiments import cells
from refimpl.dgpg.experiments.references import REFERENCES
from refimpl.dgpg.experiments.scale import FULL, PAPER, QUICK, Scale, scale_of
from refimpl.dgpg.experiments.systems import ALPHAS, COMPARED, SIZES
from refimpl.ledger import Context

SCALES = {"quick": QUICK, "full": FULL, "paper": PAPER}


@pytest.fixture(params=SCALES)
def scale(request: pytest.FixtureRequest) -> Scale:
    return SCALES[request.param]


def test_profiles_have_their_scales() -> None:
    assert scale_of(Context("quick")) is QUICK
    assert scale_of(Context("full")) is FULL


def test_the_paper_s_scale_has_its_sizes_seeds_and_lengths() -> None:
    assert tuple(PAPER.neural) == tuple(FULL.neural) == SIZES
    assert {n: each.seeds for n, each in PAPER.neural.items()} == {
        **dict.fromkeys((10, 20, 50, 100, 200), 5),
        **dict.fromkeys((500, 1000, 1500), 3),
    }
    lengths = [PAPER.compared[f"linear {name}"].episodes for name in ("DG-PG", "MAPPO", "IPPO")]
    assert lengths == [200, 500, 500]
    assert all(each.held_out == 10 for each in PAPER.neural.values())


def test_every_seed_has_a_run_of_its_own(scale: Scale) -> None:
    for n, length in scale.neural.items():
        runs = cells.scalability(scale, n)
        assert [run.repetition for run in runs] == list(range(length.seeds))
        assert {run.system.n_servers for run in runs} == {n}
        assert len({job_of(run, 0).name for run in runs}) == length.seeds


def test_compared_methods_have_the_same_systems_and_their_own_lengths(scale: Scale) -> None:
    for n in COMPARED:
        for lam in cells.LAMBDAS:
            runs = [cells.comparison(scale, n, method, lam)[0] for method in scale.compared]
            assert {run.system for run in runs} == {runs[0].system}
            assert {run.settings.lam for run in runs} == {lam}
            lengths = [run.settings.episodes for run in runs]
            assert lengths == [each.episodes for each in scale.compared.values()]
            assert all(not run.settings.hidden for run in runs)


def test_runs_have_the_weights_they_are_named_by(scale: Scale) -> None:
    for n in scale.weights:
        for alpha in ALPHAS:
            (run, *_) = cells.weight(scale, n, alpha)
            assert run.settings.alpha(0.3) == pytest.approx(alpha)


def test_references_are_played_on_the_test_episodes_of_the_learned_policies(scale: Scale) -> None:
    for n in (*COMPARED, *scale.neural):
        found = cells.references(scale, n)
        assert [reference.policy for reference in found] == list(REFERENCES)
        if n in scale.neural:
            (run, *_) = cells.scalability(scale, n)
            assert {(r.system, r.held_out) for r in found} == {(run.system, run.held_out)}


def test_both_families_measure_the_same_sizes(scale: Scale) -> None:
    direct, ten = (cells.measurements(scale, k) for k in (None, cells.FIXED_CLUSTERS))
    assert [m.n_servers for m in direct] == [m.n_servers for m in ten]
    assert all(m.n_clusters == m.n_servers for m in direct)
    assert all(m.n_clusters == cells.FIXED_CLUSTERS for m in ten)
    assert {m.n_servers for m in direct} == set(scale.variance)


def test_eight_runs_failed(scale: Scale) -> None:
    methods = [cells.failure(scale, k)[0].settings.minibatch for k in range(8)]
    assert methods == [256, 256, 256, 256, 50_000, 20_000, 10_000, 10_000]
