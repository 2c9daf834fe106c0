"""A request as the platform reads it, independent of the HTTP server."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Call:
    """`path` is decoded and without the context `/zstack`; header names are in lower case.

    `uuid` is that of the path and `operation` the API, once the call has its route.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    client: str = ""
    uuid: str = ""
    operation: str = ""

    @property
    def start(self) -> int:
        """The row that a query begins with: the first without `start` or without digits in it."""
        text = dict(self.query).get("start", "")
        return int(text) if text.isdecimal() else 0

    def members(self) -> dict[str, Any]:
        """The JSON object in the body; empty where there is none."""
        try:
            members = json.loads(self.body)
        except ValueError:
            return {}
        return members if isinstance(members, dict) else {}

    def action(self, key: str) -> dict[str, Any]:
        """The parameters of an action, which stand under its key."""
        parameters = self.members().get(key)
        return parameters if isinstance(parameters, dict) else {}
