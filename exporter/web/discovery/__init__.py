"""What Prometheus can find here (http_sd): the exporter's targets, and the endpoints that run."""

from .handlers import Discovery
from .targets import requested_address, targets_document

__all__ = ["Discovery", "requested_address", "targets_document"]
