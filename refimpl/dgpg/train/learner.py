"""Everything that training changes."""

from __future__ import annotations

from dataclasses import dataclass

from linear_models.params import Params
from refimpl.dgpg.objective.advantage import RunningScale
from refimpl.dgpg.train.value_scale import ValueScale
from refimpl.shared.adam_in_place import Moments
from refimpl.shared.flat_weights import Weights


@dataclass(frozen=True)
class Trained:
    """A network's parameters and its optimiser's state."""

    params: Params
    moments: Moments

    @classmethod
    def fresh(cls, params: Params) -> Trained:
        """Before the first step."""
        return cls(params, Moments.zeros(Weights.of(params).vector))


@dataclass(frozen=True)
class Learner:
    """Everything that training changes."""

    actor: Trained
    critic: Trained
    value_scale: ValueScale
    guidance_scale: RunningScale
