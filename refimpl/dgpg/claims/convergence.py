"""Claims about the rate: Theorem 5.3 and the steps of its proof."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from refimpl.dgpg.theory.collisions import guidance_norm, halves, tilted
from refimpl.dgpg.theory.convergence import (
    Setting,
    ascent_step,
    contraction,
    direction_norm_bound,
    gain_bound,
    gain_coefficient,
    gap_bound,
    inner_product_bound,
    largest_step,
    next_gap,
    second_moment,
    second_moment_bound,
    smoothness_bound,
)
from refimpl.dgpg.theory.counterexamples import ce_2, payoffs, proportional_game, unit_jobs
from refimpl.dgpg.theory.estimators import (
    augmented_direction,
    direction_samples,
    guidance_samples,
    mean,
    return_samples,
)
from refimpl.dgpg.theory.games import (
    Game,
    gradient,
    gradients,
    law,
    logits_of,
    outcomes,
    performance,
)
from refimpl.findings import exactly
from refimpl.ledger import Claim, Context, Control, Finding, Kind, Verdict
from refimpl.shared.statistics import log_log_slope

Floats = NDArray[np.float64]


ROUNDING = 1e-12


def coordination(load: Floats) -> Floats:
    """Return the pay of two agents: 2 for both on server 0, 1 for both on server 1, else 0."""
    together = load[..., 0, 0]
    return np.where(together == 2.0, 2.0, np.where(together == 0.0, 1.0, 0.0))


def one_good_server(load: Floats) -> Floats:
    """Return the number of jobs on server 0: no coordination needed."""
    count: Floats = load[..., 0, 0]
    return count


def check_pl(reward: Callable[[Floats], Floats], context: Context) -> Finding:
    """PL constant ``|grad J|^2 / (2 gap)`` on the policies within [0.1, 0.9], on a grid."""
    del context
    game = unit_jobs(2, [1.0, 1.0], reward)
    best = float(payoffs(game).max())
    grid = [(p, q) for p in np.linspace(0.1, 0.9, 9) for q in np.linspace(0.1, 0.9, 9)]
    ratios = [_pl_ratio(game, pair, best) for pair in [*grid, (1 / 3, 1 / 3)]]
    evidence = {"least_ratio": min(ratios), "J_at_one_third": _value(game, 1 / 3), "J_best": best}
    for theta in (1.0, 5.0, 10.0):
        evidence[f"two_arms_from_{theta:.0f}"] = two_arm_constant(theta)
    return Finding(Verdict.HOLDS if min(ratios) > 1e-6 else Verdict.REFUTED, evidence)


def _pl_ratio(game: Game, pair: tuple[float, float], best: float) -> float:
    logits = logits_of(np.array(pair))
    slope = gradients(game, logits)[0][:, 0]
    return float(slope @ slope) / (2.0 * (best - float(performance(game, logits))))


def _value(game: Game, p: float) -> float:
    return float(performance(game, logits_of([p, p])))


def two_arm_constant(theta: float) -> float:
    """Return the best PL constant of a single agent's choice between pays 1 and 0.

    For logits of at least ``-theta``: ``(p (1-p))^2 / (2 (1-p)) = p^2 (1-p) / 2``, least at the
    lower end for logits up to the same bound.
    """
    low = 1.0 / (1.0 + np.exp(theta))
    return float(min(p * p * (1.0 - p) / 2.0 for p in (low, 1.0 - low)))


@dataclass(frozen=True)
class Concave:
    """``J(x) = -1/2 sum_k h_k x_k^2`` with G the same up to a factor: all constants are known."""

    curvature: Floats
    factor: float = 0.5

    def value(self, x: Floats) -> float:
        """Return J, at most 0."""
        return float(-0.5 * (self.curvature * x * x).sum())

    def gradient(self, x: Floats) -> Floats:
        """Return grad J."""
        return -self.curvature * x


QUADRATIC = Concave(np.array([0.5, 1.0, 2.0]))


def check_smoothness(smoothness: float, context: Context) -> Finding:
    """Compare the expected gain of a noisy step with the bound, on a quadratic with L = 2."""
    rng, least, update = context.rng("dgpg", "smoothness"), np.inf, 0.0
    signs = np.array(np.meshgrid(*[[-1.0, 1.0]] * 3)).reshape(3, -1).T
    for _ in range(50):
        x, scale, step = rng.normal(size=3), rng.uniform(0.1, 2.0, 3), rng.uniform(0.01, 0.5)
        g = rng.normal(size=3)
        samples = g + signs * scale
        after = [ascent_step(x, sample, step) for sample in samples]
        gain = np.mean([QUADRATIC.value(each) for each in after]) - QUADRATIC.value(x)
        moment = second_moment(float((scale**2).sum()), g)
        bound = smoothness_bound(QUADRATIC.gradient(x), g, moment, step, smoothness)
        least = min(least, float(gain - bound))
        update = max(update, float(np.abs(np.mean(after, axis=0) - x - step * g).max()))
    return exactly(max(0.0, -least) + update, ROUNDING, least_slack=least)


def check_inner_product(game: Game, context: Context) -> Finding:
    """Compare ``<grad J, g>`` with ``(1 - alpha) |grad J|^2`` at (0.6, 0.6) and on a grid."""
    del context
    alpha, seen, slacks, inner = 0.5, outcomes(game), [], []
    grid = np.linspace(0.02, 0.98, 25)
    for p, q in [(0.6, 0.6), *((p, q) for p in grid for q in grid)]:
        logits = logits_of([p, q])
        of_performance = gradient(logits, seen.actions, seen.rewards[:, 0])[:, 0]
        of_deviation = gradient(logits, seen.actions, seen.deviations[:, 0])[:, 0]
        direction = augmented_direction(of_performance, of_deviation, alpha)
        bound = inner_product_bound(of_performance, alpha)
        slacks.append(float(of_performance @ direction) - bound)
        inner.append(float(of_performance @ of_deviation))
    return exactly(
        max(0.0, -min(slacks)),
        ROUNDING,
        inner_product_at_0_6=inner[0],
        share_of_policies_misaligned=float(np.mean(np.array(inner[1:]) > ROUNDING)),
    )


Moment = Callable[[float, Floats], float]


def without_mean(variance: float, direction: Floats) -> float:
    """Return the variance alone."""
    del direction
    return variance


def check_moments(moment: Moment, context: Context) -> Finding:
    """Second moment of the sampled direction by enumeration, and the bounds on it."""
    rng, game, error, slack = context.rng("dgpg", "moments"), ce_2(), 0.0, np.inf
    for alpha in (0.0, 0.3, 0.7, 1.0):
        logits = rng.normal(size=(2, 2))
        samples = direction_samples(
            return_samples(game, logits), guidance_samples(game, logits), alpha
        )
        probability, center = law(logits, outcomes(game).actions), mean(game, logits, samples)
        variance = float(probability @ ((samples - center) ** 2).sum(axis=(1, 2)))
        exact = float(probability @ (samples**2).sum(axis=(1, 2)))
        of_performance, of_deviation = gradients(game, logits)
        bound = direction_norm_bound(of_performance, of_deviation, alpha)
        error = max(error, abs(moment(variance, center) - exact))
        slack = min(slack, bound - float((center**2).sum()))
        if alpha < 1.0:
            norms = [float((each**2).sum()) for each in (of_performance, of_deviation)]
            setting = Setting(1.0, 1.0, alpha, variance, norms[1])
            slack = min(slack, second_moment_bound(setting, norms[0]) - exact)
    return exactly(error + max(0.0, -slack), ROUNDING, least_slack=float(slack))


def separate_parameters(n: int) -> float:
    """Return ``|grad G|^2`` of N agents with logits of their own, K = N, 0.75 on the first half."""
    return guidance_norm(n, tilted(n, 0.75), halves(n))


def shared_and_averaged(n: int) -> float:
    """Return the same with one set of logits for all, and G divided by N."""
    return separate_parameters(n) / n


def check_guidance_norm(norm: Callable[[int], float], context: Context) -> Finding:
    """Growth of ``|grad G|^2`` along the direction that tells two halves apart."""
    del context
    sizes = (16, 64, 256, 1024)
    norms = [norm(n) for n in sizes]
    slope = log_log_slope(sizes, norms).slope
    evidence = {f"norm_at_{n}": value for n, value in zip(sizes, norms, strict=True)}
    verdict = Verdict.HOLDS if abs(slope) < 0.05 else Verdict.REFUTED
    return Finding(verdict, {"slope": slope, **evidence})


def check_gain(step_factor: float, context: Context) -> Finding:
    """Coefficient of ``|grad J|^2`` and the contraction, for steps up to a multiple of eq. 31's."""
    rng, slack, least, error = context.rng("dgpg", "gain"), np.inf, np.inf, 0.0
    for _ in range(200):
        setting = _random_setting(rng)
        step = step_factor * largest_step(setting) * rng.uniform(0.9, 1.0)
        half = 0.5 * step * (1.0 - setting.alpha)
        slack = min(slack, gain_coefficient(setting, step) / half - 1.0)
        least = min(least, contraction(setting, step))
        norm = rng.uniform(0.0, 3.0)
        # Eqs. 26 and 30 put into eq. 25 give the coefficient times the norm, less the noise.
        direct = step * (1.0 - setting.alpha) * norm - 0.5 * setting.smoothness * step**2 * (
            second_moment_bound(setting, norm)
        )
        excess = gain_coefficient(setting, step) - half
        error = max(error, abs(direct - gain_bound(setting, norm, step) - excess * norm))
    return exactly(
        max(0.0, -slack) + error, ROUNDING, least_slack=float(slack), least_contraction=float(least)
    )


