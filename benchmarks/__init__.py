"""What the exporter promises of its speed, as programs that measure it beside its peers.

`python -m benchmarks` runs them all; each can be run alone: `python -m benchmarks.scrape`.
"""
