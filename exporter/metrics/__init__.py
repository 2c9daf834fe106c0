"""The table of metrics, and the page that is rendered from it."""
