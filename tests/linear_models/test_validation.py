"""Each check passes what it should and names argument, rule and value otherwise."""

from __future__ import annotations

import numpy as np
import pytest

from linear_models import validation as v

NAN = float("nan")
INF = float("inf")


@pytest.mark.parametrize(
    ("check", "good", "bad", "message"),
    [
        (lambda x: v.check_shape("x", x, (2,)), np.zeros(2), np.zeros(3), r"x .*\(2,\).*\(3,\)"),
        (lambda x: v.check_last_axis("x", x, 2), np.zeros((3, 2)), np.zeros((2, 3)), r"x .*2.*3\)"),
        (lambda x: v.check_last_axis("x", x, 1), np.zeros(1), np.zeros(()), r"x .*1.*\(\)"),
        (lambda x: v.check_finite("x", x), np.zeros(2), np.array([0, NAN]), r"x .*nan.*\(1,\)"),
        (lambda x: v.check_finite("x", x), np.zeros(()), np.array(-INF), r"x .*-inf"),
        (lambda x: v.check_finite("x", x), np.array([1j]), np.array([1j * INF]), r"x .*inf"),
        (lambda x: v.check_nonempty("x", x), np.zeros(1), np.zeros((0, 2)), r"x .*empty.*\(0, 2\)"),
        (lambda x: v.check_positive("x", x), 1e-300, 0.0, "x .*> 0; got 0.0"),
        (lambda x: v.check_positive("x", x), 1.0, NAN, "x .*nan"),
        (lambda x: v.check_positive("x", x), 1.0, INF, "x .*inf"),
        (lambda x: v.check_nonnegative("x", x), 0.0, -1e-300, "x .*>= 0; got -1e-300"),
        (lambda x: v.check_nonnegative("x", x), 1.0, NAN, "x .*nan"),
        (lambda x: v.check_fraction("x", x), 0.0, 1.0, r"x .*\[0, 1\); got 1.0"),
        (lambda x: v.check_fraction("x", x), 0.5, NAN, "x .*nan"),
        (lambda x: v.check_count("x", x), 1, 0, "x .*>= 1; got 0"),
        (lambda x: v.check_count("x", x), np.int64(3), 2.0, "x .*integer.*2.0"),
        (lambda x: v.check_count("x", x), 1, True, "x .*integer.*True"),
        (
            lambda x: v.check_indices("x", x, 3),
            np.array([0, 2]),
            np.array([0, 3]),
            r"0\.\.2; got 3",
        ),
        (
            lambda x: v.check_indices("x", x, 3),
            np.array([], int),
            np.array([-1]),
            r"0\.\.2; got -1",
        ),
        (lambda x: v.check_indices("x", x, 3), np.array([1]), np.array([1.0]), "float64"),
    ],
)
def test_check(check, good, bad, message) -> None:
    check(good)
    with pytest.raises(ValueError, match=message):
        check(bad)
