"""SCALE: workflow scheduling on clusters of any size; arXiv 2606.06820v1.

Workflows arrive at a cluster of unequal servers: small directed acyclic graphs of tasks that need
computation and memory, and produce data for the tasks behind them. A fixed rule picks the ready
task with the longest way to go; an agent picks its server. A server that is idle and large enough
starts it at once; any other choice is invalid and moves the clock by one step. The reward is
``exp(-run time)`` less a charge for moving data; the aim is a short response time.

The agent is a network that fits any number of servers: the task is a query that looks at the set of
servers (cross-attention), and what comes out, the attention feature f, scores every server (a
pointer) and feeds the critic. It is trained by PPO on 16 servers and used as it is on 32 and 48.
The paper says that f drifts when servers are added, that a penalty on its batch statistics (SRR:
decorrelation, and moments of the standard normal) prevents it, and that response times at 48
servers are 8.9% shorter for it.

Definitions, algebra and statistics are checked exactly; the experiments are run again with several
seeds, three decision rules and a metric that counts every task. ``READINGS.md`` lists where the
paper leaves a choice, and ``equations`` where each of its numbers is in the code.

================  =======================================  ==================  =================
paper             code                                     shape               unit
================  =======================================  ==================  =================
N                 ``n_servers``                            int                 servers
c_i, m_i, d_i     ``compute``, ``need``, ``data``          (E, W, V)           GFLOP, GB, GB
C_j, M_j          ``capacity``, ``memory``                 (E, N)              GFLOPS, GB
Gamma-, Gamma+    ``edges[..., i, j]``: j needs i          (E, W, V, V) bool   -
R(t), D(t)        ``key < NOT_READY``, ``completed``       (E, W V)            -
v*                ``task``                                 (E,) int            -
tau, delta        ``run_time``, ``delays()``               (...), (E, N)       s
phi, Psi          ``task``, ``servers`` (observations)     (B, 5), (B, N, 5)   -
z_j, q, f         ``items``, ``query``, ``features``       (B, N, d), (B, d)   -
p_j, V            ``logits``, ``value``                    (B, N), (B,)        -
C hat             ``covariance``                           (d, d)              -
L_c, L_d          ``decorrelation``, ``moment_kl``         float               -
lambda_1, _2      ``weight_decorrelation``, ``weight_kl``  float               -
w, E_s, E_w       ``warm_up``                              [0, 1]              epochs
T-bar             ``response``                             (E,)                s
delta_max         ``delay_scale``                          float               s
================  =======================================  ==================  =================

E counts episodes side by side, W workflows of up to V tasks in each, B the states of a minibatch;
d = 16 is the width of the network.
"""
