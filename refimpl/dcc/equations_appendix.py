"""Rows of the paper's appendices; :mod:`refimpl.dcc.equations` puts them behind the others."""

from __future__ import annotations

from lp_solvers.constrained_mdp import cmdp_lp
from lp_solvers.parametric import value_curve
from refimpl.dcc.experiments import long_training, scaling
from refimpl.dcc.model.congestion import power_law
from refimpl.dcc.model.device import draw_device
from refimpl.dcc.model.exact import local_cost, offload_cost
from refimpl.dcc.model.simulator import step
from refimpl.dcc.theory.approximation import chord_penalty, penalty_gap_bound
from refimpl.dcc.train.a2c import centralised_a2c
from refimpl.dcc.train.gradients import multiplier_substitution, three_evaluations
from refimpl.dcc.train.mappo import MAPPOSettings
from refimpl.dcc.train.settings import QSettings
from refimpl.equations import DIFFERS, NOT_IMPLEMENTED, Equation

PROOFS = (
    Equation(
        "eq. 17",
        "a convex penalty lies below its chord",
        "E d(1 + X) <= d(1) + E X (d(N) - d(1)) / (N - 1),  X others who offload, d convex",
        DIFFERS(
            chord_penalty,
            "the printed inequality is not legible; this is the step that the text around it needs",
        ),
        "tests/dcc/theory/test_approximation.py::"
        "test_truth_lies_between_the_function_and_its_chord",
        "examples/dcc_04_lemma_1.py",
    ),
    Equation(
        "eq. 18",
        "error per offload, convex or concave penalty",
        "|E d(1 + X) - d(1 + E X)| <= |chord at 1 + E X - d(1 + E X)|",
        DIFFERS(
            penalty_gap_bound,
            "the printed inequality is not legible; this bound is valid and 0 for linear d",
        ),
        "tests/dcc/theory/test_approximation.py::test_bound_of_the_power_law_in_closed_form",
        "examples/dcc_04_lemma_1.py",
    ),
    Equation(
        "eq. 19",
        "parametric program",
        "V(t) = max over x in X of f(x, t) subject to g(x, t) >= 0",
        DIFFERS(
            cmdp_lp,
            "only the case the paper uses: a linear program over occupation measures, minimised, "
            "with the budget on the right-hand side",
        ),
        "tests/lp_solvers/test_constrained_mdp.py::test_linear_program_against_enumeration",
        "examples/dcc_03_three_ways_to_the_constrained_optimum.py",
    ),
    Equation(
        "Theorem 2",
        "envelope theorem (cited)",
        "V is absolutely continuous; V'(t+) = max over x* of min over y* of L_t(x*, y*, t)",
        DIFFERS(
            value_curve,
            "for linear programs only, where the concavity that the statement omits is automatic: "
            "the whole curve with its one-sided slopes, which are the extreme multipliers",
        ),
        "tests/lp_solvers/test_parametric.py::"
        "test_curve_is_convex_with_slopes_that_are_its_one_sided_derivatives",
        "examples/dcc_02_multiplier_is_the_gradient.py",
    ),
)

DEVICE = (
    Equation(
        "Fig. 7",
        "one device: wait, process with own energy, or offload for free",
        "age: 1 after processing or offloading, else min(x + 1, M); level: min(B, e + h [- c])",
        step,
        "tests/dcc/model/test_simulator.py::test_every_row_of_the_kernel_is_met",
        "examples/dcc_01_device.py",
    ),
    Equation(
        "eq. 20",
        "local cost of a device",
        "r_loc = f(x) + 1{process} E (c - e - h)_+^p;  chosen: f(x) = x, p = 2",
        local_cost,
        "tests/dcc/model/test_exact.py::test_processing_pays_for_the_deficit_only",
        "examples/dcc_01_device.py",
    ),
    Equation(
        "eq. 21",
        "congestion penalty",
        "d(n) = kappa (n - 1)^beta, n >= 1, beta >= 1;  kappa = 1 in all experiments",
        power_law,
        "tests/dcc/model/test_congestion.py::test_two_pay_the_scale_whatever_the_exponent",
        "examples/dcc_11_exponent.py",
    ),
    Equation(
        "eq. 22",
        "constrained cost in the offloading model",
        "c_i = 1{a_i = offload}",
        offload_cost,
        "tests/dcc/model/test_exact.py::test_offload_cost_marks_the_crowded_action_only",
        "examples/dcc_01_device.py",
    ),
)

