"""Specifies what the experiments consist of, in every profile."""

from __future__ import annotations

import pytest

from refimpl.ledger import Context
from refimpl.scale.claims.experiments_results import job_of
from refimpl.scale.experiments import cells
from refimpl.scale.experiments.methods import METHODS
from refimpl.scale.experiments.scale import CONSTANTS, FULL, QUICK, Scale, scale_of
from refimpl.scale.experiments.systems import BEYOND, System

SCALES = {"quick": QUICK, "full": FULL}


@pytest.fixture(params=SCALES)
def scale(request: pytest.FixtureRequest) -> Scale:
    return SCALES[request.param]


def test_profiles_have_their_scales() -> None:
    assert scale_of(Context("quick")) is QUICK
    assert scale_of(Context("full")) is FULL


def test_the_full_scale_has_the_paper_s_epochs_episodes_and_five_seeds() -> None:
    assert (FULL.arms.epochs, FULL.episodes.published) == (1000, 30)
    assert FULL.arms.seeds >= 5
    assert tuple(n for n, _ in FULL.episodes.beyond) == BEYOND
    assert FULL.constants == CONSTANTS


def test_every_seed_has_a_run_of_its_own(scale: Scale) -> None:
    for name in cells.METHODS:
        runs = cells.method(scale, name)
        assert [run.repetition for run in runs] == list(range(len(runs)))
        assert len(runs) >= 2
        assert len({job_of(run, 0).name for run in runs}) == len(runs)


def test_the_arms_differ_in_the_regulariser_alone(scale: Scale) -> None:
    ours, plain = (cells.arm(scale, name)[0].settings for name in cells.ARMS)
    differing = {k for k in vars(ours) if getattr(ours, k) != getattr(plain, k)}
    assert differing == {"regularizer"}


def test_every_ablation_differs_from_its_arm_in_one_field(scale: Scale) -> None:
    for name in cells.ABLATIONS:
        arm = "CrossAttn" if name.startswith("CrossAttn") else "SCALE"
        ours, usual = cells.ablation(scale, name)[0].settings, METHODS[arm]
        differing = {k for k in vars(ours) if getattr(ours, k) != getattr(usual, k)}
        assert len(differing - {"epochs", "stage"}) == 1


def test_sensitivity_changes_the_system_only(scale: Scale) -> None:
    for changes in scale.constants:
        run = cells.sensitivity(scale, changes, "SCALE")[0]
        assert run.system == System(changes=changes)
        assert run.method == "SCALE"


def test_every_test_that_claims_read_is_among_those_of_the_arms(scale: Scale) -> None:
    trials = set(cells.arm(scale, "SCALE")[0].trials)
    sizes = (16, 32, 48, *(n for n, _ in scale.episodes.beyond))
    for n in sizes:
        assert cells.trial(scale, System(n), "greedy") in trials
    assert cells.trial(scale, System(48), "masked", drained=True) in trials


def test_references_meet_the_networks_episodes(scale: Scale) -> None:
    reference = cells.reference(scale, "fastest fit", System(48), drained=True)
    assert reference.trial == cells.trial(scale, System(48), "greedy", drained=True)


def test_more_is_done_in_the_full_profile() -> None:
    assert QUICK.arms.epochs * QUICK.arms.seeds < FULL.arms.epochs * FULL.arms.seeds
    assert QUICK.episodes.published < FULL.episodes.published
