"""Table of contents of the paper: from a number to its code, test and example.

Rows stand in the order of the paper. Formulas are plain text and as read here; where the reading is
a choice, ``READINGS.md`` says so. "Cost" is what the paper calls reward and minimises.
"""

from __future__ import annotations

from refimpl.dcc.equations_appendix import APPENDIX
from refimpl.dcc.experiments import exponent, scaling, warm_start
from refimpl.dcc.model import game
from refimpl.dcc.model.exact import offload_cost
from refimpl.dcc.objective import coordination, descent, estimates, local
from refimpl.dcc.objective.optimum import optimise_budgets
from refimpl.dcc.objective.response import respond
from refimpl.dcc.theory.approximation import approximation_bound
from refimpl.dcc.theory.joint_optimum import joint_optimum
from refimpl.dcc.train.coordination import coordinate
from refimpl.equations import DIFFERS, Equation

INVENTORY = {
    "eq.": 22,
    "Assumption": 1,
    "Lemma": 2,
    "Theorem": 2,
    "Prop.": 3,
    "Algorithm": 3,
    "Table": 1,
    "Fig.": 12,
}

SYSTEM = (
    Equation(
        "eq. 1",
        "cost of one device, with congestion",
        "r_i(s, a) = r_loc_i(s_i, a_i) + 1{a_i = a*} d(n), n = number of devices that choose a*",
        game.individual_rewards,
        "tests/dcc/model/test_game.py::test_rewards_of_one_joint_action",
        "examples/dcc_05_price_of_decentralisation.py",
    ),
    Equation(
        "Assumption 1",
        "the crowded action is best in isolation",
        "if nobody else chooses a*, then choosing a* costs device i no more than any other action",
        game.crowd_incentive,
        "tests/dcc/model/test_game.py::test_offloading_alone_is_best_now_in_every_state",
        "examples/dcc_13_selfish_equilibrium.py",
    ),
    Equation(
        "eq. 2",
        "the inequality of Assumption 1",
        "r_i(s, a) <= r_i(s, a') for all s; a_i = a*, a'_i != a*, a_j = a'_j != a* for j != i",
        game.crowd_incentive,
        "tests/dcc/model/test_game.py::test_a_penalty_for_one_breaks_the_incentive",
        "examples/dcc_13_selfish_equilibrium.py",
    ),
    Equation(
        "eq. 3",
        "global objective",
        "min over joint policies of E sum_t gamma^t sum_i r_i(s_t, a_t)",
        game.evaluate,
        "tests/dcc/model/test_game.py::test_costs_are_those_of_the_joint_chain",
        "examples/dcc_05_price_of_decentralisation.py",
    ),
    Equation(
        "eq. 4",
        "the objective, decomposed by budgets",
        "min over theta in [0,1]^N of sum_i min over pi_i with J_c(pi_i) <= theta_i of J_r(pi_i)",
        optimise_budgets,
        "tests/dcc/objective/test_optimum.py::"
        "test_no_small_change_of_a_budget_improves_the_objective",
        "examples/dcc_05_price_of_decentralisation.py",
    ),
    Equation(
        "Algorithm 1",
        "the three time-scales, in short",
        "solve all local problems at theta; estimate the gradient; one projected step; repeat",
        coordinate,
        "tests/dcc/train/test_coordination.py::test_the_path_is_made_of_projected_steps",
        "examples/dcc_06_exact_coordination.py",
    ),
)

APPROXIMATION = (
    Equation(
        "eq. 5",
        "global cost of a joint action",
        "r(s, a) = sum_i r_i(s, a) = sum_i r_loc_i(s_i, a_i) + n d(n)",
        game.global_reward,
        "tests/dcc/model/test_game.py::test_global_reward_is_local_plus_n_times_penalty",
        "examples/dcc_04_lemma_1.py",
    ),
    Equation(
        "eq. 6",
        "approximate cost: the crowd replaced by its mean",
        "r~(s, a, theta) = sum_i [ r_loc_i + 1{a_i = a*} d(1 + sum of theta_j over j != i) ]",
        local.approximate_reward,
        "tests/dcc/objective/test_local.py::"
        "test_an_offloading_device_counts_itself_as_one_not_as_its_budget",
        "examples/dcc_04_lemma_1.py",
    ),
    Equation(
        "Lemma 1",
        "error of the approximate cost",
        "|J_r - J_r~| <= sum_i theta_i / (1 - gamma) |chord - d| at 1 + theta_-i;  0 if linear",
        DIFFERS(
            approximation_bound,
            "the printed bound is not legible; this is the one its proof leads to. It needs every "
            "device to offload with probability theta_i in every slot, not on discounted average",
        ),
        "tests/dcc/theory/test_approximation.py::"
        "test_from_stationary_starts_the_bound_holds_and_linear_is_exact",
        "examples/dcc_04_lemma_1.py",
    ),
    Equation(
        "Prop. 1",
        "local optima compose to the global optimum, linear d",
        "J(pi*_1 x ... x pi*_N) = min over joint policies of J,  theta* known, d linear",
        DIFFERS(
            joint_optimum,
            "the code is the centralised optimum that the proposition says is reached; it is not: "
            "two devices that must take turns pay 25.64 instead of 6.0625",
        ),
        "tests/dcc/theory/test_joint_optimum.py::test_two_alternating_ages_cost_six_and_one_sixteenth",
        "examples/dcc_05_price_of_decentralisation.py",
    ),
)

