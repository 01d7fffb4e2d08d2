"""Table of contents of the paper: from a number to its code, test and example.

Rows stand in the order of the paper. Formulas are plain text and as read here; the paper's inline
formulas were lost in the text at hand and are rebuilt, see ``READINGS.md``.
"""

from __future__ import annotations

from refimpl.dgpg.equations_appendix import EXPERIMENTS, PROOFS
from refimpl.dgpg.model import instances, observations, scenario, settings, workload
from refimpl.dgpg.model.simulator import Simulation
from refimpl.dgpg.objective import advantage, guidance, reference
from refimpl.dgpg.theory import (
    collisions,
    convergence,
    counterexamples,
    estimators,
    fluid,
    games,
    mixing,
    variance,
)
from refimpl.dgpg.theory.domains import balancing, power
from refimpl.dgpg.theory.domains import influence as domain_influence
from refimpl.equations import DIFFERS, Equation

INVENTORY = {"eq.": 32, "Table": 9, "Fig.": 4}

METHOD = (
    Equation(
        "eq. 1",
        "discounted team reward",
        "J = E sum over t of gamma^t r(s_t, a_t)",
        games.performance,
        "tests/dgpg/theory/test_games.py::test_the_sums_are_those_of_a_loop_over_steps_and_agents",
        "examples/dgpg_03_exact_game.py",
    ),
    Equation(
        "eq. 2",
        "policy-gradient theorem",
        "grad_i J = E sum over t of gamma^t score_i,t R_t;  the paper leaves out gamma^t",
        games.gradient,
        "tests/dgpg/theory/test_games.py::test_gradients_are_those_of_the_complex_step",
        "examples/dgpg_03_exact_game.py",
    ),
    Equation(
        "eq. 3",
        "variance of the shared-return gradient by agent",
        "Var g_i = E[s^2 Var(R | a_i)] + Var(s E[R | a_i])",
        variance.total_variance,
        "tests/dgpg/theory/test_variance.py::test_own_and_others_add_up_to_the_variance",
        "examples/dgpg_05_variance_and_mixing.py",
    ),
    Equation(
        "eq. 4",
        "exogeneity: the reference does not depend on the policy",
        "d xr / d theta = 0",
        DIFFERS(
            fluid.frozen_reference_error,
            "the condition does not hold over time; this is the error of treating it as true",
        ),
        "tests/dgpg/theory/test_fluid.py::test_the_frozen_part_and_the_rest_add_up_to_the_gradient",
        "examples/dgpg_04_nash_counterexamples.py",
    ),
    Equation(
        "eq. 5",
        "alignment: towards the reference is uphill",
        "<grad_x J(x), xr - x> > 0 for x other than xr",
        counterexamples.alignment_along,
        "tests/dgpg/theory/test_counterexamples.py::test_the_aligned_games_are_aligned_everywhere_but_at_the_reference",
        "examples/dgpg_04_nash_counterexamples.py",
    ),
    Equation(
        "eq. 6",
        "deviation from the reference",
        "d(x, xr) = 1/2 |x - xr|^2",
        reference.deviation,
        "tests/dgpg/objective/test_reference.py::test_by_hand",
        "examples/dgpg_01_reference_and_guidance.py",
    ),
    Equation(
        "eq. 7",
        "augmented direction",
        "g = (1 - alpha) grad J - alpha grad G",
        estimators.augmented_direction,
        "tests/dgpg/theory/test_estimators.py::test_the_mixed_sample_has_the_augmented_direction_as_mean",
        "examples/dgpg_03_exact_game.py",
    ),
    Equation(
        "eq. 8",
        "guidance coefficient",
        "g_i = <x - xr, z_i>",
        guidance.load_coefficient,
        "tests/dgpg/objective/test_guidance.py::test_coefficients_are_derivatives_of_the_deviation",
        "examples/dgpg_01_reference_and_guidance.py",
    ),
    Equation(
        "eq. 9",
        "gradient of the expected deviation",
        "grad_i G = E[score_i <x - xr, z_i>]",
        estimators.guidance_gradient,
        "tests/dgpg/theory/test_estimators.py::test_after_the_action_and_corrected_are_unbiased_in_one_step",
        "examples/dgpg_03_exact_game.py",
    ),
    Equation(
        "eq. 10",
        "sample of the augmented direction",
        "(1 - alpha) g_J,i - alpha g_G,i",
        estimators.direction_samples,
        "tests/dgpg/theory/test_estimators.py::test_the_mixed_sample_has_the_augmented_direction_as_mean",
        "examples/dgpg_03_exact_game.py",
    ),
    Equation(
        "eq. 11",
        "sample of the return gradient",
        "g_J,i = score_i R",
        estimators.return_samples,
        "tests/dgpg/theory/test_estimators.py::test_return_samples_have_the_gradient_of_J_as_mean_with_and_without_baseline",
        "examples/dgpg_03_exact_game.py",
    ),
    Equation(
        "eq. 12",
        "sample of the guidance gradient",
        "g_G,i = score_i <x - xr, z_i>",
        estimators.guidance_samples,
        "tests/dgpg/theory/test_estimators.py::test_over_two_steps_they_are_if_no_load_persists",
        "examples/dgpg_03_exact_game.py",
    ),
    Equation(
        "eq. 13",
        "gradient ascent",
        "theta_i <- theta_i + eta g_i",
        convergence.ascent_step,
        "tests/dgpg/theory/test_convergence.py::test_the_descent_lemma_is_exact_for_a_sphere",
        "examples/dgpg_06_rate.py",
    ),
    Equation(
        "eq. 14",
        "advantage with guidance",
        "A_DG = (1 - alpha) A - alpha g",
        advantage.mix,
        "tests/dgpg/objective/test_advantage.py::test_the_mixture_is_linear_in_both",
        "examples/dgpg_10_guidance_weight.py",
    ),
)

