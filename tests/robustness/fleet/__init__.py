"""A fleet as an operator runs it: many platforms, shards, two vmagents, a database, a Prometheus.

`python -m tests.robustness.fleet` has 1,000 platforms and four shards; `--short` has 120 and takes
little more than a minute. Real programs do all of it, and what is promised is measured from
outside: at the platforms, in the database, and as the system accounts for the processes.
"""
