"""Settings: what is refused, and names that are the same in every process."""

from __future__ import annotations

from dataclasses import replace

import pytest

from refimpl.dgpg.model.settings import chosen
from refimpl.dgpg.train.schedules import Exponential, Linear, fixed
from refimpl.dgpg.train.settings import TrainSettings
from refimpl.shared.labels import label
from tests.dgpg.train.strategies import TINY


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("episodes", 0, "episodes must be an integer >= 1; got 0"),
        ("rollouts", -1, "rollouts must be an integer >= 1; got -1"),
        ("minibatch", 0, "minibatch must be an integer >= 1; got 0"),
        ("critic_minibatch", 2.5, "critic_minibatch must be an integer >= 1; got 2.5"),
        ("actor_epochs", 0, "actor_epochs must be an integer >= 1; got 0"),
        ("critic_epochs", 0, "critic_epochs must be an integer >= 1; got 0"),
        ("sample_cap", 0, "sample_cap must be an integer >= 1; got 0"),
        ("embedding", -1, "embedding must be an integer >= 1; got -1"),
        ("hidden", (8, 0), "hidden must be an integer >= 1; got 0"),
        ("gamma", 1.5, r"gamma must be in \[0, 1\]; got 1.5"),
        ("lam", -0.1, r"lam must be in \[0, 1\]; got -0.1"),
        ("clip", 0.0, "clip must be finite and > 0; got 0.0"),
        ("max_grad_norm", 0.0, "max_grad_norm must be finite and > 0; got 0.0"),
        ("critic_max_grad_norm", -1.0, "critic_max_grad_norm must be finite and > 0; got -1.0"),
        ("huber_delta", 0.0, "huber_delta must be > 0; got 0.0"),
        ("alpha", fixed(1.5), r"alpha must be in \[0, 1\]; got 1.5"),
        ("alpha", Linear(0.9, -0.2), r"alpha must be in \[0, 1\]; got -0.2"),
        ("learning_rate", fixed(0.0), "learning_rate must be finite and > 0; got 0.0"),
        ("critic_learning_rate", Linear(1.0, -1.0), "critic_learning_rate must be finite and > 0"),
        ("entropy", fixed(-0.1), "entropy must be finite and >= 0; got -0.1"),
    ],
)
def test_a_number_out_of_range_is_refused(field, value, message) -> None:
    with pytest.raises(ValueError, match=message):
        replace(TINY, **{field: value})


def test_the_training_goes_from_zero_to_one() -> None:
    settings = replace(TINY, episodes=5)
    assert [settings.fraction(k) for k in range(7)] == [0, 0.25, 0.5, 0.75, 1, 1, 1]
    assert replace(TINY, episodes=1).fraction(0) == 0


def test_labels_name_every_field_without_addresses() -> None:
    names = label(TINY)
    assert names.keys() == set(TrainSettings.__dataclass_fields__)
    assert not any("0x" in text for text in names.values())
    assert names["alpha"] == "Linear(first=0.9, last=0.2)"
    assert not any("0x" in text for text in label(chosen(10).settings).values())


def test_labels_tell_settings_apart() -> None:
    for field, value in (("alpha", fixed(0.9)), ("entropy", Exponential(0.02, 0.01)), ("lam", 1.0)):
        changed = label(replace(TINY, **{field: value}))
        assert {k for k, v in changed.items() if v != label(TINY)[k]} == {field}