FURTHER_EXPERIMENTS = (
    Equation(
        "Fig. 8",
        "lost: neither caption nor a reference in the text says what it shows",
        "",
        NOT_IMPLEMENTED("its caption is lost, and the text refers to no Fig. 8"),
    ),
    Equation(
        "Fig. 9",
        "learning curves behind Fig. 1a",
        "",
        scaling.jobs,
        "tests/dcc/experiments/test_scaling.py::"
        "test_runs_have_the_profile_s_steps_and_the_linear_penalty",
        "examples/dcc_08_cost_against_size.py",
    ),
    Equation(
        "Fig. 10",
        "offloading over training in larger systems",
        "",
        scaling.jobs,
        "tests/dcc/experiments/test_scaling.py::test_tabular_methods_train_all_games_at_once",
        "examples/dcc_09_offloading_frequency.py",
    ),
    Equation(
        "Fig. 11",
        "MAPPO trained longer",
        "",
        long_training.jobs,
        "tests/dcc/experiments/test_long_training.py::"
        "test_full_runs_have_the_steps_of_the_paper_s_table",
        "examples/dcc_12_long_mappo.py",
    ),
    Equation(
        "Fig. 12",
        "centralised A2C; independent learners with a common reward",
        "",
        centralised_a2c,
        "tests/dcc/train/test_a2c.py::test_learns_to_cost_less_than_at_the_start",
        "examples/dcc_08_cost_against_size.py",
    ),
)

ALGORITHMS = (
    Equation(
        "Algorithm 2",
        "gradient by finite differences: the version of the experiments",
        "own = (V_i(theta_i + x, .) - V_i) / x;  coupling = (V_i(., theta_-i + y) - V_i) / y",
        three_evaluations,
        "tests/dcc/train/test_gradients.py::"
        "test_three_evaluations_stay_in_the_box_and_move_one_argument_each",
        "examples/dcc_07_learning_the_constraint.py",
    ),
    Equation(
        "Algorithm 3",
        "gradient from exact multipliers",
        "own_i = -lambda_i / (1 - gamma);  coupling_i = d'(1 + theta_-i) J_c / (1 - gamma)",
        multiplier_substitution,
        "tests/dcc/train/test_gradients.py::test_multipliers_are_the_slopes_of_linear_programs",
        "examples/dcc_06_exact_coordination.py",
    ),
)

SETTINGS = (
    Equation(
        "Table (environment)",
        "parameters of the devices (unnumbered table)",
        "M = B = 15, gamma = 0.95; harvest from {0,1} to {1,2,3}, cost from 1 to {5,7,10}",
        draw_device,
        "tests/dcc/model/test_device.py::test_draws_cover_exactly_the_sample_sets",
        "examples/dcc_01_device.py",
    ),
    Equation(
        "Table 1",
        "settings of DCC-QL and of independent Q-learning",
        "step 0.5 | 0.05, exploration 0.05 x 0.95^k, multiplier 1, noise 0.05, budgets 0.25",
        QSettings,
        "tests/dcc/train/test_presets.py::"
        "test_published_numbers_of_the_coordinated_learner_are_those_of_the_table",
        "examples/dcc_07_learning_the_constraint.py",
    ),
    Equation(
        "Table (MAPPO)",
        "settings of MAPPO (unnumbered table)",
        "",
        MAPPOSettings,
        "tests/dcc/train/test_mappo.py::test_published_numbers_are_those_of_the_table",
        "examples/dcc_12_long_mappo.py",
    ),
)

APPENDIX = (*PROOFS, *DEVICE, *FURTHER_EXPERIMENTS, *ALGORITHMS, *SETTINGS)
