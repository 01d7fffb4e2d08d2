"""Executable reference for four papers on scalable multi-agent control.

``python -m refimpl audit`` checks every claim of the papers, ``python -m refimpl find dcc 8``
leads from an equation to its code, test and example, and ``python -m refimpl vectors DIR`` writes
test vectors for implementations in other languages. One folder per paper holds the same rooms:
``model``, ``policies``, ``objective``, ``theory``, ``train``, ``claims``, ``equations``.
"""

__version__ = "0.1.0"
