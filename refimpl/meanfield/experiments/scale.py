"""How large the experiments are in each profile of the audit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from refimpl.ledger import Context
from refimpl.meanfield.experiments.settings import CRITIC_SIZES, Setting


@dataclass(frozen=True)
class Scale:
    """Size of the experiments.

    Parameters
    ----------
    episodes : int
        Simulated episodes per evaluation.
    delays : tuple of float
        Delays at which heuristics are simulated.
    learned : mapping from (topology, preset) to tuple of float
        Delays at which MF-R is trained.
    unequal : tuple of float
        Delays at which systems with unequal servers are compared.
    iterations : mapping from (method, preset) to int
        Batches of a training run.
    repetitions : int
        Training runs with different seeds where they are ``repeated``; elsewhere there is one.
    repeated : mapping from (topology, preset) to tuple of float
        Delays at which training is repeated.
    stages : tuple of (int, int)
        Samples of the search for the best own-state rule.
    rounds : mapping from policy to int
        Rounds of the scalable actor-critic.
    agents : tuple of int
        Rings on which it is trained.
    """

    episodes: int
    delays: tuple[float, ...]
    learned: Mapping[tuple[str, str], tuple[float, ...]]
    unequal: tuple[float, ...]
    iterations: Mapping[tuple[str, str], int]
    repetitions: int
    repeated: Mapping[tuple[str, str], tuple[float, ...]]
    stages: tuple[tuple[int, int], ...]
    rounds: Mapping[str, int]
    agents: tuple[int, ...]

    def runs_at(self, setting: Setting, preset: str) -> int:
        """Return the number of training runs on a system."""
        there = self.repeated.get((setting.topology, preset), ())
        return self.repetitions if setting.dt in there else 1

    def trained(self, topology: str, preset: str, between: tuple[float, ...]) -> tuple[float, ...]:
        """Return the delays out of ``between`` at which MF-R is trained on a topology."""
        there = self.learned.get((topology, preset), ())
        return tuple(dt for dt in between if dt in there)


ALL_DELAYS = tuple(float(dt) for dt in range(1, 11))
TOPOLOGIES = ("ring", "ccc", "torus", "cm", "bethe")
PRESETS = ("published", "shared-path", "ours")
BETWEEN = (3.0, 5.0, 7.0)
"""Delays at which neither JSQ nor RND is best [MF sec. 3]."""

FULL = Scale(
    episodes=100,
    delays=ALL_DELAYS,
    learned={
        **{(topology, "ours"): ALL_DELAYS for topology in TOPOLOGIES},
        **{(topology, "published"): BETWEEN for topology in TOPOLOGIES},
        ("ring", "published"): (1.0, *BETWEEN, 10.0),
        ("bethe", "published"): (3.0, 5.0, 10.0),
        ("ring", "shared-path"): BETWEEN,
    },
    unequal=(1.0, 2.0, 3.0, 5.0, 7.0, 10.0),
    iterations={
        **dict.fromkeys((("mean-field", preset) for preset in PRESETS), 100),
        ("parameter-sharing", "ours"): 40,
        ("parameter-sharing", "published"): 40,
        ("recurrent", "ours"): 100,
        ("recurrent", "published"): 100,
    },
    repetitions=3,
    repeated={
        **{(topology, "ours"): BETWEEN for topology in TOPOLOGIES},
        **{("ring", preset): BETWEEN for preset in PRESETS},
        ("ccc", "published"): (5.0,),
    },
    stages=((16, 8), (64, 8)),
    rounds={"SAC tabular": 20_000, "SAC neural": 10_000},
    agents=CRITIC_SIZES,
)
"""The paper's sizes, delays and number of episodes; lengths of training are chosen.

All mean-field settings get the same 400,000 epochs.
"""

QUICK = Scale(
    episodes=10,
    delays=(1.0, 5.0, 10.0),
    learned={
        **{(topology, preset): (5.0,) for topology in TOPOLOGIES for preset in PRESETS[::2]},
        ("ring", "shared-path"): (5.0,),
        ("ring", "ours"): (1.0, 5.0, 10.0),
    },
    unequal=(1.0, 5.0),
    iterations={
        ("mean-field", "ours"): 10,
        ("mean-field", "shared-path"): 2,
        ("mean-field", "published"): 2,
        ("parameter-sharing", "ours"): 2,
        ("parameter-sharing", "published"): 1,
        ("recurrent", "ours"): 4,
        ("recurrent", "published"): 1,
    },
    repetitions=1,
    repeated={},
    stages=((8, 4),),
    rounds={"SAC tabular": 200, "SAC neural": 100},
    agents=(5, 21),
)
"""Under a minute instead of hours: the same graphs, few delays, hardly any training."""


def scale_of(context: Context) -> Scale:
    """Scale of the profile that an audit runs in."""
    return FULL if context.full else QUICK
