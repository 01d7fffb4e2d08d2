"""Closed forms, bounds, counter-examples, exact optima."""
