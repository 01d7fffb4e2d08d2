"""Table of contents of the paper: from a number to its code, test and example.

Rows stand in the order of the paper; what it does not number is named by its section. Formulas are
plain text and as read here.
"""

from __future__ import annotations

from linear_models import attention
from refimpl.equations import DIFFERS, Equation
from refimpl.scale.experiments import cells, measures
from refimpl.scale.experiments.evaluation import Trial
from refimpl.scale.model import episodes, observations, scenario, settings, simulator, workflows
from refimpl.scale.network import pointer
from refimpl.scale.objective import reward, srr
from refimpl.scale.policies import decisions
from refimpl.scale.theory import heft
from refimpl.scale.train import driver
from refimpl.scale.train.settings import TrainSettings

INVENTORY = {"eq.": 5, "Algorithm": 2, "Table": 5, "Fig.": 6}

SYSTEM = (
    Equation(
        "sec. 2",
        "HEFT: the list heuristic that is said to run in O(v^2 p)",
        "rank(v) = mean run time + max over successors of rank; earliest finish with insertion",
        heft.heft,
        "tests/scale/theory/test_heft.py::test_it_is_a_schedule_and_none_beats_the_optimum",
        "examples/scale_07_exact_optimum.py",
    ),
    Equation(
        "Fig. 1",
        "the system: workflows, ready buffer, two-level scheduler, cluster",
        "",
        simulator.Simulation,
        "tests/scale/model/test_simulator.py::test_every_step_is_that_of_one_event_at_a_time",
        "examples/scale_01_workflows_and_clock.py",
    ),
    Equation(
        "sec. 3.1",
        "workflows as graphs; the ready set",
        "R(t) = {v not in D(t): Gamma-(v) in D(t)};  and arrived, and not running",
        DIFFERS(
            workflows.FewPredecessors,
            "the paper does not say how it draws edges; one or two earlier tasks are chosen",
        ),
        "tests/scale/model/test_workflows.py::test_few_predecessors_means_one_to_most",
        "examples/scale_01_workflows_and_clock.py",
    ),
    Equation(
        "sec. 3.2",
        "delay of a transfer between servers",
        "delta = d / B + L, 0 on one server",
        reward.transfer_delay,
        "tests/scale/objective/test_reward.py::test_rewards_and_delays_by_hand",
        "examples/scale_01_workflows_and_clock.py",
    ),
    Equation(
        "eq. 1",
        "mean response time, and what schedules must keep to",
        "T-bar = mean over completed tasks of f_i - a_k(i)",
        episodes.Episodes,
        "tests/scale/model/test_episodes.py::test_counts_and_metrics_are_those_of_one_episode_at_a_time",
        "examples/scale_07_exact_optimum.py",
    ),
    Equation(
        "sec. 4.1",
        "first level: the most edges to the end of the workflow",
        "v* = argmax over the ready set of hops",
        simulator.priorities,
        "tests/scale/model/test_simulator.py::test_of_ready_tasks_the_longest_way_to_the_end_comes_first",
        "examples/scale_01_workflows_and_clock.py",
    ),
    Equation(
        "sec. 4.1.1",
        "state: five numbers of the task and of every server",
        "s = [phi; psi_1, ..., psi_N] in R^(5 + 5N)",
        observations.observe,
        "tests/scale/model/test_observations.py::test_an_observation_by_hand",
        "examples/scale_01_workflows_and_clock.py",
    ),
    Equation(
        "eq. 2",
        "reward of an assignment",
        "r = exp(-tau / s) - alpha delta / delta_max - beta e / e_max;  -0.001 if invalid",
        reward.assignment_reward,
        "tests/scale/objective/test_reward.py::test_each_term_has_its_weight_and_scale",
        "examples/scale_01_workflows_and_clock.py",
    ),
)

