"""Exact games, variances, bounds, counter-examples, other domains."""
