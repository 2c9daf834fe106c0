"""Our exporter beside real programs, and over real connections."""
