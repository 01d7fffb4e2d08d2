"""Sparse mean-field load balancing in large localized queueing systems; arXiv 2312.12973.

N agents each own a queue with room for B jobs and one exponential server, and stand on a graph of
small degree. Jobs reach every agent at a common rate that switches between high and low; an agent
may keep a job or send it to a neighbour's queue, and a job that finds a full queue is dropped.
Queue lengths are seen once every dt units of time, and what was decided then is done until the next
time. With fresh information one would join the shortest queue; with old information everybody joins
the queue that was short, and it overflows. In between something else is best.

The paper lets all agents share one decision rule: offload with a probability that depends on the
own queue length, to a uniformly drawn neighbour. Local weak limits of sparse graphs say that such a
system of any size behaves like its infinite version, so the rule is learned on some hundred queues
(PPO, from the empirical distribution of queue lengths) and used on thousands.

What makes this exact here: between two synchronisations the queues are independent birth-death
chains with constant rates, so an epoch is one row of a matrix exponential per queue. Small graphs
are solved completely, rings as if they were infinite. ``READINGS.md`` lists where the paper leaves
a choice, and ``equations`` where each of its numbers is in the code.

====================  ====================================  =====================  ===============
paper                 code                                  shape                  unit
====================  ====================================  =====================  ===============
N = M                 ``system.n``                          int                    queues
N_i, d                ``graph.neighbours_of``, ``.degrees``  (N,) int              agents
B                     ``buffer``                            int                    jobs
alpha                 ``service_rates``                     float or (N,)          jobs per time
Delta t               ``dt``                                float                  time
lambda(t)             ``system.rates(levels)``              (E,) or (T, E)         jobs per time
lambda_h, lambda_l    ``Modulation.rates``                  (2,)                   jobs per time
z_i                   ``states``                            (E, N) int in 0..B     jobs
zeta(1 | z)           ``rule``                              (B + 1,) in [0, 1]     probability
p_i                   ``offload``                           (E, N) in [0, 1]       probability
lambda_i              ``rates`` = lambda * ``shares``       (E, N), mean lambda    jobs per time
mu                    ``distribution``                      (E, B + 1) rows sum 1  probability
Q, Qbar               ``counting_generator``                (B + 2, B + 2)         per time
P                     ``EpochKernel.transitions``           (B + 1, B + 1)         probability
D                     ``EpochKernel.expected_drops``        (B + 1,)               jobs per epoch
pi                    ``Policy``                            states -> shares       -
J                     minus discounted drops per queue      float                  jobs
====================  ====================================  =====================  ===============

T counts epochs, E episodes that are simulated side by side.
"""
