"""Step sizes and exploration rates as functions of the step number k = 0, 1, 2, ..."""

from __future__ import annotations

import math
from collections.abc import Callable

from linear_models.validation import check_count, check_nonnegative

Schedule = Callable[[int], float]


def constant(value: float) -> Schedule:
    """``value``, at every step."""
    _check_number("value", value)

    def at(step: int) -> float:
        _check_step(step)
        return value

    return at


def linear(start: float, end: float, steps: int) -> Schedule:
    """Straight line from ``start`` at step 0 to ``end`` at step ``steps``, then ``end``."""
    return _between(start, end, steps, lambda fraction: fraction)


def cosine(start: float, end: float, steps: int) -> Schedule:
    """Half a cosine from ``start`` at step 0 to ``end`` at step ``steps``, then ``end``."""
    return _between(start, end, steps, lambda fraction: (1 - math.cos(math.pi * fraction)) / 2)


def exponential(start: float, rate: float, floor: float = 0.0) -> Schedule:
    """``max(floor, start * rate^k)``, with ``rate`` in (0, 1]."""
    check_nonnegative("start", start)
    check_nonnegative("floor", floor)
    if not 0 < rate <= 1:
        raise ValueError(f"rate must be in (0, 1]; got {rate}")

    def at(step: int) -> float:
        _check_step(step)
        return max(floor, start * math.pow(rate, step))

    return at


def power(start: float, exponent: float) -> Schedule:
    """``start / (k + 1)^exponent``; see :func:`robbins_monro` for the exponents that converge."""
    check_nonnegative("start", start)
    check_nonnegative("exponent", exponent)

    def at(step: int) -> float:
        _check_step(step)
        return start / math.pow(step + 1, exponent)

    return at


def robbins_monro(exponent: float) -> bool:
    """Whether step sizes ``1 / (k + 1)^exponent`` have infinite sum and finite sum of squares.

    These are the Robbins-Monro conditions: far enough to get anywhere, small enough to average the
    noise away. They hold exactly for 1/2 < exponent <= 1.
    """
    _check_number("exponent", exponent)
    return 0.5 < exponent <= 1


def _between(start: float, end: float, steps: int, shape: Callable[[float], float]) -> Schedule:
    """From ``start`` to ``end``; ``shape`` maps the elapsed fraction [0, 1] to [0, 1]."""
    _check_number("start", start)
    _check_number("end", end)
    check_count("steps", steps)

    def at(step: int) -> float:
        _check_step(step)
        weight = shape(min(step / steps, 1.0))
        return (1 - weight) * start + weight * end

    return at


def _check_number(name: str, value: float) -> None:
    if not math.isfinite(value):
        raise ValueError(f"{name} must be finite; got {value}")


def _check_step(step: int) -> None:
    if step < 0:
        raise ValueError(f"step must be >= 0; got {step}")
