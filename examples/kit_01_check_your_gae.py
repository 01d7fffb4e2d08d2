"""Check your implementation: a right and a wrong advantage estimator.

Shows: ``refimpl.conformance.check`` drives your function with generated inputs against the
reference. ``mine`` is written from the formula. ``common_bug`` treats a time limit like the end of
the task: it drops the value of the last observation of a truncated episode. Both agree as long as
episodes terminate, and any training curve would look plausible.
Look at: the smallest input on which the two differ: one step, one environment, truncated.
For: who has a PyTorch or JAX version of anything that ``conformance.cases()`` lists.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from _show import BLUE, ORANGE, RED, figure, look_at, options, table

from refimpl import conformance
from refimpl.shared.gae import generalized_advantages

Case = dict[str, Any]


def mine(**case: Any) -> tuple[Any, Any]:
    """Advantages and returns as somebody might write them, one environment at a time."""
    rewards, values, after = case["rewards"], case["values"], case["next_values"]
    advantages = np.zeros_like(rewards)
    for env in range(rewards.shape[1]):
        following = 0.0
        for t in reversed(range(len(rewards))):
            bootstrap = 0.0 if case["terminated"][t, env] else case["gamma"] * after[t, env]
            if case["ended"][t, env]:
                following = 0.0
            surprise = rewards[t, env] + bootstrap - values[t, env]
            following = surprise + case["gamma"] * case["lam"] * following
            advantages[t, env] = following
    return advantages, advantages + values


def common_bug(**case: Any) -> tuple[Any, Any]:
    """Take every end of an episode, time limits included, for the end of the task."""
    return mine(**{**case, "terminated": case["ended"]})


def verdict(function: Any, examples: int) -> conformance.ConformanceError | None:
    """Return what the check raises, or None."""
    try:
        conformance.check("gae", function, examples=examples)
    except conformance.ConformanceError as error:
        return error
    return None


def trajectory() -> Case:
    """Three episodes of a constant task, cut by a time limit of 20 slots, with exact values."""
    length, gamma = 60, 0.95
    ended = (np.arange(1, length + 1) % 20 == 0)[:, None]
    value = np.full((length, 1), 1.0 / (1.0 - gamma))
    flags = {"terminated": np.zeros_like(ended), "ended": ended}
    return {
        "rewards": np.ones((length, 1)),
        "values": value,
        "next_values": value,
        **flags,
        "gamma": gamma,
        "lam": 0.95,
    }


def draw(case: Case, axis: Any) -> None:
    slots = np.arange(1, 61)
    axis.plot(slots, generalized_advantages(**case)[0][:, 0], color=BLUE, label="reference")
    axis.plot(slots, common_bug(**case)[0][:, 0], "--", color=ORANGE, label="common bug")
    for end in (20, 40, 60):
        axis.axvline(end, color=RED, linewidth=0.8, label="time limit" if end == 20 else None)
    axis.set(
        xlabel="slot", ylabel="advantage", title="Constant reward for ever: the true advantage is 0"
    )
    axis.legend(loc="lower left")


def main() -> None:
    given = options(__doc__ or "", __file__)
    examples = given.choose(50, 400, 5_000)
    right, wrong = verdict(mine, examples), verdict(common_bug, examples)
    print(f"What can be checked: {', '.join(conformance.cases())}\n")
    print(f"The message for the wrong one:\n\n{wrong}\n")
    case = trajectory()
    reference, biased = generalized_advantages(**case)[0], common_bug(**case)[0]
    table(
        [
            (f"mine, {examples} examples", "agrees", "agrees" if right is None else "differs"),
            ("common bug", "agrees", "agrees" if wrong is None else "differs"),
            (
                "mean advantage of a constant task, reference",
                (0.0, "exact"),
                float(reference.mean()),
            ),
            ("  common bug", (0.0, "exact"), float(biased.mean())),
        ]
    )
    look_at("the bug punishes whatever happened to be done shortly before every time limit.")
    figure(given, partial(draw, case))
    assert right is None
    assert wrong is not None
    assert wrong.inputs["rewards"].size == 1
    assert np.allclose(mine(**case)[0], reference, rtol=0.0, atol=1e-12)
    assert np.abs(reference).max() < 1e-12


if __name__ == "__main__":
    main()