def _random_setting(rng: np.random.Generator) -> Setting:
    smoothness = rng.uniform(0.5, 3.0)
    return Setting(
        smoothness,
        smoothness * rng.uniform(0.1, 1.0),
        rng.uniform(0.0, 0.95),
        rng.uniform(0.1, 3.0),
        rng.uniform(0.0, 2.0),
    )


GapBound = Callable[[Setting, float, float, int], float]


def without_floor(setting: Setting, start: float, step: float, count: int) -> float:
    """Return the bound without what noise leaves."""
    return gap_bound(replace(setting, variance=0.0, guidance_norm=0.0), start, step, count)


def check_gap(bound: GapBound, context: Context) -> Finding:
    """Recursion iterated, and the exact gap of a quadratic, against the closed bound."""
    rng, slack = context.rng("dgpg", "gap"), np.inf
    for _ in range(20):
        setting, start = _random_setting(rng), rng.uniform(0.1, 5.0)
        step, gap = largest_step(setting) * rng.uniform(0.1, 1.0), start
        for k in range(1, 200):
            gap = next_gap(setting, gap, step)
            slack = min(slack, bound(setting, start, step, k) / gap - 1.0)
    return exactly(max(0.0, -slack, _quadratic_excess(bound)), ROUNDING, least_slack=float(slack))