THEOREMS = (
    Equation(
        "Theorem 5.1",
        "guidance does not move stationary points",
        "grad J = 0 for all agents implies (1 - alpha) grad J - alpha grad G = 0",
        DIFFERS(counterexamples.invariance, "false; this shows it at a game's stationary point"),
        "tests/dgpg/theory/test_counterexamples.py::test_the_theorem_fails_at_ce_1_and_ce_2_and_holds_at_minus_two_g",
        "examples/dgpg_04_nash_counterexamples.py",
    ),
    Equation(
        "eq. 15",
        "statement of Theorem 5.1",
        "g_DG,i(theta*) = 0",
        DIFFERS(counterexamples.invariance, "false; see Theorem 5.1"),
        "tests/dgpg/theory/test_counterexamples.py::test_the_theorem_fails_at_ce_1_and_ce_2_and_holds_at_minus_two_g",
        "examples/dgpg_04_nash_counterexamples.py",
    ),
    Equation(
        "Theorem 5.2",
        "least variance over the weight",
        "sJ^2 = Theta(N) and sG^2 = O(1) as moments of both samples; least variance: eq. 16",
        collisions.moments,
        "tests/dgpg/theory/test_collisions.py::test_moments_are_those_of_the_enumerated_game",
        "examples/dgpg_05_variance_and_mixing.py",
    ),
    Equation(
        "eq. 16",
        "statement of Theorem 5.2",
        "min over alpha of Var = sJ^2 sG^2 (1 - rho^2) / (sJ^2 + sG^2 + 2 rho sJ sG)",
        mixing.minimum_variance,
        "tests/dgpg/theory/test_mixing.py::test_no_weight_has_less_variance_than_the_minimum",
        "examples/dgpg_05_variance_and_mixing.py",
    ),
    Equation(
        "Theorem 5.3",
        "iterations to an eps-optimal policy",
        "K = O(log(1/eps) / eps), with constants that depend on N",
        convergence.iterations,
        "tests/dgpg/theory/test_convergence.py::test_golden_iterations",
        "examples/dgpg_06_rate.py",
    ),
    Equation(
        "eq. 17",
        "statement of Theorem 5.3",
        "K = O(1/eps)",
        DIFFERS(
            convergence.iterations,
            "a constant step needs the logarithm, and the constant grows with N",
        ),
        "tests/dgpg/theory/test_convergence.py::test_golden_iterations",
        "examples/dgpg_06_rate.py",
    ),
)

