"""TLS, basic auth, headers and rate limit from the exporter-toolkit web configuration file.

`reading.read` turns the file into a `WebConfig`. A `Guard` applies it to every request, and reloads
it when it changes. What is honoured, what is refused and why: docs/web-config.md.
"""
