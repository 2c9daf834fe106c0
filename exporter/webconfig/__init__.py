"""Who may ask, and how: the web configuration file of Prometheus' exporter toolkit, for aiohttp.

`read` turns the file into a `WebConfig`: TLS, clients' certificates, passwords, headers, a rate
limit. A `Guard` holds every request to it, and takes up what changes. What is honoured, what is
refused and why: docs/web-config.md.
"""

from .config import WebConfig, read
from .guard import Guard

__all__ = ["Guard", "WebConfig", "read"]
