"""Planted tables are what the experiments would have returned: same keys, same shapes."""

from __future__ import annotations

import numpy as np

from refimpl.dcc.experiments import references
from refimpl.dcc.experiments.local_solvers import Solve, solve
from refimpl.dcc.experiments.runs import Run, train
from tests.dcc.claims.planted import curve_of, level, local_of, of_methods, reference_of


def test_curves_have_the_keys_of_real_ones():
    run = Run("dcc-exact", 2, (0, 2), 1000)
    real, fake = train(run, 0), curve_of(run, of_methods())
    assert set(fake) <= set(real)
    for key in set(fake) - {"steps"}:
        assert fake[key].shape[1:] == real[key].shape[1:], key
    assert fake["steps"].shape == real["steps"].shape


def test_references_have_the_keys_and_shapes_of_real_ones():
    real, fake = references.run(2, (0, 2), 1.5, 0), reference_of(2, (0, 2), 1.5)
    assert {k: v.shape for k, v in fake.items()} == {k: v.shape for k, v in real.items()}


def test_local_solves_have_the_keys_of_real_ones():
    task = Solve("q-ours", 0, 1000)
    assert set(local_of(task, 0.1, 0.2)) == set(solve(task, 0))


def test_values_are_planted_by_method_in_units_of_never_offloading():
    make = of_methods(mappo={"cost": 2.0}, a2c=lambda run: {"use": 0.01 * run.n_devices})
    mappo, a2c = (curve_of(Run(m, 10, (1, 3), 1000), make) for m in ("mappo", "a2c"))
    np.testing.assert_array_equal(mappo["cost"][-1], 100.0 * level((1, 3)))
    np.testing.assert_array_equal(a2c["use"][0], [0.1, 0.1])
    assert mappo["steps"][-1] == 16_000
