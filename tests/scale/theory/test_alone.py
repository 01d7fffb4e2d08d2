"""Networks that a regulariser alone trains."""

from __future__ import annotations

import numpy as np
import pytest

from refimpl.scale.network.pointer import Shape, init
from refimpl.scale.objective.srr import no_regularizer, spread, srr
from refimpl.scale.theory.alone import REGULARIZERS, Alone, descend, job, trained_alone
from refimpl.scale.theory.untrained import drawn_states, features_of


@pytest.fixture
def start():
    return init(np.random.default_rng(7), Shape(), np.float32)


def test_a_few_steps_lower_the_loss(start) -> None:
    states = drawn_states(np.random.default_rng(8), 200, 16)
    for regularizer in (REGULARIZERS["sum"], spread):
        after = descend(start, regularizer, 15, np.random.default_rng(9))
        losses = [float(regularizer(features_of(p, states))[0]) for p in (start, after)]
        assert losses[1] < 0.8 * losses[0]


def test_without_a_loss_nothing_moves_and_nothing_given_is_changed(start) -> None:
    before = {name: value.copy() for name, value in start.items()}
    after = descend(start, no_regularizer, 3, np.random.default_rng(9))
    for name, value in before.items():
        np.testing.assert_array_equal(start[name], value)
        np.testing.assert_array_equal(after[name], value)


def test_the_critic_and_the_pointer_are_left_alone(start) -> None:
    after = descend(start, REGULARIZERS["mean"], 3, np.random.default_rng(9))
    for name in start:
        same = name.startswith(("critic", "pointer"))
        assert np.array_equal(after[name], start[name]) == same


def test_a_job_repeats_to_the_bit_and_differs_between_runs() -> None:
    first = job(Alone("sum", True, 2, 0), 3)
    assert first.name == "scale/alone/sum/affine/2steps/run0/seed3"
    found = [first.function(*first.args, checkpoint=None) for _ in range(2)]
    other = trained_alone(Alone("sum", True, 2, 1), 3)
    names = ("covariance", "correlation", "kl", "variance")
    assert found[0].keys() == {f"n{n} {name}" for n in (16, 32, 48) for name in names}
    for key, value in found[0].items():
        assert np.array_equal(value, found[1][key])
        assert not np.array_equal(value, other[key])


@pytest.mark.parametrize("affine", [True, False])
def test_it_starts_from_a_network_of_the_kind_asked_for(affine, monkeypatch) -> None:
    shapes = []

    def spy(rng, shape, dtype):
        shapes.append(shape)
        return init(rng, shape, dtype)

    monkeypatch.setattr("refimpl.scale.theory.alone.init", spy)
    trained_alone(Alone("mean", affine, 1, 0), 3)
    assert shapes == [Shape(affine=affine)]


def test_it_is_measured_on_clusters_of_every_size() -> None:
    """On the same number of states, so that one network's features at 16 and 48 differ."""
    found = trained_alone(Alone("mean", True, 1, 0), 3)
    assert len({float(found[f"n{n} covariance"]) for n in (16, 32, 48)}) == 3
    # Untrained, the servers' share of the variance falls with their number.
    assert found["n48 variance"] < found["n16 variance"]


def test_the_readings_are_those_of_srr() -> None:
    features = np.random.default_rng(1).normal(size=(20, 16))
    published, mean = (REGULARIZERS[name](features)[0] for name in ("sum", "mean"))
    assert published == srr(features, 0.01, 0.001)[0]
    kl = srr(features, 0.0, 0.001)[0]
    assert mean - kl == pytest.approx((published - kl) / 240)


def test_bad_input() -> None:
    with pytest.raises(ValueError, match=r"regularizer must be one of .* got 'both'"):
        Alone("both", True, 1, 0)
    with pytest.raises(ValueError, match="steps must be an integer >= 1; got 0"):
        Alone("sum", True, 0, 0)
