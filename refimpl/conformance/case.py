"""What a conformance case is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from refimpl.conformance.draws import Draw

Arrays = dict[str, Any]

RULE = "abs(yours - reference) <= tolerance * max(1, largest abs(reference) in that array)"


@dataclass(frozen=True)
class Field:
    """One input or output.

    Attributes
    ----------
    name : str
        Its key; ``W{k}`` stands for W0, W1, ...
    shape : str
        ``"T x E"``, or ``"scalar"``.
    meaning : str
        What it is, with unit and convention.
    """

    name: str
    shape: str
    meaning: str


@dataclass(frozen=True)
class Case:
    """Something that can be computed rightly or wrongly.

    Attributes
    ----------
    name : str
        Its key in :func:`refimpl.conformance.cases`.
    title : str
        What is computed, in a few words.
    equation : str
        The formula, or the tag of the equation.
    inputs, outputs : tuple of Field
        In the order of the files and of the returned tuple.
    generate : callable
        ``generate(draw) -> dict`` of inputs, valid by construction and with a unique answer.
    reference : callable
        ``reference(**inputs) -> dict`` of outputs.
    tolerance : float
        Largest error that rounding or a good solver explains, by :data:`RULE`.
    """

    name: str
    title: str
    equation: str
    inputs: tuple[Field, ...]
    outputs: tuple[Field, ...]
    generate: Callable[[Draw], Arrays]
    reference: Callable[..., Arrays]
    tolerance: float

    def __str__(self) -> str:
        """Everything an implementer has to know, as text."""
        lines = [
            f"{self.name}: {self.title}",
            f"  {self.equation}",
            f"  tolerance {self.tolerance}",
        ]
        for heading, fields in (("takes", self.inputs), ("returns", self.outputs)):
            lines.append(f"  {heading}")
            lines += [f"    {f.name} ({f.shape}): {f.meaning}" for f in fields]
        return "\n".join(lines)
