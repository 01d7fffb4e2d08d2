"""Decentralised Coordination via Constrained MDPs (DCC) for task offloading; arXiv 2509.01257.

N battery-powered devices harvest energy and process data. In every slot a device waits, processes
locally, or offloads to the one edge server. Its cost is the age of its information plus a penalty
for energy it did not have; offloading needs no energy, but when n devices offload at once each of
them pays the congestion penalty d(n). Alone everybody would offload; together they must not.

Nobody sees anybody else. DCC replaces the unknown crowd by its mean: each device is given a budget,
the largest frequency at which it may offload, and is charged d(1 + sum of the others' budgets).
What remains is one constrained MDP per device, solved on the device (fast: policy; slower: its
multiplier). Slowest, the budgets are improved by gradient descent on the sum of the devices'
values. The gradient needs three evaluations per device, or none beyond the solution itself: by the
own budget it is minus the multiplier, by the others' budgets the slope of d times the count.

The paper writes "reward" and minimises it; here it is called cost. ``READINGS.md`` lists where the
paper leaves a choice, and ``equations`` where each of its numbers is in the code.

===================  =====================================  ==================  ===================
paper                code                                   shape               unit
===================  =====================================  ==================  ===================
N                    ``n_devices``                          int                 devices
s_i = (x, e)         ``state``, ``aoi``, ``level``          int                 slots, energy units
a_i, a*              ``action``, ``OFFLOAD``                int in 0..2         -
M, B                 ``max_aoi``, ``battery``               int                 slots, energy units
P_i, mu              ``FiniteMDP.transitions``, ``.start``  (S*A, S), (S,)      probability
r_loc (20)           ``FiniteMDP.cost``                     (S, A)              cost per slot
d, d' (21)           ``Congestion.penalty, .derivative``    (...,)              cost per slot
kappa, beta          ``power_law(kappa, beta)``             float               cost, -
c_i (7), (22)        ``offload_cost``                       (S, A)              offloads per slot
gamma                ``gamma``                              float in [0, 1)     per slot
theta                ``budgets``, ``budget``                (N,) in [0, 1]      offloads per slot
theta_{-i}           ``others``                             (N,) >= 0           offloads per slot
pi_i                 ``policy``                             (S, A) rows sum 1   probability
J_r (8)              ``discounted_reward``                  float               cost, discounted
J_c (9)              ``offload_frequency``                  float in [0, 1]     offloads per slot
-                    ``count`` = J_c / (1 - gamma)          float               offloads, discounted
lambda_i             ``multiplier`` of ``count``            float >= 0          cost per offload
L (11)               ``lagrangian``                         float               cost, discounted
V_i (12), V (13)     ``respond(...).values``, ``objective``  (N,), float        cost, discounted
dV_i/dtheta_i        ``local`` = -multiplier/(1 - gamma)    (N,) <= 0           cost per frequency
dV_i/dtheta_{-i}     ``coupling`` = d'(1+others) * count    (N,) >= 0           cost per frequency
W_i                  ``ResponseCurves.values``              (N, K)              cost, discounted
===================  =====================================  ==================  ===================
"""
