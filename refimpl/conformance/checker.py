"""Your function against the reference: agreement on all inputs, or the smallest difference."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

import numpy as np

from refimpl.conformance.case import Arrays, Case
from refimpl.conformance.catalogue import find
from refimpl.conformance.search import smallest_failure


class ConformanceError(AssertionError):
    """An implementation disagrees with the reference.

    Attributes
    ----------
    inputs, reference : dict
        The input on which it does, and the right outputs.
    """

    def __init__(self, message: str, inputs: Arrays, reference: Arrays) -> None:
        super().__init__(message)
        self.inputs = inputs
        self.reference = reference


def check(
    name: str, function: Callable[..., Any], examples: int = 200, tolerance: float | None = None
) -> None:
    """Raise unless ``function`` agrees with the reference on generated inputs.

    Parameters
    ----------
    name : str
        A case of :func:`refimpl.conformance.cases`.
    function : callable
        Called with the inputs as keyword arguments (arrays, and plain numbers for scalars). Returns
        a dict with the output keys, or a tuple in their order; anything ``numpy.asarray`` takes.
    examples : int
        How many inputs to try.
    tolerance : float, optional
        Instead of the case's own, for instance 1e-4 for a float32 implementation.

    Raises
    ------
    ConformanceError
        With the smallest input found on which the function disagrees or raises, in full.
    LookupError
        If there is no such case.
    ValueError
        If ``examples`` or ``tolerance`` is not positive.
    ImportError
        If Hypothesis is not installed.
    """
    case = find(name)
    if examples < 1:
        raise ValueError(f"examples must be >= 1; got {examples}")
    allowed = case.tolerance if tolerance is None else tolerance
    if not (math.isfinite(allowed) and allowed > 0):
        raise ValueError(f"tolerance must be finite and > 0; got {allowed}")
    failure = smallest_failure(
        case.generate, lambda inputs: _disagreement(case, function, inputs, allowed), examples
    )
    if failure is not None:
        raise failure


def _disagreement(
    case: Case, function: Callable[..., Any], inputs: Arrays, tolerance: float
) -> ConformanceError | None:
    reference = case.reference(**inputs)
    cause: Exception | None = None
    try:
        # A copy: what their function does to its arguments must not change what is shown.
        outputs = _as_arrays(function(**deepcopy(inputs)), tuple(reference))
        difference = _first_difference(outputs, reference, tolerance)
    except Exception as error:
        cause, difference = error, f"raised {type(error).__name__}: {error}"
    if difference is None:
        return None
    who = getattr(function, "__name__", repr(function))
    message = (
        f"{who} does not compute {case.name!r} ({case.title})\n{difference}\nfor this input:\n"
    )
    failure = ConformanceError(message + _listing(inputs), inputs, reference)
    failure.__cause__ = cause
    return failure


def _as_arrays(returned: Any, names: tuple[str, ...]) -> Arrays:
    """Return the outputs by name, in the order of ``names``."""
    if not isinstance(returned, Mapping):
        values = returned if isinstance(returned, tuple | list) else (returned,)
        if len(values) != len(names):
            raise TypeError(f"must return {len(names)} outputs {names}; got {len(values)}")
        returned = dict(zip(names, values, strict=True))
    missing = [name for name in names if name not in returned]
    if missing:
        raise TypeError(f"must return the outputs {names}; missing {missing}")
    return {name: np.asarray(returned[name], dtype=np.float64) for name in names}


def _first_difference(outputs: Arrays, reference: Arrays, tolerance: float) -> str | None:
    """Describe the first output that is not the reference's; see ``case.RULE``."""
    for name, wanted in reference.items():
        wanted, given = np.asarray(wanted, np.float64), outputs[name]
        if given.shape != wanted.shape:
            return f"{name} must have shape {wanted.shape}; got {given.shape}"
        allowed = tolerance * max(1.0, float(np.abs(wanted).max(initial=0.0)))
        wrong = ~(np.abs(given - wanted) <= allowed)  # written so that NaN is wrong
        if wrong.any():
            index = tuple(int(i) for i in np.argwhere(wrong)[0])
            place = f" at index {index}" if index else ""
            return (
                f"{name}{place} must be {float(wanted[index])!r} to {allowed:.1g}; "
                f"got {float(given[index])!r}\n"
                f"{_listing({'reference ' + name: wanted, 'yours     ' + name: given})}"
            )
    return None


def _listing(arrays: Arrays) -> str:
    """Every number of every array, such that it can be pasted into a program."""
    with np.printoptions(threshold=2**31, floatmode="unique", linewidth=100):
        return "\n".join(_line(f"  {name} = ", value) for name, value in arrays.items())


def _line(label: str, value: Any) -> str:
    array = np.asarray(value)
    if array.ndim == 0:
        return f"{label}{array.item()!r}"
    return label + np.array2string(array, separator=", ", prefix=label)
