"""Presets of the learning methods, every field tagged with its origin [MF Table 2].

``PUBLISHED`` is Table 2, completed by the defaults of the library it names (RLlib 1.10). Where the
table gives a range, a value inside it. ``SHARED_PATH`` changes one thing: returns are compared with
those of other episodes on the same arrivals instead of a critic's guess, which is what makes PPO
learn here. ``OURS`` also has a linear actor, whose rule hardly depends on whose distribution it is
shown, and less exploration noise, for which a mean policy pays.
"""

from __future__ import annotations

from dataclasses import replace

from refimpl.meanfield.train.baselines import shared_path_values
from refimpl.meanfield.train.local_critics import NEURAL
from refimpl.meanfield.train.recurrent_ppo import RecurrentTraining
from refimpl.meanfield.train.scalable_actor_critic import ActorCriticTraining
from refimpl.meanfield.train.settings import PPOTraining
from refimpl.shared.presets import Origin, Preset

_ORIGIN: dict[str, Origin] = {
    "horizon": "published",
    "gamma": "published",
    "gae_lambda": "published",
    "kl_coefficient": "published",
    "kl_target": "published",
    "clip": "published",
    "learning_rate": "published",
    "batch": "published",
    "minibatch": "published",
    "passes": "published",
    "hidden": "published",
    "critic_hidden": "derived",
    "value_coefficient": "derived",
    "value_clip": "derived",
    "entropy_coefficient": "derived",
    "log_std": "derived",
    "baseline": "published",
    "group": "derived",
    "make_epoch": "chosen",
    "iterations": "chosen",
    "evaluate_every": "chosen",
}

PUBLISHED = Preset("published", PPOTraining(), _ORIGIN)

SHARED_PATH = PUBLISHED.changed("shared-path", baseline=shared_path_values, group=10)

OURS = SHARED_PATH.changed(
    "ours",
    gae_lambda=0.9,
    learning_rate=1e-3,
    minibatch=1000,
    hidden=(),
    critic_hidden=(),
    log_std=-0.7,
)

# The paper trains NA-PS on 50,000 samples with minibatches of 8,000.
NA_PS_PUBLISHED = Preset(
    "na-ps-published",
    replace(PUBLISHED.settings, batch=50_000, minibatch=8_000),
    _ORIGIN,
)
NA_PS_OURS = Preset(
    "na-ps-ours",
    replace(OURS.settings, batch=50_000, minibatch=8_000),
    {**OURS.origin, "batch": "published", "minibatch": "published"},
)

# RLlib's default memory has 256 units.
RNN_PUBLISHED = Preset(
    "rnn-published",
    RecurrentTraining(256, PUBLISHED.settings),
    {"cell": "derived", "ppo": "published"},
)
RNN_OURS = RNN_PUBLISHED.changed("rnn-ours", cell=64, ppo=replace(OURS.settings, hidden=(64,)))

# Numbers of the reference implementation of Lin et al.; the paper gives none.
SAC_TABULAR = Preset(
    "sac-tabular",
    ActorCriticTraining(),
    {
        "rounds": "chosen",
        "horizon": "chosen",
        "gamma": "chosen",
        "policy_rate": "chosen",
        "restart": "chosen",
        "critic": "chosen",
        "evaluate_every": "chosen",
    },
)
SAC_NEURAL = SAC_TABULAR.changed("sac-neural", rounds=60_000, critic=NEURAL)
