"""The columns of the paper's Table 2, measured on games small enough to be exact [DG-PG Table 2].

A policy-gradient method is here what it multiplies an agent's score with: its *credit*. On a
one-step game every credit is a function of what the agent would have got for each action, of the
reward without it, and of the guidance coefficient; a :class:`views.View` holds these for everything
that can happen (or for samples), and mean, variance and cross-agent noise of any credit follow.
"""
