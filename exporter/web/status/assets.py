"""Style and script of the page, and what a browser may do with it."""

import base64
import hashlib
from importlib.resources import files
from typing import Final

_TEMPLATES: Final = files(__package__) / "templates"

STYLE: Final = (_TEMPLATES / "status.css").read_text("utf-8")
SCRIPT: Final = (_TEMPLATES / "status.js").read_text("utf-8")

SCRIPT_PATH: Final = "/-/status.js"
"""Below a prefix that no setting can give to another endpoint."""


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


SCRIPT_DIGEST: Final = _digest(SCRIPT)
"""The browser runs no other script, such as that of another release behind the same address."""

CONTENT_SECURITY_POLICY: Final = (
    f"default-src 'none'; style-src '{_digest(STYLE)}'; script-src 'self'; connect-src 'self';"
    " img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none';"
    " require-trusted-types-for 'script'; trusted-types 'none'"
)
"""What a browser may do with the page: apply its own style, run its own script, which may ask for
the page again, show its own icon, search. No text can become markup or script in it.
"""