def _quadratic_excess(bound: GapBound) -> float:
    """How far the expected gap of a noisy quadratic ascent ever is above the bound.

    G = -J / 2 up to a constant, so the mean direction is ``(1 - alpha / 2) grad J`` and ``|grad
    G|^2`` is largest at the start.
    """
    h, alpha, variance, x = QUADRATIC.curvature, 0.4, 0.3, np.array([1.0, -1.0, 0.5])
    second, factor = x**2, (1.0 - alpha) + alpha * QUADRATIC.factor
    largest = float(((QUADRATIC.factor * h * x) ** 2).sum())
    setting = Setting(float(h.max()), float(h.min()), alpha, variance, largest)
    step, start, worst = largest_step(setting), float(0.5 * h @ second), -np.inf
    for k in range(1, 200):
        second = (1.0 - step * factor * h) ** 2 * second + step**2 * variance / h.size
        worst = max(worst, float(0.5 * h @ second) - bound(setting, start, step, k))
    return worst


CLAIMS = (
    Claim(
        "dgpg/pl-condition",
        "Assumption G.1",
        "Cooperative objectives of softmax policies satisfy a Polyak-Lojasiewicz inequality.",
        ("DG-37",),
        Kind.EXACT,
        check_pl,
        coordination,
        Control("no coordination needed, policies away from the border", one_good_server),
    ),
    Claim(
        "dgpg/smoothness-bound",
        "eqs. 24, 25",
        "A step gains at least eta <grad J, g> - L eta^2 / 2 E|g|^2 in expectation.",
        ("DG-38", "DG-39"),
        Kind.EXACT,
        check_smoothness,
        2.0,
        Control("half the smoothness constant", 1.0),
    ),
    Claim(
        "dgpg/inner-product",
        "eq. 26",
        "Alignment gives <grad J, grad G> <= 0, so the guided direction ascends J.",
        ("DG-40",),
        Kind.EXACT,
        check_inner_product,
        ce_2(),
        Control("a game in which J = -2 G", proportional_game()),
    ),
    Claim(
        "dgpg/second-moment",
        "eqs. 27, 28, 30",
        "The second moment is variance plus squared mean, bounded by both gradients' norms.",
        ("DG-41a", "DG-41b", "DG-43"),
        Kind.EXACT,
        check_moments,
        second_moment,
        Control("the variance alone", without_mean),
    ),
    Claim(
        "dgpg/guidance-norm",
        "eq. 29",
        "The norm of grad G is bounded independently of N.",
        ("DG-42",),
        Kind.EXACT,
        check_guidance_norm,
        separate_parameters,
        Control("shared parameters and an average over agents", shared_and_averaged),
    ),
    Claim(
        "dgpg/per-iteration-gain",
        "eq. 31, App. G Step 3",
        "Steps up to 1 / (2 L (1 - alpha)) gain eta (1 - alpha) / 2 |grad J|^2 less the noise.",
        ("DG-44", "DG-49"),
        Kind.EXACT,
        check_gain,
        1.0,
        Control("steps twice as large", 2.0),
    ),
    Claim(
        "dgpg/gap-bound",
        "eq. 32",
        "The gap after K steps is at most a geometric part plus a floor.",
        ("DG-45",),
        Kind.EXACT,
        check_gap,
        gap_bound,
        Control("no floor", without_floor),
    ),
)
