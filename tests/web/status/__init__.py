"""The status page and its JSON, asked over HTTP, and the parts of both."""
