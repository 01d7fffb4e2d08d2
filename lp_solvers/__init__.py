"""Exact answers: linear programs, finite Markov decision processes and constrained ones.

Nothing here has a gradient to be learnt from samples; everything is solved, and every answer can
be certified from the data alone.

Linear programs
---------------
``linear_program``
    One form, ``min c.x`` subject to ``A_ub x <= b_ub``, ``A_eq x = b_eq``, ``x >= 0``, and one
    sign convention for multipliers: ``dV/db_ub = -y_ub <= 0``, ``dV/db_eq = y_eq``.
``highs``, ``cvx``
    Back ends, ``solve(lp) -> LPSolution``. HiGHS through SciPy is the reference; CVXPY
    (Clarabel, HiGHS) is imported only when it is used.
``certificate``
    Primal, dual, complementarity and gap residuals of any claimed solution; checks of proofs of
    infeasibility (Farkas rays) and unboundedness. A solver's status proves nothing.
``convex_program``
    Separable convex costs (quadratic, power, logarithm, barrier) under the same constraints; solved
    by ``cvx.minimise`` and certified through the linear program at the optimum.
``diagnosis``, ``errors``
    Why a program has no optimum, as a named error with the verified proof attached.
``duality``
    The dual program, and the exact range of a multiplier when the optimal ones are a set.
``parametric``
    The optimal value as a function of a shifted right-hand side, a convex piecewise linear
    function: its breakpoints, values and slopes, exactly.

Markov decision processes
-------------------------
``finite_mdp``
    ``P[s, a, s_next]``, costs to be minimised; policy value by linear solve, value and policy
    iteration.
``occupancy``
    Discounted state-action occupancy measures (unnormalised, mass 1/(1-gamma)) and their LP.
``constrained_mdp``, ``lagrangian``, ``budget_sweep``
    Budgets on further discounted costs: solution by LP, by cutting planes on the dual, and the
    whole value curve over the budget.

``validation`` holds the argument checks all of them share.
"""
