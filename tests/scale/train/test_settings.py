"""Schedules and refusals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from refimpl.scale.train.presets import method
from refimpl.scale.train.settings import OffPolicy
from refimpl.shared.labels import label
from tests.scale.train.strategies import CROSS


def test_the_rate_is_a_cosine_from_the_first_epoch_to_the_last() -> None:
    settings = method("SCALE")
    rates = [settings.rate(k) for k in range(1000)]
    assert rates[0] == 3e-4
    assert rates[-1] == pytest.approx(5e-5, rel=1e-12)
    k = np.arange(1000)
    expected = 5e-5 + (3e-4 - 5e-5) * (1 + np.cos(np.pi * k / 999)) / 2
    np.testing.assert_allclose(rates, expected, rtol=1e-12)
    assert settings.rate(5000) == rates[-1]
    assert replace(CROSS, epochs=1, stage=1).rate(0) == CROSS.learning_rate[0]


def test_the_regulariser_is_absent_for_ten_epochs_and_whole_from_the_sixtieth() -> None:
    weights = [method("SCALE").weight(k) for k in range(1000)]
    assert weights[:10] == [0.0] * 10
    assert weights[10] == pytest.approx(0.02)
    assert weights[58] == pytest.approx(0.98)
    assert set(weights[59:]) == {1.0}


def test_gradient_steps() -> None:
    assert method("SCALE").gradient_steps == 32
    assert replace(CROSS, steps=50, minibatch=16, environments=5).gradient_steps == 8


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("epochs", 0, "epochs must be"),
        ("stage", 1.5, "stage must be"),
        ("environments", 5, "steps must be a multiple of the 5 environments; got 48"),
        ("passes", -1, "passes must be"),
        ("minibatch", 0, "minibatch must be"),
        ("gamma", 1.1, "gamma must be"),
        ("lam", -0.1, "lam must be"),
        ("clip", 0.0, "clip must be"),
        ("entropy_coef", -0.1, "entropy_coef must be"),
        ("value_coef", float("nan"), "value_coef must be"),
        ("learning_rate", (1e-3, 0.0), "learning_rate must be"),
        ("max_grad_norm", float("inf"), "max_grad_norm must be"),
        ("warm_up", (1, 0), "warm_up must be"),
    ],
)
def test_bad_settings_are_refused(name, value, message) -> None:
    with pytest.raises(ValueError, match=message):
        replace(CROSS, **{name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("capacity", 0),
        ("target_period", 0),
        ("target_rate", 1.5),
        ("huber_delta", 0.0),
        ("epsilon", (1.0, -0.1, 0.1)),
        ("entropy_target", 2.0),
        ("temperature", 0.0),
    ],
)
def test_bad_settings_off_policy_are_refused(name, value) -> None:
    with pytest.raises(ValueError, match=f"{name} must be"):
        OffPolicy(**{name: value})


def test_every_setting_is_in_the_label() -> None:
    text = label(method("SCALE"))
    assert text["regularizer"] == "srr(weight_decorrelation=0.01, weight_kl=0.001)"
    assert text["mask"] == "no_mask"
    assert "affine=True" in text["net"]
    assert label(method("CrossAttn"))["regularizer"] == "no_regularizer"
    assert text["method"].startswith("Method(name='PPO'")
