"""Claims about equilibria: Theorem 5.1, Lemma E.1, its proof, and what restores it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from linear_models.gradcheck import complex_step_jvp
from refimpl.dgpg.theory.counterexamples import (
    alignment_along,
    bisect_root,
    ce_1,
    ce_2,
    ce_2_interior,
    ce_3,
    ce_3_threshold,
    ce_4,
    conserved_loads,
    consistency,
    deviation_gain,
    invariance,
    payoffs,
    proportional_game,
    pure_equilibria,
)
from refimpl.dgpg.theory.estimators import augmented_direction
from refimpl.dgpg.theory.fluid import (
    fluid_gradient,
    fluid_state,
)
from refimpl.dgpg.theory.games import (
    Game,
    expected_deviation,
    gradients,
    logits_of,
    outcomes,
    performance,
)
from refimpl.dgpg.theory.influence import influences, jacobian_rank
from refimpl.findings import exactly
from refimpl.ledger import Claim, Context, Control, Finding, Kind, Verdict

Floats = NDArray[np.float64]


ROUNDING = 1e-12


ALPHAS = (0.2, 0.4, 0.6, 0.8)
"""Weights of the paper's Figure 2."""


@dataclass(frozen=True)
class Stationary:
    """A game and a policy at which the gradient of J vanishes."""

    name: str
    game: Game
    logits: Floats


WITNESSES = (
    Stationary("ce_1", ce_1(), logits_of([0.5])),
    Stationary("ce_2", ce_2(), logits_of([0.75, 0.75])),
)


PROPORTIONAL = (
    Stationary("half", proportional_game(), logits_of([0.5, 0.5])),
    Stationary("apart", proportional_game(), np.array([[40.0, 0.0], [0.0, 40.0]])),
)
"""Stationary points of a game with J = -2 G: the mixed one, and both agents apart."""


def check_theorem(points: tuple[Stationary, ...], context: Context) -> Finding:
    """Compute the guided direction at stationary points of J; both assumptions are checked."""
    del context
    evidence = {}
    for point in points:
        _require_assumptions(point)
        for alpha in ALPHAS:
            value = invariance(point.game, point.logits, alpha)
            evidence[f"{point.name}_direction_{alpha}"] = value
    return exactly(max(evidence.values()), ROUNDING, **evidence)


def _require_assumptions(point: Stationary) -> None:
    """Raise unless the point is stationary for J and the game aligned off the reference."""
    stationarity, _ = consistency(point.game, point.logits)
    loads = conserved_loads(point.game)
    away = np.abs(loads - point.game.target(loads)).max(axis=(1, 2)) > ROUNDING
    alignment = float(alignment_along(point.game, loads)[away].min())
    if stationarity > ROUNDING or alignment <= 0.0:
        raise ValueError(
            f"points must be stationary and aligned; {point.name} has gradient {stationarity} and "
            f"alignment {alignment}"
        )


def check_lemma(points: tuple[Stationary, ...], context: Context) -> Finding:
    """Compute the gradient of G at stationary points of J; both assumptions are checked."""
    del context
    evidence = {}
    for point in points:
        _require_assumptions(point)
        _, evidence[f"{point.name}_grad_G"] = consistency(point.game, point.logits)
    return exactly(max(evidence.values()), ROUNDING, **evidence)


def expected_distance(game: Game, logits: Floats) -> float:
    """Return G, the expected deviation: zero only if the reference is met almost surely."""
    return float(expected_deviation(game, logits))


def distance_of_mean(game: Game, logits: Floats) -> float:
    """Return the deviation of the expected state: zero also if it is met on average only."""
    seen, policies = outcomes(game), np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    mean = policies.T @ game.demand
    return 0.5 * float(((mean - game.target(seen.after[0, 0])) ** 2).sum())


