"""The system: servers, workflows, the clock, observations, episodes."""