REFERENCE = (
    Equation(
        "eq. 18",
        "load imbalance",
        "L(x) = 1/2 sum over n, k of x_nk^2 / C_nk",
        reference.imbalance,
        "tests/dgpg/objective/test_reference.py::test_gradients_are_complex_step_derivatives",
        "examples/dgpg_01_reference_and_guidance.py",
    ),
    Equation(
        "eq. 19",
        "capacity-proportional reference",
        "xr_nk = W_k C_nk / sum over m of C_mk",
        reference.reference_state,
        "tests/dgpg/objective/test_reference.py::test_nothing_with_the_same_total_is_less_imbalanced",
        "examples/dgpg_01_reference_and_guidance.py",
    ),
    Equation(
        "Prop. C.1",
        "the reference is downhill of the imbalance",
        "<grad L, xr - x> = -sum (x - xr)^2 / C",
        reference.alignment,
        "tests/dgpg/objective/test_reference.py::test_alignment_is_minus_a_weighted_squared_distance",
        "examples/dgpg_01_reference_and_guidance.py",
    ),
    Equation(
        "App. C.1",
        "quadratic program behind the reference",
        "min L(x) subject to sum over n of x_nk = W_k",
        balancing.balancing_program,
        "tests/dgpg/theory/domains/test_balancing.py::test_the_program_agrees_with_the_closed_form",
        "examples/dgpg_01_reference_and_guidance.py",
    ),
    Equation(
        "App. C",
        "other domains: power, traffic, communication",
        "economic dispatch, Wardrop equilibrium, proportional fairness",
        power.economic_dispatch,
        "tests/dgpg/theory/domains/test_power.py::test_marginal_costs_meet_the_bus_prices",
        "examples/dgpg_07_other_domains.py",
    ),
    Equation(
        "App. D",
        "influence of a placement",
        "z_i = demand of job i in the block of its server",
        balancing.placement_influence,
        "tests/dgpg/theory/domains/test_balancing.py::test_influence_gives_the_coefficient",
        "examples/dgpg_01_reference_and_guidance.py",
    ),
    Equation(
        "App. D.1",
        "influence vectors elsewhere",
        "z_i = x(a) - x(a without i), if the state is a sum",
        domain_influence.marginal_effects,
        "tests/dgpg/theory/domains/test_influence.py::test_orders_add_to_backlogged_stock",
        "examples/dgpg_07_other_domains.py",
    ),
)

CLUSTER = (
    Equation(
        "App. H.1",
        "workload and arrivals",
        "rate = base (1 + A sin(2 pi t / 1000)) + noise",
        workload.arrival_rates,
        "tests/dgpg/model/test_workload.py::test_arrival_rates_follow_a_tide_of_a_thousand_steps",
        "examples/dgpg_02_cluster.py",
    ),
    Equation(
        "App. H.2",
        "who chooses what, seeing what",
        "9N + 4 numbers, or 28K + 10",
        observations.observer_for,
        "tests/dgpg/model/test_observations.py::test_sizes_are_those_of_the_paper",
        "examples/dgpg_14_your_dispatcher.py",
    ),
    Equation(
        "App. H.3",
        "reward",
        "-(w_q (B + sum q_n) + w_e sum L_n / eta_n / C_tot)",
        Simulation.finish,
        "tests/dgpg/model/test_simulator.py::test_a_trace_is_what_the_simulation_said",
        "examples/dgpg_02_cluster.py",
    ),
    Equation(
        "Fig. 1",
        "environment: instances, workload, tide",
        "",
        scenario.sample_scenario,
        "tests/dgpg/model/test_scenario.py::test_types_are_drawn_by_weight_at_every_position",
        "examples/dgpg_02_cluster.py",
    ),
    Equation(
        "Table 4",
        "twelve instance types",
        "",
        instances.instance_type,
        "tests/dgpg/model/test_instances.py::test_means_per_server",
        "examples/dgpg_02_cluster.py",
    ),
    Equation(
        "Table 5",
        "clusters by scale",
        "25 x 2, 25 x 4, 40 x 5, 50 x 10, 50 x 20, 75 x 20",
        settings.chosen,
        "tests/dgpg/model/test_settings.py::test_table_5",
        "examples/dgpg_02_cluster.py",
    ),
)

EQUATIONS = (*METHOD, *THEOREMS, *REFERENCE, *PROOFS, *CLUSTER, *EXPERIMENTS)
