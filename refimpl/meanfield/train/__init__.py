"""Learners: mean-field PPO, parameter sharing, the recurrent variant, scalable actor-critic."""
