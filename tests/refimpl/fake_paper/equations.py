"""Table of contents of the fake paper."""

from refimpl.equations import DIFFERS, NOT_IMPLEMENTED, Equation
from tests.refimpl.fake_paper import model

INVENTORY = {"eq.": 3, "Algorithm": 1}

EQUATIONS = (
    Equation(
        "eq. 1",
        "square",
        "y = x^2",
        model.square,
        test="tests/refimpl/test_contents.py::test_description_of_a_row",
        example="examples/fake_01.py",
    ),
    Equation("eq. 2", "cube", "y = x^3", DIFFERS(model.cube, "the printed exponent is a slip")),
    Equation("eq. 3", "the lost one", "", NOT_IMPLEMENTED("its formula is lost")),
    Equation("Algorithm 1", "keeping", "", model.Ledger),
)
