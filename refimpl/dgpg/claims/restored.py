"""Claims about what makes a statement like Theorem 5.1 true."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from refimpl.dgpg.theory.counterexamples import (
    ce_2,
    proportional_game,
)
from refimpl.dgpg.theory.fluid import (
    domination_constant,
    fluid_gradient,
    fluid_state,
    two_sided_gradient,
)
from refimpl.dgpg.theory.games import (
    Game,
    gradients,
    logits_of,
)
from refimpl.dgpg.theory.penalties import (
    Processes,
    changed,
    random_processes,
    shaping,
    state_penalty,
)
from refimpl.findings import only_under
from refimpl.ledger import Claim, Context, Control, Finding, Kind

Floats = NDArray[np.float64]


ROUNDING = 1e-12


def check_proportional(game: Game, context: Context) -> Finding:
    """Return whether the gradients of J and G are opposite in a fixed proportion."""
    rng, error, ratios, inner = context.rng("dgpg", "proportional"), 0.0, [], []
    for _ in range(50):
        of_performance, of_deviation = gradients(game, rng.normal(size=(2, 2)))
        error = max(error, float(np.abs(of_performance + 2.0 * of_deviation).max()))
        ratios.append(float(np.linalg.norm(of_deviation) / np.linalg.norm(of_performance)))
        inner.append(float((of_performance * of_deviation).sum()))
    return only_under(
        "J is a decreasing function of G, as for r = c0 - c d; more generally |grad G| <= "
        "c |grad J| keeps stationary points, and <grad J, grad G> <= 0 with alpha < 1 adds none",
        error <= ROUNDING,
        largest_error=error,
        least_ratio=min(ratios),
        largest_ratio=max(ratios),
        largest_inner_product=max(inner),
    )


Responses = Callable[[Floats, Floats, Floats], tuple[float, float]]


def divisible(logits: Floats, work: Floats, reference: Floats) -> tuple[float, float]:
    """Return the guaranteed share of ``|x - xr|`` and ``|grad J|`` for divisible jobs."""
    state = fluid_state(logits, work)
    slope = two_sided_gradient(state, reference, 1.0, 3.0)
    found = float(np.linalg.norm(fluid_gradient(logits, work, slope)))
    distance = float(np.linalg.norm(state - reference))
    return domination_constant(logits, work, 1.0) * distance, found


def indivisible(logits: Floats, work: Floats, reference: Floats) -> tuple[float, float]:
    """Return the same for whole jobs, at the interior equilibrium of CE-2."""
    del logits, work, reference
    at, distance = logits_of([0.75, 0.75]), float(np.hypot(0.5, 0.5))
    found = float(np.linalg.norm(gradients(ce_2(), at)[0]))
    return domination_constant(at, np.ones(2), 1.0) * distance, found


def check_fluid(model: Responses, context: Context) -> Finding:
    """Return whether a bound keeps grad J from vanishing away from the reference."""
    rng, margin = context.rng("dgpg", "fluid"), np.inf
    for _ in range(200):
        logits, work = rng.normal(size=(3, 4)), rng.uniform(0.5, 1.5, 3)
        reference = rng.dirichlet(np.ones(4)) * work.sum()
        guaranteed, found = model(logits, work, reference)
        margin = min(margin, found - guaranteed)
    return only_under(
        "jobs are divisible and the state is their expected placement: then grad J = 0 exactly "
        "where x = xr, and there grad G = 0 too",
        margin >= -ROUNDING,
        least_margin=float(margin),
    )


def check_shaping(extra: Callable[[Processes], Floats], context: Context) -> Finding:
    """Random processes whose optimal policy changes when a term is added to the reward."""
    processes = random_processes(2000, 3, 2, context.rng("dgpg", "shaping"))
    count = changed(processes, extra(processes))
    return only_under(
        "the term is potential-based, gamma phi(s') - phi(s); a penalty on the state is not",
        count == 0,
        changed=float(count),
        changed_by_a_penalty=float(changed(processes, state_penalty(processes))),
        processes=2000.0,
    )


CLAIMS = (
    Claim(
        "dgpg/invariance-if-proportional",
        "Theorem 5.1",
        "Equilibria are preserved for every weight where the performance is that of the guidance.",
        ("DG-25",),
        Kind.EXACT,
        check_proportional,
        proportional_game(),
        Control("a reward that is merely aligned", ce_2()),
    ),
    Claim(
        "dgpg/invariance-if-divisible",
        "Theorem 5.1",
        "Equilibria are preserved for every weight where alignment lifts to the parameters.",
        ("DG-25",),
        Kind.EXACT,
        check_fluid,
        divisible,
        Control("whole jobs, placed at random", indivisible),
    ),
    Claim(
        "dgpg/invariance-if-shaped",
        "Theorem 5.1",
        "Optimal policies are preserved where the guidance enters as a potential.",
        ("DG-25",),
        Kind.EXACT,
        check_shaping,
        shaping,
        Control("a penalty on the state", state_penalty),
    ),
)
