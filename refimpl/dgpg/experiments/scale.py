"""How large the experiments are in each profile of the audit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from refimpl.ledger import Context


@dataclass(frozen=True)
class Length:
    """How long DG-PG is trained at one scale, and how it is tested.

    Attributes
    ----------
    episodes : int
        Training episodes.
    every : int
        Training episodes between two evaluated checkpoints.
    held_out : int
        Test episodes, and as many validation episodes.
    seeds : int
        Runs.
    """

    episodes: int
    every: int
    held_out: int
    seeds: int


@dataclass(frozen=True)
class Scale:
    """Size of the experiments.

    Attributes
    ----------
    steps : int
        Length of an episode; jobs arrive in its first two thirds.
    neural : mapping from int to Length
        Scalability experiment, by number of servers.
    ours : mapping from int to Length
        The same with our settings.
    compared : mapping from str to Length
        Controlled comparison at every one of its sizes, by method.
    weights : mapping from int to Length
        Guidance weights, by number of servers.
    failures : Length
        Runs of [DG-PG Table 8].
    constants : Length
        The methods under the suggested constants, 2 servers.
    variance : mapping from int to (int, int)
        Replicas and steps of the measured variances, by number of servers.
    variance_episodes : int
        Episodes they are averaged over.
    """

    steps: int
    neural: Mapping[int, Length]
    ours: Mapping[int, Length]
    compared: Mapping[str, Length]
    weights: Mapping[int, Length]
    failures: Length
    constants: Length
    variance: Mapping[int, tuple[int, int]]
    variance_episodes: int


PAPER = Scale(
    steps=3000,
    neural={
        **{n: Length(50, 1, 10, 5) for n in (10, 20, 50, 100, 200)},
        **{n: Length(50, 1, 10, 3) for n in (500, 1000, 1500)},
    },
    ours={n: Length(50, 1, 10, 5) for n in (10, 20, 50, 100, 200)},
    compared={
        "linear DG-PG": Length(200, 5, 10, 5),
        "linear MAPPO": Length(500, 5, 10, 5),
        "linear IPPO": Length(500, 5, 10, 5),
    },
    weights={50: Length(50, 1, 10, 3), 200: Length(50, 1, 10, 3)},
    failures=Length(1000, 50, 10, 1),
    constants=Length(200, 5, 10, 5),
    variance=dict.fromkeys((10, 20, 50, 100, 200), (32, 3000)),
    variance_episodes=8,
)
"""The paper's seeds and lengths where it names them, longer than it needs elsewhere: several
hundred hours on two cores."""

FULL = Scale(
    steps=3000,
    neural={
        10: Length(40, 4, 10, 1),
        20: Length(40, 4, 10, 1),
        50: Length(24, 4, 10, 1),
        100: Length(8, 4, 10, 1),
        200: Length(15, 5, 10, 1),
        500: Length(6, 6, 3, 1),
        1000: Length(4, 4, 2, 1),
        1500: Length(5, 3, 2, 1),
    },
    ours={
        10: Length(15, 3, 10, 2),
        20: Length(15, 3, 10, 1),
        50: Length(12, 3, 10, 1),
    },
    compared={
        "linear DG-PG": Length(40, 4, 10, 1),
        "linear MAPPO": Length(100, 10, 10, 1),
        "linear IPPO": Length(100, 10, 10, 1),
    },
    weights={50: Length(10, 5, 10, 1)},
    failures=Length(20, 10, 10, 1),
    constants=Length(40, 10, 10, 1),
    variance=dict.fromkeys((10, 20, 50, 100, 200), (16, 1000)),
    variance_episodes=2,
)
"""What an afternoon on two cores allows: all sizes, fewer seeds and episodes; see READINGS.md."""

QUICK = Scale(
    steps=240,
    neural={10: Length(3, 1, 4, 1), 20: Length(3, 1, 4, 1), 50: Length(3, 1, 4, 1)},
    ours={10: Length(3, 1, 4, 1)},
    compared={
        "linear DG-PG": Length(3, 1, 4, 1),
        "linear MAPPO": Length(3, 1, 4, 1),
        "linear IPPO": Length(3, 1, 4, 1),
    },
    weights={10: Length(2, 1, 4, 1)},
    failures=Length(2, 1, 4, 1),
    constants=Length(2, 1, 4, 1),
    variance=dict.fromkeys((10, 20, 50), (8, 120)),
    variance_episodes=1,
)
"""Half a minute instead of hours: three sizes, short episodes, hardly any training."""


def scale_of(context: Context) -> Scale:
    """Scale of the profile that an audit runs in."""
    return FULL if context.full else QUICK
