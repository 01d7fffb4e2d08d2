"""Domains the paper names, each as reference state, influence vectors and alignment check.

Every reference is the optimum of a convex program, solved to rounding and certified. The alignment
of a convex cost with its own minimiser is the first-order condition of convexity, whatever the
domain; what has to be asked each time is whether the cost that matters is that cost.
"""
