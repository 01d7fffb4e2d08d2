"""The strategies themselves: what they draw is valid."""

import numpy as np
from hypothesis import given

from tests.dcc.train.strategies import populations, random_budgets, random_policies, seeds


@given(populations(), seeds)
def test_policies_are_distributions_and_budgets_are_frequencies(population, seed):
    policies, budgets = random_policies(population, seed), random_budgets(population, seed)
    assert policies.shape == (len(population.devices), 16, 3)
    assert policies.min() >= 0
    np.testing.assert_allclose(policies.sum(axis=-1), 1.0, rtol=1e-12)
    assert budgets.shape == (population.n_games, population.n_devices)
    assert budgets.min() >= 0
    assert budgets.max() <= 1
