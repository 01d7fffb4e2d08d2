"""The cross-attention pointer network [SCALE sec. 4.2].

``parameters`` says which arrays there are, ``pointer`` is the network as it is written, with its
gradient. ``fast`` is the same for training in single precision, ``single`` for decisions; both fold
what one query lets them fold. Tests hold all three together.
"""