LOCAL_PROBLEM = (
    Equation(
        "eq. 7",
        "constrained cost of one device",
        "c_i(s_i, a_i) = 1{a_i = a*}",
        offload_cost,
        "tests/dcc/model/test_exact.py::test_offload_cost_marks_the_crowded_action_only",
        "examples/dcc_01_device.py",
    ),
    Equation(
        "eq. 8",
        "discounted cost of a policy",
        "J_r(pi_i) = E sum_t gamma^t [ r_loc_i + 1{a_i = a*} d(1 + theta_-i) ]",
        local.discounted_reward,
        "tests/dcc/objective/test_local.py::test_reward_is_local_cost_plus_price_times_count",
        "examples/dcc_01_device.py",
    ),
    Equation(
        "eq. 9",
        "discounted offloading frequency of a policy",
        "J_c(pi_i) = (1 - gamma) E sum_t gamma^t c_i, in [0, 1]",
        local.offload_frequency,
        "tests/dcc/objective/test_local.py::test_frequency_is_one_for_always_and_zero_for_never",
        "examples/dcc_01_device.py",
    ),
    Equation(
        "sec. 4.2",
        "the program of one device (unnumbered)",
        "minimise J_r(pi_i) subject to J_c(pi_i) <= theta_i",
        local.local_cmdp,
        "tests/dcc/objective/test_local.py::test_golden_values_of_ten_identical_devices",
        "examples/dcc_03_three_ways_to_the_constrained_optimum.py",
    ),
    Equation(
        "eq. 10",
        "shaped cost",
        "r_loc_i + 1{a_i = a*} (d(1 + theta_-i) + lambda_i)",
        local.shaped_cost,
        "tests/dcc/objective/test_local.py::test_shaped_cost_prices_offloading_only",
        "examples/dcc_03_three_ways_to_the_constrained_optimum.py",
    ),
    Equation(
        "eq. 11",
        "Lagrangian",
        "L = J_r(pi_i) + lambda_i (J_c(pi_i) - theta_i) / (1 - gamma)",
        DIFFERS(
            local.lagrangian,
            "printed without 1 / (1 - gamma), which is a multiplier in another unit; here lambda "
            "prices one offload, so that it is the lambda of the shaped cost, eq. (10)",
        ),
        "tests/dcc/objective/test_local.py::test_lagrangian_is_reward_plus_priced_excess",
        "examples/dcc_03_three_ways_to_the_constrained_optimum.py",
    ),
    Equation(
        "sec. 4.3",
        "update of the multiplier (unnumbered)",
        "lambda_next = [ lambda + eta_k (J_c(pi_k) - theta_i) ]_+,  eta_k decreasing to 0",
        local.multiplier_step,
        "tests/dcc/objective/test_local.py::"
        "test_multiplier_rises_above_the_budget_falls_below_and_stops_at_zero",
        "examples/dcc_03_three_ways_to_the_constrained_optimum.py",
    ),
)

