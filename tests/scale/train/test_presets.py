"""Table 2 as printed, and tags that tell it from what was chosen."""

from __future__ import annotations

import pytest

from refimpl.scale.network.parameters import Shape
from refimpl.scale.objective.srr import no_regularizer
from refimpl.scale.train.nets import PointerNet, StructuredNet
from refimpl.scale.train.presets import PRESETS, method

TABLE_2 = {
    "learning_rate": (3e-4, 5e-5),
    "gamma": 0.99,
    "lam": 0.95,
    "clip": 0.2,
    "entropy_coef": 0.01,
    "max_grad_norm": 0.5,
    "epochs": 1000,
    "steps": 1024,
    "minibatch": 256,
    "passes": 8,
    "environments": 4,
    "warm_up": (10, 50),
}


@pytest.mark.parametrize("name", PRESETS)
def test_table_2_and_its_tags(name) -> None:
    preset = PRESETS[name]
    for field, value in TABLE_2.items():
        assert getattr(preset.settings, field) == value, field
        assert preset.origin[field] == "published"
    chosen = preset.fields_tagged("chosen")
    assert {"value_coef", "stage", "scale_advantages", "horizon", "off_policy"} <= chosen.keys()


def test_the_methods_of_table_3() -> None:
    assert list(PRESETS) == ["SCALE", "CrossAttn", "PPO", "PPO+SRR", "DQN", "SAC"]
    for name in ("SCALE", "CrossAttn"):
        assert method(name).net == PointerNet(Shape(16, 4, 2, 64, True))
    for name in ("PPO", "PPO+SRR", "DQN", "SAC"):
        net = method(name).net
        assert isinstance(net, StructuredNet)
        assert net.shape.hidden == (256, 256)
    assert method("CrossAttn").regularizer is method("PPO").regularizer is no_regularizer
    srr = method("SCALE").regularizer
    assert srr.keywords == {"weight_decorrelation": 0.01, "weight_kl": 0.001}
    assert method("PPO+SRR").regularizer.keywords == {**srr.keywords, "floor": 1e-6}
    assert [method(name).method.name for name in PRESETS] == ["PPO"] * 4 + ["DQN", "SAC"]


def test_unknown_methods_are_named() -> None:
    with pytest.raises(ValueError, match=r"name must be one of .*got 'A3C'"):
        method("A3C")
