"""Table of contents of the paper: from a number to its code, test and example.

Rows stand in the order of the paper. Formulas are plain text and as read here; where the reading is
a choice, ``READINGS.md`` says so. Few formulas of the paper are numbered; the others are listed by
the section they stand in.
"""

from __future__ import annotations

from refimpl.equations import DIFFERS, Equation
from refimpl.meanfield.experiments import actor_critic, evaluation, learned
from refimpl.meanfield.model import arrivals, epoch, topologies
from refimpl.meanfield.model.system import System
from refimpl.meanfield.policies import decision_rules, heuristics, rules
from refimpl.meanfield.theory import counterexamples, light_cone
from refimpl.meanfield.train import mean_field_ppo, recurrent_ppo
from refimpl.meanfield.train.settings import PPOTraining
from refimpl.shared import bounded_queue

INVENTORY = {"eq.": 2, "Theorem": 1, "Algorithm": 1, "Table": 2, "Fig.": 10}

EPOCHS = "examples/mf_03_epochs_without_events.py"
LARGE = "examples/mf_09_large_networks.py"

SYSTEM = (
    Equation(
        "Fig. 1",
        "four schedulers, four servers, who may send to whom",
        "",
        System,
        "tests/meanfield/model/test_system.py::test_the_defaults_are_those_of_table_1",
        "examples/mf_02_graphs.py",
    ),
    Equation(
        "Fig. 2",
        "own queue, or a neighbour drawn at random",
        "action 0 keeps, action 1 sends each job to a uniformly drawn neighbour",
        arrivals.offload_shares,
        "tests/meanfield/model/test_arrivals.py::test_shares_are_those_of_one_agent_after_another",
        "examples/mf_02_graphs.py",
    ),
    Equation(
        "eq. 1",
        "queues are independent within an epoch",
        "P(z' | z, a) = product over i of P(z_i' | z_i, lambda_i),  exactly, without events",
        DIFFERS(
            epoch.tabulated_epoch,
            "the printed condition leaves out the queue's own state and action",
        ),
        "tests/meanfield/model/test_epoch.py::test_the_next_state_inverts_the_row",
        EPOCHS,
    ),
    Equation(
        "sec. 1.2.4",
        "arrival rate at a queue",
        "lambda_i = lambda (1 - p_i + sum over neighbours j of p_j / |N_j|)",
        arrivals.arrival_rates,
        "tests/meanfield/model/test_arrivals.py::test_every_job_goes_somewhere",
        "examples/mf_02_graphs.py",
    ),
    Equation(
        "sec. 1.3.2",
        "own-state rule, and the objective",
        "p_i = zeta(1 | z_i);  J = -E sum over t of gamma^t D(t)",
        rules.own_state,
        "tests/meanfield/policies/test_rules.py::test_the_rule_is_looked_up_by_own_queue_length",
        "examples/mf_07_gradient_of_drops.py",
    ),
    Equation(
        "Theorem 1",
        "finite systems converge to the mean field",
        "J of (G_n, z_n) -> J of (G, z)",
        DIFFERS(
            light_cone.root_law,
            "the exact law of one queue given the common rates, on a graph of any size; the "
            "theorem needs policies that depend continuously on what converges",
        ),
        "tests/meanfield/theory/test_light_cone.py::test_rings_are_the_line_from_the_stated_sizes_on_and_not_before",
        "examples/mf_04_light_cone.py",
    ),
    Equation(
        "Corollary 1.1",
        "the best of finitely many policies stays the best",
        "J^n(pi_i) >= max over j of J^n(pi_j) for n > n'",
        DIFFERS(
            counterexamples.path_tie_discounted,
            "a counter-example: tied in the limit, strictly ordered at every finite size",
        ),
        "tests/meanfield/theory/test_counterexamples.py::test_on_paths_random_is_worse_than_own_by_a_constant_over_n",
        "examples/mf_05_counterexamples.py",
    ),
    Equation(
        "Algorithm 1",
        "learning the upper-level policy on a finite system",
        "",
        mean_field_ppo.train,
        "tests/meanfield/train/test_driver.py::test_samples_are_those_of_the_episodes",
        "examples/mf_08_learning_the_rule.py",
    ),
    Equation(
        "sec. 1.4.2",
        "decision rule of an action",
        "zeta(a | z) = y_{z,a} / sum over a' of y_{z,a'},  y = clip((1 + action) / 2, 0, 1)",
        decision_rules.offload_probabilities,
        "tests/meanfield/policies/test_decision_rules.py::test_a_rule_is_two_clipped_numbers_divided_by_their_sum",
        "examples/mf_08_learning_the_rule.py",
    ),
)

