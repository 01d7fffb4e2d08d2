"""Conformance kit: is your implementation right? Ask the reference.

In Python, hand over your function::

    from refimpl import conformance

    conformance.check("gae", my_gae, examples=200)

It is called with generated inputs as keyword arguments and returns a dict with the output keys, or
a tuple in their order. Either it agrees on all examples, or :class:`ConformanceError` shows the
smallest input found on which it does not, in full. (Needs Hypothesis: ``pip install
refimpl[test]``.)

In any other language, read the same as data: ``python -m refimpl vectors DIR --seed 0`` writes
inputs and outputs as ``.npz`` files with a ``manifest.json`` that says what each array is.

``for case in conformance.cases().values(): print(case)`` lists what can be checked.

A case is a name, fields, a generator of inputs and the reference function; see
:class:`~refimpl.conformance.case.Case`. A family of cases is one small module with a ``CASES``
tuple, listed in :mod:`refimpl.conformance.catalogue`. Inputs are generated so that the right answer
is unique and stable: away from kinks, programs not degenerate.
"""

from refimpl.conformance.case import Case, Field
from refimpl.conformance.catalogue import cases
from refimpl.conformance.checker import ConformanceError, check
from refimpl.conformance.vectors import write_vectors

__all__ = ["Case", "ConformanceError", "Field", "cases", "check", "write_vectors"]
