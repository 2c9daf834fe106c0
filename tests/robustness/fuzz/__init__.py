"""Untrusted inputs, bred by coverage until something gives: `make fuzz`.

`targets.py` has what they are thrown at and what must hold, `corpus/` the inputs to begin with.
"""