SETUP = (
    Equation(
        "Table 1",
        "system parameters",
        "alpha = 1, (lambda_h, lambda_l) = (0.9, 0.6), B = 5, empty start",
        System,
        "tests/meanfield/model/test_system.py::test_the_defaults_are_those_of_table_1",
        "examples/mf_02_graphs.py",
    ),
    Equation(
        "sec. 2.1",
        "Bethe lattice, and the other topologies",
        "N = 1 + sum over o = 1..o_b of d (d - 1)^(o - 1)",
        topologies.bethe,
        "tests/meanfield/model/test_topologies.py::test_a_bethe_tree_is_a_tree_whose_leaves_are_all_as_deep",
        "examples/mf_02_graphs.py",
    ),
    Equation(
        "Table 2",
        "PPO parameters",
        "",
        PPOTraining,
        "tests/meanfield/train/test_settings.py::test_the_update_is_what_the_settings_say",
        "examples/mf_08_learning_the_rule.py",
    ),
    Equation(
        "sec. 2.2",
        "join the shortest queue, and the other policies",
        "",
        heuristics.shortest_queue_one_winner,
        "tests/meanfield/policies/test_heuristics.py::test_one_winner_has_the_joint_law_of_independent_lotteries",
        EPOCHS,
    ),
    Equation(
        "eq. 2",
        "switching of the common rate",
        "P(low | high) = 0.2, P(high | low) = 0.5, once per epoch",
        arrivals.Modulation,
        "tests/meanfield/model/test_arrivals.py::test_levels_follow_the_chain",
        "examples/mf_01_one_queue.py",
    ),
)

RESULTS = (
    Equation(
        "Fig. 3",
        "JSQ over the delay; network sizes",
        "",
        evaluation.evaluate,
        "tests/meanfield/experiments/test_evaluation.py::test_every_heuristic_runs_everywhere",
        "examples/mf_12_buffers_and_servers.py",
    ),
    Equation(
        "Fig. 4",
        "scalable actor-critic: time and drops over the number of agents",
        "",
        actor_critic.train_and_evaluate,
        "tests/meanfield/experiments/test_actor_critic.py::test_every_agent_of_a_small_ring_learns_something",
        "examples/mf_11_other_learners.py",
    ),
    Equation(
        "Fig. 5",
        "rings of 9 to 5001 queues over the delay",
        "",
        learned.train_and_evaluate,
        "tests/meanfield/experiments/test_learned.py::test_trained_rules_are_evaluated_on_all_sizes",
        LARGE,
    ),
    Equation(
        "Fig. 6",
        "drops on growing rings",
        "",
        evaluation.drops_per_queue,
        "tests/meanfield/experiments/test_evaluation.py::test_sizes_of_one_delay_meet_the_same_arrivals",
        "examples/mf_04_light_cone.py",
    ),
    Equation(
        "Fig. 7",
        "large ring, cube-connected cycles, torus and configuration model",
        "",
        learned.train_and_evaluate,
        "tests/meanfield/experiments/test_learned.py::test_trained_rules_are_evaluated_on_all_sizes",
        LARGE,
    ),
    Equation(
        "Fig. 8",
        "large Bethe lattice",
        "",
        learned.train_and_evaluate,
        "tests/meanfield/experiments/test_learned.py::test_trained_rules_are_evaluated_on_all_sizes",
        LARGE,
    ),
    Equation(
        "Fig. 9",
        "recurrent policy; what is observed",
        "",
        recurrent_ppo.train,
        "tests/meanfield/train/test_recurrent_ppo.py::test_training_lowers_the_drops",
        "examples/mf_10_observations_and_memory.py",
    ),
    Equation(
        "Fig. 10",
        "buffer 20; servers of two speeds, with shortest expected delay",
        "SED: argmin over accessible queues j of (z_j + 1) / alpha_j",
        heuristics.shortest_expected_delay,
        "tests/meanfield/policies/test_heuristics.py::test_equal_servers_make_expected_delay_a_queue_length",
        "examples/mf_12_buffers_and_servers.py",
    ),
)

PROOFS = (
    Equation(
        "App. A",
        "law of a queue after an epoch, and its expected drops",
        "P = exp(Q dt), D = last column of exp(Qbar dt);  Q_{z,z+1} = lambda_i, Q_{z,z-1} = alpha",
        DIFFERS(
            bounded_queue.epoch_kernel,
            "rows in place of columns, the time that is missing in exp(Q), and a counter that "
            "drains nothing",
        ),
        "tests/shared/test_bounded_queue.py::test_golden_values",
        "examples/mf_01_one_queue.py",
    ),
    Equation(
        "eq. A.1",
        "the empirical law converges",
        "mu^n(t) -> law of the root at time t",
        DIFFERS(
            light_cone.root_law,
            "the law of the root itself, exact on every graph that agrees with the limit around it",
        ),
        "tests/meanfield/theory/test_light_cone.py::test_what_lies_outside_the_ball_does_not_matter",
        "examples/mf_04_light_cone.py",
    ),
)

EQUATIONS: tuple[Equation, ...] = (*SYSTEM, *SETUP, *RESULTS, *PROOFS)
