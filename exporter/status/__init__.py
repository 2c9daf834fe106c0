"""What is known of every target, for people: a page, and the same as JSON.

It answers "why is my panel empty?": is each target polled, how old is its data, what is wrong and
how to mend it. Everything is made from the snapshots that the metrics are made from.
"""

from .asked import Asked
from .document import status_document
from .page import CONTENT_SECURITY_POLICY, status_page

__all__ = ["CONTENT_SECURITY_POLICY", "Asked", "status_document", "status_page"]