def check_step_1(distance: Callable[[Game, Floats], float], context: Context) -> Finding:
    """Return whether every entry of grad G is at most the distance from the reference."""
    rng, game = context.rng("dgpg", "step 1"), ce_2()
    places = [logits_of([0.25, 0.75]), np.array([[20.0, 0.0], [0.0, 20.0]])]
    places += [rng.normal(size=(2, 2)) for _ in range(50)]
    ratios = []
    for logits in places:
        slope = float(np.abs(gradients(game, logits)[1]).max())
        ratios.append(slope - distance(game, logits))
    closest = float(np.abs(gradients(game, places[1])[1]).max())
    # Scores are within [-1, 1] and the deviation is not negative, so |grad G| <= G: it vanishes
    # with G. Softmax policies get there only in the limit.
    return exactly(max(0.0, *ratios), ROUNDING, grad_G_close_to_the_reference=closest)


def placed_whole(logits: Floats) -> tuple[float, float]:
    """Return state and parameter gradient of CE-4: the least and the only one."""
    game = ce_4()
    loads = outcomes(game).after[:, 0]
    slopes = np.abs(
        complex_step_jvp(game.reward, loads, np.broadcast_to([[1.0], [-1.0]], loads.shape))
    )
    return float(slopes.min()), float(np.abs(gradients(game, logits)[0]).max())


def placed_in_parts(logits: Floats) -> tuple[float, float]:
    """Return the same for a job that can be divided: the state is the policy itself."""
    work, reference = np.ones(1), np.array([0.5, 0.5])
    slope = -4.0 * (fluid_state(logits, work) - reference)
    return float(np.abs(slope).min()), float(np.abs(fluid_gradient(logits, work, slope)).max())


def check_step_3(model: Callable[[Floats], tuple[float, float]], context: Context) -> Finding:
    """State gradients at visited states, and the gradient by parameters, at some policies."""
    rng = context.rng("dgpg", "step 3")
    pairs = np.array([model(logits_of(rng.uniform(0.1, 0.4, 1))) for _ in range(20)])
    lifts = bool((pairs[:, 1] > 0.01 * pairs[:, 0]).all())
    return Finding(
        Verdict.HOLDS if lifts else Verdict.REFUTED,
        {
            "least_state_gradient": float(pairs[:, 0].min()),
            "largest_parameter_gradient": float(pairs[:, 1].max()),
        },
    )


def check_full_rank(influence: Floats, context: Context) -> Finding:
    """Rank of the Jacobian of the state by one agent's parameters."""
    policy = context.rng("dgpg", "rank").dirichlet(np.full(len(influence), 5.0))
    rank, needed = jacobian_rank(policy, influence)
    verdict = Verdict.HOLDS if rank == needed else Verdict.REFUTED
    return Finding(verdict, {"rank": float(rank), "rank_needed": float(needed)})


def symmetric_equilibrium(game: Game, alpha: float) -> float:
    """Return p = q at which the guided gradient vanishes, by bisection on (0.1, 0.9)."""

    def slope(p: float) -> float:
        of_performance, of_deviation = gradients(game, logits_of([p, p]))
        return float(augmented_direction(of_performance, of_deviation, alpha)[0, 0])

    return bisect_root(slope, 0.1, 0.9)


def check_set(game: Game, context: Context) -> Finding:
    """Interior equilibria of J and of the guided objective, both inclusions."""
    del context
    own = symmetric_equilibrium(game, 0.0)
    evidence, moved = {"interior_0.0": own, "J_0.0": _value(game, own)}, 0.0
    for alpha in (0.2, 0.5, 0.8):
        guided = symmetric_equilibrium(game, alpha)
        moved = max(moved, abs(guided - own))
        evidence |= {f"interior_{alpha}": guided, f"J_{alpha}": _value(game, guided)}
        evidence[f"closed_form_{alpha}"] = ce_2_interior(alpha)
        new = gradients(game, logits_of([guided, guided]))[0]
        evidence[f"grad_J_at_new_{alpha}"] = float(np.abs(new).max())
    # Bisection ends at neighbouring numbers; the slope's own rounding is worth some 1e-15.
    return exactly(moved, 1e-9, **evidence)


def _value(game: Game, p: float) -> float:
    return float(performance(game, logits_of([p, p])))


