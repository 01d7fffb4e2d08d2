"""Heuristics and learned schedulers behind one call."""
