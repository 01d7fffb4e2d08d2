"""The cases and their keys are the published interface."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.conformance import cases, check
from refimpl.conformance.catalogue import FAMILIES, find
from refimpl.conformance.draws import RandomDraw
from refimpl.names import UnknownNameError

NETWORK = (
    "task_W0 task_b0 task_W1 task_b1 server_W0 server_b0 server_W1 server_b1 query0 key0 value0 "
    "output0 ffn0_W0 ffn0_b0 ffn0_W1 ffn0_b1 norm_attention0_gain norm_attention0_shift "
    "norm_ffn0_gain norm_ffn0_shift query1 key1 value1 output1 ffn1_W0 ffn1_b0 ffn1_W1 ffn1_b1 "
    "norm_attention1_gain norm_attention1_shift norm_ffn1_gain norm_ffn1_shift pointer_query "
    "pointer_key critic_W0 critic_b0 critic_W1 critic_b1 critic_W2 critic_b2"
)

KEYS = {
    "gae": "rewards values next_values terminated ended gamma lam -> advantages returns",
    "ppo_policy_loss": "logits actions old_log_probs advantages clip entropy_coef -> loss d_logits",
    "gaussian_log_prob": "mean log_std actions -> log_prob d_mean d_log_std",
    "mlp_tanh": "W{k} b{k} x dy -> y dx dW{k} db{k}",
    "adam_step": "params grads m v t lr beta1 beta2 eps -> params_next m_next v_next",
    "cmdp": "P cost constraint_cost budget gamma start -> value multiplier occupancy",
    "constraint_gradient": "P cost offload_cost budget_theta others kappa beta gamma start -> "
    "value multiplier local_derivative coupling_derivative",
    "queue_epoch": "arrival_rate service_rate buffer dt -> transition expected_drops",
    "arrival_rates": "adjacency offload_prob rate -> rates",
    "dgpg_reference": "load capacity -> reference",
    "dgpg_guidance": "load reference demand capacity -> coefficient",
    "dgpg_mixing": "var_pg var_guidance correlation -> alpha_star min_variance",
    "srr": "features weight_decorrelation weight_kl -> loss d_features",
    "pointer_network": f"task servers {NETWORK} d_logits d_value -> logits value d_servers "
    + " ".join(f"d_{name}" for name in NETWORK.split()),
}

every_case = pytest.mark.parametrize("name", KEYS)


def listed(fields) -> list[str]:
    return [field.name for field in fields]


def folded(arrays) -> list[str]:
    """Keys with ``W0, b0, W1, b1`` folded to ``W{k}, b{k}``."""
    return list(dict.fromkeys(re.sub(r"^(d?[Wb])\d+$", r"\1{k}", key) for key in arrays))


def test_the_cases_are_these() -> None:
    assert list(cases()) == list(KEYS)
    assert all(name == case.name for name, case in cases().items())
    assert sum(len(family.CASES) for family in FAMILIES) == len(KEYS)  # no name used twice


@every_case
def test_keys_are_as_published_and_in_that_order(name: str) -> None:
    case, (inputs, outputs) = cases()[name], (side.split() for side in KEYS[name].split(" -> "))
    assert listed(case.inputs) == inputs
    assert listed(case.outputs) == outputs


@every_case
@given(seed=st.integers(0, 2**32 - 1))
def test_generated_instances_have_these_keys_and_shapes(name: str, seed: int) -> None:
    case = cases()[name]
    inputs = case.generate(RandomDraw(np.random.default_rng(seed)))
    outputs = case.reference(**inputs)
    assert folded(inputs) == listed(case.inputs)
    assert folded(outputs) == listed(case.outputs)
    for fields, arrays in ((case.inputs, inputs), (case.outputs, outputs)):
        for field, (_, value) in zip(
            (f for f in fields if "{k}" not in f.name),
            ((k, v) for k, v in arrays.items() if not re.match(r"^d?[Wb]\d+$", k)),
            strict=True,
        ):
            n_axes = 0 if field.shape == "scalar" else len(field.shape.split(" x "))
            assert np.ndim(value) == n_axes
            assert np.isfinite(value).all()


@every_case
def test_the_reference_conforms_to_itself(name: str) -> None:
    check(name, cases()[name].reference, examples=8)


def test_the_catalogue_cannot_be_changed_by_accident() -> None:
    with pytest.raises(TypeError):
        cases()["gae"] = None


def test_unknown_names_are_refused_with_a_suggestion() -> None:
    with pytest.raises(UnknownNameError, match="unknown case 'mlp'; did you mean 'mlp_tanh'"):
        find("mlp")
