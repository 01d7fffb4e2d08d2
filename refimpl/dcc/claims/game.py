"""Claims about the game itself: dynamics, rewards, objective [DCC sec. 3, eqs. 1 to 7]."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lp_solvers.finite_mdp import FiniteMDP
from refimpl.dcc.claims.findings import age_only, relative_error, toy
from refimpl.dcc.model.congestion import Congestion, check_congestion, power_law
from refimpl.dcc.model.device import OFFLOAD, WAIT
from refimpl.dcc.model.exact import offload_cost
from refimpl.dcc.model.game import (
    crowd_incentive,
    evaluate,
    global_reward,
    individual_rewards,
)
from refimpl.dcc.model.simulator import device_batch, step
from refimpl.dcc.objective.local import approximate_reward
from refimpl.dcc.theory.instances import golden_device
from refimpl.dcc.theory.product_policies import product_value
from refimpl.findings import exactly, only_under
from refimpl.ledger import Claim, Context, Control, Finding, Kind, Verdict

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def per_crowd(n: ArrayLike) -> Floats:
    """Penalty kappa n with kappa = 1: it charges a device that is alone."""
    return np.asarray(n, dtype=np.float64)


def flat_fee(n: ArrayLike) -> Floats:
    """Penalty 1 whatever the crowd."""
    return np.ones_like(np.asarray(n, dtype=np.float64))


PER_CROWD = Congestion(per_crowd, flat_fee, 0)
FLAT_FEE = Congestion(flat_fee, np.zeros_like, 0)


def own_weather(n_pairs: int, rng: np.random.Generator) -> Ints:
    """Battery levels (n_pairs, 2) after one slot of waiting from level 5, devices on their own."""
    batch = device_batch([golden_device()] * (2 * n_pairs))
    _, states = step(batch, np.full(2 * n_pairs, 5), np.full(2 * n_pairs, WAIT), rng)
    return (states % (batch.battery + 1)).reshape(n_pairs, 2)


def common_weather(n_pairs: int, rng: np.random.Generator) -> Ints:
    """Return the same when the devices of a pair stand side by side and harvest the same amount."""
    return np.repeat(own_weather(n_pairs, rng)[:, :1], 2, axis=1)


def check_independence(
    draw: Callable[[int, np.random.Generator], Ints], context: Context
) -> Finding:
    """Correlation of the two next levels of a pair, in standard errors of independence."""
    n_pairs = 40_000
    levels = draw(n_pairs, context.rng("dcc", "independent-transitions")).astype(np.float64)
    correlation = float(np.asarray(np.corrcoef(levels.T))[0, 1])
    z = correlation * np.sqrt(n_pairs)
    verdict = Verdict.HOLDS_STATISTICALLY if abs(z) < 4.0 else Verdict.REFUTED
    half_width = 1.96 / np.sqrt(n_pairs)
    return Finding(
        verdict, {"correlation": correlation, "half_width_95": half_width, "z_score": float(z)}
    )


def others_only(local: ArrayLike, actions: ArrayLike, congestion: Congestion) -> Floats:
    """Rewards in which a device does not count itself in the crowd (d at n - 1)."""
    joins = np.asarray(actions) == OFFLOAD
    crowd = joins.sum(axis=-1, keepdims=True) - 1.0
    return np.asarray(local + joins * congestion.penalty(np.maximum(crowd, 1.0)))


def check_rewards(
    rewards: Callable[[ArrayLike, ArrayLike, Congestion], Floats], context: Context
) -> Finding:
    """Every joint action of four devices, added up one device at a time in plain Python."""
    rng = context.rng("dcc", "reward")
    worst = 0.0
    for beta in (1.0, 1.5, 2.0):
        congestion = power_law(0.7, beta)
        check_congestion(congestion, 10.0)
        for actions in np.ndindex(3, 3, 3, 3):
            local = rng.uniform(size=4)
            n = sum(a == OFFLOAD for a in actions)
            expected = [
                x + (0.7 * (n - 1) ** beta if a == OFFLOAD else 0.0)
                for x, a in zip(local, actions, strict=True)
            ]
            found = rewards(local, np.array(actions), congestion)
            total = float(global_reward(local, np.array(actions), congestion))
            worst = max(worst, relative_error(found, expected), abs(total - sum(expected)))
    penalty_alone = float(power_law().penalty(1.0))
    return exactly(worst, 1e-13, penalty_of_one_offloader=penalty_alone, joint_actions=81.0)


def check_incentive(congestion: Congestion, context: Context) -> Finding:
    """Excess cost of the crowded action when alone, in the worst state of the toy device."""
    del context
    incentive = crowd_incentive(toy(), congestion)
    return only_under(
        "the first offloader pays nothing, d(1) = 0, and offloading needs no energy",
        incentive <= 0.0,
        worst_excess_cost_when_alone=incentive,
        worst_excess_cost_if_d_is_n=crowd_incentive(toy(), PER_CROWD),
    )


def check_coupling(congestion: Congestion, context: Context) -> Finding:
    """Mixed second difference of the summed reward of two devices; 0 iff it is additive."""
    del context
    local = np.zeros(2)
    reward = {
        (a, b): float(global_reward(local, [a, b], congestion))
        for a in (WAIT, OFFLOAD)
        for b in (WAIT, OFFLOAD)
    }
    mixed = sum(sign * reward[a, b] for (a, b), sign in zip(reward, (1, -1, -1, 1), strict=True))
    alone, together = individual_rewards(np.zeros((2, 2)), [[2, 0], [2, 2]], congestion)[:, 0]
    drift = float(together - alone)
    verdict = Verdict.HOLDS if mixed != 0.0 and drift != 0.0 else Verdict.REFUTED
    return Finding(
        verdict,
        {"mixed_second_difference": mixed, "own_reward_change_when_the_other_joins": drift},
    )


def check_objective(
    value: Callable[[Sequence[FiniteMDP], Sequence[Floats], Congestion], float], context: Context
) -> Finding:
    """Discounted sum of all rewards against the joint chain of two and of three devices."""
    rng = context.rng("dcc", "objective")
    worst = 0.0
    for n_devices in (2, 3):
        devices = [age_only(3) for _ in range(n_devices)]
        chosen = [rng.dirichlet((1, 1), size=3) @ np.array([[1, 0, 0], [0, 0, 1]]) for _ in devices]
        expected, _ = product_value(devices, chosen, power_law(0.7, 2.0))
        worst = max(worst, abs(value(devices, chosen, power_law(0.7, 2.0)) / expected - 1.0))
    return exactly(worst, 1e-11, devices=3.0)


def discounted_total(
    devices: Sequence[FiniteMDP], policies: Sequence[Floats], congestion: Congestion
) -> float:
    """Discounted cost of all devices, by the marginals of each."""
    return evaluate(devices, policies, congestion).total


def charged_once(
    devices: Sequence[FiniteMDP], policies: Sequence[Floats], congestion: Congestion
) -> float:
    """Return the same with the penalty paid by one device of the crowd instead of by each."""
    value = evaluate(devices, policies, congestion)
    return float(value.local.sum() + value.congestion.max())


def own_frequency(
    local: ArrayLike, actions: ArrayLike, budgets: ArrayLike, congestion: Congestion
) -> Floats:
    """Approximate reward that counts an offloading device by its budget instead of by 1."""
    joins = np.asarray(actions) == OFFLOAD
    crowd = np.maximum(np.sum(budgets), 1.0)
    return np.asarray((np.asarray(local) + joins * congestion.penalty(crowd)).sum(axis=-1))


def check_approximate_reward(
    reward: Callable[[ArrayLike, ArrayLike, ArrayLike, Congestion], Floats], context: Context
) -> Finding:
    """Mean over independent offloads of the approximate against the true reward, linear penalty."""
    rng = context.rng("dcc", "approximate-reward")
    local, budgets = rng.uniform(size=3), rng.uniform(size=3)
    true = approximate = 0.0
    for joins in np.ndindex(2, 2, 2):
        weight = float(np.prod(np.where(np.array(joins) == 1, budgets, 1.0 - budgets)))
        actions = np.where(np.array(joins) == 1, OFFLOAD, WAIT)
        true += weight * float(global_reward(local, actions, PER_CROWD))
        approximate += weight * float(reward(local, actions, budgets, PER_CROWD))
    halves = np.array([0.5, 0.5])
    one = float(reward(np.zeros(2), [OFFLOAD, WAIT], halves, PER_CROWD)) * 0.5
    return exactly(
        abs(true - approximate) / true,
        1e-13,
        true_mean=true,
        approximate_mean=approximate,
        approximate_per_device_at_one_half=one,
        true_per_device_at_one_half=0.75,
    )


def acting_at_all(mdp: FiniteMDP) -> Floats:
    """Cost indicator of every action but waiting."""
    table = np.ones(mdp.cost.shape)
    table[:, WAIT] = 0.0
    return table


def check_indicator(indicator: Callable[[FiniteMDP], Floats], context: Context) -> Finding:
    """Entry by entry: 1 for the crowded action, 0 for every other."""
    del context
    table = indicator(toy())
    errors = sum(table[s, a] != (a == OFFLOAD) for s in range(25) for a in range(3))
    return exactly(float(errors), 0.0, state_action_pairs=75.0)


CLAIMS = (
    Claim(
        "dcc/independent-transitions",
        "sec. 3.1",
        "Given the joint state and action, the next states of different devices are independent.",
        ("DC-01",),
        Kind.STATISTICAL,
        check_independence,
        own_weather,
        Control("both devices of a pair harvest the same amount", common_weather),
    ),
    Claim(
        "dcc/reward-with-congestion",
        "eqs. 1, 5",
        "Each device pays its local cost and, if it offloads, d(number who offload, itself "
        "included); the global reward is the sum.",
        ("DC-02", "DC-07"),
        Kind.EXACT,
        check_rewards,
        individual_rewards,
        Control("the device does not count itself in the crowd", others_only),
    ),
    Claim(
        "dcc/crowd-action-best-alone",
        "eq. 2, Assumption 1",
        "Offloading is never worse than any other action for the only device that offloads.",
        ("DC-03",),
        Kind.EXACT,
        check_incentive,
        power_law(),
        Control("d(n) = n, so that an offloader pays even when alone", PER_CROWD),
    ),
    Claim(
        "dcc/global-objective",
        "eq. 3",
        "The objective is the expected discounted sum of all devices' rewards.",
        ("DC-04",),
        Kind.EXACT,
        check_objective,
        discounted_total,
        Control("a crowd pays its penalty once instead of once per offloader", charged_once),
    ),
    Claim(
        "dcc/reward-is-not-additive",
        "sec. 3.1, the four challenges",
        "The summed reward is no sum of functions of single actions, and what a device is paid for "
        "the same state and action changes with the others' actions.",
        ("DC-05",),
        Kind.EXACT,
        check_coupling,
        power_law(),
        Control("a flat fee that does not depend on the crowd", FLAT_FEE),
    ),
    Claim(
        "dcc/approximate-reward",
        "eq. 6",
        "The approximate reward charges an offloader d(1 + sum of the others' frequencies); under "
        "a linear d and independent offloads its mean is that of the true reward.",
        ("DC-08",),
        Kind.EXACT,
        check_approximate_reward,
        approximate_reward,
        Control("an offloader counts itself by its frequency instead of by 1", own_frequency),
    ),
    Claim(
        "dcc/cost-indicator",
        "eqs. 7, 22",
        "The constrained cost is 1 for offloading and 0 otherwise.",
        ("DC-15",),
        Kind.EXACT,
        check_indicator,
        offload_cost,
        Control("local processing is counted as well", acting_at_all),
    ),
)