def check_nash(corner: tuple[float, int], context: Context) -> Finding:
    """Gain of a single deviation where the gradient of J is below 1e-8."""
    del context
    theta, server = corner
    game = ce_3()
    slope = float(np.abs(gradients(game, np.array([[theta, 0.0]] * 2))[0]).max())
    gain = deviation_gain(payoffs(game), (server, server))
    nash = slope <= 1e-8 and gain <= ROUNDING
    return Finding(
        Verdict.HOLDS if nash else Verdict.REFUTED,
        {"gradient": slope, "gain_of_deviating": gain},
    )


def all_efficient(load: Floats) -> Floats:
    """Return the reference that puts all load on server 0."""
    first: Floats = np.zeros_like(load)
    first[..., 0, :] = load.sum(axis=-2)
    return first


def check_model_error(reference: Callable[[Floats], Floats] | None, context: Context) -> Finding:
    """Pure equilibria of the energy game with and without guidance by a reference."""
    del context
    game = ce_3(reference)
    own, evidence, lost = pure_equilibria(payoffs(game)), {}, 0
    for alpha in (0.2, 0.33, 0.34, 0.4, 0.6, 0.8):
        guided = pure_equilibria(payoffs(game, alpha))
        evidence[f"equilibria_kept_{alpha}"] = float(len(set(own) & set(guided)))
        lost += guided != own
    alignment = float(alignment_along(game, np.array([[[2.0], [0.0]]]))[0])
    return exactly(float(lost), 0.0, threshold=ce_3_threshold(), alignment=alignment, **evidence)


CLAIMS = (
    Claim(
        "dgpg/theorem-5.1",
        "Theorem 5.1, eq. 15",
        "Where the gradient of J vanishes the guided gradient vanishes too, for every weight.",
        ("DG-17", "DG-69"),
        Kind.EXACT,
        check_theorem,
        WITNESSES,
        Control("a game in which J = -2 G", PROPORTIONAL),
    ),
    Claim(
        "dgpg/lemma-e.1",
        "Lemma E.1, eq. 20",
        "Where the gradient of J vanishes the gradient of G vanishes too.",
        ("DG-18", "DG-92c"),
        Kind.EXACT,
        check_lemma,
        WITNESSES,
        Control("a game in which J = -2 G", PROPORTIONAL),
    ),
    Claim(
        "dgpg/proof-step-1",
        "App. E, Step 1",
        "If the reference is met at all visited states, the gradient of G is zero.",
        ("DG-19",),
        Kind.EXACT,
        check_step_1,
        expected_distance,
        Control("the reference is met on average only", distance_of_mean),
    ),
    Claim(
        "dgpg/proof-step-3",
        "App. E, Step 3",
        "Where the state gradient of J is not zero at visited states, neither is grad J.",
        ("DG-20",),
        Kind.EXACT,
        check_step_3,
        placed_whole,
        Control("a divisible job", placed_in_parts),
    ),
    Claim(
        "dgpg/remark-e.2",
        "Remark E.2",
        "The Jacobian of the state by one agent's parameters has full row rank.",
        ("DG-21",),
        Kind.EXACT,
        check_full_rank,
        influences(np.array([1.0, 2.0]), 4),
        Control(
            "three actions that push two numbers in independent directions",
            np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]),
        ),
    ),
    Claim(
        "dgpg/equilibrium-set",
        "sec. 5.1",
        "The set of equilibria is the same for every weight.",
        ("DG-22",),
        Kind.EXACT,
        check_set,
        ce_2(),
        Control("a game in which J = -2 G", proportional_game()),
    ),
    Claim(
        "dgpg/stationary-is-nash",
        "Theorem 5.1",
        "A policy at which the gradient of J vanishes is a Nash equilibrium.",
        ("DG-23",),
        Kind.EXACT,
        check_nash,
        (-20.0, 1),
        Control("both agents on the efficient server", (20.0, 0)),
    ),
    Claim(
        "dgpg/model-error",
        "App. A",
        "An inaccurate model changes the variance but not the equilibria.",
        ("DG-24",),
        Kind.EXACT,
        check_model_error,
        None,
        Control("the reference is the best state", all_efficient),
    ),
)
