"""A Prometheus exporter for the model services of ZStack AIOS."""

# Nothing is imported here: the program's first moment is for its signals (__main__.py).
NAME = "zstack-aios-exporter"
