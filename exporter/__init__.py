"""A Prometheus exporter for the model services of ZStack AIOS."""

from importlib.metadata import version
from typing import Final

NAME: Final = "zstack-aios-exporter"
VERSION: Final = version(NAME)
