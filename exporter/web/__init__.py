"""The HTTP server: pages, status, health, reload, and their protection."""
