"""Heuristics and learned dispatchers behind one call."""
