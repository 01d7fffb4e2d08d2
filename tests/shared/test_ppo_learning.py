"""PPO learns what it should: the optimum beyond a time limit, and to act apart."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from linear_models import categorical, mlp
from lp_solvers.finite_mdp import FiniteMDP, policy_value, start_value
from lp_solvers.policy_iteration import policy_iteration
from refimpl.shared.actor_critic import Learner, Model, learner, policy
from refimpl.shared.batch import to_batch
from refimpl.shared.optimizer import adam
from refimpl.shared.ppo import PPOSettings, update
from refimpl.shared.rollout import Dynamics, collect
from tests.shared.agents import PartingGame
from tests.shared.models import Sizes, small_learner, small_model, team_model
from tests.shared.tabular import dynamics, walk_mdp

Array = NDArray[Any]


def settings(**changes: Any) -> PPOSettings:
    return replace(PPOSettings(learning_rate=0.01), **changes)


def train(
    model: Model,
    trained: Learner,
    copies: Dynamics,
    chosen: PPOSettings,
    n_iterations: int,
) -> Learner:
    """The three lines of every training loop."""
    rng = np.random.default_rng(11)
    state = copies.reset(16, rng)
    for _ in range(n_iterations):
        rollout, state = collect(copies, policy(model, trained), state, chosen.n_steps, rng)
        batch = to_batch(model, trained, rollout, chosen.gamma, chosen.lam)
        trained, _ = update(model, trained, batch, chosen, rng)
    return trained


def exact_value(mdp: FiniteMDP, trained: Learner) -> float:
    """Discounted cost of the stochastic policy that was learned, by a linear solve."""
    logits, _ = mlp.forward(trained.actor, np.eye(mdp.n_states))
    return start_value(mdp, categorical.probabilities(logits))


LEARNING = settings(n_steps=16, gamma=0.9, lam=0.9, n_minibatches=4, learning_rate=0.01)


def test_it_learns_to_look_further_than_the_time_limit() -> None:
    """Episodes are cut after two steps, too soon for walking to pay off by itself.

    Only a critic that is asked beyond the cut finds the optimum, exactly 0.9-discounted. Margin:
    the learned stochastic policy costs at most 5 % more than the optimum.
    """
    mdp = walk_mdp()
    optimum = float(mdp.start @ policy_iteration(mdp).value)
    start = small_learner(np.random.default_rng(0), Sizes(4, 2, 4), LEARNING.optimizer)
    trained = train(small_model(), start, dynamics(mdp, 2), LEARNING, 60)
    assert exact_value(mdp, start) > 1.5 * optimum
    assert exact_value(mdp, trained) < 1.05 * optimum
    # The critic knows what its policy is worth: rewards are negative costs.
    logits, _ = mlp.forward(trained.actor, np.eye(4))
    costs = policy_value(mdp, categorical.probabilities(logits))
    predicted, _ = mlp.forward(trained.critic, np.eye(4))
    assert np.abs(predicted[:, 0] + costs).max() < 0.15 * costs.max()


def test_mistaking_the_cut_for_the_end_loses_the_optimum() -> None:
    """Negative control: with the two flags merged, the same training stays with resting."""

    class Merged:
        inner = dynamics(walk_mdp(), 2)
        reset, observe = inner.reset, inner.observe

        def step(self, state: Any, actions: Array, rng: Any) -> Any:
            state, rewards, terminated, truncated = self.inner.step(state, actions, rng)
            return state, rewards, terminated | truncated, truncated

    mdp = walk_mdp()
    optimum = float(mdp.start @ policy_iteration(mdp).value)
    start = small_learner(np.random.default_rng(0), Sizes(4, 2, 4), LEARNING.optimizer)
    trained = train(small_model(), start, Merged(), LEARNING, 60)
    assert exact_value(mdp, trained) > 1.3 * optimum


@pytest.mark.parametrize("shared", [True, False], ids=["joint critic", "own critics"])
def test_agents_that_share_an_actor_learn_to_part(shared: bool) -> None:
    """Uniform play parts half the time; margin: the learned agents part at least 19 times in 20."""
    rng = np.random.default_rng(0)
    model = team_model() if shared else small_model()
    trained = small_learner(rng, Sizes(2, 2, 4 if shared else 2), LEARNING.optimizer)
    trained = train(model, trained, PartingGame(4, shared), LEARNING, 30)
    logits, _ = mlp.forward(trained.actor, np.eye(2))
    ann, bob = categorical.probabilities(logits)
    assert ann[0] * bob[1] + ann[1] * bob[0] > 0.95


def test_training_in_single_precision_stays_there() -> None:
    class Single:
        inner = dynamics(walk_mdp(), 3)
        reset, step = inner.reset, inner.step

        def observe(self, state: Any) -> Array:
            return self.inner.observe(state).astype(np.float32)

    rng = np.random.default_rng(0)
    actor, critic = (mlp.init(rng, (4, 8, n), dtype=np.float32) for n in (2, 1))
    trained = train(small_model(), learner(actor, critic, adam()), Single(), settings(n_steps=4), 2)
    assert {array.dtype for array in trained.params.values()} == {np.dtype(np.float32)}


def test_rollouts_do_not_depend_on_the_rest_of_the_run() -> None:
    """Same seed, same bits."""
    one, two = (
        train(
            small_model(),
            small_learner(np.random.default_rng(0), Sizes(4, 2, 4)),
            dynamics(walk_mdp(), 3),
            settings(n_steps=4),
            2,
        )
        for _ in range(2)
    )
    assert all(np.array_equal(one.params[key], two.params[key]) for key in one.params)