NETWORK = (
    Equation(
        "Fig. 2",
        "the network: embeddings, two cross-attention blocks, pointer, critic",
        "",
        pointer.forward,
        "tests/scale/network/test_pointer.py::test_forward_is_the_server_by_server_loop",
        "examples/scale_02_pointer_network.py",
    ),
    Equation(
        "eq. 3",
        "attention weights of one head",
        "alpha_j = softmax over servers of (W_Q q)^T (W_K z_j) / sqrt(d_h)",
        attention.forward,
        "tests/linear_models/test_attention.py::test_forward_is_the_item_by_item_loop",
        "examples/scale_03_one_query_algebra.py",
    ),
    Equation(
        "eq. 4",
        "pointer scores and policy",
        "p_j = (W_q f)^T (W_k z_j);  pi = softmax(p)",
        pointer.forward,
        "tests/scale/network/test_pointer.py::test_forward_is_the_server_by_server_loop",
        "examples/scale_02_pointer_network.py",
    ),
    Equation(
        "sec. 4.3",
        "empirical covariance and decorrelation loss",
        "C = (F - 1 f^T)^T (F - 1 f^T) / (B - 1);  L_c = sum over i != j of |C_ij|",
        srr.decorrelation,
        "tests/scale/objective/test_srr.py::test_losses_are_the_printed_sums",
        "examples/scale_04_regulariser.py",
    ),
    Equation(
        "sec. 4.3, L_d",
        "moment loss, called a KL divergence",
        "L_d = sum over k of (mu_k^2 + var_k - ln var_k - 1) / (2 d)",
        srr.moment_kl,
        "tests/scale/objective/test_srr.py::test_losses_are_the_printed_sums",
        "examples/scale_04_regulariser.py",
    ),
    Equation(
        "eq. 5",
        "total loss; the warm-up factor stands in Algorithm 1 only",
        "L = L_pi + w (lambda_1 L_c + lambda_2 L_d)",
        srr.srr,
        "tests/scale/train/test_ppo.py::test_the_gradient_of_the_whole_loss_is_the_complex_step",
        "examples/scale_04_regulariser.py",
    ),
    Equation(
        "Algorithm 1",
        "training",
        "",
        driver.train,
        "tests/scale/train/test_ppo.py::test_an_epoch_makes_the_steps_of_algorithm_1",
        "examples/scale_09_zero_shot.py",
    ),
    Equation(
        "Algorithm 2",
        "online decisions by the highest score, feasible or not",
        "a* = argmax over all servers of p_j",
        decisions.greedy,
        "tests/scale/policies/test_decisions.py::test_greedy_takes_the_highest_score_feasible_or_not",
        "examples/scale_06_livelock.py",
    ),
)

EXPERIMENTS = (
    Equation(
        "Table 1",
        "three tiers of servers at 2 : 5 : 1",
        "",
        settings.Tier,
        "tests/scale/model/test_settings.py::test_table_1_is_the_paper_s",
        "examples/scale_01_workflows_and_clock.py",
    ),
    Equation(
        "sec. 5.1.2",
        "arrivals and demands",
        "Poisson(lambda); c ~ N(10, 9) >= 1, m ~ N(16, 64) in [1, 80], d ~ N(0.5, 0.04) >= 0.01",
        scenario.sample_scenario,
        "tests/scale/model/test_scenario.py::test_demands_are_normal_and_cut",
        "examples/scale_01_workflows_and_clock.py",
    ),
    Equation(
        "Table 2",
        "hyper-parameters",
        "",
        TrainSettings,
        "tests/scale/train/test_presets.py::test_table_2_and_its_tags",
        "examples/scale_08_six_methods.py",
    ),
    Equation(
        "Table 3",
        "six methods on 16 servers",
        "",
        cells.method,
        "tests/scale/experiments/test_cells.py::test_every_seed_has_a_run_of_its_own",
        "examples/scale_08_six_methods.py",
    ),
    Equation(
        "Fig. 3",
        "completed tasks of six methods",
        "",
        cells.method,
        "tests/scale/experiments/test_cells.py::test_every_seed_has_a_run_of_its_own",
        "examples/scale_08_six_methods.py",
    ),
    Equation(
        "Fig. 4",
        "response times of six methods",
        "",
        cells.method,
        "tests/scale/experiments/test_cells.py::test_every_seed_has_a_run_of_its_own",
        "examples/scale_08_six_methods.py",
    ),
    Equation(
        "Table 4",
        "response times on 16, 32 and 48 servers",
        "",
        cells.arm,
        "tests/scale/experiments/test_cells.py::test_the_arms_differ_in_the_regulariser_alone",
        "examples/scale_09_zero_shot.py",
    ),
    Equation(
        "Fig. 5",
        "the same, drawn",
        "",
        Trial,
        "tests/scale/experiments/test_evaluation.py::test_every_policy_meets_the_same_episodes",
        "examples/scale_09_zero_shot.py",
    ),
    Equation(
        "Fig. 6",
        "training returns",
        "",
        driver.epoch,
        "tests/scale/train/test_driver.py::test_the_curve_has_a_row_per_epoch_and_the_hook_one_per_stage",
        "examples/scale_08_six_methods.py",
    ),
    Equation(
        "Table 5",
        "statistics of the attention feature",
        "mean absolute off-diagonal covariance; L_d",
        measures.summary,
        "tests/scale/experiments/test_measures.py::test_the_summary_is_what_numpy_says",
        "examples/scale_10_feature_statistics.py",
    ),
)

EQUATIONS = (*SYSTEM, *NETWORK, *EXPERIMENTS)
