"""The style of the page, and what a browser may do with it."""

import base64
import hashlib
from importlib.resources import files
from typing import Final

STYLE: Final = files(__package__).joinpath("templates/status.css").read_text("utf-8")
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()

CONTENT_SECURITY_POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; img-src data:; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'"
)
"""What a browser may do with the page: apply its own style, show its own icon, search."""
