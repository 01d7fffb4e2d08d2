"""How large the experiments are in each profile of the audit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from refimpl.ledger import Context
from refimpl.scale.experiments.batteries import Episodes


@dataclass(frozen=True)
class Length:
    """How long a method is trained, and how often.

    Attributes
    ----------
    epochs : int
        Of 1024 decisions each.
    seeds : int
        Runs.
    """

    epochs: int
    seeds: int


@dataclass(frozen=True)
class Scale:
    """Size of the experiments.

    Attributes
    ----------
    arms : Length
        SCALE and CrossAttn [SCALE Table 4].
    baselines : mapping from str to Length
        The other methods of [SCALE Table 3].
    ablations : Length
        What SRR is made of, layer normalisation, masks, the end of the horizon.
    sensitivity : Length
        Both arms under each of the other constants.
    constants : tuple of str
        These constants, keys of :data:`refimpl.scale.experiments.systems.CHANGES`.
    episodes : Episodes
        Of every test.
    """

    arms: Length
    baselines: Mapping[str, Length]
    ablations: Length
    sensitivity: Length
    constants: tuple[str, ...]
    episodes: Episodes


CONSTANTS = ("delay scale 0.12", "dt 0.5", "horizon 20", "independent edges")
"""Constants that the paper leaves open, each changed alone."""

FULL = Scale(
    arms=Length(1000, 5),
    baselines={
        **dict.fromkeys(("PPO", "PPO+SRR"), Length(1000, 3)),
        **dict.fromkeys(("DQN", "SAC"), Length(1000, 2)),
    },
    ablations=Length(1000, 2),
    sensitivity=Length(200, 2),
    constants=CONSTANTS,
    episodes=Episodes(30, ((128, 30), (512, 10), (2048, 4))),
)
"""What an evening on two cores allows: the paper's epochs and test episodes, five seeds
of the two arms and fewer of the others."""

QUICK = Scale(
    arms=Length(4, 2),
    baselines=dict.fromkeys(("PPO", "PPO+SRR", "DQN", "SAC"), Length(2, 2)),
    ablations=Length(2, 2),
    sensitivity=Length(2, 2),
    constants=CONSTANTS[:2],
    episodes=Episodes(3, ((128, 2),), deadline=15.0),
)
"""Half a minute instead of hours: hardly any training."""


def scale_of(context: Context) -> Scale:
    """Scale of the profile that an audit runs in."""
    return FULL if context.full else QUICK
