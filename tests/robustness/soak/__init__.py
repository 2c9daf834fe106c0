"""Weeks of an exporter's life in minutes: its process under a clock that jumps when all is idle.

`python -m tests.robustness.soak` lives 30 days; `--days 1 --begin 2026-03-07T18:00` lives one.
"""
