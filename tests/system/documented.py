"""The scrape configs of the documents, for exporters on loopback and for tests in a hurry."""

from typing import Any

import yaml

from tests.support.exporting import Exporter


def documented(document: str, **addresses: Exporter) -> dict[str, Any]:
    """The scrape configs of a document, with the addresses that the exporters have here."""
    for host, exporter in addresses.items():
        there = f"{host.replace('_', '-')}:10521"
        assert there in document
        document = document.replace(there, f"localhost:{exporter.address[1]}")
    quick: dict[str, Any] = {"global": {"scrape_interval": "1s", "scrape_timeout": "1s"}}
    quick.update(yaml.safe_load(document))
    return quick


def asking_often(configuration: dict[str, Any]) -> dict[str, Any]:
    """The same for Prometheus that asks for the targets every second."""
    for job in configuration["scrape_configs"]:
        for discovery in job.get("http_sd_configs", ()):
            discovery["refresh_interval"] = "1s"
    return configuration
