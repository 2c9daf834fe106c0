"""A Prometheus exporter for the model services of ZStack AIOS."""
