"""Specifies stacks of joint games: rows, drawing, labels, and that games do not mix."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.dcc.model.congestion import power_law
from refimpl.dcc.model.exact import device_mdp
from refimpl.dcc.model.simulator import device_batch
from refimpl.dcc.train.population import Population, draw_population
from tests.dcc.train.strategies import KINDS, populations, random_policies, seeds

games = st.lists(st.integers(0, 50), min_size=1, max_size=5, unique=True)


def game_of(population, number):
    """One game of a stack, on its own."""
    n = population.n_devices
    return replace(population, devices=population.devices[number * n : (number + 1) * n])


@given(st.integers(0, 2**31), st.integers(1, 6), games)
def test_a_game_is_the_same_whatever_is_drawn_beside_it(seed, n_devices, numbers):
    together = draw_population(seed, n_devices, numbers, power_law())
    assert together.n_games == len(numbers)
    for place, number in enumerate(numbers):
        alone = draw_population(seed, n_devices, [number], power_law(beta=2.0))
        assert game_of(together, place).devices == alone.devices


@given(st.integers(0, 2**31))
def test_drawing_depends_on_seed_game_and_size(seed):
    def drawn(seed, n, game):
        return draw_population(seed, n, [game], power_law()).devices[:20]

    # 18 kinds of device: twenty equal ones by chance have probability below 1e-20.
    base = drawn(seed, 20, 0)
    assert base == drawn(seed, 20, 0)
    assert base not in (drawn(seed + 1, 20, 0), drawn(seed, 20, 1), drawn(seed, 21, 0))


@given(populations(), seeds)
def test_joint_cost_of_a_game_does_not_depend_on_the_others(population, seed):
    policies = random_policies(population, seed)
    together, n = population.joint_cost(policies), population.n_devices
    for number in range(population.n_games):
        alone = game_of(population, number).joint_cost(policies[number * n : (number + 1) * n])
        for name in ("total", "local", "congestion", "use"):
            found, expected = getattr(together, name)[number], getattr(alone, name)[0]
            # A different batch may be summed in another order: 16 states, sums of up to 400 terms.
            np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)


@given(populations(max_devices=5), seeds)
def test_others_is_the_sum_without_the_device(population, seed):
    shape = (3, population.n_games, population.n_devices)
    budgets = np.random.default_rng(seed).random(shape)
    found = population.others(budgets)
    for index in np.ndindex(shape):
        rest = np.delete(budgets[index[:2]], index[2])
        assert found[index] == pytest.approx(rest.sum(), abs=1e-15 * shape[-1])
    assert found.min() >= 0.0


def test_others_of_a_single_device_are_none_not_a_rounding_error():
    lonely = Population(KINDS[:1], 1, power_law())
    assert lonely.others(np.array([[0.1 + 0.2]])) == 0.0


@given(populations())
def test_kinds_say_what_every_row_is(population):
    distinct, kinds = population.kinds
    assert len(set(distinct)) == len(distinct)
    assert tuple(distinct[k] for k in kinds) == population.devices


@given(populations())
def test_rows_are_stacked_game_by_game(population):
    batch = device_batch(population.devices)
    assert population.batch.n_rows == population.n_games * population.n_devices
    np.testing.assert_array_equal(population.batch.cost_count, batch.cost_count)
    starts = np.array([device_mdp(d).start[:4] for d in population.devices])
    np.testing.assert_array_equal(population.model.start[population.model.kinds], starts)
    assert population.gamma == population.devices[0].gamma == population.model.gamma


def test_labels_tell_devices_order_sizes_and_penalties_apart():
    base = Population(KINDS[:2] * 3, 3, power_law())
    changes = (
        {},
        {"congestion": power_law(2.0)},
        {"congestion": power_law(1.0, 3.0)},
        {"devices": (*KINDS[1::-1], *KINDS[:2] * 2)},
        {"devices": (*KINDS[:2], *KINDS[1:], *KINDS[:2])},
        {"devices": KINDS},
        {"n_devices": 6},
        {"devices": tuple(replace(d, gamma=0.8) for d in base.devices)},
    )
    labels = [replace(base, **change).label for change in changes]
    assert len(set(labels)) == len(labels)
    assert Population(KINDS[:2] * 3, 3, power_law()).label == labels[0]


def test_labels_tell_penalties_apart_that_two_devices_cannot():
    # n = 1 and n = 2 cost the same under every exponent, budgets between them do not.
    labels = {Population(KINDS[:2], 2, power_law(1.0, beta)).label for beta in (1.0, 1.5, 2.0, 3.0)}
    assert len(labels) == 4


@pytest.mark.parametrize(
    ("devices", "n_devices"), [((), 1), (KINDS[:1] * 3, 2), (KINDS[:2], 0), (KINDS[:2], -1)]
)
def test_incomplete_games_are_refused(devices, n_devices):
    got = f"got {len(devices)} devices and n_devices {n_devices}"
    with pytest.raises(ValueError, match=f"devices must be a positive multiple.*{got}"):
        Population(devices, n_devices, power_law())