COORDINATION = (
    Equation(
        "eq. 12",
        "value of one device under its budget",
        "V_i(theta_i, theta_-i) = L at the optimal policy and multiplier = constrained optimum",
        respond,
        "tests/dcc/objective/test_response.py::"
        "test_value_count_and_multiplier_are_those_of_the_program",
        "examples/dcc_02_multiplier_is_the_gradient.py",
    ),
    Equation(
        "eq. 13",
        "objective of the coordination",
        "V(theta) = sum_i V_i(theta_i, sum of theta_j over j != i)",
        coordination.objective,
        "tests/dcc/objective/test_coordination.py::"
        "test_objective_is_the_sum_of_separately_solved_problems",
        "examples/dcc_06_exact_coordination.py",
    ),
    Equation(
        "Lemma 2",
        "V is differentiable almost everywhere",
        "left derivative = right derivative except at kinks, finitely many per budget",
        coordination.one_sided_derivatives,
        "tests/dcc/objective/test_coordination.py::test_at_a_breakpoint_left_and_right_differ",
        "examples/dcc_02_multiplier_is_the_gradient.py",
    ),
    Equation(
        "eq. 14",
        "projected step on the budgets",
        "theta_next = projection on [0,1]^N of theta - eta_k g_k",
        descent.projected_step,
        "tests/dcc/objective/test_descent.py::test_steps_stay_in_the_box_and_are_nearest_points",
        "examples/dcc_06_exact_coordination.py",
    ),
    Equation(
        "eq. 15",
        "gradient from one random perturbation",
        "g_i = ( V(theta + c Delta) - V(theta) ) / (c Delta_i)",
        estimates.simultaneous_perturbation,
        "tests/dcc/objective/test_estimates.py::test_signs_estimate_a_quadratic_without_bias",
        "examples/dcc_06_exact_coordination.py",
    ),
    Equation(
        "Theorem 1",
        "step sizes under which the budgets converge",
        "sum eta_k = inf, c_k to 0, sum eta_k c_k < inf, sum (eta_k / c_k)^2 < inf; V smooth there",
        descent.coordination_steps_converge,
        "tests/dcc/objective/test_descent.py::test_conditions_of_the_theorem",
        "examples/dcc_06_exact_coordination.py",
    ),
    Equation(
        "Prop. 2",
        "three evaluations per device give the whole gradient",
        "V_i(theta_i, theta_-i), V_i(theta_i + x, theta_-i), V_i(theta_i, theta_-i + y)",
        estimates.three_evaluations,
        "tests/dcc/objective/test_estimates.py::test_three_evaluations_are_three_evaluations",
        "examples/dcc_06_exact_coordination.py",
    ),
    Equation(
        "eq. 16",
        "gradient by the chain rule",
        "dV/dtheta_i = dV_i/dtheta_i + sum over j != i of dV_j/dtheta_-j",
        coordination.gradient_from_parts,
        "tests/dcc/objective/test_coordination.py::test_gradient_is_that_of_the_objective",
        "examples/dcc_06_exact_coordination.py",
    ),
    Equation(
        "Prop. 3",
        "both derivatives from one solution",
        "dV_i/dtheta_i = -lambda / (1 - gamma);  dV_i/dtheta_-i = d'(1 + theta_-i) count",
        coordination.evaluate_device,
        "tests/dcc/objective/test_coordination.py::test_one_solution_gives_both_derivatives",
        "examples/dcc_02_multiplier_is_the_gradient.py",
    ),
)

EXPERIMENTS = (
    Equation(
        "Fig. 1",
        "cost (a) and offloading (b) of all methods against the number of devices",
        "",
        scaling.jobs,
        "tests/dcc/experiments/test_scaling.py::test_tabular_methods_train_all_games_at_once",
        "examples/dcc_08_cost_against_size.py",
    ),
    Equation(
        "Fig. 2",
        "final cost from zero and from near-final budgets",
        "",
        warm_start.jobs,
        "tests/dcc/experiments/test_warm_start.py::test_only_the_first_budgets_differ",
        "examples/dcc_10_warm_start.py",
    ),
    Equation(
        "Fig. 3",
        "learning curves from both starts",
        "",
        warm_start.jobs,
        "tests/dcc/experiments/test_warm_start.py::"
        "test_published_crowds_are_what_five_published_steps_can_reach",
        "examples/dcc_10_warm_start.py",
    ),
    Equation(
        "Fig. 4",
        "offloading against the exponent of the penalty",
        "",
        exponent.jobs,
        "tests/dcc/experiments/test_exponent.py::"
        "test_there_is_one_job_per_exponent_and_nothing_else_differs",
        "examples/dcc_11_exponent.py",
    ),
    Equation(
        "Fig. 5",
        "signs of finite differences: own negative, coupling positive",
        "V_i(theta_i + x, .) - V_i <= 0 for x > 0;  V_i(., theta_-i + y) - V_i >= 0 for y > 0",
        estimates.three_evaluations,
        "tests/dcc/objective/test_response.py::test_signs_of_the_two_derivatives",
        "examples/dcc_02_multiplier_is_the_gradient.py",
    ),
    Equation(
        "Fig. 6",
        "differences against multipliers",
        "left difference = right difference = -lambda* / (1 - gamma) off kinks",
        respond,
        "tests/dcc/objective/test_response.py::"
        "test_derivatives_by_the_own_budget_are_one_sided_differences",
        "examples/dcc_02_multiplier_is_the_gradient.py",
    ),
)

EQUATIONS = (
    *SYSTEM,
    *APPROXIMATION,
    *LOCAL_PROBLEM,
    *COORDINATION,
    *EXPERIMENTS,
    *APPENDIX,
)
