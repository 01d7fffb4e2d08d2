from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.meanfield.model.system import System
from refimpl.meanfield.objective.observations import (
    Observation,
    everything,
    own_state,
    own_state_and_distribution,
    own_state_and_level,
    own_state_and_neighbours,
)
from tests.meanfield.strategies import states_of, systems

EVERY = (
    everything,
    own_state,
    own_state_and_level,
    own_state_and_neighbours,
    own_state_and_distribution,
)


def seen(which: str, system: System, states: np.ndarray, levels: np.ndarray) -> list[object]:
    """What each agent of each episode looks at, in plain words."""
    found: list[object] = []
    for e, i in np.ndindex(*states.shape):
        own = int(states[e, i])
        near = Counter(states[e, system.graph.neighbours_of(i)].tolist())
        found.append(
            {
                "everything": (i, tuple(states[e].tolist())),
                "own_state": own,
                "own_state_and_level": (own, int(levels[e])),
                "own_state_and_neighbours": (own, tuple(sorted(near.items()))),
                "own_state_and_distribution": (own, tuple(sorted(states[e].tolist()))),
            }[which]
        )
    return found


@pytest.mark.parametrize("make", EVERY)
@given(data=st.data())
def test_entries_are_equal_exactly_when_what_is_seen_is(make: object, data: st.DataObject) -> None:
    system = data.draw(systems(max_n=5))
    states = states_of(data.draw, system, 6)
    levels = np.array([0, 1, 0, 1, 0, 1])
    observation: Observation = make()  # type: ignore[operator]
    entries = observation.entries(system, states, levels)
    assert entries.min() >= 0
    assert entries.max() < observation.size(system)
    what = seen(make.__name__, system, states, levels)  # type: ignore[attr-defined]
    # the number of neighbours can be read off their counts only if state 0 is counted too
    if make is own_state_and_neighbours:
        return
    pairs = set(zip(entries.ravel().tolist(), what, strict=True))
    assert len(pairs) == len({entry for entry, _ in pairs}) == len({w for _, w in pairs})


@given(data=st.data())
def test_agents_of_equal_degree_are_told_apart_by_their_neighbours(data: st.DataObject) -> None:
    system = data.draw(systems(max_n=5))
    states, levels = states_of(data.draw, system, 6), np.zeros(6, dtype=np.intp)
    entries = own_state_and_neighbours().entries(system, states, levels).ravel()
    what = seen("own_state_and_neighbours", system, states, levels)
    degrees = np.tile(system.graph.degrees, 6)
    for degree in np.unique(degrees):
        mine = [(e, w) for e, w, d in zip(entries, what, degrees, strict=True) if d == degree]
        assert len(set(mine)) == len({e for e, _ in mine}) == len({w for _, w in mine})
