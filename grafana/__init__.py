"""The dashboards as code: `python -m grafana` writes the JSON that lies beside it."""
