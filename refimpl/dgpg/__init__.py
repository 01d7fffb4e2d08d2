"""Descent-Guided Policy Gradient for cooperative multi-agent learning; arXiv 2602.20078v3.

N agents share one reward, and each is paid for what all of them did: to one agent the others' dice
are noise. In many engineered systems an analytical model says what a good state looks like. The
paper measures how far the state is from that reference, differentiates the distance with respect to
each agent's own action, and subtracts the result from the advantage of PPO: one changed line.

Its example is a cluster of unequal servers. Jobs that need cores and memory arrive in tides; each
is placed by a dispatcher of its own, which sees all servers and chooses at the same time as the
others of its step. The reference spreads every resource in proportion to capacity; a job's
coefficient is the excess of its server over the reference times what the job needs. With 50 servers
and more an agent chooses a group of similar servers and Best-Fit the server.

The paper says that guidance moves no equilibrium, makes the variance of the gradient independent of
N, and the number of iterations too. All three are checked on games small enough to be exact, and
the experiments are run again, from 2 to 1500 servers. ``READINGS.md`` lists where the paper leaves
a choice, and ``equations`` where each of its numbers is in the code.

===============  =======================================  ==================  =================
paper            code                                     shape               unit
===============  =======================================  ==================  =================
N                ``n_servers``, also dispatchers          int                 servers
K, m             ``n_clusters``, ``per_cluster``          int                 groups, servers
x                ``load``: running and waiting jobs       (E, N, 2)           cores, GB
C, mu            ``capacity``                             (E, N, 2)           cores, GB
eta              ``efficiency``                           (E, N, 2)           -
x tilde          ``reference``                            (E, N, 2)           cores, GB
d(x, x tilde)    ``deviation``                            (...)               squared load
d_i, w_i         ``demand``                               (J, 2)              cores, GB
z_i              ``influence``                            (J, 2)              as the state
g_i              ``coefficient``                          (J,)                squared load
alpha            ``alpha``                                [0, 1]              -
rho              ``correlation``                          [-1, 1]             -
s_J^2, s_G^2     ``var_pg``, ``var_guidance``             float               -
B, q             ``buffer``, ``queue_length``             (E,), (E, N) int    jobs
lambda(t)        ``arrival_rates``                        (E, T)              jobs per step
r                ``rewards``                              (T, E)              -
===============  =======================================  ==================  =================

E counts episodes side by side, T steps, J the agents that have a job in a step, of all episodes.
Resources are CPU and memory, in this order.
"""
